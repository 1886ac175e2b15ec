//! Everything that `cryptsetup` is asked to do. Keys reach it through pipes that it inherits.

use super::error::{Error, Result};
use super::header::Header;
use super::passphrase::Passphrase;
use super::token::Token;
use rustix::io::{FdFlags, fcntl_setfd};
use std::ffi::{OsStr, OsString};
use std::io::{self, PipeReader, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

/// What cryptsetup says when two processes write a header at once; it has changed nothing then.
const CONCURRENT: &str = "concurrent LUKS2 metadata update";
/// What cryptsetup says where nobody types a passphrase.
const NOTHING_TO_READ: &str = "Nothing to read on input";
const NOBODY_TO_ASK: &str = "there is no terminal to ask for the passphrase that opens the volume now: give a key file \
                             with `--existing-key-file FILE` (`-` is standard input), and enrol again";
/// How often a refused header write is tried.
const TRIES: u32 = 8;
/// cryptsetup's exit code for a passphrase that opens nothing.
const WRONG_PASSPHRASE: i32 = 2;

/// A volume, as a device or a file.
pub struct Volume {
    device: PathBuf,
}

/// The passphrase or key file that already opens a volume. It goes to cryptsetup unread.
pub enum Existing {
    /// cryptsetup asks for it on the terminal, or reads a line of standard input.
    Ask,
    /// A key file; `-` is standard input.
    File(PathBuf),
}

impl Volume {
    /// Of this device.
    pub fn new(device: PathBuf) -> Self {
        Self { device }
    }

    /// The device.
    pub fn device(&self) -> &Path {
        &self.device
    }

    /// An error about this volume.
    pub fn error(&self, why: impl Into<String>) -> Error {
        Error::Volume { device: self.device.clone(), why: why.into() }
    }

    /// Reads the header.
    pub fn header(&self) -> Result<Header> {
        let dump = ["--dump-json-metadata".as_ref()];
        let json = self.run("luksDump", &dump, Input::Nothing).map_err(|error| {
            self.error(format!("no LUKS2 volume (`cryptsetup convert` makes one of LUKS1): {error}"))
        })?;
        let uuid = self.run("luksUUID", &[], Input::Nothing)?;
        let (uuid, json) = (String::from_utf8_lossy(&uuid), String::from_utf8_lossy(&json));
        Header::parse(uuid.trim().to_owned(), &json)
            .map_err(|error| self.error(format!("its metadata cannot be read: {error}")))
    }

    /// Writes a token: a new one, or in the place of the one with this number.
    pub fn write_token(&self, token: &Token, number: Option<&str>) -> Result<()> {
        let json = serde_json::to_vec(token).map_err(|error| self.error(error.to_string()))?;
        let place: Vec<&OsStr> = match number {
            Some(number) => vec!["--token-replace".as_ref(), "--token-id".as_ref(), number.as_ref()],
            None => vec![],
        };
        let args = [&["import".as_ref(), "--json-file".as_ref(), "-".as_ref()], place.as_slice()].concat();
        self.run("token", &args, Input::Bytes(&json)).map(drop)
    }

    /// Adds a keyslot with this number. Its passphrase has 256 bits, so a cheap key derivation does.
    pub fn add_keyslot(&self, slot: &str, existing: &Existing, new: &Passphrase) -> Result<()> {
        let size = new.expose().len().to_string();
        let fixed = ["--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", "--new-key-slot", slot];
        let output = self.while_contended(|| {
            // A pipe is empty once it was read: each try has its own.
            let pipe = inherited(new.expose()).map_err(Error::system("a pipe cannot be made"))?;
            let new_key = OsString::from(format!("/dev/fd/{}", pipe.as_raw_fd()));
            let mut args: Vec<&OsStr> = fixed.map(OsStr::new).to_vec();
            if let Existing::File(path) = existing {
                args.extend(["--key-file".as_ref(), path.as_os_str()]);
            }
            args.extend(["--new-keyfile-size", size.as_str(), "--new-keyfile"].map(OsStr::new));
            args.push(&new_key);
            self.once("luksAddKey", &args, &Input::Terminal)
        })?;
        match (failed("luksAddKey", &output), existing) {
            _ if output.status.success() => Ok(()),
            (Error::Cryptsetup { said, .. }, Existing::Ask) if said.contains(NOTHING_TO_READ) => {
                Err(Error::Usage(NOBODY_TO_ASK))
            }
            (error, _) => Err(error),
        }
    }

    /// Whether the passphrase opens this keyslot, without opening the volume.
    pub fn opens(&self, slot: &str, passphrase: &Passphrase) -> Result<bool> {
        let args = ["--test-passphrase".as_ref()];
        match self.open_with(slot, passphrase, &args) {
            Ok(()) => Ok(true),
            Err(Opening::WrongPassphrase) => Ok(false),
            Err(Opening::Failed(error)) => Err(error),
        }
    }

    /// Opens the volume under this name.
    pub fn open(&self, slot: &str, passphrase: &Passphrase, name: &str, read_only: bool) -> Result<()> {
        let mut args: Vec<&OsStr> = if read_only { vec!["--readonly".as_ref()] } else { vec![] };
        args.push(name.as_ref());
        self.open_with(slot, passphrase, &args).map_err(|opening| match opening {
            Opening::WrongPassphrase => self.error(format!("the key does not open keyslot {slot}")),
            Opening::Failed(Error::Cryptsetup { said, .. }) if said.contains(NO_DEVICE_MAPPER) => self.error(
                "this machine has no device-mapper (modprobe dm_mod dm_crypt), so no volume can be opened; \
                 --test-passphrase says whether the key would open it",
            ),
            Opening::Failed(error) => error,
        })
    }

    /// Tokens are tried before a key file, even with `--key-slot`, so plugins are switched off.
    fn open_with(
        &self,
        slot: &str,
        passphrase: &Passphrase,
        more: &[&OsStr],
    ) -> std::result::Result<(), Opening> {
        let fixed = ["--type", "luks2", "--disable-external-tokens", "--key-slot", slot, "--key-file", "-"];
        let args: Vec<&OsStr> = fixed.map(OsStr::new).into_iter().chain(more.iter().copied()).collect();
        let output =
            self.output("open", &args, &Input::Bytes(passphrase.expose())).map_err(Opening::Failed)?;
        match output.status.code() {
            Some(0) => Ok(()),
            Some(WRONG_PASSPHRASE) => Err(Opening::WrongPassphrase),
            _ => Err(Opening::Failed(failed("open", &output))),
        }
    }

    fn run(&self, step: &'static str, args: &[&OsStr], input: Input<'_>) -> Result<Vec<u8>> {
        let output = self.output(step, args, &input)?;
        if output.status.success() { Ok(output.stdout) } else { Err(failed(step, &output)) }
    }

    fn output(&self, step: &'static str, args: &[&OsStr], input: &Input<'_>) -> Result<Output> {
        self.while_contended(|| self.once(step, args, input))
    }

    /// Runs cryptsetup, and again while another process writes the header.
    fn while_contended(&self, run: impl Fn() -> Result<Output>) -> Result<Output> {
        let mut attempt = 1;
        loop {
            let output = run()?;
            let contended = String::from_utf8_lossy(&output.stderr).contains(CONCURRENT);
            if output.status.success() || !contended || attempt == TRIES {
                return Ok(output);
            }
            thread::sleep(Duration::from_millis(100 * u64::from(attempt)));
            attempt += 1;
        }
    }

    /// One run. The device stands right after the command, or after the action of `token`.
    fn once(&self, step: &'static str, args: &[&OsStr], input: &Input<'_>) -> Result<Output> {
        let stdin = input.stdin().map_err(Error::system("a pipe cannot be made"))?;
        let (action, args) = match args {
            [action, rest @ ..] if step == "token" => (Some(action), rest),
            all => (None, all),
        };
        let mut command = Command::new("cryptsetup");
        // An option may stand anywhere; the new name of `open` is the argument after the device.
        command.arg(step).args(action).arg(&self.device).args(args).env("LC_ALL", "C").stdin(stdin);
        let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output();
        output.map_err(Error::system("cryptsetup cannot be run (install the package cryptsetup-bin)"))
    }
}

/// What cryptsetup says where the kernel has no device-mapper; its node under /dev may be there all the same.
const NO_DEVICE_MAPPER: &str = "Cannot initialize device-mapper";

/// Why a volume was not opened.
enum Opening {
    WrongPassphrase,
    Failed(Error),
}

/// What cryptsetup reads on its standard input.
enum Input<'a> {
    Nothing,
    /// These bytes: at most a few hundred, which a pipe holds whole.
    Bytes(&'a [u8]),
    /// What this process has.
    Terminal,
}

impl Input<'_> {
    fn stdin(&self) -> io::Result<Stdio> {
        match self {
            Self::Nothing => Ok(Stdio::null()),
            Self::Bytes(bytes) => filled(bytes).map(Stdio::from),
            Self::Terminal => Ok(Stdio::inherit()),
        }
    }
}

/// A pipe that holds these bytes and then ends.
fn filled(bytes: &[u8]) -> io::Result<PipeReader> {
    let (reader, mut writer) = io::pipe()?;
    writer.write_all(bytes)?;
    Ok(reader)
}

/// The same, inherited by the next process that is started.
fn inherited(bytes: &[u8]) -> io::Result<PipeReader> {
    let reader = filled(bytes)?;
    fcntl_setfd(&reader, FdFlags::empty())?;
    Ok(reader)
}

fn failed(step: &'static str, output: &Output) -> Error {
    let words = String::from_utf8_lossy(&output.stderr);
    let said = words.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
    let said = match output.status.code() {
        // cryptsetup says nothing about key files.
        Some(WRONG_PASSPHRASE) if said.is_empty() => "the passphrase or key file opens no keyslot".to_owned(),
        _ if said.is_empty() => output.status.to_string(),
        _ => said,
    };
    Error::Cryptsetup { step, said }
}
