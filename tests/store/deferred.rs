//! Deferred rows: what is to be written with a read, and may be so after its answer. It is found at once, comes to the store
//! with the entry of the read, and is lost only where that is.

use super::faults::{Disk, Fault, commit_when_healed, opener};
use super::{entry, is_segment};
use keystead::audit::Entries;
use keystead::keyspace::Kind;
use keystead::store::*;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many rows are found before the store has them.
const ROWS_MAX: usize = 1 << 18;

fn key(kind: Kind, object: &str) -> Vec<u8> {
    [kind.prefix(), &[0; 4], object.as_bytes()].concat()
}

fn row(object: &str) -> Vec<u8> {
    key(Kind::Served, object)
}

/// A read of objects, each of which leaves a row.
fn read<'o>(database: &Database, objects: impl IntoIterator<Item = &'o str>) {
    let mut entries = Entries::from(vec![entry("read")]);
    objects.into_iter().for_each(|object| entries.defer((&row(object), b"once")));
    database.record_blocking(entries).unwrap();
}

fn put(database: &Database, objects: &[&str], is_there: bool) {
    let pair = |object: &&str| (key(Kind::Object, object), is_there.then(|| b"record".to_vec()));
    let transaction = objects.iter().map(pair).collect::<Vec<_>>().into();
    database.commit_blocking(Submission { transaction, entries: Entries::default() }).unwrap();
}

fn is_stored(database: &Database, object: &str) -> bool {
    database.snapshot().unwrap().get(&row(object)).unwrap().is_some()
}

fn is_deferred(database: &Database, object: &str) -> bool {
    database.deferred().has(&row(object), b"once")
}

fn soon(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn go_on(disk: &Disk) {
    *disk.may_go_on.0.lock().unwrap() = true;
    disk.may_go_on.1.notify_all();
}

#[test]
fn a_row_is_found_at_once_and_until_the_store_has_it() {
    let (folder, disk) = (tempfile::tempdir().unwrap(), Arc::new(Disk::default()));
    let database = Database::over_opener(opener(&disk), folder.path()).unwrap();
    put(&database, &["one", "two"], true);
    disk.faults.lock().unwrap().push_back(Fault::Hangs);
    let none = database.deferred();
    read(&database, ["one", "none"]);
    assert!(is_deferred(&database, "one") && !is_deferred(&database, "two"));
    assert!(!database.deferred().has(&row("one"), b"twice"), "a row is its key and its value");
    assert!(!none.has(&row("one"), b"once"), "who came before the read need not find it");
    soon("no segment is on its way", || disk.faults.lock().unwrap().is_empty());
    read(&database, ["two"]);
    // Whoever began to read while it was deferred finds it, however long that takes.
    let (seen, before) = (database.deferred(), database.snapshot().unwrap());
    assert!(!is_stored(&database, "one"));
    go_on(&disk);
    for object in ["one", "two"] {
        soon("it does not come to the store", || {
            assert!(is_deferred(&database, object), "{object} is not found");
            is_stored(&database, object)
        });
        assert!(seen.has(&row(object), b"once") && before.get(&row(object)).unwrap().is_none());
    }
    assert!(!is_stored(&database, "none"), "there is no such object");
}

/// As a kill leaves it: after the answer, while the segment is taken in, and after that.
#[test]
fn rows_survive_the_death_of_the_process() {
    let (folder, disk) = (tempfile::tempdir().unwrap(), Arc::new(Disk::default()));
    let database = Database::over_opener(opener(&disk), folder.path()).unwrap();
    put(&database, &["one", "two", "gone"], true);
    read(&database, ["one"]);
    disk.faults.lock().unwrap().push_back(Fault::Hangs);
    read(&database, ["two", "gone"]);
    let killed = || {
        let left = tempfile::tempdir().unwrap();
        let files = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
        for file in files.filter(|path| is_segment(path)) {
            std::fs::copy(&file, left.path().join(file.file_name().unwrap())).unwrap();
        }
        let store = MemoryStore::default();
        let stored = disk.store.snapshot().unwrap();
        let pairs = super::all(&*stored, b"", Order::Forward).into_iter();
        let pairs = pairs.filter(|(held, _)| *held != key(Kind::Object, "gone"));
        store.commit(&pairs.map(|(key, value)| (key, Some(value))).collect::<Vec<Pair>>().into()).unwrap();
        let opened = Database::over(Arc::new(store), left.path()).unwrap();
        assert!(is_stored(&opened, "one") && is_stored(&opened, "two"));
        assert!(!is_stored(&opened, "gone"), "its object was taken away");
    };
    killed();
    soon("no segment is on its way", || disk.faults.lock().unwrap().is_empty());
    killed();
    go_on(&disk);
    soon("it does not come to the store", || is_stored(&database, "two"));
}

/// The store takes no writes when the server starts: what an earlier run has left is found all the same.
#[test]
fn rows_that_a_start_cannot_write_are_found() {
    let (folder, disk) = (tempfile::tempdir().unwrap(), Arc::new(Disk::default()));
    let database = Database::over_opener(opener(&disk), folder.path()).unwrap();
    put(&database, &["one"], true);
    read(&database, ["one"]);
    disk.faults.lock().unwrap().push_back(Fault::Fails(Error::Full));
    drop(database);
    disk.faults.lock().unwrap().push_back(Fault::Fails(Error::Full));
    let database = Database::over_opener(opener(&disk), folder.path()).unwrap();
    assert!(is_deferred(&database, "one") && !is_stored(&database, "one"));
    commit_when_healed(&database, "after");
    soon("it does not come to the store", || is_stored(&database, "one"));
    assert!(is_deferred(&database, "one"), "it need not be looked for in the store");
}

/// However long the store takes no writes, what is kept in memory is bounded; all of it comes to the store.
#[test]
fn rows_without_end_take_bounded_memory() {
    let (folder, disk) = (tempfile::tempdir().unwrap(), Arc::new(Disk::default()));
    let database = Database::over_opener(opener(&disk), folder.path()).unwrap();
    let names: Vec<String> = (0..ROWS_MAX + 5000).map(|number| format!("{number:08}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    put(&database, &names, true);
    disk.faults.lock().unwrap().push_back(Fault::Hangs);
    for some in names.chunks(2000) {
        read(&database, some.iter().copied());
    }
    let seen = database.deferred();
    let found = names.iter().filter(|object| seen.has(&row(object), b"once")).count();
    assert_eq!(found, ROWS_MAX);
    go_on(&disk);
    let rows = || super::all(&*database.snapshot().unwrap(), Kind::Served.prefix(), Order::Forward).len();
    soon("they do not come to the store", || rows() == names.len());
    // There is room for others again.
    put(&database, &["later"], true);
    read(&database, ["later"]);
    assert!(is_deferred(&database, "later"));
}

/// Where reads wait for the sync, the commit of their entry has the row.
#[test]
fn a_durable_read_has_its_row_in_its_commit() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::over(Arc::new(MemoryStore::default()), folder.path()).unwrap();
    put(&database, &["one"], true);
    let mut entries = Entries::from(vec![entry("read")]);
    entries.defer((&row("one"), b"once"));
    // Who writes other rows in this way is not heard.
    entries.defer((&key(Kind::Object, "one"), b"another record"));
    database.commit_blocking(Submission { transaction: Transaction::default(), entries }).unwrap();
    assert!(is_stored(&database, "one"));
    let record = database.snapshot().unwrap().get(&key(Kind::Object, "one")).unwrap();
    assert_eq!(record.as_deref(), Some(&b"record"[..]));
}
