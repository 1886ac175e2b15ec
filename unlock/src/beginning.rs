//! How an enrolment comes to its token and its key, or goes on with those of an earlier try, or finds that another
//! enrolment has made a key for the same LUKS UUID.

use super::console::{self, say, shown};
use super::copies::{self, Decision, Doubt};
use super::cryptsetup::Volume;
use super::enroll::with_way_out;
use super::error::{Error, Result};
use super::existing::Existing;
use super::header::{Header, NumberedToken, Tokens};
use super::lock::DeviceLock;
use super::origin::{Evidence, Here};
use super::pipe::InheritedPipe;
use super::token::{Token, TokenState, UID_BYTES_MAX};
use super::volume_key::{self, Known, Notes};
use keystead_client::{Client, ServerAddress};
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
        let tokens = header.tokens();
        self.tell_passed_over(&tokens);
        let here = Here::of(self.volume, &header.uuid);
        let others = volume_key::keys_of(self.client, &header.uuid)?;
        let separated = tokens.separated().filter(|_| tokens.begun_copy(&header.uuid).is_none()).cloned();
        let (begun, key) = match self.key(header, tokens.ours, &others) {
            // A copy needs no key of its original, which may be another client's.
            Err(error) if self.is_new_uuid() && separated.is_none() && error.is_refusal() => {
                return self.with_new_uuid(header);
            }
            found => found?,
        };
        let doubt = doubt(header, begun.as_ref(), key.as_ref(), &others, &here);
        // What has a LUKS UUID of its own already gets no other one because the command is repeated.
        let kept = separated.filter(|_| !doubt.as_ref().is_some_and(|doubt| doubt.is_proof(&here)));
        let decision = self.decision.filter(|decision| kept.is_none() || *decision != Decision::NewUuid);
        let decided = match &doubt {
            Some(doubt) => Some(doubt.decide(decision, kept.as_ref(), self.volume, header, &here)?),
            None => decision.filter(|decision| *decision == Decision::NewUuid),
        };
        match (decided, doubt) {
            (Some(Decision::NewUuid), _) => self.with_new_uuid(header),
            (Some(Decision::SameVolume), Some(Doubt { key: other, .. })) => {
                let (other, usable) =
                    (other.clone(), others.iter().filter(|known| known.is_usable()).count());
                if key.is_none() && usable > 1 {
                    return Err(several(&header.uuid, &others));
                }
                self.require_all(header, begun.as_ref(), Some(&other))?;
                if key.is_none() && other.state == State::PreActive {
                    volume_key::activate(self.client, &other.uid)?;
                }
                let notes = Some(Notes::of(&other, &header.uuid, &here));
                let token = self.finish(header, begun, Some(other), &others, &here)?;
                Ok(Begun { token, notes })
            }
            _ => {
                if let Some(kept) = kept.filter(|_| self.is_new_uuid()) {
                    copies::tell_kept(self.volume, header, &kept, key.as_ref(), &here);
                }
                self.go_on(header, begun, key, &others, &here)
            }
        }
    }

    fn is_new_uuid(&self) -> bool {
        self.decision == Some(Decision::NewUuid)
    }

    /// With what there is, where nothing is in doubt.
    fn go_on(
        self,
        header: &Header,
        begun: Option<NumberedToken>,
        key: Option<Known>,
        others: &[Known],
        here: &Here<'_>,
    ) -> Result<Begun> {
        self.require_all(header, begun.as_ref(), key.as_ref())?;
        if let Some(NumberedToken {
            token: Token { copy_of: Some(of), state: TokenState::Adding, .. }, ..
        }) = &begun
        {
            copies::tell_new_uuid(self.volume, of, &header.uuid);
        }
        // An older version did not note all of this.
        let notes = key.as_ref().map(|key| Notes::of(key, &header.uuid, here));
        let token = self.finish(header, begun, key, others, here)?;
        Ok(Begun { token, notes })
    }

    /// As a copy: the token that says so is written before the LUKS UUID is changed, so that whatever is cut off is gone on with, by
    /// the same UUID.
    fn with_new_uuid(self, header: &Header) -> Result<Begun> {
        let begun = header.tokens().begun_copy(&header.uuid).cloned();
        self.require_all(header, begun.as_ref(), None)?;
        let begun = match begun {
            Some(begun) => begun,
            None => {
                let token = self.new_token(&uuid::Uuid::new_v4().to_string()).of_copy(&header.uuid);
                self.written(&token)?
            }
        };
        let new = begun.token.volume.clone();
        self.volume.set_uuid(&new)?;
        copies::tell_new_uuid(self.volume, &header.uuid, &new);
        let header = self.volume.header()?;
        let here = Here::of(self.volume, &header.uuid);
        let token = self.finish(&header, Some(begun), None, &[], &here)?;
        Ok(Begun { token, notes: None })
    }

    fn tell_passed_over(&self, tokens: &Tokens) {
        let device = console::path(self.volume.device());
        for why in tokens.passed_over() {
            say(format_args!("{device}: {why}; it is left alone"));
        }
    }

    /// The first token of an earlier enrolment whose key the server has, or that has none yet, and the key that it names, or that its
    /// enrolment made without the token naming it.
    fn key(
        &mut self,
        header: &Header,
        tokens: Vec<NumberedToken>,
        others: &[Known],
    ) -> Result<(Option<NumberedToken>, Option<Known>)> {
        let device = console::path(self.volume.device());
        let mut without_key = None;
        let mut failed = None;
        for mut begun in tokens {
            begun.tell_wrong(&device, "it is written anew");
            begun.token.volume.clone_from(&header.uuid);
            if begun.token.uid.is_empty() {
                let enrolment = begun.token.enrolment.as_ref();
                let is_its = |known: &&Known| {
                    known.is_usable() && enrolment.is_some() && known.enrolment.as_ref() == enrolment
                };
                match others.iter().find(is_its).cloned() {
                    Some(key) => return Ok((Some(begun), Some(key))),
                    None => without_key = without_key.or(Some(begun)),
                }
                continue;
            }
            match volume_key::known(self.client, &begun.token.uid) {
                Ok(known) => return Ok((Some(begun), Some(known))),
                Err(error) => match with_way_out(self.volume, &begun.number, &begun.token, error) {
                    ended @ Error::Ended { .. } => failed = failed.or(Some(ended)),
                    error => return Err(error),
                },
            }
        }
        failed.map_or(Ok((without_key, None)), Err)
    }

    /// The token is written, the key is made and activated, the token names it: whatever of that is left to do.
    fn finish(
        mut self,
        header: &Header,
        begun: Option<NumberedToken>,
        key: Option<Known>,
        others: &[Known],
        here: &Here<'_>,
    ) -> Result<NumberedToken> {
        let NumberedToken { number, token, wrong } = match begun {
            Some(begun) => begun,
            None => {
                let uid = key.as_ref().map_or("", |key| &key.uid);
                self.written(&self.new_token(&header.uuid).of_key(uid))?
            }
        };
        let uid = match key {
            Some(key) => {
                if token.uid.is_empty() {
                    say(format_args!("key {} was made for this volume before: going on with it", key.uid));
                    if key.state == State::PreActive {
                        volume_key::activate(self.client, &key.uid)?;
                    }
                }
                key.uid
            }
            None => self.new_key(header, &token, others, here)?,
        };
        if token.uid == uid {
            return Ok(NumberedToken { number, token, wrong });
        }
        let token = token.of_key(&uid);
        self.volume.write_token(&token, Some(&number))?;
        Ok(NumberedToken { number, token, wrong: Vec::new() })
    }

    /// A new token in the header, read back.
    fn written(&self, token: &Token) -> Result<NumberedToken> {
        self.volume.write_token(token, None)?;
        let Tokens { ours, foreign, .. } = self.volume.header()?.tokens();
        let all = ours.into_iter().chain(foreign);
        let written = all.into_iter().find(|numbered| numbered.token.enrolment == token.enrolment);
        written.ok_or_else(|| self.volume.error("the token was written but is not there: run enroll again"))
    }

    fn new_token(&self, uuid: &str) -> Token {
        Token::adding(uuid::Uuid::new_v4().to_string(), self.servers, uuid.to_owned())
    }

    /// Makes a key. Another copy may have been enrolled since it was looked: names are unique, or it is told.
    fn new_key(
        &mut self,
        header: &Header,
        token: &Token,
        others: &[Known],
        here: &Here<'_>,
    ) -> Result<String> {
        let enrolment = token.enrolment.as_deref().unwrap_or_default();
        let made = volume_key::make_key(self.client, &header.uuid, enrolment, here, others);
        let is_other = |known: &&Known| known.is_usable() && known.enrolment != token.enrolment;
        match made {
            Ok(uid) => {
                for other in volume_key::keys_of(self.client, &header.uuid)?.iter().filter(is_other) {
                    say(format_args!("{}", Doubt::copy(other).story(self.volume, header, here)));
                }
                Ok(uid)
            }
            Err(error) if volume_key::is_name_taken(&error) => {
                let now = volume_key::keys_of(self.client, &header.uuid)?;
                let other = now.iter().find(is_other);
                Err(other
                    .map_or(error, |other| Doubt::copy(other).undecided(None, self.volume, header, here)))
            }
            Err(error) => Err(error),
        }
    }

    /// Everything that the rest of it needs of this machine, looked at before anything is changed: a key that cannot be used
    /// is not made.
    fn require_all(&self, header: &Header, begun: Option<&NumberedToken>, key: Option<&Known>) -> Result<()> {
        // An enrolled volume may need nothing any more, and what is left to do makes no key.
        if begun.is_some() && key.is_some() {
            return Ok(());
        }
        let token =
            serde_json::to_string(&self.new_token(&header.uuid).of_copy(&header.uuid)).unwrap_or_default();
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

/// Why the key that the volume would get may be another one's: it was made for another one, or there is evidence that this is a
/// copy, or no token of this volume names it.
fn doubt<'k>(
    header: &Header,
    begun: Option<&NumberedToken>,
    key: Option<&'k Known>,
    others: &'k [Known],
    here: &Here<'_>,
) -> Option<Doubt<'k>> {
    match (begun, key) {
        (Some(begun), Some(key)) if !key.volumes.contains(&header.uuid) => {
            Some(Doubt { key, named_by: Some(begun.number.clone()) })
        }
        (_, Some(key)) => (here.evidence(&key.origins) != Evidence::Nothing).then(|| Doubt::copy(key)),
        (_, None) => others.iter().find(|known| known.is_usable()).map(Doubt::copy),
    }
}

fn several(uuid: &str, others: &[Known]) -> Error {
    let uids: Vec<_> =
        others.iter().filter(|known| known.is_usable()).map(|known| shown(&known.uid)).collect();
    let why =
        format!("the server has {} keys for volume {}: destroy the wrong ones", uids.len(), shown(uuid));
    Error::Key { uid: uids.join(", "), why }
}
