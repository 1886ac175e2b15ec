//! The commands of `keystead` that people and scripts type, each in its file, and what they ask of a server beyond
//! KMIP.

pub mod clients;
pub mod explain;
pub mod key;
pub mod master;
pub mod protocol;
pub mod ready;

use crate::client::{Client, ClientArgs, Error};
use protocol::AdminRequest;
use serde::de::DeserializeOwned;
use std::process::ExitCode;

/// What the help of commands for administrators ends with.
const AS_ADMINISTRATOR: &str = "Asks the server as an administrator: use a certificate that its configuration lists \
                                under [admin].\nExit codes: 0 done; 1 something on this machine; 2 wrong usage; 3 no \
                                server could be reached; 4 the server refused or failed, or one side does not accept \
                                the other's certificate.";

/// Asks a server.
fn ask<T: DeserializeOwned>(args: &ClientArgs, request: &AdminRequest) -> Result<T, Error> {
    let mut client = Client::new(args.settings()?);
    let payload =
        protocol::payload(request).map_err(|error| Error::setup(error.to_string(), "report this"))?;
    let answer = client.extension(protocol::OPERATION, payload)?;
    let text = protocol::text(&answer).unwrap_or_default();
    serde_json::from_str(text).map_err(|error| {
        Error::setup(format!("the server's answer cannot be read: {error}"), "use the version of the server")
    })
}

/// Prints an error as every command does, and gives its exit code.
#[allow(clippy::print_stderr, reason = "this is the command line")]
fn fail(error: &Error) -> ExitCode {
    eprintln!("keystead: {error}");
    error.exit_code().into()
}
