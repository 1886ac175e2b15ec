//! The audit: who asked for what, when, and how it ended. An entry holds an allow-list of fields; there is no field
//! that a key could stand in.
//!
//! Entries form one chain: each is stored with the hash over its number, itself and the hash before it, so that an
//! entry that is changed, dropped, moved or cut off in the middle breaks the chain from there on. (What is cut off
//! at the very end shows only against a head that was signed or copied elsewhere.)

mod chain;
mod entry;

pub use chain::{Break, Chain, PREFIX, verify, walk};
pub use entry::Entry;
