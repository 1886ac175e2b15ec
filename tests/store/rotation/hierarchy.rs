//! The rows of the hierarchy: one that is missing or was changed stops the start and is named, a key that the HSM opens
//! wrongly seals nothing, and stores of older versions get what they lack.

use super::{Meddled, WHO, by};
use keystead::engine::need::Need;
use keystead::engine::world::{OpenError, Vault as _};
use keystead::store::{Database, MemoryStore, Order, Pair, Store, Transaction};
use keystead::vault::{Error, Hierarchy, KekCaching, KeyRing};
use keystead_hsm::{Epoch, Kek, KekIdentity, MasterKeyRef, MasterKeys, SystemEntropy};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

struct World {
    folder: tempfile::TempDir,
    keys: Arc<Meddled>,
}

/// Where the metadata of an object stands.
fn object(id: &str) -> Vec<u8> {
    [b"o\0\0\0\0", id.as_bytes()].concat()
}

impl World {
    fn new() -> Self {
        let keys = Arc::new(Meddled::default());
        Self { folder: tempfile::tempdir().unwrap(), keys }
    }

    fn flip(&self, on: bool) {
        self.keys.flip.store(on, Ordering::Relaxed);
    }

    /// A server on a store with these rows.
    fn open(&self, rows: &Rows) -> Result<(Hierarchy, Arc<MemoryStore>), Error> {
        let store = Arc::new(MemoryStore::default());
        let writes: Vec<Pair> = rows.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect();
        store.commit(&Transaction::from(writes)).unwrap();
        let database = Arc::new(Database::over(Arc::clone(&store) as Arc<dyn Store>, self.folder.path())?);
        let keys = Arc::clone(&self.keys) as Arc<dyn MasterKeys>;
        Ok((Hierarchy::open(database, keys, KekCaching::Strict)?, store))
    }

    /// The rows of a store that has lived: two epochs, a record, and metadata.
    fn lived(&self) -> (Rows, Vec<u8>) {
        let (hierarchy, store) = self.open(&Rows::new()).unwrap();
        hierarchy.rotate(&by("tester")).unwrap();
        let (sealed, metadata) = with_keks(&hierarchy, |ring| {
            let sealed = ring.seal(&WHO, &b"the value".as_slice().into());
            let metadata = ring.protect(WHO.id, b"metadata");
            Ok((sealed.map_err(OpenError::Need)?, metadata.map_err(OpenError::Need)?))
        })
        .unwrap();
        drop(hierarchy);
        let mut rows = rows_of(&store);
        rows.insert(object(WHO.id), metadata);
        (rows, sealed)
    }
}

fn rows_of(store: &MemoryStore) -> Rows {
    let mut rows = Rows::new();
    let snapshot = store.snapshot().unwrap();
    let mut visit = |key: &[u8], value: &[u8]| {
        rows.insert(key.to_vec(), value.to_vec());
        ControlFlow::Continue(())
    };
    snapshot.scan(b"", Order::Forward, &mut visit).unwrap();
    rows
}

fn with_keks<T>(hierarchy: &Hierarchy, work: impl Fn(&KeyRing) -> Result<T, OpenError>) -> Result<T, Error> {
    let mut ring = hierarchy.ring();
    loop {
        match work(&ring) {
            Ok(done) => return Ok(done),
            Err(OpenError::Need(Need::Kek(id))) => ring.add(hierarchy.load(id)?),
            Err(other) => panic!("{other:?}"),
        }
    }
}

fn opens(hierarchy: &Hierarchy, sealed: &[u8]) {
    let value = with_keks(hierarchy, |ring| ring.open(&WHO, sealed)).unwrap();
    assert_eq!(value.expose(), b"the value");
}

fn is_of_hierarchy(key: &[u8]) -> bool {
    key.starts_with(b"v") || key == b"f"
}

/// The row as messages name it.
fn named(key: &[u8]) -> String {
    format!("row {}", String::from_utf8_lossy(&key[..key.len().min(2)]))
}

