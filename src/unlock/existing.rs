//! The passphrase or key file that opens a volume before it is enrolled.

use super::child::Input;
use super::error::{Error, Result};
use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Read};
use std::path::PathBuf;
use zeroize::Zeroizing;

const NOBODY_TO_ASK: &str = "there is no terminal to ask for the passphrase that opens the volume now: give a key file \
                             with `--existing-key-file FILE` (`-` is standard input), and enrol again";
/// cryptsetup reads no longer passphrase.
const LINE_BYTES_MAX: usize = 512;
/// cryptsetup reads no longer key file, unless it is told so.
const FILE_BYTES_MAX: u64 = 8 << 20;

/// The passphrase or key file that already opens a volume.
pub enum Existing {
    /// It is asked for on the terminal, or a line of standard input where there is none.
    Ask,
    /// All of standard input.
    StandardInput,
    /// A key file, which cryptsetup reads itself.
    File(PathBuf),
}

/// The same at the moment when it is needed: standard input can be read once alone.
pub enum Given<'a> {
    /// cryptsetup asks on the terminal.
    Terminal,
    /// What was read.
    Bytes(Zeroizing<Vec<u8>>),
    /// A key file.
    File(&'a PathBuf),
}

impl Existing {
    /// As the command line says it.
    pub fn new(key_file: Option<PathBuf>) -> Self {
        match key_file {
            None => Self::Ask,
            Some(path) if path.as_os_str() == "-" => Self::StandardInput,
            Some(path) => Self::File(path),
        }
    }

    /// Reads what is on standard input.
    pub fn read(&self) -> Result<Given<'_>> {
        let failed = || Error::system("standard input cannot be read");
        match self {
            Self::File(path) => Ok(Given::File(path)),
            Self::Ask if io::stdin().is_terminal() => Ok(Given::Terminal),
            Self::Ask => match line(io::stdin().lock()).map_err(failed())? {
                line if line.is_empty() => Err(Self::nobody_to_ask()),
                line => Ok(Given::Bytes(line)),
            },
            Self::StandardInput => {
                let mut all = Zeroizing::new(Vec::new());
                io::stdin().lock().take(FILE_BYTES_MAX).read_to_end(&mut all).map_err(failed())?;
                Ok(Given::Bytes(all))
            }
        }
    }

    /// Nobody types a passphrase.
    pub fn nobody_to_ask() -> Error {
        Error::Usage(NOBODY_TO_ASK.to_owned())
    }
}

impl Given<'_> {
    /// What cryptsetup is to read it from, where that is no terminal.
    pub fn key_file(&self) -> Option<OsString> {
        match self {
            Self::Terminal => None,
            Self::Bytes(_) => Some("-".into()),
            // `-` alone is standard input, and what begins so may be taken for an option.
            Self::File(path) if path.as_os_str().as_encoded_bytes().starts_with(b"-") => {
                Some(PathBuf::from(".").join(path).into_os_string())
            }
            Self::File(path) => Some(path.as_os_str().to_owned()),
        }
    }

    /// What stands on cryptsetup's standard input.
    pub fn input(&self) -> Input {
        match self {
            Self::Terminal => Input::Inherited,
            Self::Bytes(bytes) => Input::Bytes(bytes.clone()),
            Self::File(_) => Input::Bytes(Vec::new().into()),
        }
    }
}

/// The first line without its end, byte by byte: what stands behind it is not ours.
fn line(mut from: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut line = Zeroizing::new(Vec::with_capacity(LINE_BYTES_MAX));
    let mut byte = [0];
    while line.len() < LINE_BYTES_MAX && from.read(&mut byte)? == 1 && byte != *b"\n" {
        line.extend_from_slice(&byte);
    }
    Ok(line)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop where it stands")]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_at_its_end() {
        for (input, expected) in [("a b\nc\n", "a b"), ("a", "a"), ("", ""), ("\n", "")] {
            assert_eq!(*line(input.as_bytes()).unwrap(), expected.as_bytes());
        }
    }

    #[test]
    fn a_key_file_is_no_option() {
        let key_file = |name: &str| match Existing::new(Some(name.into())) {
            Existing::File(path) => Given::File(&path).key_file(),
            _ => None,
        };
        assert_eq!(key_file("-k").as_deref(), Some("./-k".as_ref()));
        assert_eq!(key_file("/k").as_deref(), Some("/k".as_ref()));
        assert_eq!(key_file("-"), None);
    }
}
