//! Frames of a segment: length, checksum, entry. A frame of length 0 says nothing: it shows that the file takes writes.

use super::{CHECKSUM, checksum_of, put_checksums};
use keystead_records::audit::{self, Encoded, Entries, HEAD_BYTES, old};

/// What a segment holds.
#[derive(Debug, Default, PartialEq)]
pub struct Read {
    /// The entries of its whole frames.
    pub entries: Entries,
    /// How many bytes between whole frames are no frame. What is torn at the end does not count: it was never
    /// acknowledged.
    pub damaged_bytes: usize,
}

/// A frame that says nothing.
pub fn nothing() -> Vec<u8> {
    let mut frame = vec![0; HEAD_BYTES];
    put_checksums(&mut frame);
    frame
}

/// Reads the frames. Bytes that are none are passed over: the frames behind them were acknowledged.
pub fn read(bytes: &[u8]) -> Read {
    let (mut read, mut at, mut skipped) = (Read::default(), 0, 0);
    while let Some(rest) = bytes.get(at..).filter(|rest| rest.len() >= HEAD_BYTES) {
        let Some(length) = first(rest, &mut read.entries) else {
            (at, skipped) = (at + 1, skipped + 1);
            continue;
        };
        read.damaged_bytes += std::mem::take(&mut skipped);
        at += length;
    }
    read
}

/// Takes in the frame that these bytes begin with; gives its length.
fn first(bytes: &[u8], entries: &mut Entries) -> Option<usize> {
    let (head, rest) = bytes.split_first_chunk::<HEAD_BYTES>()?;
    let (length, checksum) = head.split_at(CHECKSUM.start);
    let length = u32::from_be_bytes(length.try_into().ok()?) as usize;
    let body = rest.get(..length)?;
    if checksum_of(body) != checksum {
        return None;
    }
    if !body.is_empty() {
        match (Encoded::read(body), audit::deferred(body)) {
            (Some(entry), _) => entries.add_encoded(entry.bytes()),
            (None, Some(row)) => entries.defer(row),
            // Of the version that had texts alone.
            (None, None) => entries.push(&old::decode(body)?),
        }
    }
    Some(HEAD_BYTES + length)
}
