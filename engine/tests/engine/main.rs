//! The engine without a server: it is pure, so that a whole history is a function of requests, clock and seed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test: it stops where it stands")]

mod administration;
mod asynchronous;
mod attributes;
mod batches;
mod behaviour;
mod callers;
mod carrying;
mod certificates;
mod constraints;
mod containers;
mod costs;
mod creation;
mod credentials;
mod cryptography;
mod damage;
mod derivation;
mod every_operation;
mod formats;
mod freshness;
mod groups;
mod handing;
mod heirs;
mod kinds;
mod known_answers;
mod locating;
mod logins;
mod material;
mod matrix;
mod notifications;
mod objects;
mod openssl;
mod personas;
#[cfg(feature = "pkcs11")]
mod pkcs11;
mod profiles;
mod query;
mod reasons;
mod reference;
mod refusals;
mod removed;
mod revoked_meanwhile;
mod rotation;
mod rsa_numbers;
mod sessions;
mod splitting;
mod support;
mod tickets;
#[cfg(feature = "tr31")]
mod tr_31;
mod undone;
mod words;
mod world;
mod wrapping;
