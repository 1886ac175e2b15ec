//! The attributes that an X.509 certificate carries in itself (KMIP 2.1, 4.6 to 4.8, 4.22, 4.61 to 4.63).

use super::Facts;
use crate::material::{found, truth};
use crate::refusal::{Cause, OpResult, refuse};
use bytes::Bytes;
use der::{Decode as _, Encode as _};
use kmip_codec::attributes::*;
use kmip_codec::enums::{CertificateType, DigitalSignatureAlgorithm, ObjectType};
use kmip_codec::objects::Certificate;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::oid_registry::Oid;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::X509Name;

/// The facts of a certificate; one that is said to be X.509 must be.
pub fn facts(certificate: &Certificate) -> OpResult<Facts> {
    let length = i32::try_from(certificate.value.len()).unwrap_or(i32::MAX);
    let mut facts = Facts {
        material: Some(certificate.value.as_ref().into()),
        attributes: vec![
            Attribute::CertificateType(certificate.certificate_type),
            Attribute::CertificateLength(length),
        ],
        has_value: true,
        ..Facts::default()
    };
    if certificate.certificate_type == CertificateType::X_509 {
        let value = &certificate.value;
        let x509 = match X509Certificate::from_der(value) {
            Ok(([], x509)) => x509,
            _ => {
                let text = found::instead(value, "an X.509 certificate in DER", ObjectType::Certificate);
                return refuse(Cause::InvalidField, format!("Certificate Value: {text}"));
            }
        };
        facts.truth = truth::of_public_key(x509.public_key().raw);
        x509_facts(&mut facts, &x509);
    }
    Ok(facts)
}

fn x509_facts(facts: &mut Facts, x509: &X509Certificate<'_>) {
    let (issuer, subject) = (x509.issuer(), x509.subject());
    let (issuer_der, subject_der) =
        (Bytes::copy_from_slice(issuer.as_raw()), Bytes::copy_from_slice(subject.as_raw()));
    let subjects = alternative_names(x509, SUBJECT_ALTERNATIVE);
    let issuers = alternative_names(x509, ISSUER_ALTERNATIVE);
    facts.attributes.extend([
        Attribute::X_509CertificateIdentifier(X509CertificateIdentifier {
            issuer_distinguished_name: issuer_der.clone(),
            certificate_serial_number: serial_der(x509),
        }),
        Attribute::X_509CertificateSubject(X509CertificateSubject {
            subject_distinguished_name: subject_der,
            subject_alternative_name: subjects.iter().map(|(der, _)| der.clone()).collect(),
        }),
        Attribute::X_509CertificateIssuer(X509CertificateIssuer {
            issuer_distinguished_name: issuer_der,
            issuer_alternative_name: issuers.iter().map(|(der, _)| der.clone()).collect(),
        }),
        Attribute::CertificateIdentifier(CertificateIdentifier {
            issuer: distinguished(issuer),
            serial_number: Some(serial_text(x509)),
        }),
        Attribute::CertificateSubject(CertificateSubject {
            distinguished_name: distinguished(subject),
            alternative_name: subjects.into_iter().filter_map(|(_, text)| text).collect(),
        }),
        Attribute::CertificateIssuer(CertificateIssuer {
            distinguished_name: distinguished(issuer),
            alternative_name: issuers.into_iter().filter_map(|(_, text)| text).collect(),
        }),
    ]);
    facts.attributes.extend(signature_algorithm(&x509.signature_algorithm.algorithm));
    facts.attributes.extend(name_parts(subject, SUBJECT));
    facts.attributes.extend(name_parts(issuer, ISSUER));
}

/// A name as text, the most particular part first (RFC 4514).
fn distinguished(name: &X509Name<'_>) -> String {
    let mut parts: Vec<String> = Vec::new();
    for part in name.iter_attributes() {
        let oid = part.attr_type();
        let short = x509_parser::objects::oid2abbrev(oid, x509_parser::objects::oid_registry());
        let short = short.map_or_else(|_| oid.to_id_string(), str::to_owned);
        parts.push(format!("{short}={}", escaped(part.as_str().unwrap_or_default())));
    }
    parts.reverse();
    parts.join(",")
}

