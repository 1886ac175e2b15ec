//! The audit as blocks: what was entered comes back, every change to a block is found, and damage stops no later entry.

use super::{all, entry};
use keystead::audit::*;
use keystead::store::*;
use proptest::prelude::*;
use std::sync::Arc;

const NODE: NodeId = *b"nodenode";

pub fn key(number: u32) -> MacKey {
    MacKey::new(number, &[number as u8; 32])
}

/// A log of so many blocks, each of three entries.
fn log(blocks: u64, key: Option<&MacKey>) -> MemoryStore {
    let (store, mut head) = (MemoryStore::default(), Head::new(NODE));
    for number in 0..blocks {
        let entries: Vec<Entry> = (0..3).map(|n| entry(&format!("operation {number}.{n}"))).collect();
        let bodies = Body::of(&entries.into());
        let writes = bodies.iter().map(|body| head.append(body, key)).map(|(key, block)| (key, Some(block)));
        store.commit(&writes.collect::<Vec<Pair>>().into()).unwrap();
    }
    store
}

/// What does not fit, with these keys.
fn breaks(store: &MemoryStore, keys: &[MacKey]) -> Vec<Break> {
    let mut breaks = Vec::new();
    let snapshot = store.snapshot().unwrap();
    audit_log::walk(&*snapshot, keys, &mut |_, _| {}, &mut |broken| breaks.push(broken)).unwrap();
    breaks
}

fn changed(blocks: u64, writes: Vec<Pair>) -> MemoryStore {
    let store = log(blocks, Some(&key(1)));
    store.commit(&writes.into()).unwrap();
    store
}

#[test]
fn every_change_to_a_block_is_found() {
    const BLOCKS: u64 = 6;
    let whole = changed(BLOCKS, Vec::new());
    assert_eq!(breaks(&whole, &[key(1)]), []);
    let pairs = all(&*whole.snapshot().unwrap(), PREFIX, Order::Forward);
    for (at, (place, block)) in pairs.iter().enumerate() {
        let found =
            |value: Option<Vec<u8>>| breaks(&changed(BLOCKS, vec![(place.clone(), value)]), &[key(1)]);
        // What is cut off at the very end shows only against a head that is kept elsewhere.
        assert_eq!(found(None).is_empty(), at + 1 == pairs.len(), "dropped {at}");
        for byte in 0..block.len() {
            let mut edited = block.clone();
            edited[byte] ^= 1;
            assert_ne!(found(Some(edited)), [], "byte {byte} of {at}");
        }
        for length in 0..block.len() {
            assert_ne!(found(Some(block[..length].to_vec())), [], "cut to {length}");
        }
        if let Some((other, next)) = pairs.get(at + 1) {
            let swap = vec![(place.clone(), Some(next.clone())), (other.clone(), Some(block.clone()))];
            assert_ne!(breaks(&changed(BLOCKS, swap), &[key(1)]), [], "swapped {at} with the next");
        }
    }
    let odd = [PREFIX, &[0xff; 3]].concat();
    assert_ne!(breaks(&changed(BLOCKS, vec![(odd, Some(vec![1]))]), &[key(1)]), []);
}

/// Whoever has the store but no key makes a log that is whole by its hashes, and is found by the MACs.
#[test]
fn a_log_that_was_chained_anew_is_found_by_its_macs() {
    for forged in [None, Some(MacKey::new(1, &[7; 32])), Some(key(2))] {
        let store = log(4, forged.as_ref());
        assert_eq!(breaks(&store, &[]), [], "its hashes are right");
        let snapshot = store.snapshot().unwrap();
        let mut found = 0;
        let extent = audit_log::walk(&*snapshot, &[key(1)], &mut |_, _| {}, &mut |_| found += 1).unwrap();
        assert_eq!((found, extent.unproved), if forged.is_some() { (4, 0) } else { (0, 4) });
    }
    // Blocks that are put behind those of the server.
    let store = log(4, Some(&key(1)));
    let last = all(&*store.snapshot().unwrap(), PREFIX, Order::Backward).remove(0);
    let mut head = Head::behind(&Block::read(&last.1).unwrap());
    let (place, block) = head.append(&Body::of(&vec![entry("forged")].into())[0], None);
    store.commit(&vec![(place, Some(block))].into()).unwrap();
    assert_eq!(breaks(&store, &[]), []);
    assert_eq!(breaks(&store, &[key(1)]).len(), 1);
}

/// Blocks are damaged, the last one too: the store opens and takes entries, and all breaks are found.
#[test]
fn a_damaged_block_stops_no_later_ones() {
    for cut in [0, 10, 100, 150] {
        let store = log(10, None);
        let pairs = all(&*store.snapshot().unwrap(), PREFIX, Order::Forward);
        let mut writes: Vec<Pair> =
            [3, 9].map(|at: usize| (pairs[at].0.clone(), Some(pairs[at].1[..cut].to_vec()))).into();
        writes.push((FORMAT_KEY.to_vec(), Some(FORMAT.to_be_bytes().to_vec())));
        store.commit(&writes.into()).unwrap();
        let (folder, store) = (tempfile::tempdir().unwrap(), Arc::new(store));
        let database = Database::over(Arc::clone(&store) as Arc<dyn Store>, folder.path()).unwrap();
        let later = Submission { entries: vec![entry("later")].into(), ..Submission::default() };
        database.commit_blocking(later).unwrap();
        database.record_blocking(vec![entry("read")].into()).unwrap();
        drop(database);
        let (mut seen, mut broken) = (Vec::new(), Vec::new());
        let snapshot = store.snapshot().unwrap();
        let mut visit = |_, entry: Entry| seen.push(entry.operation);
        audit_log::walk(&*snapshot, &[], &mut visit, &mut |found| broken.push(found.at)).unwrap();
        // The block behind one that cannot be read is behind another one than it says.
        assert_eq!(broken, [3, 4, 9].map(|number| Where::Block(NODE, number)), "{cut}");
        assert_eq!(seen.len(), 8 * 3 + 2, "{cut}");
        assert_eq!(seen[24..], ["later", "read"], "{cut}");
    }
}

