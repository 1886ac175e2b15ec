//! Administrative jobs against themselves, on a real server with SoftHSM: several at once, the command interrupted, the
//! server killed, and all of it repeated. Afterwards the server starts, every key opens, and one master key is in use.
//!
//! 60 rounds; `KEYSTEAD_SOAK=1` makes them 1,000.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test: it stops where it stands")]

mod support;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;
use support::dev::{Dev, told};

fn rounds() -> u32 {
    if std::env::var_os("KEYSTEAD_SOAK").is_some() { 1_000 } else { 60 }
}

/// How many moments of a rotation the server is killed at.
const MOMENTS: u32 = 20;

fn rotation(dev: &Dev) -> Command {
    let mut command = dev.command(env!("CARGO_BIN_EXE_keystead"), "admin");
    command.args(["master", "rotate"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What became of rotations that ran at once: how many were done, and what the others were told.
fn ended(running: Vec<Child>) -> (usize, Vec<String>) {
    let ended = running.into_iter().map(|child| child.wait_with_output().unwrap());
    let (done, not_done): (Vec<_>, Vec<_>) = ended.partition(|output| output.status.success());
    (done.len(), not_done.into_iter().map(|output| String::from_utf8(output.stderr).unwrap()).collect())
}

/// The server starts, its key opens, and everything is under one master key.
fn is_whole(folder: &Path, key: &str) -> Dev {
    let dev = Dev::start_quietly(folder);
    assert_eq!(told(dev.keystead("client", &["key", "get", "--json", "kept"])), key);
    let status: serde_json::Value =
        serde_json::from_str(&told(dev.keystead("admin", &["master", "--json", "status"]))).unwrap();
    assert_eq!(status["rotating_to"], serde_json::Value::Null, "{status}");
    let keks = status["keks"].as_array().unwrap();
    assert!(keks.len() == 1 && keks[0]["epoch"] == status["epoch"], "{status}");
    let epochs: Vec<u64> = (1..=status["epoch"].as_u64().unwrap()).collect();
    assert_eq!(status["in_token"], serde_json::json!(epochs), "{status}");
    dev
}

/// The keys of the token: files of SoftHSM beside the one of the token itself. A kill in the midst of C_GenerateKey leaves a
/// file without a value.
fn keys_in_token(folder: &Path) -> usize {
    let token = std::fs::read_dir(folder.join("tokens")).unwrap().next().unwrap().unwrap().path();
    let files = std::fs::read_dir(token).unwrap().map(|entry| entry.unwrap());
    let whole = |file: &std::fs::DirEntry| {
        file.file_name().to_string_lossy().ends_with(".object") && file.metadata().unwrap().len() > 780
    };
    files.filter(whole).count()
}

fn epoch(dev: &Dev) -> usize {
    let status = told(dev.keystead("admin", &["master", "--json", "status"]));
    serde_json::from_str::<serde_json::Value>(&status).unwrap()["epoch"].as_u64().unwrap() as usize
}

#[test]
fn rotations_at_once_interrupted_and_with_the_server_killed() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(folder.path());
    told(dev.keystead("client", &["key", "create", "--name", "kept"]));
    let key = told(dev.keystead("client", &["key", "get", "--json", "kept"]));
    let mut dev = Some(dev);
    let (mut refused, mut killed) = (0, 0);
    for round in 0..rounds() {
        let server = dev.take().unwrap_or_else(|| Dev::start_quietly(folder.path()));
        let before = epoch(&server);
        let mut running: Vec<_> = (0..3).map(|_| rotation(&server).spawn().unwrap()).collect();
        match round % 3 {
            // Three at once: one at a time is done, the others are told of it.
            0 => {
                let (done, told) = ended(running);
                assert!(done >= 1, "{told:?}");
                for text in &told {
                    assert!(text.contains("is under way already: admin began it"), "{text}");
                    assert!(!text.contains("remove"), "{text}");
                }
                refused += told.len();
                assert_eq!(epoch(&server), before + done);
                dev = Some(server);
            }
            // The commands are interrupted, and the next one goes on or begins anew.
            1 => {
                sleep(Duration::from_millis(u64::from(round) % 40));
                for child in &mut running {
                    child.kill().unwrap();
                    child.wait().unwrap();
                }
                let (done, told) = ended(vec![rotation(&server).spawn().unwrap()]);
                assert!(done == 1 || told[0].contains("is under way already"), "{told:?}");
                dev = Some(server);
            }
            // The server dies in the midst of it.
            _ => {
                sleep(Duration::from_millis(u64::from(round / 3 % MOMENTS) * 6));
                server.kill();
                killed += 1;
                drop(ended(running));
            }
        }
        if round % 3 == 2 {
            let server = is_whole(folder.path(), &key);
            assert_eq!(keys_in_token(folder.path()), epoch(&server), "round {round}");
            dev = Some(server);
        }
    }
    assert!(refused > 0 && killed >= MOMENTS, "{refused} refused, {killed} kills");
    drop(dev);
    is_whole(folder.path(), &key);
}
