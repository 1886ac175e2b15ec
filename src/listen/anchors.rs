//! The CAs of `tls.ca` that are in force at a time, with their revocation lists, and the path that leads to one of them.
//! webpki does not look at the dates of a trust anchor, nor gives a list some grace: both are decided here.

use super::chain::{Purpose, Rules, in_tls};
use super::lists::Lists;
use super::sent::Chain;
use super::work::Work;
use crate::engine::rights::identity::{CertificatePath, Validity};
use crate::pki::{Facts, may_prove};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer, TrustAnchor, UnixTime};
use rustls::server::VerifierBuilderError;
use rustls::{CertificateError, Error, RootCertStore};
use std::fmt;
use std::time::Duration;
use webpki::EndEntityCert;

/// Why certificates cannot be trusted.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// One of them is none.
    #[error(transparent)]
    Certificate(#[from] Error),
    /// All together are none.
    #[error(transparent)]
    Verifier(#[from] VerifierBuilderError),
}

/// A CA.
#[derive(Clone, Debug)]
pub struct Ca {
    anchor: TrustAnchor<'static>,
    /// What its certificate says.
    pub facts: Facts,
}

impl Ca {
    /// From its certificate.
    pub fn new(certificate: &CertificateDer<'_>) -> Result<Self, Error> {
        let mut store = RootCertStore::empty();
        store.add(certificate.clone().into_owned())?;
        let anchor = store.roots.pop().ok_or(CertificateError::BadEncoding)?;
        Ok(Self { anchor, facts: Facts::of(certificate) })
    }

    /// Its name, DER without tag and length.
    pub fn subject(&self) -> &[u8] {
        &self.anchor.subject
    }

    /// Its key, SubjectPublicKeyInfo in DER.
    pub fn key(&self) -> SubjectPublicKeyInfoDer<'static> {
        webpki::spki_for_anchor(&self.anchor)
    }

    /// When it is good. One that says nothing that can be read is good always, as webpki has it.
    pub fn dates(&self) -> Validity {
        let (from, until) = self.facts.validity;
        if self.facts.version == 0 { Validity::EVER } else { Validity { from, until } }
    }
}

/// Those of these CAs that are good now, as trust anchors.
fn anchors(cas: &[Ca], now: Option<i64>) -> Vec<TrustAnchor<'static>> {
    let good = cas.iter().filter(|ca| now.is_none_or(|now| ca.dates().has(now)));
    good.map(|ca| ca.anchor.clone()).collect()
}

/// What is asked of a chain.
pub struct Question<'q> {
    /// What it must be good for.
    pub purpose: Purpose,
    /// The cryptography of TLS.
    pub provider: &'q CryptoProvider,
    /// When, in seconds since 1970.
    pub now: i64,
    /// What all searches for the answer cost.
    pub work: Work,
}

/// What counts between two dates.
pub struct InForce {
    /// When it does.
    pub span: Validity,
    anchors: Vec<TrustAnchor<'static>>,
    lists: Lists,
}

impl fmt::Debug for InForce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (cas, lists) = (self.anchors.len(), self.lists.iter().count());
        write!(f, "{cas} CAs and {lists} lists in {:?}", self.span)
    }
}

impl InForce {
    /// What counts now; without a time, whatever the dates are.
    pub fn new(cas: &[Ca], lists: &Lists, now: Option<i64>) -> Self {
        let dates = cas.iter().map(Ca::dates).flat_map(|dates| [Some(dates.from), after(dates.until)]);
        let changes = dates.flatten().chain(lists.changes());
        Self {
            span: now.map_or(Validity::EVER, |now| between(changes, now)),
            anchors: anchors(cas, now),
            lists: now.map_or_else(|| lists.clone(), |now| lists.at(now)),
        }
    }

    /// By which certificates this chain leads to one of the CAs, by the lists too.
    pub fn path(&self, cas: &[Ca], chain: &Chain<'_>, question: &Question<'_>) -> Result<Path, Error> {
        self.path_to(&self.anchors, cas, chain, question)
    }

    /// The same to some of the CAs alone, whatever the dates of these are.
    pub fn path_to_some(
        &self,
        some: &[&Ca],
        chain: &Chain<'_>,
        question: &Question<'_>,
    ) -> Result<Path, Error> {
        let (anchors, cas): (Vec<_>, Vec<_>) =
            some.iter().map(|ca| (ca.anchor.clone(), (*ca).clone())).unzip();
        self.path_to(&anchors, &cas, chain, question)
    }

    fn path_to(
        &self,
        anchors: &[TrustAnchor<'static>],
        cas: &[Ca],
        chain: &Chain<'_>,
        question: &Question<'_>,
    ) -> Result<Path, Error> {
        let now = question.now;
        let rules = Rules {
            algorithms: question.provider.signature_verification_algorithms.all,
            lists: &self.lists,
            purpose: question.purpose,
            now,
            work: &question.work,
        };
        let end = EndEntityCert::try_from(&chain.own).map_err(in_tls)?;
        let path = rules.path(&end, chain, anchors).map_err(in_tls)?;
        if !may_prove(&chain.own) {
            return Err(CertificateError::InvalidPurpose.into());
        }
        let top = path.anchor();
        let same = cas.iter().filter(|ca| {
            ca.anchor.subject == top.subject
                && ca.anchor.subject_public_key_info == top.subject_public_key_info
        });
        // A CA that was renewed with its key stands there twice.
        let top = same.map(Ca::dates).filter(|dates| dates.has(now)).max_by_key(|dates| dates.until);
        let between = path.intermediate_certificates().map(|one| one.der().to_vec());
        let certificates: Vec<_> = std::iter::once(chain.own.to_vec()).chain(between).collect();
        let validity = certificates.iter().filter_map(|one| dates(one)).chain(top).reduce(Validity::and);
        Ok(Path { certificates: CertificatePath::new(certificates), validity })
    }
}

/// By which certificates a chain leads to a CA, and when all of these are good, that of the CA included.
pub struct Path {
    /// The own one first, that of the CA left out.
    pub certificates: CertificatePath,
    /// When they are good.
    pub validity: Option<Validity>,
}

/// The times around now between which none of these changes happens; each happens in its second.
pub fn between(changes: impl Iterator<Item = i64>, now: i64) -> Validity {
    changes.fold(Validity::EVER, |span, change| match change > now {
        true => Validity { until: span.until.min(change.saturating_sub(1)), ..span },
        false => Validity { from: span.from.max(change), ..span },
    })
}

/// The first second in which something is over that lasts until this one; none where that never comes.
fn after(until: i64) -> Option<i64> {
    until.checked_add(1)
}

/// When each of a chain begins and ends to be good.
pub fn changes(chain: &Chain<'_>) -> impl Iterator<Item = i64> {
    chain
        .all()
        .filter_map(|one| dates(one))
        .flat_map(|dates| [Some(dates.from), after(dates.until)])
        .flatten()
}

/// When a certificate is good.
pub fn dates(certificate: &[u8]) -> Option<Validity> {
    let facts = Facts::of(certificate);
    (facts.version != 0).then_some(Validity { from: facts.validity.0, until: facts.validity.1 })
}

/// The same time for webpki, which knows none before 1970.
pub fn time(seconds: i64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds.max(0).cast_unsigned()))
}
