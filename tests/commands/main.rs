//! The programs as people meet them: commands, configuration, starts that fail, help and the README.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test: it stops where it stands"
)]

mod client_command;
mod first_start;
mod help;
mod input;
mod key_command;
mod no_start;
mod readme;
#[path = "../support/mod.rs"]
mod support;
mod transcripts;
