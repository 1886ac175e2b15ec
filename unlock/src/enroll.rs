//! Makes a volume open with a key of the server. Each step leaves the volume with all the ways in that it had, and
//! says in the header how far it came, so that an interrupted enrolment is finished by another one.
//!
//! 0. Whatever can be wrong on this machine is looked at before anything is changed.
//! 1. A token `adding`, with no keyslot and no key, that names the enrolment.
//! 2. The key, which names the enrolment too: the one that an earlier try made, or a new one. The token names it.
//! 3. A keyslot that the key opens: one that an earlier try added, or a new one.
//! 4. The keyslot is tried, and preferred to those with a slow key derivation.
//! 5. The token becomes `active` and names the keyslot and the servers.
//!
//! A key that another enrolment made for the same LUKS UUID is not taken in silence: this may be a copy.

use super::beginning::{Beginning, Begun};
use super::console::{self, say, shown};
use super::copies::{self, Decision};
use super::cryptsetup::{OpenAs, Volume};
use super::error::{Error, Result};
use super::existing::Existing;
use super::header::{Header, NumberedToken};
use super::lock::DeviceLock;
use super::passphrase::Passphrase;
use super::token::{SERVERS_MAX, Token};
use super::volume_key;
use keystead_client::{self as client, Client, ServerAddress};
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
    /// The LUKS UUID of the volume that it is a copy of, where it has got one of its own.
    pub copy_of: Option<String>,
}

/// Enrols a volume, or goes on where an earlier enrolment was interrupted, or finds that nothing is left to do.
pub fn enroll(
    volume: &Volume,
    existing: &Existing,
    client: &mut Client,
    servers: &[ServerAddress],
    decision: Option<Decision>,
) -> Result<Enrolled> {
    volume.check_places()?;
    let lock = DeviceLock::take(volume.header_place())?;
    let header = volume.header()?;
    if let Some(why) = header.may_not_be_written() {
        return Err(volume.error(why));
    }
    require_another_way_in(volume, &header)?;
    tell_unnamed(servers);
    let beginning = Beginning { volume, lock: &lock, existing, client, servers, decision };
    let Begun { token: NumberedToken { number, token, wrong }, notes } = beginning.token(&header)?;
    let fetched = volume_key::fetch(client, &token.uid).and_then(|key| Passphrase::of_key(&token.uid, &key));
    let passphrase = fetched.map_err(|error| with_way_out(volume, &number, &token, error))?;
    let header = volume.header()?;
    let enrolled = |keyslot: String| {
        let Token { uid, volume, copy_of, .. } = token.clone();
        Enrolled { uid, keyslot, volume, copy_of }
    };
    let note = |client: &mut Client| {
        notes.into_iter().for_each(|notes| notes.say(client));
        copies::tell_what_is_left(volume, &header);
    };
    if let Some(slot) = opened_slots(volume, token.keyslots.iter(), &passphrase, 1)?.pop() {
        say(format_args!("already enrolled: key {} opens keyslot {slot}", token.uid));
        prefer(volume, &header, &slot);
        name_servers(volume, &number, &token, servers, !wrong.is_empty())?;
        note(client);
        return Ok(enrolled(slot));
    }
    let slot = keyslot(volume, existing, &header, &passphrase)?;
    if !volume.open(passphrase.expose(), Some(&slot), &OpenAs::Test)? {
        return Err(volume.error(format!("keyslot {slot} was added but does not open: run enroll again")));
    }
    prefer(volume, &header, &slot);
    volume.write_token(&token.clone().naming(servers).active(&slot), Some(&number))?;
    confirm(volume, &number, &slot)?;
    note(client);
    say(format_args!("enrolled: key {} opens keyslot {slot}", token.uid));
    Ok(enrolled(slot))
}

/// Has our keyslot tried before those whose key derivation is slow. A volume opens without that too.
fn prefer(volume: &Volume, header: &Header, slot: &str) {
    if !header.is_preferred(slot)
        && let Err(error) = volume.prefer(slot)
    {
        say(format_args!("keyslot {slot} is not tried before others: {error}"));
    }
}

