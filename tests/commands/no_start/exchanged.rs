//! Another store in the place of the one that belongs there, put there while the server was stopped: it is named and not served,
//! and nothing is changed, until the operator says that it is the right one. Each store in the place, with each state of the file
//! that names the right one.

use super::others::{mode, set_mode};
use super::untouched::{Lab, copy, tree};
use crate::support::dev::{Dev, told};
use std::fs;
use std::path::Path;

/// What is in the place of the store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum There {
    This,
    /// A copy of it from before.
    Older,
    /// The file of another store, in the folder of this one.
    OtherFile,
    /// The folder of another store.
    OtherFolder,
    /// The file of a store of another token.
    OtherToken,
    Empty,
    Nothing,
    /// A folder with files of somebody else.
    Files,
    /// Another engine's.
    OtherEngine,
}

const THERE: [There; 9] = [
    There::This,
    There::Older,
    There::OtherFile,
    There::OtherFolder,
    There::OtherToken,
    There::Empty,
    There::Nothing,
    There::Files,
    There::OtherEngine,
];

/// The file beside the folder.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Identity {
    There,
    Missing,
    Damaged,
    OfTheOther,
}

const IDENTITIES: [Identity; 4] =
    [Identity::There, Identity::Missing, Identity::Damaged, Identity::OfTheOther];

/// The exit code of a server; 0 where it serves. The lock in the folder names its store too.
fn wanted(there: There, identity: Identity) -> i32 {
    match (there, identity) {
        (There::This | There::Older, Identity::OfTheOther) => 12,
        (There::This | There::Older, _) => 0,
        (There::OtherFolder, Identity::There) => 12,
        (There::OtherFolder, _) => 0,
        (There::OtherEngine, _) => 10,
        (There::OtherFile | There::OtherToken | There::Empty | There::Nothing | There::Files, _) => 12,
    }
}

/// Two stores on one token, and one on another, all of them stopped.
fn lab() -> Lab {
    let lab = Lab::new();
    let config = fs::read_to_string(lab.file("keystead.toml")).unwrap();
    // The one that is the right one is made in the place of the other, so that the place tells nothing.
    fs::rename(lab.file("store"), lab.file("other")).unwrap();
    fs::rename(lab.file("store.identity"), lab.file("other.identity")).unwrap();
    fs::create_dir(lab.file("store")).unwrap();
    fs::write(lab.file("store/begin-anew"), "").unwrap();
    let dev = Dev::start_quietly(&lab.folder());
    told(dev.keystead("client", &["key", "create", "--name", "mine"]));
    drop(dev);
    copy(&lab.file("store"), &lab.file("older"));
    let dev = Dev::start_quietly(&lab.folder());
    told(dev.keystead("client", &["key", "create", "--name", "later"]));
    drop(dev);
    let foreign = tempfile::tempdir().unwrap();
    drop(Dev::start_quietly(foreign.path()));
    copy(&foreign.path().join("store"), &lab.file("foreign"));
    fs::write(lab.file("keystead.toml"), config).unwrap();
    lab.keep();
    lab
}

fn put(lab: &Lab, there: There, identity: Identity) {
    lab.put_back();
    let file = |from: &str| fs::copy(lab.file(from), lab.file("store/store.redb")).map(drop).unwrap();
    match there {
        There::This => {}
        There::Older => file("older/store.redb"),
        There::OtherFile => file("other/store.redb"),
        There::OtherToken => file("foreign/store.redb"),
        There::OtherFolder => {
            lab.lose(&["store"]);
            copy(&lab.file("other"), &lab.file("store"));
        }
        There::Nothing => lab.lose(&["store"]),
        There::Empty | There::Files | There::OtherEngine => {
            lab.lose(&["store"]);
            fs::create_dir(lab.file("store")).unwrap();
        }
    }
    match there {
        There::Files => fs::write(lab.file("store/notes.txt"), "of somebody else").unwrap(),
        There::OtherEngine => fs::create_dir(lab.file("store/sled")).unwrap(),
        _ => {}
    }
    match identity {
        Identity::There => {}
        Identity::Missing => lab.lose(&["store.identity"]),
        Identity::Damaged => fs::write(lab.file("store.identity"), "\0\0\0").unwrap(),
        Identity::OfTheOther => {
            fs::copy(lab.file("other.identity"), lab.file("store.identity")).map(drop).unwrap();
        }
    }
}

fn named(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let id = |word: &&str| word.trim_end_matches('.').len() == 32;
    text.split_whitespace().find(id).unwrap().trim_end_matches('.').to_owned()
}

#[test]
fn another_store_is_named_and_not_served() {
    let lab = lab();
    let (mine, other) = (named(&lab.file("store.identity")), named(&lab.file("other.identity")));
    let config = lab.file("keystead.toml");
    let [serve, check] = ["serve", "check"].map(|command| [command, "--config", config.to_str().unwrap()]);
    for (there, identity) in THERE.into_iter().flat_map(|there| IDENTITIES.map(|identity| (there, identity)))
    {
        let what = format!("{there:?}, identity {identity:?}");
        put(&lab, there, identity);
        let wanted = wanted(there, identity);
        let before = tree(&lab.folder());
        let (code, _) = lab.run(&check, "");
        let found = match wanted {
            12 => 5,
            10 => 1,
            _ => 0,
        };
        assert_eq!(code, Some(found), "{what}: check");
        assert!(before == tree(&lab.folder()), "{what}: check has changed something");
        if wanted == 0 {
            serves(&lab, there, &what);
            continue;
        }
        let (code, said) = lab.run(&serve, "");
        assert_eq!(code, Some(wanted), "{what}: {said}");
        assert!(before == tree(&lab.folder()), "{what}: a refused start has changed something");
        let is_exchanged = matches!(there, There::OtherFile | There::OtherFolder | There::OtherToken);
        if is_exchanged || matches!(there, There::This | There::Older) {
            let other_is_named = said.contains(&other) || there == There::OtherToken;
            assert!(said.contains(&mine) && other_is_named, "{what}: {said}");
            assert!(
                said.contains("accept-store") && said.contains("put back") || said.contains("Put back"),
                "{what}: {said}"
            );
            assert!(!said.contains("HSM"), "{what}: {said}");
        }
    }
}

