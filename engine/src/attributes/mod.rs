//! What clients may do with attributes, what administrators ask of them, and which of them a version shows.

pub(crate) mod constraints;
pub(crate) mod rules;
pub(crate) mod shown;
