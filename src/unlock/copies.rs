//! A key that was made for another volume than the one that is enrolled: for the one that this is a copy of and whose LUKS
//! UUID it has, or for any other one that a token names. Enrolled in silence, the two would share it.

use super::console::{self, say, shown};
use super::cryptsetup::Volume;
use super::error::{Error, Result};
use super::header::{Header, NumberedToken};
use super::origin::Here;
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
        here: &Here<'_>,
    ) -> Result<Decision> {
        if let Some(given) = given {
            return Ok(given);
        }
        if console::is_kept() || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Err(self.undecided(volume, header, here));
        }
        say(format_args!("{}", self.story(volume, header, here)));
        say(format_args!("{}", self.choice(volume)));
        say(format_args!("c: as with --new-uuid; s: as with --same-volume; anything else: nothing is done"));
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).map_err(Error::system("the terminal cannot be read"))?;
        match answer.trim() {
            "c" => Ok(Decision::NewUuid),
            "s" => Ok(Decision::SameVolume),
            _ => Err(Error::Usage("nothing was done".to_owned())),
        }
    }

    /// What is said where nobody can be asked.
    pub fn undecided(&self, volume: &Volume, header: &Header, here: &Here<'_>) -> Error {
        let (story, choice) = (self.story(volume, header, here), self.choice(volume));
        Error::Usage(format!("{story}. Say which it is, and enrol again: {choice}"))
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
    pub fn story(&self, volume: &Volume, header: &Header, here: &Here<'_>) -> String {
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

/// Tells that a copy has a LUKS UUID of its own now, and what it has of its original all the same.
pub fn tell_new_uuid(volume: &Volume, old: &str, new: &str) {
    let (device, place) = (console::path(volume.device()), console::argument(volume.header_place()));
    say(format_args!(
        "{device} had LUKS UUID {} and has {} now: change it in /etc/crypttab and the like",
        shown(old),
        shown(new)
    ));
    say(format_args!(
        "a copy has the volume key of its original too: `cryptsetup reencrypt {place}` makes another"
    ));
}

/// Tells which tokens of another LUKS UUID are in the header of an enrolled volume, and that their keys open it, as long as that is so.
pub fn tell_what_is_left(volume: &Volume, header: &Header) {
    let (place, ways_in) = (console::argument(volume.header_place()), header.ways_in());
    for NumberedToken { number, token, .. } in header.tokens().foreign {
        let slots: Vec<_> = token.keyslots.iter().filter(|slot| ways_in.contains(*slot)).collect();
        if slots.is_empty() {
            continue;
        }
        let kills: String = slots
            .iter()
            .map(|slot| format!(" and `cryptsetup luksKillSlot {place} {}`", shown(slot)))
            .collect();
        say(format_args!(
            "key {}, of LUKS UUID {}, still opens it: where that is another volume, `cryptsetup token remove --token-id {number} \
             {place}`{kills} end that",
            shown(&token.uid),
            shown(&token.volume)
        ));
    }
}
