//! Who judges the certificates of clients: webpki, by what `tls.ca` holds. What a client has shown is noted for the
//! connection that it came on, so that log and `keystead explain` can name it when it is refused.
//!
//! `tls.ca` may hold two things. A certificate that may sign others is a CA: what it has signed is let in. A certificate
//! that may not, such as a self-signed one of a client, lets in itself alone, byte for byte; as a CA it would let its
//! holder sign certificates for every name.

use crate::pki::Facts;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme};
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

/// webpki's judgement, noted.
#[derive(Debug)]
pub struct Verifier {
    /// Lets in what a CA has signed; none where `tls.ca` has no CA.
    by_ca: Option<Arc<dyn ClientCertVerifier>>,
    /// Lets in these certificates, and nothing that they have signed.
    alone: Vec<CertificateDer<'static>>,
    by_itself: Option<Arc<dyn ClientCertVerifier>>,
    hints: Vec<DistinguishedName>,
}

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

impl Verifier {
    /// Trusts the certificates of `tls.ca`.
    ///
    /// The revocation lists are those of `tls.crl`; a CA without one revokes nobody.
    pub fn new(
        trusted: &[CertificateDer<'static>],
        lists: &[CertificateRevocationListDer<'static>],
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, Unusable> {
        let (signing, alone): (Vec<_>, Vec<_>) =
            trusted.iter().cloned().partition(|certificate| Facts::of(certificate).may_sign());
        let by = |certificates: &[CertificateDer<'static>]| {
            if certificates.is_empty() {
                return Ok(None);
            }
            let roots = Arc::new(roots(certificates)?);
            let builder = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(provider))
                .with_crls(lists.iter().cloned())
                .allow_unknown_revocation_status();
            Ok::<_, Unusable>(Some(builder.build()?))
        };
        let (by_ca, by_itself) = (by(&signing)?, by(&alone)?);
        let both = by_ca.iter().chain(&by_itself);
        let hints = both.flat_map(|verifier| verifier.root_hint_subjects().iter().cloned()).collect();
        Ok(Self { by_ca, alone, by_itself, hints })
    }

    /// Any of the two: they check proofs alike.
    fn any(&self) -> Result<&Arc<dyn ClientCertVerifier>, Error> {
        self.by_ca.as_ref().or(self.by_itself.as_ref()).ok_or(Error::General("nobody is trusted".to_owned()))
    }
}

/// These certificates, to trust as those of a CA.
pub fn roots(certificates: &[CertificateDer<'static>]) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    certificates.iter().try_for_each(|certificate| roots.add(certificate.clone()))?;
    Ok(roots)
}

impl ClientCertVerifier for Verifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let sent = std::iter::once(certificate).chain(intermediates).map(|one| one.clone().into_owned());
        note(|noted| noted.chain = sent.collect());
        let verifier = match (&self.by_itself, &self.by_ca) {
            (Some(by_itself), _) if self.alone.iter().any(|one| one == certificate) => by_itself,
            (_, Some(by_ca)) => by_ca,
            _ => return Err(rustls::CertificateError::UnknownIssuer.into()),
        };
        verifier.verify_client_cert(certificate, intermediates, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        proof: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let proved = self.any()?.verify_tls12_signature(message, certificate, proof);
        proved.inspect_err(|_| note(|noted| noted.proved_badly = true))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        proof: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let proved = self.any()?.verify_tls13_signature(message, certificate, proof);
        proved.inspect_err(|_| note(|noted| noted.proved_badly = true))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.any().map(|verifier| verifier.supported_verify_schemes()).unwrap_or_default()
    }
}
