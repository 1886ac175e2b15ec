//! KMIP messages: TTLV, XML or JSON to typed values and back, for every version from 1.0 to 2.1.
//!
//! This crate does no I/O, asks no clock, keeps no state and decides nothing: what a message *means* is the
//! server's business. It does not repair either: what is not canonical is refused, with the tag and the offset.
//!
//! ```text
//! TTLV -- BinarySource --+                                      +-- BinarySink -- TTLV
//! XML --+                +-> Value::take -> typed -> Value::put +-- XmlSink ----- XML
//! JSON -+- TextSource ---+    (tables)    (message)   (tables)  +-- JsonSink ---- JSON
//!                                                               +-- LogSink ----- text without secrets
//!                                                               +-- RedactedSink  XML without secrets
//! ```
//!
//! The lists of the protocol are tables, each written once: [`tags`], [`enums`], [`attributes`], [`operations`].
//! A row names the versions that it belongs to; the version in the header of a message decides which rows hold.
//! In memory there is one form for all versions, the typed one of 2.x.

pub mod attributes;
pub mod clauses;
pub mod declare;
pub mod enums;
pub mod error;
pub mod fields;
pub mod item;
pub mod limits;
pub mod message;
mod names;
pub mod near;
pub mod objects;
pub mod operations;
mod other_protocol;
pub mod payloads;
#[cfg(feature = "sample")]
pub mod sample;
pub mod secret;
mod tags;
pub mod value;
pub mod version;
pub mod wire;

pub use error::{Error, ErrorKind, Form, Named, Unreadable};
pub use other_protocol::OtherProtocol;
pub use secret::{SecretBytes, SecretText};
pub use tags::Tag;
pub use version::Version;
