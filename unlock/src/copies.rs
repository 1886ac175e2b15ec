//! A key that was made for another volume than the one that is enrolled: for the one that this is a copy of and whose LUKS
//! UUID it has, or for any other one that a token names. Enrolled in silence, the two would share it.

use super::console::{self, say, shown};
use super::cryptsetup::Volume;
use super::error::{Error, Result};
use super::header::{Header, NumberedToken};
use super::origin::Here;
use super::volume_key::Known;
use std::io::{self, BufRead as _, IsTerminal as _};

/// What a volume is for which a key is there already.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// A copy: it gets a LUKS UUID and a key of its own.
    NewUuid,
    /// That volume itself, which came to this machine, or has lost its token: it keeps its UUID and the key.
    SameVolume,
}

/// A key that may be another volume's.
pub struct Doubt<'a> {
    /// The key.
    pub key: &'a Known,
    /// The number of the token that names it, where it was made for another LUKS UUID, or for none.
    pub named_by: Option<String>,
}

impl<'a> Doubt<'a> {
    /// Of a key that was made for this LUKS UUID.
    pub fn copy(key: &'a Known) -> Self {
        Self { key, named_by: None }
    }

    /// Whether this is a copy for certain.
    pub fn is_proof(&self, here: &Here<'_>) -> bool {
        self.named_by.is_none() && here.is_proof(&self.key.origins)
    }

    /// Takes the decision from the command line, or from the person at the terminal. A LUKS UUID that is kept, because of this token,
    /// is not to be had anew.
    pub fn decide(
        &self,
        given: Option<Decision>,
        kept: Option<&NumberedToken>,
        volume: &Volume,
        header: &Header,
        here: &Here<'_>,
    ) -> Result<Decision> {
        if let Some(given) = given {
            return Ok(given);
        }
        if console::is_kept() || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Err(self.undecided(kept, volume, header, here));
        }
        say(format_args!("{}", self.story(volume, header, here)));
        say(format_args!("{}", self.choice(kept, volume)));
        let new = if kept.is_none() { "c: as with --new-uuid; " } else { "" };
        say(format_args!("{new}s: as with --same-volume; anything else: nothing is done"));
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).map_err(Error::system("the terminal cannot be read"))?;
        match answer.trim() {
            "c" if kept.is_none() => Ok(Decision::NewUuid),
            "s" => Ok(Decision::SameVolume),
            _ => Err(Error::Usage("nothing was done".to_owned())),
        }
    }

    /// What is said where nobody can be asked.
    pub fn undecided(
        &self,
        kept: Option<&NumberedToken>,
        volume: &Volume,
        header: &Header,
        here: &Here<'_>,
    ) -> Error {
        let (story, choice) = (self.story(volume, header, here), self.choice(kept, volume));
        Error::Usage(format!("{story}. Say which it is, and enrol again: {choice}"))
    }

    fn choice(&self, kept: Option<&NumberedToken>, volume: &Volume) -> String {
        let new = match kept {
            None => {
                "with `--new-uuid`, where this is a copy, it gets a LUKS UUID and a key of its own".to_owned()
            }
            Some(kept) => way_to_another(kept, volume),
        };
        match &self.named_by {
            None => format!("{new}; with `--same-volume`, where this is that volume, it keeps both"),
            Some(number) => format!(
                "{new}; with `--same-volume` it takes that key all the same; where the token is wrong, \
                 `cryptsetup token remove --token-id {number} {}` removes it",
                console::argument(volume.header_place())
            ),
        }
    }

    /// Who made the key, when, where, and for which volume.
    pub fn story(&self, volume: &Volume, header: &Header, here: &Here<'_>) -> String {
        let (device, uuid) = (console::path(volume.device()), shown(&header.uuid));
        let (uid, made) = (shown(&self.key.uid), self.key.made());
        let Some(number) = &self.named_by else {
            let places = match places(self.key, here) {
                places if places.is_empty() => " by an older version, which did not say where".to_owned(),
                places => places,
            };
            return format!(
                "{device} may be a copy: key {uid} was made for its LUKS UUID {uuid}{made}{places}"
            );
        };
        let of = match self.key.volumes.is_empty() {
            true => "no volume".to_owned(),
            false => format!("LUKS UUID {}", shown(&self.key.volumes.join(" and "))),
        };
        let places = places(self.key, here);
        format!(
            "{device} has LUKS UUID {uuid}, and its token {number} names key {uid}, which was made for {of}{made}{places}"
        )
    }
}

/// Where a key was enrolled.
fn places(key: &Known, here: &Here<'_>) -> String {
    let places: Vec<_> = key.origins.iter().map(|origin| origin.told(here)).collect();
    if places.is_empty() { String::new() } else { format!(" {}", places.join(" and ")) }
}

/// How a copy of a volume that is a copy itself gets a LUKS UUID: nothing in the header tells the two apart.
pub fn way_to_another(kept: &NumberedToken, volume: &Volume) -> String {
    format!(
        "where this is a copy of a volume that had been given its LUKS UUID as a copy, \
         `cryptsetup token remove --token-id {} {}` and `--new-uuid` give it another one",
        kept.number,
        console::argument(volume.header_place())
    )
}

/// Tells that the LUKS UUID of a copy stays, and whose the key is.
pub fn tell_kept(
    volume: &Volume,
    header: &Header,
    kept: &NumberedToken,
    key: Option<&Known>,
    here: &Here<'_>,
) {
    let of = kept.token.copy_of.as_deref().unwrap_or_default();
    let key =
        key.map(|key| format!(", and key {}, made{}{}", shown(&key.uid), key.made(), places(key, here)));
    say(format_args!(
        "{} has got LUKS UUID {} instead of {} already{}: it keeps them; {}",
        console::path(volume.device()),
        header.uuid,
        shown(of),
        key.unwrap_or_default(),
        way_to_another(kept, volume)
    ));
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
