//! `keystead ready`: does the server work, down to the HSM and the disk?

use super::protocol::{AdminRequest, Readiness};
use super::{ask, fail, json_line};
use crate::client::ClientArgs;
use clap::Args;
use std::process::ExitCode;

/// The server says that it is not ready.
const NOT_READY: u8 = 4;

/// `keystead ready`.
#[derive(Args, Debug)]
#[command(
    after_help = "Tries what serving a key takes: opens the key-encryption key of the store in the HSM and with it a record; \
writes to the store, unless a write was committed within the last 5 s; writes where the audit entries of reads go. It leaves no \
audit entry.\nWith --json: `ready`, and `keys`, `writes` and `audit`, each with `ok` and, where it is false, `reason`; \
`damaged_records` counts the records that were found damaged since the server started: they are left out, and do not make it \
unready.\nExample: keystead ready --json\nExit codes: 0 ready; 1 something on this machine; 2 wrong usage; 3 no server could be reached; 4 the server is not \
ready, or one side does not accept the other's certificate."
)]
pub struct ReadyCommand {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    client: ClientArgs,
}

/// Asks, and tells.
#[allow(clippy::print_stdout, clippy::print_stderr, reason = "this is the command line")]
pub fn run(command: &ReadyCommand) -> ExitCode {
    let readiness = match ask::<Readiness>(&command.client, command.json, &AdminRequest::Ready) {
        Ok(readiness) => readiness,
        Err(error) => {
            if command.json {
                println!("{}", json_line(&serde_json::json!({ "ready": false, "error": error.to_string() })));
            }
            return fail(command.json, &error);
        }
    };
    if command.json {
        println!("{}", json_line(&readiness));
    } else if readiness.ready {
        let Readiness { version, token, uptime_seconds, damaged_records, .. } = &readiness;
        let damaged = match damaged_records {
            0 => String::new(),
            count => format!("; {count} damaged records are left out (the log names them)"),
        };
        println!(
            "ready: Keystead {version}, up {uptime_seconds} s, master key proved in the {token}{damaged}"
        );
    }
    // The JSON has them.
    for (part, reason) in readiness.failing().into_iter().filter(|_| !command.json) {
        eprintln!("keystead: not ready: {part}: {reason}");
    }
    if readiness.ready { ExitCode::SUCCESS } else { NOT_READY.into() }
}
