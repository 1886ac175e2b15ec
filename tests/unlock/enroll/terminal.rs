//! The passphrase at a terminal: of whatever bytes, edited as the terminal does it; and a terminal that is left as it was.

use super::*;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// A terminal at which something runs.
struct Terminal {
    child: Child,
    keys: ChildStdin,
    screen: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    /// Runs `keystead-unlock enroll VOLUME` after its process has told its number, and tells at the end how it ended and what the
    /// terminal is set to.
    fn enrolling(host: &Host) -> Self {
        let server = host.fake.address.to_string();
        let enroll = host.command(&["--server", &server, "enroll", host.luks.path()], None);
        let words = std::iter::once(enroll.get_program()).chain(enroll.get_args());
        let words: Vec<_> = words.map(|word| word.to_str().unwrap().to_owned()).collect();
        let line = format!(
            "trap : INT QUIT TSTP; sh -c 'echo \"pid=$$;\"; exec {}'; echo \"code=$?;\"; stty -a; echo ended",
            words.join(" ")
        );
        // Signals that whoever runs the tests ignores, as nohup does, would stay ignored.
        let mut child = Command::new("env")
            .args(["--default-signal=HUP,INT,QUIT,TERM,TSTP", "script", "-qefc", &line, "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (screen, mut out) = (Arc::new(Mutex::new(Vec::new())), child.stdout.take().unwrap());
        let into = screen.clone();
        std::thread::spawn(move || {
            let mut piece = [0; 1024];
            while let Ok(count @ 1..) = out.read(&mut piece) {
                into.lock().unwrap().extend_from_slice(&piece[..count]);
            }
        });
        Self { keys: child.stdin.take().unwrap(), child, screen }
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().unwrap()).into_owned()
    }

    fn wait_for(&self, words: &str) {
        let soon = Instant::now() + Duration::from_secs(60);
        while !self.shown().contains(words) {
            assert!(Instant::now() < soon, "no {words:?}: {}", self.shown());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn press(&mut self, keys: &[u8]) {
        self.keys.write_all(keys).unwrap();
        self.keys.flush().unwrap();
    }

    fn pid(&self) -> Pid {
        let shown = self.shown();
        let pid = shown.split("pid=").nth(1).unwrap().split(';').next().unwrap();
        Pid::from_raw(pid.parse().unwrap()).unwrap()
    }

    /// What was shown until the end, and the exit code as the shell tells it.
    fn end(mut self) -> (String, i32) {
        self.wait_for("ended");
        drop(self.keys);
        let _ = self.child.wait();
        let shown = String::from_utf8_lossy(&self.screen.lock().unwrap()).into_owned();
        let code = shown.split("code=").nth(1).unwrap().split(';').next().unwrap().parse().unwrap();
        (shown, code)
    }
}

const PROMPT: &str = "now: ";

fn is_as_it_was(shown: &str) -> bool {
    let modes = shown.rsplit("code=").next().unwrap();
    ["isig", "icanon", "echo"].iter().all(|wanted| modes.split_whitespace().any(|mode| mode == *wanted))
}

/// The terminal stayed without echo, and Ctrl-C was read as a letter.
#[test]
fn whatever_ends_the_prompt_leaves_the_terminal_as_it_was() {
    for (signal, key) in [
        (Signal::TERM, None),
        (Signal::HUP, None),
        (Signal::INT, None),
        (Signal::INT, Some(3)),
        (Signal::QUIT, Some(28)),
    ] {
        let host = Host::new();
        let mut terminal = Terminal::enrolling(&host);
        terminal.wait_for(PROMPT);
        match key {
            None => kill_process(terminal.pid(), signal).unwrap(),
            Some(key) => terminal.press(&[b'x', key]),
        }
        let (shown, code) = terminal.end();
        assert_eq!(code, 128 + signal.as_raw(), "{signal:?} {key:?}: {shown}");
        assert!(is_as_it_was(&shown), "{signal:?} {key:?}: {shown}");
        assert!(host.keys.states().is_empty() && host.luks.tokens().is_empty());
    }
}

/// After a stop it asks on, and shows nothing.
#[test]
fn a_prompt_that_was_stopped_goes_on() {
    let host = Host::new();
    let mut terminal = Terminal::enrolling(&host);
    terminal.wait_for(PROMPT);
    // The system stops no process whose shell could not continue it, as this one's: the signal passes, and it asks on.
    kill_process(terminal.pid(), Signal::TSTP).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    terminal.press(format!("{PASSPHRASE}\n").as_bytes());
    let (shown, code) = terminal.end();
    assert_eq!(code, 0, "{shown}");
    assert!(!shown.contains(PASSPHRASE) && is_as_it_was(&shown), "{shown}");
}

/// A passphrase of a Latin-1 console was refused as no text; keys that edit became part of it.
#[test]
fn a_passphrase_is_bytes_and_the_terminal_edits_it() {
    let host = Host::new();
    let latin = host.folder.path().join("latin");
    std::fs::write(&latin, b"p\xe9ss").unwrap();
    let key = host.luks.key_file.to_str().unwrap();
    let fixed =
        ["luksAddKey", "-q", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", "--key-file", key];
    let added = Command::new("cryptsetup").args(fixed).arg(host.luks.path()).arg(&latin).output().unwrap();
    assert!(added.status.success(), "{}", words(&added));
    let header = std::fs::read(&host.luks.file).unwrap();
    for typed in [
        &b"p\xe9ss\n"[..],
        b"wrong words\x17\x17first passphrase\n",
        b"wrong\x15first passphrase\n",
        b"first \x04passphrase\n",
        b"firsx\x7ft passphrase\n",
    ] {
        std::fs::write(&host.luks.file, &header).unwrap();
        host.keys.0.lock().unwrap().clear();
        let mut terminal = Terminal::enrolling(&host);
        terminal.wait_for(PROMPT);
        terminal.press(typed);
        let (shown, code) = terminal.end();
        assert_eq!(code, 0, "{typed:?}: {shown}");
        assert!(!shown.contains("first") && is_as_it_was(&shown), "{shown}");
    }
}

/// Enter alone was answered with "there is no terminal".
#[test]
fn enter_alone_is_a_try() {
    let host = Host::new();
    let mut terminal = Terminal::enrolling(&host);
    for prompt in [PROMPT, "(try 2 of 3): "] {
        terminal.wait_for(prompt);
        terminal.press(b"\n");
    }
    terminal.wait_for("(try 3 of 3): ");
    terminal.press(format!("{PASSPHRASE}\n").as_bytes());
    let (shown, code) = terminal.end();
    assert!(code == 0 && !shown.contains("there is no terminal"), "{shown}");
    let host = Host::new();
    let mut terminal = Terminal::enrolling(&host);
    for prompt in [PROMPT, "(try 2 of 3): ", "(try 3 of 3): "] {
        terminal.wait_for(prompt);
        terminal.press(b"\n");
    }
    let (shown, code) = terminal.end();
    assert!(code == 5 && shown.contains("opens no keyslot"), "{shown}");
    let host = Host::new();
    let mut terminal = Terminal::enrolling(&host);
    terminal.wait_for(PROMPT);
    terminal.press(&[4]);
    let (shown, code) = terminal.end();
    assert!(code == 2 && shown.contains("no passphrase was typed"), "{shown}");
}
