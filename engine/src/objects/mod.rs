//! Managed objects: what one is, how it comes into being and is taken in, how it leaves, and what replaces it.

pub(crate) mod attribute_set;
pub(crate) mod container;
pub(crate) mod creation;
pub(crate) mod derivation;
pub(crate) mod freshness;
pub(crate) mod imported;
pub(crate) mod index;
pub(crate) mod intake;
pub(crate) mod object;
pub(crate) mod pair;
pub(crate) mod raw;
pub(crate) mod references;
pub(crate) mod rekey;
pub(crate) mod release;
pub(crate) mod rng;
pub(crate) mod splitting;
pub(crate) mod storage;
mod stored;
pub(crate) mod usage;
pub(crate) mod wrapping;