#[test]
fn a_row_that_is_missing_is_named_and_nothing_is_made_in_its_place() {
    let world = World::new();
    let (rows, sealed) = world.lived();
    opens(&world.open(&rows).unwrap().0, &sealed);
    let keys = world.keys.labels().unwrap();
    let mut tried = 0;
    for lost in rows.keys().filter(|key| is_of_hierarchy(key)) {
        let mut less = rows.clone();
        less.remove(lost);
        let told = world.open(&less).err().unwrap_or_else(|| panic!("{lost:?} is not missed")).to_string();
        assert!(told.contains(&named(lost)) && told.contains("put back a copy"), "{lost:?}: {told}");
        tried += 1;
    }
    assert!(tried >= 10, "only {tried} rows");
    // All of them: what clients have is still there.
    let mut less = rows.clone();
    less.retain(|key, _| !is_of_hierarchy(key));
    assert!(world.open(&less).is_err());
    less.insert(b"f".to_vec(), rows[b"f".as_slice()].clone());
    let told = world.open(&less).err().unwrap().to_string();
    assert!(told.contains("identifier of the store"), "{told}");
    assert_eq!(world.keys.labels().unwrap(), keys, "a key was made");
}

#[test]
fn a_row_that_was_changed_is_named() {
    let world = World::new();
    let (rows, _) = world.lived();
    let older = world.open(&Rows::new()).unwrap();
    let older = rows_of(&older.1);
    for (key, value) in rows.iter().filter(|(key, _)| key.starts_with(b"v")) {
        for byte in 0..value.len() {
            let mut changed = rows.clone();
            changed.get_mut(key).unwrap()[byte] ^= 1;
            let told = world.open(&changed).err().unwrap_or_else(|| panic!("{key:?} {byte}")).to_string();
            // Of the list itself, whose entries name other rows, it is told that something does not fit.
            let fits = told.contains(&named(key)) || key == b"vl";
            assert!(fits && told.contains("put back a copy"), "{key:?} {byte}: {told}");
        }
        // The row of another store.
        if let Some(other) = older.get(key).filter(|other| *other != value) {
            let mut changed = rows.clone();
            changed.insert(key.clone(), other.clone());
            assert!(world.open(&changed).is_err(), "{key:?} of another store");
        }
    }
    // The epoch before, which has a key and a key check value, and rows that nobody wrote.
    for (key, value) in [
        (b"ve".to_vec(), vec![0, 0, 0, 1]),
        (b"vr".to_vec(), vec![2; 40]),
        (b"vk\0\0\0\x09".to_vec(), vec![1; 65]),
    ] {
        let mut changed = rows.clone();
        changed.insert(key.clone(), value);
        let told = world.open(&changed).err().unwrap().to_string();
        assert!(told.contains(&named(&key)), "{told}");
    }
}

/// The byte was flipped behind the HSM's own check. What such a key seals would be lost with the next restart.
#[test]
fn a_key_that_the_hsm_opens_wrongly_seals_nothing() {
    let world = World::new();
    let (rows, sealed) = world.lived();
    let (hierarchy, store) = world.open(&rows).unwrap();
    world.flip(true);
    let told = hierarchy.load(1).err().unwrap().to_string();
    assert!(told.contains("check value"), "{told}");
    assert!(hierarchy.rotate(&by("tester")).is_err());
    assert!(world.open(&rows).is_err(), "a start");
    assert!(world.open(&Rows::new()).is_err(), "a first start");
    world.flip(false);
    opens(&hierarchy, &sealed);
    drop(hierarchy);
    let (hierarchy, _) = world.open(&rows_of(&store)).unwrap();
    opens(&hierarchy, &sealed);
    assert_eq!(hierarchy.status().unwrap().keks[0].epoch, hierarchy.status().unwrap().epoch);
}

/// A store as the version before made it: keys called after their epoch, no check values, no list.
fn of_format_1(world: &World, epoch: u32) -> (Rows, Vec<u8>) {
    let store = [9; 16];
    let mut rows = Rows::from([(b"f".to_vec(), vec![0, 0, 0, 1]), (b"vi".to_vec(), store.to_vec())]);
    for number in 1..=epoch {
        let key_check_value = world.keys.create(&MasterKeyRef::legacy(Epoch(number))).unwrap();
        rows.insert([b"vc".as_slice(), &number.to_be_bytes()].concat(), key_check_value);
    }
    let identity = KekIdentity { store, tenant: 0, id: 1 };
    let (kek_row, kek) =
        Kek::generate(&*world.keys, Epoch(epoch), identity, &mut SystemEntropy::default()).unwrap();
    let ring = KeyRing::new(1, BTreeMap::from([(1, Arc::new(kek))]));
    let sealed = ring.seal(&WHO, &b"the value".as_slice().into()).unwrap();
    rows.insert(object(WHO.id), ring.protect(WHO.id, b"metadata").unwrap());
    rows.insert(b"ve".to_vec(), epoch.to_be_bytes().to_vec());
    rows.insert(b"vk\0\0\0\x01".to_vec(), kek_row);
    (rows, sealed)
}

