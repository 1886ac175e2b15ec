//! Everything that `cryptsetup` is asked to do. Keys reach it through pipes that it inherits.

use super::child::{self, Ended, Failure, Input};
use super::console::{self, shown};
use super::error::{Error, Result};
use super::existing::Given;
use super::header::{Header, KDF_ITERATIONS};
use super::passphrase::Passphrase;
use super::pipe::InheritedPipe;
use super::program;
use super::said::{self, CONCURRENT, NO_DEVICE_MAPPER, NO_HEADER, NO_RNG, WRONG_PASSPHRASE};
use super::token::Token;
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// How long a step may take where no other deadline holds: argon2 on a slow machine takes seconds.
const STEP_LIMIT: Duration = Duration::from_secs(120);
/// How often a refused header write is tried.
const TRIES: u32 = 8;

/// A volume, as a device or a file, with its header in it or elsewhere.
pub struct Volume {
    device: PathBuf,
    header: Option<PathBuf>,
    deadline: Option<Instant>,
}

/// How a volume is opened.
pub enum OpenAs<'a> {
    /// Not at all: it is seen whether it would open.
    Test,
    /// Under this name.
    Mapping {
        /// The name under `/dev/mapper`.
        name: &'a str,
        /// Whether for reading alone.
        read_only: bool,
    },
}

impl Volume {
    /// Of this device, with its header in this file where it is detached.
    pub fn new(device: PathBuf, header: Option<PathBuf>) -> Self {
        Self { device: no_option(device), header: header.map(no_option), deadline: None }
    }

    /// The same, nothing of which may take longer than until then.
    pub fn until(self, deadline: Instant) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    /// The device.
    pub fn device(&self) -> &Path {
        &self.device
    }

    /// Where the header is.
    pub fn header_place(&self) -> &Path {
        self.header.as_deref().unwrap_or(&self.device)
    }

    /// An error about this volume.
    pub fn error(&self, why: impl Into<String>) -> Error {
        Error::Volume { device: self.device.clone(), why: why.into() }
    }

    /// What can hold no volume, whatever cryptsetup makes of it.
    pub fn check_places(&self) -> Result<()> {
        for place in [Some(&self.device), self.header.as_ref()].into_iter().flatten() {
            let shown = console::path(place);
            let found =
                std::fs::metadata(place).map_err(Error::system(format!("{shown} cannot be looked at")))?;
            let kind = found.file_type();
            let what = match kind {
                _ if kind.is_dir() => "a directory",
                _ if kind.is_char_device() => "a character device",
                _ if kind.is_fifo() => "a pipe",
                _ if kind.is_socket() => "a socket",
                _ => continue,
            };
            let wanted = "name the block device or the file that holds the LUKS2 volume";
            return Err(Error::Volume { device: place.clone(), why: format!("it is {what}: {wanted}") });
        }
        Ok(())
    }

    /// Reads the header.
    pub fn header(&self) -> Result<Header> {
        self.check_places()?;
        let json = self.on_header("luksDump", &["--dump-json-metadata"], &[]);
        let json = json.map_err(|error| self.no_header(error))?;
        let uuid = self.on_header("luksUUID", &[], &[])?;
        let (uuid, json) = (String::from_utf8_lossy(&uuid), String::from_utf8_lossy(&json));
        Header::parse(uuid.trim().to_owned(), &json).map_err(|error| {
            let line = json.lines().nth(error.line().saturating_sub(1)).unwrap_or_default();
            self.error(format!(
                "its metadata cannot be read ({error}): that line is `{}`",
                shown(line.trim())
            ))
        })
    }

