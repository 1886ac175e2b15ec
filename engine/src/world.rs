//! What the engine is given: time, entropy, the store as it stands, the vault, and the settings.

use crate::need::Need;
use crate::rights::principal::Clients;
use crate::settings::Settings;
use kmip_codec::SecretBytes;
use std::num::NonZeroU64;
use std::ops::ControlFlow;

/// The time of a batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Now {
    /// Nanoseconds since 1970.
    pub nanoseconds: u64,
}

impl Now {
    /// Seconds since 1970, as KMIP counts.
    pub fn seconds(self) -> i64 {
        (self.nanoseconds / 1_000_000_000).cast_signed()
    }

    /// Milliseconds since 1970, as the audit counts.
    pub fn milliseconds(self) -> u64 {
        self.nanoseconds / 1_000_000
    }
}

/// Which way keys are visited.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// From the lowest on.
    Forward,
    /// From the highest on.
    Backward,
}

/// The store at one moment.
pub trait View {
    /// The value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Need>;

    /// Visits the keys with this prefix in this direction, those behind a key alone where one is named, until the visitor
    /// breaks.
    fn scan_from(
        &self,
        prefix: &[u8],
        direction: Direction,
        behind: Option<&[u8]>,
        visit: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), Need>;

    /// Visits all keys with this prefix from the lowest on, until the visitor breaks.
    fn scan(&self, prefix: &[u8], visit: &mut dyn FnMut(&[u8]) -> ControlFlow<()>) -> Result<(), Need> {
        self.scan_from(prefix, Direction::Forward, None, visit)
    }

    /// Which revision this is of all that is known of certificates and names of clients, where the store tells: while the number
    /// stays the same, no such record has changed.
    fn credentials_revision(&self) -> Option<NonZeroU64> {
        None
    }

    /// Whether a deferred row was written: the store has it, or was to have it with what was answered before. It is asked for
    /// nothing that can be otherwise once it is so.
    fn has_deferred(&self, key: &[u8], value: &[u8]) -> Result<bool, Need> {
        Ok(self.get(key)?.is_some_and(|held| held == value))
    }
}

/// What a sealed value belongs to; bound to it, so that a value moved to another object does not open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ValueIdentity<'a> {
    /// The object.
    pub id: &'a str,
    /// Object Type, as its number.
    pub object_type: u32,
    /// The generation of the record.
    pub generation: u32,
    /// Cryptographic Algorithm as its number; 0 for none.
    pub algorithm: u32,
    /// Cryptographic Length in bits; 0 for none.
    pub length: u32,
}

/// Why something in the store could not be opened.
#[derive(Debug)]
pub enum OpenError {
    /// A key of the hierarchy must be loaded first, or the vault failed.
    Need(Need),
    /// It is not what was stored for this object.
    Tampered,
}

/// Seals and opens what the store keeps.
pub trait Vault {
    /// Seals the value of an object.
    fn seal(&self, identity: &ValueIdentity<'_>, value: &SecretBytes) -> Result<Vec<u8>, Need>;

    /// Opens the value of an object.
    fn open(&self, identity: &ValueIdentity<'_>, sealed: &[u8]) -> Result<SecretBytes, OpenError>;

    /// Puts a MAC on the metadata of an object.
    fn protect(&self, id: &str, metadata: &[u8]) -> Result<Vec<u8>, Need>;

    /// Checks and takes off the MAC.
    fn verify<'p>(&self, id: &str, protected: &'p [u8]) -> Result<&'p [u8], OpenError>;

    /// Notes a record that does not open, for the log and the count of damaged ones.
    fn note_damage(&self, record: &str);
}

/// How many bytes [`Vault::protect`] puts before metadata: a format, the number of the key, and a MAC.
pub const PROTECTION_BYTES: usize = 1 + 4 + 32;

/// Stored metadata whose MAC nobody has looked at; `None` where it is too short to be any.
pub fn unproved(protected: &[u8]) -> Option<&[u8]> {
    protected.get(PROTECTION_BYTES..)
}

/// Random bytes for keys and identifiers.
pub trait Entropy {
    /// Fills the whole buffer; a failure of the source fails the batch.
    fn fill(&mut self, out: &mut [u8]) -> Result<(), Need>;

    /// Lets what comes later depend on these bytes too. They never take the place of the source's own entropy, so a
    /// batch that is run again, or refused after all, does no harm by it.
    fn stir(&mut self, seed: &[u8]);
}

/// Everything that a batch may ask, none of it its own.
pub struct World<'a> {
    /// The store at the start of the batch.
    pub view: &'a dyn View,
    /// Seals and opens.
    pub vault: &'a dyn Vault,
    /// The time of the batch.
    pub now: Now,
    /// What the configuration says.
    pub settings: &'a Settings,
    /// Whether the ends of the connection over which the batch came can change their roles (Set Endpoint Role).
    pub can_reverse_roles: bool,
    /// Who is who, for tickets and what is done later.
    pub clients: &'a dyn Clients,
}
