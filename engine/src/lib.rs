//! What KMIP requests mean. This crate does no I/O, knows no socket, file, clock or HSM, and awaits nothing: what it
//! needs comes in as a [`World`](world::World), and what would block comes back as a [`Need`](need::Need).
//!
//! ```text
//! batch::run --> Draft (reads through, collects) --> dispatch --> ops/*  --> Outcome { response, changes, item_outcomes }
//!                  |                                   |
//!                  +- rights::policy::authorise        +- states, rules, search, material, cryptography
//! ```
//!
//! | folder | what is there |
//! | --- | --- |
//! | `ops` | the operations, a file each |
//! | `administration` | what the commands of `keystead` ask beyond KMIP |
//! | `rights`, `owners` | who may do what, and what is done differently for whom; who owns what a store holds |
//! | `objects`, `material` | managed objects and their values |
//! | `lifecycle`, `attributes` | states and dates; the rules of attributes |
//! | `cryptography`, `certificates`, `pkcs11` | what keys are used for |
//! | `draft`, `asynchronous`, `rotation`, `notifications` | what a batch changes, what is done later or when it is due, and who is told |
//! | `need`, `fulfilled`, `work` | what must be fetched or made before a batch can run to its end; what it may cost |
//! | `query` | what Query says of the server |
//!
//! The same message on the same world with the same entropy gives the same outcome, so that whole histories run in a
//! test from one seed.

pub mod administration;
pub mod asynchronous;
mod attributes;
pub mod batch;
mod batch_results;
pub mod certificates;
pub mod changes;
mod context;
mod cryptography;
mod dispatch;
pub mod draft;
pub mod fulfilled;
pub mod groups;
pub mod item_outcome;
pub mod keyspace;
pub mod lifecycle;
mod material;
pub mod need;
pub mod notifications;
mod objects;
mod ops;
pub mod owners;
#[cfg(feature = "pkcs11")]
mod pkcs11;
pub mod query;
pub mod refusal;
pub mod rights;
pub mod rotation;
mod search;
pub mod settings;
pub mod soundness;
mod work;
pub mod world;

pub use material::why_not_made;
