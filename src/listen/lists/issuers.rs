//! Who may have signed a revocation list, and who has: a list counts for the CA whose key verifies it (RFC 5280, 6.3.3 (f), (g)).

use super::names::ComparedName;
use super::read::Read;
use crate::listen::shape::{Shape, Signed};
use crate::pki::{bounded, name};
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use std::collections::{BTreeSet, HashMap};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// The certificates of CAs that lists may come from, and the signatures that are taken.
pub struct Issuers<'a> {
    all: Vec<Issuer>,
    algorithms: &'a [&'a dyn SignatureVerificationAlgorithm],
}

struct Issuer {
    subject: String,
    name: ComparedName,
    above: ComparedName,
    der: Vec<u8>,
    key: Vec<u8>,
    /// Whether it stands in `tls.ca`.
    is_trusted: bool,
    may_sign_lists: bool,
    may_certify: bool,
    /// The keys of the CAs of `tls.ca` that it leads to.
    tops: BTreeSet<Vec<u8>>,
}

/// The CA that has signed a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signer {
    /// Its key, SubjectPublicKeyInfo in DER.
    pub key: Vec<u8>,
    /// The keys of the CAs of `tls.ca` that it leads to, its own where it is one of them.
    pub tops: BTreeSet<Vec<u8>>,
}

impl Issuer {
    fn of(certificate: &CertificateDer<'_>, is_trusted: bool) -> Option<Self> {
        let (_, read) = X509Certificate::from_der(certificate).ok()?;
        let usage = read.key_usage().ok()?.map(|usage| usage.value);
        let is_ca = read.basic_constraints().ok()?.map(|constraints| constraints.value.ca);
        let key = read.public_key().raw.to_vec();
        Some(Self {
            subject: bounded(&name(read.subject())),
            name: ComparedName::of(read.subject()),
            above: ComparedName::of(read.issuer()),
            der: certificate.to_vec(),
            tops: is_trusted.then(|| key.clone()).into_iter().collect(),
            key,
            is_trusted,
            may_sign_lists: usage.is_none_or(|usage| usage.crl_sign()),
            // Of one that is not in tls.ca its issuer has to say that it is a CA (6.1.4 (k)): else any client could name a CA.
            may_certify: is_ca.unwrap_or(is_trusted) && usage.is_none_or(|usage| usage.key_cert_sign()),
        })
    }
}

impl<'a> Issuers<'a> {
    /// The CAs of `tls.ca`, and those between them and clients whose certificates are given beside the lists.
    pub fn new(
        trusted: &[CertificateDer<'_>],
        given: &[CertificateDer<'_>],
        algorithms: &'a [&'a dyn SignatureVerificationAlgorithm],
    ) -> Self {
        let trusted = trusted.iter().filter_map(|one| Issuer::of(one, true));
        let all = trusted.chain(given.iter().filter_map(|one| Issuer::of(one, false))).collect();
        let mut issuers = Self { all, algorithms };
        issuers.lead_up();
        issuers
    }

    /// Follows the signatures down from the CAs of `tls.ca`.
    fn lead_up(&mut self) {
        let mut below: HashMap<ComparedName, Vec<usize>> = HashMap::new();
        for (place, one) in self.all.iter().enumerate() {
            below.entry(one.above.clone()).or_default().push(place);
        }
        let mut next: Vec<usize> = (0..self.all.len()).collect();
        while let Some(above) = next.pop() {
            let Some(upper) = self.all.get(above) else { continue };
            if upper.tops.is_empty() || !upper.may_certify {
                continue;
            }
            let (key, tops, algorithms) = (upper.key.clone(), upper.tops.clone(), self.algorithms);
            for place in below.get(&upper.name).cloned().unwrap_or_default() {
                let Some(lower) = self.all.get_mut(place) else { continue };
                if !tops.is_subset(&lower.tops) && is_by(&lower.der, &key, algorithms) {
                    lower.tops.extend(tops.iter().cloned());
                    next.push(place);
                }
            }
        }
    }

    /// Who has signed this list, or why nobody has by whom it could be used.
    pub fn of(&self, list: &Read<'_>) -> Result<Signer, String> {
        let has_signed = |one: &&Issuer| list.signed.is_by(&one.key, self.algorithms) == Signed::Yes;
        let named: Vec<&Issuer> = self.all.iter().filter(|one| one.name == list.name).collect();
        let signing: Vec<&Issuer> = named.iter().copied().filter(has_signed).collect();
        let Some(first) = signing.first() else { return Err(self.unsigned(list, &named)) };
        if !signing.iter().any(|one| one.may_sign_lists) {
            return Err(format!(
                "the key usages of {} do not let it sign lists (cRLSign is not among them; RFC 5280, 6.3.3 (f)): put a certificate \
                 of that CA with keyUsage=keyCertSign,cRLSign in the place of the one there is",
                first.subject
            ));
        }
        let tops: BTreeSet<_> = signing.iter().flat_map(|one| one.tops.iter().cloned()).collect();
        if tops.is_empty() {
            return Err(format!(
                "the certificate of {} that stands beside it leads to no CA of tls.ca: put those between the two there as well",
                first.subject
            ));
        }
        Ok(Signer { key: first.key.clone(), tops })
    }

    /// Why none of the CAs of the name of the list has signed it.
    fn unsigned(&self, list: &Read<'_>, named: &[&Issuer]) -> String {
        let issuer = &list.issuer;
        if !list.signed.is_of(self.algorithms) {
            return "it is signed by an algorithm that is not accepted here, such as SHA-1 or one outside of tls.suite_b: have the CA \
                    sign it with SHA-256 or better"
                .to_owned();
        }
        let signed = self.all.iter().find(|one| list.signed.is_by(&one.key, self.algorithms) == Signed::Yes);
        match (signed, named.is_empty()) {
            (Some(signer), _) => format!(
                "it names {issuer} as its issuer, and {} has signed it: have that CA make it under its own name",
                signer.subject
            ),
            (None, true) => format!(
                "{issuer} is no CA of tls.ca, so that it would revoke nobody. If that CA stands between one of tls.ca and the clients, \
                 put its certificate beside the list: `cat CA.pem LIST.pem`, both PEM, in one file of tls.crl. Otherwise add the CA to \
                 tls.ca, or take the list out of tls.crl"
            ),
            (None, false) => format!(
                "it is not signed with the key of {issuer}: it is damaged, or from somebody else, or from a CA of that name with another \
                 key, whose certificate is not in tls.ca. Fetch it again from the CA, or add that certificate"
            ),
        }
    }

    /// Whether one of these certificates, which is not of `tls.ca`, has signed a list.
    pub fn is_needed(&self, given: &[CertificateDer<'_>], signers: &[Signer]) -> bool {
        let is_given = |one: &&Issuer| !one.is_trusted && given.iter().any(|given| given.as_ref() == one.der);
        self.all.iter().filter(is_given).any(|one| signers.iter().any(|signer| signer.key == one.key))
    }
}

/// Whether this key has signed a certificate.
fn is_by(certificate: &[u8], key: &[u8], algorithms: &[&dyn SignatureVerificationAlgorithm]) -> bool {
    Shape::of(certificate).is_some_and(|shape| shape.is_by(key, algorithms) == Signed::Yes)
}
