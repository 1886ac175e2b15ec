//! How a certificate leads to a CA: by webpki, and by what RFC 5280 asks for beyond that. One search decides on everything, so
//! that of several paths the one counts that keeps every rule.

use super::anchors::time;
use super::lists::Lists;
use super::sent::Chain;
use super::work::{CountedPurpose, Work};
use crate::pki::may_certify;
use rustls::pki_types::{SignatureVerificationAlgorithm, TrustAnchor};
use rustls::{CertificateError as Bad, Error, OtherError};
use std::sync::Arc;
use webpki::{
    EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter, KeyUsage, RequiredEkuNotFoundContext,
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
    /// The revocation lists; webpki itself is given none.
    pub lists: &'r Lists,
    /// What it must be good for.
    pub purpose: Purpose,
    /// When, in seconds since 1970.
    pub now: i64,
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
        let keeps_the_rest = |path: &VerifiedPath<'_>| self.keeps_the_rest(path);
        let counted = self.work.counting(self.algorithms);
        let algorithms: Vec<_> =
            counted.iter().map(|one| one as &dyn SignatureVerificationAlgorithm).collect();
        let found = own.verify_for_usage(
            &algorithms,
            anchors,
            &chain.above,
            time(self.now),
            self.purpose(),
            None,
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

    /// What webpki leaves out: that those between may sign certificates (RFC 5280, 4.2.1.3), and what the revocation lists say.
    fn keeps_the_rest(&self, path: &VerifiedPath<'_>) -> Result<(), webpki::Error> {
        let between: Vec<_> = path.intermediate_certificates().map(|one| one.der().into_owned()).collect();
        if !between.iter().all(|one| may_certify(one)) {
            return Err(webpki::Error::EndEntityUsedAsCa);
        }
        self.lists.judge(path, self.now)
    }
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
