//! Texts from outside, as people may see them: whoever wrote a name, a message or a header must not steer the terminal
//! or the log that it is shown on.

use aws_lc_rs::digest::{SHA256, digest};
use std::borrow::Cow;
use std::io;
use std::path::Path;
use zeroize::Zeroizing;

/// The text with everything escaped that a terminal obeys or that is not seen, cut after this many characters. A text
/// that went through here once comes out of a second time unchanged.
pub fn printable(text: &str, chars_max: usize) -> String {
    let escape = |c: char| match is_hidden(c) {
        true => c.escape_unicode().collect::<Vec<_>>(),
        false => vec![c],
    };
    let mut shown: Vec<char> =
        text.chars().take(chars_max + 1).flat_map(escape).take(chars_max + 1).collect();
    if shown.len() > chars_max {
        shown.truncate(chars_max.saturating_sub(1));
        shown.push('…');
    }
    shown.into_iter().collect()
}

/// How many bytes of a text of a client are kept for good, wherever many of them may be.
pub const KEPT_BYTES_MAX: usize = 256;

/// A text of a client as it is kept for good: whole, or of a long one the beginning with its length and its SHA-256, which tell
/// it from others that begin like it.
pub fn kept(text: &str) -> Cow<'_, str> {
    let beginning = beginning(text);
    if beginning.len() == text.len() {
        return Cow::Borrowed(text);
    }
    let digest = hex::encode(digest(&SHA256, text.as_bytes()));
    Cow::Owned(format!("{beginning}… ({} bytes, SHA-256 {digest})", text.len()))
}

/// As much of a text as is kept for good, in whole characters.
pub fn beginning(text: &str) -> &str {
    let end = (0..=text.len().min(KEPT_BYTES_MAX)).rev().find(|end| text.is_char_boundary(*end));
    end.and_then(|end| text.get(..end)).unwrap_or_default()
}

/// Control characters, what changes the direction of a text, and what has no width or is blank: among them all that Unicode
/// calls Default_Ignorable_Code_Point.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}')
        || matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}')
        || matches!(c, '\u{1d159}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// A text of several lines, each as it may be shown.
pub fn lines(text: &str) -> String {
    text.lines().map(|line| printable(line, LINE_CHARS)).collect::<Vec<_>>().join("\n")
}

/// How much of a line is shown.
const LINE_CHARS: usize = 2000;

/// A path as it may be shown.
pub fn path(path: &Path) -> String {
    printable(&path.to_string_lossy(), PATH_CHARS)
}

/// How much of a path is shown.
const PATH_CHARS: usize = 300;

/// Reads a text file that may be secret, without the mark of UTF-8 that some editors write before it: readers of PEM pass
/// over a line that begins with it.
pub fn read(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    std::fs::read(path).map(|bytes| unmarked(bytes.into()))
}

/// The text without that mark.
pub fn unmarked(mut bytes: Zeroizing<Vec<u8>>) -> Zeroizing<Vec<u8>> {
    match bytes.starts_with(b"\xef\xbb\xbf") {
        true => Zeroizing::new(bytes.split_off(3)),
        false => bytes,
    }
}

/// What reading and writing ended with, for people: TLS libraries tell of their documentation.
pub fn of_stream(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "the other side closed the connection".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_escaped() {
        assert_eq!(
            printable("a\u{1b}[2J\rb\n\u{9b}31m\u{202e}", 80),
            "a\\u{1b}[2J\\u{d}b\\u{a}\\u{9b}31m\\u{202e}"
        );
        assert_eq!(printable("Schlüssel 鍵 👍", 80), "Schlüssel 鍵 👍");
    }

    #[test]
    fn what_is_kept_for_good_is_bounded_and_told_from_its_like() {
        for short in ["", "b5c8f6e0-0000-4000-8000-000000000000", &"é".repeat(KEPT_BYTES_MAX / 2)] {
            assert_eq!(kept(short), short);
        }
        // Each character in as many bytes as it has, behind one of another length.
        for long in ["x", "é", "鍵", "👍"] {
            let (one, other) = (long.repeat(1_000_000), long.repeat(1_000_001));
            for first in ["", "x"] {
                let (one, other) = (first.to_owned() + &one, first.to_owned() + &other);
                let (short, other) = (kept(&one), kept(&other));
                assert!(short.starts_with(beginning(&one)) && beginning(&one).len() > KEPT_BYTES_MAX - 4);
                assert!(short.len() < KEPT_BYTES_MAX + 120 && short != other, "{short}");
                assert!(short.contains(&format!("({} bytes", one.len())), "{short}");
            }
        }
    }

    #[test]
    fn a_text_has_an_end_and_stays_as_it_is_the_second_time() {
        for text in ["x".repeat(5000), "\n".repeat(5000), "é".repeat(5000)] {
            let once = printable(&text, 100);
            assert_eq!((once.chars().count(), once.ends_with('…')), (100, true));
            assert_eq!(printable(&once, 100), once);
        }
        assert_eq!(printable(&"x".repeat(100), 100), "x".repeat(100));
    }
}
