//! What clients may do with attributes, what administrators ask of them, and which of them a version shows.

pub(in crate::engine) mod constraints;
pub(in crate::engine) mod rules;
pub(in crate::engine) mod shown;
