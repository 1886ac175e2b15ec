//! Who answers in another protocol than KMIP over TLS: the first bytes tell which. What is cut off before it can be judged is not
//! judged: the rest of it may have said that it passes.

use kmip_codec::{OtherProtocol, Tag};
use std::fmt;

/// How many bytes are looked at: `HTTP/1.1 503` tells the status.
pub(super) const LOOKED_AT: usize = 16;

/// The first bytes of TLS records: their content types (RFC 8446, section 5.1).
const TLS_RECORDS: std::ops::RangeInclusive<u8> = 20..=24;

/// The statuses below 500 with which a proxy or balancer says that its server may be asked again (RFC 9110, 15.5.9; RFC 8470, 5.2;
/// RFC 6585, 4).
const PASSING: [u16; 3] = [408, 425, 429];

/// What is spoken instead of KMIP over TLS.
#[derive(Debug)]
pub struct Spoken {
    /// Its name, as far as that is known.
    name: String,
    /// Whether there is TLS around it.
    in_tls: bool,
    /// What an answer in HTTP says.
    status: Status,
}

/// The status of an answer in HTTP (RFC 9112, section 4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Status {
    /// It is this.
    Is(u16),
    /// The answer ends before it.
    CutOff,
    /// There is none: it is no answer in HTTP.
    None,
}

impl Status {
    fn of(start: &[u8]) -> Self {
        if !start.starts_with(b"HTT") {
            return Self::None;
        }
        let behind = start.iter().position(|byte| *byte == b' ').and_then(|at| start.get(at + 1..));
        match behind.unwrap_or_default().get(..3) {
            Some(digits) => match std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()) {
                Some(status) => Self::Is(status),
                None => Self::None,
            },
            None if start.len() < LOOKED_AT => Self::CutOff,
            None => Self::None,
        }
    }
}

impl Spoken {
    /// Of an answer that came in TLS and begins like this; nothing where it may be KMIP.
    pub(super) fn in_tls(start: &[u8]) -> Option<Self> {
        let name = OtherProtocol::of(tag(start)?)?.to_string();
        Some(Self { name, in_tls: true, status: Status::of(start) })
    }

    /// Of what came instead of TLS; nothing where it may be TLS, or is nothing that is known.
    pub(super) fn instead_of_tls(start: &[u8]) -> Option<Self> {
        if TLS_RECORDS.contains(start.first()?) {
            return None;
        }
        let is_text = start.iter().take(3).all(|byte| byte.is_ascii_graphic());
        let name = match tag(start)? {
            Tag::ResponseMessage => "KMIP".to_owned(),
            other => OtherProtocol::of(other).filter(|_| is_text)?.to_string(),
        };
        Some(Self { name, in_tls: false, status: Status::of(start) })
    }

    /// Whether it has begun, and more of it would tell what it is and whether it passes.
    pub(super) fn is_unfinished(start: &[u8]) -> bool {
        let is_other = start.first().is_some_and(|first| !TLS_RECORDS.contains(first));
        is_other && tag(start).is_none() || Status::of(start) == Status::CutOff
    }

    /// Whether a proxy says that its server is away or busy, or does not come to say so. Everything else does not pass by itself.
    pub(super) fn may_pass(&self) -> bool {
        match self.status {
            Status::Is(status) => (500..600).contains(&status) || PASSING.contains(&status),
            Status::CutOff => true,
            Status::None => false,
        }
    }
}

/// The first three bytes, as the tag that they are where they are KMIP.
fn tag(start: &[u8]) -> Option<Tag> {
    let [first, second, third] = *start.first_chunk()?;
    Some(Tag(u32::from_be_bytes([0, first, second, third])))
}

impl fmt::Display for Spoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let without = if self.in_tls { "" } else { " without TLS" };
        match (self.name.as_str(), self.status) {
            ("HTTP", Status::Is(status)) => write!(f, "an HTTP server answered{without} (status {status})")?,
            ("HTTP", Status::CutOff) => {
                write!(f, "an HTTP server answered{without}, and its answer was cut off before the status")?;
            }
            ("HTTP", Status::None) => write!(f, "an HTTP server answered{without}")?,
            (name, _) => write!(f, "the answer is {name}{without}")?,
        }
        f.write_str(", and this client speaks KMIP over TLS: give the port of that, which is 5696 by default")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop where it stands")]
