//! Reads a revocation list: what it says, or in words why it is none that can be used, whoever has signed it.

use super::names::ComparedName;
use super::part::Part;
use crate::listen::shape::SignedValue;
use crate::pki::{bounded, name};
use std::collections::HashSet;
use webpki::BorrowedCertRevocationList;
use x509_parser::extensions::{IssuingDistributionPoint, ParsedExtension};
use x509_parser::prelude::{CertificateRevocationList, FromDer as _, X509Certificate};

/// The extensions of lists that are known here: number, delta, distribution point, key of the issuer (RFC 5280, 5.2).
const KNOWN: &[&str] = &["2.5.29.20", "2.5.29.27", "2.5.29.28", "2.5.29.35"];

/// The same of their entries: reason, date, issuer (RFC 5280, 5.3).
const KNOWN_OF_ENTRIES: &[&str] = &["2.5.29.21", "2.5.29.24", "2.5.29.29"];

/// What a list says.
pub struct Read<'l> {
    /// Who has issued it, for people.
    pub issuer: String,
    /// The same to be compared.
    pub name: ComparedName,
    /// Which of the certificates of that CA it is for; all, where it does not say.
    pub part: Option<Part>,
    /// The serial numbers that it revokes.
    pub revoked: HashSet<Box<[u8]>>,
    /// When it was made, and its number.
    pub age: (i64, Vec<u8>),
    /// When the next one should be there, in seconds since 1970.
    pub next: i64,
    /// Its signature, and what that is of.
    pub signed: SignedValue<'l>,
    /// Which key of its issuer has signed it, where it says so (RFC 5280, 5.2.1).
    pub key_id: Option<Vec<u8>>,
}

impl<'l> Read<'l> {
    /// Of a list in DER. webpki reads it more strictly than x509-parser, which says what it is in words.
    pub fn of(der: &'l [u8]) -> Result<Self, String> {
        let list = BorrowedCertRevocationList::from_der(der).map_err(|why| refused(&why, der))?;
        let serials = list.into_iter().map(|entry| entry.map(|entry| serial(entry.serial_number).into()));
        let revoked = serials.collect::<Result<_, _>>().map_err(|why| refused(&why, der))?;
        let (Some(signed), Ok((_, read))) = (SignedValue::of(der), CertificateRevocationList::from_der(der))
        else {
            return Err(unreadable());
        };
        let point = read.extensions().iter().find(|one| one.oid.to_id_string() == "2.5.29.28");
        let part = match point.map(|point| point.parsed_extension()) {
            None => None,
            Some(ParsedExtension::IssuingDistributionPoint(point)) if point.distribution_point.is_some() => {
                Some(Part::of(point))
            }
            Some(_) => return Err(refused(&webpki::Error::UnsupportedCrlIssuingDistributionPoint, der)),
        };
        // As many bytes for every number, so that they compare as numbers do: RFC 5280, 5.2.3, has 20 at most.
        let number = read.crl_number().map(|number| number.to_bytes_be()).unwrap_or_default();
        let number = [vec![0; 20usize.saturating_sub(number.len())], number].concat();
        let (made, next) = (read.last_update().timestamp(), read.next_update());
        let next = next.map(|time| time.timestamp()).filter(|next| *next > made);
        let next = next.ok_or(
            "the next one is due before it was made (nextUpdate, thisUpdate): have the CA make it anew",
        )?;
        let (issuer, name) = (bounded(&name(read.issuer())), ComparedName::of(read.issuer()));
        let key_id = read.extensions().iter().find_map(|one| match one.parsed_extension() {
            ParsedExtension::AuthorityKeyIdentifier(id) => id.key_identifier.as_ref().map(|id| id.0.to_vec()),
            _ => None,
        });
        Ok(Self { issuer, name, part, revoked, age: (made, number), next, signed, key_id })
    }
}

/// A serial number as it is compared, whatever zeros stand before it, and whether or not its sign is right: CAs have written
/// the same number in several ways.
pub fn serial(bytes: &[u8]) -> &[u8] {
    let mut left = bytes;
    while let [first, rest @ ..] = left
        && let Some(second) = rest.first()
        && ((*first == 0 && *second < 0x80) || (*first == 0xff && *second >= 0x80))
    {
        left = rest;
    }
    match left {
        [0, rest @ ..] if !rest.is_empty() => rest,
        left => left,
    }
}

fn unreadable() -> String {
    "it cannot be read as a list: it is damaged, or a part of it is missing. Fetch it again from the CA"
        .to_owned()
}

