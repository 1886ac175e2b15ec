//! Texts of clients in the audit and the log of the server.

use crate::text::printable;

/// The longest text of a client that is noted, in characters.
pub const NOTED_CHARS_MAX: usize = 1024;

/// A client's text as audit and log take it: line ends, control characters and quotes escaped, so that it cannot
/// look like anything of the server's own, and no longer than it may be.
pub fn noted(text: &str, chars_max: usize) -> String {
    let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", printable(&quoted, chars_max))
}
