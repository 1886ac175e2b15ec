//! How an enrolment comes to its token and its key, or goes on with those of an earlier try, or finds that another
//! enrolment has made a key for the same LUKS UUID.

use super::console::{self, say, shown};
use super::copies::{self, Decision};
use super::cryptsetup::Volume;
use super::enroll::with_way_out;
use super::error::{Error, Result};
use super::header::{Header, NumberedToken};
use super::origin::Origin;
use super::server::{self, Known};
use super::token::{Token, UID_BYTES_MAX};
use keystead::client::{Client, ServerAddress};
use kmip_codec::enums::State;

/// How an enrolment comes to its token and its key.
pub struct Beginning<'a> {
    /// The volume.
    pub volume: &'a Volume,
    /// The server that is asked.
    pub client: &'a mut Client,
    /// What the token names.
    pub servers: &'a [ServerAddress],
    /// What the volume is, where another key was made for its LUKS UUID.
    pub decision: Option<Decision>,
}

impl Beginning<'_> {
    /// The token to go on with, which names a key; a new token is in the header before a key is made.
    pub fn token(mut self, header: &Header) -> Result<NumberedToken> {
        let (mut ours, unreadable) = header.tokens();
        for why in unreadable {
            say(format_args!("{}: {why}; it is left alone", console::path(self.volume.device())));
        }
        let begun = (!ours.is_empty()).then(|| ours.swap_remove(0));
        let here = Origin::here(self.volume);
        let others = server::keys_of(self.client, &header.uuid)?;
        let key = self.key(begun.as_ref(), &others)?;
        let is_elsewhere = |known: &Known| {
            let is_here = |origin: &Origin| origin.is_here(&here, self.volume, &header.uuid);
            !known.origins.is_empty() && !known.origins.iter().any(is_here)
        };
        let other = match (&begun, &key) {
            (Some(_), Some(key)) => Some(key).filter(|key| is_elsewhere(key)),
            (Some(_), None) => None,
            (None, _) => others.iter().find(|known| known.is_usable()),
        };
        let is_new = begun.is_none() && self.decision == Some(Decision::NewUuid);
        let decided = match other {
            Some(other) => Some(copies::decide(self.decision, self.volume, header, other, &here)?),
            None => self.decision.filter(|_| is_new),
        };
        match (decided, other) {
            (Some(Decision::NewUuid), _) => {
                self.require_room(header)?;
                copies::give_new_uuid(self.volume, header)?;
                let header = self.volume.header()?;
                self.finish(&header, None, None, &[], &here)
            }
            (Some(Decision::SameVolume), Some(other)) => {
                let (other, usable) =
                    (other.clone(), others.iter().filter(|known| known.is_usable()).count());
                if begun.is_none() && usable > 1 {
                    return Err(several(&header.uuid, &others));
                }
                if begun.is_none() && other.state == State::PreActive {
                    server::activate(self.client, &other.uid)?;
                }
                self.add_origin(&other, &here);
                self.finish(header, begun, Some(other), &others, &here)
            }
            _ => self.finish(header, begun, key, &others, &here),
        }
    }

    /// The key that a token names, or that its enrolment made without the token naming it.
    fn key(&mut self, begun: Option<&NumberedToken>, others: &[Known]) -> Result<Option<Known>> {
        let Some(NumberedToken { number, token }) = begun else { return Ok(None) };
        if token.uid.is_empty() {
            let made = others.iter().find(|known| known.is_usable() && known.enrolment == token.enrolment);
            return Ok(made.cloned());
        }
        let known = server::known(self.client, &token.uid);
        known.map(Some).map_err(|error| with_way_out(self.volume, number, token, error))
    }

    /// The token is written, the key is made and activated, the token names it: whatever of that is left to do.
    fn finish(
        self,
        header: &Header,
        begun: Option<NumberedToken>,
        key: Option<Known>,
        others: &[Known],
        here: &Origin,
    ) -> Result<NumberedToken> {
        let NumberedToken { number, token } = match begun {
            Some(begun) => begun,
            None => self.begin(header, key.as_ref().map_or("", |key| &key.uid))?,
        };
        let uid = match key {
            Some(key) => {
                if token.uid.is_empty() {
                    say(format_args!("key {} was made for this volume before: going on with it", key.uid));
                    if key.state == State::PreActive {
                        server::activate(self.client, &key.uid)?;
                    }
                }
                key.uid
            }
            None => {
                let enrolment = token.enrolment.as_deref().unwrap_or_default();
                server::make_key(self.client, &header.uuid, enrolment, here, others)?
            }
        };
        if token.uid == uid {
            return Ok(NumberedToken { number, token });
        }
        let token = token.of_key(&uid);
        self.volume.write_token(&token, Some(&number))?;
        Ok(NumberedToken { number, token })
    }

    /// A new token, of a key that is there already or of none yet, read back.
    fn begin(&self, header: &Header, uid: &str) -> Result<NumberedToken> {
        self.require_room(header)?;
        let token = self.new_token(header).of_key(uid);
        self.volume.write_token(&token, None)?;
        let (ours, _) = self.volume.header()?.tokens();
        let written = ours.into_iter().find(|numbered| numbered.token.enrolment == token.enrolment);
        written.ok_or_else(|| self.volume.error("the token was written but is not there: run enroll again"))
    }

    fn new_token(&self, header: &Header) -> Token {
        Token::adding(uuid::Uuid::new_v4().to_string(), self.servers, header.uuid.clone())
    }

    /// A key that cannot be used is not made.
    fn require_room(&self, header: &Header) -> Result<()> {
        let token = serde_json::to_string(&self.new_token(header)).unwrap_or_default();
        match header.room().lacks(token.len() + UID_BYTES_MAX) {
            Some(why) => Err(self.volume.error(why)),
            None => Ok(()),
        }
    }

    /// Says on the server that the key is used here too. Where it cannot be said, the next enrolment asks again.
    fn add_origin(&mut self, other: &Known, here: &Origin) {
        if !other.origins.contains(here)
            && let Err(error) = server::add_origin(self.client, &other.uid, here)
        {
            say(format_args!("the server does not note that the volume is here now: {error}"));
        }
    }
}

fn several(uuid: &str, others: &[Known]) -> Error {
    let uids: Vec<_> =
        others.iter().filter(|known| known.is_usable()).map(|known| shown(&known.uid)).collect();
    let why =
        format!("the server has {} keys for volume {}: destroy the wrong ones", uids.len(), shown(uuid));
    Error::Key { uid: uids.join(", "), why }
}
