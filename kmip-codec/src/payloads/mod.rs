//! What requests ask and answers say, a structure each (KMIP 2.1, 6).

mod managed;

pub use managed::*;
