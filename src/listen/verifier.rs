//! Who judges the certificates of clients: webpki, by what `tls.ca` holds. What a client has shown is noted for the
//! connection that it came on, so that log and `keystead explain` can name it when it is refused.
//!
//! `tls.ca` may hold two things. A certificate that may sign others is a CA: what it has signed is let in. A certificate
//! that may not, such as a self-signed one of a client, lets in itself alone, byte for byte; as a CA it would let its
//! holder sign certificates for every name.

use super::anchors::{Ca, InForce, Path, Unusable, between, changes, dates, out_of_date, time};
use super::chain::Purpose;
use super::turned_away::{Trust, certificate};
use crate::gate::{self, Judge, Judgement, Refused};
use crate::pki::Facts;
use crate::swap::Swap;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme,
};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
    /// Whether the certificate was good, and the proof that the client has its key was not.
    pub proved_badly: bool,
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
    /// The CAs, and what counts of them and their lists between two dates.
    cas: Vec<Ca>,
    in_force: Swap<InForce>,
    /// Lets in these certificates, and nothing that they have signed.
    alone: Vec<CertificateDer<'static>>,
    by_itself: InForce,
    /// Knows them all, whatever their dates are: to name them, and to check proofs.
    every: Arc<dyn ClientCertVerifier>,
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
        let by_itself = InForce::new(&own, (&[], 0), None)?;
        let every = by(trusted)?;
        let cas = signing.iter().map(Ca::new).collect::<Result<Vec<_>, _>>()?;
        let lists = (told.lists.as_slice(), told.crl_grace_seconds);
        let in_force = Swap::new(InForce::new(&cas, lists, Some(seconds(UnixTime::now())))?);
        Ok(Self { told, provider, cas, in_force, alone, by_itself, every })
    }

    /// What counts at this time.
    fn at(&self, now: UnixTime) -> Result<Arc<InForce>, Error> {
        let in_force = self.in_force.get();
        if in_force.span.has(seconds(now)) {
            return Ok(in_force);
        }
        let lists = (self.told.lists.as_slice(), self.told.crl_grace_seconds);
        let made = Arc::new(InForce::new(&self.cas, lists, Some(seconds(now)))?);
        self.in_force.put(Arc::clone(&made));
        Ok(made)
    }

    /// By which certificates a chain leads to what lets it in, by what counts now.
    fn path(
        &self,
        both @ (own, sent): (&CertificateDer<'_>, &[CertificateDer<'_>]),
        purpose: Purpose,
        now: i64,
    ) -> Result<Path, Error> {
        if self.stands_alone(own) {
            let path = self.by_itself.path(&[], both, purpose, (&self.provider, now))?;
            return Ok(Path { validity: dates(own), ..path });
        }
        let path = self.at(time(now))?.path(&self.cas, both, purpose, (&self.provider, now));
        path.map_err(|error| match error {
            Error::InvalidCertificate(
                CertificateError::UnknownIssuer
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYetContext { .. },
            ) => out_of_date(&self.cas, own, sent, (&self.provider, now)).unwrap_or(error),
            error => error,
        })
    }

    fn stands_alone(&self, own: &CertificateDer<'_>) -> bool {
        self.alone.iter().any(|one| one == own)
    }

    fn judged(&self, chain: &[CertificateDer<'_>], shown: gate::Shown, now: i64) -> Result<Judgement, Error> {
        let Some(both) = chain.split_first() else { return Err(Error::NoCertificatesPresented) };
        let purpose = match shown {
            gate::Shown::ByClient => Purpose::client(),
            gate::Shown::ByEndpoint => Purpose::server(),
        };
        let Path { certificates, validity } = self.path(both, purpose, now)?;
        let in_force = self.at(time(now))?;
        let holds = between(changes(chain), now).and(in_force.span);
        Ok(Judgement { path: certificates, validity, holds })
    }
}

impl Judge for Verifier {
    fn judge(
        &self,
        chain: &[CertificateDer<'_>],
        shown: gate::Shown,
        now: i64,
    ) -> Result<Judgement, Refused> {
        self.judged(chain, shown, now).map_err(|error| {
            let why = certificate::why(&error, chain, &self.told).1;
            Refused { why, error: Some(error) }
        })
    }
}

/// A time of TLS, in seconds since 1970.
fn seconds(time: UnixTime) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

/// These certificates, to trust as those of a CA.
pub fn roots(certificates: &[CertificateDer<'static>]) -> Result<RootCertStore, Error> {
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
        note(|noted| noted.chain = sent.collect());
        let path = self.path((certificate, intermediates), Purpose::client(), seconds(now));
        path.map(|_| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        proof: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let proved = self.every.verify_tls12_signature(message, certificate, proof);
        proved.inspect_err(|_| note(|noted| noted.proved_badly = true))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        proof: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let proved = self.every.verify_tls13_signature(message, certificate, proof);
        proved.inspect_err(|_| note(|noted| noted.proved_badly = true))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.every.supported_verify_schemes()
    }
}
