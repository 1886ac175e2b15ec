//! The command line of `keystead-unlock`.

use super::cryptsetup::{Existing, Volume};
use super::enroll::enroll;
use super::error::{Error, Result};
use super::open::{Purpose, unlock};
use super::server::Patience;
use super::{say, server};
use clap::{Parser, Subcommand};
use keystead::client::{Client, ClientArgs};
use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Opens LUKS2 volumes with keys that a KMIP server keeps
#[derive(Parser)]
#[command(name = "keystead-unlock", version, max_term_width = 100, after_help = EXIT_CODES)]
struct CommandLine {
    #[command(flatten)]
    client: ClientArgs,
    #[command(subcommand)]
    action: Action,
}

const EXIT_CODES: &str = "Exit codes: 0 done; 1 something on this machine; 2 wrong usage; 3 no server could be reached in \
                          time; 4 the key is refused, unknown or may not be used, or one side does not accept the \
                          other's certificate; 5 cryptsetup failed.";

#[derive(Subcommand)]
enum Action {
    /// Make a key on the server and a keyslot that it opens; run it again after an interruption
    ///
    /// Prints the key's identifier. The volume keeps every keyslot that it has. Run with other servers on an enrolled
    /// volume, it writes them into the token, which `unlock` asks where this machine names none.
    #[command(after_help = EXIT_CODES)]
    Enroll {
        /// The LUKS2 volume: a device or a file
        device: PathBuf,
        /// A key file that opens the volume now; `-` is standard input [default: ask on the terminal, or read
        /// a line of standard input where there is none]
        #[arg(long, value_name = "FILE")]
        existing_key_file: Option<PathBuf>,
        /// Print what was done as JSON
        #[arg(long)]
        json: bool,
    },
    /// Fetch the volume's key and open the volume
    #[command(after_help = EXIT_CODES)]
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
        #[command(flatten)]
        wait: Wait,
    },
    /// Write the passphrase of a key (base64 text of its 32 bytes, no line end) to standard output, for a pipe
    #[command(
        after_help = "Exit codes: 0 done; 1 something on this machine; 2 wrong usage; 3 no server could be reached in \
                      time; 4 the key is refused, unknown or may not be used, or one side does not accept the other's \
                      certificate."
    )]
    Get {
        /// The key's unique identifier
        id: String,
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
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    wait: u64,
}

impl Wait {
    fn patience(&self) -> Patience {
        match self.wait {
            0 => Patience::Once,
            // A year is for ever here, and keeps the sum in range.
            seconds => Patience::Until(Instant::now() + Duration::from_secs(seconds.min(31_536_000))),
        }
    }
}

/// Reads the command line and does what it says.
pub fn run() -> ExitCode {
    let CommandLine { client, action } = CommandLine::parse();
    match act(&client, action) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(format_args!("{error}"));
            ExitCode::from(error.exit_code())
        }
    }
}

fn act(args: &ClientArgs, action: Action) -> Result<()> {
    match action {
        Action::Enroll { device, existing_key_file, json } => {
            let existing = existing_key_file.map_or(Existing::Ask, Existing::File);
            let settings = args.settings()?;
            let servers = settings.servers.clone();
            let done = enroll(&Volume::new(device), &existing, &mut Client::new(settings), &servers)?;
            let told = serde_json::json!({ "id": done.uid, "keyslot": done.keyslot, "volume": done.volume });
            print(&if json { format!("{told}\n") } else { format!("{}\n", done.uid) }.into_bytes())
        }
        Action::Unlock { device, name, test_passphrase: _, readonly, wait } => {
            let purpose = match name {
                Some(name) => Purpose::Open { name, read_only: readonly },
                None => Purpose::Test,
            };
            unlock(&Volume::new(device), &purpose, args, wait.patience())
        }
        Action::Get { id, force, wait } => {
            if io::stdout().is_terminal() && !force {
                return Err(Error::Usage("the key is not shown on a terminal: use a pipe, or --force"));
            }
            print(server::fetch_patiently(&args.settings()?, &id, wait.patience())?.expose())
        }
    }
}

fn print(bytes: &[u8]) -> Result<()> {
    let mut out = io::stdout().lock();
    let written = out.write_all(bytes).and_then(|()| out.flush());
    written.map_err(Error::system("standard output cannot be written"))
}
