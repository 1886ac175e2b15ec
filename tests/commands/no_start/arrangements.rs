//! Each arrangement of the folder above a store, with each thing that comes to pass with a store: a server that is not root serves
//! and starts again, or it names a way out that works, and no message names a file that is not there.

use super::others::{USER, give, serve, set_mode};
use super::untouched::Lab;
use crate::support::skip;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder above a store.
struct Arrangement {
    what: &'static str,
    /// Makes it, of a folder of root's with a folder of the user's in it.
    make: &'static str,
    /// Lets root change it.
    open: &'static str,
    /// As it is when the server starts.
    close: &'static str,
    /// Whether the server may write the file beside the store.
    is_traced: bool,
    /// Whether the first start has to be asked for, as something is in the place of the file.
    is_asked: bool,
}

const PLAIN: Arrangement =
    Arrangement { what: "", make: "", open: "", close: "", is_traced: true, is_asked: false };

const ARRANGEMENTS: &[Arrangement] = &[
    Arrangement { what: "of the user", make: "chown $USER $ABOVE", ..PLAIN },
    Arrangement { what: "of root", is_traced: false, ..PLAIN },
    Arrangement { what: "to be passed alone", make: "chmod 711 $ABOVE", is_traced: false, ..PLAIN },
    Arrangement { what: "sticky", make: "chmod 1777 $ABOVE", ..PLAIN },
    Arrangement { what: "not to be listed", make: "chown $USER $ABOVE; chmod 300 $ABOVE", ..PLAIN },
    Arrangement {
        what: "with a file that stays",
        make: "chown $USER $ABOVE",
        open: "test ! -e $FILE || chattr -i $FILE",
        close: "test ! -e $FILE || chattr +i $FILE",
        ..PLAIN
    },
    Arrangement {
        what: "full, with a volume in it",
        make: "mount -t tmpfs -o size=64k tmpfs $ABOVE; mkdir $STORE; mount --bind $VOLUME/store $STORE; chown $USER $ABOVE",
        open: "rm -f $ABOVE/filler",
        close: "dd if=/dev/zero of=$ABOVE/filler bs=4096 2>/dev/null || true",
        is_traced: false,
        ..PLAIN
    },
    Arrangement {
        what: "read-only, with a volume in it",
        make: "mount -t tmpfs tmpfs $ABOVE; mkdir $STORE; mount --bind $VOLUME/store $STORE",
        open: "mount -o remount,rw $ABOVE",
        close: "mount -o remount,ro $ABOVE",
        is_traced: false,
        ..PLAIN
    },
    Arrangement {
        what: "read-only, with links to a volume",
        make: "mount -t tmpfs tmpfs $ABOVE; ln -s $VOLUME/store $STORE; ln -s $VOLUME/identity $FILE",
        open: "mount -o remount,rw $ABOVE",
        close: "mount -o remount,ro $ABOVE",
        ..PLAIN
    },
    Arrangement {
        what: "with a link to nowhere",
        make: "ln -s $VOLUME/none/identity $FILE",
        open: "mkdir -p $VOLUME/none",
        close: "rmdir $VOLUME/none 2>/dev/null || true",
        is_traced: false,
        is_asked: true,
    },
    Arrangement {
        what: "with a link to notes of the user",
        make: "echo notes >$VOLUME/notes; chown $USER $VOLUME/notes; ln -s $VOLUME/notes $FILE",
        is_traced: false,
        is_asked: true,
        ..PLAIN
    },
    Arrangement {
        what: "of root, with a file that is mounted",
        make: "touch $VOLUME/file $FILE; chown $USER $VOLUME/file; mount --bind $VOLUME/file $FILE",
        is_asked: true,
        ..PLAIN
    },
    Arrangement {
        what: "of root, with an empty file of the user's",
        close: "test -e $FILE || test ! -e $STORE/store.redb || { touch $FILE; chown $USER $FILE; }",
        ..PLAIN
    },
];

/// A stopped server whose store is to be in an arrangement; the stores `a`, with keys, and `b` are put aside.
struct Place<'l> {
    lab: &'l Lab,
    arrangement: &'static Arrangement,
}

impl<'l> Place<'l> {
    fn new(lab: &'l Lab, arrangement: &'static Arrangement) -> Option<Self> {
        lab.put_back();
        give(&lab.folder(), USER);
        let place = Self { lab, arrangement };
        assert!(place.runs("mkdir -p $VOLUME/store; chown -R $USER $VOLUME; mkdir -m 755 $ABOVE"));
        let is_mounted = arrangement.make.contains("$STORE");
        let store = if is_mounted { "" } else { "mkdir -m 700 $STORE; chown $USER $STORE;" };
        let is_made = place.runs(&format!("{store} {}", arrangement.make));
        let may_be_closed =
            is_made && place.runs("touch $VOLUME/a; chattr +i $VOLUME/a; chattr -i $VOLUME/a");
        if !may_be_closed {
            skip(&format!("{}: cannot be made here", arrangement.what));
        }
        may_be_closed.then_some(place)
    }

