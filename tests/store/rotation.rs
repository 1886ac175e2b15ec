//! A rotation of the master key that is interrupted at any step goes on at the next start, and everything can be opened
//! all the while.

mod audited;
mod hierarchy;
mod meddled;

use keystead::audit::Entry;
use keystead::engine::need::Need;
use keystead::engine::world::{OpenError, ValueIdentity, Vault as _};
use keystead::store::{
    Database, Error as StoreError, Limits, MemoryStore, Outcome, Snapshot, Store, Transaction,
};
use keystead::vault::{Hierarchy, KekCaching, KeyRing};
use keystead_hsm::{Epoch, Error, MasterKeyRef, MasterKeys, Secret, Software};
use meddled::Meddled;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

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

    fn reads_stay_here(&self) -> bool {
        true
    }

    fn shares_snapshots(&self) -> bool {
        false
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, StoreError> {
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
    fn create(&self, key: &MasterKeyRef) -> Result<Vec<u8>, Error> {
        self.step(|| self.0.create(key))
    }
    fn learn(&self, key: &MasterKeyRef, key_check_value: &[u8]) {
        self.0.learn(key, key_check_value);
    }
    fn holds(&self, epoch: Epoch) -> Result<bool, Error> {
        self.step(|| self.0.holds(epoch))
    }
    fn labels(&self) -> Result<Vec<String>, Error> {
        self.step(|| self.0.labels())
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

fn database(folder: &Path, disk: &Arc<Disk>, fuse: &Arc<Fuse>) -> Arc<Database> {
    let store = FusedStore(Arc::clone(disk), Arc::clone(fuse));
    Arc::new(Database::over(Arc::new(store), folder).unwrap())
}

/// The audit entry of the start of a job.
fn by(principal: &str) -> Entry {
    let [principal, operation] = [principal, "MasterRotate"].map(str::to_owned);
    Entry { principal, operation, request: 7, peer: "192.0.2.1:5".to_owned(), ..Entry::default() }
}

/// A server's hierarchy over what stays.
fn start(folder: &Path, disk: &Arc<Disk>, keys: &Arc<Software>, fuse: &Arc<Fuse>) -> Hierarchy {
    let database = database(folder, disk, fuse);
    let keys = FusedKeys(Arc::clone(keys), Arc::clone(fuse));
    Hierarchy::open(database, Arc::new(keys), KekCaching::Strict).unwrap()
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
    let failed = hierarchy.rotate(&by("tester")).is_err();
    drop(hierarchy);

    let hierarchy = start(folder.path(), &disk, &keys, &endless());
    opens(&hierarchy);
    let before = hierarchy.status().unwrap();
    assert_eq!(before.rotating_to, None, "step {step}, after: {after}");
    let report = hierarchy.rotate(&by("tester")).unwrap();
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
    assert!(steps >= 24, "only {steps} steps were interrupted");
}

/// Whatever was interrupted, and how often: no key is made that is not used.
#[test]
fn an_interrupted_rotation_leaves_no_keys_behind() {
    let (folder, disk) = (tempfile::tempdir().unwrap(), Arc::new(Disk::default()));
    let keys = Arc::new(Software::in_memory());
    drop(start(folder.path(), &disk, &keys, &endless()));
    for step in 0..12 {
        for after in [false, true] {
            let fuse = Arc::new(Fuse { left: AtomicI64::new(i64::MAX), after });
            let hierarchy = start(folder.path(), &disk, &keys, &fuse);
            fuse.left.store(step, Ordering::Relaxed);
            let _ = hierarchy.rotate(&by("tester"));
        }
    }
    let status = start(folder.path(), &disk, &keys, &endless()).status().unwrap();
    assert_eq!(keys.labels().unwrap().len(), status.epoch as usize, "one key an epoch");
    assert_eq!(status.in_token, (1..=status.epoch).collect::<Vec<_>>());
}

/// A first start is interrupted as well.
#[test]
fn a_first_start_that_is_interrupted_at_any_step_goes_on() {
    let mut steps = 0;
    for after in [false, true] {
        for step in 0.. {
            let (folder, disk) = (tempfile::tempdir().unwrap(), Arc::new(Disk::default()));
            let (keys, fuse) =
                (Arc::new(Software::in_memory()), Arc::new(Fuse { left: AtomicI64::new(i64::MAX), after }));
            // The format is written when the store is opened.
            let database = database(folder.path(), &disk, &fuse);
            fuse.left.store(step, Ordering::Relaxed);
            let opened =
                Hierarchy::open(database, Arc::new(FusedKeys(Arc::clone(&keys), fuse)), KekCaching::Strict);
            let failed = opened.is_err();
            drop(opened);
            let hierarchy = start(folder.path(), &disk, &keys, &endless());
            assert_eq!(hierarchy.status().unwrap().epoch, 1);
            assert_eq!(keys.labels().unwrap().len(), 1, "step {step}, after: {after}");
            if !failed {
                break;
            }
            steps += 1;
        }
    }
    assert!(steps >= 10, "only {steps} steps were interrupted");
}

/// Keys of other stores stay what they are, whatever their epochs and however often each store rotates.
#[test]
fn stores_on_one_token_do_not_disturb_one_another() {
    let keys = Arc::new(Software::in_memory());
    let precious: Vec<_> = (0..3)
        .map(|_| {
            let (folder, disk) = (tempfile::tempdir().unwrap(), Arc::new(Disk::default()));
            let hierarchy = start(folder.path(), &disk, &keys, &endless());
            let sealed = with_keks(&hierarchy, |ring| {
                ring.seal(&WHO, &b"the value".as_slice().into()).map_err(OpenError::Need)
            });
            (folder, disk, sealed)
        })
        .collect();
    for turn in 0..3 {
        for (folder, disk, sealed) in &precious {
            // Each learns its own keys when it starts; one of them runs at a time here.
            let hierarchy = start(folder.path(), disk, &keys, &endless());
            assert_eq!(hierarchy.rotate(&by("tester")).unwrap().to, turn + 2);
            assert_eq!(with_keks(&hierarchy, |ring| ring.open(&WHO, sealed)).expose(), b"the value");
        }
    }
    assert_eq!(keys.labels().unwrap().len(), 3 * 4);
}

/// The second is told who runs the rotation, and how far it is; one key comes of all of them.
#[test]
fn one_rotation_runs_at_a_time() {
    let (folder, disk) = (tempfile::tempdir().unwrap(), Arc::new(Disk::default()));
    let keys = Arc::new(Software::in_memory());
    let create_takes = Duration::from_millis(300);
    let slow = Arc::new(Meddled { keys: Arc::clone(&keys), create_takes, ..Meddled::default() });
    let hierarchy =
        Hierarchy::open(database(folder.path(), &disk, &endless()), slow, KekCaching::Strict).unwrap();
    std::thread::scope(|scope| {
        let first = scope.spawn(|| hierarchy.rotate(&by("alice")));
        while hierarchy.status().unwrap().running.is_none_or(|job| !job.step.contains("ACTIVATE")) {
            std::thread::yield_now();
        }
        for second in [hierarchy.rotate(&by("bob")), hierarchy.rotate(&by("carol"))] {
            let told = second.unwrap_err().to_string();
            assert!(told.contains("alice began it") && told.contains("ACTIVATE"), "{told}");
        }
        assert_eq!(first.join().unwrap().unwrap().to, 2);
    });
    assert_eq!(hierarchy.status().unwrap().running, None);
    assert_eq!(hierarchy.rotate(&by("bob")).unwrap().to, 3, "free again");
    assert_eq!(keys.labels().unwrap().len(), 3);
}

/// A status never shows a rotation that nobody runs while one begins or ends, however long the token is asked for its keys.
#[test]
fn a_status_is_that_of_one_moment() {
    let (folder, disk) = (tempfile::tempdir().unwrap(), Arc::new(Disk::default()));
    let slow = Meddled { holds_takes: Duration::from_millis(2), ..Meddled::default() };
    let hierarchy =
        Hierarchy::open(database(folder.path(), &disk, &endless()), Arc::new(slow), KekCaching::Strict)
            .unwrap();
    std::thread::scope(|scope| {
        let rotating = scope.spawn(|| (0..10).for_each(|_| assert!(hierarchy.rotate(&by("alice")).is_ok())));
        while !rotating.is_finished() {
            let status = hierarchy.status().unwrap();
            assert!(status.rotating_to.is_none() || status.running.is_some(), "{status:?}");
        }
    });
}
