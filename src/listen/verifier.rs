//! Who judges the certificates of clients: webpki, by what `tls.ca` holds. What a client has shown is noted for the
//! connection that it came on, so that log and `keystead explain` can name it when it is refused.
//!
//! `tls.ca` may hold two things. A certificate that may sign others is a CA: what it has signed is let in. A certificate
//! that may not, such as a self-signed one of a client, lets in itself alone, byte for byte; as a CA it would let its
//! holder sign certificates for every name.

use super::anchors::{Ca, InForce, Path, Question, Unusable, between, changes, dates, time};
use super::chain::Purpose;
use super::keys;
use super::lineage::{CaOutOfDate, Lineage, Origin, OtherKey};
use super::lists::Lists;
use super::sent::Chain;
use super::shape::Shape;
use super::turned_away::{Trust, certificate};
use super::work::Work;
use crate::authenticate::{self, Judge, Judgement, Refused};
use crate::pki::Facts;
use crate::swap::Swap;
use judgements::{Judgements, digest_of};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, RootCertStore,
    SignatureScheme,
};
use std::collections::HashSet;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

mod judgements;
#[cfg(test)]
mod tests;

tokio::task_local! {
    /// What the client of the connection that this task serves has shown.
    static SHOWN: Arc<Shown>;
}

/// What a client has shown before it was let in or turned away.
#[derive(Default, Debug)]
pub struct Shown(Mutex<Noted>);

/// The same as plain values.
#[derive(Clone, Default, Debug)]
pub struct Noted {
    /// Its first bytes.
    pub first: Vec<u8>,
    /// Its certificate, and those that it sent with it.
    pub chain: Vec<CertificateDer<'static>>,
    /// How the proof that the client has the key of its certificate, which was good, has failed.
    pub proof: Option<Proof>,
}

/// How a proof has failed.
#[derive(Clone, Debug)]
pub enum Proof {
    /// It was made with another key, or not as TLS wants it.
    Wrong,
    /// With this kind of key none can be made that is taken here; with these it can.
    Never {
        /// The kind of the key.
        key: String,
        /// The kinds that are taken.
        taken: String,
    },
}

impl Shown {
    /// Does the handshake of one connection, which this is the note of.
    pub async fn during<T>(self: &Arc<Self>, handshake: impl Future<Output = T>) -> T {
        SHOWN.scope(Arc::clone(self), handshake).await
    }

    /// What was noted so far.
    pub fn noted(&self) -> Noted {
        self.lock().clone()
    }

    /// Notes the first bytes of the connection.
    pub fn begins_with(&self, bytes: &[u8]) {
        self.lock().first = bytes.to_vec();
    }

