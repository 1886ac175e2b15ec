//! What a certificate is cert_template to say: by a request that proves the possession of its key, by attributes, or by the
//! certificate that it replaces.

use super::proof;
use crate::material;
use crate::refusal::{Cause, OpResult, refuse};
use der::asn1::ObjectIdentifier;
use der::{Decode as _, Encode as _};
use kmip_codec::attributes::{Attribute, Attributes};
use kmip_codec::enums::{CertificateRequestType, CryptographicUsageMask};
use std::fmt::Write as _;
use std::str::FromStr as _;
use x509_cert::Certificate;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage, KeyUsages};
use x509_cert::ext::{Extension, Extensions};
use x509_cert::name::Name;
use x509_cert::request::ExtensionReq;
use x509_cert::spki::SubjectPublicKeyInfoOwned;

const EXTENSION_REQUEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.14");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");

/// The extensions that a certificate gets as they are cert_template for: alternative names and extended uses.
const TAKEN: &[ObjectIdentifier] =
    &[ObjectIdentifier::new_unwrap("2.5.29.17"), ObjectIdentifier::new_unwrap("2.5.29.37")];

/// The uses of a key that a certificate can name, and the masks that mean them.
const USES: &[(CryptographicUsageMask, KeyUsages)] = &[
    (CryptographicUsageMask::Sign, KeyUsages::DigitalSignature),
    (CryptographicUsageMask::Verify, KeyUsages::DigitalSignature),
    (CryptographicUsageMask::ContentCommitmentNonRepudiation, KeyUsages::NonRepudiation),
    (CryptographicUsageMask::WrapKey, KeyUsages::KeyEncipherment),
    (CryptographicUsageMask::UnwrapKey, KeyUsages::KeyEncipherment),
    (CryptographicUsageMask::Encrypt, KeyUsages::DataEncipherment),
    (CryptographicUsageMask::Decrypt, KeyUsages::DataEncipherment),
    (CryptographicUsageMask::KeyAgreement, KeyUsages::KeyAgreement),
];

/// A certificate to be made.
pub struct CertTemplate {
    /// Whom it is for.
    pub subject: Name,
    /// The key, X.509 SubjectPublicKeyInfo.
    pub key: SubjectPublicKeyInfoOwned,
    /// What the key may be used for, where that is said.
    pub usage: Option<KeyUsage>,
    /// Alternative names and extended uses.
    pub extensions: Vec<Extension>,
}

impl CertTemplate {
    /// What a request asks for, if it is signed by the key that it names.
    pub fn requested(kind: CertificateRequestType, value: &[u8]) -> OpResult<Self> {
        let Some(request) = material::read_request(kind, value)? else {
            return refuse(
                Cause::FeatureNotSupported,
                format!("requests of type {kind:?} are kept and not certified: send one as PKCS_10 or PEM"),
            );
        };
        proof::must_be_proven(&request)?;
        let mut extensions = Extensions::new();
        for attribute in request.info.attributes.iter().filter(|a| a.oid == EXTENSION_REQUEST) {
            for value in attribute.values.iter() {
                match value.decode_as::<ExtensionReq>() {
                    Ok(asked) => extensions.extend(asked.0),
                    Err(_) => {
                        return refuse(Cause::BadRequest, "the extensions in the request cannot be read");
                    }
                }
            }
        }
        Self::with(request.info.subject, request.info.public_key, extensions)
    }

    /// The same of a client that wants to log in with the key.
    pub fn of_login(kind: CertificateRequestType, value: &[u8]) -> OpResult<Self> {
        // The key first: what to do about a signature that cannot be verified would not help.
        if let Some(request) = material::read_request(kind, value)? {
            proof::must_let_in(&request.info.public_key)?;
        }
        Self::requested(kind, value)
    }

    /// What a certificate says that is to be renewed.
    pub fn renewed(certificate: &[u8]) -> OpResult<Self> {
        let Ok(old) = Certificate::from_der(certificate) else {
            return refuse(Cause::InvalidField, "the certificate is not X.509");
        };
        let old = old.tbs_certificate();
        let extensions = old.extensions().cloned().unwrap_or_default();
        let known = [&[BASIC_CONSTRAINTS, KEY_USAGE], TAKEN].concat();
        let extensions =
            extensions.into_iter().filter(|extension| known.contains(&extension.extn_id)).collect();
        Self::with(old.subject().clone(), old.subject_public_key_info().clone(), extensions)
    }

    /// What attributes say of a public key that comes without a request.
    pub fn described(key: &[u8], attributes: &Attributes, otherwise: &str) -> OpResult<Self> {
        let Ok(key) = SubjectPublicKeyInfoOwned::from_der(key) else {
            return refuse(Cause::KeyFormat, "the public key cannot be read");
        };
        let subject = subject(attributes, otherwise);
        let Ok(subject) = Name::from_str(&subject) else {
            return refuse(Cause::InvalidField, format!("{subject:?} is no distinguished name"));
        };
        Self::with(subject, key, Extensions::new())
    }

