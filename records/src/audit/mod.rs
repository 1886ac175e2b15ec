//! The audit: who asked for what, when, and how it ended. An entry holds an allow-list of fields; there is no field
//! that a key could stand in.
//!
//! Here are its formats, and no store, clock or thread: entries as bytes ([`Entries`]), blocks of them ([`Body`], [`Block`]), and the
//! log of a node ([`Head`] appends to it, [`Follower`] verifies it). docs/audit-format.md has every byte.
//!
//! Each block has the hash of the one before and its own, so that one that is changed, dropped, moved or cut off breaks the log
//! there; and a MAC under a key that the HSM seals, so that nobody else makes blocks that fit. (What is cut off at the very end shows
//! only against a head that was signed or copied elsewhere.)

mod block;
mod body;
mod compression;
mod entry;
mod filter;
mod log;
mod mac;
pub mod old;
mod owned;
mod varint;

pub use block::{Block, HASH_BYTES, Hash, Header, MacState, NodeId, Place};
pub use body::{Body, Kind, Read};
pub use entry::{Encoded, Entries, Fields, HEAD_BYTES, Object, Row, bodies, deferred, encode};
pub use filter::Element;
pub use log::{Break, Follower, Head, PREFIX, Where, key_of, parts_of, prefix_of, taken_over};
pub use mac::MacKey;
pub use owned::Entry;
