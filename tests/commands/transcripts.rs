//! The commands as people meet them: files of command lines with what each must answer, run by a shell against a real
//! server with the real programs, so that every message is read in review.
//!
//! `tests/commands/*.txt` are the files; a server of its own runs for each. A block is one command:
//!
//! ```text
//! # what is tried
//! client $ keystead key show nobody      who runs it (client, admin, or nobody: without environment), and the line
//! exit 4                                 the exit code
//! out| ...                               each line of standard output
//! err| ...                               each line of standard error
//! ```
//!
//! What varies from run to run is written as a word in square brackets ([`VARIES`]). With KEYSTEAD_COMMANDS_UPDATE=1 the
//! answers are written anew; read the difference before it is committed.

use crate::support::dev::Dev;
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// The fewest wrong inputs that the files hold: none gets lost.
const WRONG_MIN: usize = 40;

/// `at_terminal COMMAND PROMPT ANSWER ...`: runs a command at a terminal, and types each answer when its prompt is there.
const AT_TERMINAL: &str = r#"#!/bin/sh
command=$1; shift; : >typescript
{
    while [ $# -gt 0 ]; do
        tries=0
        until grep -qaF "$1" typescript || [ $tries -gt 600 ]; do sleep 0.05; tries=$((tries + 1)); done
        printf '%s\n' "$2"; shift 2
    done
    until [ -e ended ]; do sleep 0.05; done
} | { script -qefc "$command" typescript; code=$?; : >ended; exit $code; }
code=$?; rm -f ended; exit $code
"#;

/// A place where a command runs.
struct Place {
    _folder: tempfile::TempDir,
    work: PathBuf,
    dev: Dev,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dev = Dev::start_quietly(&folder.path().join("server"));
        let work = folder.path().join("work");
        std::fs::create_dir(&work).unwrap();
        for name in ["ca.pem", "client.pem", "client.key", "admin.pem", "admin.key"] {
            std::fs::copy(dev.folder.join(name), work.join(name)).unwrap();
        }
        let script = work.join("at_terminal");
        std::fs::write(&script, AT_TERMINAL).unwrap();
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700)).unwrap();
        Self { _folder: folder, work, dev }
    }

    /// Runs a line of the shell as somebody, and gives what came of it as the file writes it.
    fn run(&self, who: &str, line: &str) -> String {
        let programs = Path::new(env!("CARGO_BIN_EXE_keystead")).parent().unwrap();
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
        let mut shell = self.dev.command("sh", who);
        if who == "nobody" {
            for name in ["SERVER", "CA", "CERT", "KEY"] {
                shell.env_remove(format!("KEYSTEAD_{name}"));
            }
        } else {
            shell.env("KEYSTEAD_CA", "ca.pem");
            shell.env("KEYSTEAD_CERT", format!("{who}.pem")).env("KEYSTEAD_KEY", format!("{who}.key"));
        }
        let line = line.replace("[SERVER]", &self.dev.address).replace("[HTTPS]", &self.dev.https);
        shell
            .args(["-c", &line])
            .current_dir(&self.work)
            .env("PATH", path)
            .envs([("LC_ALL", "C.UTF-8"), ("NO_COLOR", "1")]);
        let output = shell.stdin(Stdio::null()).output().unwrap();
        let mut told = format!("exit {}\n", output.status.code().unwrap());
        for (stream, bytes) in [("out", &output.stdout), ("err", &output.stderr)] {
            for line in self.steady(&String::from_utf8_lossy(bytes)).lines() {
                writeln!(told, "{}", format!("{stream}| {line}").trim_end()).unwrap();
            }
        }
        told
    }

    /// The text with a word for everything that varies.
    fn steady(&self, text: &str) -> String {
        let home = self.work.parent().unwrap().display().to_string();
        let known = [
            (self.dev.address.as_str(), "[SERVER]"),
            (self.dev.https.as_str(), "[HTTPS]"),
            (&home, "[DIR]"),
            ("\r", ""),
        ];
        let text = known.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
        VARIES.iter().fold(text, |text, (shape, word)| replaced(&text, shape, word))
    }
}

