//! Who may do what: the one place that decides, tickets that lend rights, and what is done differently for a client.

pub mod attestation;
pub mod credentials;
pub(crate) mod grant;
pub mod identity;
mod joiners;
pub mod names;
pub mod persona;
pub mod policy;
pub mod principal;
pub mod reference;
pub(crate) mod tickets;
pub(crate) mod weakness;
