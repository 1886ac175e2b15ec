//! What is asked before a key is destroyed or revoked.

use super::{Failure, Result, choose};
use crate::admin::confirm;
use crate::client::Client;
use kmip_codec::attribute;
use kmip_codec::attributes::ApplicationSpecificInformation;

/// The namespace under which `keystead-unlock enroll` notes the LUKS UUID of a volume at its key.
const VOLUME: &str = "LUKS";

/// Before a key is destroyed.
pub fn destroying(client: &mut Client, id: &str, yes: bool) -> Result<()> {
    if !confirm::is_asked(yes) {
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
    if !confirm::is_asked(yes) {
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
    match confirm::ask(question)? {
        true => Ok(()),
        false => Err(Failure::Usage("nothing was done: answer `y`, or give --yes".to_owned())),
    }
}
