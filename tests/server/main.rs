//! The server as its clients meet it: connections, protocols, principals, limits, and clients that are not ours.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test: it stops where it stands"
)]

mod asynchronous;
mod attestation;
mod authority;
mod client;
mod clients;
mod expansion;
mod explain;
mod https;
mod interop;
mod kmip_protocol;
mod limits;
mod load;
mod malformed;
mod modes;
#[allow(dead_code, reason = "the tests of the engine, of which a part is used")]
#[path = "../../engine/tests/engine/objects.rs"]
mod objects;
mod peers;
mod personas;
mod principals;
mod re_provision;
mod stated_names;
mod suite_b;
#[path = "../support/mod.rs"]
mod support;
mod told;
#[allow(dead_code, reason = "what the tests of the engine run it with, of which a part is used")]
#[path = "../../engine/tests/engine/world.rs"]
mod world;
