//! One suite for every engine of the store, and for what stands on it: group commit, the journal of reads, the chain.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test: it stops where it stands")]

mod audit;
mod blocked;
mod check;
mod crash;
mod deferred;
mod disk;
mod engines;
mod faults;
mod foreign;
mod jobs;
mod limits;
mod listed;
mod own;
mod rotation;
mod server;
mod shared;
#[path = "../support/mod.rs"]
mod support;
mod taken_over;

use keystead::audit::Entry;
use keystead::store::*;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Waker};

fn all(snapshot: &dyn Snapshot, prefix: &[u8], order: Order) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut pairs = Vec::new();
    let mut visit = |key: &[u8], value: &[u8]| {
        pairs.push((key.to_vec(), value.to_vec()));
        ControlFlow::Continue(())
    };
    snapshot.scan(prefix, order, &mut visit).unwrap();
    pairs
}

/// Opens a store.
fn open(engine: Engine, folder: &Path) -> Database {
    when_free(|| Database::open(engine, folder)).unwrap()
}

/// Opens a store that nobody has open. A process that another test starts just now holds the lock of what was closed until it is
/// another program.
fn when_free<T>(open: impl Fn() -> Result<T, Error>) -> Result<T, Error> {
    let began = std::time::Instant::now();
    loop {
        let is_locked = |error: &Error| match error {
            Error::InUse { .. } => true,
            Error::Engine(why) => why.contains("could not acquire lock"),
            _ => false,
        };
        match open() {
            Err(error) if is_locked(&error) && began.elapsed().as_secs() < 5 => {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            opened => return opened,
        }
    }
}

fn put(key: &str, value: &str) -> Pair {
    (key.as_bytes().to_vec(), Some(value.as_bytes().to_vec()))
}

#[test]
fn what_was_committed_is_there_after_a_reopen() {
    for engine in [Engine::Redb, Engine::Sled] {
        let folder = tempfile::tempdir().unwrap();
        for round in 0..3 {
            let database = open(engine, folder.path());
            for before in 0..round {
                let key = format!("key {before}");
                assert!(database.snapshot().unwrap().get(key.as_bytes()).unwrap().is_some(), "{engine:?}");
            }
            let transaction = vec![put(&format!("key {round}"), "value")].into();
            let submission = Submission { transaction, ..Submission::default() };
            assert_eq!(database.commit_blocking(submission), Ok(Outcome::Committed));
        }
    }
}

/// Sixteen threads add to one counter; each sees when another was faster, and none is lost.
#[test]
fn grouped_commits_conflict_as_single_ones_do() {
    for engine in [Engine::Redb, Engine::Sled, Engine::Memory] {
        let folder = tempfile::tempdir().unwrap();
        let database = Arc::new(open(engine, folder.path()));
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| (0..10).for_each(|_| add_one(&database)));
            }
        });
        let value = database.snapshot().unwrap().get(b"counter").unwrap().unwrap();
        assert_eq!(u64::from_be_bytes(value.try_into().unwrap()), 160, "{engine:?}");
        let extent = audit_log::verify(&*database.snapshot().unwrap(), &mut |_, _| {}).unwrap().unwrap();
        assert_eq!(extent.entries, 160, "one entry a commit, none for a conflict: {engine:?}");
    }
}

fn add_one(database: &Database) {
    loop {
        let before = database.snapshot().unwrap().get(b"counter").unwrap();
        let number = before.clone().map_or(0, |bytes| u64::from_be_bytes(bytes.try_into().unwrap()));
        let after = (number + 1).to_be_bytes().to_vec();
        let transaction = Transaction {
            expects: vec![(b"counter".to_vec(), before)],
            writes: vec![(b"counter".to_vec(), Some(after))],
        };
        let submission = Submission { transaction, entries: vec![entry("add")].into() };
        if database.commit_blocking(submission).unwrap() == Outcome::Committed {
            return;
        }
    }
}

/// What many requests of a group only expect is read once for all of them, and no longer expected of the store once one of them
/// changes it: nothing is written under a rule that is over, not even behind the change in the same commit. The audit has the order.
#[test]
fn what_a_group_expects_together_holds_for_each_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(Engine::Redb, folder.path());
    let rule = || database.snapshot().unwrap().get(b"rule").unwrap();
    let named =
        |rule: &Option<Vec<u8>>| rule.as_deref().map_or("none".into(), String::from_utf8_lossy).into_owned();
    let commit = |before: Option<Vec<u8>>, writes: Vec<Pair>, deed: String| {
        let transaction = Transaction { expects: vec![(b"rule".to_vec(), before)], writes };
        database.commit_blocking(Submission { transaction, entries: vec![entry(&deed)].into() }).unwrap()
    };
    let (refused, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for thread in 0..12_u8 {
            let (commit, rule, named, refused, is_over) = (&commit, &rule, &named, &refused, &is_over);
            scope.spawn(move || {
                for number in (0_u32..).take_while(|_| !is_over.load(Ordering::Relaxed)) {
                    let (now, row) = (rule(), [&[thread][..], &number.to_be_bytes()].concat());
                    let deed = format!("under {}", named(&now));
                    let outcome = commit(now, vec![(row, Some(Vec::new()))], deed);
                    refused.fetch_add(usize::from(outcome == Outcome::Conflict), Ordering::Relaxed);
                }
            });
        }
        let mut changes = (0..).take_while(|number| *number < 200 || refused.load(Ordering::Relaxed) == 0);
        changes.by_ref().for_each(|number: u32| {
            let next = Some(number.to_string().into_bytes());
            let deed = format!("rule {}", named(&next));
            assert_eq!(commit(rule(), vec![(b"rule".to_vec(), next)], deed), Outcome::Committed);
        });
        is_over.store(true, Ordering::Relaxed);
    });
    let mut holds = "none".to_owned();
    let mut visit = |_, entry: Entry| match entry.operation.split_once(' ').unwrap() {
        ("rule", next) => next.clone_into(&mut holds),
        (_, under) => assert_eq!(under, holds, "written under a rule that is over"),
    };
    audit_log::verify(&*database.snapshot().unwrap(), &mut visit).unwrap().unwrap();
}

