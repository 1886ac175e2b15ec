//! The engine without a server: it is pure, so that a whole history is a function of requests, clock and seed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test: it stops where it stands")]

mod behaviour;
mod cryptography;
mod derivation;
mod known_derivations;
mod matrix;
mod objects;
mod personas;
mod query;
mod sessions;
mod tickets;
mod world;
