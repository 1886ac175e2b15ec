//! By which key a revocation list is signed, and for which other keys of its CA that key may speak.

use super::list::RevocationList;
use super::names::ComparedName;
use super::read::Read;
use crate::listen::shape::{Shape, Signed};
use crate::pki::{Facts, bounded, may_certify, name};
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use webpki::EndEntityCert;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// A CA: its name, and its key as SubjectPublicKeyInfo in DER.
pub type CaKey = (ComparedName, Vec<u8>);

/// What is known of CAs beside their lists.
#[derive(Default, Debug)]
pub struct Known {
    /// Those of `tls.ca`.
    pub trusted: HashSet<CaKey>,
    /// Those that stood there since the server started, and do not any more.
    pub former: HashSet<CaKey>,
    /// The keys of `tls.ca` that have certified a CA whose certificate stands beside the lists.
    pub certifiers: HashMap<CaKey, BTreeSet<Vec<u8>>>,
}

/// The certificates of CAs that lists may come from, and the signatures that are taken.
pub struct Issuers<'a> {
    pub(super) all: Vec<Issuer>,
    pub(super) former: HashSet<CaKey>,
    algorithms: &'a [&'a dyn SignatureVerificationAlgorithm],
}

/// A certificate of a CA.
pub(super) struct Issuer {
    subject: String,
    /// Its name and key.
    pub(super) id: CaKey,
    above: ComparedName,
    pub(super) der: Vec<u8>,
    serial: Vec<u8>,
    /// How lists name its key (RFC 5280, 4.2.1.2).
    key_id: Option<Vec<u8>>,
    span: (i64, i64),
    /// Whether it stands in `tls.ca`.
    pub(super) is_trusted: bool,
    pub(super) may_sign_lists: bool,
    /// Whether it says that it is a CA, or signs lists for one: else a client with the name of its CA could speak for that.
    is_for_lists: bool,
    /// The keys that have signed it, unless one of them has revoked it.
    pub(super) by: BTreeSet<Vec<u8>>,
    pub(super) is_revoked: bool,
}

/// The key that has signed a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signer {
    /// The key, SubjectPublicKeyInfo in DER.
    pub key: Vec<u8>,
    /// The keys that have certified it for lists under the name of the list: it speaks for whom these have certified as well.
    pub by: BTreeSet<Vec<u8>>,
    /// When one of these certificates is good.
    pub span: (i64, i64),
}

impl Signer {
    /// Whether one of the certificates by which it speaks for others is in its dates.
    pub fn is_good(&self, now: i64) -> bool {
        (self.span.0..=self.span.1).contains(&now)
    }
}

/// By whom a list is.
pub enum Standing {
    /// By this key.
    By(Signer),
    /// By none that is known, for this reason.
    Unverified(String),
}

impl Issuer {
    fn of(certificate: &CertificateDer<'_>, is_trusted: bool) -> Option<Self> {
        let (_, read) = X509Certificate::from_der(certificate).ok()?;
        let usage = read.key_usage().ok()?.map(|usage| usage.value);
        let is_ca = read.basic_constraints().ok()?.is_some_and(|constraints| constraints.value.ca);
        let signs_lists = usage.map(|usage| usage.crl_sign());
        let key_id = read.extensions().iter().find_map(|one| match one.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
            _ => None,
        });
        let dates = read.validity();
        Some(Self {
            subject: bounded(&name(read.subject())),
            id: (ComparedName::of(read.subject()), read.public_key().raw.to_vec()),
            above: ComparedName::of(read.issuer()),
            der: certificate.to_vec(),
            serial: read.raw_serial().to_vec(),
            key_id,
            span: (dates.not_before.timestamp(), dates.not_after.timestamp()),
            is_trusted,
            may_sign_lists: signs_lists.unwrap_or(true),
            is_for_lists: signs_lists.unwrap_or(is_ca) && EndEntityCert::try_from(certificate).is_ok(),
            by: BTreeSet::new(),
            is_revoked: false,
        })
    }

    fn is_by(&self, key: &[u8], algorithms: &[&dyn SignatureVerificationAlgorithm]) -> bool {
        Shape::of(&self.der).is_some_and(|shape| shape.is_by(key, algorithms) == Signed::Yes)
    }
}