/// What would end a part is escaped.
pub fn escaped(value: &str) -> String {
    let mut out = String::new();
    for c in value.chars() {
        if matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// The serial number in hex, without the byte that DER puts before a first bit that is set.
fn serial_text(x509: &X509Certificate<'_>) -> String {
    match x509.raw_serial() {
        [0, rest @ ..] if !rest.is_empty() => hex::encode_upper(rest),
        serial => hex::encode_upper(serial),
    }
}

/// The serial number as a DER integer.
fn serial_der(x509: &X509Certificate<'_>) -> Bytes {
    let serial = x509.raw_serial();
    let mut der = vec![0x02, u8::try_from(serial.len()).unwrap_or(u8::MAX)];
    der.extend_from_slice(serial);
    der.into()
}

const SUBJECT_ALTERNATIVE: &str = "2.5.29.17";
const ISSUER_ALTERNATIVE: &str = "2.5.29.18";

/// The alternative names of an extension, each as DER and, where it is made of characters, as text.
fn alternative_names(x509: &X509Certificate<'_>, extension: &str) -> Vec<(Bytes, Option<String>)> {
    let found = x509.extensions().iter().find(|found| found.oid.to_id_string() == extension);
    let Some(names) = found.and_then(|found| Vec::<der::asn1::AnyRef<'_>>::from_der(found.value).ok()) else {
        return Vec::new();
    };
    let encoded = names.iter().filter_map(|name| name.to_der().ok());
    encoded
        .map(|der| {
            let text = as_text(&der);
            (der.into(), text)
        })
        .collect()
}

fn as_text(der: &[u8]) -> Option<String> {
    match GeneralName::from_der(der).ok()?.1 {
        GeneralName::DNSName(text) | GeneralName::RFC822Name(text) | GeneralName::URI(text) => {
            Some(text.to_owned())
        }
        GeneralName::DirectoryName(name) => Some(distinguished(&name)),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(bytes).ok().map(|octets| core::net::Ipv4Addr::from(octets).to_string()),
            _ => <[u8; 16]>::try_from(bytes).ok().map(|octets| core::net::Ipv6Addr::from(octets).to_string()),
        },
        _ => None,
    }
}

fn signature_algorithm(oid: &Oid<'_>) -> Option<Attribute> {
    let algorithm = match oid.to_id_string().as_str() {
        "1.2.840.113549.1.1.2" => DigitalSignatureAlgorithm::MD2WithRSAEncryption,
        "1.2.840.113549.1.1.4" => DigitalSignatureAlgorithm::MD5WithRSAEncryption,
        "1.2.840.113549.1.1.5" => DigitalSignatureAlgorithm::SHA_1WithRSAEncryption,
        "1.2.840.113549.1.1.14" => DigitalSignatureAlgorithm::SHA_224WithRSAEncryption,
        "1.2.840.113549.1.1.11" => DigitalSignatureAlgorithm::SHA_256WithRSAEncryption,
        "1.2.840.113549.1.1.12" => DigitalSignatureAlgorithm::SHA_384WithRSAEncryption,
        "1.2.840.113549.1.1.13" => DigitalSignatureAlgorithm::SHA_512WithRSAEncryption,
        "1.2.840.113549.1.1.10" => DigitalSignatureAlgorithm::RSASSA_PSS,
        "1.2.840.10040.4.3" => DigitalSignatureAlgorithm::DSAWithSHA_1,
        "1.2.840.10045.4.1" => DigitalSignatureAlgorithm::ECDSAWithSHA_1,
        "1.2.840.10045.4.3.1" => DigitalSignatureAlgorithm::ECDSAWithSHA224,
        "1.2.840.10045.4.3.2" => DigitalSignatureAlgorithm::ECDSAWithSHA256,
        "1.2.840.10045.4.3.3" => DigitalSignatureAlgorithm::ECDSAWithSHA384,
        "1.2.840.10045.4.3.4" => DigitalSignatureAlgorithm::ECDSAWithSHA512,
        _ => return None,
    };
    Some(Attribute::DigitalSignatureAlgorithm(algorithm))
}

/// The parts of a name, each with the attribute that it becomes.
type Parts = &'static [(&'static str, fn(String) -> Attribute)];

const SUBJECT: Parts = &[
    ("2.5.4.3", Attribute::CertificateSubjectCN),
    ("2.5.4.10", Attribute::CertificateSubjectO),
    ("2.5.4.11", Attribute::CertificateSubjectOU),
    ("1.2.840.113549.1.9.1", Attribute::CertificateSubjectEmail),
    ("2.5.4.6", Attribute::CertificateSubjectC),
    ("2.5.4.8", Attribute::CertificateSubjectST),
    ("2.5.4.7", Attribute::CertificateSubjectL),
    ("0.9.2342.19200300.100.1.1", Attribute::CertificateSubjectUID),
    ("2.5.4.5", Attribute::CertificateSubjectSerialNumber),
    ("2.5.4.12", Attribute::CertificateSubjectTitle),
    ("0.9.2342.19200300.100.1.25", Attribute::CertificateSubjectDC),
    ("2.5.4.46", Attribute::CertificateSubjectDNQualifier),
];

const ISSUER: Parts = &[
    ("2.5.4.3", Attribute::CertificateIssuerCN),
    ("2.5.4.10", Attribute::CertificateIssuerO),
    ("2.5.4.11", Attribute::CertificateIssuerOU),
    ("1.2.840.113549.1.9.1", Attribute::CertificateIssuerEmail),
    ("2.5.4.6", Attribute::CertificateIssuerC),
    ("2.5.4.8", Attribute::CertificateIssuerST),
    ("2.5.4.7", Attribute::CertificateIssuerL),
    ("0.9.2342.19200300.100.1.1", Attribute::CertificateIssuerUID),
    ("2.5.4.5", Attribute::CertificateIssuerSerialNumber),
    ("2.5.4.12", Attribute::CertificateIssuerTitle),
    ("0.9.2342.19200300.100.1.25", Attribute::CertificateIssuerDC),
    ("2.5.4.46", Attribute::CertificateIssuerDNQualifier),
];

fn name_parts(name: &X509Name<'_>, parts: Parts) -> Vec<Attribute> {
    let mut attributes = Vec::new();
    for part in name.iter_attributes() {
        let oid = part.attr_type().to_id_string();
        let row = parts.iter().find(|(wanted, _)| *wanted == oid);
        if let (Some((_, attribute)), Ok(text)) = (row, part.as_str()) {
            attributes.push(attribute(text.to_owned()));
        }
    }
    attributes
}
