//! What KMIP requests mean. This module does no I/O, knows no socket, file, clock or HSM, and awaits nothing: what it
//! needs comes in as a [`World`](world::World), and what would block comes back as a [`Need`](need::Need).
//!
//! ```text
//! batch::run --> Draft (reads through, collects) --> dispatch --> ops/*  --> Outcome { response, changes, deeds }
//!                  |                                   |
//!                  +- policy::authorise                +- states, rules, search, material, cryptography
//! ```
//!
//! The same message on the same world with the same entropy gives the same outcome, so that whole histories run in a
//! test from one seed.

pub mod about;
pub mod asynchronous;
pub mod attestation;
pub mod batch;
mod birth;
mod certificates;
mod constraints;
mod container;
mod context;
pub mod credentials;
mod cryptography;
mod derivation;
mod dispatch;
pub mod draft;
mod effects;
mod grant;
pub mod groups;
mod held;
mod imported;
mod intake;
mod keys;
mod lease;
mod lifecycle;
mod material;
pub mod need;
pub mod notes;
pub mod notice;
mod object;
mod ops;
mod pair;
pub mod persona;
mod pkcs11;
pub mod policy;
pub mod profiles;
pub mod push;
mod raw;
pub mod refusal;
mod release;
mod renewal;
mod rules;
mod search;
mod shown;
mod splitting;
pub mod states;
mod tickets;
mod weakness;
pub mod witness;
pub mod world;
mod wrapping;

pub use material::is_symmetric_length;