    fn store(&self) -> PathBuf {
        self.lab.file("above/store")
    }

    fn file(&self) -> PathBuf {
        self.lab.file("above/store.identity")
    }

    fn runs(&self, script: &str) -> bool {
        let mut shell = Command::new("sh");
        shell.args(["-ec", script]).env("USER", USER.to_string()).env("VOLUME", self.lab.file("volume"));
        shell.env("ABOVE", self.lab.file("above")).env("STORE", self.store()).env("FILE", self.file());
        shell.status().unwrap().success()
    }

    fn as_root(&self, script: &str) {
        let Arrangement { open, what, .. } = self.arrangement;
        assert!(self.runs(&format!("{open}\n{script}")), "{what}: {script}");
    }

    /// A start; what it says names no file beside the store that is not there.
    fn start(&self) -> (Option<i32>, String) {
        assert!(self.runs(self.arrangement.close));
        let (code, said) = serve(self.lab, USER);
        let file = self.file().to_str().unwrap().to_owned();
        let is_there = self.file().symlink_metadata().is_ok();
        let is_named = said.lines().any(|line| line.contains(&file) && !line.contains("cannot be written"));
        assert!(
            is_there || !is_named,
            "{}: it names a file that is not there: {said}",
            self.arrangement.what
        );
        (code, said)
    }

    /// Starts, and does as it is told to until the server serves; then it starts again. Gives what it was told to do.
    fn serves(&self, what: &str) -> Vec<String> {
        let what = format!("{}: {what}", self.arrangement.what);
        let mut done = Vec::new();
        loop {
            let (code, said) = self.start();
            if code.is_none() {
                break;
            }
            let last = said.lines().last().unwrap_or_default();
            let (_, advice) =
                last.split_once("make an empty file ").unwrap_or_else(|| panic!("{what}: {code:?} {said}"));
            let file = PathBuf::from(advice.split_whitespace().next().unwrap());
            let name = file.file_name().unwrap().to_str().unwrap().to_owned();
            assert!(!done.contains(&name), "{what}: {name} does not help: {code:?} {said}");
            fs::write(&file, "").unwrap();
            done.push(name);
        }
        for asked in ["begin-anew", "accept-store"] {
            assert!(!self.store().join(asked).exists(), "{what}: {asked} is still there");
        }
        let (code, said) = self.start();
        assert_eq!(code, None, "{what}: it served, and does not start again: {said}");
        assert!(said.matches("cannot be written").count() <= 1, "{what}: {said}");
        done
    }

    fn is_sound(&self, what: &str) {
        let mut check = Command::new(env!("CARGO_BIN_EXE_keystead"));
        check.args(["check", "--config"]).arg(self.lab.file("keystead.toml")).uid(USER).gid(USER);
        let output = check.output().unwrap();
        assert!(output.status.success(), "{what}: {output:?}");
    }

    /// The store that the lock names.
    fn served(&self) -> String {
        named(&self.store().join("lock"), "store ").unwrap()
    }

    /// The store that the file beside names.
    fn traced(&self) -> Option<String> {
        named(&self.file(), "holds the Keystead store ")
    }

    /// Something else is in the folder of the store from now on.
    fn put(&self, from: Option<&str>) {
        let from = from
            .map_or("true".to_owned(), |from| format!("cp -a {}/. $STORE", self.lab.file(from).display()));
        self.as_root(&format!("rm -rf $STORE/*; {from}; chown -R $USER $STORE/"));
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.runs("chattr -f -i $FILE || true");
        for mounted in ["$STORE", "$FILE", "$ABOVE"] {
            self.runs(&format!("umount -l {mounted} 2>/dev/null || true"));
        }
    }
}

fn named(file: &Path, what: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let (_, rest) = text.split_once(what)?;
    Some(rest.chars().take_while(char::is_ascii_hexdigit).collect())
}

/// Two stores on one token that were made in other places.
fn lab() -> Lab {
    let lab = Lab::new();
    set_mode(lab.folder().parent().unwrap(), 0o755);
    fs::rename(lab.file("store"), lab.file("a")).unwrap();
    lab.lose(&["store.identity"]);
    lab.change("path = \"store\"", "path = \"b\"");
    assert_eq!(serve(&lab, 0).0, None);
    lab.change("path = \"b\"", "path = \"above/store\"");
    lab.keep();
    lab
}

