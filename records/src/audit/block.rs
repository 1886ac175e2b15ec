//! A block: entries with what chains them to all that was before. docs/audit-format.md has it byte by byte.

use super::body::{Body, Kind, Read};
use super::filter::{self, Element};
use super::mac::{self, MacKey};
use super::{compression, varint};
use aws_lc_rs::digest::{SHA256, digest};

/// The first byte of a block.
const FORMAT: u8 = 1;

/// Bytes of a hash.
pub const HASH_BYTES: usize = 32;

/// Says that a block has no MAC; keys are numbered from 1.
const NO_KEY: u32 = 0;

/// The identifier of a node.
pub type NodeId = [u8; 8];

/// The SHA-256 of a block.
pub type Hash = [u8; HASH_BYTES];

/// What stands in front of the entries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// What it holds.
    pub kind: Kind,
    /// Whose it is.
    pub node: NodeId,
    /// Which of its blocks it is.
    pub number: u64,
    /// The number of its first entry.
    pub first: u64,
    /// How many entries.
    pub count: u32,
    /// Their earliest and their latest time, in milliseconds since 1970.
    pub times: (u64, u64),
    /// The hash of the block before.
    pub before: Hash,
    filter_bytes: u32,
    raw_bytes: u32,
    compression: u8,
    body_bytes: u32,
}

impl Header {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[FORMAT, self.kind as u8]);
        out.extend_from_slice(&self.node);
        out.extend_from_slice(&self.number.to_be_bytes());
        out.extend_from_slice(&self.first.to_be_bytes());
        out.extend_from_slice(&self.count.to_be_bytes());
        out.extend_from_slice(&self.times.0.to_be_bytes());
        out.extend_from_slice(&self.times.1.to_be_bytes());
        out.extend_from_slice(&self.before);
        out.extend_from_slice(&self.filter_bytes.to_be_bytes());
        out.extend_from_slice(&self.raw_bytes.to_be_bytes());
        out.push(self.compression);
        out.extend_from_slice(&self.body_bytes.to_be_bytes());
    }

    fn take(rest: &mut &[u8]) -> Option<Self> {
        let [FORMAT, kind] = varint::take_array(rest)? else { return None };
        Some(Self {
            kind: Kind::of(kind)?,
            node: varint::take_array(rest)?,
            number: u64::from_be_bytes(varint::take_array(rest)?),
            first: u64::from_be_bytes(varint::take_array(rest)?),
            count: u32::from_be_bytes(varint::take_array(rest)?),
            times: (
                u64::from_be_bytes(varint::take_array(rest)?),
                u64::from_be_bytes(varint::take_array(rest)?),
            ),
            before: varint::take_array(rest)?,
            filter_bytes: u32::from_be_bytes(varint::take_array(rest)?),
            raw_bytes: u32::from_be_bytes(varint::take_array(rest)?),
            compression: varint::take_array::<1>(rest)?[0],
            body_bytes: u32::from_be_bytes(varint::take_array(rest)?),
        })
    }
}

/// Where a block stands in the log of its node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// The node.
    pub node: NodeId,
    /// The number of the block.
    pub number: u64,
    /// The number of its first entry.
    pub first: u64,
    /// The hash of the block before; zeros before the first.
    pub before: Hash,
}

impl Body {
    /// Makes the block of this place; gives its bytes and its hash.
    pub fn seal(&self, place: Place, key: Option<&MacKey>) -> (Vec<u8>, Hash) {
        let bytes = |part: &[u8]| u32::try_from(part.len()).unwrap_or(u32::MAX);
        let header = Header {
            kind: self.kind,
            node: place.node,
            number: place.number,
            first: place.first,
            count: self.count,
            times: self.times,
            before: place.before,
            filter_bytes: bytes(&self.filter),
            raw_bytes: self.raw_bytes,
            compression: self.compression,
            body_bytes: bytes(&self.bytes),
        };
        let mut block = Vec::with_capacity(256 + self.filter.len() + self.bytes.len());
        header.put(&mut block);
        block.extend_from_slice(&self.filter);
        block.extend_from_slice(&self.bytes);
        let hash = hash_of(&block);
        block.extend_from_slice(&hash);
        block.extend_from_slice(&key.map_or(NO_KEY, MacKey::number).to_be_bytes());
        if let Some(key) = key {
            block.extend_from_slice(&key.mac(&hash));
        }
        (block, hash)
    }
}

fn hash_of(bytes: &[u8]) -> Hash {
    digest(&SHA256, bytes).as_ref().first_chunk().copied().unwrap_or_default()
}

/// A block as it stands, taken apart. Nothing of it is verified yet.
#[derive(Clone, Copy, Debug)]
pub struct Block<'b> {
    /// What stands in front of the entries.
    pub header: Header,
    filter: &'b [u8],
    body: &'b [u8],
    /// All that the hash is over.
    hashed: &'b [u8],
    /// The hash that it says it has.
    pub hash: Hash,
    mac: Option<(u32, [u8; mac::BYTES])>,
}

/// Whether a block has a MAC of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MacState {
    /// It has one that is right.
    Right,
    /// It has one that is wrong.
    Wrong,
    /// It has none.
    None,
    /// It has one of a key that is not at hand.
    NoKey,
}

impl<'b> Block<'b> {
    /// Takes a block apart; `None` where the bytes are none, to the last one.
    pub fn read(bytes: &'b [u8]) -> Option<Self> {
        let mut rest = bytes;
        let header = Header::take(&mut rest)?;
        let (filter, after) = rest.split_at_checked(header.filter_bytes as usize)?;
        let (body, mut after) = after.split_at_checked(header.body_bytes as usize)?;
        let hashed = bytes.get(..bytes.len() - after.len())?;
        let hash = varint::take_array(&mut after)?;
        let mac = match u32::from_be_bytes(varint::take_array(&mut after)?) {
            NO_KEY => None,
            number => Some((number, varint::take_array(&mut after)?)),
        };
        after.is_empty().then_some(Self { header, filter, body, hashed, hash, mac })
    }

    /// Whether its hash is the one that it says.
    pub fn is_whole(&self) -> bool {
        hash_of(self.hashed) == self.hash
    }

    /// Whether it may concern an object or a principal; `false` is certain.
    pub fn may_concern(&self, element: Element) -> bool {
        filter::may_hold(self.filter, element)
    }

    /// What there is to say of its MAC with these keys.
    pub fn mac(&self, keys: &[MacKey]) -> MacState {
        let Some((number, mac)) = &self.mac else { return MacState::None };
        match keys.iter().find(|key| key.number() == *number) {
            None => MacState::NoKey,
            Some(key) if key.is_mac(&self.hash, mac) => MacState::Right,
            Some(_) => MacState::Wrong,
        }
    }

    /// Its entries, uncompressed; to be read by [`Read::new`].
    pub fn raw(&self) -> Option<Vec<u8>> {
        compression::unpack(self.header.compression, self.body, self.header.raw_bytes)
    }

    /// Whether header and filter are those of these entries.
    pub fn describes(&self, read: &Read<'_>) -> bool {
        self.header.times == read.times() && self.filter == read.filter()
    }
}
