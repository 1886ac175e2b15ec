//! Stores whose audit has an entry a key: it is taken over into blocks once, wherever that is cut off, and what was broken stays
//! known as broken.

use super::check::{DAMAGED, SOUND, checked};
use super::{all, entry};
use crate::support::dev::{Dev, told};
use keystead::audit::{Entry, Where, old};
use keystead::store::*;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An entry as it was written then.
fn encoded(entry: &Entry) -> Vec<u8> {
    let mut out = vec![1];
    out.extend_from_slice(&entry.time.to_be_bytes());
    out.extend_from_slice(&entry.request.to_be_bytes());
    let put = |out: &mut Vec<u8>, text: &str| {
        out.extend_from_slice(&(text.len() as u32).to_be_bytes());
        out.extend_from_slice(text.as_bytes());
    };
    let Entry { principal, peer, version, operation, outcome, note, .. } = entry;
    [principal, peer, version, operation, outcome, note].iter().for_each(|text| put(&mut out, text));
    out.extend_from_slice(&(entry.objects.len() as u32).to_be_bytes());
    entry.objects.iter().for_each(|object| put(&mut out, object));
    out
}

/// The pairs of a store of that time.
fn pairs(count: u64) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut pairs = BTreeMap::from([(FORMAT_KEY.to_vec(), 2_u32.to_be_bytes().to_vec())]);
    let mut hash = [0; 32];
    for number in 0..count {
        let entry = encoded(&entry(&format!("old {number}")));
        let hashed = [&hash[..], &number.to_be_bytes(), &entry].concat();
        hash.copy_from_slice(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &hashed).as_ref());
        pairs.insert([old::PREFIX, &number.to_be_bytes()].concat(), [&hash[..], &entry].concat());
    }
    pairs
}

/// A store in memory whose commits fail from the n-th on: before they do anything, or behind it.
struct Fused {
    store: Arc<MemoryStore>,
    left: AtomicUsize,
    after: bool,
}

impl Store for Fused {
    fn limits(&self) -> Limits {
        UNLIMITED
    }

    fn reads_stay_here(&self) -> bool {
        true
    }

