//! `keystead check`: what is sound, what is damaged and named, and that not a byte is written.

use crate::support::dev::{Dev, told};
use crate::support::tmpfs::Tmpfs;
use keystead::keyspace::Kind;
use keystead::store::*;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Output};

pub const SOUND: i32 = 0;
pub const DAMAGED: i32 = 5;
const IN_USE: i32 = 6;

fn check(folder: &Path, options: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keystead"));
    command.args(["check", "--config"]).arg(folder.join("keystead.toml")).args(options).output().unwrap()
}

/// The exit code and the JSON, with every file of the store as it was.
pub fn checked(folder: &Path, options: &[&str]) -> (i32, serde_json::Value) {
    let before = files(&folder.join("store"));
    let output = check(folder, &[&["--json"], options].concat());
    assert!(before == files(&folder.join("store")), "a file of the store was changed");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!error.contains("panicked"), "{error}");
    let json = serde_json::from_slice(&output.stdout).unwrap_or(serde_json::json!({ "error": error }));
    (output.status.code().unwrap(), json)
}

/// Every file with its bytes and the time of its last change.
fn files(folder: &Path) -> BTreeMap<String, (Vec<u8>, std::time::SystemTime)> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            let changed = entry.metadata().unwrap().modified().unwrap();
            all.insert(path.display().to_string(), (std::fs::read(&path).unwrap(), changed));
        }
    }
    all
}

/// A server with objects in several states; it was killed in the middle of reads.
fn killed(folder: &Path, engine: &str) {
    let engine = format!("engine = \"{engine}\"");
    drop(Dev::start_quietly(folder));
    let config = std::fs::read_to_string(folder.join("keystead.toml")).unwrap();
    std::fs::write(folder.join("keystead.toml"), config.replace("engine = \"redb\"", &engine)).unwrap();
    if engine.contains("sled") {
        std::fs::remove_dir_all(folder.join("store")).unwrap();
        std::fs::create_dir(folder.join("store")).unwrap();
        std::fs::write(folder.join("store/begin-anew"), "").unwrap();
    }
    let dev = Dev::start_quietly(folder);
    for number in 0..6 {
        let name = format!("key {number}");
        let id = told(dev.keystead("client", &["key", "create", "--name", &name, "--group", "pool"]));
        assert!(dev.keystead("client", &["key", "get", &id]).status.success());
        if number > 3 {
            told(dev.keystead("client", &["key", "activate", &id]));
        }
        if [1, 3].contains(&number) {
            told(dev.keystead("client", &["key", "destroy", &id]));
        }
    }
    assert_eq!(check(folder, &[]).status.code(), Some(IN_USE));
    // Also in the moment in which its lock is gone.
    std::fs::remove_file(folder.join("store/lock")).unwrap();
    assert_eq!(check(folder, &[]).status.code(), Some(IN_USE));
    dev.kill();
}

/// Every record of a store that was served has its row in the table of keys, and those of each part of the server are there.
fn must_have_rows(engine: &str, store: &Path) {
    let engine = if engine == "sled" { Engine::Sled } else { Engine::Redb };
    let database = Database::open_for_reads(engine, store).unwrap();
    let mut owners = BTreeSet::new();
    let mut look = |key: &[u8], _: &[u8]| {
        let row = Kind::of(key).and_then(Kind::row);
        owners.insert(
            row.unwrap_or_else(|| panic!("no row of records/src/keyspace.rs for {}", hex::encode(key))).owner,
        );
        ControlFlow::Continue(())
    };
    database.snapshot().unwrap().scan(b"", Order::Forward, &mut look).unwrap();
    for owner in
        ["engine::keyspace", "vault::rows", "audit", "store::database", "store::journal", "store::guard"]
    {
        assert!(owners.contains(owner), "{owner} has nothing in the store: {owners:?}");
    }
}

