//! Deferred rows that the journal has and the store not yet, so that who reads finds them; and those that came to the store
//! of late, so that they need not be looked for there.
//!
//! They are kept as digests of 128 bits under keys of this process, of key and value: a row that is asked for is there, or is
//! not.

use keystead_records::audit;
use parking_lot::RwLock;
use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many are known at most that are not in the store, about 9 MiB. So many come together only while it takes no writes; those
/// that come then are found when they are in the store.
const OPEN_MAX: usize = 1 << 18;

/// How many are known at most that are in the store: about 36 MiB.
const STORED_MAX: usize = 1 << 20;

type Digests = HashSet<u128>;

/// Those of one segment.
#[derive(Default)]
pub struct OfSegment(RwLock<Digests>);

/// Those of all segments that the store does not have yet.
type Open = Arc<Vec<Arc<OfSegment>>>;

/// All of them.
#[derive(Default)]
pub struct Deferred {
    open: RwLock<Open>,
    count: AtomicUsize,
    stored: RwLock<Stored>,
    keys: [RandomState; 2],
}

/// Those that are in the store: the ones that came last, and as many before them.
#[derive(Default)]
struct Stored([Digests; 2]);

/// What is deferred as somebody sees it who reads: what was deferred before it came, and is not in the store as it stands then.
/// It is taken before the snapshot of the store.
#[derive(Clone, Default)]
pub struct Seen {
    all: Arc<Deferred>,
    open: Open,
}

impl Seen {
    /// Whether this row is deferred, or known to have been.
    pub fn has(&self, key: &[u8], value: &[u8]) -> bool {
        let row = self.all.digest(key, value);
        self.all.stored.read().0.iter().any(|rows| rows.contains(&row))
            || self.open.iter().any(|rows| rows.0.read().contains(&row))
    }

    /// Remembers a row that the store has.
    pub fn remember(&self, key: &[u8], value: &[u8]) {
        let row = self.all.digest(key, value);
        self.all.stored.write().add(row);
    }
}

impl Stored {
    fn add(&mut self, row: u128) {
        let [last, before] = &mut self.0;
        last.insert(row);
        if last.len() >= STORED_MAX / 2 {
            *before = std::mem::take(last);
        }
    }
}

impl Deferred {
    /// As they stand now.
    pub fn seen(self: &Arc<Self>) -> Seen {
        Seen { all: Arc::clone(self), open: Arc::clone(&self.open.read()) }
    }

    /// Notes the rows among these frames, which are in the segment that has these rows so far.
    pub fn note(&self, segment: &mut Option<Arc<OfSegment>>, frames: &[u8]) {
        for (key, value) in audit::bodies(frames).filter_map(audit::deferred) {
            let segment = segment.get_or_insert_with(|| self.begin());
            if self.count.load(Ordering::Relaxed) < OPEN_MAX
                && segment.0.write().insert(self.digest(key, value))
            {
                self.count.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// A place for those of another segment.
    fn begin(&self) -> Arc<OfSegment> {
        let begun = Arc::<OfSegment>::default();
        let mut open = self.open.write();
        *open = Arc::new(open.iter().cloned().chain([Arc::clone(&begun)]).collect());
        begun
    }

    /// The store has those of a segment.
    pub fn end(&self, ended: &Arc<OfSegment>) {
        let rows = ended.0.read();
        let mut stored = self.stored.write();
        rows.iter().for_each(|row| stored.add(*row));
        drop(stored);
        let mut open = self.open.write();
        *open = Arc::new(open.iter().filter(|rows| !Arc::ptr_eq(rows, ended)).cloned().collect());
        self.count.fetch_sub(rows.len(), Ordering::Relaxed);
    }

    fn digest(&self, key: &[u8], value: &[u8]) -> u128 {
        let [high, low] = self.keys.each_ref().map(|hash| u128::from(hash.hash_one((key, value))));
        high << 64 | low
    }
}
