//! The authority that signs certificates: its certificate is configured, its key is a file of the operator's or a managed
//! private key.

use crate::context::Context;
use crate::cryptography::{self, Purpose, Turn, Usable};
use crate::material;
use crate::refusal::{Cause, OpResult, refuse};
use crate::settings::AuthorityKey;
use crate::work;
use der::asn1::ObjectIdentifier;
use der::{Decode as _, Encode as _};
use keystead_crypto::Digest;
use keystead_crypto::pkey::{Key, Padding};
use kmip_codec::enums::{CryptographicUsageMask, KeyFormatType};
use kmip_codec::operations::Operation;
use x509_cert::Certificate;
use x509_cert::spki::AlgorithmIdentifierOwned;

/// How an authority signs, by the algorithm of its key and, for elliptic curves, by the curve.
const SCHEMES: &[(&str, Option<&str>, &str, Digest)] = &[
    ("1.2.840.113549.1.1.1", None, "1.2.840.113549.1.1.11", Digest::Sha256),
    ("1.2.840.10045.2.1", Some("1.3.132.0.34"), "1.2.840.10045.4.3.3", Digest::Sha384),
    ("1.2.840.10045.2.1", Some("1.3.132.0.35"), "1.2.840.10045.4.3.4", Digest::Sha512),
    ("1.2.840.10045.2.1", None, "1.2.840.10045.4.3.2", Digest::Sha256),
];

/// An authority, ready to sign.
pub struct Issuer {
    /// Its certificate.
    pub certificate: Certificate,
    /// For how many days certificates are valid.
    pub days: u32,
    /// How it signs.
    pub algorithm: AlgorithmIdentifierOwned,
    digest: Digest,
    key: Key,
    /// The managed key, whose use is counted.
    managed: Option<Usable>,
}

impl Issuer {
    /// The one that the configuration names. A managed key is used for those clients that may use it themselves.
    pub fn configured(cx: &mut Context<'_, '_>) -> OpResult<Self> {
        let Some(authority) = &cx.settings().authority else {
            return refuse(
                Cause::FeatureNotSupported,
                "this server has no authority to make certificates: its operator names one under [certify]",
            );
        };
        let Ok(certificate) = Certificate::from_der(&authority.certificate) else {
            return refuse(Cause::Internal, "the certificate of the configured authority cannot be read");
        };
        let Some((algorithm, digest)) = scheme(&certificate) else {
            return refuse(
                Cause::Internal,
                "the configured authority has a key that does not sign certificates",
            );
        };
        let (key, managed) = match &authority.key {
            AuthorityKey::File(pkcs8) => (Key::private(pkcs8.expose()).map_err(cryptography::failed)?, None),
            AuthorityKey::Object(id) => {
                let usable = cryptography::usable(
                    cx,
                    Some(id.as_str().into()),
                    Operation::Sign,
                    (CryptographicUsageMask::CertificateSign, Purpose::Protect),
                    None,
                )?;
                let mut block = cryptography::key_block(cx, &usable.object, usable.purpose)?;
                material::in_format(&mut block, KeyFormatType::PKCS_8)?;
                let Some(pkcs8) = material::clear_material(&block) else {
                    return refuse(Cause::NoKeyValue, "the key of the authority is not here in clear");
                };
                (Key::private(pkcs8.expose()).map_err(cryptography::failed)?, Some(usable))
            }
        };
        let rsa_bits = key.is_rsa().then(|| key.bits().cast_signed());
        cx.take_time(work::using_private(rsa_bits))?;
        Ok(Self { certificate, days: authority.days, algorithm, digest, key, managed })
    }

    /// Signs; what does not verify with the authority's own certificate is not given out.
    pub fn sign(&self, message: &[u8]) -> OpResult<Vec<u8>> {
        let digested = self.digest.of(message);
        let signature =
            self.key.sign(Padding::Pkcs1, Some(self.digest), &digested).map_err(cryptography::failed)?;
        let spki = self.certificate.tbs_certificate().subject_public_key_info().to_der().unwrap_or_default();
        let holds = Key::public(&spki)
            .and_then(|public| public.verifies(Padding::Pkcs1, Some(self.digest), &digested, &signature));
        match holds {
            Ok(true) => Ok(signature),
            _ => {
                refuse(Cause::Internal, "the key of the configured authority is not that of its certificate")
            }
        }
    }

    /// Counts the use of a managed key.
    pub fn spend(self, cx: &mut Context<'_, '_>) -> OpResult<()> {
        match self.managed {
            Some(usable) => cryptography::spend(cx, usable.object, &Turn::WHOLE, 1),
            None => Ok(()),
        }
    }
}

fn scheme(certificate: &Certificate) -> Option<(AlgorithmIdentifierOwned, Digest)> {
    let key = &certificate.tbs_certificate().subject_public_key_info().algorithm;
    let oid = key.oid.to_string();
    let curve = key.parameters.as_ref().and_then(|curve| curve.decode_as::<ObjectIdentifier>().ok());
    let curve = curve.map(|curve| curve.to_string());
    let (_, _, algorithm, digest) = SCHEMES
        .iter()
        .find(|(known, on, ..)| *known == oid && on.is_none_or(|on| Some(on) == curve.as_deref()))?;
    // RFC 4055, 5: NULL behind RSA; RFC 5758, 3.2: nothing behind ECDSA.
    let parameters = curve.is_none().then(|| der::Any::from(der::asn1::AnyRef::NULL));
    Some((AlgorithmIdentifierOwned { oid: ObjectIdentifier::new(algorithm).ok()?, parameters }, *digest))
}
