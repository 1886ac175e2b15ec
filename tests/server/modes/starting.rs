//! Starts that are told to stop, whatever they are at; and those whose HSM hangs, which end by themselves. They end with their
//! exit code and by no signal: the module for tests aborts a process that runs its exit handlers while a call is under way.

use super::*;
use rustix::process::{Pid, Signal, kill_process};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};

/// A folder whose HSM does what a script says.
struct Scripted {
    folder: tempfile::TempDir,
    real: PathBuf,
}

impl Scripted {
    fn new(call_timeout_seconds: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("server");
        drop(Dev::start_quietly(&place));
        let config = std::fs::read_to_string(place.join("keystead.toml")).unwrap();
        let line = config.lines().find(|line| line.starts_with("module = ")).unwrap();
        let faulty = module(&std::env::current_exe().unwrap());
        let changed = format!("module = {faulty:?}\ncall_timeout_seconds = {call_timeout_seconds}");
        let changed = config.replace(line, &changed).replace("mode = \"cached\"", "mode = \"strict\"");
        std::fs::write(place.join("keystead.toml"), changed).unwrap();
        Self { folder, real: line.split('"').nth(1).unwrap().into() }
    }

    fn place(&self) -> PathBuf {
        self.folder.path().join("server")
    }

    fn follow(&self, script: &str) {
        std::fs::write(self.folder.path().join("half"), script).unwrap();
        std::fs::rename(self.folder.path().join("half"), self.script()).unwrap();
    }

    fn script(&self) -> PathBuf {
        self.folder.path().join("script")
    }

    fn environment(&self) -> [(&'static str, PathBuf); 3] {
        [
            (keystead_faulty_module::MODULE, self.real.clone()),
            (keystead_faulty_module::SCRIPT, self.script()),
            (keystead_faulty_module::ABORTS, "1".into()),
        ]
    }

    /// A command of the server's program on this folder.
    fn spawn(&self, arguments: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_keystead"))
            .args(arguments)
            .current_dir(self.place())
            .envs(self.environment())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn start(&self) -> Child {
        self.spawn(&DEV)
    }
}

const DEV: [&str; 7] = ["dev", "--listen", "127.0.0.1:0", "--https", "127.0.0.1:0", "--dir", "."];

/// The exit code of a start whose HSM does not answer (src/exit.rs).
const HSM_AWAY: i32 = 13;

/// That of one whose HSM is set up wrongly.
const CONFIGURATION: i32 = 10;

/// The calls that a start waits for.
const CALLS: [&str; 6] =
    ["C_Initialize", "C_GetSlotList", "C_OpenSession", "C_Login", "C_FindObjectsInit", "C_DecryptInit"];

fn stop(child: &Child) {
    kill_process(Pid::from_child(child), Signal::TERM).unwrap();
}

/// Tells it to stop when it has had the time to come to the call that hangs.
fn told_to_stop(mut child: Child) -> (ExitStatus, String) {
    std::thread::sleep(Duration::from_millis(1500));
    let ended = child.try_wait().unwrap();
    assert!(ended.is_none(), "it does not wait: {ended:?}, {:?}", child.wait_with_output());
    stop(&child);
    let ended = child.wait_with_output().unwrap();
    (ended.status, String::from_utf8_lossy(&ended.stderr).into_owned())
}

#[test]
fn a_start_waits_so_long_for_the_hsm_and_no_longer() {
    let scripted = Scripted::new(1);
    for call in CALLS {
        scripted.follow(&format!("{call} * hang"));
        let ended = scripted.start().wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(HSM_AWAY), "{call}: {:?} {told}", ended.status);
        assert!(told.contains("did not answer within 1000 ms"), "{call}: {told}");
        let check = scripted.spawn(&["check", "--config", "keystead.toml"]).wait_with_output().unwrap();
        assert_eq!(check.status.code(), Some(1), "{call}: {check:?}");
    }
}

#[test]
fn a_start_that_waits_for_the_hsm_can_be_stopped() {
    let scripted = Scripted::new(60);
    for call in CALLS {
        scripted.follow(&format!("{call} * hang"));
        let (status, told) = told_to_stop(scripted.start());
        assert_eq!(status.code(), Some(0), "{call}: {status:?} {told}");
        assert!(told.contains("stopped before the start was done"), "{call}: {told}");
    }
}

/// Whatever a start is at, on the token itself: it ends with 0, or by SIGTERM where it does not hear it yet; the next one is good.
#[test]
fn a_start_that_is_stopped_at_any_moment_ends_with_its_exit_code() {
    let scripted = Scripted::new(5);
    let place = scripted.place();
    let seed = 20_261_130_u64;
    let mut random = seed;
    let mut below = |limit: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % limit
    };
    let mut heard = 0;
    let rounds = if std::env::var_os("KEYSTEAD_SOAK").is_some() { 500 } else { 30 };
    for round in 0..rounds {
        let slow: String = CALLS.iter().map(|call| format!("{call} * delay {}\n", below(12))).collect();
        scripted.follow(&slow);
        let child = scripted.start();
        std::thread::sleep(Duration::from_millis(below(700)));
        stop(&child);
        let ended = child.wait_with_output().unwrap();
        let is_good = ended.status.code() == Some(0) || ended.status.signal() == Some(Signal::TERM.as_raw());
        assert!(is_good, "seed {seed}, round {round}: {ended:?}");
        heard += u32::from(ended.status.code() == Some(0));
    }
    assert!(heard > 3, "few starts hear that they are to stop: {heard}");
    scripted.follow("");
    drop(Dev::in_environment(
        &place,
        &scripted.environment().each_ref().map(|(name, path)| (*name, path.as_path())),
    ));
}

