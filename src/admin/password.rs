//! A password from a person or a pipe.

use crate::client::Error;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};
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
    let _silence = Silence::new()?;
    let first = line("Password: ")?;
    let second = line("Once more: ")?;
    if first != second {
        return Err(io::Error::other("it was typed in two ways"));
    }
    Ok(first)
}

fn line(prompt: &str) -> io::Result<Zeroizing<String>> {
    let mut out = io::stderr();
    let _ = write!(out, "{prompt}");
    let mut text = Zeroizing::new(String::with_capacity(BYTES_MAX as usize));
    io::stdin().lock().take(BYTES_MAX).read_line(&mut text)?;
    let _ = writeln!(out);
    Ok(without_end(&text))
}

fn without_end(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// A terminal that shows nothing of what is typed, until this is dropped.
struct Silence(Termios);

impl Silence {
    fn new() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &silent)?;
        Ok(Self(before))
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}
