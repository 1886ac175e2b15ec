//! `keystead ready`: does the server work, down to the HSM?

use super::protocol::{AdminRequest, Readiness};
use super::{ask, fail};
use crate::client::ClientArgs;
use clap::Args;
use std::process::ExitCode;

/// `keystead ready`.
#[derive(Args, Debug)]
#[command(
    after_help = "Exit codes: 0 ready; 1 something on this machine; 2 wrong usage; 3 no server could be \
reached; 4 the server is not ready, or one side does not accept the other's certificate."
)]
pub struct ReadyCommand {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    client: ClientArgs,
}

/// Asks, and tells.
#[allow(clippy::print_stdout, reason = "this is the command line")]
pub fn run(command: &ReadyCommand) -> ExitCode {
    match ask::<Readiness>(&command.client, &AdminRequest::Ready) {
        Ok(readiness) if command.json => println!("{}", serde_json::json!(readiness)),
        Ok(Readiness { version, token, uptime_seconds }) => {
            println!("ready: Keystead {version}, up {uptime_seconds} s, master key proved in the {token}");
        }
        Err(error) => return fail(&error),
    }
    ExitCode::SUCCESS
}
