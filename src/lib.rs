//! Keystead: a key-management server that speaks KMIP, and its clients.

pub mod engine;
