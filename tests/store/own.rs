//! What stands in the place of Keystead's own files in the folder of a store: each of them, exchanged for each other kind of thing;
//! the lock while the store is open; segments of the journal with any number.

use super::disk::{commit, noticed};
use super::faults::{commit_when_healed, operations, record};
use super::foreign::tree;
use super::{open, when_free};
use crate::support::skip;
use crate::support::tmpfs::Tmpfs;
use keystead::store::*;
use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

const ENGINES: [Engine; 2] = [Engine::Redb, Engine::Sled];

/// What is put in the place of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Thing {
    /// A symbolic link to a file of somebody else.
    Link,
    /// One that leads nowhere.
    DeadLink,
    Folder,
    Pipe,
    Device,
}

const THINGS: [Thing; 5] = [Thing::Link, Thing::DeadLink, Thing::Folder, Thing::Pipe, Thing::Device];

/// The files that Keystead makes or reads there.
const OWN: [&str; 8] = [
    "lock",
    "begin-anew",
    "accept-store",
    "reads-9",
    "reserve",
    "reserve/0",
    "reserve/spare-0",
    "store.redb.new",
];

/// Puts it there; false where this is not allowed here.
fn put(thing: Thing, place: &Path, foreign: &Path) -> bool {
    let _ = fs::remove_file(place).or_else(|_| fs::remove_dir_all(place));
    let node = |kind, device| {
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, place, kind, mode, device).is_ok()
    };
    match thing {
        Thing::Link => symlink(foreign, place).is_ok(),
        Thing::DeadLink => symlink(foreign.with_extension("none"), place).is_ok(),
        Thing::Folder => fs::create_dir(place).is_ok(),
        Thing::Pipe => node(rustix::fs::FileType::Fifo, 0),
        Thing::Device => node(rustix::fs::FileType::CharacterDevice, rustix::fs::makedev(1, 3)),
    }
}

#[test]
fn what_is_no_file_in_the_place_of_one_is_named_and_never_written_through() {
    for engine in ENGINES {
        let folder = tempfile::tempdir().unwrap();
        let (store, foreign) = (folder.path().join("store"), folder.path().join("foreign"));
        fs::write(&foreign, "of somebody else").unwrap();
        commit(&open(engine, &store), "kept", 10).unwrap();
        for (own, thing) in OWN.into_iter().flat_map(|own| THINGS.map(|thing| (own, thing))) {
            let (place, what) = (store.join(own), format!("{engine} {own} {thing:?}"));
            let aside = folder.path().join("aside");
            let had = fs::rename(&place, &aside).is_ok();
            if !put(thing, &place, &foreign) {
                return skip("no device can be made");
            }
            let before = tree(folder.path());
            let is_right = own == "reserve" && thing == Thing::Folder;
            for (how, opened) in [
                ("read", when_free(|| Database::open_for_reads(engine, &store).map(drop))),
                ("opened", when_free(|| Database::open(engine, &store).map(drop))),
            ] {
                if is_right {
                    assert_eq!(opened, Ok(()), "{what} {how}");
                    continue;
                }
                let refused = opened.expect_err(&what);
                assert!(
                    matches!(&refused, Error::WrongKind { path, .. } if *path == place),
                    "{what} {how}: {refused}"
                );
                assert!(before == tree(folder.path()), "{what} {how}: something was changed");
            }
            fs::remove_file(&place).or_else(|_| fs::remove_dir_all(&place)).unwrap();
            if had {
                fs::rename(&aside, &place).unwrap();
            }
        }
        let database = open(engine, &store);
        assert!(database.snapshot().unwrap().get(b"kept").unwrap().is_some());
        assert_eq!(fs::read(&foreign).unwrap(), b"of somebody else");
    }
}

/// A link to the data of an engine may be what the operator wants; anything else is damage.
#[test]
fn what_is_no_file_in_the_place_of_the_data_is_named_as_damage() {
    for (engine, data) in [(Engine::Redb, "store.redb"), (Engine::Sled, "sled/db"), (Engine::Sled, "sled")] {
        let folder = tempfile::tempdir().unwrap();
        let (store, away) = (folder.path().join("store"), folder.path().join("away"));
        drop(open(engine, &store));
        fs::rename(store.join(data), &away).unwrap();
        for thing in [Thing::Folder, Thing::Pipe, Thing::Device] {
            if data == "sled" && thing == Thing::Folder || !put(thing, &store.join(data), &away) {
                continue;
            }
            let before = tree(folder.path());
            for opened in
                [Database::open_for_reads(engine, &store).map(drop), Database::open(engine, &store).map(drop)]
            {
                let refused = opened.expect_err(data);
                let is_named = matches!(&refused, Error::Damaged { path, untouched: true, .. } if *path == store.join(data));
                assert!(is_named, "{data} {thing:?}: {refused}");
                assert!(before == tree(folder.path()), "{data} {thing:?}: something was changed");
            }
        }
        assert!(put(Thing::Link, &store.join(data), &away));
        drop(open(engine, &store));
    }
}

