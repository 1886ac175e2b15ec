//! The KEKs that are held open, each until its time is over, as a set that requests share; and those of one request, as the engine's
//! vault.

use super::{Damage, Hierarchy};
use keystead_engine::need::Need;
use keystead_engine::world::{OpenError, ValueIdentity, Vault};
use keystead_hsm::{Error, Kek, RecordIdentity, SealedRecord, SystemEntropy, kek_of};
use kmip_codec::SecretBytes;
use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Instant;

/// The form of stored metadata: this byte, the number of the KEK (4 bytes), the MAC (32 bytes), the metadata.
const METADATA_FORMAT: u8 = 1;
const MAC_BYTES: usize = 32;
/// Where the metadata begins.
const METADATA_BEGIN: usize = 5 + MAC_BYTES;

/// KEKs by number.
pub type Keks = BTreeMap<u32, Arc<Kek>>;

/// The KEKs that are held open, with the ends of their time. The set is made anew when a KEK comes or goes, and not for each request.
#[derive(Default)]
pub struct Opened {
    keks: Arc<Keks>,
    ends: BTreeMap<u32, Instant>,
    /// When the first of them ends.
    next: Option<Instant>,
}

impl Opened {
    /// Holds a KEK open until then, also where it is there already.
    pub fn keep(&mut self, id: u32, kek: &Arc<Kek>, until: Instant) {
        Arc::make_mut(&mut self.keks).insert(id, Arc::clone(kek));
        self.ends.insert(id, until);
        self.next = self.ends.values().min().copied();
    }

    /// Those whose time is not over. The others are let go: what was their memory is wiped when the last request that has them ends.
    pub fn now(&mut self) -> &Arc<Keks> {
        let now = Instant::now();
        if self.next.is_some_and(|next| next <= now) {
            self.ends.retain(|_, end| *end > now);
            let ends = &self.ends;
            Arc::make_mut(&mut self.keks).retain(|id, _| ends.contains_key(id));
            self.next = self.ends.values().min().copied();
        }
        &self.keks
    }
}

impl Hierarchy {
    /// A KEK, if it is open now.
    pub fn opened_kek(&self, id: u32) -> Option<Arc<Kek>> {
        self.opened().now().get(&id).cloned()
    }

    /// The KEKs that are open now, for one request.
    pub fn ring(&self) -> KeyRing {
        let keks = Arc::clone(self.opened().now());
        KeyRing { current: self.current, keks, damage: Arc::clone(&self.damage) }
    }

    pub(super) fn opened(&self) -> MutexGuard<'_, Opened> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The KEKs of one request. Requests share a set; one that lacks a KEK adds it to a set of its own.
pub struct KeyRing {
    current: u32,
    keks: Arc<Keks>,
    damage: Arc<Damage>,
}

impl KeyRing {
    /// A ring of these KEKs, sealing under the current one; who has opened them hears by itself what is damaged.
    pub fn new(current: u32, keks: impl Into<Arc<Keks>>) -> Self {
        Self { current, keks: keks.into(), damage: Arc::default() }
    }

    /// The current KEK, under which new records are sealed, where this ring lacks it.
    pub fn lacks_current(&self) -> Option<u32> {
        (!self.keks.contains_key(&self.current)).then_some(self.current)
    }

    /// Adds a KEK that was asked for.
    pub fn add(&mut self, kek: Arc<Kek>) {
        Arc::make_mut(&mut self.keks).insert(kek.identity().id, kek);
    }

    fn kek(&self, id: u32) -> Result<&Kek, Need> {
        self.keks.get(&id).map(Arc::as_ref).ok_or(Need::Kek(id))
    }
}

impl Vault for KeyRing {
    fn seal(&self, identity: &ValueIdentity<'_>, value: &SecretBytes) -> Result<Vec<u8>, Need> {
        let kek = self.kek(self.current)?;
        let sealed = kek.seal_record(&record(identity), value.expose(), &mut SystemEntropy::default());
        sealed.map(SealedRecord::into_bytes).map_err(|error| Need::Failed(error.to_string()))
    }

    fn open(&self, identity: &ValueIdentity<'_>, sealed: &[u8]) -> Result<SecretBytes, OpenError> {
        self.open_record(identity, sealed)
    }

    fn protect(&self, id: &str, metadata: &[u8]) -> Result<Vec<u8>, Need> {
        let mac = self.kek(self.current)?.mac(id, metadata);
        let mac = mac.map_err(|error| Need::Failed(error.to_string()))?;
        let mut out = Vec::with_capacity(METADATA_BEGIN + metadata.len());
        out.push(METADATA_FORMAT);
        out.extend_from_slice(&self.current.to_be_bytes());
        out.extend_from_slice(&mac);
        out.extend_from_slice(metadata);
        Ok(out)
    }

    fn verify<'p>(&self, id: &str, protected: &'p [u8]) -> Result<&'p [u8], OpenError> {
        self.verify_metadata(id, protected)
    }

    fn note_damage(&self, record: &str) {
        self.damage.note(record);
    }
}

impl KeyRing {
    fn open_record(&self, identity: &ValueIdentity<'_>, sealed: &[u8]) -> Result<SecretBytes, OpenError> {
        let id = kek_of(sealed).map_err(|_| OpenError::Tampered)?;
        let kek = self.known(id)?;
        match kek.open_record(&record(identity), sealed) {
            Ok(value) => Ok(value.into()),
            Err(Error::Tampered | Error::Format(_)) => Err(OpenError::Tampered),
            Err(error) => Err(OpenError::Need(Need::Failed(error.to_string()))),
        }
    }

    fn verify_metadata<'p>(&self, id: &str, protected: &'p [u8]) -> Result<&'p [u8], OpenError> {
        let (header, rest) = protected.split_first_chunk::<5>().ok_or(OpenError::Tampered)?;
        let [format, a, b, c, d] = *header;
        let (mac, metadata) = rest.split_at_checked(MAC_BYTES).ok_or(OpenError::Tampered)?;
        if format != METADATA_FORMAT {
            return Err(OpenError::Tampered);
        }
        let kek = self.known(u32::from_be_bytes([a, b, c, d]))?;
        if kek.is_mac(id, metadata, mac) { Ok(metadata) } else { Err(OpenError::Tampered) }
    }

    /// The KEK that stored bytes name. A number above the current one was never given out: the bytes were changed,
    /// and there is nothing to fetch.
    fn known(&self, id: u32) -> Result<&Kek, OpenError> {
        if id == 0 || id > self.current {
            return Err(OpenError::Tampered);
        }
        self.kek(id).map_err(OpenError::Need)
    }
}

fn record<'a>(identity: &ValueIdentity<'a>) -> RecordIdentity<'a> {
    RecordIdentity {
        object: identity.id,
        object_type: identity.object_type,
        generation: identity.generation,
        algorithm: identity.algorithm,
        length: identity.length,
    }
}