/// A search for one object or principal opens few of the blocks that are not about it, and none is missed.
#[test]
fn blocks_tell_what_they_may_concern() {
    let of = |number: u64| Entry {
        principal: format!("client {}", number / 10),
        objects: vec![uuid(number), format!("object {number}")],
        ..entry("Get")
    };
    let (mut head, mut wrong) = (Head::new(NODE), 0);
    for number in 0..200 {
        let (_, block) = head.append(&Body::of(&vec![of(number)].into())[0], None);
        let block = Block::read(&block).unwrap();
        for other in 0..200 {
            let entry = of(other);
            let elements = entry.objects.iter().map(|object| Element::object(Object::of(object)));
            for element in elements {
                let may = block.may_concern(element);
                assert!(may || other != number);
                wrong += usize::from(may && other != number);
            }
        }
        assert!(block.may_concern(Element::principal(&of(number).principal)));
    }
    assert!(wrong < 200 * 200 * 2 / 50, "{wrong}");
}

fn uuid(number: u64) -> String {
    uuid::Uuid::from_u64_pair(number.wrapping_mul(0x9e37_79b9_7f4a_7c15), number << 8).to_string()
}

/// A Get takes few bytes: an entry as it stands in the block of a segment, its share of the block with it.
#[test]
fn a_get_takes_few_bytes_and_no_memory() {
    let principal = "one";
    let get = |number: u64| Entry {
        time: 1_800_000_000_000 + number / 30,
        request: 7_000_000 + number,
        principal: principal.to_owned(),
        peer: format!("10.0.0.{}:{}", number % 64, 40_000 + number % 64),
        version: "2.1".to_owned(),
        operation: "Get".to_owned(),
        objects: vec![uuid(number)],
        outcome: "Success".to_owned(),
        note: String::new(),
    };
    let entries: Entries = (0..10_000).map(get).collect::<Vec<_>>().into();
    let frames = entries.clone().into_frames().len();
    let blocks: usize =
        Body::of(&entries).iter().map(|body| Head::new(NODE).append(body, None).1.len()).sum();
    println!("{} bytes a Get in the journal, {} in blocks", frames / 10_000, blocks / 10_000);
    assert!(frames <= 90 * 10_000 && blocks <= 30 * 10_000, "{frames} and {blocks} bytes");
    // Where there is room in the buffer, an entry takes none elsewhere.
    let mut all = Entries::with_capacity(256);
    let one = get(1);
    let info = allocation_counter::measure(|| all.push(&one));
    assert_eq!(info.count_total, 0);
}

fn entries_of_any_kind() -> impl Strategy<Value = Vec<Entry>> {
    let object = prop_oneof![any::<u64>().prop_map(uuid), ".{0,12}", "[0-9A-F-]{36}"];
    let texts = prop::collection::vec(prop_oneof!["", "[ab]", ".{0,12}"], 6);
    let one = (texts, prop::collection::vec(object, 0..4), any::<[u64; 2]>()).prop_map(
        |(texts, objects, numbers)| {
            let [principal, peer, version, operation, outcome, note]: [String; 6] = texts.try_into().unwrap();
            Entry {
                time: numbers[0],
                request: numbers[1],
                principal,
                peer,
                version,
                operation,
                objects,
                outcome,
                note,
            }
        },
    );
    prop::collection::vec(one, 1..12)
}

fn read(block: &[u8]) -> Option<Vec<Entry>> {
    let block = Block::read(block)?;
    let raw = block.raw()?;
    Some(Read::new(block.header.kind, block.header.count, &raw)?.entries())
}

proptest! {
    #[test]
    fn entries_come_back_from_their_bytes(entries in entries_of_any_kind()) {
        let encoded: Entries = entries.clone().into();
        let back: Vec<Entry> = encoded.iter().map(|entry| entry.to_entry()).collect();
        prop_assert_eq!(&back, &entries);
        for body in encoded.bodies() {
            prop_assert!((0..body.len()).all(|length| Encoded::read(&body[..length]).is_none()));
        }
        let (_, block) = Head::new(NODE).append(&Body::of(&encoded)[0], Some(&key(1)));
        prop_assert_eq!(read(&block), Some(entries));
    }

    /// Whatever stands there is read without a panic, and takes no more memory than it may.
    #[test]
    fn any_bytes_are_read(entries in entries_of_any_kind(), noise in prop::collection::vec(any::<(u16, u8)>(), 0..6), junk in prop::collection::vec(any::<u8>(), 0..200)) {
        let (_, mut block) = Head::new(NODE).append(&Body::of(&entries.into())[0], None);
        for (place, byte) in noise {
            let place = usize::from(place) % block.len();
            block[place] = byte;
        }
        let _ = read(&block);
        let _ = Encoded::read(&junk);
        for kind in [Kind::Entries, Kind::TakenOver] {
            for count in [0, 1, 3, u32::MAX] {
                let _ = Read::new(kind, count, &junk);
            }
        }
        let _ = old::decode(&junk);
    }
}
