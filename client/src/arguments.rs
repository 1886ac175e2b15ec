//! Values on command lines that are no texts: what is wanted is said in words for who types them.

use clap::error::{ContextKind, ContextValue};
use keystead_base::text::printable;
use std::net::SocketAddr;

/// How much of a wrong value is shown.
const SHOWN_CHARS: usize = 100;

/// A whole number between these two.
pub fn whole<T: TryFrom<u64>>(least: u64, most: u64) -> impl Fn(&str) -> Result<T, String> + Clone {
    move |text| {
        // A sign is no digit, though Rust reads one.
        let is_whole = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|number| is_whole && (least..=most).contains(number));
        number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| match most {
            u64::MAX if is_whole && text.parse::<u64>().is_err() => {
                format!("a whole number from {least} to {most} is wanted, in digits alone")
            }
            u64::MAX => format!("a whole number of at least {least} is wanted, in digits alone"),
            _ => format!("a whole number from {least} to {most} is wanted, in digits alone"),
        })
    }
}

/// An address to listen on.
pub fn listen_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        "an IP address with its port is wanted, such as 127.0.0.1:5696 or [::1]:5696 (0.0.0.0:5696 is all of IPv4)"
            .to_owned()
    })
}

/// The same error with the texts of the command line escaped and bounded: a value may have been pasted, or come from a script.
pub fn bounded(mut error: clap::Error) -> clap::Error {
    let long: Vec<(ContextKind, String)> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(text) => Some((kind, printable(text, SHOWN_CHARS))),
            _ => None,
        })
        .collect();
    for (kind, text) in long {
        error.insert(kind, ContextValue::String(text));
    }
    error
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop where it stands")]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_range_and_no_sign() {
        let days = whole::<u32>(1, 3650);
        assert_eq!((days("1"), days("3650"), days("007")), (Ok(1), Ok(3650), Ok(7)));
        for text in ["", "0", "3651", "-1", "+1", "1.5", " 1", "0x1", "\u{663}", "99999999999999999999999"] {
            assert!(days(text).unwrap_err().contains("from 1 to 3650"), "{text:?}");
        }
        let any = whole::<u64>(0, u64::MAX);
        assert_eq!(any("18446744073709551615"), Ok(u64::MAX));
        assert!(any("18446744073709551616").unwrap_err().contains("from 0 to 18446744073709551615"));
        assert!(whole::<i32>(1, 1 << 40)("9999999999").is_err(), "the type bounds too");
    }
}
