//! What a message begins with that is none of KMIP: the first three bytes tell the usual protocols.

use crate::Tag;
use std::fmt;

/// The first bytes of somebody who speaks another protocol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OtherProtocol([u8; 3]);

/// A protocol, and what its messages begin with: requests and answers.
const PROTOCOLS: &[(&str, &[&[u8]])] = &[
    (
        OtherProtocol::HTTP,
        &[b"HTT", b"GET", b"POS", b"PUT", b"HEA", b"OPT", b"DEL", b"CON", b"PAT", b"TRA", b"PRI"],
    ),
    ("TLS in TLS", &[&[22, 3], &[21, 3]]),
    ("SSH", &[b"SSH"]),
    (OtherProtocol::XML, &[b"<", &[0xef, 0xbb, 0xbf]]),
    (OtherProtocol::JSON, &[b"{", b"[{"]),
    ("the PROXY protocol", &[b"PRO", &[13, 10, 13]]),
];

impl OtherProtocol {
    const HTTP: &'static str = "HTTP";
    const XML: &'static str = "XML";
    const JSON: &'static str = "JSON";

    /// Of a tag, where it is none: tags of the standard begin with 0x42, those of vendors with 0x54 (KMIP 2.1, 11.56), and
    /// whoever begins with a name of a protocol speaks that.
    pub fn of(tag: Tag) -> Option<Self> {
        let [_, start @ ..] = tag.0.to_be_bytes();
        let found = Self(start);
        let is_tag = matches!(start.first(), Some(0x42 | 0x54));
        (!is_tag || found.name().is_some()).then_some(found)
    }

    /// Whether it is HTTP.
    pub fn is_http(self) -> bool {
        self.name() == Some(Self::HTTP)
    }

    /// The content type with which it is taken over HTTPS, where it may be KMIP in another encoding.
    pub fn content_type(self) -> Option<&'static str> {
        match self.name()? {
            Self::XML => Some("text/xml"),
            Self::JSON => Some("application/json"),
            _ => None,
        }
    }

    fn name(self) -> Option<&'static str> {
        PROTOCOLS
            .iter()
            .find(|(_, starts)| starts.iter().any(|start| self.0.starts_with(start)))
            .map(|(name, _)| *name)
    }
}

impl fmt::Display for OtherProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(start) = self;
        if let Some(name) = self.name() {
            return write!(f, "{name}");
        }
        match std::str::from_utf8(start) {
            Ok(text) if start.iter().all(u8::is_ascii_graphic) => write!(f, "something else (`{text}`)"),
            _ => write!(f, "something else (0x{:02x}{:02x}{:02x})", start[0], start[1], start[2]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_are_told_by_their_first_bytes() {
        let told = |bytes: [u8; 3]| {
            let tag = Tag(u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]));
            OtherProtocol::of(tag).map(|other| other.to_string()).unwrap_or_default()
        };
        for (bytes, protocol) in [
            (*b"HTT", "HTTP"),
            (*b"GET", "HTTP"),
            (*b"TRA", "HTTP"),
            ([22, 3, 1], "TLS in TLS"),
            (*b"220", "something else (`220`)"),
            ([0, 0, 0], "something else (0x000000)"),
            (*b"<Re", "XML"),
            (*b"<?x", "XML"),
            (*b"{\n\t", "JSON"),
            ([0x42, 0, 0x78], ""),
            ([0x54, 0x4b, 0x53], ""),
        ] {
            assert_eq!(told(bytes), protocol, "{bytes:x?}");
        }
    }
}
