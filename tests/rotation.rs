//! A rotation of the master key that is interrupted at any step goes on at the next start, and everything can be opened
//! all the while.
#![allow(clippy::unwrap_used, reason = "a test: it stops where it stands")]

use keystead::engine::need::Need;
use keystead::engine::world::{OpenError, ValueIdentity, Vault as _};
use keystead::store::{
    Database, Error as StoreError, Limits, MemoryStore, Outcome, Snapshot, Store, Transaction,
};
use keystead::vault::{Hierarchy, Keep, KeyRing};
use keystead_hsm::{Epoch, Error, MasterKeys, Secret, Software};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Burns down with every step, and lets one step fail: the one at which it reaches zero.
struct Fuse {
    left: AtomicI64,
    /// Whether the step that fails has been done.
    after: bool,
}

impl Fuse {
    fn step<T, E>(&self, failure: impl Fn() -> E, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        match self.left.fetch_sub(1, Ordering::Relaxed) {
            // As with a process that was killed: nothing is done behind the step that failed.
            ..0 => Err(failure()),
            0 if self.after => work().and_then(|_| Err(failure())),
            0 => Err(failure()),
            _ => work(),
        }
    }
}

/// What stays when a server dies.
#[derive(Default)]
struct Disk(MemoryStore);

struct FusedStore(Arc<Disk>, Arc<Fuse>);

impl Store for FusedStore {
    fn limits(&self) -> Limits {
        self.0.0.limits()
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        self.0.0.snapshot()
    }

    fn commit(&self, transaction: &Transaction) -> Result<Outcome, StoreError> {
        self.1.step(|| StoreError::Stopped("the fuse".to_owned()), || self.0.0.commit(transaction))
    }

    fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

struct FusedKeys(Arc<Software>, Arc<Fuse>);

impl FusedKeys {
    fn step<T>(&self, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        self.1.step(|| Error::Software("the fuse".to_owned()), work)
    }
}

impl MasterKeys for FusedKeys {
    fn epochs(&self) -> Result<Vec<Epoch>, Error> {
        self.step(|| self.0.epochs())
    }
    fn create(&self, epoch: Epoch) -> Result<Vec<u8>, Error> {
        self.step(|| self.0.create(epoch))
    }
    fn learn(&self, epoch: Epoch, canary: &[u8]) {
        self.0.learn(epoch, canary);
    }
    fn prove(&self, epoch: Epoch) -> Result<(), Error> {
        self.step(|| self.0.prove(epoch))
    }
    fn seal(&self, epoch: Epoch, identity: &[u8], plain: &Secret) -> Result<Vec<u8>, Error> {
        self.step(|| self.0.seal(epoch, identity, plain))
    }
    fn open(&self, identity: &[u8], sealed: &[u8]) -> Result<Secret, Error> {
        self.step(|| self.0.open(identity, sealed))
    }
    fn destroy(&self, epoch: Epoch) -> Result<(), Error> {
        self.step(|| self.0.destroy(epoch))
    }
    fn random(&self, out: &mut [u8]) -> Result<(), Error> {
        self.step(|| self.0.random(out))
    }
    fn describe(&self) -> String {
        self.0.describe()
    }
}

/// A server's hierarchy over what stays.
fn start(folder: &Path, disk: &Arc<Disk>, keys: &Arc<Software>, fuse: &Arc<Fuse>) -> Hierarchy {
    let store = FusedStore(Arc::clone(disk), Arc::clone(fuse));
    let database = Arc::new(Database::over(Arc::new(store), folder).unwrap());
    let keys = FusedKeys(Arc::clone(keys), Arc::clone(fuse));
    Hierarchy::open(database, Arc::new(keys), Keep::Strict).unwrap()
}

fn endless() -> Arc<Fuse> {
    Arc::new(Fuse { left: AtomicI64::new(i64::MAX), after: false })
}

const WHO: ValueIdentity<'static> =
    ValueIdentity { id: "7", object_type: 2, generation: 1, algorithm: 3, length: 256 };

/// Runs what may need KEKs.
fn with_keks<T>(hierarchy: &Hierarchy, work: impl Fn(&KeyRing) -> Result<T, OpenError>) -> T {
    let mut ring = hierarchy.ring();
    loop {
        match work(&ring) {
            Ok(done) => return done,
            Err(OpenError::Need(Need::Kek(id))) => ring.add(hierarchy.load(id).unwrap()),
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// Interrupts a rotation at its n-th step; false where it has fewer steps.
fn interrupted_at(step: i64, after: bool) -> bool {
    let (folder, disk) = (tempfile::tempdir().unwrap(), Arc::new(Disk::default()));
    let keys = Arc::new(Software::in_memory());
    let hierarchy = start(folder.path(), &disk, &keys, &endless());
    let sealed = with_keks(&hierarchy, |ring| {
        ring.seal(&WHO, &b"the value".as_slice().into()).map_err(OpenError::Need)
    });
    let opens = |hierarchy: &Hierarchy| {
        let value = with_keks(hierarchy, |ring| ring.open(&WHO, &sealed));
        assert_eq!(value.expose(), b"the value", "step {step}, after: {after}");
    };
    drop(hierarchy);

    let fuse = Arc::new(Fuse { left: AtomicI64::new(i64::MAX), after });
    let hierarchy = start(folder.path(), &disk, &keys, &fuse);
    fuse.left.store(step, Ordering::Relaxed);
    let failed = hierarchy.rotate().is_err();
    drop(hierarchy);

    let hierarchy = start(folder.path(), &disk, &keys, &endless());
    opens(&hierarchy);
    let before = hierarchy.status().unwrap();
    assert_eq!(before.rotating_to, None, "step {step}, after: {after}");
    let report = hierarchy.rotate().unwrap();
    assert_eq!((report.from, report.left_behind), (before.epoch, 0), "step {step}, after: {after}");
    opens(&hierarchy);
    let status = hierarchy.status().unwrap();
    assert_eq!((status.epoch, status.keks.len()), (report.to, 1));
    assert!(status.keks.iter().all(|count| count.epoch == report.to));
    failed
}

#[test]
fn a_rotation_that_is_interrupted_at_any_step_goes_on_at_the_next_start() {
    let mut steps = 0;
    for after in [false, true] {
        steps += (0..).take_while(|step| interrupted_at(*step, after)).count();
    }
    assert!(steps >= 18, "only {steps} steps were interrupted");
}

/// An old copy of a store, or another store on the same token, plans the same epoch: the key that is there may be all
/// that opens somebody's data, and stays.
#[test]
fn a_rotation_never_destroys_a_key_that_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let keys = Arc::new(Software::in_memory());
    // A store that is interrupted between its plan and the key: steps 0 (what the token holds) and 1 (the plan).
    let (old, fuse) = (Arc::new(Disk::default()), endless());
    let hierarchy = start(folder.path(), &old, &keys, &fuse);
    fuse.left.store(2, Ordering::Relaxed);
    hierarchy.rotate().unwrap_err();
    assert_eq!(keys.epochs().unwrap(), [Epoch(1)]);
    // Somebody makes the key of that epoch and seals with it.
    keys.create(Epoch(2)).unwrap();
    let precious = keys.seal(Epoch(2), b"whose", &Secret::new(vec![7; 32])).unwrap();
    drop(hierarchy);

    let hierarchy = start(folder.path(), &old, &keys, &endless());
    let status = hierarchy.status().unwrap();
    assert_eq!((status.epoch, status.rotating_to), (3, None));
    assert_eq!(keys.open(b"whose", &precious).unwrap().expose(), [7; 32]);
}
