//! The command line of `keystead-unlock`.

use super::console::{self, say};
use super::copies::Decision;
use super::cryptsetup::{OpenAs, Volume};
use super::enroll::{Enrolled, enroll};
use super::error::{Error, Result, exit_codes};
use super::existing::Existing;
use super::fetch::{Patience, fetch_one};
use super::open::unlock;
use super::passphrase::Passphrase;
use clap::builder::NonEmptyStringValueParser;
use clap::{Parser, Subcommand};
use keystead_client::arguments::whole;
use keystead_client::output;
use keystead_client::report::{self, Report};
use keystead_client::{Client, ClientArgs, Limits, Settings};
use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// What the help of each command ends with.
fn help(example: &str, on_volume: bool) -> String {
    format!("Example: {example}\n{}", exit_codes(on_volume))
}

/// Opens LUKS2 volumes with keys that a KMIP server keeps
#[derive(Parser)]
#[command(name = "keystead-unlock", version, max_term_width = 100, after_help = help("keystead-unlock unlock /dev/sda2 data", true))]
struct CommandLine {
    #[command(flatten)]
    client: ClientArgs,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make a key on the server and a keyslot that it opens; run it again after an interruption
    ///
    /// Prints the key's identifier. The volume keeps every keyslot that it has. Run with other servers on an enrolled
    /// volume, it writes them into the token, which `unlock` asks where this machine names none.
    ///
    /// The server notes from which machine, for which device and on what a key was made. Where these tell that this is a
    /// copy, which must not share the key, it is asked on a terminal which it is, and else said with `--new-uuid` or
    /// `--same-volume`.
    #[command(after_help = help("keystead-unlock enroll /dev/sda2", true))]
    Enroll {
        /// The LUKS2 volume: a device or a file
        device: PathBuf,
        /// A key file that opens the volume now; `-` is standard input [default: ask on the terminal, or read
        /// a line of standard input where there is none]
        #[arg(long, value_name = "FILE")]
        existing_key_file: Option<PathBuf>,
        /// The file with the LUKS2 header, where that is not on the device
        #[arg(long, value_name = "FILE")]
        header: Option<PathBuf>,
        /// This is a copy of a volume: give it a LUKS UUID and a key of its own. Repeated, it changes nothing more; a
        /// copy of such a copy is told from a repetition on another machine or beside that one, by a client that may use
        /// its key, and else it says what to do
        #[arg(long, conflicts_with = "same_volume")]
        new_uuid: bool,
        /// This is the volume that was enrolled before, though on another machine, or without its token now: keep its
        /// LUKS UUID and its key
        #[arg(long)]
        same_volume: bool,
        /// Print what was done, and what went wrong, as JSON; `news` is what people are told on the way
        #[arg(long)]
        json: bool,
    },
    /// Fetch the volume's key and open the volume; it is no error that it is open already
    ///
    /// Every key that the header names is asked for on every server: the second server after 300 ms, all after a second.
    /// What fails in passing is tried again until the time is over, which holds for cryptsetup too.
    #[command(after_help = help("keystead-unlock unlock /dev/sda2 data", true))]
    Unlock {
        /// The LUKS2 volume: a device or a file
        device: PathBuf,
        /// The name under /dev/mapper
        #[arg(required_unless_present = "test_passphrase")]
        name: Option<String>,
        /// Only see whether the key opens the volume; needs no device-mapper
        #[arg(long, conflicts_with_all = ["name", "readonly"])]
        test_passphrase: bool,
        /// Open for reading alone
        #[arg(long)]
        readonly: bool,
        /// The file with the LUKS2 header, where that is not on the device
        #[arg(long, value_name = "FILE")]
        header: Option<PathBuf>,
        #[command(flatten)]
        wait: Wait,
    },
    /// Write the passphrase of a key (base64 text of its 32 bytes, no line end) to standard output, for a pipe
    #[command(after_help = help("keystead-unlock get --raw 1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed | zfs load-key pool/data", false))]
    Get {
        /// The key's unique identifier
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        id: String,
        /// Write the bytes of the key as they are, of whatever length: for ZFS, fscrypt, LUKS key files
        #[arg(long)]
        raw: bool,
        /// Write to a terminal too
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        wait: Wait,
    },
}

