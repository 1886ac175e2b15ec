//! Opens an enrolled volume: the tokens in its header name the keys, the servers hand them out.

use super::console::{self, say, shown};
use super::cryptsetup::{OpenAs, Volume};
use super::error::{Error, Result};
use super::fetch::{Fetch, Patience, Place};
use super::header::{NumberedToken, Tokens};
use super::mapping::{self, Mapping};
use super::passphrase::Passphrase;
use super::said::{IN_USE, NO_MEMORY};
use super::token::{Token, TokenState};
use keystead_client::{ClientArgs, ServerAddress, Settings};

/// Opens the volume with the first key that is to be had and opens it.
pub fn unlock(volume: &Volume, how: &OpenAs<'_>, args: &ClientArgs, patience: Patience) -> Result<()> {
    if is_open_already(volume, how)? {
        return Ok(());
    }
    let found = finished_tokens(volume)?;
    let (settings, places) = places(&found, args)?;
    let mut fetch = Fetch::start(&settings, places, patience);
    while let Some((at, place, key)) = fetch.next_key() {
        let token = found.tokens.iter().find(|numbered| numbered.token.uid == place.uid);
        let slots = token.map_or(&[][..], |numbered| &numbered.token.keyslots);
        let opened = Passphrase::of_key(&place.uid, &key).and_then(|key| open_by(volume, how, slots, &key));
        match opened {
            Ok(true) => {
                let (uid, device) = (&place.uid, console::path(volume.device()));
                say(format_args!("key {uid} of {} opens {device}", place.server));
                return Ok(());
            }
            Ok(false) => fetch.failed(at, opens_nothing(volume, &place, token)),
            // The next key would be of no more use.
            Err(error @ (Error::Cryptsetup { .. } | Error::System { .. })) => {
                return finally(volume, how, error);
            }
            Err(error) => fetch.failed(at, error),
        }
    }
    Err(fetch.into_error())
}

/// The key is offered as cryptsetup offers it itself: to every keyslot, of which an interrupted re-encryption needs
/// several. Keyslots with a slow key derivation may stand before ours and want more memory than there is: then ours
/// are tried alone.
fn open_by(volume: &Volume, how: &OpenAs<'_>, slots: &[String], passphrase: &Passphrase) -> Result<bool> {
    let error = match volume.open(passphrase.expose(), None, how) {
        Err(error @ Error::Cryptsetup { code: Some(NO_MEMORY), .. }) => error,
        other => return other,
    };
    for slot in slots {
        if let Ok(true) = volume.open(passphrase.expose(), Some(slot), how) {
            return Ok(true);
        }
    }
    Err(error)
}

fn opens_nothing(volume: &Volume, place: &Place, token: Option<&NumberedToken>) -> Error {
    let slots = token.map(|numbered| numbered.token.keyslots.join(", ")).unwrap_or_default();
    let (uid, server) = (shown(&place.uid), &place.server);
    let (number, hint) =
        (token.map_or("", |numbered| numbered.number.as_str()), "run `keystead-unlock enroll` again");
    let why = match slots.as_str() {
        "" => format!("token {number} names no keyslot, and key {uid} of {server} opens none: {hint}"),
        _ => format!("key {uid} of {server} does not open keyslot {}, nor another", shown(&slots)),
    };
    volume.error(why)
}

/// What another process opened in the meantime is open.
fn finally(volume: &Volume, how: &OpenAs<'_>, error: Error) -> Result<()> {
    let is_in_use = matches!(error, Error::Cryptsetup { code: Some(IN_USE), .. });
    if is_in_use && is_open_already(volume, how)? {
        return Ok(());
    }
    Err(error)
}

fn is_open_already(volume: &Volume, how: &OpenAs<'_>) -> Result<bool> {
    let OpenAs::Mapping { name, read_only } = how else { return Ok(false) };
    mapping::check_name(name)?;
    let Some(status) = volume.status(name) else { return Ok(false) };
    let (open, device) = (Mapping::parse(&status), console::path(volume.device()));
    if !open.is_of(volume.device()) {
        return Err(volume.error(format!(
            "the name {} is taken by another volume ({}): give another name, or close that one",
            shown(name),
            shown(&open.device)
        )));
    }
    if open.read_only && !read_only {
        return Err(volume.error(format!(
            "it is open already as {}, but for reading alone: close it first (cryptsetup close)",
            shown(name)
        )));
    }
    let mode = if open.read_only { "for reading alone" } else { "for reading and writing" };
    say(format_args!("{device} is open already as {name}, {mode}"));
    Ok(true)
}

