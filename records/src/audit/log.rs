//! The log of a node: its blocks, one chained to the other.
//!
//! | key | value |
//! | --- | --- |
//! | `B`, node (8 bytes), number (8 bytes, big-endian) | a block |

use super::block::{Block, HASH_BYTES, Hash, MacState, NodeId, Place};
use super::body::{Body, Read};
use super::mac::MacKey;
use super::old;
use crate::keyspace::Kind;
use std::fmt;

/// What the keys of blocks begin with.
pub const PREFIX: &[u8] = Kind::AuditBlock.prefix();

/// The end of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Whose log it is.
    pub node: NodeId,
    /// The number of the next block.
    pub block: u64,
    /// The number of the next entry: how many there are.
    pub entry: u64,
    /// The hash of the last block; zeros before the first.
    pub hash: Hash,
}

impl Head {
    /// The head of a log without a block.
    pub fn new(node: NodeId) -> Self {
        Self { node, block: 0, entry: 0, hash: [0; HASH_BYTES] }
    }

    /// The head behind a block.
    pub fn behind(block: &Block<'_>) -> Self {
        let header = &block.header;
        Self {
            node: header.node,
            block: header.number.saturating_add(1),
            entry: header.first.saturating_add(u64::from(header.count)),
            hash: block.hash,
        }
    }

    /// Makes the next block; gives the pair to store.
    pub fn append(&mut self, body: &Body, key: Option<&MacKey>) -> (Vec<u8>, Vec<u8>) {
        let place = Place { node: self.node, number: self.block, first: self.entry, before: self.hash };
        let at = key_of(self.node, self.block);
        let (block, hash) = body.seal(place, key);
        (self.block, self.entry, self.hash) = (self.block + 1, self.entry + u64::from(body.count), hash);
        (at, block)
    }

    /// How a block that stands under a key does not fit behind this head.
    fn flaw(&self, key: &[u8], block: &Block<'_>) -> Option<&'static str> {
        let header = &block.header;
        if key != key_of(header.node, header.number) || header.node != self.node {
            Some("it belongs under another key: it was moved")
        } else if header.number != self.block {
            Some("its number does not follow the one before: blocks are missing")
        } else if !block.is_whole() {
            Some("its hash does not fit: it was changed")
        } else if header.before != self.hash {
            Some("it was made behind another block than the one before: that was changed or exchanged")
        } else if header.first != self.entry {
            Some("its entries do not follow those before")
        } else {
            None
        }
    }
}

/// What the keys of a node's blocks begin with.
pub fn prefix_of(node: NodeId) -> Vec<u8> {
    [PREFIX, &node].concat()
}

/// The key of a block.
pub fn key_of(node: NodeId, number: u64) -> Vec<u8> {
    [PREFIX, &node, &number.to_be_bytes()].concat()
}

/// Node and number of a block's key.
pub fn parts_of(key: &[u8]) -> Option<(NodeId, u64)> {
    let (node, number) = key.strip_prefix(PREFIX)?.split_first_chunk()?;
    Some((*node, u64::from_be_bytes(number.try_into().ok()?)))
}

/// What does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Where {
    /// A block of a node.
    Block(NodeId, u64),
    /// A key that is none of a block.
    Key(Vec<u8>),
    /// An entry of the chain that the store had before blocks.
    OldEntry(u64),
}

impl fmt::Display for Where {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Block(node, number) => write!(f, "block {number} of node {}", hex::encode(node)),
            Self::Key(key) => f.write_str(&hex::encode(key)),
            Self::OldEntry(number) => write!(f, "entry {number} of the audit before blocks"),
        }
    }
}

/// Where an audit breaks, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Break {
    /// Where.
    pub at: Where,
    /// In what way.
    pub why: &'static str,
}

/// Follows the blocks of a node.
pub struct Follower<'k> {
    head: Head,
    keys: &'k [MacKey],
    /// Whether a block had a MAC that is right.
    proved: bool,
    /// How many of the last blocks have none.
    unproved: u64,
}

impl<'k> Follower<'k> {
    /// From the first block of a node. Without keys MACs are not looked at.
    pub fn new(node: NodeId, keys: &'k [MacKey]) -> Self {
        Self { head: Head::new(node), keys, proved: false, unproved: 0 }
    }

    /// Where it is.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Goes on to the next pair of the store. Hands the entries of a block that can be read to `visit`, with the number of the
    /// first, and each thing that does not fit to `broken`; behind that it goes on from what is there.
    pub fn follow(
        &mut self,
        key: &[u8],
        value: &[u8],
        visit: &mut dyn FnMut(u64, &Read<'_>),
        broken: &mut dyn FnMut(Break),
    ) {
        let Some((node, number)) = parts_of(key) else {
            return broken(Break { at: Where::Key(key.to_vec()), why: "it is the key of no block" });
        };
        let mut tell = |why| broken(Break { at: Where::Block(node, number), why });
        let Some(block) = Block::read(value) else {
            tell("it cannot be read: it is cut off, or of a newer format");
            self.head.block = number.saturating_add(1);
            return;
        };
        if let Some(why) = self.head.flaw(key, &block) {
            tell(why);
        }
        if let Some(why) = self.mac_flaw(&block) {
            tell(why);
        }
        // What follows is numbered behind its key, wherever it was moved from.
        self.head = Head { node: self.head.node, block: number.saturating_add(1), ..Head::behind(&block) };
        let raw = block.raw();
        match raw.as_ref().and_then(|raw| Read::new(block.header.kind, block.header.count, raw)) {
            Some(read) => {
                if !block.describes(&read) {
                    tell("its times or its filter are not those of its entries");
                }
                let old = read.carried.iter().flat_map(|carried| &carried.broken);
                old.for_each(|old| broken(Break { at: Where::OldEntry(old.at), why: old.why() }));
                visit(block.header.first, &read);
            }
            None => tell("its entries cannot be read"),
        }
    }

    fn mac_flaw(&mut self, block: &Block<'_>) -> Option<&'static str> {
        if self.keys.is_empty() {
            return None;
        }
        match block.mac(self.keys) {
            MacState::Right => {
                (self.proved, self.unproved) = (true, 0);
                None
            }
            MacState::Wrong => Some("its MAC is wrong: it was not written by this server"),
            MacState::NoKey => Some("its MAC is of a key that this store does not have"),
            MacState::None if self.proved => Some("it has no MAC, and those before have"),
            MacState::None => {
                self.unproved += 1;
                None
            }
        }
    }

    /// How many blocks stand at the end that no MAC vouches for: each block vouches for those before it.
    pub fn unproved(&self) -> u64 {
        self.unproved
    }
}

/// What a block of entries that were taken over from the chain before blocks tells of that; `None` of any other.
pub fn taken_over(block: &Block<'_>) -> Option<old::Carried> {
    let raw = block.raw()?;
    Read::new(block.header.kind, block.header.count, &raw)?.carried
}
