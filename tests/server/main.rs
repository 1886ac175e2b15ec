//! The server as its clients meet it: connections, protocols, principals, limits, and clients that are not ours.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test: it stops where it stands"
)]

mod asynchronous;
mod attestation;
mod client;
mod clients;
mod explain;
mod https;
mod interop;
mod kmip_protocol;
mod limits;
mod load;
mod malformed;
mod modes;
mod peers;
mod personas;
mod principals;
mod re_provision;
mod suite_b;
#[path = "../support/mod.rs"]
mod support;
mod told;
