//! The certificates of `dev`: each with its key, both or none.

use super::{Error, is_empty};
use crate::pki::{self, Ca, Curve, Pair, write_new};
use std::path::{Path, PathBuf};

/// What the CA signs.
const SIGNED: &[&str] = &["server", "client", "admin"];

/// The server's second certificate, with an RSA key.
const RSA: &str = "server-rsa";

/// What signs others: its name, and whether both halves may be made anew where one is missing, which is where nothing of what
/// it has signed is there.
fn signers(folder: &Path) -> [(&'static str, bool); 2] {
    let has_signed = SIGNED.iter().any(|name| Place::of(folder, name).certificate.exists());
    let has_store = !is_empty(&folder.join("store"));
    [("ca", !has_signed), ("certify", !has_store)]
}

/// Refuses halves that cannot be made anew, and what does not belong together.
pub fn judge(folder: &Path) -> Result<(), Error> {
    for (name, may_be_replaced) in signers(folder) {
        Place::of(folder, name).half(may_be_replaced)?;
    }
    let ca = Place::of(folder, "ca");
    if ca.certificate.exists() && ca.key.exists() { ca.read().map(drop) } else { Ok(()) }
}

/// Makes what is missing; an RSA key for the server as well, where it may have one.
pub fn certificates(folder: &Path, curve: Curve, with_rsa: bool) -> Result<(), Error> {
    let place = |name: &str| Place::of(folder, name);
    let [(ca, ca_is_free), (certify, certify_is_free)] = signers(folder);
    place(ca).fill(ca_is_free, || pki::make_ca("Keystead development CA", curve))?;
    // Another authority than that of the clients, for Certify.
    place(certify)
        .fill(certify_is_free, || pki::make_ca("Keystead development certificates", Curve::P256))?;
    let ca = place(ca).read()?;
    for name in SIGNED {
        // What signs others is kept at any price; what is signed can be made anew.
        place(name).fill(true, || if *name == "server" { ca.server() } else { ca.client(name, 825) })?;
    }
    if with_rsa {
        place(RSA).fill_rsa(&ca)?;
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

    /// The half that is there without the other, if it `may_be_replaced`.
    fn half(&self, may_be_replaced: bool) -> Result<Option<&Path>, Error> {
        let (lost, kept) = match (self.certificate.exists(), self.key.exists()) {
            (true, false) => (&self.key, &self.certificate),
            (false, true) => (&self.certificate, &self.key),
            _ => return Ok(None),
        };
        match may_be_replaced {
            true => Ok(Some(kept)),
            false => Err(Error::HalfPair { lost: lost.clone(), kept: kept.clone() }),
        }
    }

    /// Makes both where they are missing. One without the other is what a start that was cut off leaves behind, or what
    /// somebody has deleted: it is made anew with its other half, never completed by a half that does not fit, if it
    /// `may_be_replaced`.
    fn fill(
        &self,
        may_be_replaced: bool,
        make: impl FnOnce() -> Result<Pair, pki::Error>,
    ) -> Result<(), Error> {
        if let Some(kept) = self.half(may_be_replaced)? {
            std::fs::remove_file(kept).map_err(|why| pki::Error::File { path: kept.into(), why })?;
        }
        if self.certificate.exists() {
            return Ok(());
        }
        let pair = make()?;
        write_new(&self.key, pair.key.as_bytes())?;
        write_new(&self.certificate, pair.certificate.as_bytes())?;
        Ok(())
    }

    /// The same for an RSA key, which takes longer to make than all else of a first start: one that is there without its
    /// certificate gets one.
    fn fill_rsa(&self, ca: &Ca) -> Result<(), Error> {
        let kept = std::fs::read_to_string(&self.key).ok().filter(|_| !self.certificate.exists());
        match kept.and_then(|key| ca.rsa_server_of(&key).ok()) {
            Some(pair) => Ok(write_new(&self.certificate, pair.certificate.as_bytes())?),
            None => self.fill(true, || ca.rsa_server()),
        }
    }

    fn read(&self) -> Result<Ca, Error> {
        let read = |path: &PathBuf| {
            std::fs::read_to_string(path).map_err(|why| pki::Error::File { path: path.clone(), why })
        };
        Ok(Ca::from_pem(&read(&self.certificate)?, &read(&self.key)?)?)
    }
}