    /// Why there is no header, where cryptsetup says that there is none.
    fn no_header(&self, error: Error) -> Error {
        let Error::Cryptsetup { said, .. } = &error else { return error };
        if said.contains(NO_RNG) {
            return error;
        }
        let is_luks1 = self.on_header("isLuks", &["--type", "luks1"], &[]).is_ok();
        let place = console::argument(self.header_place());
        match (is_luks1, said.contains(NO_HEADER), &self.header) {
            (true, ..) => self.error(format!("it is LUKS1: `cryptsetup convert --type luks2 {place}` makes it LUKS2")),
            (_, true, None) => self.error(format!(
                "it has no LUKS2 header ({said}); where the header is in a file of its own, name that with --header FILE"
            )),
            (_, true, Some(_)) => self.error(format!("{place} holds no LUKS2 header ({said})")),
            _ => error,
        }
    }

    /// The LUKS UUID of what is at another place, where it has one.
    pub fn uuid_at(&self, place: &Path) -> Option<String> {
        let args = vec![no_option(place.to_owned()).into_os_string()];
        let told = self.output("luksUUID", &[], &args, Input::default).ok()?;
        told.status.success().then(|| String::from_utf8_lossy(&told.stdout).trim().to_owned())
    }

    /// Gives the volume another LUKS UUID.
    pub fn set_uuid(&self, uuid: &str) -> Result<()> {
        self.on_header("luksUUID", &["--batch-mode", "--uuid", uuid], &[]).map(drop)
    }

    /// Writes a token: a new one, or in the place of the one with this number.
    pub fn write_token(&self, token: &Token, number: Option<&str>) -> Result<()> {
        let json = serde_json::to_vec(token).map_err(|error| self.error(error.to_string()))?;
        let place = number.map_or(vec![], |number| vec!["--token-replace", "--token-id", number]);
        let options = [&["--json-file", "-"], place.as_slice()].concat();
        let args = ["import".into(), self.header_place().into()];
        let input = || json.clone().into();
        let ended = self.output("token", &osstrs(&options), &args, input)?;
        succeeded("token", &ended)
    }

    /// Has this keyslot tried before others, whose key derivation may be slow or need much memory.
    pub fn prefer(&self, slot: &str) -> Result<()> {
        self.on_header("config", &["--priority", "prefer", "--key-slot", slot], &[]).map(drop)
    }

    /// Adds a keyslot with this number. Its passphrase has 256 bits, so a cheap key derivation does.
    pub fn add_keyslot(&self, slot: &str, given: &Given, new: &Passphrase) -> Result<()> {
        let size = new.expose().len().to_string();
        let iterations = KDF_ITERATIONS.to_string();
        let fixed = ["--pbkdf", "pbkdf2", "--pbkdf-force-iterations", &iterations, "--new-key-slot", slot];
        let ended = self.while_contended(|| {
            // A pipe is empty once it was read: each try has its own.
            let pipe = InheritedPipe::holding(new.expose())?;
            let (existing, new_key, input) = match (&pipe, given.file()) {
                (Some(pipe), _) => ("-".into(), pipe.path(), given.expose()),
                (None, Some(file)) => (file.into_os_string(), "-".as_ref(), new.expose()),
                (None, None) => return Err(InheritedPipe::no_place()),
            };
            let mut options = osstrs(&fixed);
            options.extend([OsStr::new("--key-file"), &existing]);
            options.extend(osstrs(&["--new-keyfile-size", &size, "--new-keyfile"]));
            options.push(new_key);
            self.once("luksAddKey", &options, &[self.header_place().into()], input.to_vec().into())
        })?;
        succeeded("luksAddKey", &ended)
    }

