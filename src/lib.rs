//! Keystead: a key-management server that speaks KMIP.

pub mod admin;
pub mod client;