const ANEW: &[&str] = &["begin-anew"];
const ACCEPTED: &[&str] = &["accept-store"];

/// What happens to a store, one after the other. It is lost, or exchanged with all that names it or without.
fn lives(place: &Place<'_>) {
    let what = place.arrangement.what;
    let asked = if place.arrangement.is_asked { ANEW } else { &[] };
    assert_eq!(place.serves("the first start"), asked, "{what}");
    let first = place.served();
    let traced = place.arrangement.is_traced.then(|| first.clone());
    assert_eq!(place.traced(), traced, "{what}");

    place.put(None);
    assert_eq!(place.serves("emptied"), ANEW, "{what}");
    assert_ne!(place.served(), first, "{what}");

    let a = named(&place.lab.file("a/lock"), "store ").unwrap();
    place.as_root(&format!("cat {}/store.redb >$STORE/store.redb", place.lab.file("a").display()));
    assert_eq!(place.serves("its file exchanged"), ACCEPTED, "{what}");
    assert_eq!(place.served(), a, "{what}");
    fs::write(place.store().join("begin-anew"), "").unwrap();
    let (code, said) = place.start();
    assert!(code == Some(10) && said.contains("one with keys"), "{what}: {said}");
    fs::remove_file(place.store().join("begin-anew")).unwrap();
    assert!(place.serves("as it was").is_empty(), "{what}");

    let is_told: &[&str] = if place.traced().is_some() { ACCEPTED } else { &[] };
    place.put(Some("b"));
    assert_eq!(place.serves("its folder exchanged"), is_told, "{what}");
    place.is_sound(what);
    let notes = fs::read_to_string(place.lab.file("volume/notes"));
    assert!(
        notes.is_err() || notes.unwrap() == "notes\n",
        "{what}: what is somebody else's was written over"
    );
}

/// A store of an earlier version, which went on beside a file of root's that names another store.
fn goes_on_from_an_earlier_version(place: &Place<'_>) {
    let what = place.arrangement.what;
    place.put(Some("b"));
    let stale = "The folder x holds the Keystead store 000102030405060708090a0b0c0d0e0f. While";
    place.as_root(&format!("echo 'keystead, process 1' >$STORE/lock; echo '{stale}' >$FILE"));
    assert_eq!(place.serves("of an earlier version"), ACCEPTED, "{what}");
    place.put(None);
    assert_eq!(place.serves("of an earlier version, emptied"), ANEW, "{what}");
    place.is_sound(what);
}

fn in_each(life: impl Fn(&Place<'_>)) {
    if !rustix::process::geteuid().is_root() {
        return skip("folders of others need root");
    }
    let lab = lab();
    ARRANGEMENTS
        .iter()
        .filter_map(|arrangement| Place::new(&lab, arrangement))
        .for_each(|place| life(&place));
}

#[test]
fn a_store_lives_in_each_arrangement_of_folders() {
    in_each(lives);
}

#[test]
fn a_store_of_an_earlier_version_goes_on_in_each_arrangement_of_folders() {
    in_each(goes_on_from_an_earlier_version);
}

/// A request that the server may not take away: what is done is told, and the server goes on when it is gone.
#[test]
fn a_request_that_stays_is_told_and_does_nothing_more() {
    if !rustix::process::geteuid().is_root() {
        return skip("folders of others need root");
    }
    let lab = lab();
    let Some(place) = Place::new(&lab, &PLAIN) else { return };
    assert!(place.serves("the first start").is_empty());
    let a = place.lab.file("a").display().to_string();
    for (asked, script) in [
        ("begin-anew", "find $STORE -mindepth 1 -delete".to_owned()),
        ("accept-store", format!("cat {a}/store.redb >$STORE/store.redb")),
    ] {
        place.as_root(&script);
        place.as_root(&format!("chown root:$USER $STORE; chmod 1770 $STORE; touch $STORE/{asked}"));
        for _ in 0..2 {
            let (code, said) = place.start();
            assert!(
                code == Some(10) && said.contains("is done") && said.contains("take it away"),
                "{code:?} {said}"
            );
        }
        place.as_root(&format!("rm $STORE/{asked}"));
        assert!(place.serves("taken away").is_empty());
    }
}

/// What is not there is told as that, where the folder above is not there either.
#[test]
fn a_store_in_a_folder_that_is_gone_is_absent() {
    let lab = Lab::new();
    lab.change("path = \"store\"", "path = \"gone/deep/store\"");
    let config = lab.file("keystead.toml");
    let (code, said) = lab.run(&["check", "--config", config.to_str().unwrap()], "");
    assert!(
        code == Some(1) && said.contains("there is no store in") && !said.contains("identity"),
        "{code:?} {said}"
    );
}
