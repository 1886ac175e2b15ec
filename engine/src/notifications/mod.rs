//! What others are told: clients that listen, administrators, the log.

pub mod notes;
pub mod notification;
pub mod object_facts;
pub mod push;
