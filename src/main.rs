//! The command line of Keystead.

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "keystead", version)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make, list, read and end keys
    Key(keystead::admin::key::KeyCommand),
}

fn main() -> ExitCode {
    match CommandLine::parse().command {
        Command::Key(command) => keystead::admin::key::run(command),
    }
}
