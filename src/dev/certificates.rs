//! The certificates of `dev`: each with its key, both or none.

use super::{Error, is_empty};
use crate::pki::{self, Ca, Curve, Pair, write_new};
use std::path::{Path, PathBuf};

/// What the CA signs.
const SIGNED: &[&str] = &["server", "client", "admin"];

/// The server's second certificate, with an RSA key.
const RSA: &str = "server-rsa";

/// Makes what is missing; an RSA key for the server as well, where it may have one.
pub fn certificates(folder: &Path, curve: Curve, with_rsa: bool) -> Result<(), Error> {
    let place = |name: &str| Place::of(folder, name);
    let has_signed = SIGNED.iter().any(|name| place(name).certificate.exists());
    place("ca").fill(!has_signed, || pki::make_ca("Keystead development CA", curve))?;
    // Another authority than that of the clients, for Certify.
    let has_store = !is_empty(&folder.join("store"));
    place("certify").fill(!has_store, || pki::make_ca("Keystead development certificates", Curve::P256))?;
    let ca = place("ca").read()?;
    for name in SIGNED {
        // What signs others is kept at any price; what is signed can be made anew.
        place(name).fill(true, || if *name == "server" { ca.server() } else { ca.client(name, 825) })?;
    }
    if with_rsa {
        place(RSA).fill(true, || ca.rsa_server())?;
    }
    Ok(())
}

/// The files of a certificate and its key.
struct Place {
    certificate: PathBuf,
    key: PathBuf,
}

impl Place {
    fn of(folder: &Path, name: &str) -> Self {
        Self { certificate: folder.join(format!("{name}.pem")), key: folder.join(format!("{name}.key")) }
    }

    /// Makes both where they are missing. One without the other is what a start that was cut off leaves behind, or what
    /// somebody has deleted: it is made anew with its other half, never completed by a half that does not fit, if it
    /// `may_be_replaced`.
    fn fill(
        &self,
        may_be_replaced: bool,
        make: impl FnOnce() -> Result<Pair, pki::Error>,
    ) -> Result<(), Error> {
        let (lost, kept) = match (self.certificate.exists(), self.key.exists()) {
            (true, true) => return Ok(()),
            (false, false) => (None, None),
            (true, false) => (Some(&self.key), Some(&self.certificate)),
            (false, true) => (Some(&self.certificate), Some(&self.key)),
        };
        if let (Some(lost), Some(kept)) = (lost, kept) {
            if !may_be_replaced {
                return Err(Error::HalfPair { lost: lost.clone(), kept: kept.clone() });
            }
            std::fs::remove_file(kept).map_err(|why| pki::Error::File { path: kept.clone(), why })?;
        }
        let pair = make()?;
        write_new(&self.key, pair.key.as_bytes())?;
        write_new(&self.certificate, pair.certificate.as_bytes())?;
        Ok(())
    }

    fn read(&self) -> Result<Ca, Error> {
        let read = |path: &PathBuf| {
            std::fs::read_to_string(path).map_err(|why| pki::Error::File { path: path.clone(), why })
        };
        Ok(Ca::from_pem(&read(&self.certificate)?, &read(&self.key)?)?)
    }
}
