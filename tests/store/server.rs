//! A real server on a disk that is full, or whose store is moved away: what clients and `keystead ready` are told.

use crate::support::dev::{Dev, told};
use crate::support::tmpfs::Tmpfs;
use keystead::store::{Database, Engine};
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

/// Repeats until it is so; at most the five seconds within which everything is noticed.
pub fn within_5_seconds(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(5), "not within 5 s: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

pub fn create(dev: &Dev) -> Output {
    dev.keystead("client", &["key", "create"])
}

pub fn get(dev: &Dev, key: &str) -> Output {
    dev.keystead("client", &["key", "get", key])
}

/// The bytes of a key.
pub fn got(dev: &Dev, key: &str) -> Vec<u8> {
    let output = get(dev, key);
    assert!(output.status.success(), "{}", error(&output));
    output.stdout
}

pub fn is_ready(dev: &Dev) -> bool {
    dev.keystead("admin", &["ready"]).status.success()
}

pub fn error(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_full_disk_stops_writes_alone_and_only_while_it_is_full() {
    for killed in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let Some(disk) = Tmpfs::mount(&folder.path().join("store"), 32) else { return };
        let dev = Dev::start_quietly(folder.path());
        let key = told(create(&dev));
        let bytes = got(&dev, &key);
        // Nobody has got these before the disk is full.
        let unseen: Vec<String> = (0..3).map(|_| told(create(&dev))).collect();
        assert!(is_ready(&dev));
        let filler = disk.fill();
        let refused = create(&dev);
        assert!(!refused.status.success() && error(&refused).contains("disk is full"), "{}", error(&refused));
        within_5_seconds("not ready", || !is_ready(&dev));
        for _ in 0..30 {
            assert_eq!(got(&dev, &key), bytes);
        }
        unseen.iter().for_each(|key| assert_eq!(got(&dev, key).len(), 32));
        let dev = if killed {
            dev.kill();
            let dev = Dev::start_quietly(folder.path());
            assert_eq!(got(&dev, &key), bytes, "a server that starts on a full disk is read");
            dev
        } else {
            dev
        };
        std::fs::remove_file(filler).unwrap();
        within_5_seconds("writes go on", || create(&dev).status.success());
        within_5_seconds("ready", || is_ready(&dev));
        assert_eq!(got(&dev, &key), bytes);
        drop(dev);
        let dev = Dev::start_quietly(folder.path());
        assert_eq!(got(&dev, &key), bytes);
    }
}

/// What is tried is told part by part, and leaves no audit entry however often it is asked.
#[test]
fn ready_tells_each_part_and_leaves_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(folder.path());
    told(create(&dev));
    let ready = |dev: &Dev| {
        let output = dev.keystead("admin", &["ready", "--json"]);
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code().unwrap(), json)
    };
    for _ in 0..20 {
        let (code, json) = ready(&dev);
        let parts = ["keys", "writes", "audit"].map(|part| json[part]["ok"] == true);
        assert_eq!((code, &json["ready"], parts), (0, &true.into(), [true; 3]), "{json}");
        assert_eq!(json["damaged_records"], 0);
    }
    // Not at once: the server may put a file there while the folder is emptied.
    within_5_seconds("removed", || std::fs::remove_dir_all(folder.path().join("store")).is_ok());
    within_5_seconds("noticed", || ready(&dev).0 == 4);
    let (_, json) = ready(&dev);
    assert_eq!(
        (&json["ready"], &json["writes"]["ok"], &json["keys"]["ok"]),
        (&false.into(), &false.into(), &true.into())
    );
    assert!(json["writes"]["reason"].as_str().unwrap().contains("the folder of the store is gone"), "{json}");
    assert!(!create(&dev).status.success());
    drop(dev);
    let again = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(again.path());
    let before = audited(&dev, again.path());
    let dev = Dev::start_quietly(again.path());
    for _ in 0..10 {
        assert_eq!(ready(&dev).0, 0);
    }
    assert_eq!(audited(&dev, again.path()), before);
}

/// How many entries the audit has, once the server is killed.
fn audited(dev: &Dev, folder: &Path) -> usize {
    dev.terminate();
    let began = Instant::now();
    loop {
        match Database::open(Engine::Redb, &folder.join("store")) {
            Ok(database) => return super::faults::operations(&database).len(),
            Err(error) => assert!(began.elapsed() < Duration::from_secs(10), "{error}"),
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn moved(what: &str, from: &Path, to: &Path, dev: &Dev, key: &str) {
    std::fs::rename(from, to).unwrap();
    within_5_seconds(what, || !is_ready(dev));
    let refused = create(dev);
    assert!(error(&refused).contains("not in its place"), "{what}: {}", error(&refused));
    assert!(error(&refused).contains("operator has to put it back"), "{what}: {}", error(&refused));
    if what == "file" {
        assert!(get(dev, key).status.success(), "reads go on while their entries can be kept");
    }
    std::fs::rename(to, from).unwrap();
    within_5_seconds(what, || create(dev).status.success() && is_ready(dev));
    assert!(get(dev, key).status.success());
}

#[test]
fn a_store_that_is_moved_away_takes_no_writes_until_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(folder.path());
    let key = told(create(&dev));
    let bytes = got(&dev, &key);
    let (store, away) = (folder.path().join("store"), folder.path().join("away"));
    moved("file", &store.join("store.redb"), &away, &dev, &key);
    moved("folder", &store, &away, &dev, &key);
    drop(dev);
    let dev = Dev::start_quietly(folder.path());
    assert_eq!(got(&dev, &key), bytes);
}

/// Another folder in the place of the store: nobody is answered, `ready` says what is wrong and what to do, and all goes on when
/// the right one is back.
#[test]
fn another_folder_in_the_place_of_the_store_is_told_and_answers_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(folder.path());
    let key = told(create(&dev));
    let bytes = got(&dev, &key);
    let (store, away) = (folder.path().join("store"), folder.path().join("away"));
    for what in ["empty", "copy"] {
        std::fs::rename(&store, &away).unwrap();
        if what == "empty" {
            std::fs::create_dir(&store).unwrap();
        } else {
            let copied = std::process::Command::new("cp").arg("-a").arg(&away).arg(&store).status();
            assert!(copied.unwrap().success());
        }
        let before = super::foreign::tree(&store);
        within_5_seconds("noticed", || !is_ready(&dev));
        let ready = dev.keystead("admin", &["ready", "--json"]);
        let json: serde_json::Value = serde_json::from_slice(&ready.stdout).unwrap();
        for part in ["writes", "audit"] {
            assert_eq!(json[part]["ok"], false, "{what}: {json}");
            let reason = json[part]["reason"].as_str().unwrap();
            assert!(
                reason.contains("another folder") && reason.contains("Put back the one"),
                "{what}: {reason}"
            );
        }
        for refused in [create(&dev), get(&dev, &key)] {
            assert!(!refused.status.success(), "{what}");
            let told = error(&refused);
            assert!(told.contains("not in its place") && !told.contains("ask again"), "{what}: {told}");
        }
        assert!(before == super::foreign::tree(&store), "{what}: the other folder was changed");
        std::fs::remove_dir_all(&store).unwrap();
        std::fs::rename(&away, &store).unwrap();
        within_5_seconds(what, || create(&dev).status.success() && is_ready(&dev));
        assert_eq!(got(&dev, &key), bytes);
    }
}
