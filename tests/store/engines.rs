//! What every engine must do: an ordered map with transactions, snapshots and pages.

use super::{all, put};
use keystead::store::*;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

fn engines(folder: &Path) -> Vec<(&'static str, Box<dyn Store>)> {
    vec![
        ("redb", Box::new(RedbStore::open(folder).unwrap())),
        ("sled", Box::new(SledStore::open(folder).unwrap())),
        ("memory", Box::new(MemoryStore::default())),
    ]
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

/// Transactions as they come to redb from the writer, in the order of their keys: new keys side by side among those that are there, in
/// leaves enough that they split, some of them changed or deleted again.
fn sorted_transactions() -> impl Strategy<Value = Vec<Writes>> {
    let key = (0..3u8, 0..400u16).prop_map(|(kind, number)| [&[kind][..], &number.to_be_bytes()].concat());
    let value =
        prop::option::weighted(0.8, (any::<u8>(), 0..600usize).prop_map(|(byte, length)| vec![byte; length]));
    let scattered = prop::collection::btree_map(key, value, 0..20);
    let run = (0..3u8, 0..400u16, 1..60u16, any::<u8>(), 0..600usize).prop_map(
        |(kind, from, count, byte, length)| {
            let key = |number: u16| [&[kind][..], &number.to_be_bytes(), b"behind"].concat();
            (from..from + count).map(|number| (key(number), Some(vec![byte; length]))).collect::<Writes>()
        },
    );
    let both = (scattered, run).prop_map(|(mut writes, run)| {
        writes.extend(run);
        writes
    });
    prop::collection::vec(both, 1..24)
}

type Writes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn redb_holds_what_is_written_in_runs(transactions in sorted_transactions()) {
        let folder = tempfile::tempdir().unwrap();
        let store = RedbStore::open(folder.path()).unwrap();
        let mut map = Map::new();
        for writes in transactions {
            let transaction = Transaction::from(writes.into_iter().collect::<Vec<_>>());
            model(&mut map, &transaction);
            prop_assert_eq!(store.commit(&transaction).unwrap(), Outcome::Committed);
            let pairs: Vec<_> = map.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
            prop_assert_eq!(&all(&*store.snapshot().unwrap(), b"", Order::Forward), &pairs);
        }
        drop(store);
        prop_assert_eq!(RedbStore::check_pages(folder.path()), Ok(()));
    }
}

/// Keys that come in order leave full leaves behind, in the midst of others too. Written one by one they leave halves: 1.9 times what
/// is in them.
#[test]
fn keys_that_come_in_order_leave_no_holes() {
    let folder = tempfile::tempdir().unwrap();
    let store = RedbStore::open(folder.path()).unwrap();
    store.commit(&vec![put("a", "1"), put("z", "1")].into()).unwrap();
    let mut bytes = 0;
    for group in 0..100 {
        let row =
            |number: u32| ([&b"m"[..], &(group * 64 + number).to_be_bytes()].concat(), Some(vec![7; 300]));
        let writes: Vec<Pair> = (0..64).map(row).collect();
        bytes += writes.iter().map(|(key, _)| key.len() + 300).sum::<usize>();
        store.commit(&writes.into()).unwrap();
    }
    let filled = std::fs::metadata(folder.path().join("store.redb")).unwrap().len();
    // What is freed by one commit is used again by the next but one: the file has room for that as well.
    assert!((filled as f64) < 1.35 * bytes as f64, "{filled} bytes for {bytes}");
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
