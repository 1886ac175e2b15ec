//! Who answers in another protocol than KMIP over TLS: the first bytes tell which.

use kmip_codec::Tag;
use kmip_codec::limits::ITEM_HEADER_BYTES;
use kmip_codec::wire::frame_length;
use std::fmt;

/// How many bytes are looked at: `HTTP/1.1 503` tells the status.
pub(super) const LOOKED_AT: usize = 16;

/// The first bytes of TLS records: their content types (RFC 8446, section 5.1).
const TLS_RECORDS: std::ops::RangeInclusive<u8> = 20..=24;

/// What is spoken instead of KMIP over TLS.
#[derive(Debug)]
pub struct Spoken {
    /// Its name, as far as that is known.
    name: String,
    /// Whether there is TLS around it.
    in_tls: bool,
    /// The status of an answer in HTTP.
    status: Option<u16>,
}

impl Spoken {
    /// Of an answer that came in TLS and begins like this; nothing where it may be KMIP.
    pub(super) fn in_tls(start: &[u8]) -> Option<Self> {
        let other = frame_length(*start.first_chunk::<ITEM_HEADER_BYTES>()?, Tag::ResponseMessage).err()?;
        let name = other.other_protocol()?.to_string();
        Some(Self { name, in_tls: true, status: status(start) })
    }

    /// Of what came instead of TLS; nothing where it may be TLS, or is nothing that is known.
    pub(super) fn instead_of_tls(start: &[u8]) -> Option<Self> {
        let first = start.first()?;
        let is_text = start.iter().take(3).all(|byte| byte.is_ascii_graphic());
        if TLS_RECORDS.contains(first) {
            return None;
        }
        let mut head = [b' '; ITEM_HEADER_BYTES];
        head.iter_mut().zip(start).for_each(|(to, from)| *to = *from);
        let name = match frame_length(head, Tag::ResponseMessage) {
            Ok(_) => "KMIP".to_owned(),
            Err(error) => error.other_protocol().filter(|_| is_text)?.to_string(),
        };
        Some(Self { name, in_tls: false, status: status(start) })
    }

    /// Whether a proxy says that its server is away. Everything else does not pass by itself.
    pub(super) fn may_pass(&self) -> bool {
        self.status.is_some_and(|status| (500..600).contains(&status))
    }
}

/// The status of an answer in HTTP (RFC 9112, section 4).
fn status(start: &[u8]) -> Option<u16> {
    let rest = start.strip_prefix(b"HTTP/1.")?.get(2..5)?;
    std::str::from_utf8(rest).ok()?.parse().ok()
}

impl fmt::Display for Spoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let without = if self.in_tls { "" } else { " without TLS" };
        match (self.name.as_str(), self.status) {
            ("HTTP", Some(status)) => write!(f, "an HTTP server answered{without} (status {status})")?,
            ("HTTP", None) => write!(f, "an HTTP server answered{without}")?,
            (name, _) => write!(f, "the answer is {name}{without}")?,
        }
        f.write_str(", and this client speaks KMIP over TLS: give the port of that, which is 5696 by default")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop where it stands")]
mod tests {
    use super::*;

    #[test]
    fn who_speaks_another_protocol_is_named_in_tls_and_without() {
        for (start, words, may_pass) in [
            (&b"HTTP/1.1 400 Bad Request\r\n"[..], "an HTTP server answered", false),
            (b"HTTP/1.1 404 Not Found\r\n", "an HTTP server answered", false),
            (b"HTTP/1.1 503 Service Unavailable\r\n", "an HTTP server answered", true),
            (b"HTTP/1.0 502 Bad Gateway\r\n", "(status 502)", true),
            (b"HTTP/1.", "an HTTP server answered", false),
            (b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n", "the answer is SSH", false),
            (b"220 mail.example.com ESMTP\r\n", "`220`", false),
        ] {
            let each = [Spoken::in_tls(start), Spoken::instead_of_tls(start)];
            for (spoken, without) in each.into_iter().zip([false, true]) {
                let Some(spoken) = spoken else {
                    assert!(start.len() < ITEM_HEADER_BYTES && !without, "{start:?}");
                    continue;
                };
                let told = spoken.to_string();
                assert!(told.contains(words) && told.contains("5696"), "{told}");
                assert_eq!((spoken.may_pass(), told.contains("without TLS")), (may_pass, without), "{told}");
            }
        }
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
