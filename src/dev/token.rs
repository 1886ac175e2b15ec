//! The SoftHSM token of `dev`: made once, whole or not at all, and never beside a store that was made with another.

use super::{Error, is_empty, make_folder, softhsm_config, store_folder};
use crate::pki::{self, write_new};
use crate::{softhsm, store};
use keystead_hsm::token::{TokenSeed, forget, init_token, token_folder};
use keystead_hsm::{Entropy as _, Pin, SystemEntropy};
use std::path::Path;

/// The label of the token.
pub const LABEL: &str = "keystead-dev";

/// Refuses a token without its PIN or its store, and a store without its token.
pub fn judge(folder: &Path) -> Result<(), Error> {
    let (tokens, store, pin) = (folder.join("tokens"), store_folder(folder), folder.join("pin"));
    if is_empty(&tokens) {
        let was_here = !is_empty(&store) || store::beside(&store).is_some_and(|file| file.exists());
        return if was_here { Err(Error::TokenLost { tokens, store }) } else { Ok(()) };
    }
    if !pin.exists() {
        return Err(Error::PinLost { pin, tokens });
    }
    // A store writes down which key it will make before it makes it, so a key without a store was that of another one.
    if holds_keys(&tokens) && is_empty(&store) { Err(Error::StoreLost { tokens, store }) } else { Ok(()) }
}

/// Makes the token where there is none. SoftHSM is told by `use_softhsm` which configuration to read.
pub fn token(folder: &Path, module: &Path, use_softhsm: fn(&Path)) -> Result<(), Error> {
    let (tokens, config) = (folder.join("tokens"), softhsm_config(folder));
    let (pin_file, officer_file) = (folder.join("pin"), folder.join("so-pin"));
    write_new(&config, softhsm_text(&tokens).as_bytes())?;
    if !is_empty(&tokens) {
        follow(&config, &tokens)?;
        use_softhsm(&config);
        return Ok(());
    }
    for file in [&pin_file, &officer_file] {
        write_new(file, format!("{}\n", random_pin()?).as_bytes())?;
    }
    // Made elsewhere and moved here once it is whole: a start that is cut off leaves nothing behind that is half made.
    let (half, half_config) = (folder.join("tokens.new"), folder.join("softhsm2.new.conf"));
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |why| pki::Error::File { path, why }
    };
    if half.exists() {
        std::fs::remove_dir_all(&half).map_err(failed(&half))?;
    }
    make_folder(&half)?;
    std::fs::write(&half_config, softhsm_text(&half)).map_err(failed(&half_config))?;
    use_softhsm(&half_config);
    let (officer_pin, user_pin) = (read_pin(&officer_file)?, read_pin(&pin_file)?);
    init_token(module, &TokenSeed { label: LABEL, officer_pin: &officer_pin, user_pin: &user_pin })?;
    forget(module)?;
    std::fs::rename(&half, &tokens).map_err(failed(&tokens))?;
    std::fs::remove_file(&half_config).map_err(failed(&half_config))?;
    use_softhsm(&config);
    Ok(())
}

/// Lets a configuration that `dev` has written lead to the tokens of this folder, which was moved or copied: SoftHSM knows
/// absolute paths alone.
fn follow(config: &Path, tokens: &Path) -> Result<(), Error> {
    let failed = |why| pki::Error::File { path: config.into(), why };
    let text = std::fs::read_to_string(config).map_err(failed)?;
    let is_ours = token_folder(&text).is_some_and(|named| text == softhsm_text(&named));
    if is_ours && text != softhsm_text(tokens) {
        softhsm::put(config, softhsm_text(tokens).as_bytes()).map_err(failed)?;
    }
    Ok(())
}

/// Whether a token of SoftHSM has objects beside the one that is the token itself.
fn holds_keys(tokens: &Path) -> bool {
    let folders = std::fs::read_dir(tokens).into_iter().flatten().flatten();
    let files = folders.flat_map(|folder| std::fs::read_dir(folder.path()).into_iter().flatten().flatten());
    let name = |file: std::fs::DirEntry| file.file_name().to_string_lossy().into_owned();
    files.map(name).any(|name| name.ends_with(".object") && name != "token.object")
}

fn softhsm_text(tokens: &Path) -> String {
    let tokens = std::path::absolute(tokens).unwrap_or(tokens.to_owned());
    format!(
        "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n",
        tokens.display()
    )
}

fn read_pin(path: &Path) -> Result<Pin, Error> {
    let bytes = std::fs::read(path).map_err(|why| pki::Error::File { path: path.into(), why })?;
    Ok(Pin::from_file_bytes(bytes))
}

fn random_pin() -> Result<String, Error> {
    let mut bytes = [0; 12];
    SystemEntropy::default().fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}
