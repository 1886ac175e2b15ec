//! The certificates with which clients log in: signed by the CA of `tls.ca`, and judged as TLS judges them, so that no
//! client is given one that would lock it out.

use super::now;
use crate::authenticate::{Authenticator, Shown};
use crate::engine::fulfilled::Credential;
use crate::engine::need::{CertificateRequest, KeyPair, PairKind};
use crate::engine::refusal::{Cause, Refusal};
use crate::engine::rights::principal::Principal;
use crate::keygen;
use crate::pki::{Ca, Curve};
use crate::regular;
use crate::suite_b::SuiteB;
use kmip_codec::enums::RecommendedCurve;
use rustls::pki_types::CertificateDer;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The CA that signs clients.
#[derive(Clone, Debug)]
pub struct Signer {
    /// Its certificate.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// Signs and judges the certificates of clients.
pub struct Registrar {
    /// The level of Suite B that they must have.
    pub suite_b: Option<SuiteB>,
    /// The CA, where its key is here.
    pub signer: Option<Signer>,
    /// How long certificates of Re-Provision are valid, in days; as long as what they replace where it is not said.
    pub days: Option<u32>,
}

impl Registrar {
    /// The CA; its key is read for each use, and not kept. Blocks.
    pub fn ca(&self) -> Result<Ca, Refusal> {
        let Some(signer) = &self.signer else {
            return Err(Refusal::new(
                Cause::FeatureNotSupported,
                "this server has no CA key: name it as tls.ca_key, or issue certificates with your own CA",
            ));
        };
        let read =
            |path: &Path| regular::read_to_string(path).map(Zeroizing::new).map_err(|why| broken(path, &why));
        let (certificate, key) = (read(&signer.certificate)?, read(&signer.key)?);
        Ca::from_pem(&certificate, &key).map_err(|why| broken(&signer.key, &why))
    }

    /// The certificate that a client wants to log in with. Blocks.
    pub fn credential(
        &self,
        authenticator: &Authenticator,
        wanted: &CertificateRequest,
    ) -> Result<Credential, Refusal> {
        let (certificate, pair) = match wanted {
            CertificateRequest::UseCertificate(certificate) => (certificate.clone(), None),
            CertificateRequest::SignKey { client, key, until } => {
                (self.ca()?.renew(key, client, self.end(*until)?).map_err(unfit)?, None)
            }
            CertificateRequest::GenerateKeyPair { client, until } => {
                let (ca, pair) = (self.ca()?, self.pair()?);
                (ca.renew(&pair.public_spki, client, self.end(*until)?).map_err(unfit)?, Some(pair))
            }
        };
        let holder = self.judge(authenticator, &certificate)?;
        Ok(Credential { certificate, holder, pair })
    }

    /// When a new certificate ends: never later than the one that it replaces, unless the configuration says how long it
    /// is valid.
    fn end(&self, replaced: Option<i64>) -> Result<i64, Refusal> {
        const DAY: i64 = 86_400;
        let configured = self.days.map(|days| now().seconds().saturating_add(i64::from(days) * DAY));
        configured.or(replaced).ok_or_else(|| {
            Refusal::new(Cause::Denied, "nothing says when the certificate ends that is to be replaced")
        })
    }

    /// A new pair on the curve of the CA's.
    fn pair(&self) -> Result<KeyPair, Refusal> {
        let curve = match self.ca()?.curve() {
            Curve::P256 => RecommendedCurve::P_256,
            Curve::P384 => RecommendedCurve::P_384,
        };
        keygen::make(PairKind::Ec(curve)).map_err(|why| {
            tracing::error!(why, "no key for a client");
            Refusal::new(Cause::Internal, "the server could not make the key; its log has the reason")
        })
    }

    /// Who the holder of a certificate is, if TLS lets it in.
    fn judge(&self, authenticator: &Authenticator, certificate: &[u8]) -> Result<Principal, Refusal> {
        let der = [CertificateDer::from(certificate)];
        let refused = |why: String| {
            Refusal::new(
                Cause::Denied,
                format!("this server would not let in a client with that certificate: {why}"),
            )
        };
        if let Some(suite_b) = self.suite_b {
            suite_b.check(&der).map_err(refused)?;
        }
        let entered = authenticator.enter(&der, Shown::ByClient).map_err(|why| refused(why.why))?;
        Ok(Principal::clone(&entered.principal()))
    }
}

/// The client learns that the CA cannot be used, the log why.
fn broken(path: &Path, why: &dyn std::fmt::Display) -> Refusal {
    tracing::error!(path = %path.display(), %why, "the CA of the clients cannot be used");
    Refusal::new(Cause::Internal, "the CA of the server cannot be used; the log has the reason")
}

fn unfit(why: crate::pki::Error) -> Refusal {
    Refusal::new(Cause::InvalidField, why.to_string())
}
