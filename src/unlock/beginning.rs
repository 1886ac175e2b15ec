//! How an enrolment comes to its token and its key, or goes on with those of an earlier try, or finds that another
//! enrolment has made a key for the same LUKS UUID.

use super::console::{self, say, shown};
use super::copies::{self, Decision, Doubt};
use super::cryptsetup::Volume;
use super::enroll::with_way_out;
use super::error::{Error, Result};
use super::existing::Existing;
use super::header::{Header, NumberedToken};
use super::lock::DeviceLock;
use super::origin::Origin;
use super::pipe::InheritedPipe;
use super::server::{self, Known, Notes};
use super::token::{Token, UID_BYTES_MAX};
use keystead::client::{Client, ServerAddress};
use kmip_codec::enums::State;

/// How an enrolment comes to its token and its key.
pub struct Beginning<'a> {
    /// The volume.
    pub volume: &'a Volume,
    /// Held by this enrolment.
    pub lock: &'a DeviceLock,
    /// What opens the volume now.
    pub existing: &'a Existing,
    /// The server that is asked.
    pub client: &'a mut Client,
    /// What the token names.
    pub servers: &'a [ServerAddress],
    /// What the volume is, where another key was made for its LUKS UUID.
    pub decision: Option<Decision>,
}

/// A token that names a key.
pub struct Begun {
    /// The token.
    pub token: NumberedToken,
    /// What the server is to be told of the key once the volume opens with it.
    pub notes: Option<Notes>,
}

