//! What certificates say, for people.

mod facts;
mod text;

pub use facts::{DIRECTORY_NAME, Facts, bounded, chain_rule, may_certify, may_prove, moment};
pub use text::{name, text_of};
