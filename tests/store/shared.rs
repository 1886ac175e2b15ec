//! One snapshot for all who read, from one commit to the next.

use super::{open, put};
use keystead::store::*;
use std::path::Path;
use std::sync::Arc;

fn commit(database: &Database, writes: Vec<Pair>) {
    let submission = Submission { transaction: writes.into(), ..Submission::default() };
    assert_eq!(database.commit_blocking(submission), Ok(Outcome::Committed));
}

#[test]
fn readers_share_a_snapshot_until_the_next_commit() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(Engine::Redb, folder.path());
    assert!(database.reads_stay_here());
    commit(&database, vec![put("key", "1")]);
    let (first, again) = (database.snapshot().unwrap(), database.snapshot().unwrap());
    assert!(Arc::ptr_eq(&first, &again), "two readers, one transaction");
    commit(&database, vec![put("key", "2")]);
    let next = database.snapshot().unwrap();
    assert!(!Arc::ptr_eq(&first, &next));
    assert_eq!(first.get(b"key").unwrap(), Some(b"1".to_vec()), "what was taken before stays as it was");
    assert_eq!(next.get(b"key").unwrap(), Some(b"2".to_vec()), "who is answered sees its own commit");
    let mut seen = Vec::new();
    assert!(next.show(b"key", &mut |value| seen.extend_from_slice(value)).unwrap());
    assert_eq!(seen, b"2");
    assert!(!next.show(b"none", &mut |_| panic!("nothing is there")).unwrap());
}

/// sled has no snapshots: one that is kept would hold all commits back.
#[test]
fn nothing_is_shared_where_a_snapshot_holds_commits_back() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(Engine::Sled, folder.path());
    assert!(!database.reads_stay_here());
    for number in 0..3 {
        commit(&database, vec![put("key", &number.to_string())]);
        assert_eq!(database.snapshot().unwrap().get(b"key").unwrap(), Some(number.to_string().into_bytes()));
    }
}

/// A snapshot that is kept keeps pages from being used again: the one that is shared is let go at each commit.
#[test]
fn the_file_does_not_grow_while_the_same_keys_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(Engine::Redb, folder.path());
    let value = "v".repeat(1000);
    let round = |database: &Database| {
        for number in 0..40 {
            commit(database, (0..25).map(|key| put(&format!("{}", key * 40 + number), &value)).collect());
            assert!(database.snapshot().unwrap().get(number.to_string().as_bytes()).unwrap().is_some());
        }
    };
    let length = |folder: &Path| std::fs::metadata(folder.join("store.redb")).unwrap().len();
    round(&database);
    round(&database);
    let before = length(folder.path());
    (0..6).for_each(|_| round(&database));
    let after = length(folder.path());
    assert!(
        after <= before + before / 4,
        "{before} bytes, and {after} after 240 more commits of the same keys"
    );
    // The same with a reader that never ends shows that the measure can fail.
    let kept = database.snapshot().unwrap();
    (0..6).for_each(|_| round(&database));
    assert!(length(folder.path()) > before * 2, "a snapshot that is kept keeps pages");
    assert!(kept.get(b"1").unwrap().is_some());
}
