//! The chain of the audit: every change to it is found, and damage stops no later entry.

use super::{all, entry};
use keystead::audit::{self, Chain, Entry};
use keystead::store::*;
use proptest::prelude::*;
use std::sync::Arc;

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
