//! Keystead: a key-management server that speaks KMIP, and its clients.

pub mod audit;
pub mod engine;
pub mod store;
