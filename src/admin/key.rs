//! `keystead key`: managed keys from the command line.
//!
//! It knows nothing that a server does not tell every client, and keeps nothing. What is printed for people may
//! change; what `--json` prints, and the exit codes, are relied on.

mod act;
mod algorithm;
mod choose;
mod confirm;
mod view;

use crate::arguments::whole;
use crate::client::report::{self, Report};
use crate::client::{Client, ClientArgs, Error, Settings, exit};
use crate::output;
use clap::builder::NonEmptyStringValueParser;
use clap::{ArgGroup, Args, Subcommand};
use kmip_codec::enums::{CryptographicAlgorithm, RevocationReasonCode, State};
use std::io::{self, Write};
use std::process::ExitCode;

/// What the help of each command ends with.
fn help(example: &str) -> String {
    let refused = "the server refused, or has no such key, one side does not accept the other's certificate, or no KMIP is spoken \
                   there";
    format!("Example: {example}\n{}", exit::help(&[(exit::REFUSED, refused)]))
}

/// `keystead key …`.
#[derive(Args, Debug)]
#[command(after_help = help("keystead key list --state active"))]
pub struct KeyCommand {
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(flatten)]
    client: ClientArgs,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// Make a key on the server and print its identifier
    #[command(after_help = help("keystead key create --name web --activate"))]
    Create {
        /// What people call it; unique among the owner's keys
        #[arg(long, value_parser = NonEmptyStringValueParser::new())]
        name: Option<String>,
        /// The symmetric algorithm that it is for, by the standard's name; a key of an HMAC is for MACs, any other one
        /// encrypts and decrypts
        #[arg(long, default_value = "AES", value_parser = algorithm::symmetric)]
        algorithm: CryptographicAlgorithm,
        /// Its length in bits
        #[arg(long, default_value_t = 256, allow_negative_numbers = true, value_parser = whole::<i32>(1, i32::MAX as u64))]
        length: i32,
        /// A group of objects that it is put into
        #[arg(long, value_parser = NonEmptyStringValueParser::new())]
        group: Option<String>,
        /// Make it Active at once; else it is Pre-Active
        #[arg(long)]
        activate: bool,
    },
    /// List keys, newest first
    #[command(after_help = help("keystead key list --state active --limit 10"))]
    List {
        /// Only those of this name
        #[arg(long)]
        name: Option<String>,
        /// Only those of this group of objects
        #[arg(long)]
        group: Option<String>,
        /// Only those in this state: pre-active, active, deactivated, compromised, destroyed or destroyed-compromised
        #[arg(long, value_parser = state)]
        state: Option<State>,
        /// At most this many
        #[arg(long, value_name = "COUNT", allow_negative_numbers = true, value_parser = whole::<i32>(1, i32::MAX as u64))]
        limit: Option<i32>,
    },
    /// Print all attributes of a key
    #[command(after_help = help("keystead key show web"))]
    Show {
        /// Its identifier or its name
        #[arg(id = "wanted", value_name = "ID|NAME", value_parser = NonEmptyStringValueParser::new())]
        key: String,
    },
    /// Write the key itself to standard output
    #[command(group = ArgGroup::new("form"), after_help = help("keystead key get web --hex"))]
    Get {
        /// Its identifier or its name
        #[arg(id = "wanted", value_name = "ID|NAME", value_parser = NonEmptyStringValueParser::new())]
        key: String,
        /// As bytes [default]
        #[arg(long, group = "form")]
        raw: bool,
        /// As hexadecimal text
        #[arg(long, group = "form")]
        hex: bool,
        /// As base64 text
        #[arg(long, group = "form")]
        base64: bool,
        /// Write bytes to a terminal too
        #[arg(long)]
        force: bool,
    },
    /// Make a Pre-Active key Active
    #[command(after_help = help("keystead key activate web"))]
    Activate {
        /// Its identifier or its name
        #[arg(id = "wanted", value_name = "ID|NAME", value_parser = NonEmptyStringValueParser::new())]
        key: String,
    },
    /// Take a key out of use: Deactivated, or Compromised where the reason is a compromise
    #[command(after_help = help("keystead key revoke web --reason superseded"))]
    Revoke {
        /// Its identifier or its name
        #[arg(id = "wanted", value_name = "ID|NAME", value_parser = NonEmptyStringValueParser::new())]
        key: String,
        /// Why: unspecified, key-compromise, ca-compromise, affiliation-changed, superseded,
        /// cessation-of-operation or privilege-withdrawn
        #[arg(long, value_parser = reason)]
        reason: RevocationReasonCode,
        /// The same in words
        #[arg(long)]
        message: Option<String>,
        /// When a compromise happened, as 2026-01-31T12:00:00Z [default: now]
        #[arg(long, value_name = "TIME", value_parser = choose::time)]
        occurred: Option<i64>,
        /// Do not ask at a terminal, where a volume is unlocked with the key
        #[arg(long, short)]
        yes: bool,
    },
    /// Destroy the key for ever; what it protects is lost
    #[command(after_help = help("keystead key destroy web --yes"))]
    Destroy {
        /// Its identifier or its name
        #[arg(id = "wanted", value_name = "ID|NAME", value_parser = NonEmptyStringValueParser::new())]
        key: String,
        /// Do not ask at a terminal
        #[arg(long, short)]
        yes: bool,
    },
}

