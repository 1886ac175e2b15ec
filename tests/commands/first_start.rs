//! `keystead dev` makes its folder: cut off at any moment it is made whole by the next start, and what is lost of it later
//! is never put back in a way that would hide the loss.

use crate::support::dev::{Dev, put_rsa_key};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How many first starts are cut off, at moments spread over the time that one takes.
const CUTS: u32 = 40;

fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keystead"));
    command.args(["dev", "--listen", "127.0.0.1:0", "--dir"]).arg(folder);
    command
}

/// What a start says that fails.
fn refusal(folder: &Path) -> String {
    let Output { status, stderr, .. } = command(folder).output().unwrap();
    assert!(matches!(status.code(), Some(10 | 12)), "{status}");
    String::from_utf8(stderr).unwrap()
}

/// A client and the administrator get through to the HSM.
fn serves(dev: &Dev) {
    for who in ["client", "admin"] {
        let output = dev.keystead(who, &["ready"]);
        assert!(output.status.success(), "{who}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

fn make_key(dev: &Dev, name: &str) {
    let output = dev.keystead("client", &["key", "create", "--name", name]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn has_key(dev: &Dev, name: &str) {
    let output = dev.keystead("client", &["key", "get", name]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_first_start_that_was_cut_off_is_made_whole() {
    let whole = tempfile::tempdir().unwrap();
    let begin = Instant::now();
    drop(Dev::start_quietly(whole.path()));
    let time = begin.elapsed();
    for cut in 1..=CUTS {
        let folder = tempfile::tempdir().unwrap();
        // Most of the time of a first start goes into the RSA key: with one that is there the cuts fall on all else.
        if cut % 8 != 0 {
            put_rsa_key(folder.path());
        }
        let mut child = command(folder.path()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(time * cut / CUTS);
        child.kill().unwrap();
        child.wait().unwrap();
        serves(&Dev::start(folder.path()));
        let left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(left.iter().all(|name| !name.to_string_lossy().contains(".new")), "cut {cut}: {left:?}");
    }
}

/// Signed certificates are made anew with their keys; what signed them is not.
#[test]
fn a_lost_half_of_a_certificate_is_never_replaced_by_one_that_does_not_fit() {
    let folder = tempfile::tempdir().unwrap();
    make_key(&Dev::start_quietly(folder.path()), "kept");
    for half in [
        "client.pem",
        "client.key",
        "server.pem",
        "server.key",
        "server-rsa.pem",
        "server-rsa.key",
        "admin.pem",
        "admin.key",
    ] {
        fs::remove_file(folder.path().join(half)).unwrap();
        let dev = Dev::start_quietly(folder.path());
        serves(&dev);
        has_key(&dev, "kept");
    }
    // The RSA key alone, which takes long to make, gets a certificate, unless it is none.
    let (key, certificate) = (folder.path().join("server-rsa.key"), folder.path().join("server-rsa.pem"));
    let kept = fs::read(&key).unwrap();
    for (found, is_kept) in [(kept.clone(), true), (b"no key".to_vec(), false)] {
        fs::remove_file(&certificate).unwrap();
        fs::write(&key, found).unwrap();
        serves(&Dev::start_quietly(folder.path()));
        assert_eq!(fs::read(&key).unwrap() == kept, is_kept);
        assert!(certificate.exists());
    }
    for half in ["ca.pem", "ca.key", "certify.pem", "certify.key"] {
        let (there, away) = (folder.path().join(half), folder.path().join("away"));
        fs::rename(&there, &away).unwrap();
        let said = refusal(folder.path());
        assert!(said.contains(half) && said.contains("put it back"), "{said}");
        assert!(!there.exists());
        fs::rename(&away, &there).unwrap();
    }
    let other = tempfile::tempdir().unwrap();
    drop(Dev::start_quietly(other.path()));
    let kept = fs::read(folder.path().join("ca.key")).unwrap();
    fs::copy(other.path().join("ca.key"), folder.path().join("ca.key")).unwrap();
    assert!(refusal(folder.path()).contains("does not belong to its certificate"));
    fs::write(folder.path().join("ca.key"), kept).unwrap();
    has_key(&Dev::start_quietly(folder.path()), "kept");
}

#[test]
fn a_lost_token_or_pin_is_not_replaced_and_can_be_put_back() {
    let folder = tempfile::tempdir().unwrap();
    make_key(&Dev::start_quietly(folder.path()), "kept");
    for (lost, names) in [("tokens", "tokens"), ("pin", "pin")] {
        let (there, away) = (folder.path().join(lost), folder.path().join("away"));
        fs::rename(&there, &away).unwrap();
        let said = refusal(folder.path());
        assert!(said.contains(names) && said.contains("put "), "{said}");
        assert!(!there.exists(), "{lost} was made anew");
        fs::rename(&away, &there).unwrap();
        has_key(&Dev::start_quietly(folder.path()), "kept");
    }
}

/// SoftHSM writes the object of the token at each login, in place: a kill in that moment leaves it empty.
#[test]
fn a_token_object_that_was_cut_off_is_put_back() {
    let folder = tempfile::tempdir().unwrap();
    make_key(&Dev::start_quietly(folder.path()), "kept");
    let token = fs::read_dir(folder.path().join("tokens")).unwrap().next().unwrap().unwrap().path();
    for length in [0, 100] {
        let object = fs::OpenOptions::new().write(true).open(token.join("token.object")).unwrap();
        object.set_len(length).unwrap();
        has_key(&Dev::start_quietly(folder.path()), "kept");
    }
}

/// A token of the same label beside that of the store: the right one cannot be guessed.
#[test]
fn two_tokens_of_one_label_are_told_apart_by_their_serial_numbers() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_key(&Dev::start_quietly(folder.path()), "kept");
    drop(Dev::start_quietly(other.path()));
    for entry in fs::read_dir(other.path().join("tokens")).unwrap() {
        let entry = entry.unwrap();
        fs::rename(entry.path(), folder.path().join("tokens").join(entry.file_name())).unwrap();
    }
    let said = refusal(folder.path());
    let serials = said.split("serial numbers ").nth(1).and_then(|rest| rest.split(':').next());
    let config = folder.path().join("keystead.toml");
    let before = fs::read_to_string(&config).unwrap();
    let mut served = 0;
    for serial in serials.unwrap_or_else(|| panic!("{said}")).split(", ") {
        let named = before.replace("token = \"keystead-dev\"", &format!("serial = \"{serial}\""));
        fs::write(&config, named).unwrap();
        let mut child = command(folder.path()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_secs(1));
        let runs = child.try_wait().unwrap().is_none();
        child.kill().unwrap();
        child.wait().unwrap();
        if runs {
            has_key(&Dev::start_quietly(folder.path()), "kept");
            served += 1;
        }
    }
    assert_eq!(served, 1);
}

/// An empty store in the place of a full one would look as if every key were lost.
#[test]
fn the_engine_of_a_store_cannot_be_changed_by_configuration() {
    let folder = tempfile::tempdir().unwrap();
    make_key(&Dev::start_quietly(folder.path()), "kept");
    let config = folder.path().join("keystead.toml");
    let before = fs::read_to_string(&config).unwrap();
    for engine in ["sled", "memory"] {
        fs::write(&config, before.replace("\"redb\"", &format!("\"{engine}\""))).unwrap();
        let said = refusal(folder.path());
        assert!(said.contains("engine redb") && said.contains("store.engine"), "{said}");
        assert!(!folder.path().join("store/sled").exists());
    }
    fs::write(&config, before).unwrap();
    has_key(&Dev::start_quietly(folder.path()), "kept");
}

/// The files of keys in the token.
fn keys_in_token(folder: &Path) -> usize {
    let token = fs::read_dir(folder.join("tokens")).unwrap().next().unwrap().unwrap().path();
    let names = fs::read_dir(token).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().ends_with(".object")).count() - 1
}

/// A folder of `dev` whose server has made a key and stopped, and a copy of its store.
struct Lost {
    folder: tempfile::TempDir,
    copy: tempfile::TempDir,
}

impl Lost {
    fn new() -> Self {
        let lost = Self { folder: tempfile::tempdir().unwrap(), copy: tempfile::tempdir().unwrap() };
        make_key(&Dev::start_quietly(lost.folder.path()), "kept");
        copy_all(&lost.file("store"), &lost.copy.path().join("store"));
        let text = fs::read_to_string(lost.file("keystead.toml")).unwrap();
        fs::write(lost.file("keystead.toml"), text.replace("127.0.0.1:5696", "127.0.0.1:0")).unwrap();
        lost
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put_back(&self) {
        let _ = fs::remove_dir_all(self.file("store"));
        copy_all(&self.copy.path().join("store"), &self.file("store"));
    }

    /// What a server says that does not start. It has made no key.
    fn refuses(&self, says: &str) {
        let mut serve = Command::new(env!("CARGO_BIN_EXE_keystead"));
        serve.args(["serve", "--config"]).arg(self.file("keystead.toml"));
        let Output { status, stderr, .. } =
            serve.env("SOFTHSM2_CONF", self.file("softhsm2.conf")).output().unwrap();
        let said = String::from_utf8(stderr).unwrap();
        assert_eq!(status.code(), Some(12), "{said}");
        assert!(said.contains(says) && said.contains("put back a copy"), "{said}");
        assert_eq!(keys_in_token(self.folder.path()), 1, "a key was made");
    }
}

/// What is left when a store is lost, and what then tells that there was one. Nothing new is made in its place.
#[test]
fn a_store_that_is_gone_is_never_replaced_in_silence() {
    let server = Lost::new();
    let marker = fs::read(server.file("store.identity")).unwrap();
    // A store in which nothing ever was.
    let blank = tempfile::tempdir().unwrap();
    drop(keystead::store::Database::open(keystead::store::Engine::Redb, blank.path()).unwrap());
    let blank = fs::read(blank.path().join("store.redb")).unwrap();
    let (data, lock, beside) = ("store/store.redb", "store/lock", "store.identity");
    type Loss<'l> = (&'l [&'l str], Option<(&'l str, &'l [u8])>, &'l str);
    let losses: [Loss<'_>; 7] = [
        (&[data], None, "store.identity says so"),
        (&[data, beside], None, "store/lock was left behind"),
        (&[data, beside, lock], Some(("store/reads-7", b"")), "store/reads-7 is a journal"),
        (&["store"], None, "store.identity says so"),
        (&["store", beside], None, "at this very place of this machine"),
        (&[], Some((data, &blank)), "the store is empty, and it was not always"),
        (&[beside, lock], Some((data, &blank)), "at this very place of this machine"),
    ];
    for (lost, found, says) in losses {
        for name in lost {
            let _ = fs::remove_file(server.file(name)).or_else(|_| fs::remove_dir_all(server.file(name)));
        }
        if let Some((name, content)) = found {
            fs::write(server.file(name), content).unwrap();
        }
        server.refuses(says);
        server.refuses(says);
        server.put_back();
        fs::write(server.file("store.identity"), &marker).unwrap();
    }
    has_key(&Dev::start_quietly(server.folder.path()), "kept");
}

/// `dev` looks before it makes a token, and after. Who wants a new store gets one, once; the old one opens where it is put
/// back.
#[test]
fn a_new_store_in_the_place_of_a_lost_one_is_asked_for() {
    let server = Lost::new();
    let (folder, file) = (server.folder.path(), |name: &str| server.file(name));
    fs::remove_dir_all(file("store")).unwrap();
    let said = refusal(folder);
    assert!(said.contains("the master key of one: put the store back"), "{said}");
    fs::rename(file("tokens"), file("aside")).unwrap();
    assert!(refusal(folder).contains("put the token back"));
    fs::rename(file("aside"), file("tokens")).unwrap();
    fs::create_dir(file("store")).unwrap();
    fs::write(file("store/begin-anew"), "").unwrap();
    make_key(&Dev::start_quietly(folder), "another");
    assert!(!file("store/begin-anew").exists());
    assert_eq!(keys_in_token(folder), 2);
    fs::rename(file("store"), file("new-store")).unwrap();
    server.put_back();
    // By now the other one belongs there.
    assert!(refusal(folder).contains("the store that was there"));
    fs::write(file("store/accept-store"), "").unwrap();
    has_key(&Dev::start_quietly(folder), "kept");
}

/// Keys of other stores in the token say nothing about a new store, where the operator says that it is one. A new file system in
/// the place of the store does not say so.
#[test]
fn a_new_store_starts_on_a_token_with_keys_of_others() {
    let folder = tempfile::tempdir().unwrap();
    make_key(&Dev::start_quietly(folder.path()), "kept");
    let config = folder.path().join("keystead.toml");
    let before = fs::read_to_string(&config).unwrap();
    for path in ["second", "third"] {
        let changed = before.replace("path = \"store\"", &format!("path = \"{path}\""));
        assert_ne!(changed, before);
        fs::write(&config, changed).unwrap();
        let folder = folder.path();
        fs::create_dir(folder.join(path)).unwrap();
        fs::write(folder.join(path).join("lost+found"), "").unwrap();
        assert!(refusal(folder).contains("begin-anew"), "{path}");
        fs::write(folder.join(path).join("begin-anew"), "").unwrap();
        make_key(&Dev::start_quietly(folder), "mine");
        let dev = Dev::start_quietly(folder);
        assert!(dev.keystead("admin", &["master", "rotate"]).status.success());
        has_key(&dev, "mine");
    }
    fs::write(&config, before).unwrap();
    has_key(&Dev::start_quietly(folder.path()), "kept");
    assert_eq!(keys_in_token(folder.path()), 5);
}

/// Folders that an older version made: one as it was, and one whose token has two keys of one name, which that version did
/// not start with any more.
#[test]
fn stores_of_an_older_version_open() {
    let kept = "9accc7ad5ae81c0cb1aca813e40f7a0817d33171a84e3c0b381810cd9c5a12a1";
    let place = tempfile::tempdir().unwrap();
    let archive = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/stores-of-format-1.tar.gz");
    let unpacked = Command::new("tar").arg("xzf").arg(archive).arg("-C").arg(place.path()).status().unwrap();
    assert!(unpacked.success());
    for (name, epoch) in [("whole", 1), ("two-keys", 2)] {
        let folder = place.path().join(name);
        let gone = place.path().join("gone");
        fs::create_dir(&gone).unwrap();
        for part in ["tokens", "pin", "so-pin"] {
            copy_all(&folder.join(part), &gone.join(part));
        }
        assert!(refusal(&gone).contains("put the store back"), "nothing but the token is left of {name}");
        fs::remove_dir_all(&gone).unwrap();
        for turn in 0..2 {
            let dev = Dev::start_quietly(&folder);
            let output = dev.keystead("client", &["key", "get", "kept"]);
            assert_eq!(hex::encode(output.stdout), kept, "{name}");
            let rotated = dev.keystead("admin", &["master", "rotate"]);
            let said = String::from_utf8(rotated.stdout).unwrap();
            let (from, to) = (epoch + turn, epoch + turn + 1);
            assert!(said.contains(&format!("from epoch {from} to epoch {to}")), "{name}: {said}");
        }
    }
}

fn copy_all(from: &Path, to: &Path) {
    if !from.is_dir() {
        fs::copy(from, to).unwrap();
        return;
    }
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        copy_all(&entry.path(), &to.join(entry.file_name()));
    }
}

/// The address that `dev` is given is written where the configuration is made, and goes before it later.
#[test]
fn where_dev_listens() {
    let folder = tempfile::tempdir().unwrap();
    let free = || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let says = |listen: Option<&str>, wanted: &str| {
        use std::io::BufRead as _;
        let mut command = Command::new(env!("CARGO_BIN_EXE_keystead"));
        command
            .arg("dev")
            .arg("--dir")
            .arg(folder.path())
            .args(listen.map(|address| ["--listen", address]).iter().flatten());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(line, format!("ready {wanted}\n"));
    };
    let (first, second) = (free(), free());
    says(Some(&first), &first);
    says(None, &first);
    says(Some(&second), &second);
    says(None, &first);
}
