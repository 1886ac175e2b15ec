//! A key that was made for another volume than the one that is enrolled: for the one that this is a copy of and whose LUKS
//! UUID it has, or for any other one that a token names. Enrolled in silence, the two would share it.

use super::console::{self, say, shown};
use super::cryptsetup::Volume;
use super::error::{Error, Result};
use super::header::Header;
use super::origin::Origin;
use super::server::Known;
use std::io::{self, BufRead as _, IsTerminal as _};

/// What a volume is for which a key is there already.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// A copy: it gets a LUKS UUID and a key of its own.
    NewUuid,
    /// That volume itself, which came to this machine, or has lost its token: it keeps its UUID and the key.
    SameVolume,
}

/// A key that may be another volume's, and why.
pub enum Doubt<'a> {
    /// It was made for this LUKS UUID, elsewhere.
    Copy(&'a Known),
    /// The token of this number names it, and it was made for another LUKS UUID, or for none.
    Named(&'a str, &'a Known),
}

impl Doubt<'_> {
    /// Takes the decision from the command line, or from the person at the terminal.
    pub fn decide(
        &self,
        given: Option<Decision>,
        volume: &Volume,
        header: &Header,
        here: &Origin,
    ) -> Result<Decision> {
        if let Some(given) = given {
            return Ok(given);
        }
        let (story, choice) = (self.story(volume, header, here), self.choice(volume));
        if console::is_kept() || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Err(Error::Usage(format!("{story}. Say which it is, and enrol again: {choice}")));
        }
        say(format_args!("{story}"));
        say(format_args!("{choice}"));
        say(format_args!("c: as with --new-uuid; s: as with --same-volume; anything else: nothing is done"));
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).map_err(Error::system("the terminal cannot be read"))?;
        match answer.trim() {
            "c" => Ok(Decision::NewUuid),
            "s" => Ok(Decision::SameVolume),
            _ => Err(Error::Usage("nothing was done".to_owned())),
        }
    }

    fn choice(&self, volume: &Volume) -> String {
        let new = "with `--new-uuid`, where this is a copy, it gets a LUKS UUID and a key of its own";
        match self {
            Self::Copy(_) => format!("{new}; with `--same-volume`, where this is that volume, it keeps both"),
            Self::Named(number, _) => format!(
                "{new}; with `--same-volume` it takes that key all the same; where the token is wrong, \
                 `cryptsetup token remove --token-id {number} {}` removes it",
                console::argument(volume.header_place())
            ),
        }
    }

    /// Who made the key, when, where, and for which volume.
    fn story(&self, volume: &Volume, header: &Header, here: &Origin) -> String {
        let (device, uuid) = (console::path(volume.device()), shown(&header.uuid));
        let (Self::Copy(other) | Self::Named(_, other)) = self;
        let places: Vec<_> = other.origins.iter().map(|origin| origin.told(here)).collect();
        let places = match (places.is_empty(), self) {
            (false, _) => format!(" {}", places.join(" and ")),
            (true, Self::Copy(_)) => " by an older version, which did not say where".to_owned(),
            (true, Self::Named(..)) => String::new(),
        };
        let (uid, made) = (shown(&other.uid), other.made());
        match self {
            Self::Copy(_) => {
                format!("{device} may be a copy: key {uid} was made for its LUKS UUID {uuid}{made}{places}")
            }
            Self::Named(number, _) => {
                let of = match other.volumes.is_empty() {
                    true => "no volume".to_owned(),
                    false => format!("LUKS UUID {}", shown(&other.volumes.join(" and "))),
                };
                format!(
                    "{device} has LUKS UUID {uuid}, and its token {number} names key {uid}, which was made for {of}{made}{places}"
                )
            }
        }
    }
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
