//! What an application has between two requests.

use super::encoding::{Input, Output};
use super::mechanisms::Kind;
use super::{Returned, code};
use crate::refusal::OpResult;
use kmip_codec::SecretBytes;
use kmip_codec::enums::PKCS11ReturnCode;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// How many sessions an application may have open.
pub const SESSIONS_MAX: usize = 64;

/// How many objects an application may have handles of.
pub const HANDLES_MAX: usize = 1024;

/// An application: between C_Initialize and C_Finalize.
#[derive(Clone, Default, PartialEq)]
pub struct Application {
    /// Whether the user is logged in, in all sessions alike.
    pub is_logged_in: bool,
    /// How many sessions it has ever opened: their handles are never used again.
    pub opened: u64,
    /// The sessions, by their handles.
    pub sessions: BTreeMap<u64, Session>,
    /// The identifiers of the objects with handles, which count from 1.
    objects: Vec<String>,
}

/// A session.
#[derive(Clone, Default, PartialEq)]
pub struct Session {
    /// What is left of a search: handles of objects.
    pub found: Option<Vec<u64>>,
    /// What was begun and has not ended.
    pub operations: BTreeMap<Kind, Active>,
}

/// An operation that was begun.
#[derive(Clone, Default, PartialEq)]
pub struct Active {
    /// Its mechanism, by number.
    pub mechanism: u64,
    /// The identifier of its key, where it has one.
    pub key: String,
    /// The parameter of the mechanism.
    pub iv: Vec<u8>,
    /// Whether its data comes in parts.
    pub has_parts: bool,
    /// The parts so far.
    pub data: Zeroizing<Vec<u8>>,
}

impl Application {
    /// The session of a handle.
    pub fn session(&mut self, handle: u64) -> Returned<&mut Session> {
        self.sessions.get_mut(&handle).ok_or(PKCS11ReturnCode::SESSION_HANDLE_INVALID.into())
    }

    /// The handle of an object: the one that it has already, or a new one.
    pub fn handle(&mut self, id: String) -> Returned<u64> {
        let known = self.objects.iter().position(|known| *known == id);
        let place = match known {
            Some(place) => place,
            None if self.objects.len() >= HANDLES_MAX => return Err(code::DEVICE_MEMORY.into()),
            None => {
                self.objects.push(id);
                self.objects.len() - 1
            }
        };
        Ok(place as u64 + 1)
    }

    /// The identifier of the object with this handle.
    pub fn object(&self, handle: u64) -> Returned<String> {
        let place = handle.checked_sub(1).and_then(|place| usize::try_from(place).ok());
        let object = place.and_then(|place| self.objects.get(place));
        object.cloned().ok_or(code::OBJECT_HANDLE_INVALID.into())
    }

    /// How much data the operations hold that have not ended.
    pub fn data_bytes(&self) -> usize {
        let operations = self.sessions.values().flat_map(|session| session.operations.values());
        operations.map(|active| active.data.len()).sum()
    }

    /// The form that is kept.
    pub fn encode(&self) -> SecretBytes {
        let mut out = Output::default();
        out.flag(self.is_logged_in);
        out.ulong(self.opened);
        out.count(self.objects.len());
        self.objects.iter().for_each(|id| out.bytes(id.as_bytes()));
        for (handle, session) in &self.sessions {
            out.ulong(*handle);
            out.flag(session.found.is_some());
            let found = session.found.as_deref().unwrap_or_default();
            out.count(found.len());
            found.iter().for_each(|handle| out.ulong(*handle));
            out.count(session.operations.len());
            for (kind, active) in &session.operations {
                out.ulong(*kind as u64);
                active.encode(&mut out);
            }
        }
        out.0.into()
    }

    /// Reads what was kept.
    pub fn decode(kept: &SecretBytes) -> OpResult<Self> {
        let mut input = Input(kept.expose());
        let (is_logged_in, opened) = (input.flag()?, input.ulong()?);
        let mut objects = Vec::new();
        for _ in 0..input.count()? {
            objects.push(String::from_utf8_lossy(input.bytes()?).into_owned());
        }
        let mut sessions = BTreeMap::new();
        while !input.is_empty() {
            let (handle, searches) = (input.ulong()?, input.flag()?);
            let mut found = Vec::new();
            for _ in 0..input.count()? {
                found.push(input.ulong()?);
            }
            let mut operations = BTreeMap::new();
            for _ in 0..input.count()? {
                let kind = input.ulong()?;
                let active = Active::decode(&mut input)?;
                let kind = Kind::ALL.into_iter().find(|known| *known as u64 == kind);
                operations.extend(kind.map(|kind| (kind, active)));
            }
            sessions.insert(handle, Session { found: searches.then_some(found), operations });
        }
        Ok(Self { is_logged_in, opened, sessions, objects })
    }
}

impl Active {
    fn encode(&self, out: &mut Output) {
        out.ulong(self.mechanism);
        out.flag(self.has_parts);
        [self.key.as_bytes(), &self.iv, &self.data].into_iter().for_each(|bytes| out.bytes(bytes));
    }

    fn decode(input: &mut Input<'_>) -> OpResult<Self> {
        Ok(Self {
            mechanism: input.ulong()?,
            has_parts: input.flag()?,
            key: String::from_utf8_lossy(input.bytes()?).into_owned(),
            iv: input.bytes()?.to_vec(),
            data: Zeroizing::new(input.bytes()?.to_vec()),
        })
    }
}
