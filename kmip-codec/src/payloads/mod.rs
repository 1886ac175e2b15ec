//! What requests ask and answers say, a structure each (KMIP 2.1, 6; KMIP 1.4, 4).
//!
//! An identifier that a request may leave out is then the ID placeholder: the object that the batch made or found
//! last.

mod attributes;
mod cryptographic;
mod derivation;
mod lifecycle;
mod locate;
mod managed;
mod query;
mod server;

pub use attributes::*;
pub use cryptographic::*;
pub use derivation::*;
pub use lifecycle::*;
pub use locate::*;
pub use managed::*;
pub use query::*;
pub use server::*;