/// What to do where the key of a token is not to be had any more. A keyslot is removed by people alone, who know a
/// passphrase that stays.
pub(super) fn with_way_out(volume: &Volume, number: &str, token: &Token, error: Error) -> Error {
    let (device, uid) = (console::argument(volume.header_place()), shown(&token.uid));
    let is_copy = token.copy_of.is_some();
    let when = match &error {
        Error::NotActive { state: State::PreActive, .. } => {
            let steps = format!("make it so with `keystead key activate {uid}`, and enrol again");
            return Error::Ended { error: error.into(), steps };
        }
        Error::NotActive { .. } => "",
        Error::Client(client::Error::Refused(refusal)) if refusal.is_not_found() && is_copy => {
            "if this is the right server and the right certificate, the key is gone, or it is another client's; "
        }
        Error::Client(client::Error::Refused(refusal)) if refusal.is_not_found() => {
            "if this is the right server and the right certificate, the key is gone, or it is another client's, of whose volume this is \
             a copy: a copy gets a LUKS UUID and a key of its own by `keystead-unlock enroll --new-uuid`; otherwise, "
        }
        _ => return error,
    };
    let kill = |slot: &String| format!(", `cryptsetup luksKillSlot {device} {}`", shown(slot));
    let enroll = match volume.header_place() == volume.device() {
        true => device.clone(),
        false => format!("--header {device} {}", console::argument(volume.device())),
    };
    let kills: String = token.keyslots.iter().map(kill).collect();
    let copy = if is_copy {
        " (with `--new-uuid`, where this is a copy of the volume that got that key)"
    } else {
        ""
    };
    let steps = format!(
        "{when}to enrol the volume anew, with a passphrase of it at hand, run \
         `cryptsetup token remove --token-id {number} {device}`{kills}, and `keystead-unlock enroll {enroll}`{copy} again"
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

/// Tells which servers a token does not name.
fn tell_unnamed(servers: &[ServerAddress]) {
    let rest: Vec<_> = servers.iter().skip(SERVERS_MAX).map(ServerAddress::to_string).collect();
    if !rest.is_empty() {
        say(format_args!(
            "a token names {SERVERS_MAX} servers at most, and {} are given: where a machine names none, `unlock` does not ask {}",
            servers.len(),
            shown(&rest.join(", "))
        ));
    }
}

/// Brings the servers of a finished token up to date, and what was wrong in it.
fn name_servers(
    volume: &Volume,
    number: &str,
    token: &Token,
    servers: &[ServerAddress],
    is_wrong: bool,
) -> Result<()> {
    let now = token.clone().naming(servers).finished();
    if now != *token || is_wrong {
        volume.write_token(&now, Some(number))?;
    }
    if now.servers == token.servers {
        return Ok(());
    }
    let names = shown(&now.servers.join(", "));
    match token.servers.is_empty() {
        true => say(format_args!("token {number} names {names} now, where it named no server")),
        false => {
            let before = shown(&token.servers.join(", "));
            say(format_args!("token {number} names {names} now, where it named {before}"));
        }
    }
    Ok(())
}

/// A keyslot that the key opens: one that an interrupted enrolment left, or a new one.
fn keyslot(volume: &Volume, existing: &Existing, header: &Header, passphrase: &Passphrase) -> Result<String> {
    let unclaimed = header.unclaimed();
    let mut ours = opened_slots(volume, unclaimed.iter(), passphrase, unclaimed.len())?;
    if let Some(slot) = ours.pop() {
        if header.other_ways_in().iter().all(|other| *other == slot || ours.contains(other)) {
            return Err(volume.error(ONE_WAY_IN));
        }
        say(format_args!("keyslot {slot} was added before: going on with it"));
        return Ok(slot);
    }
    if let Some(why) = header.room().lacks_keyslot() {
        return Err(volume.error(why));
    }
    let free = header.free_keyslot().unwrap_or_default();
    let given = existing.opening(volume)?;
    say(format_args!("adding keyslot {free}"));
    volume.add_keyslot(&free, given, passphrase)?;
    Ok(free)
}

/// Which of these keyslots the passphrase opens, as many as wanted.
fn opened_slots<'a>(
    volume: &Volume,
    slots: impl Iterator<Item = &'a String>,
    passphrase: &Passphrase,
    wanted: usize,
) -> Result<Vec<String>> {
    let mut opened = Vec::new();
    for slot in slots {
        if opened.len() < wanted && volume.open(passphrase.expose(), Some(slot), &OpenAs::Test)? {
            opened.push(slot.clone());
        }
    }
    Ok(opened)
}

/// Reads back what was written.
fn confirm(volume: &Volume, number: &str, slot: &str) -> Result<()> {
    let header = volume.header()?;
    let written = header.tokens().ours;
    let written = written.iter().find(|numbered| numbered.number == number);
    let names_slot = written.is_some_and(|numbered| numbered.token.keyslots == [slot]);
    if !names_slot || !header.ways_in().contains(slot) {
        return Err(volume.error("the token was written but the header does not show it: run enroll again"));
    }
    require_another_way_in(volume, &header)
}