fn is_in_use<T>(opened: Result<T, Error>) -> bool {
    matches!(opened, Err(Error::InUse { .. }))
}

/// Another process is kept out by the lock, and where that was taken away by the engine, until it is taken anew.
#[test]
fn a_lock_that_was_taken_away_is_taken_anew() {
    for engine in ENGINES {
        let folder = tempfile::tempdir().unwrap();
        let database = open(engine, folder.path());
        let lock = folder.path().join("lock");
        for how in ["deleted", "a copy", "another file"] {
            let copy = folder.path().join("lock.copy");
            fs::copy(&lock, &copy).unwrap();
            fs::remove_file(&lock).unwrap();
            match how {
                "deleted" => fs::remove_file(&copy).unwrap(),
                "a copy" => fs::rename(&copy, &lock).unwrap(),
                _ => fs::write(&lock, "").unwrap(),
            }
            let what = format!("{engine}: {how}");
            assert!(is_in_use(Database::open_for_reads(engine, folder.path())), "{what}: read");
            assert!(is_in_use(Database::open(engine, folder.path())), "{what}: opened");
            commit_when_healed(&database, how);
            assert!(fs::read_to_string(&lock).unwrap().contains(&std::process::id().to_string()), "{what}");
            let free = File::open(&lock).unwrap();
            let locked = rustix::fs::flock(&free, rustix::fs::FlockOperation::NonBlockingLockExclusive);
            assert!(locked.is_err(), "{what}: it is not locked");
            drop(free);
            assert!(is_in_use(Database::open(engine, folder.path())), "{what}: opened again");
            record(&database, "read").unwrap();
        }
        drop(database);
        operations(&open(engine, folder.path()));
    }
}

#[test]
fn without_its_lock_a_store_takes_no_writes_until_it_can_be_taken() {
    for engine in ENGINES {
        let folder = tempfile::tempdir().unwrap();
        let (store, foreign) = (folder.path().join("store"), folder.path().join("foreign"));
        fs::write(&foreign, "of somebody else").unwrap();
        let database = open(engine, &store);
        commit(&database, "kept", 10).unwrap();
        let lock = store.join("lock");
        for thing in THINGS {
            assert!(put(thing, &lock, &foreign));
            let refused = noticed(&database);
            assert!(
                matches!(&refused, Error::LockLost { path, .. } if *path == lock),
                "{thing:?}: {refused}"
            );
            let told = refused.told();
            assert!(told.contains("lock") && !told.contains("not in its place"), "{told}");
            assert_eq!(commit(&database, "refused", 10), Err(refused), "{engine}");
            record(&database, "read").unwrap();
            fs::remove_file(&lock).or_else(|_| fs::remove_dir(&lock)).unwrap();
            commit_when_healed(&database, &format!("{thing:?}"));
        }
        // Somebody else holds what is in its place: two would have the store open.
        fs::remove_file(&lock).unwrap();
        let other = File::create(&lock).unwrap();
        rustix::fs::flock(&other, rustix::fs::FlockOperation::LockExclusive).unwrap();
        let refused = noticed(&database).to_string();
        assert!(refused.contains("in use by another process"), "{refused}");
        drop(other);
        commit_when_healed(&database, "released");
        assert_eq!(fs::read(&foreign).unwrap(), b"of somebody else");
    }
}

/// A segment that a process has left which was killed, with one entry.
fn segment(operation: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let database = open(Engine::Redb, folder.path());
    record(&database, operation).unwrap();
    let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let mut segments = names.filter(|path| path.to_str().unwrap().contains("reads-"));
    fs::read(segments.next().unwrap()).unwrap()
}

#[test]
fn segments_of_any_number_are_taken_in_and_the_numbers_go_on() {
    let left = segment("left");
    let numbers = [1, 7, 1 << 20, 1 << 40, (1 << 62) - 1, 1 << 62, u64::MAX / 2, u64::MAX - 1, u64::MAX];
    for numbers in [&numbers[..], &numbers[6..], &[u64::MAX]] {
        let folder = tempfile::tempdir().unwrap();
        drop(open(Engine::Redb, folder.path()));
        for number in numbers {
            fs::write(folder.path().join(format!("reads-{number}")), &left).unwrap();
        }
        let foreign = ["reads-+5", "reads-007", "reads-18446744073709551616", "reads-", "reads-x"];
        foreign.iter().for_each(|name| fs::write(folder.path().join(name), "foreign").unwrap());
        for round in 1..4 {
            let database = open(Engine::Redb, folder.path());
            record(&database, "read").unwrap();
            drop(database);
            let database = open(Engine::Redb, folder.path());
            let all = operations(&database);
            let count = |wanted: &str| all.iter().filter(|one| *one == wanted).count();
            assert_eq!((count("left"), count("read")), (numbers.len(), round), "{numbers:?}");
        }
        for name in foreign {
            assert_eq!(fs::read(folder.path().join(name)).unwrap(), b"foreign", "{name}");
        }
    }
}

