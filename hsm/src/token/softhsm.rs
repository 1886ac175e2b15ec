//! Where SoftHSM keeps its tokens. It answers with CKR_GENERAL_ERROR, and no word more, where that folder is not there.

use crate::Error;
use std::path::{Path, PathBuf};

/// The environment variable that names its configuration, and where that is without it.
const CONFIG: (&str, &str) = ("SOFTHSM2_CONF", "/etc/softhsm/softhsm2.conf");

/// Where a configuration of SoftHSM says that its tokens are.
pub fn token_folder(config: &str) -> Option<PathBuf> {
    let value = |line: &str| {
        line.strip_prefix("directories.tokendir")?.trim_start().strip_prefix('=').map(str::to_owned)
    };
    config.lines().find_map(|line| value(line.trim())).map(|path| PathBuf::from(path.trim()))
}

/// What an error comes from, where it is one of SoftHSM's and the folder of its tokens, or its configuration, is not there.
pub fn explained(module: &Path, error: Error) -> Error {
    let is_softhsm = module.file_name().is_some_and(|name| name.to_string_lossy().contains("softhsm"));
    let is_of_the_token =
        !matches!(error, Error::Tampered | Error::Format(_) | Error::WrongKek(_) | Error::Entropy);
    match is_softhsm && is_of_the_token {
        true => trouble().unwrap_or(error),
        false => error,
    }
}

fn trouble() -> Option<Error> {
    let config = std::env::var_os(CONFIG.0).map_or_else(|| PathBuf::from(CONFIG.1), PathBuf::from);
    let text = match std::fs::read_to_string(&config) {
        Ok(text) => text,
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => {
            return Some(Error::NoSoftHsmConfig { path: config, why: why.to_string() });
        }
        Err(_) => return None,
    };
    let folder = token_folder(&text)?;
    (!folder.is_dir()).then_some(Error::NoTokens { folder, config })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_read_as_softhsm_reads_it() {
        for text in ["directories.tokendir = /a b\n", "# x\n  directories.tokendir=/a b \nlog.level = INFO"] {
            assert_eq!(token_folder(text), Some(PathBuf::from("/a b")), "{text:?}");
        }
        assert_eq!(token_folder("log.level = INFO\n#directories.tokendir = /a"), None);
    }
}
