//! An engine that fails as disks do, under the real writer and journal: what fails in passing heals without a restart, and
//! what was acknowledged is there.

use super::{entry, put};
use crate::support::tmpfs::Tmpfs;
use keystead::audit::Entry;
use keystead::store::*;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// How long a commit hangs that nobody lets go on.
const HANG_MAX: Duration = Duration::from_secs(60);

/// What a commit does instead of succeeding.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Nothing is written.
    Fails(Error),
    /// All of it is written, and it fails at the end.
    IsWrittenAndFails(Error),
    /// It goes on when it may.
    Hangs,
}

/// What all handles of a store share: the disk.
#[derive(Default)]
pub struct Disk {
    pub store: MemoryStore,
    pub faults: Mutex<VecDeque<Fault>>,
    opened: AtomicUsize,
    committed: AtomicUsize,
    pub may_go_on: (Mutex<bool>, Condvar),
}

/// A handle: after a commit that failed it is not to be used for another.
struct Handle {
    disk: Arc<Disk>,
    failed: Mutex<bool>,
}

impl Store for Handle {
    fn limits(&self) -> Limits {
        UNLIMITED
    }

    fn reads_stay_here(&self) -> bool {
        true
    }

    fn shares_snapshots(&self) -> bool {
        true
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, Error> {
        assert!(!*self.failed.lock().unwrap(), "a handle that failed is used again");
        self.disk.store.snapshot()
    }

    fn commit(&self, transaction: &Transaction) -> Result<Outcome, Error> {
        assert!(!*self.failed.lock().unwrap(), "a sync that failed is tried again on the same handle");
        self.disk.committed.fetch_add(1, Ordering::SeqCst);
        let fault = self.disk.faults.lock().unwrap().pop_front();
        let failed = |error| {
            *self.failed.lock().unwrap() = true;
            Err(error)
        };
        match fault {
            None => self.disk.store.commit(transaction),
            Some(Fault::Fails(error)) => failed(error),
            Some(Fault::IsWrittenAndFails(error)) => {
                self.disk.store.commit(transaction).unwrap();
                failed(error)
            }
            Some(Fault::Hangs) => {
                let (flag, wake) = &self.disk.may_go_on;
                // A test that fails meanwhile ends all the same.
                drop(wake.wait_timeout_while(flag.lock().unwrap(), HANG_MAX, |may| !*may).unwrap());
                self.disk.store.commit(transaction)
            }
        }
    }

    fn close(&self) -> Result<(), Error> {
        Ok(())
    }
}

pub fn opener(disk: &Arc<Disk>) -> Opener {
    let disk = Arc::clone(disk);
    Box::new(move |_| {
        disk.opened.fetch_add(1, Ordering::SeqCst);
        Ok(Arc::new(Handle { disk: Arc::clone(&disk), failed: Mutex::default() }))
    })
}

fn submission(key: &str) -> Submission {
    Submission { transaction: vec![put(key, "value")].into(), entries: vec![entry(key)].into() }
}

/// Commits it, as soon as that is possible again; fails after five seconds.
pub fn commit_when_healed(database: &Database, key: &str) {
    let began = Instant::now();
    while database.commit_blocking(submission(key)) != Ok(Outcome::Committed) {
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", database.commit_blocking(submission(key)));
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The operations in the audit, whose chain is whole.
pub fn operations(database: &Database) -> Vec<String> {
    let mut all = Vec::new();
    let mut visit = |_, entry: Entry| all.push(entry.operation);
    audit_log::verify(&*database.snapshot().unwrap(), &mut visit).unwrap().unwrap();
    all
}

pub fn record(database: &Database, operation: &str) -> Result<(), Error> {
    database.record_blocking(vec![entry(operation)].into())
}

fn errors() -> Vec<Error> {
    vec![
        Error::Full,
        Error::TooLarge,
        Error::DiskFails,
        Error::Engine("I/O error: Cannot allocate memory (os error 12)".to_owned()),
        Error::ReadOnly { path: "/".into() },
    ]
}

#[test]
fn a_commit_that_fails_once_is_refused_and_the_next_goes_on_with_a_new_handle() {
    for error in errors() {
        for fault in [Fault::Fails(error.clone()), Fault::IsWrittenAndFails(error.clone())] {
            let (folder, disk) = (tempfile::tempdir().unwrap(), Arc::new(Disk::default()));
            let database = Database::over_opener(opener(&disk), folder.path()).unwrap();
            commit_when_healed(&database, "before");
            disk.faults.lock().unwrap().push_back(fault.clone());
            assert_eq!(database.commit_blocking(submission("refused")), Err(error.clone()), "{fault:?}");
            assert!(database.snapshot().unwrap().get(b"before").unwrap().is_some(), "reads go on: {fault:?}");
            record(&database, "read").unwrap();
            commit_when_healed(&database, "after");
            assert_eq!(disk.opened.load(Ordering::SeqCst), 2, "{fault:?}");
            let is_there = database.snapshot().unwrap().get(b"refused").unwrap().is_some();
            assert_eq!(is_there, matches!(fault, Fault::IsWrittenAndFails(_)));
            drop(database);
            let database = Database::over_opener(opener(&disk), folder.path()).unwrap();
            let all = operations(&database);
            let count = |operation: &str| all.iter().filter(|one| *one == operation).count();
            assert_eq!([count("before"), count("read"), count("after")], [1, 1, 1], "{fault:?}: {all:?}");
            assert_eq!(count("refused"), usize::from(is_there), "{fault:?}: {all:?}");
        }
    }
}

/// An engine that runs full in the middle of a commit has to be opened anew: what can be foreseen is.
#[test]
fn a_full_disk_is_found_before_the_engine_is_touched() {
    let (folder, disk) = (tempfile::tempdir().unwrap(), Arc::new(Disk::default()));
    let Some(mounted) = Tmpfs::mount(folder.path(), 16) else { return };
    let database = Database::over_opener(opener(&disk), folder.path()).unwrap();
    commit_when_healed(&database, "before");
    let filler = mounted.fill();
    let before = disk.committed.load(Ordering::SeqCst);
    for number in 0..5 {
        assert_eq!(database.commit_blocking(submission(&format!("refused {number}"))), Err(Error::Full));
        std::thread::sleep(Duration::from_millis(300));
    }
    assert_eq!(disk.committed.load(Ordering::SeqCst), before, "the engine was asked");
    std::fs::remove_file(filler).unwrap();
    commit_when_healed(&database, "after");
    assert_eq!(disk.opened.load(Ordering::SeqCst), 1, "it was never opened anew");
}

/// Each failure of the commit that takes the journal in; its outcome is open where all of it was written.
#[test]
fn reads_are_in_the_audit_once_whatever_fails_when_they_are_taken_in() {
    {
        for fault in [Fault::Fails(Error::Full), Fault::IsWrittenAndFails(Error::Full)] {
            let (folder, disk) = (tempfile::tempdir().unwrap(), Arc::new(Disk::default()));
            let database = Database::over_opener(opener(&disk), folder.path()).unwrap();
            disk.faults.lock().unwrap().extend([fault.clone(), fault.clone()]);
            let read: Vec<String> = (0..40).map(|number| format!("read {number}")).collect();
            for operation in &read {
                record(&database, operation).unwrap();
                std::thread::sleep(Duration::from_millis(5));
            }
            let began = Instant::now();
            let is_left = |folder: &std::path::Path| {
                std::fs::read_dir(folder).unwrap().any(|file| super::is_segment(&file.unwrap().path()))
            };
            while is_left(folder.path()) && began.elapsed() < Duration::from_secs(8) {
                std::thread::sleep(Duration::from_millis(50));
            }
            assert_eq!(operations(&database), read, "{fault:?}");
            drop(database);
            let left: Vec<_> =
                std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
            assert!(left == ["reserve"], "{left:?}");
        }
    }
}

/// The journal is taken in by a commit that does not end: reads go on, and so do their entries after it.
#[test]
fn reads_never_wait_for_a_sync() {
    let (folder, disk) = (tempfile::tempdir().unwrap(), Arc::new(Disk::default()));
    let database = Database::over_opener(opener(&disk), folder.path()).unwrap();
    disk.faults.lock().unwrap().push_back(Fault::Hangs);
    record(&database, "read 0").unwrap();
    let began = Instant::now();
    while !disk.faults.lock().unwrap().is_empty() {
        assert!(began.elapsed() < Duration::from_secs(8), "no segment is on its way");
        std::thread::sleep(Duration::from_millis(20));
    }
    for number in 1..200 {
        record(&database, &format!("read {number}")).unwrap();
        assert!(database.snapshot().unwrap().get(b"f").unwrap().is_some());
    }
    assert!(operations(&database).is_empty(), "the commit still hangs");
    // What a kill would leave now is taken in whole, in order: two segments.
    let left = tempfile::tempdir().unwrap();
    let files = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
    for file in files.filter(|path| super::is_segment(path)) {
        std::fs::copy(&file, left.path().join(file.file_name().unwrap())).unwrap();
    }
    let killed = Database::over(Arc::new(MemoryStore::default()), left.path()).unwrap();
    let all: Vec<String> = (0..200).map(|number| format!("read {number}")).collect();
    assert_eq!(operations(&killed), all);
    *disk.may_go_on.0.lock().unwrap() = true;
    disk.may_go_on.1.notify_all();
    drop(database);
    let database = Database::over_opener(opener(&disk), folder.path()).unwrap();
    assert_eq!(operations(&database), all);
}

/// An engine that hangs does not keep the process from ending; what closes is waited for.
#[test]
fn a_store_that_does_not_close_is_given_up() {
    for hangs in [true, false] {
        let (folder, disk) = (tempfile::tempdir().unwrap(), Arc::new(Disk::default()));
        let database = Database::over_opener(opener(&disk), folder.path()).unwrap();
        disk.faults.lock().unwrap().extend(hangs.then_some(Fault::Hangs));
        record(&database, "read").unwrap();
        let began = Instant::now();
        let closed = close_within(database, Duration::from_secs(1));
        assert_eq!(closed, if hangs { Err(Error::NotClosed { seconds: 1 }) } else { Ok(()) });
        assert!(began.elapsed() < Duration::from_secs(5), "{hangs}");
        // What would be read by the next start: the entry is in the chain, or in the journal that is left.
        let left = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
        assert_eq!(left.filter(|path| super::is_segment(path)).count(), usize::from(hangs));
        *disk.may_go_on.0.lock().unwrap() = true;
        disk.may_go_on.1.notify_all();
    }
}

/// What is opened anew must hold what was acknowledged: an old copy takes nothing.
#[test]
fn a_store_that_lacks_what_was_acknowledged_is_not_gone_on_with() {
    let (folder, disk, old) =
        (tempfile::tempdir().unwrap(), Arc::new(Disk::default()), Arc::new(Disk::default()));
    let first = std::sync::atomic::AtomicBool::new(true);
    let (open_new, open_old) = (opener(&disk), opener(&old));
    let turns =
        move |access| if first.swap(false, Ordering::SeqCst) { open_new(access) } else { open_old(access) };
    let database = Database::over_opener(Box::new(turns), folder.path()).unwrap();
    commit_when_healed(&database, "acknowledged");
    disk.faults.lock().unwrap().push_back(Fault::Fails(Error::Full));
    assert_eq!(database.commit_blocking(submission("refused")), Err(Error::Full));
    std::thread::sleep(Duration::from_millis(1500));
    let refused = database.commit_blocking(submission("refused")).unwrap_err();
    assert!(matches!(refused, Error::NotOurs { .. }), "{refused}");
    assert!(old.store.snapshot().unwrap().get(b"refused").unwrap().is_none());
    assert!(matches!(database.snapshot(), Err(Error::NotOurs { .. })), "nor is it read");
}

/// A part of a segment that cannot be read takes nothing else with it.
#[test]
fn a_damaged_frame_of_the_journal_costs_no_other() {
    let (folder, left) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let disk = Arc::new(Disk::default());
    let database = Database::over_opener(opener(&disk), folder.path()).unwrap();
    disk.faults.lock().unwrap().push_back(Fault::Fails(Error::Full));
    let names: Vec<String> = (0..5).map(|number| format!("read {number}")).collect();
    names.iter().for_each(|name| record(&database, name).unwrap());
    let mut segments = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().path());
    let bytes = std::fs::read(segments.find(|path| super::is_segment(path)).unwrap()).unwrap();
    drop(database);
    let frame = bytes.len() / 5;
    for damaged in 0..5 {
        let mut bytes = bytes.clone();
        bytes[frame * damaged + 20] ^= 1;
        std::fs::write(left.path().join("reads-1"), &bytes).unwrap();
        let database = Database::over(Arc::new(MemoryStore::default()), left.path()).unwrap();
        let wanted: Vec<_> =
            names.iter().enumerate().filter(|(n, _)| *n != damaged).map(|(_, n)| n.clone()).collect();
        assert_eq!(operations(&database), wanted, "frame {damaged}");
        // The last frame may have been torn, and is not told apart from that.
        assert_eq!(left.path().join("damaged-reads-1").exists(), damaged < 4, "frame {damaged}");
        drop(database);
        let _ = std::fs::remove_file(left.path().join("damaged-reads-1"));
    }
}
