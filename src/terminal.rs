//! What a person types at a terminal and nobody is to see.

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use std::io::{self, Write as _};
use zeroize::Zeroizing;

/// The longest line that is taken.
const BYTES_MAX: usize = 1024;

/// Asks for a line, which is not shown. Ctrl-C ends it as it should, and leaves the terminal as it was.
pub fn hidden_line(prompt: &str) -> io::Result<Zeroizing<String>> {
    let silence = Silence::new()?;
    let mut out = io::stderr();
    let _ = write!(out, "{prompt}");
    let typed = line(io::stdin().lock());
    let _ = writeln!(out);
    drop(silence);
    typed
}

/// A line of single bytes, as the terminal does not edit it: the last letter and the whole line can be taken back.
fn line(mut from: impl io::Read) -> io::Result<Zeroizing<String>> {
    let mut typed = Zeroizing::new(Vec::with_capacity(BYTES_MAX));
    let mut byte = [0];
    while from.read(&mut byte)? == 1 {
        match byte {
            [b'\n' | b'\r'] => break,
            // End of transmission: nothing more comes.
            [0x04] if typed.is_empty() => break,
            [0x03 | 0x1c] => return Err(io::Error::new(io::ErrorKind::Interrupted, "it was interrupted")),
            [0x08 | 0x7f] => {
                // A letter of UTF-8 ends with its first byte, seen from behind.
                while typed.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
            }
            [0x15] => typed.clear(),
            [other] if typed.len() < BYTES_MAX => typed.push(other),
            _ => return Err(io::Error::other(format!("it is longer than {BYTES_MAX} bytes"))),
        }
    }
    let text = std::str::from_utf8(&typed).map_err(|_| io::Error::other("it is no UTF-8 text"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// A terminal that shows nothing of what is typed and gives it byte by byte, until this is dropped.
struct Silence(Termios);

impl Silence {
    fn new() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        for (index, value) in [(SpecialCodeIndex::VMIN, 1), (SpecialCodeIndex::VTIME, 0)] {
            silent.special_codes[index] = value;
        }
        tcsetattr(io::stdin(), OptionalActions::Flush, &silent)?;
        Ok(Self(before))
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop where it stands")]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_edited_as_at_a_terminal() {
        for (typed, line_of_it) in [
            ("abc\nd", "abc"),
            ("ab\u{7f}c\r", "ac"),
            ("é鍵\u{8}\n", "é"),
            ("\u{7f}\u{7f}a\n", "a"),
            ("abc\u{15}d\n", "d"),
            ("a", "a"),
            ("", ""),
            ("\u{4}", ""),
        ] {
            assert_eq!(*line(typed.as_bytes()).unwrap(), line_of_it, "{typed:?}");
        }
        assert_eq!(line(&b"ab\x03"[..]).unwrap_err().kind(), io::ErrorKind::Interrupted);
        assert!(line(&b"\xff\n"[..]).is_err());
        assert!(line(&vec![b'x'; 2000][..]).is_err());
    }
}
