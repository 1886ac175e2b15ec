//! The passphrase or key file that opens a volume before it is enrolled.

use super::console::{self, say};
use super::cryptsetup::{OpenAs, Volume};
use super::error::{Error, Result};
use keystead_client::terminal;
use std::cell::OnceCell;
use std::fs::File;
use std::io::{self, IsTerminal as _, Read};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const NOBODY_TO_ASK: &str = "there is no terminal to ask for the passphrase that opens the volume now: give a key file \
                             with `--existing-key-file FILE` (`-` is standard input), and enrol again";
const NOTHING_TYPED: &str =
    "no passphrase was typed, and one that opens the volume now is needed: enrol again";
/// cryptsetup reads no longer passphrase.
const LINE_BYTES_MAX: usize = 512;
/// cryptsetup reads no longer key file, unless it is told so.
const FILE_BYTES_MAX: usize = 8 << 20;
/// How often a person may mistype.
const TRIES: u32 = 3;

/// The passphrase or key file that opens a volume before it is enrolled. It is read when it is needed, and once.
pub struct Existing {
    source: Source,
    opening: OnceCell<Given>,
}

enum Source {
    /// It is asked for on the terminal, or a line of standard input where there is none.
    Ask,
    /// All of standard input.
    StandardInput,
    /// A key file, or a pipe under a name.
    File(PathBuf),
}

/// What was read.
pub struct Given {
    bytes: Zeroizing<Vec<u8>>,
    /// The file that it stands in, where it can be read again.
    file: Option<PathBuf>,
}

impl Existing {
    /// As the command line says it.
    pub fn new(key_file: Option<PathBuf>) -> Self {
        let source = match key_file {
            None => Source::Ask,
            Some(path) if path.as_os_str() == "-" => Source::StandardInput,
            Some(path) => Source::File(path),
        };
        Self { source, opening: OnceCell::new() }
    }

    /// What opens the volume: read, and tried. Nothing is changed.
    pub fn opening(&self, volume: &Volume) -> Result<&Given> {
        if let Some(given) = self.opening.get() {
            return Ok(given);
        }
        let tries = if self.is_typed() { TRIES } else { 1 };
        for attempt in 1..=tries {
            let given = self.read(volume, attempt)?;
            // No passphrase is empty, and cryptsetup would ask for one itself.
            if !given.bytes.is_empty() && volume.open(&given.bytes, None, &OpenAs::Test)? {
                return Ok(self.opening.get_or_init(|| given));
            }
            let error = self.opens_nothing(volume, &given);
            if attempt == tries {
                return Err(error);
            }
            say(format_args!("{error}"));
        }
        Err(nobody_to_ask())
    }

    fn is_typed(&self) -> bool {
        matches!(self.source, Source::Ask) && io::stdin().is_terminal()
    }

    fn read(&self, volume: &Volume, attempt: u32) -> Result<Given> {
        let failed = || Error::system("standard input cannot be read");
        let (bytes, file) = match &self.source {
            Source::Ask if io::stdin().is_terminal() => {
                let again = if attempt == 1 { String::new() } else { format!(" (try {attempt} of {TRIES})") };
                let prompt = format!("Passphrase that opens {} now{again}: ", console::path(volume.device()));
                match terminal::hidden_line(&prompt).map_err(failed())? {
                    Some(typed) => (typed, None),
                    None => return Err(Error::Usage(NOTHING_TYPED.to_owned())),
                }
            }
            // Byte by byte, so that no buffer keeps it.
            Source::Ask => (line(Unbuffered).map_err(failed())?, None),
            Source::StandardInput => (bounded(Unbuffered).map_err(failed())?, None),
            Source::File(path) => {
                let unread = || Error::system(format!("the key file {} cannot be read", console::path(path)));
                let file = File::open(path).map_err(unread())?;
                let is_file = file.metadata().map_err(unread())?.is_file();
                (bounded(file).map_err(unread())?, is_file.then(|| path.clone()))
            }
        };
        match bytes.len() {
            // Enter alone is a try like another.
            0 if self.is_typed() => Ok(Given { bytes, file }),
            0 if matches!(self.source, Source::Ask) => Err(nobody_to_ask()),
            0 => Err(self.wrong("is empty, and a passphrase or key that opens the volume now is needed".to_owned())),
            length if length > FILE_BYTES_MAX => Err(self.wrong(format!(
                "is longer than the {FILE_BYTES_MAX} bytes that cryptsetup reads of a key file: is it the right file?"
            ))),
            _ => Ok(Given { bytes, file }),
        }
    }

    fn wrong(&self, why: String) -> Error {
        Error::Existing(format!("{} {why}", self.name()))
    }

    fn name(&self) -> String {
        match &self.source {
            Source::Ask if self.is_typed() => "what was typed".to_owned(),
            Source::Ask => "the line on standard input".to_owned(),
            Source::StandardInput => "what is on standard input".to_owned(),
            Source::File(path) => format!("the key file {}", console::path(path)),
        }
    }

    fn opens_nothing(&self, volume: &Volume, given: &Given) -> Error {
        let hint = match given.bytes.ends_with(b"\n") {
            true => "; it ends with a line end, which counts, and which a passphrase that is typed has not",
            false => "",
        };
        Error::OpensNothing(format!(
            "{} opens no keyslot of {}{hint}",
            self.name(),
            console::path(volume.device())
        ))
    }
}

/// Standard input without a buffer, which would keep what is secret and take what stands behind it.
struct Unbuffered;

impl Read for Unbuffered {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::read(io::stdin(), into)?)
    }
}

/// Nobody types a passphrase.
fn nobody_to_ask() -> Error {
    Error::Usage(NOBODY_TO_ASK.to_owned())
}

impl Given {
    /// The bytes.
    pub fn expose(&self) -> &[u8] {
        &self.bytes
    }

    /// The file that cryptsetup may read them from, by a name that is no option.
    pub fn file(&self) -> Option<PathBuf> {
        let file = self.file.as_ref()?;
        let is_option = file.as_os_str().as_encoded_bytes().starts_with(b"-");
        Some(if is_option { Path::new(".").join(file) } else { file.clone() })
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

/// All of it, and a byte more than is allowed at most.
fn bounded(from: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut all = Zeroizing::new(Vec::new());
    from.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut all)?;
    Ok(all)
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
        let file = |name: &str| Given { bytes: Vec::new().into(), file: Some(name.into()) }.file();
        assert_eq!(file("-k"), Some("./-k".into()));
        assert_eq!(file("/k"), Some("/k".into()));
    }
}
