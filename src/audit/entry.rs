//! One entry, and its one form as bytes.

use serde::{Deserialize, Serialize};

const FORMAT: u8 = 1;

/// What one item of a request did. Texts are what clients and the configuration call things; none is a secret.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Entry {
    /// Milliseconds since 1970.
    pub time: u64,
    /// The request that the item was in; entries of one request share it.
    pub request: u64,
    /// Who asked: the name in the client's certificate, or who acted on the server itself.
    pub principal: String,
    /// From where.
    pub peer: String,
    /// The protocol version of the message.
    pub version: String,
    /// What was asked for.
    pub operation: String,
    /// The objects that were named, found or made.
    pub objects: Vec<String>,
    /// `Success`, or why it failed.
    pub outcome: String,
    /// Anything else worth knowing, such as the kind of a credential in the header.
    pub note: String,
}

impl Entry {
    /// The entry as bytes: a format byte, two numbers, then texts with their length before them.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![FORMAT];
        out.extend_from_slice(&self.time.to_be_bytes());
        out.extend_from_slice(&self.request.to_be_bytes());
        let texts = [&self.principal, &self.peer, &self.version, &self.operation, &self.outcome, &self.note];
        texts.into_iter().for_each(|text| put(&mut out, text));
        out.extend_from_slice(&length(self.objects.len()));
        self.objects.iter().for_each(|object| put(&mut out, object));
        out
    }

    /// Reads the bytes; `None` where they are not an entry, to the last byte.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (format, mut rest) = bytes.split_first()?;
        if *format != FORMAT {
            return None;
        }
        let mut entry = Self { time: number(&mut rest)?, request: number(&mut rest)?, ..Self::default() };
        let Self { principal, peer, version, operation, outcome, note, .. } = &mut entry;
        for field in [principal, peer, version, operation, outcome, note] {
            *field = take(&mut rest)?;
        }
        let count = count(&mut rest)?;
        for _ in 0..count {
            entry.objects.push(take(&mut rest)?);
        }
        rest.is_empty().then_some(entry)
    }
}

fn length(count: usize) -> [u8; 4] {
    u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes()
}

fn put(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&length(text.len()));
    out.extend_from_slice(text.as_bytes());
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    let (bytes, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(u64::from_be_bytes(*bytes))
}

fn count(rest: &mut &[u8]) -> Option<usize> {
    let (bytes, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(u32::from_be_bytes(*bytes) as usize)
}

fn take(rest: &mut &[u8]) -> Option<String> {
    let length = count(rest)?;
    let (text, after) = rest.split_at_checked(length)?;
    *rest = after;
    String::from_utf8(text.to_vec()).ok()
}
