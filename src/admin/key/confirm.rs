//! What is asked before something that cannot be undone. Only a person at a terminal is asked: scripts go on as they are.

use super::{Failure, Result, choose};
use crate::client::Client;
use kmip_codec::attribute;
use kmip_codec::attributes::ApplicationSpecificInformation;
use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

/// The namespace under which `keystead-unlock enroll` notes the LUKS UUID of a volume at its key.
const VOLUME: &str = "LUKS";

/// The longest answer that is read.
const ANSWER_BYTES_MAX: u64 = 100;

/// Before a key is destroyed.
pub fn destroying(client: &mut Client, id: &str, yes: bool) -> Result<()> {
    if yes || !io::stdin().is_terminal() {
        return Ok(());
    }
    let whose = volume(client, id)?.map_or_else(
        || "what it protects is lost".to_owned(),
        |volume| format!("the volume {volume} never opens with it again"),
    );
    ask(&format!("destroy the key {id} for ever? {whose}"))
}

/// Before a key is revoked by which a volume is unlocked.
pub fn revoking(client: &mut Client, id: &str, yes: bool) -> Result<()> {
    if yes || !io::stdin().is_terminal() {
        return Ok(());
    }
    match volume(client, id)? {
        None => Ok(()),
        Some(volume) => ask(&format!(
            "revoke the key {id}? the volume {volume} is unlocked with it, and does not open with it any more"
        )),
    }
}

/// The LUKS UUID of the volume that a key unlocks.
fn volume(client: &mut Client, id: &str) -> Result<Option<String>> {
    let attributes = choose::attributes(client, id)?;
    let mut noted = attribute!(attributes, ApplicationSpecificInformation);
    let is_volume = |noted: &&ApplicationSpecificInformation| noted.namespace == VOLUME;
    Ok(noted
        .find(is_volume)
        .and_then(|noted| noted.data.as_deref())
        .map(|uuid| crate::text::printable(uuid, 80)))
}

fn ask(question: &str) -> Result<()> {
    let _ = write!(io::stderr(), "{question} [y/N] ");
    let mut answer = String::new();
    io::stdin().lock().take(ANSWER_BYTES_MAX).read_line(&mut answer)?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Failure::Usage("nothing was done: answer `y`, or give --yes".to_owned())),
    }
}