    /// Whether the passphrase opens the volume: by this keyslot, or, where none is named, by whichever cryptsetup finds,
    /// which are several in a re-encryption. Tokens would be tried before a key file, so plugins are switched off.
    pub fn open(&self, passphrase: &[u8], slot: Option<&str>, how: &OpenAs<'_>) -> Result<bool> {
        let mut options = osstrs(&["--type", "luks2", "--disable-external-tokens", "--key-file", "-"]);
        if let Some(slot) = slot {
            options.extend(osstrs(&["--key-slot", slot]));
        }
        if let Some(header) = &self.header {
            options.extend([OsStr::new("--header"), header.as_os_str()]);
        }
        let mut args = vec![self.device.clone().into_os_string()];
        match how {
            OpenAs::Test => options.push("--test-passphrase".as_ref()),
            OpenAs::Mapping { name, read_only } => {
                options.extend(read_only.then_some(OsStr::new("--readonly")));
                args.push(OsString::from(name));
            }
        }
        let input = || passphrase.to_vec().into();
        let ended = self.output("open", &options, &args, input)?;
        match ended.status.code() {
            Some(WRONG_PASSPHRASE) => Ok(false),
            Some(1) if ended.stderr.contains(NO_DEVICE_MAPPER) => Err(self.error(
                "this machine has no device-mapper (modprobe dm_mod dm_crypt), so no volume can be opened; \
                 --test-passphrase says whether the key would open it",
            )),
            _ => succeeded("open", &ended).map(|()| true),
        }
    }

    /// What `cryptsetup status` prints of a name, where something is open under it.
    pub fn status(&self, name: &str) -> Option<String> {
        let ended = self.output("status", &[], &[name.into()], Input::default).ok()?;
        ended.status.success().then(|| String::from_utf8_lossy(&ended.stdout).into_owned())
    }

    /// A step that concerns the header alone.
    fn on_header(&self, step: &'static str, options: &[&str], more: &[OsString]) -> Result<Vec<u8>> {
        let args = [&[self.header_place().into()], more].concat();
        let ended = self.output(step, &osstrs(options), &args, Input::default)?;
        succeeded(step, &ended)?;
        Ok(ended.stdout)
    }

    fn output(
        &self,
        step: &'static str,
        options: &[&OsStr],
        args: &[OsString],
        input: impl Fn() -> Input,
    ) -> Result<Ended> {
        self.while_contended(|| self.once(step, options, args, input()))
    }

    /// Runs cryptsetup, and again while another process writes the header.
    fn while_contended(&self, run: impl Fn() -> Result<Ended>) -> Result<Ended> {
        let mut attempt = 1;
        loop {
            let ended = run()?;
            if ended.status.success() || !ended.stderr.contains(CONCURRENT) || attempt == TRIES {
                return Ok(ended);
            }
            thread::sleep(Duration::from_millis(100 * u64::from(attempt)));
            attempt += 1;
        }
    }

    /// One run. What is no option stands behind `--`, so that no name becomes one.
    fn once(&self, step: &'static str, options: &[&OsStr], args: &[OsString], input: Input) -> Result<Ended> {
        let deadline = self.deadline.unwrap_or_else(|| Instant::now() + STEP_LIMIT);
        let mut command = Command::new(program::cryptsetup()?);
        command.arg(step).args(options).arg("--").args(args).env("LC_ALL", "C");
        child::run(command, input, deadline).map_err(|failure| match failure {
            Failure::Start(error) => Error::system("cryptsetup cannot be run")(error),
            Failure::Late => {
                let said = "it had not ended when the time was over, and was stopped".to_owned();
                Error::Cryptsetup { step, code: None, said }
            }
        })
    }
}

fn succeeded(step: &'static str, ended: &Ended) -> Result<()> {
    if ended.status.success() {
        return Ok(());
    }
    Err(Error::Cryptsetup { step, code: ended.status.code(), said: said::in_words(step, ended) })
}

fn osstrs<'a>(words: &[&'a str]) -> Vec<&'a OsStr> {
    words.iter().map(|word| OsStr::new(*word)).collect()
}

/// A path that nobody takes for an option, nor for standard input.
fn no_option(path: PathBuf) -> PathBuf {
    let is_option = path.as_os_str().as_encoded_bytes().starts_with(b"-");
    if is_option { Path::new(".").join(path) } else { path }
}
