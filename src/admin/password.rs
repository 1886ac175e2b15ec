//! A password from a person or a pipe.

use crate::client::Error;
use crate::terminal::hidden_line;
use std::io::{self, IsTerminal as _, Read as _};
use zeroize::Zeroizing;

/// The longest password that is taken.
const BYTES_MAX: u64 = 1024;

/// Reads a password: all of a pipe, or what is typed twice at a terminal, which does not show it.
pub fn read() -> Result<Zeroizing<String>, Error> {
    let password = if io::stdin().is_terminal() { typed() } else { piped() };
    let password = password.map_err(|error| {
        Error::setup(format!("cannot read the password: {error}"), "write it to standard input")
    })?;
    if password.is_empty() {
        return Err(Error::setup("the password is empty", "write it to standard input"));
    }
    Ok(password)
}

fn piped() -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(BYTES_MAX as usize));
    io::stdin().take(BYTES_MAX).read_to_string(&mut text)?;
    Ok(without_end(&text))
}

fn typed() -> io::Result<Zeroizing<String>> {
    let first = hidden_line("Password: ")?.unwrap_or_default();
    if first.is_empty() {
        return Ok(Zeroizing::default());
    }
    let second = hidden_line("Once more: ")?.unwrap_or_default();
    if first != second {
        return Err(io::Error::other("it was typed in two ways"));
    }
    let text = std::str::from_utf8(&first).map_err(|_| io::Error::other("it is no text of UTF-8"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn without_end(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned())
}
