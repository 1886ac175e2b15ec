//! Standard output, where the commands write their results: the one place that does.

use crate::client::Error;
use crate::text::printable;
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
