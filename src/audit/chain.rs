//! The chain of entries as the store holds it: key `l` and the number, value hash and entry.

use super::Entry;
use crate::keyspace::Kind;
use crate::store::{Error, Order, Snapshot};
use aws_lc_rs::digest::{Context, SHA256};
use std::ops::ControlFlow;

/// What the keys of entries begin with.
pub const PREFIX: &[u8] = Kind::Audit.prefix();

const HASH_BYTES: usize = 32;

/// Where the chain ends: the number of the next entry and the hash of the last.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Chain {
    next: u64,
    hash: [u8; HASH_BYTES],
}

impl Chain {
    /// How many entries there are.
    pub fn length(&self) -> u64 {
        self.next
    }

    /// The hash of the last entry; zeros before the first.
    pub fn hash(&self) -> &[u8; HASH_BYTES] {
        &self.hash
    }

    /// The chain whose last entry is this pair of the store; `None` where the key is none of an entry. Behind an entry that
    /// is cut off it goes on from what is there of the hash: the break stays to be seen, and nothing else stops.
    pub fn after(key: &[u8], value: &[u8]) -> Option<Self> {
        let next = number_of(key)?.checked_add(1)?;
        let mut hash = [0; HASH_BYTES];
        hash.iter_mut().zip(value).for_each(|(to, from)| *to = *from);
        Some(Self { next, hash })
    }

    /// Appends an entry; returns the pair to store.
    pub fn append(&mut self, entry: &Entry) -> (Vec<u8>, Vec<u8>) {
        let encoded = entry.encode();
        self.hash = self.hash_of(&encoded);
        let mut value = self.hash.to_vec();
        value.extend_from_slice(&encoded);
        let key = key_of(self.next);
        self.next += 1;
        (key, value)
    }

    fn hash_of(&self, encoded: &[u8]) -> [u8; HASH_BYTES] {
        let mut context = Context::new(&SHA256);
        context.update(&self.hash);
        context.update(&self.next.to_be_bytes());
        context.update(encoded);
        let mut hash = [0; HASH_BYTES];
        hash.copy_from_slice(context.finish().as_ref());
        hash
    }

    /// Checks that a pair is the next of the chain, and goes on to it.
    fn accept(&mut self, key: &[u8], value: &[u8]) -> Result<Entry, &'static str> {
        if number_of(key) != Some(self.next) {
            return Err("the number does not follow the one before: entries are missing");
        }
        let (hash, encoded) = value.split_first_chunk::<HASH_BYTES>().ok_or("the entry is cut off")?;
        if self.hash_of(encoded) != *hash {
            return Err("the hash does not fit: this entry, or the one before, was changed");
        }
        let entry = Entry::decode(encoded).ok_or("the entry cannot be read")?;
        (self.next, self.hash) = (self.next + 1, *hash);
        Ok(entry)
    }
}

fn key_of(number: u64) -> Vec<u8> {
    let mut key = PREFIX.to_vec();
    key.extend_from_slice(&number.to_be_bytes());
    key
}

fn number_of(key: &[u8]) -> Option<u64> {
    let bytes = key.strip_prefix(PREFIX)?.try_into().ok()?;
    Some(u64::from_be_bytes(bytes))
}

/// Where a chain breaks, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Break {
    /// The number of the first entry that does not fit.
    pub at: u64,
    /// In what way.
    pub why: &'static str,
}

/// Walks the whole chain and hands each entry to `visit`, and each break to `broken`; goes on behind a break with the entry
/// that is there.
pub fn walk(
    snapshot: &dyn Snapshot,
    visit: &mut dyn FnMut(u64, Entry),
    broken: &mut dyn FnMut(Break),
) -> Result<Chain, Error> {
    let mut chain = Chain::default();
    snapshot.scan(PREFIX, Order::Forward, &mut |key, value| {
        match chain.accept(key, value) {
            Ok(entry) => visit(chain.next - 1, entry),
            Err(why) => {
                broken(Break { at: number_of(key).unwrap_or(chain.next), why });
                chain = Chain::after(key, value).unwrap_or_else(|| chain.clone());
            }
        }
        ControlFlow::Continue(())
    })?;
    Ok(chain)
}

/// Walks the whole chain and hands each entry that fits to `visit`; ends at the first that does not.
pub fn verify(
    snapshot: &dyn Snapshot,
    visit: &mut dyn FnMut(u64, Entry),
) -> Result<Result<Chain, Break>, Error> {
    let mut chain = Chain::default();
    let mut broken = None;
    snapshot.scan(PREFIX, Order::Forward, &mut |key, value| match chain.accept(key, value) {
        Ok(entry) => {
            visit(chain.next - 1, entry);
            ControlFlow::Continue(())
        }
        Err(why) => {
            broken = Some(Break { at: chain.next, why });
            ControlFlow::Break(())
        }
    })?;
    Ok(match broken {
        Some(broken) => Err(broken),
        None => Ok(chain),
    })
}
