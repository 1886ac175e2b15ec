//! What a certificate says of itself, for people: log, `keystead explain`, messages at start. The texts come from whoever
//! made the certificate: they are escaped and bounded here, once.

use super::text::{self, text_of};
use crate::text::printable;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use time::OffsetDateTime;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer as _, X509Certificate, X509Version};

/// How many characters of a foreign text are shown.
const TEXT_MAX: usize = 160;

/// The kind of name that every certificate has: its subject.
pub const DIRECTORY_NAME: &str = "directoryName";

/// The key usage of keys that sign anything but certificates and revocation lists.
const DIGITAL_SIGNATURE: &str = "digitalSignature";

/// How many names of a certificate are looked at.
const NAMES_MAX: usize = 64;

/// What a certificate says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Whom it is for; empty where it cannot be read.
    pub subject: String,
    /// Who has signed it.
    pub issuer: String,
    /// Its serial number, in hex.
    pub serial: String,
    /// SHA-256 of its DER, in hex.
    pub fingerprint: String,
    /// Its version: 1, 2 or 3; 0 where it cannot be read.
    pub version: u32,
    /// Whether its basic constraints make it a CA.
    pub is_ca: bool,
    /// Whether its key usages, where it says them, are for signing certificates.
    #[serde(default)]
    pub may_certify: bool,
    /// Whether its subject, which it has, is its issuer.
    pub self_issued: bool,
    /// When it begins and ends, in seconds since 1970.
    pub validity: (i64, i64),
    /// Its key usages (RFC 5280, 4.2.1.3); none where it has no such extension.
    #[serde(default)]
    pub key_usages: Option<Vec<String>>,
    /// Its extended key usages, by name or number; none where it has no such extension.
    pub usages: Option<Vec<String>>,
    /// Its alternative names: DNS names and addresses.
    pub names: Vec<String>,
    /// The kinds of its other alternative names, by their names in RFC 5280, 4.2.1.6.
    #[serde(default)]
    pub other_names: Vec<String>,
    /// On names of which kinds it has name constraints, DNS names and addresses left out.
    #[serde(default)]
    pub unjudged_constraints: Vec<String>,
    /// The common name of its subject; empty where there is none.
    pub common_name: String,
}

impl Facts {
    /// Of a certificate in DER; of one that cannot be read, its fingerprint alone.
    pub fn of(certificate: &[u8]) -> Self {
        let fingerprint = hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, certificate));
        let Ok((_, read)) = X509Certificate::from_der(certificate) else {
            return Self { fingerprint, ..Self::default() };
        };
        let (validity, constraints) = (read.validity(), read.basic_constraints());
        let common = read.subject().iter_common_name().find_map(|name| text_of(name).ok());
        Self {
            subject: bounded(&text::name(read.subject())),
            issuer: bounded(&text::name(read.issuer())),
            serial: bounded(&hex::encode(read.raw_serial())),
            fingerprint,
            version: if read.version() == X509Version::V1 { 1 } else { read.version().0 + 1 },
            is_ca: constraints.ok().flatten().is_some_and(|found| found.value.ca),
            may_certify: certifies(&read),
            self_issued: read.subject().as_raw() == read.issuer().as_raw()
                && read.subject().iter().next().is_some(),
            validity: (validity.not_before.timestamp(), validity.not_after.timestamp()),
            key_usages: key_usages(&read),
            usages: usages(&read),
            names: names(&read),
            other_names: other_names(&read),
            unjudged_constraints: unjudged_constraints(&read),
            common_name: bounded(&common.unwrap_or_default()),
        }
    }

    /// About how many bytes its texts take.
    pub fn bytes(&self) -> usize {
        let texts = [&self.subject, &self.issuer, &self.serial, &self.fingerprint, &self.common_name];
        let lists =
            self.names.iter().chain(self.usages.iter().flatten()).chain(self.key_usages.iter().flatten());
        texts.into_iter().chain(lists).map(String::capacity).sum()
    }

    /// Whether it is for this use, `clientAuth` or `serverAuth`: a certificate without extended key usages is for any, and so is
    /// one that says so (RFC 5280, 4.2.1.12).
    pub fn is_for(&self, usage: &str) -> bool {
        let is_it = |one: &String| one == usage || one == "anyExtendedKeyUsage";
        self.usages.as_ref().is_none_or(|all| all.iter().any(is_it))
    }

    /// Whether its key may sign handshakes, by its key usages: without the extension it may.
    pub fn may_prove(&self) -> bool {
        self.key_usages.as_ref().is_none_or(|all| all.iter().any(|one| one == DIGITAL_SIGNATURE))
    }

    /// Whether it is not good in this second.
    pub fn is_outside(&self, now: i64) -> bool {
        !(self.validity.0..=self.validity.1).contains(&now)
    }

    /// Whether it may sign others: a CA, or a certificate of X.509 v1, which cannot say.
    pub fn may_sign(&self) -> bool {
        self.is_ca || self.version == 1
    }
}

