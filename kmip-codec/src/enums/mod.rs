//! Enumerations and masks (KMIP 2.1, 11 and 12). The one of operations stands with their table, in
//! [`operations`](crate::operations).

mod cryptography;
mod masks;
mod objects;
mod profiles;
mod protocol;
mod results;

pub use cryptography::*;
pub use masks::*;
pub use objects::*;
pub use profiles::*;
pub use protocol::*;
pub use results::*;
