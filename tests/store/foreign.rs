//! Another folder in the place of the store that a server has open, whatever way it came there: not a byte of it is changed,
//! nobody is answered by it, and all goes on when the right one is back.

use super::faults::{commit_when_healed, operations, record};
use super::{entry, open};
use crate::support::skip;
use keystead::store::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// How another folder comes to stand in the place.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// The right one was moved away, and another moved there.
    Renamed,
    /// The path is a symbolic link, which leads elsewhere now.
    Linked,
    /// Another one was mounted over it.
    Mounted,
}

/// What is in the other folder.
#[derive(Clone, Copy, Debug)]
enum Other {
    Empty,
    /// A store of its own, with a journal whose numbers are those that the server would choose.
    Store,
    /// A copy of the right one, made while the server ran.
    Copy,
}

struct Place {
    folder: tempfile::TempDir,
    way: Way,
}

impl Place {
    fn new(way: Way) -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap(), way };
        if matches!(way, Way::Linked) {
            std::fs::create_dir(place.file("real")).unwrap();
            std::os::unix::fs::symlink("real", place.store()).unwrap();
        }
        place
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn store(&self) -> PathBuf {
        self.file("store")
    }

    /// Puts the other folder in the place; false where this way is not allowed here.
    fn exchange(&self) -> bool {
        match self.way {
            Way::Renamed => {
                std::fs::rename(self.store(), self.file("away")).unwrap();
                std::fs::rename(self.file("other"), self.store()).unwrap();
            }
            Way::Linked => self.link_to("other"),
            Way::Mounted => {
                let mut mount = Command::new("mount");
                let output = mount.arg("--bind").arg(self.file("other")).arg(self.store()).output().unwrap();
                if !output.status.success() {
                    skip(&format!("nothing can be mounted: {}", String::from_utf8_lossy(&output.stderr)));
                    return false;
                }
            }
        }
        true
    }

    /// Puts the right one back.
    fn put_back(&self) {
        match self.way {
            Way::Renamed => {
                std::fs::rename(self.store(), self.file("other")).unwrap();
                std::fs::rename(self.file("away"), self.store()).unwrap();
            }
            Way::Linked => self.link_to("real"),
            Way::Mounted => {
                assert!(Command::new("umount").arg(self.store()).status().unwrap().success());
            }
        }
    }

    fn link_to(&self, name: &str) {
        let half = self.file("link");
        std::os::unix::fs::symlink(name, &half).unwrap();
        std::fs::rename(half, self.store()).unwrap();
    }

    fn fill_other(&self, engine: Engine, what: Other) {
        let other = self.file("other");
        let _ = std::fs::remove_dir_all(&other);
        std::fs::create_dir(&other).unwrap();
        match what {
            Other::Empty => {}
            Other::Store => {
                drop(open(engine, &other));
                for number in 1..200 {
                    std::fs::write(other.join(format!("reads-{number}")), "what others have read").unwrap();
                }
            }
            Other::Copy => {
                // A file of the journal may be taken in, and so vanish, while it is copied.
                let mut copy = Command::new("cp");
                copy.arg("-a").arg(self.store().join(".")).arg(&other);
                assert!((0..20).any(|_| copy.status().unwrap().success()));
            }
        }
    }
}

/// Every file and folder with its bytes.
pub fn tree(folder: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut all = BTreeMap::new();
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let found = std::fs::symlink_metadata(&path).unwrap();
        if found.is_dir() {
            all.extend(tree(&path));
        }
        // To read a pipe is to wait for who writes.
        let bytes = if found.is_file() { std::fs::read(&path).ok() } else { None };
        all.insert(path.clone(), bytes);
    }
    all
}

fn commit(database: &Database, key: &str) -> Result<Outcome, Error> {
    // sled puts so large a value into a file of its own.
    let transaction = vec![(key.as_bytes().to_vec(), Some(vec![1; 2_000_000]))].into();
    database.commit_blocking(Submission { transaction, entries: vec![entry(key)].into() })
}

fn record_when_healed(database: &Database) {
    let began = Instant::now();
    while let Err(error) = record(database, "read") {
        assert!(began.elapsed() < Duration::from_secs(5), "still refused: {error}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn another_folder_in_the_place_of_the_store_is_neither_written_nor_read() {
    for engine in [Engine::Redb, Engine::Sled] {
        for way in [Way::Renamed, Way::Linked, Way::Mounted] {
            let place = Place::new(way);
            let database = open(engine, &place.store());
            commit_when_healed(&database, "before");
            let mut reads = 0;
            for what in [Other::Empty, Other::Store, Other::Copy] {
                let told = format!("{engine} {way:?} {what:?}");
                place.fill_other(engine, what);
                // A segment of the journal is open, or is just being taken in.
                record_when_healed(&database);
                reads += 1;
                let before = tree(&place.file("other"));
                if !place.exchange() {
                    return;
                }
                let began = Instant::now();
                while began.elapsed() < Duration::from_millis(1500) {
                    let refused = record(&database, "lost").expect_err(&told);
                    assert!(matches!(refused, Error::Moved { .. }), "{told}: {refused}");
                    let refused = commit(&database, "refused").expect_err(&told);
                    assert!(matches!(refused, Error::Moved { .. }), "{told}: {refused}");
                    std::thread::sleep(Duration::from_millis(50));
                }
                place.put_back();
                assert!(before == tree(&place.file("other")), "{told}: the other folder was changed");
                commit_when_healed(&database, &told);
                record_when_healed(&database);
                reads += 1;
            }
            drop(database);
            let database = open(engine, &place.store());
            let all = operations(&database);
            let count = |operation: &str| all.iter().filter(|one| *one == operation).count();
            assert_eq!([count("read"), count("lost"), count("refused")], [reads, 0, 0], "{engine} {way:?}");
        }
    }
}
