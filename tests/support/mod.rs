//! What several tests need: certificates, a KMIP server that misbehaves on demand, LUKS2 volumes.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "each test takes what it needs, stops where it stands, and tells what it skips"
)]

pub mod clock;
pub mod costly;
pub mod dev;
pub mod endpoint;
pub mod fake;
pub mod host;
pub mod http;
pub mod hunt;
pub mod keys;
pub mod luks;
pub mod pki;
mod skip;
pub mod tmpfs;
pub mod tpm;
pub mod typed;
pub mod wire;

pub use skip::skip;
