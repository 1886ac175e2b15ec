//! What others are told: clients that listen, administrators, the log.

pub mod notes;
pub mod notice;
pub mod push;
pub mod witness;