#[test]
fn a_store_that_was_killed_is_sound_and_stays_as_it_is() {
    for engine in ["redb", "sled"] {
        let folder = tempfile::tempdir().unwrap();
        killed(folder.path(), engine);
        let (code, report) = checked(folder.path(), &[]);
        assert_eq!(
            (code, &report["sound"], &report["proved"]),
            (SOUND, &true.into(), &true.into()),
            "{report}"
        );
        assert_eq!(report["records"]["objects"]["count"], 6);
        assert_eq!(report["records"]["values"]["count"], 4);
        drop(Dev::start_quietly(folder.path()));
        assert_eq!(checked(folder.path(), &[]).0, SOUND, "after a clean stop");
        must_have_rows(engine, &folder.path().join("store"));
        std::fs::rename(folder.path().join("tokens"), folder.path().join("away")).unwrap();
        assert_eq!(check(folder.path(), &[]).status.code(), Some(1), "no HSM is no damage");
        let (code, report) = checked(folder.path(), &["--without-hsm"]);
        assert_eq!((code, &report["proved"]), (SOUND, &false.into()), "{report}");
        assert_eq!(report["format"], FORMAT);
        let text = String::from_utf8(check(folder.path(), &["--without-hsm"]).stdout).unwrap();
        assert!(
            text.contains(&format!("format of the store: {FORMAT}\n")) && !text.contains("format: 1"),
            "{text}"
        );
        what_the_records_take(folder.path(), engine);
    }
}

/// With `--space`, bytes by kind and by index, which add up; without it they are not told.
fn what_the_records_take(folder: &Path, engine: &str) {
    let (_, report) = checked(folder, &["--without-hsm"]);
    assert!(report.get("space").is_none(), "{report}");
    let (_, report) = checked(folder, &["--without-hsm", "--space"]);
    let number = |of: &serde_json::Value, what: &str| of[what].as_u64().unwrap();
    let sum = |of: &serde_json::Value, what: &str| -> u64 {
        of.as_object().unwrap().values().map(|count| number(count, what)).sum()
    };
    let (records, space) = (&report["records"], &report["space"]);
    for what in ["count", "bytes", "key_bytes", "value_bytes"] {
        assert_eq!(sum(&space["indexes"], what), number(&records["index entries"], what), "{report}");
    }
    assert_eq!(sum(records, "bytes"), sum(records, "key_bytes") + sum(records, "value_bytes"));
    let all = &space["indexes"]["TypeAndState"];
    assert!(number(all, "count") >= 6 && number(all, "key_bytes") > 6 * 36, "{report}");
    let is_audit = |kind: &str| kind.starts_with("audit") || ["node", "state of the journal"].contains(&kind);
    let audit = records.as_object().unwrap().iter().filter(|(kind, _)| is_audit(kind));
    let audit: u64 = audit.map(|(_, count)| number(count, "bytes")).sum();
    assert!(audit > 0, "{report}");
    assert_eq!(number(space, "bytes_an_object"), (sum(records, "bytes") - audit) / 6, "{report}");
    assert!(number(&space["file"], "bytes") > sum(records, "bytes") / 10, "{report}");
    let text = String::from_utf8(check(folder, &["--without-hsm", "--space"]).stdout).unwrap();
    for line in ["objects: 6, ", "index Name: ", "all records but the audit: ", "file of the engine: "] {
        assert!(text.contains(&format!("\n{line}")), "{engine}: {line}: {text}");
    }
}

/// Every record, changed or gone.
#[test]
fn each_record_that_is_damaged_or_missing_is_found_and_named() {
    let folder = tempfile::tempdir().unwrap();
    killed(folder.path(), "redb");
    drop(Dev::start_quietly(folder.path()));
    let store = folder.path().join("store");
    let whole = std::fs::read(store.join("store.redb")).unwrap();
    let all = records(&store);
    // One record of each kind and state is enough; an index has many.
    let mut tried: BTreeMap<(u8, usize), usize> = BTreeMap::new();
    let mut count = 0;
    for (key, value) in all.iter().filter(|(key, _)| !b"fjqv".contains(&key[0])) {
        let of_kind = tried.entry((key[0], value.len())).or_default();
        *of_kind += 1;
        if *of_kind > 1 {
            continue;
        }
        for gone in [false, true] {
            // Nothing tells of the last block of the audit, or of a name that is free; an entry of an index has no value.
            let last = all.iter().rfind(|(other, _)| other[0] == b'B').map(|(key, _)| key) == Some(key);
            if (gone && (last || key[0] == b'n')) || (!gone && value.is_empty()) {
                continue;
            }
            let mut changed = value.clone();
            if let Some(byte) = changed.last_mut() {
                *byte ^= 1;
            }
            write(&store, vec![(key.clone(), (!gone).then_some(changed))]);
            let (code, report) = checked(folder.path(), &[]);
            let found = report["findings"].to_string();
            assert_eq!(code, DAMAGED, "{} gone: {gone}: {report}", String::from_utf8_lossy(key));
            assert!(found.len() > 10, "{report}");
            std::fs::write(store.join("store.redb"), &whole).unwrap();
            count += 1;
        }
    }
    assert!(count >= 12, "{tried:?}");
    // What no object has.
    for odd in [&b"i"[..], b"s", b"u", b"n", b"z"] {
        write(&store, vec![([odd, &[0; 4], b"nothing of ours"].concat(), Some(vec![1]))]);
        assert_eq!(checked(folder.path(), &["--without-hsm"]).0, DAMAGED);
        std::fs::write(store.join("store.redb"), &whole).unwrap();
    }
    assert_eq!(checked(folder.path(), &[]).0, SOUND);
}

