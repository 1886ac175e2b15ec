//! Standard output, where the commands write their results: the one place that does.

use crate::Error;
use keystead_base::text::printable;
use serde::Serialize;
use std::io::{self, StdoutLock, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether there was no standard output when the process began. Rust opens /dev/null in its place, which takes everything.
static CLOSED: AtomicBool = AtomicBool::new(false);

/// Called before Rust's own beginning.
#[used]
#[allow(unsafe_code, reason = "a C interface")]
// SAFETY: the section holds pointers to functions, which the C library calls before `main`.
#[unsafe(link_section = ".init_array")]
static LOOK: extern "C" fn() = look;

#[allow(unsafe_code, reason = "a C interface")]
extern "C" fn look() {
    // SAFETY: asks for the flags of a descriptor, which need not be open.
    let flags = unsafe { libc::fcntl(libc::STDOUT_FILENO, libc::F_GETFD) };
    CLOSED.store(flags == -1, Ordering::Relaxed);
}

/// Standard output, where it is open: a result that nobody gets is none.
pub fn open() -> io::Result<StdoutLock<'static>> {
    match CLOSED.load(Ordering::Relaxed) {
        true => Err(io::Error::other("it is closed")),
        false => Ok(io::stdout().lock()),
    }
}

/// Writes all of a result.
pub fn write(bytes: &[u8]) -> io::Result<()> {
    let mut out = open()?;
    out.write_all(bytes)?;
    out.flush()
}

/// Writes lines for people or programs that say what was done.
pub fn say(text: &str) -> Result<(), Error> {
    lines(text, "what was asked for is done; give a place that takes what there is to say of it")
}

/// Writes lines beside an exit code that says the same: who has closed standard output asks for that alone, as with /dev/null.
pub fn say_beside(text: &str) -> Result<(), Error> {
    if CLOSED.load(Ordering::Relaxed) { Ok(()) } else { lines(text, ANOTHER_PLACE) }
}

const ANOTHER_PLACE: &str = "give a place that takes what there is to say";

/// A reader that has gone has seen enough, as `head` has.
fn lines(text: &str, advice: &str) -> Result<(), Error> {
    match write(text.as_bytes()).and_then(|()| if text.ends_with('\n') { Ok(()) } else { write(b"\n") }) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(because(&error, advice)),
        _ => Ok(()),
    }
}

/// That there is no place for what was asked to be shown.
pub fn unwritten(error: &io::Error) -> Error {
    because(error, ANOTHER_PLACE)
}

fn because(error: &io::Error, advice: &str) -> Error {
    let why = printable(&error.to_string(), 200);
    Error::setup(format!("standard output cannot be written: {why}"), advice)
}

/// JSON in one line. What a terminal would obey, or nobody would see, is escaped in its texts.
pub fn json_line(value: &impl Serialize) -> String {
    let text = serde_json::to_value(value).map(|value| value.to_string()).unwrap_or_default();
    let escape = |c: char| match printable(c.encode_utf8(&mut [0; 4]), ESCAPED_CHARS) {
        shown if shown.starts_with(c) => shown,
        _ => c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
    };
    text.chars().map(escape).collect()
}

/// As long as one escaped character is at most.
const ESCAPED_CHARS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_steers_no_terminal_and_says_the_same() {
        let text = "a\u{1b}[31m\u{9b}\u{202e}\u{e0001} é鍵";
        let shown = json_line(&text);
        assert!(!shown.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\u{e0001}']), "{shown}");
        assert_eq!(serde_json::from_str::<String>(&shown).ok().as_deref(), Some(text));
    }
}