/// What varies: `h` stands for a hexadecimal digit, `9` for a digit, `*` behind it for any more of them. Longer shapes go first.
const VARIES: &[(&str, &str)] = &[
    ("hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh", "[ID]"),
    ("hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh", "[HEX]"),
    ("9999-99-99T99:99:99Z", "[TIME]"),
    ("9999-99-99", "[DATE]"),
    ("99:99 UTC", "[CLOCK] UTC"),
    ("9999999999999", "[NUMBER]"),
    ("request 9999999999*", "request [NUMBER]"),
    ("up 9* s", "up [UPTIME] s"),
    ("serial 99*", "serial [SERIAL]"),
];

/// The text with a word where the shape is.
fn replaced(text: &str, shape: &str, word: &str) -> String {
    let mut done = String::new();
    let mut rest = text;
    let mut before = ' ';
    while let Some(first) = rest.chars().next() {
        match fits(rest, shape).filter(|_| !before.is_ascii_hexdigit()) {
            Some(length) => {
                done.push_str(word);
                before = ']';
                rest = &rest[length..];
            }
            None => {
                done.push(first);
                before = first;
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    done
}

/// How many bytes at the beginning are of the shape.
fn fits(text: &str, shape: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let is = |letter: char, at: usize| {
        let byte = bytes.get(at)?;
        let same = match letter {
            'h' => byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase(),
            '9' => byte.is_ascii_digit(),
            other => *byte == other as u8,
        };
        same.then_some(())
    };
    let (mut at, mut last) = (0, ' ');
    for letter in shape.chars() {
        if letter == '*' {
            while is(last, at).is_some() {
                at += 1;
            }
        } else {
            is(letter, at)?;
            (at, last) = (at + 1, letter);
        }
    }
    Some(at)
}

/// A file with its answers as they are now, and how many commands in it failed.
fn answered(text: &str) -> (String, usize) {
    let place = Place::new();
    let (mut told, mut wrong) = (String::new(), 0);
    for line in text.lines() {
        if ["exit ", "out|", "err|"].iter().any(|answer| line.starts_with(answer)) {
            continue;
        }
        writeln!(told, "{line}").unwrap();
        if let Some((who, command)) = line.split_once(" $ ").filter(|_| !line.starts_with('#')) {
            let answer = place.run(who, command);
            wrong += usize::from(!answer.starts_with("exit 0"));
            told.push_str(&answer);
        }
    }
    (told, wrong)
}

#[test]
fn commands_answer_as_their_files_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/commands");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|end| end == "txt")).collect();
    files.sort();
    let each = files.iter().map(|file| {
        std::thread::spawn({
            let file = file.clone();
            move || {
                let text = std::fs::read_to_string(&file).unwrap();
                let (told, wrong) = answered(&text);
                (file, text, told, wrong)
            }
        })
    });
    let each: Vec<_> = each.collect();
    let update = std::env::var_os("KEYSTEAD_COMMANDS_UPDATE").is_some();
    let (mut wrong_inputs, mut different) = (0, String::new());
    for file in each {
        let (file, text, told, wrong) = file.join().unwrap();
        wrong_inputs += wrong;
        if update {
            std::fs::write(&file, &told).unwrap();
        } else if text != told {
            writeln!(different, "{}:\n{}", file.display(), difference(&text, &told)).unwrap();
        }
    }
    assert!(different.is_empty(), "{different}KEYSTEAD_COMMANDS_UPDATE=1 writes the answers anew");
    assert!(wrong_inputs >= WRONG_MIN, "only {wrong_inputs} wrong inputs are tried");
}

/// The commands whose answers differ.
fn difference(wanted: &str, told: &str) -> String {
    let blocks = |text: &str| -> Vec<String> { text.split("\n\n").map(str::to_owned).collect() };
    let pairs = blocks(wanted).into_iter().zip(blocks(told));
    let differ = pairs.filter(|(wanted, told)| wanted != told);
    differ.map(|(wanted, told)| format!("wanted\n{wanted}\n\ntold\n{told}\n\n")).collect()
}
