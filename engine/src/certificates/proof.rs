//! Whether a certificate request is signed by the key that it names (RFC 2986, 4.2), and whether a client can log in with
//! that key.

use crate::material::{self, Truth};
use crate::refusal::{Cause, OpResult, refuse};
use der::Encode as _;
use keystead_crypto::pkey::{Family, Key};
use keystead_crypto::x509;
use kmip_codec::enums::RecommendedCurve;
use kmip_codec::version::V2_1;
use std::ops::RangeInclusive;
use x509_cert::request::CertReq;
use x509_cert::spki::SubjectPublicKeyInfoOwned;

/// The algorithms that a request may be signed with, and the keys that each is for (RFC 4055, RFC 5758, RFC 8410). Digests and
/// parameters are judged where the signature is.
const SIGNATURES: &[(&str, &str, Family)] = &[
    ("1.2.840.113549.1.1.5", "sha1WithRSAEncryption", Family::Rsa),
    ("1.2.840.113549.1.1.14", "sha224WithRSAEncryption", Family::Rsa),
    ("1.2.840.113549.1.1.11", "sha256WithRSAEncryption", Family::Rsa),
    ("1.2.840.113549.1.1.12", "sha384WithRSAEncryption", Family::Rsa),
    ("1.2.840.113549.1.1.13", "sha512WithRSAEncryption", Family::Rsa),
    (PSS, "RSASSA-PSS", Family::Rsa),
    ("1.2.840.10045.4.1", "ecdsa-with-SHA1", Family::Ec),
    ("1.2.840.10045.4.3.1", "ecdsa-with-SHA224", Family::Ec),
    ("1.2.840.10045.4.3.2", "ecdsa-with-SHA256", Family::Ec),
    ("1.2.840.10045.4.3.3", "ecdsa-with-SHA384", Family::Ec),
    ("1.2.840.10045.4.3.4", "ecdsa-with-SHA512", Family::Ec),
    ("1.3.101.112", "Ed25519", Family::Ed25519),
];

/// RSASSA-PSS, and RSA keys for that alone (RFC 4055, 3.1).
const PSS: &str = "1.2.840.113549.1.1.10";

/// The RSA keys that TLS takes from clients, in bits.
const TLS_RSA_BITS: RangeInclusive<u32> = 2048..=8192;

/// The curves of ECDSA that TLS takes from clients.
const TLS_CURVES: &[RecommendedCurve] =
    &[RecommendedCurve::P_256, RecommendedCurve::P_384, RecommendedCurve::P_521];

/// Refuses a request that is not signed by the key that it names, and one of which that cannot be told here.
pub fn must_be_proven(request: &CertReq) -> OpResult<()> {
    let oid = request.algorithm.oid.to_string();
    let Some((_, algorithm, family)) = SIGNATURES.iter().find(|(known, ..)| *known == oid) else {
        return refuse(
            Cause::FeatureNotSupported,
            format!(
                "the request is signed with the algorithm {oid}, which this server cannot verify: sign it with RSA (PKCS#1 or PSS), \
                 ECDSA or Ed25519 and SHA-256 or another SHA"
            ),
        );
    };
    let spki = &request.info.public_key;
    let Ok(key) = Key::public(&spki.to_der().unwrap_or_default()) else {
        return refuse(
            Cause::FeatureNotSupported,
            format!(
                "the request is for {}, whose signature this server cannot verify: use RSA, Ed25519, or one of the curves P-224, \
                 P-256, P-384, P-521",
                described(spki)
            ),
        );
    };
    let is_for_it = key.family() == Some(*family);
    // Written anew from what was read of it: what is judged is what will be certified.
    if is_for_it && x509::request_is_signed(&request.to_der().unwrap_or_default()) {
        return Ok(());
    }
    let found = if is_for_it {
        format!("its signature with {algorithm} is not one by that key of what it says")
    } else {
        format!("it is signed with {algorithm}, and the key is {}", described(spki))
    };
    refuse(Cause::BadRequest, format!("the request is not signed by the key that it names: {found}"))
}

/// Refuses the key of a client that TLS would not let in.
pub fn must_let_in(spki: &SubjectPublicKeyInfoOwned) -> OpResult<()> {
    let der = spki.to_der().unwrap_or_default();
    let key = Key::public(&der).ok();
    let curve = match material::of_public_key(&der) {
        Truth::Pair(key) => key.curve,
        _ => None,
    };
    let is_taken = key.is_some_and(|key| match key.family() {
        Some(Family::Rsa) => TLS_RSA_BITS.contains(&key.bits()),
        Some(Family::Ec) => curve.is_some_and(|curve| TLS_CURVES.contains(&curve)),
        Some(Family::Ed25519) => true,
        Some(Family::X25519) | None => false,
    });
    if is_taken {
        return Ok(());
    }
    refuse(
        Cause::InvalidField,
        format!(
            "the request is for {}, with which TLS lets no client in: use RSA of {} to {} bits, P-256, P-384, P-521 or Ed25519",
            described(spki),
            TLS_RSA_BITS.start(),
            TLS_RSA_BITS.end()
        ),
    )
}

/// What a key is, for people.
fn described(spki: &SubjectPublicKeyInfoOwned) -> String {
    if spki.algorithm.oid.to_string() == PSS {
        return "an RSA key for PSS alone (id-RSASSA-PSS)".to_owned();
    }
    let Truth::Pair(key) = material::of_public_key(&spki.to_der().unwrap_or_default()) else {
        return format!("a key of the algorithm {}", spki.algorithm.oid);
    };
    let algorithm = key.algorithm.name(V2_1).unwrap_or("of no name");
    match (key.curve.and_then(|curve| curve.name(V2_1)), key.bits) {
        (Some(curve), _) => format!("a key on the curve {}", curve.replace('_', "-")),
        (None, Some(bits)) => format!("an {algorithm} key of {bits} bits"),
        (None, None) => format!("an {algorithm} key"),
    }
}
