//! Real engines on a real file system that is full, or whose files are moved away.

use super::faults::{commit_when_healed, operations, record};
use super::{entry, open};
use crate::support::tmpfs::Tmpfs;
use keystead::store::*;
use std::path::Path;
use std::time::{Duration, Instant};

pub fn commit(database: &Database, key: &str, bytes: usize) -> Result<Outcome, Error> {
    let transaction = vec![(key.as_bytes().to_vec(), Some(vec![1; bytes]))].into();
    database.commit_blocking(Submission { transaction, entries: vec![entry(key)].into() })
}

/// Whether reads go on: the store is read, and their entries are taken.
fn read(database: &Database, key: &str) {
    assert!(database.snapshot().unwrap().get(key.as_bytes()).unwrap().is_some(), "{key}");
    for _ in 0..200 {
        record(database, "read").unwrap();
    }
}

/// Within five seconds, without a write of ours.
pub fn noticed(database: &Database) -> Error {
    let began = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    loop {
        if let Err(error) = runtime.block_on(database.prove_writes()) {
            return error;
        }
        assert!(began.elapsed() < Duration::from_secs(5), "not noticed");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn reopened(engine: Engine, folder: &Path, database: Database, keys: &[&str], reads: usize) {
    drop(database);
    let database = open(engine, folder);
    for key in keys {
        assert!(database.snapshot().unwrap().get(key.as_bytes()).unwrap().is_some(), "{engine}: {key}");
    }
    let all = operations(&database);
    assert_eq!(all.iter().filter(|one| *one == "read").count(), reads, "{engine}");
    for key in keys {
        assert_eq!(all.iter().filter(|one| one == key).count(), 1, "{engine}: {key}");
    }
}

// sled writes from a thread of its own, which may find the disk full before anybody has looked: what holds then is below.

#[test]
fn a_disk_filled_by_others_refuses_writes_until_there_is_room_and_reads_go_on() {
    let engine = Engine::Redb;
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = Tmpfs::mount(folder.path(), 32) else { return };
    let store = folder.path().join("store");
    let database = open(engine, &store);
    commit(&database, "before", 10).unwrap();
    for round in 0..3 {
        let filler = disk.fill();
        assert_eq!(commit(&database, "refused", 10), Err(Error::Full), "{engine} {round}");
        assert_eq!(noticed(&database), Error::Full);
        read(&database, "before");
        std::fs::remove_file(filler).unwrap();
        commit_when_healed(&database, &format!("after {round}"));
        read(&database, "before");
    }
    reopened(engine, &store, database, &["before", "after 0", "after 1", "after 2"], 1200);
}

#[test]
fn a_disk_filled_by_the_store_refuses_writes_until_there_is_room_and_reads_go_on() {
    let engine = Engine::Redb;
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = Tmpfs::mount(folder.path(), 24) else { return };
    let store = folder.path().join("store");
    let database = open(engine, &store);
    commit(&database, "0", 10).unwrap();
    let mut written = 0;
    let refused = loop {
        match commit(&database, &format!("{}", written + 1), 100_000) {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(refused, Error::Full, "{engine}");
    read(&database, "0");
    read(&database, &written.to_string());
    disk.resize(64);
    commit_when_healed(&database, "after");
    reopened(engine, &store, database, &["0", "1", &written.to_string(), "after"], 400);
}

#[test]
fn a_server_starts_on_a_full_disk_and_reads() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = Tmpfs::mount(folder.path(), 32) else { return };
    let store = folder.path().join("store");
    let database = open(Engine::Redb, &store);
    commit(&database, "before", 10).unwrap();
    let filler = disk.fill();
    read(&database, "before");
    drop(database);
    let database = open(Engine::Redb, &store);
    read(&database, "before");
    std::fs::remove_file(filler).unwrap();
    commit_when_healed(&database, "after");
    reopened(Engine::Redb, &store, database, &["before", "after"], 400);
}

#[test]
fn a_file_that_is_moved_away_takes_no_writes_until_it_is_back() {
    for engine in [Engine::Redb, Engine::Sled] {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        let database = open(engine, &store);
        commit(&database, "before", 10).unwrap();
        let file = store.join(if engine == Engine::Redb { "store.redb" } else { "sled/db" });
        let away = folder.path().join("away");
        std::fs::rename(&file, &away).unwrap();
        let refused = noticed(&database);
        assert!(matches!(&refused, Error::Moved { path, .. } if *path == file), "{refused}");
        assert_eq!(commit(&database, "refused", 10), Err(refused), "{engine}");
        read(&database, "before");
        std::fs::write(&file, b"another file").unwrap();
        let refused = noticed(&database);
        assert!(matches!(&refused, Error::Moved { .. }), "{refused}");
        read(&database, "before");
        std::fs::rename(&away, &file).unwrap();
        commit_when_healed(&database, "after");
        // The folder with all that is in it.
        let away = folder.path().join("store.old");
        std::fs::rename(&store, &away).unwrap();
        let refused = noticed(&database);
        assert!(matches!(&refused, Error::Moved { path, .. } if *path == store), "{refused}");
        assert!(commit(&database, "refused", 10).is_err());
        assert!(database.snapshot().unwrap().get(b"before").unwrap().is_some());
        std::fs::rename(&away, &store).unwrap();
        commit_when_healed(&database, "back");
        reopened(engine, &store, database, &["before", "after", "back"], 400);
    }
}

/// A copy that holds all that was acknowledged is as good as the file; an older one is not.
#[test]
fn a_deleted_file_is_put_back_from_what_the_server_has_open() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(Engine::Redb, folder.path());
    let file = folder.path().join("store.redb");
    commit(&database, "old", 10).unwrap();
    let old = std::fs::read(&file).unwrap();
    commit(&database, "acknowledged", 10).unwrap();
    std::fs::remove_file(&file).unwrap();
    let refused = noticed(&database).to_string();
    read(&database, "acknowledged");
    let from = refused.split_whitespace().find(|word| word.starts_with("/proc/")).unwrap();
    let all = std::fs::read(from).unwrap();
    std::fs::write(&file, old).unwrap();
    std::thread::sleep(Duration::from_millis(2500));
    assert!(commit(&database, "refused", 10).is_err(), "an old copy takes no writes");
    read(&database, "acknowledged");
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, all).unwrap();
    commit_when_healed(&database, "after");
    reopened(Engine::Redb, folder.path(), database, &["old", "acknowledged", "after"], 400);
}

#[test]
fn reads_are_refused_where_their_entries_cannot_be_kept_and_go_on_when_they_can() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let database = open(Engine::Redb, &store);
    commit(&database, "before", 10).unwrap();
    let away = folder.path().join("store.old");
    std::fs::rename(&store, &away).unwrap();
    let began = Instant::now();
    while record(&database, "lost").is_ok() {
        assert!(began.elapsed() < Duration::from_secs(5), "entries go on into a folder that is gone");
        std::thread::sleep(Duration::from_millis(20));
    }
    std::fs::rename(&away, &store).unwrap();
    let began = Instant::now();
    while record(&database, "read").is_err() {
        assert!(began.elapsed() < Duration::from_secs(5), "still refused");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A store on one disk whose room is looked for on another: it runs full in the middle of a commit, unforeseen.
fn unforeseen(engine: Engine, folder: &Path, roomy: &Path) -> Database {
    let place = folder.to_owned();
    let open = move |access| {
        let store: std::sync::Arc<dyn Store> = match (engine, access) {
            (Engine::Redb, Access::Write) => std::sync::Arc::new(RedbStore::open(&place)?),
            (Engine::Redb, Access::Read) => std::sync::Arc::new(RedbStore::open_for_reads(&place)?),
            _ => std::sync::Arc::new(SledStore::open(&place)?),
        };
        Ok(store)
    };
    Database::over_opener(Box::new(open), roomy).unwrap()
}

fn fill_by_commits(database: &Database) {
    let refused = (0..500).find_map(|n| commit(database, &format!("refused {n}"), 100_000).err());
    assert_eq!(refused, Some(Error::Full));
}

#[test]
fn redb_that_runs_out_of_room_is_opened_anew_and_has_lost_nothing() {
    let (folder, roomy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let Some(disk) = Tmpfs::mount(folder.path(), 24) else { return };
    let database = unforeseen(Engine::Redb, folder.path(), roomy.path());
    let mut keys = Vec::new();
    for round in 0..3 {
        keys.push(format!("before {round}"));
        commit_when_healed(&database, keys.last().unwrap());
        let filler = disk.fill();
        fill_by_commits(&database);
        read(&database, keys.last().unwrap());
        std::fs::remove_file(filler).unwrap();
        keys.push(format!("after {round}"));
        commit_when_healed(&database, keys.last().unwrap());
        disk.resize(24 * (round + 2));
    }
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    drop(database);
    let database = open(Engine::Redb, folder.path());
    for key in keys {
        assert!(database.snapshot().unwrap().get(key.as_bytes()).unwrap().is_some(), "{key}");
    }
    operations(&database);
}

/// What sled can: it is read, has lost nothing, and says that it has to be started again.
#[test]
fn sled_that_runs_out_of_room_unforeseen_is_read_until_a_restart() {
    let (folder, roomy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let Some(disk) = Tmpfs::mount(folder.path(), 24) else { return };
    let database = unforeseen(Engine::Sled, folder.path(), roomy.path());
    commit_when_healed(&database, "before");
    let filler = disk.fill();
    fill_by_commits(&database);
    read(&database, "before");
    std::fs::remove_file(filler).unwrap();
    std::thread::sleep(Duration::from_millis(2500));
    let refused = commit(&database, "after", 10).unwrap_err().to_string();
    assert!(refused.contains("restart"), "{refused}");
    read(&database, "before");
    drop(database);
    // Its lock is held until the process ends.
    let copy = tempfile::tempdir().unwrap();
    let copied =
        std::process::Command::new("cp").arg("-a").arg(folder.path().join("sled")).arg(copy.path()).status();
    assert!(copied.unwrap().success());
    let database = open(Engine::Sled, copy.path());
    assert!(database.snapshot().unwrap().get(b"before").unwrap().is_some());
    operations(&database);
}