#[derive(clap::Args)]
struct Wait {
    /// How many seconds to wait for a server that can be reached; 0 asks each once
    #[arg(long, value_name = "SECONDS", default_value_t = 60, allow_negative_numbers = true, value_parser = whole::<u64>(0, u64::MAX))]
    wait: u64,
}

impl Wait {
    fn patience(&self) -> Patience {
        match self.wait {
            0 => Patience::once(Limits::default().total),
            // A year is for ever here, and keeps the sum in range.
            seconds => Patience::until(Instant::now() + Duration::from_secs(seconds.min(31_536_000))),
        }
    }
}

/// Reads the command line and does what it says.
pub fn run() -> ExitCode {
    let CommandLine { client, action } = match CommandLine::try_parse() {
        Ok(line) => line,
        Err(error) => return report::command_line("keystead-unlock", error),
    };
    let json = matches!(action, Action::Enroll { json: true, .. });
    if json {
        console::keep();
    }
    match act(&client, action) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if json {
                let mut told = Report::from(&error).json();
                if let Some(fields) = told.as_object_mut() {
                    fields.insert("news".to_owned(), console::kept().into());
                }
                // Nobody may be there to read it.
                let _ = writeln!(io::stderr(), "{told}");
            } else {
                say(format_args!("{error}"));
            }
            ExitCode::from(error.exit_code())
        }
    }
}

fn settings(args: &ClientArgs) -> Result<Settings> {
    let settings = args.settings()?;
    console::warn(&settings);
    Ok(settings)
}

fn act(args: &ClientArgs, action: Action) -> Result<()> {
    match action {
        Action::Enroll { device, existing_key_file, header, new_uuid, same_volume, json } => {
            let copy = new_uuid.then_some(Decision::NewUuid);
            let decision = copy.or(same_volume.then_some(Decision::SameVolume));
            let settings = settings(args)?;
            let servers = settings.servers.clone();
            let (volume, mut client) = (Volume::new(device, header), Client::new(settings));
            let done = enroll(&volume, &Existing::new(existing_key_file), &mut client, &servers, decision)?;
            if !json {
                return print(format!("{}\n", done.uid).as_bytes());
            }
            let Enrolled { uid, keyslot, volume, copy_of } = done;
            let news = console::kept();
            let mut told =
                serde_json::json!({ "id": uid, "keyslot": keyslot, "volume": volume, "news": news });
            if let (Some(of), Some(fields)) = (copy_of, told.as_object_mut()) {
                fields.insert("copy_of".to_owned(), of.into());
            }
            print(format!("{told}\n").as_bytes())
        }
        Action::Unlock { device, name, test_passphrase: _, readonly, header, wait } => {
            let how = match &name {
                Some(name) => OpenAs::Mapping { name, read_only: readonly },
                None => OpenAs::Test,
            };
            let patience = wait.patience();
            unlock(&Volume::new(device, header).until(patience.end()), &how, args, patience)
        }
        Action::Get { id, raw, force, wait } => {
            if io::stdout().is_terminal() && !force {
                let why = "the key is not shown on a terminal: use a pipe, or --force";
                return Err(Error::Usage(why.to_owned()));
            }
            if let Err(error) = output::open() {
                return Err(Error::system(UNWRITTEN)(error));
            }
            let key = fetch_one(&settings(args)?, &id, wait.patience())?;
            if raw { print(key.expose()) } else { print(Passphrase::of_key(&id, &key)?.expose()) }
        }
    }
}

const UNWRITTEN: &str = "standard output cannot be written";

fn print(bytes: &[u8]) -> Result<()> {
    output::write(bytes).map_err(Error::system(UNWRITTEN))
}
