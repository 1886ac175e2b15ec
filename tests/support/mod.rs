//! What several tests need: certificates, a KMIP server that misbehaves on demand, LUKS2 volumes.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "each test takes what it needs, and stops where it stands"
)]

pub mod dev;
pub mod fake;
pub mod host;
pub mod keys;
pub mod luks;
pub mod pki;
