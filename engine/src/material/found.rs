//! What bytes are that are not what was expected: named before what was expected, with what to do.

use super::parts::{Fault, is_encrypted, rsa};
use der::Decode as _;
use der::asn1::{AnyRef, UintRef};
use kmip_codec::enums::{KeyFormatType as Format, ObjectType};
use pkcs8::PrivateKeyInfoRef;
use spki::SubjectPublicKeyInfoRef;
use x509_cert::request::CertReq;

/// A structure that bytes may be: its name, how it is told, and the object and format that it is sent as.
struct Known {
    name: &'static str,
    is: fn(&[u8]) -> bool,
    home: Option<(ObjectType, Option<Format>)>,
}

const fn known(
    name: &'static str,
    is: fn(&[u8]) -> bool,
    home: Option<(ObjectType, Option<Format>)>,
) -> Known {
    Known { name, is, home }
}

const KNOWN: &[Known] = &[
    known(
        "a PKCS#1 RSAPrivateKey",
        |bytes| rsa::private(bytes) != Err(Fault::Structure),
        Some((ObjectType::PrivateKey, Some(Format::PKCS_1))),
    ),
    known(
        "a PKCS#1 RSAPublicKey",
        |bytes| rsa::public(bytes).is_some(),
        Some((ObjectType::PublicKey, Some(Format::PKCS_1))),
    ),
    known(
        "a PKCS#8 PrivateKeyInfo",
        |bytes| PrivateKeyInfoRef::from_der(bytes).is_ok(),
        Some((ObjectType::PrivateKey, Some(Format::PKCS_8))),
    ),
    known(
        "an X.509 SubjectPublicKeyInfo",
        |bytes| SubjectPublicKeyInfoRef::from_der(bytes).is_ok(),
        Some((ObjectType::PublicKey, Some(Format::X_509))),
    ),
    known(
        "an ECPrivateKey of RFC 5915",
        |bytes| sec1::EcPrivateKey::from_der(bytes).is_ok(),
        Some((ObjectType::PrivateKey, Some(Format::ECPrivateKey))),
    ),
    known(
        "an X.509 certificate",
        |bytes| x509_cert::Certificate::from_der(bytes).is_ok(),
        Some((ObjectType::Certificate, None)),
    ),
    known(
        "a PKCS#10 certificate request",
        |bytes| CertReq::from_der(bytes).is_ok(),
        Some((ObjectType::CertificateRequest, None)),
    ),
    known(
        "a PKCS#8 EncryptedPrivateKeyInfo",
        is_encrypted,
        Some((ObjectType::PrivateKey, Some(Format::PKCS_8))),
    ),
    known("a PKCS#12 container", is_container, Some((ObjectType::PrivateKey, Some(Format::PKCS_12)))),
    known("a DSA private key in OpenSSL's own form", is_dsa, None),
];

/// PFX (RFC 7292, 4): version 3, and two or three parts.
fn is_container(bytes: &[u8]) -> bool {
    let parts = Vec::<AnyRef<'_>>::from_der(bytes).unwrap_or_default();
    matches!(parts.len(), 2 | 3) && parts.first().is_some_and(|version| version.value() == [3])
}

/// Version 0, P, Q, G, public and private number.
fn is_dsa(bytes: &[u8]) -> bool {
    Vec::<UintRef<'_>>::from_der(bytes).is_ok_and(|numbers| numbers.len() == 6)
}

/// What the bytes are, not what was expected of an object of this type.
pub fn instead(bytes: &[u8], expected: &str, wanted: ObjectType) -> String {
    let (what, advice) = described(bytes, wanted);
    match advice {
        Some(advice) => format!("this is {what}, not {expected}: {advice}"),
        None => format!("this is {what}, not {expected}"),
    }
}

/// The same where a reader has said what is wrong.
pub fn fault(fault: Fault, bytes: &[u8], expected: &str, wanted: ObjectType) -> String {
    match fault {
        Fault::Structure => instead(bytes, expected, wanted),
        Fault::Content(why) => format!("this has the form of {expected}, but {why}"),
    }
}

fn described(bytes: &[u8], wanted: ObjectType) -> (String, Option<String>) {
    if bytes.is_empty() {
        return ("nothing, not one byte".into(), None);
    }
    if let Some(text) = described_text(bytes) {
        return text;
    }
    let Some(length) = der_length(bytes) else {
        return (format!("no DER, but {} bytes of something else", bytes.len()), None);
    };
    let Some((whole, behind)) = bytes.split_at_checked(length) else {
        let text =
            format!("DER that is cut off: it says that it has {length} bytes, and {} came", bytes.len());
        return (text, None);
    };
    let row = KNOWN.iter().find(|row| (row.is)(whole));
    let name = row.map_or("DER of no key that this server reads", |row| row.name);
    if !behind.is_empty() {
        let text = format!("{name} with {} bytes behind its end", behind.len());
        return (text, Some("send its DER alone".into()));
    }
    let advice = row.and_then(|row| row.home).map(|(object, format)| {
        let format = format.map(|format| format!("Key Format Type {format:?}"));
        match format {
            Some(format) if object == wanted => format!("use {format}"),
            Some(format) => format!("register it as a {object:?} with {format}"),
            None => format!("register it as a {object:?}"),
        }
    });
    (name.into(), advice)
}

/// What is text and not DER.
fn described_text(bytes: &[u8]) -> Option<(String, Option<String>)> {
    let text = std::str::from_utf8(bytes).ok()?.trim_start();
    if let Some(rest) = text.strip_prefix("-----BEGIN ") {
        let label = rest.split("-----").next().unwrap_or_default();
        let is_plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == ' ';
        let label = if label.len() <= 40 && label.chars().all(is_plain) { label } else { "…" };
        return Some((format!("PEM text ({label})"), Some("send its DER".into())));
    }
    if text.starts_with("ssh-") || text.starts_with("ecdsa-sha2-") {
        return Some(("a line of OpenSSH".into(), Some("send the key in DER".into())));
    }
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || "+/=\r\n".contains(c);
    if text.starts_with("MI") && text.chars().all(is_base64) {
        return Some(("Base64 text".into(), Some("send the bytes that it stands for".into())));
    }
    None
}

/// How many bytes the structure has that begins here, by its own length.
fn der_length(bytes: &[u8]) -> Option<usize> {
    let (first, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first()?;
    if *first != 0x30 {
        return None;
    }
    if *length < 0x80 {
        return Some(2 + usize::from(*length));
    }
    let octets = usize::from(length & 0x7f);
    let long = rest.get(..octets).filter(|_| (1..=4).contains(&octets))?;
    let length = long.iter().fold(0_usize, |length, octet| length << 8 | usize::from(*octet));
    Some(2 + octets + length)
}