/// What an earlier version has noted of such a segment.
#[test]
fn a_store_that_has_noted_the_last_of_all_numbers_heals() {
    let left = segment("left");
    for noted in [u64::MAX, u64::MAX - 1, 1 << 63, 1 << 62] {
        let folder = tempfile::tempdir().unwrap();
        drop(open(Engine::Redb, folder.path()));
        let store = RedbStore::open(folder.path()).unwrap();
        store.commit(&vec![(DRAINED_KEY.to_vec(), Some(noted.to_be_bytes().to_vec()))].into()).unwrap();
        drop(store);
        fs::write(folder.path().join("reads-3"), &left).unwrap();
        for _ in 0..2 {
            let database = open(Engine::Redb, folder.path());
            record(&database, "read").unwrap();
        }
        let all = operations(&open(Engine::Redb, folder.path()));
        assert_eq!(all, ["left", "read", "read"], "{noted}");
    }
}

/// Somebody makes files of the names that come next, while the store is open.
#[test]
fn a_file_in_the_place_of_the_next_segment_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(Engine::Redb, folder.path());
    for number in 1..20 {
        fs::write(folder.path().join(format!("reads-{number}")), "foreign").unwrap();
    }
    record(&database, "read").unwrap();
    for number in 1..20 {
        assert_eq!(fs::read(folder.path().join(format!("reads-{number}"))).unwrap(), b"foreign");
    }
}

#[test]
fn a_first_start_without_room_leaves_nothing() {
    for (engine, megabytes) in ENGINES.into_iter().flat_map(|engine| [1, 2, 3].map(|size| (engine, size))) {
        let folder = tempfile::tempdir().unwrap();
        let Some(_disk) = Tmpfs::mount(folder.path(), megabytes) else { return };
        let refused = Database::open(engine, &folder.path().join("a/store")).map(drop);
        assert_eq!(refused, Err(Error::Full), "{engine} {megabytes}");
        assert!(tree(folder.path()).is_empty(), "{engine} {megabytes}: {:?}", tree(folder.path()).keys());
        assert!(!refused.unwrap_err().to_string().contains("go on"));
    }
}

/// What goes on is told of a server that has the store open alone.
#[test]
fn only_of_an_open_store_it_is_told_what_goes_on() {
    let path = Path::new("/nowhere").to_owned();
    for error in
        [Error::Full, Error::TooLarge, Error::NoDescriptor, Error::DiskFails, Error::ReadOnly { path }]
    {
        assert!(!error.to_string().contains("go on") && !error.to_string().contains("goes on"), "{error}");
        assert!(error.in_service().contains("by itself") || error.in_service().contains("by themselves"));
        assert!(error.for_operator().contains("go"));
    }
}

#[test]
fn files_are_for_the_user_of_the_server_alone_and_those_of_others_stay() {
    let folder = tempfile::tempdir().unwrap();
    let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o7777;
    let set = |name: &str, mode| {
        fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    drop(open(Engine::Redb, folder.path()));
    fs::create_dir_all(folder.path().join("www")).unwrap();
    fs::write(folder.path().join("www/page"), "page").unwrap();
    fs::write(folder.path().join("lock"), "keystead, process 1\n").unwrap();
    for (name, wide) in
        [("", 0o755), ("www", 0o755), ("www/page", 0o644), ("store.redb", 0o644), ("lock", 0o666)]
    {
        set(name, wide);
    }
    drop(open(Engine::Redb, folder.path()));
    assert_eq!(mode("store.redb"), 0o644, "this start was not accepted");
    open(Engine::Redb, folder.path()).has_lived(&[7; 16]).unwrap();
    let modes = ["", "www", "www/page", "store.redb", "lock"].map(mode);
    assert_eq!(modes, [0o755, 0o755, 0o644, 0o600, 0o600]);
    fs::remove_dir_all(folder.path().join("www")).unwrap();
    open(Engine::Redb, folder.path()).has_lived(&[7; 16]).unwrap();
    assert_eq!(mode(""), 0o700, "nothing else is in it");
}