/// Tokens whose keys are asked for.
struct Found {
    tokens: Vec<NumberedToken>,
    /// How many of them, the first ones, are of this LUKS UUID.
    ours: usize,
}

/// The tokens whose enrolment was finished: ours, and behind them those of another LUKS UUID whose keyslot opens the volume. Whether a
/// volume is a copy is no matter of opening it.
fn finished_tokens(volume: &Volume) -> Result<Found> {
    let header = volume.header()?;
    let Tokens { ours, foreign, unusable } = header.tokens();
    let device = console::path(volume.device());
    for why in &unusable {
        say(format_args!("{device}: {why}; it is passed over"));
    }
    let has_ours = !ours.is_empty();
    let is_finished = |numbered: &NumberedToken| {
        numbered.token.state == TokenState::Active && !numbered.token.uid.is_empty()
    };
    let mut finished: Vec<_> = ours.into_iter().filter(is_finished).collect();
    for numbered in &finished {
        numbered.tell_wrong(&device, "the rest of it is used");
    }
    let ways_in = header.ways_in();
    let opens = |numbered: &NumberedToken| {
        let has_way_in = numbered.token.keyslots.iter().any(|slot| ways_in.contains(slot));
        has_way_in && is_finished(numbered) && uuid::Uuid::parse_str(&numbered.token.volume).is_ok()
    };
    let (behind, others): (Vec<_>, Vec<_>) = foreign.into_iter().partition(opens);
    for numbered in &others {
        say(format_args!("{device}: {}; it is passed over", numbered.is_foreign()));
    }
    let then = if finished.is_empty() { "all the same" } else { "too, behind the others" };
    for numbered in &behind {
        say(format_args!("{device}: {}; its key is asked for {then}", numbered.is_foreign()));
    }
    let ours = finished.len();
    finished.extend(behind);
    match (finished.is_empty(), has_ours, unusable.is_empty()) {
        (false, ..) => Ok(Found { tokens: finished, ours }),
        (true, true, _) => {
            Err(volume.error("its enrolment was not finished: run `keystead-unlock enroll` again"))
        }
        (true, false, true) => {
            Err(volume.error("it has no token of Keystead: enrol it with `keystead-unlock enroll`"))
        }
        (true, false, false) => Err(volume.error(format!(
            "none of its tokens of Keystead can be used ({}): remove each with `cryptsetup token remove --token-id N {}`, \
             which removes no keyslot, and run `keystead-unlock enroll` again",
            unusable.join("; "),
            console::argument(volume.header_place())
        ))),
    }
}

/// Each key on each server: those that this machine names, or else those of its token.
fn places(Found { tokens, ours }: &Found, args: &ClientArgs) -> Result<(Settings, Vec<Place>)> {
    let place = |at: usize, token: &Token, server: ServerAddress| Place {
        server,
        uid: token.uid.clone(),
        is_behind: at >= *ours,
    };
    let mut of_tokens = Vec::new();
    for (at, NumberedToken { number, token, .. }) in tokens.iter().enumerate() {
        let (servers, wrong) = token.addresses();
        wrong.iter().for_each(|why| say(format_args!("token {number}: {why}")));
        of_tokens.extend(servers.into_iter().map(|server| place(at, token, server)));
    }
    let named = of_tokens.iter().map(|place| place.server.clone()).collect();
    let (settings, of_this_machine) = args.settings_or_servers(named)?;
    console::warn(&settings);
    let mut places: Vec<Place> = Vec::new();
    let of_all = settings.servers.iter().flat_map(|server| {
        let tokens = tokens.iter().enumerate();
        tokens.map(|(at, numbered)| place(at, &numbered.token, server.clone()))
    });
    for place in if of_this_machine { of_all.collect() } else { of_tokens } {
        if !places.iter().any(|other| (&other.server, &other.uid) == (&place.server, &place.uid)) {
            places.push(place);
        }
    }
    Ok((settings, places))
}
