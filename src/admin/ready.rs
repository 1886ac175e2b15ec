//! `keystead ready`: does the server work, down to the HSM and the disk?

use super::protocol::{AdminRequest, Readiness};
use super::{ask, fail, json_line};
use crate::client::{ClientArgs, Error, exit};
use crate::output;
use clap::Args;
use std::io::{self, Write as _};
use std::process::ExitCode;

/// The server says that it is not ready.
const NOT_READY: u8 = 4;

/// `keystead ready`.
#[derive(Args, Debug)]
#[command(after_help = help())]
pub struct ReadyCommand {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    client: ClientArgs,
}

/// Asks, and tells.
pub fn run(command: &ReadyCommand) -> ExitCode {
    let asked = ask::<Readiness>(&command.client, command.json, &AdminRequest::Ready);
    let told = match &asked {
        Ok(readiness) => tell(command.json, readiness),
        Err(error) if command.json => {
            output::say_beside(&json_line(&serde_json::json!({ "ready": false, "error": error.to_string() })))
        }
        Err(_) => Ok(()),
    };
    match (asked, told) {
        (Err(error), _) | (Ok(Readiness { ready: true, .. }), Err(error)) => fail(command.json, &error),
        (Ok(readiness), _) if readiness.ready => ExitCode::SUCCESS,
        (Ok(_), _) => NOT_READY.into(),
    }
}

fn tell(json: bool, readiness: &Readiness) -> Result<(), Error> {
    if json {
        return output::say_beside(&json_line(readiness));
    }
    for (part, reason) in readiness.failing() {
        // Nobody may be there to read it: the exit code tells all the same.
        let _ = writeln!(io::stderr(), "keystead: not ready: {part}: {reason}");
    }
    if !readiness.ready {
        return Ok(());
    }
    let Readiness { version, token, uptime_seconds, damaged_records, .. } = readiness;
    let damaged = match damaged_records {
        0 => String::new(),
        count => format!("; {count} damaged records are left out (the log names them)"),
    };
    output::say_beside(&format!(
        "ready: Keystead {version}, up {uptime_seconds} s, master key proved in the {token}{damaged}"
    ))
}

fn help() -> String {
    let not_ready = "the server is not ready, one side does not accept the other's certificate, or no KMIP is spoken there";
    format!(
        "Tries what serving a key takes: opens the key-encryption key of the store in the HSM and with it a record; \
         writes to the store, unless a write was committed within the last 5 s; writes where the audit entries of reads go. It leaves no \
         audit entry.\nWith --json: `ready`, and `keys`, `writes` and `audit`, each with `ok` and, where it is false, `reason`; \
         `damaged_records` counts the records that were found damaged since the server started: they are left out, and do not make it \
         unready.\nExample: keystead ready --json\n{}",
        exit::help(&[(exit::DONE, "ready"), (NOT_READY, not_ready)])
    )
}
