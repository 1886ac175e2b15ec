//! The log, as far as texts from outside stand in it: nothing that a client, a certificate or an endpoint calls itself can
//! end a line, colour a terminal or fill a disk.

use crate::text::printable;
use std::fmt;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::debug_fn;

/// The most characters of one value in the log.
const VALUE_CHARS_MAX: usize = 8192;

/// Writes the values of an event: every one of them through [`printable`].
pub fn fields() -> impl for<'writer> FormatFields<'writer> + Send + Sync + 'static {
    debug_fn(
        |out: &mut tracing_subscriber::fmt::format::Writer<'_>,
         field: &tracing::field::Field,
         value: &dyn fmt::Debug| {
            let value = printable(&format!("{value:?}"), VALUE_CHARS_MAX);
            match field.name() {
                "message" => write!(out, "{value}"),
                name => write!(out, "{name}={value}"),
            }
        },
    )
    .delimited(" ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop where it stands")]
mod tests {
    use super::*;
    use std::io;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn no_text_from_outside_steers_the_log() {
        let written = Written::default();
        let into = written.clone();
        let log = tracing_subscriber::fmt().fmt_fields(fields()).with_ansi(false);
        let log = log.with_writer(move || into.clone()).finish();
        tracing::subscriber::with_default(log, || {
            let client = "a\n2026 INFO forged\u{1b}[31m\u{202e}\u{9b}31m";
            tracing::info!(%client, peer = client, "as {client}");
            tracing::info!(client = "x".repeat(100_000), "long");
        });
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{9b}']), "{text}");
        assert!(text.contains("as a\\u{a}2026 INFO forged") && text.len() < 10_000, "{text}");
    }
}