impl fmt::Display for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.version == 0 {
            return write!(f, "a certificate that cannot be read, SHA-256 {}", self.fingerprint);
        }
        let Self { subject, issuer, serial, fingerprint, .. } = self;
        let subject = if subject.is_empty() { "none" } else { subject };
        write!(f, "subject {subject}, issuer {issuer}, serial {serial}, SHA-256 {fingerprint}")
    }
}

/// What a chain must not do, where that is what is wrong (RFC 5280, 4.2.1.9 and 4.2.1.10).
pub fn chain_rule(error: &webpki::Error) -> Option<&'static str> {
    match error {
        webpki::Error::EndEntityUsedAsCa => {
            Some("an end-entity certificate (basic constraints CA:FALSE) stands in it in the place of a CA")
        }
        webpki::Error::PathLenConstraintViolated => {
            Some("a CA in it has signed another CA, which its basic constraints (pathlen) forbid")
        }
        webpki::Error::NameConstraintViolation => {
            Some("a CA in it has signed for a name that its name constraints exclude")
        }
        webpki::Error::MaximumPathDepthExceeded => Some("it is longer than any chain that is followed here"),
        _ => None,
    }
}

/// A foreign text of a certificate as it may be shown (see [`printable`]).
pub fn bounded(text: &str) -> String {
    printable(text, TEXT_MAX)
}

/// A day and time as people write it, in UTC.
pub fn moment(seconds: i64) -> String {
    match OffsetDateTime::from_unix_timestamp(seconds) {
        Ok(time) => format!("{} {:02}:{:02} UTC", time.date(), time.hour(), time.minute()),
        Err(_) => format!("second {seconds}"),
    }
}

/// Whether a certificate may have signed others, by its key usages (RFC 5280, 4.2.1.3).
pub fn may_certify(certificate: &[u8]) -> bool {
    X509Certificate::from_der(certificate).is_ok_and(|(_, read)| certifies(&read))
}

/// Whether its key may prove in a handshake that its holder is there. It signs for that, in each suite that is spoken here, and a
/// key signs where its usages, if there are any, have digitalSignature (RFC 5280, 4.2.1.3; RFC 8446, 4.4.2.2).
pub fn may_prove(certificate: &[u8]) -> bool {
    let usage = |read: &X509Certificate<'_>| {
        read.key_usage().is_ok_and(|usage| usage.is_none_or(|usage| usage.value.digital_signature()))
    };
    X509Certificate::from_der(certificate).is_ok_and(|(_, read)| usage(&read))
}

fn key_usages(read: &X509Certificate<'_>) -> Option<Vec<String>> {
    let found = read.key_usage().ok()??.value;
    let known = [
        (found.digital_signature(), DIGITAL_SIGNATURE),
        (found.non_repudiation(), "nonRepudiation"),
        (found.key_encipherment(), "keyEncipherment"),
        (found.data_encipherment(), "dataEncipherment"),
        (found.key_agreement(), "keyAgreement"),
        (found.key_cert_sign(), "keyCertSign"),
        (found.crl_sign(), "cRLSign"),
        (found.encipher_only(), "encipherOnly"),
        (found.decipher_only(), "decipherOnly"),
    ];
    Some(known.into_iter().filter(|(has, _)| *has).map(|(_, name)| name.to_owned()).collect())
}