    fn lock(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes something of the connection of this task. Outside of a handshake there is none.
fn note(what: impl FnOnce(&mut Noted)) {
    let _ = SHOWN.try_with(|shown| what(&mut shown.lock()));
}

/// The judgement of webpki by `tls.ca` and `tls.crl`, noted.
#[derive(Debug)]
pub struct Verifier {
    told: Trust,
    provider: Arc<CryptoProvider>,
    /// All of `tls.ca`.
    pub(super) trusted: HashSet<CertificateDer<'static>>,
    /// The CAs, and what counts of them and their lists between two dates.
    cas: Vec<Ca>,
    in_force: Swap<InForce>,
    /// Lets in these certificates, and nothing that they have signed.
    alone: Vec<CertificateDer<'static>>,
    by_itself: InForce,
    /// Knows them all, whatever their dates are: to name them, and to check proofs.
    every: Arc<dyn ClientCertVerifier>,
    judgements: Judgements,
}

impl Verifier {
    /// Trusts these certificates of `tls.ca`, by the revocation lists that are told; a CA without one revokes nobody.
    pub fn new(
        trusted: &[CertificateDer<'static>],
        told: Trust,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, Unusable> {
        let (signing, alone): (Vec<_>, Vec<_>) =
            trusted.iter().cloned().partition(|certificate| Facts::of(certificate).may_sign());
        let by = |certificates: &[CertificateDer<'static>]| {
            let roots = Arc::new(roots(certificates)?);
            let builder = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&provider));
            Ok::<_, Unusable>(builder.build()?)
        };
        let own = alone.iter().map(Ca::new).collect::<Result<Vec<_>, _>>()?;
        let by_itself = InForce::new(&own, &Lists::default(), None);
        let every = by(trusted)?;
        let cas = signing.iter().map(Ca::new).collect::<Result<Vec<_>, _>>()?;
        let in_force = Swap::new(InForce::new(&cas, &told.lists, Some(seconds(UnixTime::now()))));
        let trusted = trusted.iter().cloned().collect();
        let judgements = Judgements::default();
        Ok(Self { told, provider, trusted, cas, in_force, alone, by_itself, every, judgements })
    }

    /// What counts at this time.
    fn at(&self, now: UnixTime) -> Arc<InForce> {
        let in_force = self.in_force.get();
        if in_force.span.has(seconds(now)) {
            return in_force;
        }
        let made = Arc::new(InForce::new(&self.cas, &self.told.lists, Some(seconds(now))));
        self.in_force.put(Arc::clone(&made));
        made
    }

    /// By which certificates a chain leads to what lets it in, by what counts now.
    pub(super) fn path(&self, chain: &Chain<'_>, purpose: Purpose, now: i64) -> Result<Path, Untrusted> {
        self.answer(chain, &Question { purpose, provider: &self.provider, now, work: Work::default() })
    }

    fn answer(&self, chain: &Chain<'_>, question: &Question<'_>) -> Result<Path, Untrusted> {
        if self.stands_alone(&chain.own) {
            let path = self.by_itself.path(&[], chain, question)?;
            return Ok(Path { validity: dates(&chain.own), ..path });
        }
        let in_force = self.at(time(question.now));
        let path = in_force.path(&self.cas, chain, question);
        path.map_err(|error| self.cause(error, chain, &in_force, question))
    }

    /// What is wrong on the way by which a chain comes from a CA; otherwise, where it comes from none.
    fn cause(
        &self,
        error: Error,
        chain: &Chain<'_>,
        in_force: &InForce,
        question: &Question<'_>,
    ) -> Untrusted {
        let own = Facts::of(&chain.own);
        let is_wrong_itself = own.version != 3
            || own.is_ca
            || own.is_outside(question.now)
            || !own.is_for(question.purpose.name());
        if question.work.is_over() {
            return error.into();
        }
        let counted = question.work.counting(question.provider.signature_verification_algorithms.all);
        let algorithms: Vec<_> =
            counted.iter().map(|one| one as &dyn SignatureVerificationAlgorithm).collect();
        let lineage = Lineage::of(chain, &self.cas, &algorithms);
        let origin = lineage.origin();
        match origin {
            // Not all was looked at.
            _ if question.work.is_over() => error.into(),
            Origin::Cas(cas) => {
                let (good, ended): (Vec<_>, Vec<_>) =
                    cas.into_iter().partition(|ca| ca.dates().has(question.now));
                if let (true, Some(ca)) = (good.is_empty(), ended.iter().max_by_key(|ca| ca.dates().until)) {
                    return other(CaOutOfDate(ca.facts.clone())).into();
                }
                let chain = Chain { above: lineage.above(question.now), ..chain.clone() };
                in_force.path_to_some(&good, &chain, question).err().unwrap_or(error).into()
            }
            _ if is_wrong_itself => error.into(),
            Origin::Unsure if matches!(error, Error::InvalidCertificate(CertificateError::BadSignature)) => {
                let context = CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext {
                    signature_algorithm_id: Vec::new(),
                    public_key_algorithm_id: Vec::new(),
                };
                Error::from(context).into()
            }
            Origin::Unsure => error.into(),
            Origin::OtherKeyThanCa(way) => {
                Untrusted { error: CertificateError::BadSignature.into(), way: Some(way) }
            }
            Origin::OtherKeyThanSent(issued) => other(OtherKey(*issued)).into(),
            Origin::Elsewhere(way) => {
                Untrusted { error: CertificateError::UnknownIssuer.into(), way: Some(way) }
            }
        }
    }

    fn stands_alone(&self, own: &CertificateDer<'_>) -> bool {
        self.alone.iter().any(|one| one == own)
    }

    /// What a chain comes to at this time; one that was found good before, and of which nothing has changed, is not judged again.
    fn judged(
        &self,
        chain: &[CertificateDer<'_>],
        shown: authenticate::Shown,
        now: i64,
    ) -> Result<Judgement, Untrusted> {
        let Some((own, sent)) = chain.split_first() else {
            return Err(Error::NoCertificatesPresented.into());
        };
        let digest = digest_of(chain, shown);
        if let Some(known) = self.judgements.get(&digest, now) {
            return Ok(known);
        }
        let purpose = match shown {
            authenticate::Shown::ByClient => Purpose::client(),
            authenticate::Shown::ByEndpoint => Purpose::server(),
        };
        let chain = Chain::of(own, sent, &self.trusted)?;
        let Path { certificates, validity } = self.path(&chain, purpose, now)?;
        let in_force = self.at(time(now));
        let holds = between(changes(&chain), now).and(in_force.span);
        let judgement = Judgement { path: certificates, validity, holds };
        self.judgements.put(digest, judgement.clone());
        Ok(judgement)
    }

    /// Notes that a client has not proved that it has the key of its certificate, and whether that key could have done so.
    fn not_proved(&self, certificate: &CertificateDer<'_>) {
        let algorithms = self.provider.signature_verification_algorithms.all;
        let key = Shape::of(certificate).and_then(|shape| keys::not_taken(shape.key, algorithms));
        let proof = key.map_or(Proof::Wrong, |key| Proof::Never { key, taken: keys::taken(algorithms) });
        note(|noted| noted.proof = Some(proof));
    }
}

/// Why a chain is not trusted.
pub(super) struct Untrusted {
    /// What TLS says.
    pub error: Error,
    /// Where it comes from no CA: those above the own one that were followed, by their signatures.
    way: Option<Vec<CertificateDer<'static>>>,
}

impl From<Error> for Untrusted {
    fn from(error: Error) -> Self {
        Self { error, way: None }
    }
}

impl Untrusted {
    /// What the cause is told of: without those that have only the names of others on the way up.
    fn told(&self, shown: &[CertificateDer<'_>]) -> Vec<CertificateDer<'static>> {
        let Some((own, sent)) = shown.split_first() else { return Vec::new() };
        let searched = Chain::cut(own, sent).above;
        let is_told = |one: &&CertificateDer<'_>| {
            self.way.as_ref().is_none_or(|way| way.contains(one) || !searched.contains(one))
        };
        let told = std::iter::once(own).chain(sent.iter().filter(is_told));
        told.map(|one| one.clone().into_owned()).collect()
    }
}

fn other(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    CertificateError::Other(OtherError(Arc::new(error))).into()
}

impl Judge for Verifier {
    fn judge(
        &self,
        chain: &[CertificateDer<'_>],
        shown: authenticate::Shown,
        now: i64,
    ) -> Result<Judgement, Refused> {
        self.judged(chain, shown, now).map_err(|untrusted| {
            let why = certificate::why(&untrusted.error, &untrusted.told(chain), &self.told).1;
            Refused { why, error: Some(untrusted.error) }
        })
    }
}

/// A time of TLS, in seconds since 1970.
pub(super) fn seconds(time: UnixTime) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

/// These certificates, to trust as those of a CA.
fn roots(certificates: &[CertificateDer<'static>]) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    certificates.iter().try_for_each(|certificate| roots.add(certificate.clone()))?;
    Ok(roots)
}

impl ClientCertVerifier for Verifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.every.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let sent = std::iter::once(certificate).chain(intermediates).map(|one| one.clone().into_owned());
        let sent: Vec<_> = sent.collect();
        note(|noted| noted.chain.clone_from(&sent));
        let judged = self.judged(&sent, authenticate::Shown::ByClient, seconds(now));
        judged.map(|_| ClientCertVerified::assertion()).map_err(|untrusted| {
            note(|noted| noted.chain = untrusted.told(&sent));
            untrusted.error
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        proof: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let proved = self.every.verify_tls12_signature(message, certificate, proof);
        proved.inspect_err(|_| self.not_proved(certificate))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        proof: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let proved = self.every.verify_tls13_signature(message, certificate, proof);
        proved.inspect_err(|_| self.not_proved(certificate))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.every.supported_verify_schemes()
    }
}
