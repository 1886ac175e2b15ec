//! The commands of `keystead` that people and scripts type, each in its file.

pub mod key;