impl Beginning<'_> {
    /// The token to go on with, which names a key; a new token is in the header before a key is made.
    pub fn token(mut self, header: &Header) -> Result<Begun> {
        let begun = self.earlier(header);
        let here = Origin::here(self.volume);
        let others = server::keys_of(self.client, &header.uuid)?;
        let key = self.key(begun.as_ref(), &others)?;
        let doubt = self.doubt(header, begun.as_ref(), key.as_ref(), &others, &here);
        let is_new = begun.is_none() && self.decision == Some(Decision::NewUuid);
        let decided = match &doubt {
            Some(doubt) => Some(doubt.decide(self.decision, self.volume, header, &here)?),
            None => self.decision.filter(|_| is_new),
        };
        let plain = |token| Begun { token, notes: None };
        match (decided, doubt) {
            (Some(Decision::NewUuid), _) => {
                self.require_all(header, None, None)?;
                copies::give_new_uuid(self.volume, header)?;
                let header = self.volume.header()?;
                self.finish(&header, None, None, &[], &here).map(plain)
            }
            (Some(Decision::SameVolume), Some(Doubt::Copy(other) | Doubt::Named(_, other))) => {
                let (other, usable) =
                    (other.clone(), others.iter().filter(|known| known.is_usable()).count());
                if key.is_none() && usable > 1 {
                    return Err(several(&header.uuid, &others));
                }
                self.require_all(header, begun.as_ref(), Some(&other))?;
                if key.is_none() && other.state == State::PreActive {
                    server::activate(self.client, &other.uid)?;
                }
                let notes = Some(Notes::of(&other, &header.uuid, &here));
                let token = self.finish(header, begun, Some(other), &others, &here)?;
                Ok(Begun { token, notes })
            }
            _ => {
                self.require_all(header, begun.as_ref(), key.as_ref())?;
                self.finish(header, begun, key, &others, &here).map(plain)
            }
        }
    }

    /// The token of an earlier enrolment, if there is one.
    fn earlier(&self, header: &Header) -> Option<NumberedToken> {
        let (mut ours, unusable) = header.tokens();
        let device = console::path(self.volume.device());
        for why in unusable {
            say(format_args!("{device}: {why}; it is left alone"));
        }
        let mut begun = (!ours.is_empty()).then(|| ours.swap_remove(0))?;
        begun.tell_wrong(&device, "it is written anew");
        begun.token.volume.clone_from(&header.uuid);
        Some(begun)
    }

    /// Why the key that the volume would get may be another one's.
    fn doubt<'k>(
        &self,
        header: &Header,
        begun: Option<&'k NumberedToken>,
        key: Option<&'k Known>,
        others: &'k [Known],
        here: &Origin,
    ) -> Option<Doubt<'k>> {
        let is_here = |origin: &Origin| origin.is_here(here, self.volume, &header.uuid);
        match (begun, key) {
            (Some(begun), Some(key)) if !key.volumes.contains(&header.uuid) => {
                Some(Doubt::Named(&begun.number, key))
            }
            (_, Some(key)) => {
                let is_elsewhere = !key.origins.is_empty() && !key.origins.iter().any(is_here);
                is_elsewhere.then_some(Doubt::Copy(key))
            }
            (_, None) => others.iter().find(|known| known.is_usable()).map(Doubt::Copy),
        }
    }

    /// The key that a token names, or that its enrolment made without the token naming it.
    fn key(&mut self, begun: Option<&NumberedToken>, others: &[Known]) -> Result<Option<Known>> {
        let Some(NumberedToken { number, token, .. }) = begun else { return Ok(None) };
        if token.uid.is_empty() {
            let is_its = |known: &&Known| {
                known.is_usable() && token.enrolment.is_some() && known.enrolment == token.enrolment
            };
            return Ok(others.iter().find(is_its).cloned());
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
        let NumberedToken { number, token, wrong } = match begun {
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
            return Ok(NumberedToken { number, token, wrong });
        }
        let token = token.of_key(&uid);
        self.volume.write_token(&token, Some(&number))?;
        Ok(NumberedToken { number, token, wrong: Vec::new() })
    }

    /// A new token, of a key that is there already or of none yet, read back.
    fn begin(&self, header: &Header, uid: &str) -> Result<NumberedToken> {
        let token = self.new_token(header).of_key(uid);
        self.volume.write_token(&token, None)?;
        let (ours, _) = self.volume.header()?.tokens();
        let written = ours.into_iter().find(|numbered| numbered.token.enrolment == token.enrolment);
        written.ok_or_else(|| self.volume.error("the token was written but is not there: run enroll again"))
    }

    fn new_token(&self, header: &Header) -> Token {
        Token::adding(uuid::Uuid::new_v4().to_string(), self.servers, header.uuid.clone())
    }

    /// Everything that the rest of it needs of this machine, looked at before anything is changed: a key that cannot be used
    /// is not made.
    fn require_all(&self, header: &Header, begun: Option<&NumberedToken>, key: Option<&Known>) -> Result<()> {
        // An enrolled volume may need nothing any more, and what is left to do makes no key.
        if begun.is_some() && key.is_some() {
            return Ok(());
        }
        let token = serde_json::to_string(&self.new_token(header)).unwrap_or_default();
        let (tokens, bytes) = if begun.is_some() { (0, 0) } else { (1, token.len()) };
        let lacks = match self.may_have_keyslot(header, key) {
            true => header.room().lacks_token(tokens, bytes + UID_BYTES_MAX),
            false => header.room().lacks(tokens, bytes + UID_BYTES_MAX),
        };
        if let Some(why) = lacks {
            return Err(self.volume.error(why));
        }
        self.lock.reserve(header.room().areas.end()).map_err(Error::system(format!(
            "the file system of {} has no room for its header, which has holes",
            console::path(self.volume.header_place())
        )))?;
        if self.may_have_keyslot(header, key) {
            return Ok(());
        }
        let given = self.existing.opening(self.volume)?;
        if given.file().is_none() && !InheritedPipe::has_place()? {
            return Err(InheritedPipe::no_place());
        }
        Ok(())
    }

    /// Whether a keyslot may be there that a key opens which is there; a new key opens none.
    fn may_have_keyslot(&self, header: &Header, key: Option<&Known>) -> bool {
        key.is_some() && !header.unclaimed().is_empty()
    }
}

fn several(uuid: &str, others: &[Known]) -> Error {
    let uids: Vec<_> =
        others.iter().filter(|known| known.is_usable()).map(|known| shown(&known.uid)).collect();
    let why =
        format!("the server has {} keys for volume {}: destroy the wrong ones", uids.len(), shown(uuid));
    Error::Key { uid: uids.join(", "), why }
}
