//! Keystead: a key-management server that speaks KMIP, and its clients.

pub mod audit;
pub mod engine;
mod keygen;
pub mod store;
pub mod vault;
