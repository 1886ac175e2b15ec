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

/// What the files of a client are called, before their ends: its name, where that can be the name of a file.
pub fn stem(name: &str) -> String {
    // With the longest end it has as many bytes as file systems take.
    const BYTES_MAX: usize = 240;
    let plain = name.replace('/', "_");
    let plain = if plain.starts_with(['.', '-']) { format!("_{plain}") } else { plain };
    plain.char_indices().take_while(|(at, c)| at + c.len_utf8() <= BYTES_MAX).map(|(_, c)| c).collect()
}

/// Writes both into the folder of NAME.pem and NAME.key. Names that another client's files have are not taken: then
/// NAME stands in them as well.
pub fn write(folder: &Path, name: &str, settings: &Settings) -> Result<HostFiles, Error> {
    let ca = fs::read(&settings.files.ca)
        .map_err(|error| unwritten(format!("{}: {error}", settings.files.ca.display())))?;
    let stem = stem(name);
    let ca_file = write_beside(folder, "ca.pem", &format!("{stem}.ca.pem"), &ca)?;
    let ca_name = ca_file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let servers: Vec<_> = settings.servers.iter().map(ToString::to_string).collect();
    let config = format!(
        "# The client {name}: for --config, KEYSTEAD_CONFIG, or as /etc/keystead/client.toml. Paths start at its folder.\n\
         servers = {servers:?}\ncert = {:?}\nkey = {:?}\nca = {ca_name:?}\n",
        format!("{stem}.pem"),
        format!("{stem}.key")
    );
    let config = write_beside(folder, "client.toml", &format!("{stem}.toml"), config.as_bytes())?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_called_as_the_client_where_they_can_be() {
        for (name, called) in [
            ("host-7", "host-7"),
            ("Müller & Söhne", "Müller & Söhne"),
            ("../host", "_.._host"),
            ("/etc/passwd", "_etc_passwd"),
            ("-rf", "_-rf"),
            (".", "_."),
        ] {
            assert_eq!(stem(name), called);
        }
        let long = stem(&"鍵".repeat(256));
        assert_eq!(long.len(), 240);
    }
}
