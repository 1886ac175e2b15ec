//! Questions before something that cannot be undone. Only a person at a terminal is asked: scripts go on as they are.

use crate::client::Error;
use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

/// The longest answer that is read.
const ANSWER_BYTES_MAX: u64 = 100;

/// Whether there is a person to ask.
pub fn is_asked(yes: bool) -> bool {
    !yes && io::stdin().is_terminal()
}

/// Asks; whether the answer was yes.
pub fn ask(question: &str) -> io::Result<bool> {
    let _ = write!(io::stderr(), "{question} [y/N] ");
    let mut answer = String::new();
    io::stdin().lock().take(ANSWER_BYTES_MAX).read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Asks, and fails where the answer was not yes.
pub fn must_say_yes(question: &str) -> Result<(), Error> {
    match ask(question) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Error::usage("nothing was done", "answer `y`, or give --yes")),
        Err(error) => Err(Error::setup(format!("the answer cannot be read: {error}"), "give --yes")),
    }
}
