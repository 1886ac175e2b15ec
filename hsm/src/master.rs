//! How a master key is found in a token, and what the blob that proves it is bound to.
//!
//! A key is found by its identifier (CKA_ID), which is random and noted in the store before the key is made; it is used
//! only after it has opened the key check value of its epoch. Neither its label nor the number of keys that are found decides
//! anything: two stores on one token, a copy of a key, or a key that somebody else made change nothing.
//!
//! ```text
//! 0        kind: 1 made by a version without identifiers, 2 made with one
//! 1        length of the identifier; the identifier
//! then     the label, to the end
//! ```

use crate::blob::{KEY_CHECK_IDENTITY, KEY_CHECK_IDENTITY_BOUND};
use crate::{Entropy, Epoch, Error};
use std::fmt::Write as _;

/// Kinds, as the first byte of an encoded reference.
const LEGACY: u8 = 1;
const BOUND: u8 = 2;

/// The bytes of a random identifier.
const ID_BYTES: usize = 16;

/// What the labels of all master keys begin with.
pub const LABEL_PREFIX: &str = "keystead-";

/// Where a store lies (a machine and a path), shortened to 12 hexadecimal digits. It stands in the labels of the keys
/// that were made for a store there, so that a store that is gone is noticed although nothing is left of it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Site(String);

impl Site {
    /// From a digest of what tells the place.
    pub fn new(digest: &[u8]) -> Self {
        Self(hex(digest.get(..6).unwrap_or_default()))
    }
}

/// The object of a token that is the master key of an epoch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MasterKeyRef {
    /// The epoch.
    pub epoch: Epoch,
    /// CKA_ID.
    pub id: Vec<u8>,
    /// CKA_LABEL. It is for people; only keys of older versions are looked up by it as well.
    pub label: String,
    /// The store that the key check value is bound to; `None` for keys of older versions, whose key check values name none.
    pub store: Option<[u8; 16]>,
}

impl MasterKeyRef {
    /// The reference of a key that is about to be made.
    pub fn random(
        epoch: Epoch,
        store: [u8; 16],
        site: &Site,
        entropy: &mut dyn Entropy,
    ) -> Result<Self, Error> {
        let mut id = vec![0; ID_BYTES];
        entropy.fill(&mut id)?;
        let (short, site) = (hex(store.get(..6).unwrap_or_default()), &site.0);
        let tail = hex(id.get(..4).unwrap_or_default());
        let label = format!("{LABEL_PREFIX}{short}-{site:0<12}-{epoch}-{tail}");
        Ok(Self { epoch, id, label, store: Some(store) })
    }

    /// The reference of a key that a version without random identifiers made.
    pub fn legacy(epoch: Epoch) -> Self {
        let label = format!("{LABEL_PREFIX}master-{epoch}");
        Self { epoch, id: epoch.0.to_be_bytes().to_vec(), label, store: None }
    }

    /// Whether an older version made the key.
    pub fn is_legacy(&self) -> bool {
        self.store.is_none()
    }

    /// What the key check value of this key belongs to.
    pub fn key_check_identity(&self) -> Vec<u8> {
        let Some(store) = &self.store else { return KEY_CHECK_IDENTITY.to_vec() };
        let mut identity = KEY_CHECK_IDENTITY_BOUND.to_vec();
        identity.extend_from_slice(store);
        identity.extend_from_slice(&self.epoch.0.to_be_bytes());
        identity.extend_from_slice(&self.id);
        identity
    }

    /// As the store keeps it; the epoch and the store stand elsewhere.
    pub fn encode(&self) -> Vec<u8> {
        let kind = if self.is_legacy() { LEGACY } else { BOUND };
        let length = u8::try_from(self.id.len()).unwrap_or(u8::MAX);
        [&[kind, length], self.id.as_slice(), self.label.as_bytes()].concat()
    }

    /// From what the store keeps.
    pub fn decode(epoch: Epoch, store: [u8; 16], bytes: &[u8]) -> Result<Self, Error> {
        let wrong = || Error::Format("the reference of a master key");
        let ([kind, length], rest) = bytes.split_first_chunk::<2>().ok_or_else(wrong)?;
        let (id, label) = rest.split_at_checked(usize::from(*length)).ok_or_else(wrong)?;
        let store = match *kind {
            LEGACY => None,
            BOUND => Some(store),
            _ => return Err(wrong()),
        };
        let label = String::from_utf8(label.to_vec()).map_err(|_| wrong())?;
        Ok(Self { epoch, id: id.to_vec(), label, store })
    }

    /// The identifier in hexadecimal digits.
    pub fn id_text(&self) -> String {
        hex(&self.id)
    }
}

/// Whether a label is that of a key made for a store at this place.
pub fn is_of_site(label: &str, site: &Site) -> bool {
    let parts: Vec<_> = label.strip_prefix(LABEL_PREFIX).unwrap_or_default().split('-').collect();
    matches!(parts.as_slice(), [_, at, _, _] if !site.0.is_empty() && *at == site.0)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
