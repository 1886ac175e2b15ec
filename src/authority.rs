//! The authority of `[certify]`, read once when the server starts: it must be one, have its key, and have nothing to do
//! with the CA that lets clients in, else any client could make itself the certificate of another.

use crate::config::Config;
use crate::engine::settings::{Authority, AuthorityKey};
use crate::regular;
use bytes::Bytes;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use std::path::{Path, PathBuf};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

/// Why there is no authority.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file.
    #[error("[certify]: cannot read {}: {why}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// What the section says makes no sense.
    #[error("[certify]: {0}")]
    Wrong(&'static str),
}

/// The authority, if the configuration names one, and the anchors of Validate: its certificate and those that are named.
pub type Loaded = (Option<Authority>, Vec<Bytes>);

/// Reads what the configuration names.
pub fn load(config: &Config) -> Result<Loaded, Error> {
    let section = &config.certify;
    let mut anchors = Vec::new();
    for path in &section.anchors {
        anchors.extend(certificates(path)?);
    }
    let Some(path) = &section.certificate else {
        return match (&section.key, &section.object) {
            (None, None) => Ok((None, anchors)),
            _ => Err(Error::Wrong("key or object without certificate")),
        };
    };
    let certificate = certificates(path)?.into_iter().next();
    let certificate =
        certificate.ok_or(Error::Wrong("there is no certificate in the file of certificate"))?;
    check(&certificate, &certificates(&config.tls.ca)?)?;
    let key = match (&section.key, &section.object) {
        (Some(path), None) => {
            let bytes = regular::read(path).map_err(|why| unreadable(path, &why))?;
            let key = PrivatePkcs8KeyDer::from_pem_slice(&bytes).map_err(|why| unreadable(path, &why))?;
            AuthorityKey::File(key.secret_pkcs8_der().into())
        }
        (None, Some(id)) => AuthorityKey::Object(id.clone()),
        _ => {
            return Err(Error::Wrong(
                "name the key in one way: key (a file) or object (a managed private key)",
            ));
        }
    };
    anchors.push(certificate.clone());
    Ok((Some(Authority { certificate, key, days: section.days }), anchors))
}

fn certificates(path: &Path) -> Result<Vec<Bytes>, Error> {
    let bytes = regular::read(path).map_err(|why| unreadable(path, &why))?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let read = read.map_err(|why| unreadable(path, &why))?;
    Ok(read.into_iter().map(|certificate| Bytes::copy_from_slice(&certificate)).collect())
}

fn unreadable(path: &Path, why: &dyn std::fmt::Display) -> Error {
    Error::File { path: path.into(), why: why.to_string() }
}

fn check(certificate: &[u8], doors: &[Bytes]) -> Result<(), Error> {
    const NONE: Error = Error::Wrong("certificate is not that of an authority (X.509 with CA:TRUE)");
    let (_, authority) = X509Certificate::from_der(certificate).map_err(|_| NONE)?;
    let is_authority = authority.basic_constraints().ok().flatten().is_some_and(|limits| limits.value.ca);
    if !is_authority {
        return Err(NONE);
    }
    for listener in doors {
        let Ok((_, listener)) = X509Certificate::from_der(listener) else { continue };
        let name = listener.subject().as_raw();
        if name == authority.subject().as_raw() || name == authority.issuer().as_raw() {
            return Err(Error::Wrong(
                "the authority is, or is under, the CA of tls.ca: whoever may use Certify could log in as anybody",
            ));
        }
    }
    Ok(())
}