/// It serves, and its place names it.
fn serves(lab: &Lab, there: There, what: &str) {
    let dev = Dev::start_quietly(&lab.folder());
    let key = match there {
        There::OtherFolder | There::OtherFile => "kept",
        _ => "mine",
    };
    assert!(dev.keystead("client", &["key", "get", key]).status.success(), "{what}");
    drop(dev);
    let store = if key == "kept" { "other.identity" } else { "whole.identity" };
    let right = if store == "whole.identity" { lab.kept("store.identity") } else { lab.file(store) };
    assert_eq!(named(&lab.file("store.identity")), named(&right), "{what}");
    let lock = fs::read_to_string(lab.file("store/lock")).unwrap();
    assert!(lock.contains(&named(&right)), "{what}: {lock}");
    assert!(!lab.file("store/accept-store").exists() && !lab.file("store/begin-anew").exists(), "{what}");
}

#[test]
fn the_operator_says_which_store_is_the_right_one() {
    let lab = lab();
    let config = lab.file("keystead.toml");
    let serve = ["serve", "--config", config.to_str().unwrap()];
    for (there, identity) in [
        (There::OtherFile, Identity::There),
        (There::OtherFile, Identity::Damaged),
        (There::OtherFolder, Identity::There),
        (There::This, Identity::OfTheOther),
    ] {
        put(&lab, there, identity);
        fs::write(lab.file("store/accept-store"), "").unwrap();
        serves(&lab, there, &format!("{there:?} accepted"));
        let dev = Dev::start_quietly(&lab.folder());
        told(dev.keystead("admin", &["master", "rotate"]));
        drop(dev);
        serves(&lab, there, &format!("{there:?} again"));
    }
    // What is asked for and cannot be, changes nothing.
    for (there, asked, content, code, says) in [
        (There::OtherToken, "accept-store", "", 12, "the store may be that of another HSM"),
        (There::OtherFile, "accept-store", "yes", 10, "it is not empty"),
        (There::Empty, "accept-store", "", 12, "there was one"),
        (There::OtherFile, "begin-anew", "", 10, "there is one with keys"),
        (There::This, "begin-anew", "", 10, "there is one with keys"),
    ] {
        put(&lab, there, Identity::There);
        fs::write(lab.file("store").join(asked), content).unwrap();
        let before = tree(&lab.folder());
        let (exit, said) = lab.run(&serve, "");
        assert!(exit == Some(code) && said.contains(says), "{there:?} {asked}: {exit:?} {said}");
        assert!(before == tree(&lab.folder()), "{there:?} {asked}");
    }
}

/// sled cannot be read without writing: what its store holds, and what names the right one, stays all the same.
#[test]
fn another_store_of_sled_is_named_and_not_served() {
    let lab = Lab::new();
    lab.change("engine = \"redb\"", "engine = \"sled\"");
    for name in ["other", "mine"] {
        if name == "other" {
            fs::rename(lab.file("store"), lab.file("first")).unwrap();
        }
        fs::create_dir(lab.file("store")).unwrap();
        fs::write(lab.file("store/begin-anew"), "").unwrap();
        let dev = Dev::start_quietly(&lab.folder());
        told(dev.keystead("client", &["key", "create", "--name", name]));
        drop(dev);
        if name == "other" {
            fs::rename(lab.file("store"), lab.file("other")).unwrap();
            fs::copy(lab.file("store.identity"), lab.file("other.identity")).unwrap();
        }
    }
    let (mine, other) = (named(&lab.file("store.identity")), named(&lab.file("other.identity")));
    lab.lose(&["store/sled"]);
    copy(&lab.file("other/sled"), &lab.file("store/sled"));
    let config = lab.file("keystead.toml");
    for name in ["store", "store/lock", "store/sled/db", "store/sled"] {
        set_mode(&lab.file(name), 0o755);
    }
    // sled writes to its files when it is opened: the same as before in other words.
    let traces = || {
        let mut all = tree(&lab.folder());
        all.retain(|path, _| path.is_dir() || !path.starts_with(lab.file("store/sled")));
        (all, mode(&lab.file("store/sled/db")))
    };
    let before = traces();
    for _ in 0..2 {
        let (code, said) = lab.run(&["serve", "--config", config.to_str().unwrap()], "");
        assert!(code == Some(12) && said.contains(&mine) && said.contains(&other), "{code:?} {said}");
        assert_eq!(lab.run(&["check", "--config", config.to_str().unwrap()], "").0, Some(5));
        assert!(before == traces(), "a refused start has changed something");
    }
    fs::write(lab.file("store/accept-store"), "").unwrap();
    for _ in 0..2 {
        let dev = Dev::start_quietly(&lab.folder());
        assert!(dev.keystead("client", &["key", "get", "other"]).status.success());
    }
    assert_eq!(named(&lab.file("store.identity")), other);
}
