//! How a certificate leads to a CA: by webpki, and by what RFC 5280 asks for beyond that. One search decides on everything, so
//! that of several paths the one counts that keeps every rule.

use super::sent::Chain;
use super::work::{CountedPurpose, Work};
use crate::pki::may_certify;
use rustls::pki_types::{SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use rustls::{CertRevocationListError as List, CertificateError as Bad, Error, OtherError};
use std::slice;
use std::sync::Arc;
use webpki::{
    CertRevocationList, EndEntityCert, ExpirationPolicy, ExtendedKeyUsageValidator, KeyPurposeIdIter,
    KeyUsage, RequiredEkuNotFoundContext, RevocationOptions, RevocationOptionsBuilder, UnknownStatusPolicy,
    VerifiedPath,
};

/// What a certificate and those above it must be good for.
#[derive(Clone, Copy)]
pub struct Purpose(KeyUsage, &'static str);

impl Purpose {
    /// To be shown by a client.
    pub fn client() -> Self {
        Self(KeyUsage::client_auth(), "clientAuth")
    }

    /// To be shown by a server.
    pub fn server() -> Self {
        Self(KeyUsage::server_auth(), "serverAuth")
    }

    /// The name of the extended key usage.
    pub fn name(self) -> &'static str {
        self.1
    }
}

impl ExtendedKeyUsageValidator for Purpose {
    /// Without the extension it is for any purpose, and so it is with anyExtendedKeyUsage in it (RFC 5280, 4.2.1.12), which
    /// webpki does not know.
    fn validate(&self, purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        const ANY: &[usize] = &[2, 5, 29, 37, 0];
        let mut present = Vec::new();
        for purpose in purposes {
            present.push(purpose?.to_decoded_oid());
        }
        let wanted: Vec<usize> = self.0.oid_values().collect();
        match present.is_empty() || present.iter().any(|one| *one == wanted || one == ANY) {
            true => Ok(()),
            false => {
                let context = RequiredEkuNotFoundContext { required: self.0, present };
                Err(webpki::Error::RequiredEkuNotFoundContext(context))
            }
        }
    }
}

/// What chains are judged by.
pub struct Rules<'r> {
    /// The signatures that are taken.
    pub algorithms: &'r [&'r dyn SignatureVerificationAlgorithm],
    /// The revocation lists; a CA without one revokes nobody.
    pub lists: &'r [CertRevocationList<'static>],
    /// Those of them that are too old: nobody of whom they would speak is let in.
    pub overdue: &'r [CertRevocationList<'static>],
    /// What it must be good for.
    pub purpose: Purpose,
    /// When.
    pub now: UnixTime,
    /// What all searches of this judgement have cost so far.
    pub work: &'r Work,
}

impl Rules<'_> {
    /// The path by which a certificate leads to one of these CAs; `own` is the first of the chain.
    pub fn path<'p>(
        &self,
        own: &'p EndEntityCert<'p>,
        chain: &'p Chain<'_>,
        anchors: &'p [TrustAnchor<'_>],
    ) -> Result<VerifiedPath<'p>, webpki::Error> {
        let lists: Vec<_> = self.lists.iter().collect();
        let keeps_the_rest = |path: &VerifiedPath<'_>| self.keeps_the_rest(path);
        let (options, counted) =
            (options(&lists, ExpirationPolicy::Ignore), self.work.counting(self.algorithms));
        let algorithms: Vec<_> =
            counted.iter().map(|one| one as &dyn SignatureVerificationAlgorithm).collect();
        let found = own.verify_for_usage(
            &algorithms,
            anchors,
            &chain.above,
            self.now,
            self.purpose(),
            options,
            Some(&keeps_the_rest),
        );
        match found {
            // Whatever it says, not all was looked at.
            Err(_) if self.work.is_over() => Err(webpki::Error::MaximumPathBuildCallsExceeded),
            found => found,
        }
    }

    fn purpose(&self) -> CountedPurpose<'_> {
        CountedPurpose { purpose: self.purpose, work: self.work }
    }

    /// What webpki leaves out: that those between may sign certificates (RFC 5280, 4.2.1.3), and that no list is too old.
    fn keeps_the_rest(&self, path: &VerifiedPath<'_>) -> Result<(), webpki::Error> {
        let between: Vec<_> = path.intermediate_certificates().map(|one| one.der().into_owned()).collect();
        if !between.iter().all(|one| may_certify(one)) {
            return Err(webpki::Error::EndEntityUsedAsCa);
        }
        if self.overdue.is_empty() {
            return Ok(());
        }
        let (lists, anchors): (Vec<_>, _) = (self.overdue.iter().collect(), slice::from_ref(path.anchor()));
        let revocation = options(&lists, ExpirationPolicy::Enforce);
        let counted = self.work.counting(self.algorithms);
        let algorithms: Vec<_> =
            counted.iter().map(|one| one as &dyn SignatureVerificationAlgorithm).collect();
        let own = path.end_entity();
        own.verify_for_usage(&algorithms, anchors, &between, self.now, self.purpose(), revocation, None)
            .map(drop)
    }
}

fn options<'l>(
    lists: &'l [&'l CertRevocationList<'static>],
    expiration: ExpirationPolicy,
) -> Option<RevocationOptions<'l>> {
    let builder = RevocationOptionsBuilder::new(lists).ok()?;
    Some(builder.with_status_policy(UnknownStatusPolicy::Allow).with_expiration_policy(expiration).build())
}

/// The same error as rustls has it, which chooses the alert by it.
pub fn in_tls(error: webpki::Error) -> Error {
    use webpki::Error as Pki;
    let bad = match error {
        Pki::BadDer | Pki::BadDerTime | Pki::TrailingData(_) => Bad::BadEncoding,
        Pki::CertNotValidYet { time, not_before } => Bad::NotValidYetContext { time, not_before },
        Pki::CertExpired { time, not_after } => Bad::ExpiredContext { time, not_after },
        Pki::InvalidCertValidity => Bad::Expired,
        Pki::UnknownIssuer => Bad::UnknownIssuer,
        Pki::CertRevoked => Bad::Revoked,
        Pki::UnknownRevocationStatus => Bad::UnknownRevocationStatus,
        Pki::CrlExpired { time, next_update } => Bad::ExpiredRevocationListContext { time, next_update },
        Pki::IssuerNotCrlSigner => return List::IssuerInvalidForCrl.into(),
        Pki::InvalidCrlSignatureForPublicKey => return List::BadSignature.into(),
        Pki::UnsupportedCrlSignatureAlgorithmContext(_)
        | Pki::UnsupportedCrlSignatureAlgorithmForPublicKeyContext(_) => {
            return List::Other(OtherError(Arc::new(error))).into();
        }
        Pki::InvalidSignatureForPublicKey => Bad::BadSignature,
        Pki::UnsupportedSignatureAlgorithmContext(of) => Bad::UnsupportedSignatureAlgorithmContext {
            signature_algorithm_id: of.signature_algorithm_id,
            supported_algorithms: of.supported_algorithms,
        },
        Pki::UnsupportedSignatureAlgorithmForPublicKeyContext(of) => {
            Bad::UnsupportedSignatureAlgorithmForPublicKeyContext {
                signature_algorithm_id: of.signature_algorithm_id,
                public_key_algorithm_id: of.public_key_algorithm_id,
            }
        }
        Pki::RequiredEkuNotFoundContext(_) => Bad::InvalidPurpose,
        other => Bad::Other(OtherError(Arc::new(other))),
    };
    bad.into()
}
