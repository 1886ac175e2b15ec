//! What was made of the metadata of objects, so that an object that is asked for often is neither verified nor read anew. It is
//! found by the very bytes that the store has now: what has changed there is not found, and who may have the object is asked each
//! time.

use crate::engine::world::CachedObject;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::sync::Arc;

/// How many bytes of memory are kept.
const BYTES_MAX: u64 = 64 << 20;

/// About how many bytes an object takes.
const ORDINARY_BYTES: u64 = 4096;

/// An object, with the record that it was made of.
#[derive(Clone)]
struct Entry {
    record: Arc<[u8]>,
    made: CachedObject,
    bytes: usize,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<Box<str>, Entry> for ByBytes {
    fn weight(&self, _: &Box<str>, entry: &Entry) -> u64 {
        entry.bytes as u64
    }
}

/// The objects that were read last or often, up to a bound.
pub struct ObjectCache(Cache<Box<str>, Entry, ByBytes>);

impl Default for ObjectCache {
    fn default() -> Self {
        Self(Cache::with_weighter((BYTES_MAX / ORDINARY_BYTES) as usize, BYTES_MAX, ByBytes))
    }
}

impl ObjectCache {
    /// What was made of this record of an object.
    pub fn get(&self, id: &str, record: &[u8]) -> Option<CachedObject> {
        self.0.get(id).filter(|entry| *entry.record == *record).map(|entry| entry.made)
    }

    /// Keeps what was made of a record.
    pub fn put(&self, id: &str, record: &[u8], made: CachedObject, bytes: usize) {
        let bytes = bytes + record.len() + id.len() + size_of::<Entry>();
        self.0.insert(id.into(), Entry { record: record.into(), made, bytes });
    }
}
