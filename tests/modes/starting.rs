//! An HSM that hangs while the server starts: the start ends by itself, and when it is told to.

use super::*;
use std::process::{Child, Command, Stdio};

fn module(test: &Path) -> PathBuf {
    let name = "libkeystead_faulty_module.so";
    let found = test.ancestors().skip(1).take(2).map(|folder| folder.join(name)).find(|path| path.exists());
    found.expect("the faulty module is not built")
}

/// A start whose HSM never begins to work.
fn start(folder: &Path, call_timeout_seconds: u32) -> Child {
    let place = folder.join("server");
    drop(Dev::start_quietly(&place));
    let config = std::fs::read_to_string(place.join("keystead.toml")).unwrap();
    let line = config.lines().find(|line| line.starts_with("module = ")).unwrap();
    let real = line.split('"').nth(1).unwrap();
    let faulty = module(&std::env::current_exe().unwrap());
    let changed = format!("module = {faulty:?}\ncall_timeout_seconds = {call_timeout_seconds}");
    std::fs::write(place.join("keystead.toml"), config.replace(line, &changed)).unwrap();
    let script = folder.join("script");
    std::fs::write(&script, "C_Initialize * hang").unwrap();
    Command::new(env!("CARGO_BIN_EXE_keystead"))
        .args(["dev", "--listen", "127.0.0.1:0", "--https", "127.0.0.1:0", "--dir"])
        .arg(&place)
        .envs([(keystead_faulty_module::MODULE, Path::new(real)), (keystead_faulty_module::SCRIPT, &script)])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The exit code of a start whose HSM does not answer (src/exit.rs).
const HSM_AWAY: i32 = 13;

#[test]
fn a_start_waits_so_long_for_the_hsm_and_no_longer() {
    let folder = tempfile::tempdir().unwrap();
    let ended = start(folder.path(), 1).wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(HSM_AWAY), "{told}");
    assert!(told.contains("did not answer within 1000 ms"), "{told}");
}

#[test]
fn a_start_that_waits_for_the_hsm_can_be_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = start(folder.path(), 60);
    std::thread::sleep(Duration::from_millis(1500));
    let ended = child.try_wait().unwrap();
    assert!(ended.is_none(), "it does not wait: {ended:?}, {:?}", child.wait_with_output());
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
}