    fn with(subject: Name, key: SubjectPublicKeyInfoOwned, extensions: Extensions) -> OpResult<Self> {
        let (mut usage, mut taken) = (None, Vec::new());
        for extension in extensions {
            let value = extension.extn_value.as_bytes();
            match extension.extn_id {
                BASIC_CONSTRAINTS if BasicConstraints::from_der(value).is_ok_and(|limits| !limits.ca) => {}
                BASIC_CONSTRAINTS => {
                    return refuse(Cause::BadRequest, "certificates of authorities are not made");
                }
                KEY_USAGE => usage = Some(asked_usage(value)?),
                known if TAKEN.contains(&known) => taken.push(extension),
                other if extension.critical => {
                    return refuse(
                        Cause::BadRequest,
                        format!("extension {other} is critical, and not known"),
                    );
                }
                _ => {}
            }
        }
        Ok(Self { subject, key, usage, extensions: taken })
    }

    /// Fills in what the attributes say and the request does not: the request takes precedence (KMIP 2.1, 6.1.6).
    pub fn fill(&mut self, attributes: &Attributes) -> OpResult<()> {
        if self.subject.is_empty()
            && let Some(subject) = stated_subject(attributes)
        {
            let Ok(subject) = Name::from_str(&subject) else {
                return refuse(Cause::InvalidField, format!("{subject:?} is no distinguished name"));
            };
            self.subject = subject;
        }
        let mask = kmip_codec::attribute!(attributes, CryptographicUsageMask).next().copied();
        if let (None, Some(mask)) = (&self.usage, mask) {
            let mut usage = KeyUsage(Default::default());
            for (_, meant) in USES.iter().filter(|(bit, _)| mask.contains(*bit)) {
                usage.0 |= *meant;
            }
            self.usage = Some(usage);
        }
        Ok(())
    }

    /// The common name of the subject.
    pub fn common_name(&self) -> Option<String> {
        let name = self.subject.common_name().ok().flatten()?;
        Some(name.value().into_owned())
    }

    /// The key, X.509 SubjectPublicKeyInfo DER.
    pub fn key_der(&self) -> Vec<u8> {
        self.key.to_der().unwrap_or_default()
    }

    /// Refuses a request for another key than the one that was named.
    pub fn must_be_for(&self, key: &[u8]) -> OpResult<()> {
        if self.key_der() == key {
            return Ok(());
        }
        refuse(Cause::BadRequest, "the request is for another key than the public key that was named")
    }
}

/// Uses of authorities are not asked for.
fn asked_usage(value: &[u8]) -> OpResult<KeyUsage> {
    match KeyUsage::from_der(value) {
        Ok(usage) if !usage.key_cert_sign() && !usage.crl_sign() => Ok(usage),
        Ok(_) => refuse(Cause::BadRequest, "certificates of authorities are not made"),
        Err(_) => refuse(Cause::BadRequest, "the key usage in the request cannot be read"),
    }
}

/// The subject that attributes state, as a distinguished name: whole, or in parts.
fn stated_subject(attributes: &Attributes) -> Option<String> {
    if let Some(subject) = kmip_codec::attribute!(attributes, CertificateSubject).next() {
        return Some(subject.distinguished_name.clone());
    }
    let mut text = String::new();
    for (short, value) in attributes.iter().filter_map(part) {
        let comma = if text.is_empty() { "" } else { "," };
        let _ = write!(text, "{comma}{short}={}", material::escaped(value));
    }
    (!text.is_empty()).then_some(text)
}

fn subject(attributes: &Attributes, otherwise: &str) -> String {
    stated_subject(attributes).unwrap_or_else(|| format!("CN={}", material::escaped(otherwise)))
}

/// A part of a subject, for attributes that name one.
fn part(attribute: &Attribute) -> Option<(&'static str, &str)> {
    Some(match attribute {
        Attribute::CertificateSubjectCN(value) => ("CN", value),
        Attribute::CertificateSubjectO(value) => ("O", value),
        Attribute::CertificateSubjectOU(value) => ("OU", value),
        Attribute::CertificateSubjectC(value) => ("C", value),
        Attribute::CertificateSubjectST(value) => ("ST", value),
        Attribute::CertificateSubjectL(value) => ("L", value),
        Attribute::CertificateSubjectUID(value) => ("UID", value),
        Attribute::CertificateSubjectDC(value) => ("DC", value),
        _ => return None,
    })
}

/// Whether an attribute of a request says what the certificate is to say, so that the certificate itself says it.
pub fn is_wish(attribute: &Attribute) -> bool {
    matches!(attribute, Attribute::CertificateSubject(_)) || part(attribute).is_some()
}
