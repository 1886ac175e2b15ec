//! `keystead master`: the master key in the HSM.

use super::protocol::AdminRequest;
use super::{as_administrator, ask, fail, json_line};
use crate::client::{ClientArgs, Error};
use crate::output;
use crate::vault::{MasterStatus, RotationReport};
use clap::{Args, Subcommand};
use std::process::ExitCode;

/// `keystead master …`.
#[derive(Args, Debug)]
#[command(after_help = as_administrator("keystead master status"))]
pub struct MasterCommand {
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
    /// Show the master key, and what is sealed under it
    ///
    /// Master keys are numbered: the number is the epoch. What is sealed under one can be opened by the HSM that holds it
    /// alone.
    #[command(after_help = as_administrator("keystead master status --json"))]
    Status,
    /// Make a new master key and seal everything under it, while the server runs
    ///
    /// The one before stays in the HSM: copies of the store from before the rotation need it.
    #[command(after_help = as_administrator("keystead master rotate"))]
    Rotate,
}

/// Asks, and tells.
pub fn run(command: &MasterCommand) -> ExitCode {
    let done = match command.action {
        Action::Status => ask::<MasterStatus>(&command.client, command.json, &AdminRequest::MasterStatus).and_then(|status| {
            show(command.json, &status, || describe(&status))
        }),
        Action::Rotate => ask::<RotationReport>(&command.client, command.json, &AdminRequest::MasterRotate).and_then(|report| {
            show(command.json, &report, || {
                format!(
                    "rotated the master key from epoch {} to epoch {}: {} key-encryption keys sealed anew, {} left \
                     under the old one",
                    report.from, report.to, report.rewrapped, report.left_behind
                )
            })
        }),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(command.json, &error),
    }
}

fn describe(status: &MasterStatus) -> String {
    let mut text = format!("master key of epoch {} in the {}", status.epoch, status.token);
    for keks in &status.keks {
        text += &format!("\n{} key-encryption key(s) sealed under epoch {}", keks.count, keks.epoch);
    }
    let others: Vec<_> = status.in_token.iter().filter(|epoch| **epoch != status.epoch).collect();
    if !others.is_empty() {
        text += &format!("\nretired epochs of this store still in the token: {others:?}");
    }
    if let Some(running) = &status.running {
        text += &format!("\n{running}");
    } else if let Some(epoch) = status.rotating_to {
        text += &format!("\na rotation to epoch {epoch} is not finished: rotate again to go on with it");
    }
    text
}

fn show(json: bool, value: &impl serde::Serialize, text: impl FnOnce() -> String) -> Result<(), Error> {
    output::say(&if json { json_line(value) } else { text() })
}