/// Why a command did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Client(#[from] Error),
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    NoSuchKey(String),
    #[error("standard output cannot be written: {0}")]
    Output(#[from] io::Error),
}

impl From<&Failure> for Report {
    fn from(failure: &Failure) -> Self {
        let (kind, code) = match failure {
            Failure::Client(error) => return error.into(),
            Failure::Usage(_) => ("usage", exit::USAGE),
            Failure::NoSuchKey(_) => ("no-such-key", exit::REFUSED),
            Failure::Output(_) => ("setup", exit::HERE),
        };
        Self { kind, message: failure.to_string(), code, reason: None }
    }
}

type Result<T> = std::result::Result<T, Failure>;

/// Does what the command line says.
pub fn run(command: KeyCommand) -> ExitCode {
    let settings = command.client.settings().map_err(Failure::from);
    let json = command.json;
    let warning = settings.as_ref().ok().and_then(|settings| settings.files.warning());
    warning.iter().for_each(|text| report::warn(json, text));
    // Nothing is done whose result nobody could read.
    let done = output::open().map_err(Failure::from).and_then(|mut out| {
        perform(command.action, json, settings?, &mut out)?;
        Ok(out.flush()?)
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read the output has seen enough.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => report::fail(json, &failure),
    }
}

fn perform(action: Action, json: bool, settings: Settings, out: &mut dyn Write) -> Result<()> {
    let client = &mut Client::new(settings);
    match action {
        Action::Create { name, algorithm, length, group, activate } => {
            let id = act::create(client, name.as_deref(), algorithm, length, group, activate)?;
            told(&id, json, out)
        }
        Action::List { name, group, state, limit } => {
            let keys = choose::list(client, name, group, state, limit)?;
            if json { view::list_json(&keys, out) } else { view::table(&keys, out) }
        }
        Action::Show { key } => {
            let id = choose::one(client, &key)?;
            let attributes = choose::attributes(client, &id)?;
            if json { view::show_json(&id, &attributes, out) } else { view::show(&id, &attributes, out) }
        }
        Action::Get { key, raw: _, hex, base64, force } => {
            let form = if hex {
                view::Form::Hex
            } else if base64 {
                view::Form::Base64
            } else {
                view::Form::Raw
            };
            let id = choose::one(client, &key)?;
            if json {
                return view::key_json(&act::get(client, &id)?, &id, out);
            }
            view::refuse_terminal(form, force)?;
            view::key(&act::get(client, &id)?, form, out)
        }
        Action::Activate { key } => {
            let id = choose::one(client, &key)?;
            act::activate(client, &id)?;
            told(&id, json, out)
        }
        Action::Revoke { key, reason, message, occurred, yes } => {
            let id = choose::one(client, &key)?;
            confirm::revoking(client, &id, yes)?;
            act::revoke(client, &id, reason, message, occurred)?;
            told(&id, json, out)
        }
        Action::Destroy { key, yes } => {
            let id = choose::one(client, &key)?;
            confirm::destroying(client, &id, yes)?;
            act::destroy(client, &id)?;
            told(&id, json, out)
        }
    }
}

/// Which key it was done to.
fn told(id: &str, json: bool, out: &mut dyn Write) -> Result<()> {
    if json {
        writeln!(out, "{}", serde_json::json!({ "id": id }))?;
    } else {
        writeln!(out, "{id}")?;
    }
    Ok(())
}

fn state(text: &str) -> std::result::Result<State, String> {
    choose::named(text, State::ROWS).map(State)
}

fn reason(text: &str) -> std::result::Result<RevocationReasonCode, String> {
    choose::named(text, RevocationReasonCode::ROWS).map(RevocationReasonCode)
}