/// Why a list is none that can be used.
fn refused(why: &webpki::Error, der: &[u8]) -> String {
    use webpki::Error as Pki;
    let read = CertificateRevocationList::from_der(der).ok().map(|(_, read)| read);
    let what = match why {
        _ if X509Certificate::from_der(der).is_ok() => "it is a certificate, and no list",
        Pki::UnsupportedCrlVersion => "it is of X.509 v1, and v2 is needed",
        Pki::UnsupportedDeltaCrl => "it is a delta list, which says only what has changed since another one",
        Pki::UnsupportedIndirectCrl => "it is an indirect list, which is also for certificates of other CAs",
        Pki::UnsupportedRevocationReasonsPartitioning => {
            "it is for some reasons of revocation alone (onlySomeReasons)"
        }
        Pki::UnsupportedCrlIssuingDistributionPoint => {
            let kind = read.as_ref().map_or("a part of the certificates", |read| kind_of(read));
            return format!(
                "it is for {kind}, and its issuing distribution point has no address (a full name) that says which part: put a list \
                 for all certificates of that CA there"
            );
        }
        Pki::UnsupportedCriticalExtension => {
            let numbers = read.as_ref().map(unknown).unwrap_or_default();
            return format!(
                "it has a critical extension that is not understood here ({numbers}), so that nobody may go by it (RFC 5280, 5.2 and \
                 5.3): put one without it there"
            );
        }
        Pki::MalformedExtensions if read.as_ref().is_some_and(is_of_attributes) => {
            "it is for attribute certificates alone"
        }
        Pki::MalformedExtensions | Pki::BadDer
            if read.as_ref().is_some_and(|read| read.extensions().is_empty()) =>
        {
            "it has no extensions, and a list of X.509 v2 has a CRL number at least (RFC 5280, 5.2.3)"
        }
        Pki::InvalidCrlNumber => "its CRL number is negative or longer than 20 bytes (RFC 5280, 5.2.3)",
        Pki::SignatureAlgorithmMismatch => "it names two different signature algorithms",
        Pki::UnsupportedRevocationReason => "it has a reason of revocation that RFC 5280 does not know",
        _ => return unreadable(),
    };
    format!("{what}: put a whole list of X.509 v2 for the certificates of one CA there")
}

fn point<'r>(read: &'r CertificateRevocationList<'_>) -> Option<&'r IssuingDistributionPoint<'r>> {
    read.extensions().iter().find_map(|one| match one.parsed_extension() {
        ParsedExtension::IssuingDistributionPoint(point) => Some(point),
        _ => None,
    })
}

fn kind_of(read: &CertificateRevocationList<'_>) -> &'static str {
    match point(read) {
        Some(point) if point.only_contains_user_certs => {
            "certificates of users alone (onlyContainsUserCerts)"
        }
        Some(point) if point.only_contains_ca_certs => "certificates of CAs alone (onlyContainsCACerts)",
        _ => "a part of the certificates",
    }
}

fn is_of_attributes(read: &CertificateRevocationList<'_>) -> bool {
    point(read).is_some_and(|point| point.only_contains_attribute_certs)
}

/// The numbers of critical extensions that are not known here, in the list and in its entries.
fn unknown(read: &CertificateRevocationList<'_>) -> String {
    let of_entries = read.iter_revoked_certificates().flat_map(|entry| entry.extensions());
    let all =
        read.extensions().iter().map(|one| (one, KNOWN)).chain(of_entries.map(|one| (one, KNOWN_OF_ENTRIES)));
    let numbers = all.filter(|(one, _)| one.critical).map(|(one, known)| (one.oid.to_id_string(), known));
    let mut unknown: Vec<_> = numbers
        .filter(|(number, known)| !known.contains(&number.as_str()))
        .map(|(number, _)| number)
        .collect();
    unknown.sort();
    unknown.dedup();
    bounded(&unknown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_number_is_one_number_however_it_is_written() {
        let same: &[&[&[u8]]] = &[
            &[&[0x9a, 1], &[0, 0x9a, 1], &[0, 0, 0x9a, 1], &[0xff, 0x9a, 1]],
            &[&[1], &[0, 1], &[0, 0, 1]],
            &[&[0], &[0, 0]],
            &[&[0, 0xff, 0x9a], &[0, 0, 0xff, 0x9a]],
        ];
        for all in same {
            for one in *all {
                assert_eq!(serial(one), serial(all[0]), "{one:x?}");
            }
        }
        assert_ne!(serial(&[0, 0xff, 0x9a]), serial(&[0, 0x9a]));
        assert_ne!(serial(&[1, 0]), serial(&[1]));
        assert_eq!(serial(&[]), &[] as &[u8]);
    }
}