/// One session is enough, however many threads there are; where there is none, that is told.
#[test]
fn a_start_needs_one_session() {
    let scripted = Scripted::new(5);
    let file = scripted.place().join("keystead.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    std::fs::write(
        &file,
        config.replace("call_timeout_seconds = 5", "call_timeout_seconds = 5\nworkers = 16"),
    )
    .unwrap();
    for sessions in [1, 4] {
        scripted.follow(&format!("C_OpenSession * limit {sessions}\nC_Finalize * hang"));
        let environment = scripted.environment();
        let dev = Dev::in_environment(
            &scripted.place(),
            &environment.each_ref().map(|(name, path)| (*name, path.as_path())),
        );
        let id = created(&mut wire::connect(&dev, "one"));
        let work = || {
            let mut wire = wire::connect(&dev, "one");
            for _ in 0..5 {
                assert_eq!(get(&mut wire, &id).result_status, ResultStatus::Success, "{sessions} sessions");
            }
        };
        std::thread::scope(|scope| (0..8).for_each(|_| drop(scope.spawn(work))));
    }
    scripted.follow("C_OpenSession * limit 0");
    let ended = scripted.start().wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(HSM_AWAY), "{ended:?}");
    assert!(String::from_utf8_lossy(&ended.stderr).contains("CKR_SESSION_COUNT"), "{ended:?}");
}

/// A token that cannot do what it is asked for, or has no PIN yet, ends the start as wrongly set up.
#[test]
fn a_start_on_a_token_that_is_set_up_otherwise() {
    let scripted = Scripted::new(5);
    for (script, words) in [
        ("C_Login * return 0x102", "no PIN of its user yet"),
        ("C_EncryptInit * return 0x70\nC_DecryptInit * return 0x70", "CKM_AES_GCM"),
    ] {
        scripted.follow(script);
        let ended = scripted.start().wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(CONFIGURATION), "{script}: {ended:?}");
        assert!(String::from_utf8_lossy(&ended.stderr).contains(words), "{script}: {ended:?}");
    }
}

/// A server whose HSM hangs while it serves ends with 0 as well.
#[test]
fn a_server_that_is_stopped_while_the_hsm_hangs_ends_with_its_exit_code() {
    let scripted = Scripted::new(2);
    scripted.follow("");
    let environment = scripted.environment();
    let environment = environment.each_ref().map(|(name, path)| (*name, path.as_path()));
    let mut dev = Dev::in_environment(&scripted.place(), &environment);
    let mut wire = wire::connect(&dev, "one");
    let id = created(&mut wire);
    scripted.follow("C_DecryptInit * hang");
    std::thread::scope(|scope| {
        scope.spawn(|| get(&mut wire, &id));
        std::thread::sleep(Duration::from_millis(300));
        dev.terminate();
        let status = dev.wait();
        assert_eq!(status.code(), Some(0), "{status:?}");
    });
}

fn module(test: &Path) -> PathBuf {
    let name = "libkeystead_faulty_module.so";
    let found = test.ancestors().skip(1).take(2).map(|folder| folder.join(name)).find(|path| path.exists());
    found.expect("the faulty module is not built")
}
