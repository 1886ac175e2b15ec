//! A volume with the LUKS UUID of another one. The key of a volume is found by its UUID, and copies of an image have
//! the same: enrolled in silence, they would share one key.

use super::console::{self, say, shown};
use super::cryptsetup::Volume;
use super::error::{Error, Result};
use super::header::Header;
use super::origin::Origin;
use super::server::Known;
use std::io::{self, BufRead as _, IsTerminal as _};

/// What a volume is that has the LUKS UUID of one that was enrolled before.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// A copy: it gets a LUKS UUID and a key of its own.
    NewUuid,
    /// That volume itself, which came to this machine, or has lost its token: it keeps its UUID and its key.
    SameVolume,
}

/// Takes the decision from the command line, or from the person at the terminal.
pub fn decide(
    given: Option<Decision>,
    volume: &Volume,
    header: &Header,
    other: &Known,
    here: &Origin,
) -> Result<Decision> {
    if let Some(given) = given {
        return Ok(given);
    }
    let story = story(volume, header, other, here);
    if console::is_kept() || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Error::Usage(format!(
            "{story}. Say which it is, and enrol again: with `--new-uuid`, where this is a copy, it gets a LUKS UUID and a \
             key of its own; with `--same-volume`, where this is that volume, it keeps both"
        )));
    }
    say(format_args!("{story}"));
    say(format_args!("c: this is a copy, and gets a LUKS UUID and a key of its own"));
    say(format_args!("s: this is that volume, and keeps both; anything else: nothing is done"));
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(Error::system("the terminal cannot be read"))?;
    match answer.trim() {
        "c" => Ok(Decision::NewUuid),
        "s" => Ok(Decision::SameVolume),
        _ => Err(Error::Usage("nothing was done".to_owned())),
    }
}

/// Who enrolled the UUID, when, and from where.
fn story(volume: &Volume, header: &Header, other: &Known, here: &Origin) -> String {
    let (device, uuid) = (console::path(volume.device()), shown(&header.uuid));
    let places: Vec<_> = other.origins.iter().map(|origin| origin.told(here)).collect();
    let places = match places.is_empty() {
        true => "by an older version, which did not say where".to_owned(),
        false => places.join(" and "),
    };
    let (uid, made) = (shown(&other.uid), other.made());
    format!("{device} may be a copy: key {uid} was made for its LUKS UUID {uuid}{made} {places}")
}

/// Gives a copy a LUKS UUID of its own; the header is to be read anew. What it has of the volume that it is a copy of
/// stays, and people are told.
pub fn give_new_uuid(volume: &Volume, header: &Header) -> Result<()> {
    let new = uuid::Uuid::new_v4().to_string();
    volume.set_uuid(&new)?;
    let (device, old) = (console::path(volume.device()), shown(&header.uuid));
    say(format_args!(
        "{device} had LUKS UUID {old} and has {new} now: change it in /etc/crypttab and the like"
    ));
    let place = console::argument(volume.header_place());
    let (ours, _) = header.tokens();
    for numbered in ours {
        let remove = format!("cryptsetup token remove --token-id {} {place}", numbered.number);
        let kill = |slot: &String| format!("`, `cryptsetup luksKillSlot {place} {}", shown(slot));
        let kills: String = numbered.token.keyslots.iter().map(kill).collect();
        say(format_args!(
            "the key of the volume that it is a copy of still opens it: once it is enrolled, run `{remove}{kills}`"
        ));
    }
    say(format_args!(
        "a copy has the volume key of its original too: `cryptsetup reencrypt {place}` makes another"
    ));
    Ok(())
}
