//! Opens an enrolled volume: the tokens in its header name the keys, the servers hand them out.

use super::cryptsetup::Volume;
use super::error::{Error, Result};
use super::header::NumberedToken;
use super::say;
use super::server::{self, Patience};
use super::token::TokenState;
use keystead::client::{ClientArgs, Settings};

/// What to do with the key.
pub enum Purpose {
    /// Open the volume under this name.
    Open {
        /// The name under `/dev/mapper`.
        name: String,
        /// Whether to open it for reading alone.
        read_only: bool,
    },
    /// See whether it would open.
    Test,
}

/// Opens the volume with the first token whose key is to be had.
pub fn unlock(volume: &Volume, purpose: &Purpose, args: &ClientArgs, patience: Patience) -> Result<()> {
    let header = volume.header()?;
    let (ours, unreadable) = header.tokens();
    for why in &unreadable {
        say(format_args!("{}: {why}; it is passed over", volume.device().display()));
    }
    let (finished, begun): (Vec<_>, Vec<_>) =
        ours.into_iter().partition(|numbered| numbered.token.state == TokenState::Active);
    let mut last = None;
    for numbered in &finished {
        match open_by(volume, numbered, purpose, args, patience) {
            Ok(()) => return Ok(()),
            Err(error) => {
                if let Some(before) = last.replace(error) {
                    say(format_args!("{before}; trying the next token"));
                }
            }
        }
    }
    Err(last.unwrap_or_else(|| nothing_to_try(volume, !begun.is_empty())))
}

fn open_by(
    volume: &Volume,
    numbered: &NumberedToken,
    purpose: &Purpose,
    args: &ClientArgs,
    patience: Patience,
) -> Result<()> {
    let token = &numbered.token;
    let settings: Settings = args.settings_or_servers(token.addresses())?;
    let passphrase = server::fetch_patiently(&settings, &token.uid, patience)?;
    let Some(slot) = token.keyslots.first() else {
        let number = &numbered.number;
        return Err(
            volume.error(format!("token {number} names no keyslot: run `keystead-unlock enroll` again"))
        );
    };
    match purpose {
        Purpose::Open { name, read_only } => volume.open(slot, &passphrase, name, *read_only)?,
        Purpose::Test if volume.opens(slot, &passphrase)? => {}
        Purpose::Test => return Err(volume.error(format!("key {} does not open keyslot {slot}", token.uid))),
    }
    say(format_args!("key {} opens {} (keyslot {slot})", token.uid, volume.device().display()));
    Ok(())
}

fn nothing_to_try(volume: &Volume, begun: bool) -> Error {
    if begun {
        return volume.error("its enrolment was not finished: run `keystead-unlock enroll` again");
    }
    volume.error("it has no token of Keystead: enrol it with `keystead-unlock enroll`")
}