fn entry(operation: &str) -> Entry {
    Entry { operation: operation.to_owned(), objects: vec!["one".into(), "two".into()], ..Entry::default() }
}

#[test]
fn reads_are_in_the_chain_after_a_moment() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(Engine::Redb, folder.path());
    for number in 0..20 {
        database.record_blocking(vec![entry(&format!("read {number}"))].into()).unwrap();
    }
    let mut seen = 0;
    for _ in 0..100 {
        seen = 0;
        audit_log::verify(&*database.snapshot().unwrap(), &mut |_, _| seen += 1).unwrap().unwrap();
        if seen == 20 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(seen, 20);
}

/// The folder as a killed process leaves it: entries in the journal, not in the chain yet; the last frame torn.
#[test]
fn reads_survive_the_death_of_the_process_once_and_whole() {
    let folder = tempfile::tempdir().unwrap();
    let left = tempfile::tempdir().unwrap();
    let database = open(Engine::Redb, folder.path());
    database.record_blocking(vec![entry("first"), entry("second")].into()).unwrap();
    let segment =
        std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().path()).find(|path| is_segment(path));
    let mut torn = std::fs::read(segment.unwrap()).unwrap();
    drop(database);
    torn.extend_from_slice(&torn.clone()[..20]);
    drop(open(Engine::Redb, left.path()));
    std::fs::write(left.path().join("reads-1"), torn).unwrap();
    for round in 0..2 {
        let database = open(Engine::Redb, left.path());
        let mut seen = Vec::new();
        let mut visit = |_, entry: Entry| seen.push(entry.operation);
        audit_log::verify(&*database.snapshot().unwrap(), &mut visit).unwrap().unwrap();
        assert_eq!(seen, ["first", "second"], "round {round}");
        drop(database);
        assert!(!left.path().join("reads-1").exists());
    }
    // A segment whose entries are in the chain already, but whose file was not deleted in time.
    std::fs::write(left.path().join("reads-1"), b"").unwrap();
    drop(open(Engine::Redb, left.path()));
    assert!(!left.path().join("reads-1").exists());
}

/// Reads are entered together, each once, and those too that nobody awaits any more once they stand in line.
#[tokio::test]
async fn reads_are_entered_together_and_also_where_nobody_awaits_it() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(Engine::Redb, folder.path());
    let record = |operation: &str| database.record(vec![entry(operation)].into());
    let (one, two, three) = tokio::join!(record("one"), record("two"), record("three"));
    [one, two, three].into_iter().for_each(Result::unwrap);
    {
        let mut last = std::pin::pin!(record("last"));
        let is_pending = last.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending();
        assert!(is_pending, "where several came together, others come before the write");
    }
    drop(database);
    let database = open(Engine::Redb, folder.path());
    assert_eq!(faults::operations(&database), ["one", "two", "three", "last"]);
}

fn is_segment(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("reads-"))
}

#[test]
fn one_server_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let _first = Database::open(Engine::Redb, folder.path()).unwrap();
    let refused = Database::open(Engine::Redb, folder.path()).err().unwrap();
    assert!(
        matches!(&refused, Error::InUse { holder, .. } if holder.contains(&std::process::id().to_string())),
        "{refused}"
    );
}

#[test]
fn a_newer_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(Engine::Redb, folder.path()));
    let store = RedbStore::open(folder.path()).unwrap();
    store.commit(&vec![(b"f".to_vec(), Some((FORMAT + 1).to_be_bytes().to_vec()))].into()).unwrap();
    drop(store);
    let refused = Database::open(Engine::Redb, folder.path()).err().unwrap();
    assert_eq!(refused, Error::Format { found: (FORMAT + 1).to_string(), known: FORMAT });
}

#[test]
fn nobody_else_can_read_the_files() {
    for engine in [Engine::Redb, Engine::Sled] {
        let folder = tempfile::tempdir().unwrap();
        let _database = open(engine, folder.path());
        check_modes(folder.path());
    }
}

fn check_modes(folder: &Path) {
    assert_eq!(std::fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            check_modes(&path);
        } else {
            let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{}", path.display());
        }
    }
}
