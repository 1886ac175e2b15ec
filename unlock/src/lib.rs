//! `keystead-unlock`: the small binary for hosts and initramfs, which makes LUKS2 volumes open with keys of a server.
//!
//! It writes no key to any file and puts none on a command line: keys go through pipes. It never removes a keyslot,
//! and it leaves all cryptography of the volume to `cryptsetup`.
//!
//! ```text
//! enroll: token "adding" -> key on the server -> keyslot -> tried -> token "active"
//! unlock: tokens in the header -> each key from each server, state checked -> cryptsetup open
//! ```
//!
//! Exit codes: one table, `keystead_client::exit::TABLE`, and 5 for cryptsetup.

mod beginning;
mod child;
mod command;
mod console;
mod copies;
mod cryptsetup;
mod enroll;
mod error;
mod existing;
mod fetch;
mod header;
mod lock;
mod mapping;
mod medium;
mod news;
mod open;
mod origin;
mod passphrase;
mod pipe;
mod program;
mod room;
mod said;
mod system;
mod token;
mod volume_key;

pub use command::run;