fn records(store: &Path) -> Vec<(Vec<u8>, Vec<u8>)> {
    let redb = RedbStore::open_for_reads(store).unwrap();
    let mut all = Vec::new();
    let mut collect = |key: &[u8], value: &[u8]| {
        all.push((key.to_vec(), value.to_vec()));
        ControlFlow::Continue(())
    };
    redb.snapshot().unwrap().scan(b"", Order::Forward, &mut collect).unwrap();
    all
}

fn write(store: &Path, writes: Vec<Pair>) {
    RedbStore::open(store).unwrap().commit(&writes.into()).unwrap();
}

/// Bytes of the file itself: whoever reads them is told the file, and the HSM is not blamed.
#[test]
fn a_damaged_file_is_named_and_never_the_hsm() {
    let folder = tempfile::tempdir().unwrap();
    killed(folder.path(), "redb");
    drop(Dev::start_quietly(folder.path()));
    let file = folder.path().join("store/store.redb");
    let whole = std::fs::read(&file).unwrap();
    let used: Vec<usize> = (0..whole.len()).step_by(512).filter(|at| whole[at + 9] != 0).collect();
    let mut found = 0;
    for at in used.iter().step_by(used.len() / 48 + 1) {
        let mut damaged = whole.clone();
        damaged[at + 3..at + 40].iter_mut().for_each(|byte| *byte ^= 0x5a);
        std::fs::write(&file, &damaged).unwrap();
        let (code, report) = checked(folder.path(), &[]);
        let text = report.to_string();
        assert!([SOUND, DAMAGED].contains(&code), "at {at}: {code}: {text}");
        assert!(code == SOUND || text.contains("store"), "at {at}: {text}");
        assert!(!text.contains("HSM") || code == SOUND, "at {at}: {text}");
        found += usize::from(code == DAMAGED);
    }
    // Most of the file is pages that were freed.
    assert!(found >= 3, "{found} of the damaged places were found");
}

/// Of sled's store a copy is read: what is wrong with the place of the copy is not told of the store.
#[test]
fn a_copy_that_cannot_be_made_is_told_as_that() {
    let folder = tempfile::tempdir().unwrap();
    killed(folder.path(), "sled");
    let Some(disk) = Tmpfs::mount(&folder.path().join("small"), 1) else { return };
    let filler = disk.fill();
    let in_folder = |temporary: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keystead"));
        command.args(["check", "--config"]).arg(folder.path().join("keystead.toml"));
        let output = command.env("TMPDIR", folder.path().join(temporary)).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    for (temporary, why) in
        [("none", "No such file"), ("keystead.toml", "Not a directory"), ("small", "No space")]
    {
        let (code, said) = in_folder(temporary);
        assert_eq!(code, Some(1), "{said}");
        let named = folder.path().join(temporary);
        let words = ["TMPDIR", why, named.to_str().unwrap(), "Nothing was written to the store"];
        assert!(words.iter().all(|word| said.contains(word)) && !said.contains("go on"), "{said}");
    }
    std::fs::remove_file(filler).unwrap();
    assert_eq!(in_folder("").0, Some(SOUND));
    // A part of it that is damaged is told of the store, and not of the copy.
    std::fs::write(folder.path().join("store/sled/conf"), "nothing of sled's").unwrap();
    let (code, report) = checked(folder.path(), &[]);
    let found = report["findings"].to_string();
    if code == DAMAGED {
        assert!(found.contains("store/sled") && found.contains("Nothing was written"), "{found}");
    }
    assert_eq!(
        std::fs::read_dir(folder.path())
            .unwrap()
            .filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().starts_with("keystead-check"))
            .count(),
        0
    );
}