fn plan_of_format_1(from: u32, to: u32) -> Vec<u8> {
    [from.to_be_bytes(), to.to_be_bytes()].concat()
}

#[test]
fn a_store_of_an_older_version_gets_what_it_lacks() {
    for (plan, epoch_after) in [
        (None, 2),
        (Some(plan_of_format_1(2, 3)), 3),
        (Some(plan_of_format_1(1, 2)), 2),
        (Some(plan_of_format_1(2, 9)), 9),
    ] {
        let world = World::new();
        let (mut rows, sealed) = of_format_1(&world, 2);
        rows.extend(plan.map(|plan| (b"vr".to_vec(), plan)));
        let (hierarchy, store) = world.open(&rows).unwrap();
        opens(&hierarchy, &sealed);
        let status = hierarchy.status().unwrap();
        assert_eq!((status.epoch, status.rotating_to), (epoch_after, None));
        drop(hierarchy);
        let after = rows_of(&store);
        assert_eq!(after[b"f".as_slice()], [0, 0, 0, 5], "an older version must refuse it");
        let (hierarchy, _) = world.open(&after).unwrap();
        assert_eq!(hierarchy.rotate(&by("tester")).unwrap().to, epoch_after + 1);
        opens(&hierarchy, &sealed);
    }
}

#[test]
fn an_older_store_without_a_row_or_with_a_wrong_key_is_left_as_it_is() {
    let world = World::new();
    let (rows, sealed) = of_format_1(&world, 2);
    for lost in [b"vi".as_slice(), b"ve", b"vc\0\0\0\x02", b"vk\0\0\0\x01", b"f"] {
        let mut less = rows.clone();
        less.remove(lost);
        let told = world.open(&less).err().unwrap_or_else(|| panic!("{lost:?}")).to_string();
        assert!(told.contains(&named(lost)), "{lost:?}: {told}");
    }
    let mut odd = rows.clone();
    odd.insert(b"vr".to_vec(), plan_of_format_1(1, 7));
    assert!(world.open(&odd).err().unwrap().to_string().contains("row vr"));
    // A key that the HSM opens wrongly is not given a check value: the metadata of an object tells.
    world.keys.learn(&MasterKeyRef::legacy(Epoch(2)), &rows[b"vc\0\0\0\x02".as_slice()]);
    world.flip(true);
    let told = world.open(&rows).err().unwrap().to_string();
    assert!(told.contains("wrongly"), "{told}");
    world.flip(false);
    opens(&world.open(&rows).unwrap().0, &sealed);
    // Without objects there is nothing to lose.
    let mut empty = rows.clone();
    empty.retain(|key, _| is_of_hierarchy(key));
    world.open(&empty).unwrap();
}

/// A master key that is not the current one any more, and still seals the key-encryption key because a rotation could not be
/// done: what needs it says which key is missing, and all works again when it is back.
#[test]
fn a_retired_master_key_that_still_seals_is_named_where_it_is_lost() {
    let world = World::new();
    let (hierarchy, _) = world.open(&Rows::new()).unwrap();
    let sealed = with_keks(&hierarchy, |ring| {
        ring.seal(&WHO, &b"the value".as_slice().into()).map_err(OpenError::Need)
    })
    .unwrap();
    world.keys.refuse_to_seal.store(true, Ordering::Relaxed);
    hierarchy.rotate(&by("tester")).unwrap_err();
    world.keys.refuse_to_seal.store(false, Ordering::Relaxed);
    world.keys.lost.store(1, Ordering::Relaxed);
    let labels = world.keys.labels().unwrap();
    let retired = labels.iter().find(|label| label.contains("-1-")).unwrap();
    hierarchy.prove().unwrap();
    for told in [
        hierarchy.ring_opened_anew().err().unwrap().to_string(),
        hierarchy.load(1).err().unwrap().to_string(),
        hierarchy.rotate(&by("tester")).unwrap_err().to_string(),
    ] {
        assert!(told.contains("master key of epoch 1") && told.contains(retired), "{told}");
    }
    let status = hierarchy.status().unwrap();
    assert_eq!((status.epoch, status.in_token, status.keks[0].epoch), (2, vec![2], 1));
    world.keys.lost.store(0, Ordering::Relaxed);
    hierarchy.ring_opened_anew().unwrap();
    opens(&hierarchy, &sealed);
    assert_eq!(hierarchy.rotate(&by("tester")).unwrap().rewrapped, 1);
    // Nothing is under it now.
    world.keys.lost.store(1, Ordering::Relaxed);
    opens(&hierarchy, &sealed);
}