fn certifies(read: &X509Certificate<'_>) -> bool {
    read.key_usage().is_ok_and(|usage| usage.is_none_or(|usage| usage.value.key_cert_sign()))
}

fn usages(read: &X509Certificate<'_>) -> Option<Vec<String>> {
    let found = read.extended_key_usage().ok()??.value;
    let known = [
        (found.any, "anyExtendedKeyUsage"),
        (found.server_auth, "serverAuth"),
        (found.client_auth, "clientAuth"),
        (found.code_signing, "codeSigning"),
        (found.email_protection, "emailProtection"),
        (found.time_stamping, "timeStamping"),
        (found.ocsp_signing, "OCSPSigning"),
    ];
    let named = known.into_iter().filter(|(has, _)| *has).map(|(_, name)| name.to_owned());
    Some(named.chain(found.other.iter().take(NAMES_MAX).map(|oid| bounded(&oid.to_string()))).collect())
}

/// The kind of an alternative name, or of a base of name constraints, that is neither a DNS name nor an address.
fn other_kind(name: &GeneralName<'_>) -> Option<&'static str> {
    match name {
        GeneralName::DNSName(_) | GeneralName::IPAddress(_) => None,
        GeneralName::DirectoryName(_) => Some(DIRECTORY_NAME),
        GeneralName::RFC822Name(_) => Some("rfc822Name"),
        GeneralName::URI(_) => Some("uniformResourceIdentifier"),
        GeneralName::OtherName(..) => Some("otherName"),
        GeneralName::X400Address(_) => Some("x400Address"),
        GeneralName::EDIPartyName(_) => Some("ediPartyName"),
        GeneralName::RegisteredID(_) => Some("registeredID"),
        _ => None,
    }
}

fn kinds<'n>(names: impl Iterator<Item = &'n GeneralName<'n>>) -> Vec<String> {
    let kinds: BTreeSet<_> = names.filter_map(other_kind).collect();
    kinds.into_iter().map(str::to_owned).collect()
}

fn other_names(read: &X509Certificate<'_>) -> Vec<String> {
    let names = read.subject_alternative_name().ok().flatten();
    kinds(names.iter().flat_map(|names| &names.value.general_names))
}

fn unjudged_constraints(read: &X509Certificate<'_>) -> Vec<String> {
    let Some(found) = read.name_constraints().ok().flatten() else { return Vec::new() };
    let (permitted, excluded) = (&found.value.permitted_subtrees, &found.value.excluded_subtrees);
    kinds([permitted, excluded].into_iter().flatten().flatten().map(|subtree| &subtree.base))
}

fn names(read: &X509Certificate<'_>) -> Vec<String> {
    let extensions = read.extensions().iter().map(|extension| extension.parsed_extension());
    let names = extensions.filter_map(|extension| match extension {
        ParsedExtension::SubjectAlternativeName(names) => Some(&names.general_names),
        _ => None,
    });
    let text = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some(bounded(name)),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => Some(std::net::IpAddr::from(<[u8; 4]>::try_from(*bytes).ok()?).to_string()),
            _ => Some(std::net::IpAddr::from(<[u8; 16]>::try_from(*bytes).ok()?).to_string()),
        },
        _ => None,
    };
    names.flatten().take(NAMES_MAX).filter_map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_texts_are_escaped_and_have_an_end() {
        assert_eq!(bounded("CN=a\n\u{1b}[31mb\u{202e}"), "CN=a\\u{a}\\u{1b}[31mb\\u{202e}");
        assert_eq!(bounded(&"x".repeat(TEXT_MAX)), "x".repeat(TEXT_MAX));
        assert_eq!(bounded(&"\n".repeat(5000)).chars().count(), TEXT_MAX);
        assert_eq!(bounded(&"é".repeat(5000)), "é".repeat(TEXT_MAX - 1) + "…");
    }

    #[test]
    fn what_is_no_certificate_has_a_fingerprint_alone() {
        let facts = Facts::of(b"nothing");
        assert_eq!(facts.version, 0);
        assert!(facts.to_string().starts_with("a certificate that cannot be read, SHA-256 "));
    }
}
