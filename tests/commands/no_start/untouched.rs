//! A start that is refused changes nothing: whatever the cause, every file is as it was before, byte for byte, and another
//! start is refused in the same words.

use crate::support::dev::{Dev, told};
use keystead::store::{Order, RedbStore, Store as _};
use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Every file with its bytes and mode, every folder with its mode. The token's own files are SoftHSM's to write, at each login.
pub fn tree(folder: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut all = BTreeMap::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let mode = fs::symlink_metadata(&path).unwrap().permissions().mode();
        if path.is_dir() && !["tokens", "tokens.copy"].iter().any(|name| path.ends_with(name)) {
            all.extend(tree(&path));
        }
        let bytes = if path.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
        all.insert(path.clone(), (mode, bytes));
    }
    all
}

pub struct Lab {
    place: tempfile::TempDir,
}

impl Lab {
    /// A stopped server with keys, kept aside as it is.
    pub fn new() -> Self {
        let lab = Self { place: tempfile::tempdir().unwrap() };
        let dev = Dev::start_quietly(&lab.folder());
        told(dev.keystead("client", &["key", "create", "--name", "kept"]));
        drop(dev);
        lab.change("listen = [\"127.0.0.1:5696\"]", "listen = [\"127.0.0.1:0\"]");
        lab.keep();
        lab
    }

    /// What is put back from now on is what is there now.
    pub fn keep(&self) {
        let _ = fs::remove_dir_all(self.kept(""));
        copy(&self.folder(), &self.kept(""));
    }

    /// A file as it was.
    pub fn kept(&self, name: &str) -> PathBuf {
        self.place.path().join("whole").join(name)
    }

    pub fn folder(&self) -> PathBuf {
        self.place.path().join("server")
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// All as it was. The path is part of what tells of a store, so it is the same one each time.
    pub fn put_back(&self) {
        fs::remove_dir_all(self.folder()).unwrap();
        copy(&self.place.path().join("whole"), &self.folder());
    }

    pub fn change(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.file("keystead.toml")).unwrap();
        assert!(text.contains(from), "{from:?} is not in {text}");
        fs::write(self.file("keystead.toml"), text.replace(from, to)).unwrap();
    }

    pub fn lose(&self, names: &[&str]) {
        for name in names {
            let path = self.file(name);
            if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
        }
    }

    fn make_pipe(&self, name: &str) {
        self.lose(&[name]);
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, self.file(name), rustix::fs::FileType::Fifo, mode, 0).unwrap();
    }

    /// Deletes the rows of the store whose keys begin so.
    fn delete_rows(&self, prefix: &[u8]) {
        let store = RedbStore::open(&self.file("store")).unwrap();
        let mut rows = Vec::new();
        let mut visit = |key: &[u8], _: &[u8]| {
            rows.push((key.to_vec(), None));
            ControlFlow::Continue(())
        };
        store.snapshot().unwrap().scan(prefix, Order::Forward, &mut visit).unwrap();
        assert!(!rows.is_empty());
        store.commit(&rows.into()).unwrap();
    }

    pub fn run(&self, command: &[&str], limits: &str) -> (Option<i32>, String) {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{limits} exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_keystead")]);
        let output = shell.args(command).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        let last = error.lines().last().unwrap_or_default().to_owned();
        (output.status.code(), last)
    }

    fn refused(&self, what: &str, code: i32, command: &[&str], limits: &str) {
        let before = tree(self.place.path());
        let first = self.run(command, limits);
        assert_eq!(first.0, Some(code), "{what}: {}", first.1);
        let after = tree(self.place.path());
        let changed: Vec<_> =
            before.keys().chain(after.keys()).filter(|path| before.get(*path) != after.get(*path)).collect();
        assert!(changed.is_empty(), "{what}: {changed:?} changed; {}", first.1);
        assert_eq!(self.run(command, limits), first, "{what}: again");
        if command.first() == Some(&"serve") && limits.is_empty() {
            self.checked(what, code);
        }
    }

    /// `keystead check` comes to the same: what keeps a server from starting because of its store is damage, and it is told on
    /// standard output.
    fn checked(&self, what: &str, code: i32) {
        let wanted = match code {
            11 | 13 => 1,
            12 => 5,
            15 => 6,
            _ => return,
        };
        let mut check = Command::new(env!("CARGO_BIN_EXE_keystead"));
        check.args(["check", "--json", "--config"]).arg(self.file("keystead.toml"));
        let before = tree(self.place.path());
        let output = check.output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(wanted), "{what}: {error}");
        assert!(before == tree(self.place.path()), "{what}: check has changed something");
        if wanted == 5 {
            let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(report["sound"], false, "{what}");
            assert!(!report["findings"][0]["what"].as_str().unwrap().is_empty(), "{what}: {report}");
            check = Command::new(env!("CARGO_BIN_EXE_keystead"));
            let output = check.args(["check", "--config"]).arg(self.file("keystead.toml")).output().unwrap();
            assert!(String::from_utf8(output.stdout).unwrap().starts_with("damaged: "), "{what}");
        } else {
            assert!(output.stdout.is_empty() && error.contains("\"kind\""), "{what}: {error}");
        }
    }
}

