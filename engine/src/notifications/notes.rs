//! Texts of clients in the audit and the log of the server.

use keystead_base::text::{KEPT_BYTES_MAX, beginning, printable};

/// The longest text of a client that is noted, in characters.
pub const NOTED_CHARS_MAX: usize = 1024;

/// A client's text as audit and log take it: line ends, control characters and quotes escaped, so that it cannot
/// look like anything of the server's own, and no longer than it may be.
pub fn noted(text: &str, chars_max: usize) -> String {
    let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", printable(&quoted, chars_max))
}

/// The same of a text that may stand in many entries of the audit: no more of it than is kept of their other texts.
pub fn noted_briefly(text: &str) -> String {
    let beginning = beginning(text);
    match beginning.len() == text.len() {
        true => noted(text, KEPT_BYTES_MAX),
        false => noted(&format!("{beginning}…"), KEPT_BYTES_MAX),
    }
}
