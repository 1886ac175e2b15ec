//! What others have put into the folder of a store, or own there, keeps no server from starting, and is not changed by one: a
//! server that is not root, as in a container, and one that is.

use super::untouched::{Lab, tree};
use crate::support::skip;
use std::fs;
use std::io::BufRead as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// A user that nobody is.
pub const USER: u32 = 12_345;

pub fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

pub fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

pub fn give(path: &Path, user: u32) {
    assert!(
        Command::new("chown").arg("-R").arg(format!("{user}:{user}")).arg(path).status().unwrap().success()
    );
}

/// Starts and stops a server as this user; gives its exit code and what it said. It has served where the first is `None`.
pub fn serve(lab: &Lab, user: u32) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keystead"));
    command.args(["serve", "--config"]).arg(lab.file("keystead.toml")).uid(user).gid(user);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let has_served = line.starts_with("ready ");
    let pid = rustix::process::Pid::from_child(&child);
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    let output = child.wait_with_output().unwrap();
    let code = if has_served { None } else { output.status.code() };
    (code, String::from_utf8_lossy(&output.stderr).into_owned())
}

/// What is done to a folder, before it is served.
type Setup = (&'static str, fn(&Lab));

const SETUPS: &[Setup] = &[
    ("nothing", |_| {}),
    ("lost+found of root", |lab| {
        fs::create_dir(lab.file("store/lost+found")).unwrap();
        set_mode(&lab.file("store/lost+found"), 0o755);
    }),
    ("notes of root", |lab| fs::write(lab.file("store/notes.txt"), "notes").unwrap()),
    ("a snapshot that nobody may write", |lab| {
        fs::create_dir_all(lab.file("store/.snapshot/daily")).unwrap();
        fs::write(lab.file("store/.snapshot/daily/store.redb"), "old").unwrap();
    }),
    ("a web site", |lab| {
        fs::create_dir_all(lab.file("store/www/bin")).unwrap();
        fs::write(lab.file("store/www/bin/tool"), "#!/bin/sh").unwrap();
        set_mode(&lab.file("store/www/bin/tool"), 0o755);
    }),
    ("a folder of root and the group, as fsGroup makes it", |lab| {
        chown(lab.file("store"), Some(0), Some(USER)).unwrap();
        set_mode(&lab.file("store"), 0o2775);
    }),
    ("a request of root", |lab| fs::write(lab.file("store/accept-store"), "").unwrap()),
    ("a copy that root put back for all to read", |lab| {
        chown(lab.file("store/store.redb"), Some(0), Some(USER)).unwrap();
        set_mode(&lab.file("store/store.redb"), 0o666);
    }),
];

#[test]
fn entries_of_others_keep_no_server_from_starting_and_stay_as_they_are() {
    if !rustix::process::geteuid().is_root() {
        return skip("files of others need root");
    }
    let lab = Lab::new();
    set_mode(lab.folder().parent().unwrap(), 0o755);
    for user in [USER, 0] {
        for (what, setup) in SETUPS {
            lab.put_back();
            give(&lab.folder(), user);
            setup(&lab);
            let foreign = || {
                let mut all = tree(&lab.file("store"));
                let is_ours = |path: &Path| {
                    let below = path.strip_prefix(lab.file("store")).unwrap();
                    ["reserve", "lock", "store.redb", "accept-store"].iter().any(|own| below.starts_with(own))
                };
                all.retain(|path, _| !is_ours(path));
                all
            };
            let before = foreign();
            let (code, said) = serve(&lab, user);
            assert_eq!(code, None, "{what} as {user}: {said}");
            assert!(before == foreign(), "{what} as {user}: something of others was changed");
            assert!(!lab.file("store/accept-store").exists(), "{what}");
            let data = mode(&lab.file("store/store.redb"));
            if user == USER && what.contains("put back") {
                assert!(said.contains("store.redb") && said.contains("others may read"), "{what}: {said}");
            } else {
                assert_eq!(data, 0o600, "{what} as {user}");
            }
        }
    }
}

/// A volume whose files are all another user's, as fsGroup makes it: one line tells of them. Where the modes kept the group out,
/// what cannot be read is named.
#[test]
fn many_files_of_another_user_are_told_in_one_line() {
    if !rustix::process::geteuid().is_root() {
        return skip("files of others need root");
    }
    let lab = Lab::new();
    set_mode(lab.folder().parent().unwrap(), 0o755);
    let run = |script: &str| {
        let mut shell = Command::new("sh");
        shell.args(["-ec", script]).current_dir(lab.folder());
        assert!(shell.status().unwrap().success());
    };
    give(&lab.folder(), USER);
    run(
        "rm store/lock store.identity; chown -R 0 store; chmod -R g+rwX store; chmod g+s store store/reserve",
    );
    for _ in 0..2 {
        let (code, said) = serve(&lab, USER);
        assert_eq!(code, None, "{said}");
        assert_eq!(said.matches("others may read").count(), 1, "{said}");
    }
    run("chmod 700 store/reserve");
    let (code, said) = serve(&lab, USER);
    let last = said.lines().last().unwrap();
    assert!(code == Some(16) && last.contains("/store/reserve: Permission denied"), "{code:?} {last}");
}

/// What keeps a server from its store is named as what it is.
#[test]
fn a_folder_above_that_is_closed_is_named() {
    if !rustix::process::geteuid().is_root() {
        return skip("another user needs root");
    }
    let lab = Lab::new();
    set_mode(lab.folder().parent().unwrap(), 0o755);
    lab.change("path = \"store\"", "path = \"closed/in/store\"");
    give(&lab.folder(), USER);
    fs::create_dir_all(lab.file("closed/in")).unwrap();
    set_mode(&lab.file("closed"), 0o700);
    let (code, said) = serve(&lab, USER);
    let last = said.lines().last().unwrap_or_default();
    assert!(
        code == Some(16) && last.contains("closed/in") && last.contains("Permission denied"),
        "{code:?} {last}"
    );
}
