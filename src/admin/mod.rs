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
pub mod report;
pub(crate) mod table;

use crate::client::{Client, ClientArgs, Error, Settings, exit};
/// What the commands ask of a server, and what it answers.
pub use crate::engine::administration::protocol;
use crate::text::printable;
use protocol::AdminRequest;
use report::fail;
use serde::Serialize;
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

/// JSON in one line. What a terminal would obey, or nobody would see, is escaped in its texts.
pub(crate) fn json_line(value: &impl Serialize) -> String {
    let text = serde_json::to_value(value).map(|value| value.to_string()).unwrap_or_default();
    let escape = |c: char| match printable(c.encode_utf8(&mut [0; 4]), ESCAPED_CHARS) {
        shown if shown.starts_with(c) => shown,
        _ => c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
    };
    text.chars().map(escape).collect()
}

/// As long as one escaped character is at most.
const ESCAPED_CHARS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_steers_no_terminal_and_says_the_same() {
        let text = "a\u{1b}[31m\u{9b}\u{202e}\u{e0001} é鍵";
        let shown = json_line(&text);
        assert!(!shown.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\u{e0001}']), "{shown}");
        assert_eq!(serde_json::from_str::<String>(&shown).ok().as_deref(), Some(text));
    }
}
