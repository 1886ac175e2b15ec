//! Whether a record of the store is sound, and which others it stands for: what `keystead check` asks of each, one by one.

use crate::asynchronous;
use crate::draft::{self, records};
use crate::keyspace;
use crate::need::Need;
use crate::objects::object::{Listing, Object};
use crate::owners;
use crate::rights::names::Flaw;
use crate::rights::{credentials, tickets};
use crate::world::{OpenError, Vault, unproved};
use keystead_records::keyspace::Kind;
use std::fmt;

/// A record that is sound by itself.
#[derive(Default)]
pub struct Sound {
    /// Keys that must be there because of it.
    pub claims: Vec<Vec<u8>>,
    /// Keys that are there because of it, if they are.
    pub may_claim: Vec<Vec<u8>>,
    /// An object, whose value is to be opened.
    pub object: Option<Stored>,
}

impl Sound {
    fn claiming(key: Vec<u8>) -> Self {
        Self { claims: vec![key], ..Self::default() }
    }
}

/// An object of the store.
pub struct Stored(Object);

impl Stored {
    /// Who owns it, and why the rule of names refuses that owner, where it does.
    pub fn misnamed(&self) -> Option<(&str, Flaw)> {
        owners::flaw(&self.0.owner).map(|flaw| (self.0.owner.as_str(), flaw))
    }

    /// The key of its value; `None` where it has none (any more).
    pub fn value_key(&self) -> Option<Vec<u8>> {
        let has_value = self.0.has_value && !self.0.is_destroyed();
        has_value.then(|| keyspace::sealed(self.0.place(), self.0.generation))
    }

    /// Opens its value, and forgets it.
    pub fn open_value(&self, sealed: &[u8], vault: &dyn Vault) -> Result<(), Unsound> {
        Ok(vault.open(&draft::identity(&self.0), sealed).map(drop)?)
    }
}

/// Why a record is not sound, or cannot be judged yet.
#[derive(Debug)]
pub enum Unsound {
    /// Something is needed first.
    Need(Need),
    /// It is damaged.
    Damaged(&'static str),
}

impl From<OpenError> for Unsound {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Need(need) => Self::Need(need),
            OpenError::Tampered => Self::Damaged("it does not open: it was changed, or belongs elsewhere"),
        }
    }
}

impl fmt::Display for Unsound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Need(need) => write!(f, "cannot be judged: {need:?}"),
            Self::Damaged(why) => f.write_str(why),
        }
    }
}

/// Judges a record. Without a vault it is not proved, only read, as far as it is not sealed.
pub fn examine(key: &[u8], value: &[u8], vault: Option<&dyn Vault>) -> Result<Sound, Unsound> {
    let damaged = |why| Err(Unsound::Damaged(why));
    let behind = |prefix: Vec<u8>| key.get(prefix.len()..).unwrap_or_default().to_vec();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).map_err(|_| Unsound::Damaged("its key is no text"));
    match Kind::of(key) {
        Some(Kind::Object) => object(&text(behind(keyspace::object("")))?, value, vault),
        Some(Kind::Asynchronous) => {
            let id = records::asynchronous_id(&behind(keyspace::asynchronous(&[])));
            let Some(vault) = vault else { return Ok(Sound::default()) };
            let bytes = vault.open(&records::asynchronous_identity(&id), value)?;
            match asynchronous::record::Record::decode(&bytes) {
                Some(_) => Ok(Sound::default()),
                None => damaged("it cannot be read"),
            }
        }
        // Its object may have changed since, and be another one: then it says nothing.
        Some(Kind::Served) => {
            let claims = keystead_records::keyspace::object_of(key).into_iter().collect();
            if value.len() == 12 {
                Ok(Sound { claims, ..Sound::default() })
            } else {
                damaged("it is cut off")
            }
        }
        Some(Kind::Waiting) => match keyspace::waiting_parts(key) {
            Some((_, place)) => Ok(Sound::claiming(keyspace::asynchronous(&place))),
            None => damaged("its key cannot be read"),
        },
        Some(Kind::Name) => Ok(Sound::claiming(keyspace::object(&text(value.to_vec())?))),
        Some(Kind::Index) if !value.is_empty() => match keyspace::claimant(value) {
            Some((_, place)) => Ok(Sound::claiming(keyspace::object(place))),
            None => damaged("its value cannot be read"),
        },
        Some(Kind::DefaultMember) if value.len() <= 8 => damaged("it is cut off"),
        Some(Kind::Drained) if value.len() != 8 => damaged("it is no number"),
        Some(Kind::Ticket) => json::<tickets::record::Record>(&records::ticket_id(key), value, vault),
        Some(Kind::Credential) => {
            let id = format!("credential/{}", text(behind(keyspace::credential("")))?);
            json::<credentials::record::Record>(&id, value, vault)
        }
        Some(Kind::Rule) => {
            let id = records::rule_id(&text(behind(keyspace::rule("")))?);
            vault.map_or(Ok(()), |vault| vault.verify(&id, value).map(drop))?;
            Ok(Sound::default())
        }
        Some(Kind::Issued) => {
            match serde_json::from_slice::<crate::administration::protocol::Issued>(value) {
                Ok(_) => Ok(Sound::default()),
                Err(_) => damaged("it cannot be read"),
            }
        }
        Some(_) => Ok(Sound::default()),
        None => damaged("Keystead has no such record"),
    }
}

fn object(id: &str, value: &[u8], vault: Option<&dyn Vault>) -> Result<Sound, Unsound> {
    let metadata = match vault {
        Some(vault) => vault.verify(id, value)?,
        None => unproved(value).ok_or(Unsound::Damaged("it is cut off"))?,
    };
    let object = Object::decode(metadata).map_err(|_| Unsound::Damaged("it cannot be read"))?;
    if object.place() != id {
        return Err(Unsound::Damaged("it is that of another object"));
    }
    let stored = Stored(object);
    let mut claims = stored.0.index_entries();
    claims.extend(stored.value_key());
    let mut may_claim = Vec::new();
    let holds_names = stored.0.listing == Listing::Together { holds_names: true };
    for claim in stored.0.name_claims() {
        // Where objects share a name, one of them has the claim, or none any more.
        if holds_names {
            claims.push(claim.key);
        } else {
            may_claim.extend([claim.key, claim.older]);
        }
    }
    Ok(Sound { claims, may_claim, object: Some(stored) })
}

fn json<T: serde::de::DeserializeOwned>(
    id: &str,
    value: &[u8],
    vault: Option<&dyn Vault>,
) -> Result<Sound, Unsound> {
    let record = match vault {
        Some(vault) => vault.verify(id, value)?,
        None => unproved(value).ok_or(Unsound::Damaged("it is cut off"))?,
    };
    match serde_json::from_slice::<T>(record) {
        Ok(_) => Ok(Sound::default()),
        Err(_) => Err(Unsound::Damaged("it cannot be read")),
    }
}
