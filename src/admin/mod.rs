//! The commands of `keystead` that people and scripts type, each in its file, and what they ask of a server beyond
//! KMIP.

pub mod clients;
mod confirm;
pub mod explain;
mod host_files;
pub mod key;
pub mod master;
mod password;
pub mod ready;
pub(crate) mod table;

use crate::client::report::{self, fail};
use crate::client::{Client, ClientArgs, Error, Settings, exit};
/// What the commands ask of a server, and what it answers.
pub use crate::engine::administration::protocol;
pub(crate) use crate::output::json_line;
use protocol::AdminRequest;
use serde::de::DeserializeOwned;

/// What the help of commands for administrators ends with.
fn as_administrator(example: &str) -> String {
    let refused = "the server refused or failed, one side does not accept the other's certificate, or no KMIP is spoken there";
    as_administrator_for(example, refused)
}

/// The same of a command for which a refusal means more.
fn as_administrator_for(example: &str, refused: &'static str) -> String {
    format!(
        "Example: {example}\nAsks the server as an administrator: use a certificate that its configuration lists under \
         [admin].\n{}",
        exit::help(&[(exit::REFUSED, refused)])
    )
}

/// Asks a server.
fn ask<T: DeserializeOwned>(args: &ClientArgs, json: bool, request: &AdminRequest) -> Result<T, Error> {
    ask_with(args.settings()?, json, request)
}

fn ask_with<T: DeserializeOwned>(settings: Settings, json: bool, request: &AdminRequest) -> Result<T, Error> {
    settings.files.warning().iter().for_each(|text| report::warn(json, text));
    let mut client = Client::new(settings);
    let payload =
        protocol::payload(request).map_err(|error| Error::setup(error.to_string(), "report this"))?;
    let answer = client.extension(protocol::OPERATION, payload)?;
    let text = protocol::text(&answer).unwrap_or_default();
    serde_json::from_str(text).map_err(|error| {
        Error::setup(format!("the server's answer cannot be read: {error}"), "use the version of the server")
    })
}
