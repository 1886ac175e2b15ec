//! The engine without a server: it is pure, so that a whole history is a function of requests, clock and seed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test: it stops where it stands")]

mod administration;
mod asynchronous;
mod attributes;
mod authority;
mod batches;
mod behaviour;
mod birth;
mod callers;
mod carrying;
mod certificates;
mod constraints;
mod containers;
mod costs;
mod credentials;
mod cryptography;
mod damage;
mod derivation;
mod every_operation;
mod formats;
mod groups;
mod kinds;
mod locating;
mod material;
mod matrix;
mod notices;
mod objects;
mod openssl;
mod personas;
mod pkcs11;
mod profiles;
mod query;
mod reasons;
mod rotation;
mod rsa_numbers;
mod sessions;
mod splitting;
#[path = "../support/mod.rs"]
mod support;
mod tickets;
mod tr_31;
mod undone;
mod words;
mod world;
mod wrapping;
