//! Managed objects: what one is, how it comes into being and is taken in, how it leaves, and what replaces it.

pub(in crate::engine) mod attribute_set;
pub(in crate::engine) mod container;
pub(in crate::engine) mod creation;
pub(in crate::engine) mod derivation;
pub(in crate::engine) mod freshness;
pub(in crate::engine) mod imported;
pub(in crate::engine) mod index;
pub(in crate::engine) mod intake;
pub(in crate::engine) mod object;
pub(in crate::engine) mod pair;
pub(in crate::engine) mod raw;
pub(in crate::engine) mod references;
pub(in crate::engine) mod rekey;
pub(in crate::engine) mod release;
pub(in crate::engine) mod rng;
pub(in crate::engine) mod splitting;
pub(in crate::engine) mod storage;
mod stored;
pub(in crate::engine) mod usage;
pub(in crate::engine) mod wrapping;
