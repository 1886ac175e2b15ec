//! One suite for every engine of the store, and for what stands on it: group commit, the journal of reads, the chain.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test: it stops where it stands")]

mod check;
mod disk;
mod faults;
mod server;
#[path = "../support/mod.rs"]
mod support;

use keystead::audit::{self, Chain, Entry};
use keystead::store::*;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

fn engines(folder: &Path) -> Vec<(&'static str, Box<dyn Store>)> {
    vec![
        ("redb", Box::new(RedbStore::open(folder).unwrap())),
        ("sled", Box::new(SledStore::open(folder).unwrap())),
        ("memory", Box::new(MemoryStore::default())),
    ]
}

fn all(snapshot: &dyn Snapshot, prefix: &[u8], order: Order) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut pairs = Vec::new();
    let mut visit = |key: &[u8], value: &[u8]| {
        pairs.push((key.to_vec(), value.to_vec()));
        ControlFlow::Continue(())
    };
    snapshot.scan(prefix, order, &mut visit).unwrap();
    pairs
}

/// The keys with a prefix behind a key, at most so many: a page.
fn page(
    snapshot: &dyn Snapshot,
    prefix: &[u8],
    order: Order,
    behind: Option<&[u8]>,
    most: usize,
) -> Vec<Vec<u8>> {
    let (mut keys, mut visited) = (Vec::new(), 0);
    let mut visit = |key: &[u8], _: &[u8]| {
        visited += 1;
        keys.push(key.to_vec());
        if keys.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    snapshot.scan_from(prefix, order, behind, &mut visit).unwrap();
    assert!(visited <= most);
    keys
}

/// A transaction on few keys, so that they meet; expectations are right or wrong by chance.
fn transactions() -> impl Strategy<Value = Vec<Transaction>> {
    let key = prop::collection::vec(0..3u8, 1..4);
    let value = prop::option::of(prop::collection::vec(any::<u8>(), 0..4));
    let pair = (key, value);
    let expects = prop::collection::vec(pair.clone(), 0..2);
    let writes = prop::collection::vec(pair, 0..4);
    prop::collection::vec(
        (expects, writes).prop_map(|(expects, writes)| Transaction { expects, writes }),
        1..20,
    )
}

/// What the engine must do.
fn model(map: &mut Map, transaction: &Transaction) -> Outcome {
    if transaction.expects.iter().any(|(key, value)| map.get(key) != value.as_ref()) {
        return Outcome::Conflict;
    }
    for (key, value) in &transaction.writes {
        match value {
            Some(value) => map.insert(key.clone(), value.clone()),
            None => map.remove(key),
        };
    }
    Outcome::Committed
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_engine_is_an_ordered_map_with_transactions(transactions in transactions(), prefix in prop::collection::vec(0..3u8, 0..2)) {
        let folder = tempfile::tempdir().unwrap();
        for (name, store) in engines(folder.path()) {
            let mut map = Map::new();
            for transaction in &transactions {
                let wanted = model(&mut map, transaction);
                prop_assert_eq!(store.commit(transaction).unwrap(), wanted, "{}", name);
                let snapshot = store.snapshot().unwrap();
                let mut pairs: Vec<_> = map.iter().filter(|(key, _)| key.starts_with(&prefix)).map(|(k, v)| (k.clone(), v.clone())).collect();
                prop_assert_eq!(&all(&*snapshot, &prefix, Order::Forward), &pairs, "{} forward", name);
                pairs.reverse();
                prop_assert_eq!(&all(&*snapshot, &prefix, Order::Backward), &pairs, "{} backward", name);
                for key in transaction.writes.iter().map(|(key, _)| key) {
                    prop_assert_eq!(&snapshot.get(key).unwrap(), &map.get(key).cloned(), "{}", name);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Page after page is the whole, in both directions; a page begins behind any key, whether that is there and has the prefix or not.
    #[test]
    fn every_engine_gives_pages(
        keys in prop::collection::btree_set(prop::collection::vec(0..3u8, 1..4), 1..40),
        prefix in prop::collection::vec(0..3u8, 0..2),
        behind in prop::collection::vec(0..4u8, 0..4),
        most in 1..7usize,
    ) {
        let folder = tempfile::tempdir().unwrap();
        for (name, store) in engines(folder.path()) {
            let writes = keys.iter().map(|key| (key.clone(), Some(Vec::new()))).collect();
            store.commit(&Transaction { expects: Vec::new(), writes }).unwrap();
            let snapshot = store.snapshot().unwrap();
            let of_prefix = || keys.iter().filter(|key| key.starts_with(&prefix)).cloned();
            let expected: [(Order, Vec<_>); 2] =
                [(Order::Forward, of_prefix().collect()), (Order::Backward, of_prefix().rev().collect())];
            for (order, expected) in expected {
                let (mut all, mut last) = (Vec::new(), None);
                loop {
                    let page = page(&*snapshot, &prefix, order, last.as_deref(), most);
                    let Some(key) = page.last() else { break };
                    last = Some(key.clone());
                    all.extend(page);
                }
                prop_assert_eq!(&all, &expected, "{} {:?}", name, order);
                let is_behind = |key: &&Vec<u8>| match order {
                    Order::Forward => **key > behind,
                    Order::Backward => **key < behind,
                };
                let wanted: Vec<_> = expected.iter().filter(is_behind).take(most).cloned().collect();
                prop_assert_eq!(page(&*snapshot, &prefix, order, Some(&behind), most), wanted, "{} {:?}", name, order);
            }
        }
    }
}

/// Opens a store. A process that another test starts just now holds the lock of what was closed until it is another program.
fn open(engine: Engine, folder: &Path) -> Database {
    let began = std::time::Instant::now();
    loop {
        let is_locked = |error: &Error| match error {
            Error::InUse { .. } => true,
            Error::Engine(why) => why.contains("could not acquire lock"),
            _ => false,
        };
        match Database::open(engine, folder) {
            Err(error) if is_locked(&error) && began.elapsed().as_secs() < 5 => {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            opened => return opened.unwrap(),
        }
    }
}

fn put(key: &str, value: &str) -> Pair {
    (key.as_bytes().to_vec(), Some(value.as_bytes().to_vec()))
}

#[test]
fn a_scan_ends_where_the_visitor_breaks_off() {
    let folder = tempfile::tempdir().unwrap();
    for (name, store) in engines(folder.path()) {
        store.commit(&vec![put("a", "1"), put("b", "2"), put("c", "3")].into()).unwrap();
        let mut seen = 0;
        let mut visit = |_: &[u8], _: &[u8]| {
            seen += 1;
            ControlFlow::Break(())
        };
        store.snapshot().unwrap().scan(b"", Order::Backward, &mut visit).unwrap();
        assert_eq!(seen, 1, "{name}");
    }
}

/// sled's snapshots hold writers back instead, by design.
#[test]
fn a_snapshot_does_not_see_later_writes() {
    let folder = tempfile::tempdir().unwrap();
    for (name, store) in engines(folder.path()).into_iter().filter(|(name, _)| *name != "sled") {
        store.commit(&vec![put("a", "1")].into()).unwrap();
        let before = store.snapshot().unwrap();
        store.commit(&vec![put("a", "2")].into()).unwrap();
        assert_eq!(before.get(b"a").unwrap(), Some(b"1".to_vec()), "{name}");
        assert_eq!(store.snapshot().unwrap().get(b"a").unwrap(), Some(b"2".to_vec()), "{name}");
    }
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
            let submission = Submission { transaction, entries: Vec::new() };
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
        let chain = audit::verify(&*database.snapshot().unwrap(), &mut |_, _| {}).unwrap().unwrap();
        assert_eq!(chain.length(), 160, "one entry a commit, none for a conflict: {engine:?}");
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
        let submission = Submission { transaction, entries: vec![entry("add")] };
        if database.commit_blocking(submission).unwrap() == Outcome::Committed {
            return;
        }
    }
}

fn entry(operation: &str) -> Entry {
    Entry { operation: operation.to_owned(), objects: vec!["one".into(), "two".into()], ..Entry::default() }
}

#[tokio::test]
async fn reads_are_in_the_chain_after_a_moment() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(Engine::Redb, folder.path());
    for number in 0..20 {
        database.record(vec![entry(&format!("read {number}"))]).await.unwrap();
    }
    let mut seen = 0;
    for _ in 0..100 {
        seen = 0;
        audit::verify(&*database.snapshot().unwrap(), &mut |_, _| seen += 1).unwrap().unwrap();
        if seen == 20 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(seen, 20);
}

/// The folder as a killed process leaves it: entries in the journal, not in the chain yet; the last frame torn.
#[test]
fn reads_survive_the_death_of_the_process_once_and_whole() {
    let folder = tempfile::tempdir().unwrap();
    let left = tempfile::tempdir().unwrap();
    let database = open(Engine::Redb, folder.path());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(database.record(vec![entry("first"), entry("second")])).unwrap();
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
        audit::verify(&*database.snapshot().unwrap(), &mut visit).unwrap().unwrap();
        assert_eq!(seen, ["first", "second"], "round {round}");
        drop(database);
        assert!(!left.path().join("reads-1").exists());
    }
    // A segment whose entries are in the chain already, but whose file was not deleted in time.
    std::fs::write(left.path().join("reads-1"), b"").unwrap();
    drop(open(Engine::Redb, left.path()));
    assert!(!left.path().join("reads-1").exists());
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
    store.commit(&vec![(b"f".to_vec(), Some(3u32.to_be_bytes().to_vec()))].into()).unwrap();
    drop(store);
    let refused = Database::open(Engine::Redb, folder.path()).err().unwrap();
    assert_eq!(refused, Error::Format { found: "3".into(), known: 2 });
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

/// A chain of so many entries in a store of its own.
fn chained(count: u64) -> MemoryStore {
    let (store, mut chain) = (MemoryStore::default(), Chain::default());
    let pairs = (0..count).map(|number| chain.append(&entry(&format!("operation {number}"))));
    let writes: Vec<Pair> = pairs.map(|(key, value)| (key, Some(value))).collect();
    store.commit(&writes.into()).unwrap();
    store
}

fn is_whole(store: &MemoryStore) -> bool {
    audit::verify(&*store.snapshot().unwrap(), &mut |_, _| {})
        .unwrap()
        .is_ok_and(|chain| chain.length() == 300)
}

#[test]
fn every_change_to_the_chain_is_found() {
    let store = chained(300);
    assert!(is_whole(&store));
    let pairs = all(&*store.snapshot().unwrap(), audit::PREFIX, Order::Forward);
    for at in 0..pairs.len() {
        let (key, value) = &pairs[at];
        let changed = |writes: Vec<Pair>| {
            let store = chained(300);
            store.commit(&writes.into()).unwrap();
            !is_whole(&store)
        };
        assert!(changed(vec![(key.clone(), None)]), "dropped {at}");
        let mut edited = value.clone();
        let place = (at * 7) % edited.len();
        edited[place] ^= 1;
        assert!(changed(vec![(key.clone(), Some(edited))]), "edited {at}");
        assert!(changed(vec![(key.clone(), Some(value[..value.len() - 1].to_vec()))]), "cut {at}");
        if let Some((other, next)) = pairs.get(at + 1) {
            let swap = vec![(key.clone(), Some(next.clone())), (other.clone(), Some(value.clone()))];
            assert!(changed(swap), "swapped {at} with the next");
        }
    }
    // What is behind a place is moved on by one number, as if an entry had been there: no hash tells.
    for at in [0, 1, 150, 299] {
        let store = chained(300);
        let moved = (at..300).rev().flat_map(|number: u64| {
            let key = |number: u64| [audit::PREFIX, &number.to_be_bytes()[..]].concat();
            let value = pairs[number as usize].1.clone();
            [(key(number), None), (key(number + 1), Some(value))]
        });
        moved.for_each(|write| assert!(store.commit(&vec![write].into()).is_ok()));
        assert!(!is_whole(&store), "moved on from {at}");
    }
}

/// The last entry or its key is damaged: the store opens and takes entries, and all other breaks are found as well.
#[test]
fn a_damaged_entry_stops_no_later_ones() {
    for cut in [0, 10, 40] {
        let store = chained(20);
        let pairs = all(&*store.snapshot().unwrap(), audit::PREFIX, Order::Forward);
        store.commit(&vec![(FORMAT_KEY.to_vec(), Some(FORMAT.to_be_bytes().to_vec()))].into()).unwrap();
        let odd = [audit::PREFIX, &[0xff; 12]].concat();
        let damaged = |(key, value): &(Vec<u8>, Vec<u8>)| (key.clone(), Some(value[..cut].to_vec()));
        store
            .commit(&vec![damaged(&pairs[5]), damaged(&pairs[19]), (odd.clone(), Some(vec![1]))].into())
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let database = Database::over(Arc::new(store), folder.path()).unwrap();
        database.commit_blocking(Submission { entries: vec![entry("later")], ..Default::default() }).unwrap();
        let (mut seen, mut breaks) = (Vec::new(), Vec::new());
        let chain = audit::walk(
            &*database.snapshot().unwrap(),
            &mut |_, entry| seen.push(entry.operation),
            &mut |broken| breaks.push(broken.at),
        );
        assert_eq!(chain.unwrap().length(), 21, "{cut}");
        assert_eq!(seen.last().map(String::as_str), Some("later"), "{cut}");
        assert!([5, 19].iter().all(|at| breaks.contains(at)), "{cut}: {breaks:?}");
        assert!(breaks.len() <= 4, "{cut}: {breaks:?}");
    }
}

proptest! {
    #[test]
    fn entries_come_back_from_their_bytes(texts in prop::collection::vec(".{0,12}", 6), objects in prop::collection::vec(".{0,12}", 0..4), numbers in any::<[u64; 2]>()) {
        let [principal, peer, version, operation, outcome, note]: [String; 6] = texts.try_into().unwrap();
        let entry = Entry { time: numbers[0], request: numbers[1], principal, peer, version, operation, objects, outcome, note };
        let bytes = entry.encode();
        prop_assert_eq!(Entry::decode(&bytes[..bytes.len() - 1]), None);
        prop_assert_eq!(Entry::decode(&bytes), Some(entry));
    }
}