    fn shares_snapshots(&self) -> bool {
        false
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, Error> {
        self.store.snapshot()
    }

    fn commit(&self, transaction: &Transaction) -> Result<Outcome, Error> {
        let left = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if left.is_ok() || self.after {
            self.store.commit(transaction)?;
        }
        left.map(|_| Outcome::Committed).map_err(|_| Error::DiskFails)
    }

    fn close(&self) -> Result<(), Error> {
        Ok(())
    }
}

fn store_of(pairs: &BTreeMap<Vec<u8>, Vec<u8>>) -> Arc<MemoryStore> {
    let store = MemoryStore::default();
    let writes = pairs.iter().map(|(key, value)| (key.clone(), Some(value.clone())));
    store.commit(&writes.collect::<Vec<_>>().into()).unwrap();
    Arc::new(store)
}

/// All operations of the audit in order, and where it is broken.
fn audit(store: &MemoryStore) -> (Vec<String>, Vec<Where>) {
    let (mut seen, mut broken) = (Vec::new(), Vec::new());
    let snapshot = store.snapshot().unwrap();
    let mut visit = |_, entry: Entry| seen.push(entry.operation);
    audit_log::walk(&*snapshot, &[], &mut visit, &mut |found| broken.push(found.at)).unwrap();
    (seen, broken)
}

fn open(store: &Arc<MemoryStore>, commits: usize, after: bool) -> Result<(), Error> {
    let folder = tempfile::tempdir().unwrap();
    let fused = Fused { store: Arc::clone(store), left: AtomicUsize::new(commits), after };
    Database::over(Arc::new(fused), folder.path()).map(drop)
}

/// What is wrong with the chain, and how many breaks that makes.
type Damage = (&'static str, fn(&mut BTreeMap<Vec<u8>, Vec<u8>>), usize);

fn at(number: u64) -> Vec<u8> {
    [old::PREFIX, &number.to_be_bytes()].concat()
}

const DAMAGES: &[Damage] = &[
    ("whole", |_| {}, 0),
    ("edited", |pairs| *pairs.get_mut(&at(5000)).unwrap().last_mut().unwrap() ^= 1, 1),
    ("dropped", |pairs| drop(pairs.remove(&at(4096))), 1),
    ("cut off", |pairs| pairs.get_mut(&at(7000)).unwrap().truncate(20), 2),
    ("no entry", |pairs| drop(pairs.insert([old::PREFIX, &[0xff; 12]].concat(), vec![1])), 1),
];

/// Cut off at every commit, before and behind it, and gone on with by the next start.
#[test]
fn an_old_audit_is_taken_over_wherever_that_is_cut_off() {
    for (what, damage, count) in DAMAGES {
        let mut before = pairs(10_000);
        damage(&mut before);
        let (seen, broken) = audit(&store_of(&before));
        assert_eq!(broken.len(), *count, "{what}: {broken:?}");
        let mut cuts = 0;
        for after in [false, true] {
            for commits in 0.. {
                let store = store_of(&before);
                let is_cut = open(&store, commits, after).is_err();
                assert_eq!(
                    audit(&store),
                    (seen.clone(), broken.clone()),
                    "{what}, cut at {commits}, {after}"
                );
                open(&store, usize::MAX, false).unwrap();
                assert_eq!(
                    audit(&store),
                    (seen.clone(), broken.clone()),
                    "{what}, gone on at {commits}, {after}"
                );
                assert_eq!(all(&*store.snapshot().unwrap(), old::PREFIX, Order::Forward), []);
                let format = store.snapshot().unwrap().get(FORMAT_KEY).unwrap();
                assert_eq!(format, Some(FORMAT.to_be_bytes().to_vec()));
                if !is_cut {
                    break;
                }
                cuts += 1;
            }
        }
        assert!(cuts >= 6, "{what}: {cuts} cuts");
    }
}

/// In a store whose audit is in blocks, keys of old entries are nobody's: they are not taken in, and found.
#[test]
fn an_old_entry_that_is_put_into_a_store_of_blocks_is_not_taken_over() {
    let store = store_of(&pairs(0));
    open(&store, usize::MAX, false).unwrap();
    store
        .commit(
            &pairs(1).into_iter().skip(1).map(|(key, value)| (key, Some(value))).collect::<Vec<_>>().into(),
        )
        .unwrap();
    let (folder, other) = (tempfile::tempdir().unwrap(), pairs(1));
    let database = Database::over(Arc::clone(&store) as Arc<dyn Store>, folder.path()).unwrap();
    drop(database);
    assert_eq!(all(&*store.snapshot().unwrap(), old::PREFIX, Order::Forward).len(), other.len() - 1);
}

/// A real store of the last version before blocks, killed before it had taken the last entry of its journal into the audit.
#[test]
fn a_store_of_the_version_before_blocks_opens() {
    let kept = "37b61230331367184171eec40920b7ef9fc5a5a76757f8ee6c2e292da7d45a72";
    let archive = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/store-of-format-2.tar.gz");
    for broken in [false, true] {
        let place = tempfile::tempdir().unwrap();
        let tar =
            std::process::Command::new("tar").arg("xzf").arg(archive).arg("-C").arg(place.path()).status();
        assert!(tar.unwrap().success());
        let folder = place.path().join("whole");
        let before = operations(&folder);
        assert!(before.contains(&"Get".to_owned()), "{before:?}");
        if broken {
            break_entry(&folder.join("store"), 3);
        }
        let dev = Dev::start_quietly(&folder);
        assert_eq!(hex::encode(dev.keystead("client", &["key", "get", "kept"]).stdout), kept);
        told(dev.keystead("admin", &["master", "rotate"]));
        drop(dev);
        let after = operations(&folder);
        assert_eq!(after[..before.len()], before);
        // What the journal held was taken in.
        assert_eq!(after[before.len()..before.len() + 2], ["AuditKeyCreate", "MasterRotate"], "{after:?}");
        let (code, report) = checked(&folder, &[]);
        assert_eq!(code, if broken { DAMAGED } else { SOUND }, "{report}");
        assert_eq!(
            report["findings"].to_string().contains("entry 3 of the audit before blocks"),
            broken,
            "{report}"
        );
        assert_eq!((&report["audit_macs"], &report["format"]), (&true.into(), &FORMAT.into()));
    }
}

/// The operations of the audit, whatever is broken of it. The old store has no lock that is held: it is only read.
fn operations(folder: &Path) -> Vec<String> {
    let database = Database::open_for_reads(Engine::Redb, &folder.join("store")).unwrap();
    let mut operations = Vec::new();
    let mut visit = |_, entry: Entry| operations.push(entry.operation);
    audit_log::walk(&*database.snapshot().unwrap(), &[], &mut visit, &mut |_| {}).unwrap();
    operations
}

fn break_entry(store: &Path, number: u64) {
    let redb = RedbStore::open(store).unwrap();
    let mut value = redb.snapshot().unwrap().get(&at(number)).unwrap().unwrap();
    *value.last_mut().unwrap() ^= 1;
    redb.commit(&vec![(at(number), Some(value))].into()).unwrap();
    redb.close().unwrap();
}