impl<'a> Issuers<'a> {
    /// The CAs of `tls.ca`, those whose certificates are given beside the lists, and those that stood in `tls.ca` before.
    pub fn new(
        trusted: &[CertificateDer<'_>],
        given: &[CertificateDer<'_>],
        before: &Known,
        algorithms: &'a [&'a dyn SignatureVerificationAlgorithm],
    ) -> Self {
        let trusted = trusted.iter().filter_map(|one| Issuer::of(one, true));
        let mut all: Vec<_> = trusted.chain(given.iter().filter_map(|one| Issuer::of(one, false))).collect();
        let signers: Vec<_> = all
            .iter()
            .filter(|one| one.is_trusted || (Facts::of(&one.der).is_ca && may_certify(&one.der)))
            .map(|one| one.id.clone())
            .collect();
        for one in &mut all {
            let named = signers.iter().filter(|(name, _)| *name == one.above);
            let keys = named.filter(|(_, key)| one.is_by(key, algorithms)).map(|(_, key)| key.clone());
            one.by = keys.collect();
        }
        let is_gone = |id: &&CaKey| !all.iter().any(|one| one.is_trusted && one.id == **id);
        let former = before.trusted.iter().chain(&before.former).filter(is_gone).cloned().collect();
        Self { all, former, algorithms }
    }

    pub(super) fn named(&self, name: &ComparedName) -> Vec<&Issuer> {
        self.all.iter().filter(|one| one.id.0 == *name).collect()
    }

    /// By whom this list is, or why it cannot be used.
    pub fn of(&self, list: &Read<'_>) -> Result<Standing, String> {
        let has_signed = |key: &[u8]| list.signed.is_by(key, self.algorithms) == Signed::Yes;
        let named = self.named(&list.name);
        if let Some(signer) = named.iter().find(|one| has_signed(&one.id.1)) {
            return Ok(Standing::By(self.signer(&signer.id)));
        }
        if let Some(former) = self.former.iter().find(|(name, key)| *name == list.name && has_signed(key)) {
            return Ok(Standing::By(self.signer(former)));
        }
        let issuer = &list.issuer;
        if !named.is_empty() {
            return self.unsigned(list, &named);
        }
        match self.all.iter().find(|one| has_signed(&one.id.1)) {
            Some(signer) => Err(format!(
                "it names {issuer} as its issuer, and {} has signed it: have that CA make it under its own name",
                signer.subject
            )),
            None => Ok(Standing::Unverified(format!(
                "no CA of the name {issuer} stands in tls.ca, nor its certificate beside a list. If it stands between a CA of tls.ca and \
                 the clients, put its certificate beside the list: `cat CA.pem LIST.pem`, both PEM, in one file of tls.crl. \
                 Otherwise take the list out of tls.crl"
            ))),
        }
    }

    /// What a list is that has the name of these CAs, and that none of them has signed.
    fn unsigned(&self, list: &Read<'_>, named: &[&Issuer]) -> Result<Standing, String> {
        let issuer = &list.issuer;
        if !list.signed.is_of(self.algorithms) {
            return Err(
                "it is signed by an algorithm that is not accepted here, such as SHA-1 or one outside of tls.suite_b: have the CA \
                 sign it with SHA-256 or better"
                    .to_owned(),
            );
        }
        let why = format!(
            "it is not signed with the key of {issuer}: it is damaged, or from somebody else, or from a CA of that name with another \
             key. Fetch it again from the CA; or put the certificate of that other key beside it; or take it out, if that CA stands in \
             tls.ca no more"
        );
        let is_other = |one: &&Issuer| one.key_id.as_ref().is_some_and(|id| list.key_id.as_ref() != Some(id));
        match list.key_id.is_some() && named.iter().all(is_other) {
            true => Ok(Standing::Unverified(why)),
            false => Err(why),
        }
    }

    /// What is known of a key that signs lists under this name.
    pub fn signer(&self, id: &CaKey) -> Signer {
        let speaking: Vec<_> = self.all.iter().filter(|one| one.id == *id && one.is_for_lists).collect();
        let by = speaking.iter().flat_map(|one| one.by.iter().cloned()).collect();
        let spans = speaking.iter().filter(|one| !one.by.is_empty()).map(|one| one.span);
        let span = spans.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)));
        Signer { key: id.1.clone(), by, span: span.unwrap_or((i64::MIN, i64::MAX)) }
    }

    /// Forgets who has certified what one of these lists revokes.
    pub fn forget_revoked<'l>(&mut self, lists: impl Iterator<Item = &'l RevocationList> + Clone) {
        for one in &mut self.all {
            let is_of = |list: &&'l RevocationList| {
                list.name == one.above
                    && (one.by.contains(&list.signer.key) || !one.by.is_disjoint(&list.signer.by))
            };
            if lists.clone().filter(is_of).any(|list| list.revokes(&one.serial)) {
                one.by.clear();
                one.is_revoked = true;
            }
        }
    }

    /// Whether one of these certificates, which is not of `tls.ca`, is of a CA of the name of a list.
    pub fn is_needed(&self, given: &[CertificateDer<'_>], lists: &[Arc<RevocationList>]) -> bool {
        let is_given = |one: &&Issuer| !one.is_trusted && given.iter().any(|given| given.as_ref() == one.der);
        self.all.iter().filter(is_given).any(|one| lists.iter().any(|list| list.name == one.id.0))
    }

    /// Whether a key that signs lists may speak for that of a certificate of the same name: that one itself has certified it, or a CA
    /// that has certified both. Above a CA of `tls.ca` those are looked at that stand there themselves.
    pub(super) fn speaks(&self, signer: &Signer, one: &Issuer) -> bool {
        let counts = |key: &Vec<u8>| {
            !one.is_trusted || self.all.iter().any(|other| other.is_trusted && other.id.1 == *key)
        };
        signer.by.contains(&one.id.1) || one.by.intersection(&signer.by).any(counts)
    }

    /// Why a list is of no use to the CAs of `tls.ca` that have its name, though one of these has no other list.
    pub fn amiss(
        &self,
        name: &ComparedName,
        signer: Option<&Signer>,
        lists: &[Arc<RevocationList>],
    ) -> Option<String> {
        let trusted: Vec<_> = self.named(name).into_iter().filter(|one| one.is_trusted).collect();
        // Where a CA between has certified both keys, the list may be for the clients of its own key alone, and is not refused for that.
        let is_for = |one: &Issuer, signer: &Signer| {
            one.id.1 == signer.key || signer.by.contains(&one.id.1) || !one.by.is_disjoint(&signer.by)
        };
        let is_former = |signer: &Signer| self.former.contains(&(name.clone(), signer.key.clone()));
        if signer.is_some_and(|signer| is_former(signer) || trusted.iter().any(|one| is_for(one, signer))) {
            return None;
        }
        let has_list =
            |one: &&&Issuer| lists.iter().any(|list| list.name == *name && is_for(one, &list.signer));
        let without = trusted.iter().find(|one| !has_list(one))?;
        Some(format!(
            "it has the name of {}, a CA of tls.ca, and is not signed with the key of that CA, nor with one that it has certified for \
             lists, and that CA has no other list in tls.crl: fetch the list of that CA",
            without.subject
        ))
    }

    /// The CAs of `tls.ca` that did not stand there before, and for which no list is: what they are called, and what they are.
    pub fn new_without(&self, before: &Known, lists: &[Arc<RevocationList>]) -> Vec<(String, CaKey)> {
        let has = |one: &Issuer| {
            lists.iter().any(|list| {
                list.name == one.id.0 && (list.signer.key == one.id.1 || self.speaks(&list.signer, one))
            })
        };
        let trusted = self.all.iter().filter(|one| one.is_trusted && !before.trusted.contains(&one.id));
        trusted.filter(|one| !has(one)).map(|one| (one.subject.clone(), one.id.clone())).collect()
    }

    /// What is kept for judging paths.
    pub fn known(self) -> Known {
        let trusted: HashSet<_> =
            self.all.iter().filter(|one| one.is_trusted).map(|one| one.id.clone()).collect();
        let keys: BTreeSet<_> = trusted.iter().map(|(_, key)| key.clone()).collect();
        let mut certifiers: HashMap<CaKey, BTreeSet<Vec<u8>>> = HashMap::new();
        for one in self.all {
            certifiers.entry(one.id).or_default().extend(one.by.intersection(&keys).cloned());
        }
        Known { trusted, former: self.former, certifiers }
    }
}
