//! What a host needs beside its certificate and key: the CA of the servers, and a `client.toml` that names all of it.

use crate::client::{Error, Settings};
use crate::pki;
use std::fs;
use std::path::{Path, PathBuf};

/// The files that were written, or were there already with the same content.
pub struct HostFiles {
    /// The CA of the servers.
    pub ca: PathBuf,
    /// The configuration of the client.
    pub config: PathBuf,
}

/// Writes both into the folder of NAME.pem and NAME.key. Names that another client's files have are not taken: then
/// NAME stands in them as well.
pub fn write(folder: &Path, name: &str, settings: &Settings) -> Result<HostFiles, Error> {
    let ca = fs::read(&settings.files.ca)
        .map_err(|error| unwritten(format!("{}: {error}", settings.files.ca.display())))?;
    let ca_file = write_beside(folder, "ca.pem", &format!("{name}.ca.pem"), &ca)?;
    let ca_name = ca_file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let servers: Vec<_> = settings.servers.iter().map(ToString::to_string).collect();
    let config = format!(
        "# The client {name}: for --config, KEYSTEAD_CONFIG, or as /etc/keystead/client.toml. Paths start at its folder.\n\
         servers = {servers:?}\ncert = \"{name}.pem\"\nkey = \"{name}.key\"\nca = \"{ca_name}\"\n"
    );
    let config = write_beside(folder, "client.toml", &format!("{name}.toml"), config.as_bytes())?;
    Ok(HostFiles { ca: ca_file, config })
}

fn write_beside(folder: &Path, usual: &str, own: &str, content: &[u8]) -> Result<PathBuf, Error> {
    let usual = folder.join(usual);
    let is_free = !usual.exists() || fs::read(&usual).is_ok_and(|there| there == content);
    let file = if is_free { usual } else { folder.join(own) };
    pki::write_new(&file, content).map_err(|error| unwritten(error.to_string()))?;
    Ok(file)
}

fn unwritten(what: String) -> Error {
    Error::setup(what, "the certificate and its key are made: give the host the CA and a client.toml by hand")
}
