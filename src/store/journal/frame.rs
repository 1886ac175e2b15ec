//! Frames of a segment: length, checksum, entry. A frame of length 0 says nothing: it shows that the file takes writes.

use crate::audit::Entry;

const HEAD_BYTES: usize = 12;

/// What a segment holds.
#[derive(Debug, Default, PartialEq)]
pub struct Read {
    /// The entries of its whole frames.
    pub entries: Vec<Entry>,
    /// How many bytes between whole frames are no frame. What is torn at the end does not count: it was never
    /// acknowledged.
    pub damaged_bytes: usize,
}

/// Appends the frame of an entry.
pub fn put(entry: &Entry, out: &mut Vec<u8>) {
    put_body(&entry.encode(), out);
}

/// Appends a frame that says nothing.
pub fn put_nothing(out: &mut Vec<u8>) {
    put_body(&[], out);
}

fn put_body(body: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(&checksum_of(body));
    out.extend_from_slice(body);
}

/// Reads the frames. Bytes that are none are passed over: the frames behind them were acknowledged.
pub fn read(bytes: &[u8]) -> Read {
    let (mut read, mut at, mut skipped) = (Read::default(), 0, 0);
    while let Some(rest) = bytes.get(at..).filter(|rest| rest.len() >= HEAD_BYTES) {
        let Some((entry, length)) = first(rest) else {
            (at, skipped) = (at + 1, skipped + 1);
            continue;
        };
        read.damaged_bytes += std::mem::take(&mut skipped);
        read.entries.extend(entry);
        at += length;
    }
    read
}

/// The frame that these bytes begin with, and its length.
fn first(bytes: &[u8]) -> Option<(Option<Entry>, usize)> {
    let (head, rest) = bytes.split_first_chunk::<HEAD_BYTES>()?;
    let (length, checksum) = head.split_at(4);
    let length = u32::from_be_bytes(length.try_into().ok()?) as usize;
    let body = rest.get(..length)?;
    if checksum_of(body) != checksum {
        return None;
    }
    let entry = if body.is_empty() { None } else { Some(Entry::decode(body)?) };
    Some((entry, HEAD_BYTES + length))
}

/// The first 8 bytes of the SHA-256: against torn writes, not against people.
fn checksum_of(body: &[u8]) -> [u8; 8] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body);
    digest.as_ref().first_chunk::<8>().copied().unwrap_or_default()
}
