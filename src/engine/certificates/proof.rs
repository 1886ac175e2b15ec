//! Whether a certificate request is signed by the key that it names (RFC 2986, 4.2), and whether a client can log in with
//! that key.

use crate::crypto::Digest;
use crate::crypto::pkey::{Family, Key, Padding};
use crate::engine::material::{self, Truth};
use crate::engine::refusal::{Cause, Step, refuse};
use der::{Decode as _, Encode as _};
use kmip_codec::enums::RecommendedCurve;
use kmip_codec::version::V2_1;
use pkcs1::RsaPssParamsOwned;
use std::ops::RangeInclusive;
use x509_cert::request::CertReq;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

/// The signatures with a digest and nothing else to choose (RFC 4055, RFC 5758).
const SIGNATURES: &[(&str, Digest)] = &[
    ("1.2.840.113549.1.1.5", Digest::Sha1),
    ("1.2.840.113549.1.1.14", Digest::Sha224),
    ("1.2.840.113549.1.1.11", Digest::Sha256),
    ("1.2.840.113549.1.1.12", Digest::Sha384),
    ("1.2.840.113549.1.1.13", Digest::Sha512),
    ("1.2.840.10045.4.1", Digest::Sha1),
    ("1.2.840.10045.4.3.1", Digest::Sha224),
    ("1.2.840.10045.4.3.2", Digest::Sha256),
    ("1.2.840.10045.4.3.3", Digest::Sha384),
    ("1.2.840.10045.4.3.4", Digest::Sha512),
];

/// RSASSA-PSS, whose parameters say the digests (RFC 4055, 3.1).
const PSS: &str = "1.2.840.113549.1.1.10";

/// Ed25519 signs the message itself (RFC 8410).
const ED25519: &str = "1.3.101.112";

/// The digests in parameters of RSASSA-PSS.
const DIGESTS: &[(&str, Digest)] = &[
    ("1.3.14.3.2.26", Digest::Sha1),
    ("2.16.840.1.101.3.4.2.4", Digest::Sha224),
    ("2.16.840.1.101.3.4.2.1", Digest::Sha256),
    ("2.16.840.1.101.3.4.2.2", Digest::Sha384),
    ("2.16.840.1.101.3.4.2.3", Digest::Sha512),
];

/// The RSA keys that TLS takes from clients, in bits.
const TLS_RSA_BITS: RangeInclusive<u32> = 2048..=8192;

/// The curves of ECDSA that TLS takes from clients.
const TLS_CURVES: &[RecommendedCurve] =
    &[RecommendedCurve::P_256, RecommendedCurve::P_384, RecommendedCurve::P_521];

/// How a request is signed.
struct Signed {
    padding: Padding<'static>,
    digest: Option<Digest>,
}

impl Signed {
    /// As its algorithm says; `None` where that is not known.
    fn by(algorithm: &AlgorithmIdentifierOwned) -> Option<Self> {
        let oid = algorithm.oid.to_string();
        match oid.as_str() {
            ED25519 => Some(Self { padding: Padding::Pkcs1, digest: None }),
            PSS => {
                let parameters = algorithm.parameters.to_der().ok()?;
                let parameters = RsaPssParamsOwned::from_der(&parameters).ok()?;
                let digest = digest_of(DIGESTS, &parameters.hash.oid.to_string())?;
                let mask = digest_of(DIGESTS, &parameters.mask_gen.parameters?.oid.to_string())?;
                let padding = Padding::Pss { mask, salt_bytes: Some(parameters.salt_len.into()) };
                Some(Self { padding, digest: Some(digest) })
            }
            other => digest_of(SIGNATURES, other)
                .map(|digest| Self { padding: Padding::Pkcs1, digest: Some(digest) }),
        }
    }
}

fn digest_of(table: &[(&str, Digest)], oid: &str) -> Option<Digest> {
    table.iter().find(|(known, _)| *known == oid).map(|(_, digest)| *digest)
}

/// Refuses a request that is not signed by the key that it names, and one of which that cannot be told here.
pub fn must_be_proven(request: &CertReq) -> Step<()> {
    let Some(signed) = Signed::by(&request.algorithm) else {
        return refuse(
            Cause::FeatureNotSupported,
            format!(
                "the request is signed with the algorithm {}, which this server cannot verify: sign it with RSA (PKCS#1 or PSS), \
                 ECDSA or Ed25519 and SHA-256 or another SHA",
                request.algorithm.oid
            ),
        );
    };
    let (info, spki) =
        (request.info.to_der().unwrap_or_default(), request.info.public_key.to_der().unwrap_or_default());
    let Ok(key) = Key::public(&spki) else {
        return refuse(
            Cause::FeatureNotSupported,
            format!(
                "the request is for {}, whose signature this server cannot verify: use RSA, Ed25519, or one of the curves P-224, \
                 P-256, P-384, P-521",
                described(&request.info.public_key)
            ),
        );
    };
    let digested = signed.digest.map_or_else(|| info.clone(), |digest| digest.of(&info).to_vec());
    let signature = request.signature.as_bytes().unwrap_or_default();
    match key.verifies(signed.padding, signed.digest, &digested, signature) {
        Ok(true) => Ok(()),
        _ => refuse(Cause::BadRequest, "the request is not signed by the key that it names"),
    }
}

/// Refuses the key of a client that TLS would not let in.
pub fn must_let_in(spki: &SubjectPublicKeyInfoOwned) -> Step<()> {
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
