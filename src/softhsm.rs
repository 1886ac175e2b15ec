//! What SoftHSM needs beside PKCS#11. It writes `token.object`, which holds what every key of the token is encrypted under,
//! anew at each login, in place: a process that is killed at that moment leaves it empty, and the token is lost. So it is
//! copied before the login, and put back where it was cut off.

use crate::regular;
use keystead_hsm::token::token_folder;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const OBJECT: &str = "token.object";

/// Keeps the tokens of this SoftHSM configuration whole, and logs what was put back. To be called before the first login, by
/// the process that holds the lock of the store alone: while another one logs in, the object is short for a moment.
pub fn keep_whole_and_tell(config: &Path) {
    match keep_whole(config) {
        Ok(restored) => restored.iter().for_each(|object| {
            tracing::warn!(object = %object.display(), "SoftHSM was cut off while it wrote this file: it is put back from the copy");
        }),
        Err(error) => tracing::warn!(%error, "SoftHSM's tokens could not be copied; a kill at the login can lose them"),
    }
}

/// Copies the object of every token of this SoftHSM configuration, next to the folder of the tokens, or puts it back from
/// there; returns those that were put back.
pub fn keep_whole(config: &Path) -> io::Result<Vec<PathBuf>> {
    let mut restored = Vec::new();
    let Some(tokens) = token_folder(&regular::read_to_string(config)?) else { return Ok(restored) };
    let copies = tokens.with_extension("copy");
    for entry in fs::read_dir(&tokens)? {
        let folder = entry?;
        let (object, copy) = (folder.path().join(OBJECT), copies.join(folder.file_name()));
        let Ok(now) = fs::read(&object) else { continue };
        match fs::read(&copy) {
            Ok(kept) if now.len() < kept.len() => {
                put(&object, &kept)?;
                restored.push(object);
            }
            Ok(kept) if now == kept => {}
            _ if now.is_empty() => {}
            _ => {
                fs::create_dir_all(&copies)?;
                put(&copy, &now)?;
            }
        }
    }
    Ok(restored)
}

/// Writes a file whole or not at all.
pub(crate) fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let half = path.with_extension(format!("half.{}", std::process::id()));
    fs::write(&half, bytes)?;
    fs::File::open(&half)?.sync_all()?;
    fs::rename(&half, path)
}
