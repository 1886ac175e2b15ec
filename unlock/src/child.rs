//! Child processes that end in time: at the deadline the child and all that it started is killed, and the child is
//! reaped. No shell, no file, no `/dev/null`: an initramfs has little.

use rustix::process::{Pid, Signal, kill_process_group};
use std::io::{self, Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How often it is looked whether the child has ended.
const LOOK: Duration = Duration::from_millis(5);
/// How long the last words of a child that has ended may take to arrive, and a killed one to end.
const GRACE: Duration = Duration::from_secs(1);
/// How much of standard output and of standard error is kept: the metadata of LUKS2 has at most 4 MiB.
const KEPT: (usize, usize) = (8 << 20, 16 << 10);

/// What the child reads on its standard input: these bytes, and then the end.
pub type Input = Zeroizing<Vec<u8>>;

/// A child that ended by itself.
pub struct Ended {
    /// How.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: String,
}

/// Why there is nothing of a child.
pub enum Failure {
    /// It could not be started.
    Start(io::Error),
    /// It had not ended at the deadline, and was killed.
    Late,
}

/// Runs the command until it ends, or the deadline.
pub fn run(mut command: Command, input: Input, deadline: Instant) -> Result<Ended, Failure> {
    if Instant::now() >= deadline {
        return Err(Failure::Late);
    }
    command.process_group(0);
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    // The command holds what the child inherits: the child alone is to hold the other ends of its pipes.
    drop(command);
    let mut child = spawned.map_err(Failure::Start)?;
    feed(&mut child, input);
    let (stdout, out) = collect(child.stdout.take(), KEPT.0);
    let (stderr, err) = collect(child.stderr.take(), KEPT.1);
    let Some(status) = wait(&mut child, deadline) else {
        end(&mut child);
        return Err(Failure::Late);
    };
    let last = deadline.max(Instant::now()).min(Instant::now() + GRACE);
    for end in [out, err] {
        // What a child left running may hold the pipe open: what has come is enough then.
        let _ = end.recv_timeout(last.saturating_duration_since(Instant::now()));
    }
    let stderr = String::from_utf8_lossy(&taken(&stderr)).into_owned();
    Ok(Ended { status, stdout: taken(&stdout), stderr })
}

/// A pipe holds 64 KiB, and key files may be longer.
fn feed(child: &mut Child, bytes: Input) {
    let Some(mut stdin) = child.stdin.take() else { return };
    // A child that has ended, or never reads, needs no more of it; the pipe ends with the child.
    let write = move || drop(stdin.write_all(&bytes));
    // Without a thread the child reads nothing, and says so.
    drop(thread::Builder::new().spawn(write));
}

/// Reads until the end, keeps as much as wanted, and tells when the end has come.
fn collect(from: Option<impl Read + Send + 'static>, kept: usize) -> (Arc<Mutex<Vec<u8>>>, Receiver<()>) {
    let all = Arc::new(Mutex::new(Vec::new()));
    let (into, (tell, end)) = (all.clone(), channel());
    let read = move || {
        let mut piece = [0; 4096];
        let Some(mut from) = from else { return };
        while let Ok(count) = from.read(&mut piece) {
            let Some(new) = piece.get(..count).filter(|new| !new.is_empty()) else { break };
            let mut all = into.lock().unwrap_or_else(PoisonError::into_inner);
            let room = kept.saturating_sub(all.len()).min(new.len());
            all.extend(new.iter().take(room));
        }
        let _ = tell.send(());
    };
    drop(thread::Builder::new().spawn(read));
    (all, end)
}

fn taken(bytes: &Mutex<Vec<u8>>) -> Vec<u8> {
    std::mem::take(&mut *bytes.lock().unwrap_or_else(PoisonError::into_inner))
}

fn wait(child: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        if Instant::now() >= deadline {
            return None;
        }
        thread::sleep(LOOK);
    }
}

/// Kills and reaps. A child that the kernel holds, for a device that does not answer, is left to init.
fn end(child: &mut Child) {
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    let _ = child.kill();
    let _ = wait(child, Instant::now() + GRACE);
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop where it stands")]
mod tests {
    use super::*;

    fn sh(script: &str, input: &[u8], limit: Duration) -> Result<Ended, Failure> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        run(command, input.to_vec().into(), Instant::now() + limit)
    }

    #[test]
    fn a_child_is_fed_heard_and_judged() {
        let ended =
            sh("cat; echo words >&2; exit 7", &[b'x'; 200_000], Duration::from_secs(20)).ok().unwrap();
        assert_eq!((ended.stdout.len(), ended.status.code()), (200_000, Some(7)));
        assert_eq!(ended.stderr, "words\n");
    }

    #[test]
    fn a_child_that_says_too_much_is_heard_to_its_end() {
        let ended = sh("yes | head -c 9000000 >&2", b"", Duration::from_secs(20)).ok().unwrap();
        assert!(ended.status.success());
        assert_eq!(ended.stderr.len(), KEPT.1);
    }

    #[test]
    fn at_the_deadline_the_child_and_its_children_are_gone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let script = format!("sleep 100 & echo $! >{}; wait", file.display());
        let late = sh(&script, b"key", Duration::from_millis(700));
        assert!(matches!(late, Err(Failure::Late)));
        let pid = std::fs::read_to_string(file).unwrap();
        let state = || std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        let is_gone = || [") Z ", ") X "].iter().any(|dead| state().contains(dead)) || state().is_empty();
        // A process that was killed goes when it is scheduled next.
        let soon = Instant::now() + Duration::from_secs(20);
        while !is_gone() {
            assert!(Instant::now() < soon, "{}", state());
            thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn what_a_child_leaves_running_does_not_hold_the_answer_up() {
        let began = Instant::now();
        let ended = sh("sleep 8 & echo done", b"", Duration::from_secs(20)).ok().unwrap();
        assert_eq!(ended.stdout, b"done\n");
        assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    }

    #[test]
    fn what_is_late_already_is_not_started() {
        assert!(matches!(sh("true", b"", Duration::ZERO), Err(Failure::Late)));
        let missing = run(Command::new("/no/such"), Input::default(), Instant::now() + GRACE);
        assert!(matches!(missing, Err(Failure::Start(_))));
    }
}