pub fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
}

/// A cause: what it is called, the exit code, and what is done to the server.
type Cause = (&'static str, i32, fn(&Lab));

const CAUSES: &[Cause] = &[
    ("a key that does not exist", 10, |lab| lab.change("[store]", "[store]\nnone = 1")),
    ("a file that is not there", 10, |lab| lab.lose(&["ca.pem"])),
    ("keys that do not belong together", 10, |lab| {
        fs::copy(lab.file("client.key"), lab.file("server.key")).map(drop).unwrap();
    }),
    ("an authority without its key", 10, |lab| lab.change("key = \"certify.key\"", "")),
    ("a PIN file that is not there", 10, |lab| lab.lose(&["pin"])),
    ("an empty PIN", 10, |lab| fs::write(lab.file("pin"), "\n").unwrap()),
    ("a module that is none", 10, |lab| lab.change("module = \"/usr", "module = \"ca.pem\" # ")),
    ("another engine", 10, |lab| lab.change("engine = \"redb\"", "engine = \"sled\"")),
    ("a new store is asked for beside one that is there", 10, |lab| {
        fs::write(lab.file("store/begin-anew"), "").unwrap();
    }),
    ("a new store is asked for in the wrong way", 10, |lab| {
        lab.lose(&["store/store.redb"]);
        fs::write(lab.file("store/begin-anew"), "please").unwrap();
    }),
    ("a wrong PIN", 11, |lab| fs::write(lab.file("pin"), "0000\n").unwrap()),
    ("a damaged file", 12, |lab| fs::write(lab.file("store/store.redb"), [7; 5000]).unwrap()),
    ("an empty file", 12, |lab| fs::write(lab.file("store/store.redb"), "").unwrap()),
    ("a pipe in the place of the file", 12, |lab| lab.make_pipe("store/store.redb")),
    ("a pipe among the files of the configuration", 10, |lab| lab.make_pipe("ca.key")),
    ("no file of the store", 12, |lab| lab.lose(&["store/store.redb"])),
    ("no folder of the store", 12, |lab| lab.lose(&["store"])),
    ("no file and no identity", 12, |lab| lab.lose(&["store/store.redb", "store.identity"])),
    ("no folder and no identity", 12, |lab| lab.lose(&["store", "store.identity"])),
    ("no file, no identity and no lock", 12, |lab| {
        lab.lose(&["store/store.redb", "store.identity", "store/lock"]);
    }),
    ("a journal alone", 12, |lab| {
        lab.lose(&["store/store.redb", "store.identity", "store/lock"]);
        fs::write(lab.file("store/reads-3"), "").unwrap();
    }),
    ("a blank store", 12, |lab| {
        lab.lose(&["store/store.redb"]);
        drop(RedbStore::open(&lab.file("store")).unwrap());
    }),
    ("a blank store without traces", 12, |lab| {
        lab.lose(&["store/store.redb", "store.identity", "store/lock"]);
        drop(RedbStore::open(&lab.file("store")).unwrap());
    }),
    ("a newer format", 12, |lab| {
        let store = RedbStore::open(&lab.file("store")).unwrap();
        store.commit(&vec![(b"f".to_vec(), Some(vec![0, 0, 0, 9]))].into()).unwrap();
    }),
    ("no format", 12, |lab| lab.delete_rows(b"f")),
    ("no rows of the hierarchy", 12, |lab| lab.delete_rows(b"v")),
    ("another token", 12, |lab| {
        let other = tempfile::tempdir().unwrap();
        drop(Dev::start_quietly(other.path()));
        lab.lose(&["tokens", "pin"]);
        copy(&other.path().join("tokens"), &lab.file("tokens"));
        copy(&other.path().join("pin"), &lab.file("pin"));
    }),
    ("a token of another name", 13, |lab| lab.change("token = \"keystead-dev\"", "token = \"none\"")),
    ("no tokens", 13, |lab| fs::remove_dir_all(lab.file("tokens")).unwrap()),
    ("a store below a file", 10, |lab| lab.change("path = \"store\"", "path = \"ca.pem/store\"")),
    ("a link that leads nowhere", 10, |lab| {
        lab.lose(&["store", "store.identity"]);
        std::os::unix::fs::symlink("none", lab.file("store")).unwrap();
    }),
    ("a link above that leads nowhere", 10, |lab| {
        std::os::unix::fs::symlink("none", lab.file("link")).unwrap();
        lab.change("path = \"store\"", "path = \"link/store\"");
    }),
    ("a folder in the place of the file", 12, |lab| {
        lab.lose(&["store/store.redb"]);
        fs::create_dir(lab.file("store/store.redb")).unwrap();
    }),
    ("a pipe in the place of the lock", 10, |lab| lab.make_pipe("store/lock")),
    ("a pipe in the place of the identity", 10, |lab| lab.make_pipe("store.identity")),
    ("a folder in the place of a journal", 10, |lab| fs::create_dir(lab.file("store/reads-9")).unwrap()),
    ("a folder that cannot be made", 16, |lab| lab.change("path = \"store\"", "path = \"/proc/none/store\"")),
];

#[test]
fn a_refused_start_leaves_everything_as_it_was() {
    let lab = Lab::new();
    let config = lab.file("keystead.toml");
    let serve = ["serve", "--config", config.to_str().unwrap()];
    for (what, code, change) in CAUSES {
        lab.put_back();
        change(&lab);
        lab.refused(what, *code, &serve, "");
    }
    lab.put_back();
    lab.refused("too few open files", 16, &serve, "ulimit -n 15;");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    lab.change("127.0.0.1:0", &address);
    lab.refused("an address that is taken", 14, &serve, "");
    lab.put_back();
    let lock = fs::File::open(lab.file("store/lock")).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    lab.refused("a store in use", 15, &serve, "");
    drop(lock);
    // Nothing was lost by all that.
    lab.put_back();
    let dev = Dev::start_quietly(&lab.folder());
    assert!(dev.keystead("client", &["key", "get", "kept"]).status.success());
}

/// Keys in files, of who asks for danger by name, are not made anew either.
#[test]
fn a_start_without_its_software_keys_makes_none() {
    let lab = Lab::new();
    let text = fs::read_to_string(lab.file("keystead.toml")).unwrap();
    let (start, end) = (text.find("[hsm]").unwrap(), text.find("[vault]").unwrap());
    let software = "[hsm]\ndanger_software_keys = \"keys\"\n";
    fs::write(lab.file("keystead.toml"), [&text[..start], software, &text[end..]].concat()).unwrap();
    fs::remove_dir_all(lab.file("store")).unwrap();
    fs::create_dir(lab.file("store")).unwrap();
    fs::write(lab.file("store/begin-anew"), "").unwrap();
    drop(Dev::start_quietly(&lab.folder()));
    assert!(lab.file("keys").exists());
    lab.lose(&["keys"]);
    let config = lab.file("keystead.toml");
    lab.refused("no keys", 12, &["serve", "--config", config.to_str().unwrap()], "");
}

/// `dev` makes what is missing, unless it refuses.
#[test]
fn a_refused_start_of_dev_leaves_everything_as_it_was() {
    let lab = Lab::new();
    let folder = lab.folder();
    let dev = ["dev", "--listen", "127.0.0.1:0", "--dir", folder.to_str().unwrap()];
    for lost in [&["ca.pem"][..], &["certify.key"], &["pin"], &["tokens"], &["tokens", "store"], &["store"]] {
        lab.put_back();
        // What could be made anew is not, either.
        lab.lose(&["client.pem", "server-rsa.key", "lock"]);
        lab.lose(lost);
        lab.refused(&format!("{lost:?} lost"), 12, &dev, "");
    }
    lab.put_back();
    fs::remove_dir_all(&folder).unwrap();
    fs::write(&folder, "a file").unwrap();
    lab.refused("a file in its place", 10, &dev, "");
}
