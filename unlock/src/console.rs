//! What people are told. Everything goes through here, so that no text of a header, a server or a child steers the
//! terminal.

use keystead_base::text::printable;
use keystead_client::Settings;
use std::fmt::Arguments;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How long one line may be.
const LINE_CHARS: usize = 4000;
/// How much of a foreign name is shown: an identifier, a path, a UUID.
const NAME_CHARS: usize = 160;

/// How much of a path that a command names, which is wrong when it is cut.
const ARGUMENT_CHARS: usize = 1000;

/// What was said since programs began to be told instead of people; none where people are told.
static NEWS: Mutex<Option<Vec<String>>> = Mutex::new(None);

fn news() -> MutexGuard<'static, Option<Vec<String>>> {
    NEWS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on what is said is kept, for a program that reads JSON.
pub fn keep() {
    *news() = Some(Vec::new());
}

/// Whether a program is told, so that nobody can be asked.
pub fn is_kept() -> bool {
    news().is_some()
}

/// What was kept.
pub fn kept() -> Vec<String> {
    news().take().unwrap_or_default()
}

/// Tells a person what goes on; standard output stays free for what programs read.
pub fn say(line: Arguments<'_>) {
    if let Some(kept) = news().as_mut() {
        return kept.push(line.to_string());
    }
    // Nobody may be there to read it: that must not stop a boot.
    let _ = writeln!(std::io::stderr(), "keystead-unlock: {}", printable(&line.to_string(), LINE_CHARS));
}

/// Tells that the private key of this machine is no secret.
pub fn warn(settings: &Settings) {
    if let Some(text) = settings.files.warning() {
        say(format_args!("warning: {text}"));
    }
}

/// A foreign name as it may be shown.
pub fn shown(name: &str) -> String {
    printable(name, NAME_CHARS)
}

/// A path as it may be shown.
pub fn path(path: &Path) -> String {
    shown(&path.to_string_lossy())
}

/// A path as an argument of a command that a person may paste into a shell.
pub fn argument(path: &Path) -> String {
    let text = printable(&path.to_string_lossy(), ARGUMENT_CHARS);
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:,@%=".contains(c);
    let text = if text.starts_with('-') { format!("./{text}") } else { text };
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_what_a_shell_takes() {
        for (path, shell) in [("/dev/sda1", "/dev/sda1"), ("-v.img", "./-v.img"), ("a b'c", r"'a b'\''c'")] {
            assert_eq!(argument(Path::new(path)), shell);
        }
    }
}
