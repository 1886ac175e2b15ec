//! What cryptsetup says when it fails, in words that say what to do.

use super::child::Ended;
use keystead_base::text::printable;

/// What cryptsetup says when two processes write a header at once; it has changed nothing then.
pub const CONCURRENT: &str = "concurrent LUKS2 metadata update";
/// What it says where no header of the wanted kind is.
pub const NO_HEADER: &str = "is not a valid LUKS device";
/// What it says where the kernel has no device-mapper; its node under /dev may be there all the same.
pub const NO_DEVICE_MAPPER: &str = "Cannot initialize device-mapper";
/// What it says where it finds no random numbers, beside that there is no header.
pub const NO_RNG: &str = "Cannot initialize crypto RNG backend";
/// Its exit code for a passphrase that opens nothing.
pub const WRONG_PASSPHRASE: i32 = 2;
/// Its exit code where memory is short.
pub const NO_MEMORY: i32 = 3;
/// Its exit code for a device or a name that is in use.
pub const IN_USE: i32 = 5;

/// What to do where a header says that a re-encryption is under way.
pub const UNFINISHED_REENCRYPTION: &str =
    "a re-encryption of the volume is not finished: finish it first (cryptsetup reencrypt --resume-only)";

/// How much of its own words is shown.
const WORDS_CHARS: usize = 400;

/// What it says, of which step where that matters, and what that means.
const MEANINGS: &[(&str, &str, &str)] = &[
    ("", "marked for LUKS2 reencryption", UNFINISHED_REENCRYPTION),
    ("", NO_RNG, "/dev/random and /dev/urandom are missing (mount -t devtmpfs dev /dev)"),
    (
        "luksAddKey",
        "No space for new keyslot",
        "the header has no room for one more keyslot: remove one that is not needed",
    ),
    ("luksAddKey", "All key slots full", "all keyslots are taken: remove one that is not needed"),
    (
        "token",
        "Failed to import token",
        "the header has no room for one more token: remove one that is not needed (cryptsetup token remove)",
    ),
    (
        "",
        "Not enough available memory",
        "this machine has too little memory for the key derivation of a keyslot",
    ),
    ("", "access denied", "the device is not there, or this user may not use it"),
    ("", "Requires root", "this needs root"),
    ("", "Cannot write to device", "the device cannot be written"),
    ("open", "already exists", "the name is in use"),
    ("open", "in use", "the device is in use: it may be open under another name"),
];

/// What cryptsetup's exit codes mean, where it says nothing (cryptsetup(8)).
const CODES: &[(i32, &str)] = &[
    (1, "it takes these parameters for wrong"),
    (WRONG_PASSPHRASE, "the passphrase or key file opens no keyslot"),
    (NO_MEMORY, "this machine has too little memory for the key derivation of a keyslot"),
    (4, "the device is not there, or this user may not use it"),
    (IN_USE, "the name or the device is in use"),
];

/// Why a step failed: the meaning, and in brackets its own words.
pub fn in_words(step: &str, ended: &Ended) -> String {
    let lines = ended.stderr.lines().map(str::trim).filter(|line| !line.is_empty());
    let words = printable(&lines.collect::<Vec<_>>().join("; "), WORDS_CHARS);
    let concerns =
        |(of, said, _): &&(&str, &str, &str)| (of.is_empty() || *of == step) && words.contains(said);
    let by_words = MEANINGS.iter().find(concerns).map(|(_, _, meaning)| *meaning);
    let code = ended.status.code();
    let by_code = CODES.iter().find(|(number, _)| Some(*number) == code).map(|(_, meaning)| *meaning);
    match (by_words, by_code) {
        (Some(meaning), _) => format!("{meaning}; it said: {words}"),
        (None, Some(meaning)) if words.is_empty() => meaning.to_owned(),
        (None, _) if words.is_empty() => ended.status.to_string(),
        // A wrong passphrase is told in its own words too.
        (None, Some(meaning)) if code == Some(WRONG_PASSPHRASE) => format!("{meaning}; it said: {words}"),
        _ => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::ExitStatus;

    fn told(step: &str, code: i32, stderr: &str) -> String {
        let status = ExitStatus::from_raw(code << 8);
        in_words(step, &Ended { status, stdout: Vec::new(), stderr: stderr.to_owned() })
    }

    #[test]
    fn every_code_and_every_word_has_a_meaning() {
        for (code, meaning) in CODES {
            assert!(told("open", *code, "").contains(meaning), "{code}");
        }
        for (step, said, meaning) in MEANINGS {
            let step = if step.is_empty() { "luksDump" } else { step };
            assert!(told(step, 1, &format!("x {said} y\n")).contains(meaning), "{said}");
        }
        assert_eq!(told("open", 9, ""), "exit status: 9");
        assert_eq!(told("open", 1, " a\n\n b \n"), "a; b");
    }

    #[test]
    fn its_words_are_escaped_and_bounded() {
        let words = told("open", 1, &format!("\u{1b}[2J\r{}", "x".repeat(9000)));
        assert!(!words.contains(char::is_control) && words.chars().count() == WORDS_CHARS, "{words}");
    }
}
