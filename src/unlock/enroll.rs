//! Makes a volume open with a key of the server. Each step leaves the volume with all the ways in that it had, and
//! says in the header how far it came, so that an interrupted enrolment is finished by another one.
//!
//! 1. The key: the one that an earlier try made for this LUKS UUID, or a new one.
//! 2. A token `adding`, with no keyslot.
//! 3. A keyslot that the key opens: one that an earlier try added, or a new one.
//! 4. The keyslot is tried.
//! 5. The token becomes `active` and names the keyslot and the servers.

use super::cryptsetup::{Existing, Volume};
use super::error::{Error, Result};
use super::header::{Header, NumberedToken};
use super::lock::DeviceLock;
use super::passphrase::Passphrase;
use super::say;
use super::server;
use super::token::Token;
use keystead::client::{self, Client, ServerAddress};
use kmip_codec::enums::State;

const ONE_WAY_IN: &str = "no keyslot is left but Keystead's, so the volume would have one way in: \
                          add a passphrase first (cryptsetup luksAddKey)";

/// What an enrolment ended with.
#[derive(Debug)]
pub struct Enrolled {
    /// The key's unique identifier.
    pub uid: String,
    /// The keyslot that it opens.
    pub keyslot: String,
    /// The LUKS UUID of the volume.
    pub volume: String,
}

/// Enrols a volume, or goes on where an earlier enrolment was interrupted, or finds that nothing is left to do.
pub fn enroll(
    volume: &Volume,
    existing: &Existing,
    client: &mut Client,
    servers: &[ServerAddress],
) -> Result<Enrolled> {
    let _lock = DeviceLock::take(volume.device())?;
    let header = volume.header()?;
    require_another_way_in(volume, &header)?;
    let NumberedToken { number, token } = token(volume, &header, client, servers)?;
    let fetched = server::fetch(client, &token.uid);
    let passphrase = fetched.map_err(|error| with_way_out(volume, &number, &token, error))?;
    let enrolled =
        |keyslot: String| Enrolled { uid: token.uid.clone(), keyslot, volume: token.volume.clone() };
    if let Some(slot) = opened_slot(volume, token.keyslots.iter(), &passphrase)? {
        say(format_args!("already enrolled: key {} opens keyslot {slot}", token.uid));
        name_servers(volume, &number, &token, servers)?;
        return Ok(enrolled(slot));
    }
    let slot = keyslot(volume, existing, &header, &passphrase)?;
    if !volume.opens(&slot, &passphrase)? {
        return Err(volume.error(format!("keyslot {slot} was added but does not open: run enroll again")));
    }
    volume.write_token(&token.clone().naming(servers).active(&slot), Some(&number))?;
    confirm(volume, &number, &slot)?;
    say(format_args!("enrolled: key {} opens keyslot {slot}", token.uid));
    Ok(enrolled(slot))
}

/// What to do where the key of a token is not to be had any more. A keyslot is removed by people alone, who know a
/// passphrase that stays.
fn with_way_out(volume: &Volume, number: &str, token: &Token, error: Error) -> Error {
    let (device, uid) = (volume.device().display(), &token.uid);
    let when = match &error {
        Error::NotActive { state: State::PreActive, .. } => {
            let steps = format!("make it so with `keystead key activate {uid}`, and enrol again");
            return Error::Ended { error: error.into(), steps };
        }
        Error::NotActive { .. } => "",
        Error::Client(client::Error::Refused(refusal)) if refusal.is_not_found() => {
            "if this is the right server and the right certificate, the key is gone: "
        }
        _ => return error,
    };
    let kill = |slot: &String| format!(", `cryptsetup luksKillSlot {device} {slot}`");
    let kills: String = token.keyslots.iter().map(kill).collect();
    let steps = format!(
        "{when}to enrol the volume anew, with a passphrase of it at hand, run \
         `cryptsetup token remove --token-id {number} {device}`{kills}, and `keystead-unlock enroll {device}` again"
    );
    Error::Ended { error: error.into(), steps }
}

/// A volume that only our key opens is lost with the key or its server.
fn require_another_way_in(volume: &Volume, header: &Header) -> Result<()> {
    if header.other_ways_in().is_empty() {
        return Err(volume.error(ONE_WAY_IN));
    }
    Ok(())
}

/// The token to go on with; a new one is in the header before anything else is.
fn token(
    volume: &Volume,
    header: &Header,
    client: &mut Client,
    servers: &[ServerAddress],
) -> Result<NumberedToken> {
    let (mut ours, unreadable) = header.tokens();
    for why in unreadable {
        say(format_args!("{}: {why}; it is left alone", volume.device().display()));
    }
    if !ours.is_empty() {
        return Ok(ours.swap_remove(0));
    }
    let uid = server::find_or_make_key(client, &header.uuid)?;
    volume.write_token(&Token::adding(uid.clone(), servers, header.uuid.clone()), None)?;
    let (ours, _) = volume.header()?.tokens();
    let written = ours.into_iter().find(|numbered| numbered.token.uid == uid);
    written.ok_or_else(|| volume.error("the token was written but is not there: run enroll again"))
}

/// Brings the servers of a finished token up to date.
fn name_servers(volume: &Volume, number: &str, token: &Token, servers: &[ServerAddress]) -> Result<()> {
    let now = token.clone().naming(servers);
    if now == *token {
        return Ok(());
    }
    volume.write_token(&now, Some(number))?;
    let (names, before) = (now.servers.join(", "), token.servers.join(", "));
    say(format_args!("token {number} names {names} now, where it named {before}"));
    Ok(())
}

/// A keyslot that the key opens: one that an interrupted enrolment left, or a new one.
fn keyslot(volume: &Volume, existing: &Existing, header: &Header, passphrase: &Passphrase) -> Result<String> {
    if let Some(slot) = opened_slot(volume, header.unclaimed().iter(), passphrase)? {
        if header.other_ways_in().iter().all(|other| *other == slot) {
            return Err(volume.error(ONE_WAY_IN));
        }
        say(format_args!("keyslot {slot} was added before: going on with it"));
        return Ok(slot);
    }
    let free = header.free_keyslot().ok_or_else(|| volume.error("all 32 keyslots are taken"))?;
    say(format_args!(
        "adding keyslot {free}, which needs the passphrase or key file that opens the volume now"
    ));
    volume.add_keyslot(&free, existing, passphrase)?;
    Ok(free)
}

fn opened_slot<'a>(
    volume: &Volume,
    slots: impl Iterator<Item = &'a String>,
    passphrase: &Passphrase,
) -> Result<Option<String>> {
    for slot in slots {
        if volume.opens(slot, passphrase)? {
            return Ok(Some(slot.clone()));
        }
    }
    Ok(None)
}

/// Reads back what was written.
fn confirm(volume: &Volume, number: &str, slot: &str) -> Result<()> {
    let header = volume.header()?;
    let (ours, _) = header.tokens();
    let written = ours.iter().find(|numbered| numbered.number == number);
    let names_slot = written.is_some_and(|numbered| numbered.token.keyslots == [slot]);
    if !names_slot || !header.ways_in().contains(slot) {
        return Err(volume.error("the token was written but the header does not show it: run enroll again"));
    }
    require_another_way_in(volume, &header)
}
