//! The commands of `keystead` that people and scripts type, each in its file, and what they ask of a server beyond
//! KMIP.

pub mod clients;
pub mod explain;
pub mod key;
pub mod master;
pub mod protocol;
pub mod ready;

use crate::client::{Client, ClientArgs, Error};
use crate::text::printable;
use protocol::AdminRequest;
use serde::Serialize;
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

/// JSON in one line. What a terminal would obey, or nobody would see, is escaped in its texts.
fn json_line(value: &impl Serialize) -> String {
    let text = serde_json::to_value(value).map(|value| value.to_string()).unwrap_or_default();
    let escape = |c: char| match printable(c.encode_utf8(&mut [0; 4]), ESCAPED_CHARS) {
        shown if shown.starts_with(c) => shown,
        _ => c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
    };
    text.chars().map(escape).collect()
}

/// As long as one escaped character is at most.
const ESCAPED_CHARS: usize = 16;

/// Prints an error as every command does, and gives its exit code.
#[allow(clippy::print_stderr, reason = "this is the command line")]
fn fail(error: &Error) -> ExitCode {
    eprintln!("keystead: {error}");
    error.exit_code().into()
}

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