mod tests {
    use super::*;

    #[test]
    fn who_speaks_another_protocol_is_named_in_tls_and_without() {
        for (start, words, may_pass) in [
            (&b"HTTP/1.1 400 Bad Request\r\n"[..], "(status 400)", false),
            (b"HTTP/1.1 404 Not Found\r\n", "(status 404)", false),
            (b"HTTP/1.1 408 Request Timeout\r\n", "(status 408)", true),
            (b"HTTP/1.1 425 Too Early\r\n", "(status 425)", true),
            (b"HTTP/1.1 429 Too Many Requests\r\n", "(status 429)", true),
            (b"HTTP/1.1 499 \r\n", "(status 499)", false),
            (b"HTTP/1.1 503 Service Unavailable\r\n", "(status 503)", true),
            (b"HTTP/1.0 502 Bad Gateway\r\n", "(status 502)", true),
            (b"HTTP/2 503\r\n", "(status 503)", true),
            (b"HTTP/1.1 abc \r\n", "an HTTP server answered", false),
            (b"GET / HTTP/1.1\r\n", "an HTTP server answered", false),
            (b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n", "the answer is SSH", false),
            (b"220 mail.example.com ESMTP\r\n", "`220`", false),
            (b"<html>", "the answer is XML", false),
        ] {
            for (spoken, without) in
                [Spoken::in_tls(start), Spoken::instead_of_tls(start)].into_iter().zip([false, true])
            {
                let spoken = spoken.unwrap();
                let told = spoken.to_string();
                assert!(told.contains(words) && told.contains("5696"), "{told}");
                assert_eq!((spoken.may_pass(), told.contains("without TLS")), (may_pass, without), "{told}");
            }
        }
    }

    /// However few bytes came: nothing is told that was not sent, and nothing is final that the rest may have taken back.
    #[test]
    fn what_is_cut_off_may_pass() {
        for status in ["200", "404", "429", "503"] {
            let whole = format!("HTTP/1.1 {status} Some Words\r\n\r\n");
            for length in 0..whole.len() {
                let start = &whole.as_bytes()[..length];
                for spoken in [Spoken::in_tls(start), Spoken::instead_of_tls(start)] {
                    assert_eq!(spoken.is_some(), length >= 3, "{length}");
                    let Some(spoken) = spoken else { continue };
                    let is_known = length >= "HTTP/1.1 503".len();
                    assert_eq!(spoken.to_string().contains(status), is_known, "{spoken}");
                    assert_eq!(spoken.to_string().contains("cut off"), !is_known, "{spoken}");
                    assert_eq!(spoken.may_pass(), !is_known || ["429", "503"].contains(&status), "{spoken}");
                }
                let is_known = length >= "HTTP/1.1 503".len();
                assert_eq!(Spoken::is_unfinished(start), length > 0 && !is_known, "{length}");
            }
        }
        for short in [&b"H"[..], b"SS", b"{", b"22", b"\x42\x00"] {
            assert!(Spoken::in_tls(short).is_none() && Spoken::instead_of_tls(short).is_none(), "{short:?}");
            assert!(Spoken::is_unfinished(short), "{short:?}");
        }
        assert!(
            !Spoken::is_unfinished(&[22, 3]) && !Spoken::is_unfinished(b"SSH") && !Spoken::is_unfinished(b"")
        );
    }

    #[test]
    fn kmip_is_kmip_and_tls_is_tls() {
        let kmip = [0x42, 0, 0x7B, 1, 0, 0, 0, 8];
        assert!(Spoken::in_tls(&kmip).is_none());
        assert!(Spoken::instead_of_tls(&kmip).unwrap().to_string().contains("KMIP without TLS"));
        for tls in [&[22, 3, 3, 0, 1][..], &[21, 3, 3, 0, 2, 2, 80], &[], &[0, 1, 2, 3, 4, 5, 6, 7, 8]] {
            assert!(Spoken::instead_of_tls(tls).is_none(), "{tls:?}");
        }
        assert!(Spoken::in_tls(&[0; 8]).is_some_and(|spoken| !spoken.may_pass()));
    }
}
