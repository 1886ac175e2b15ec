//! Keystead: a key-management server that speaks KMIP, and its clients.
//!
//! The way of a request:
//!
//! ```text
//! listen          accepts, TLS (Suite B alone: suite_b); authenticate: whom the client's certificate names
//! session | http  one connection of TTLV over TLS, or HTTPS: whole messages in, answers out, in order
//! server          decodes a message, asks anew who sends it, encodes the answer
//! executor        runs the engine on a snapshot, again with what it needs, until it needs nothing
//! engine          decides: batch -> dispatch -> one operation a file, on a draft; pure: no I/O, no clock (crate keystead-engine)
//! executor        commits changes with their audit entries, again where another was faster; reads: the journal
//! vault           which keys seal what (crate keystead-vault); opens them in the HSM (crate keystead-hsm)
//! store           one writer, snapshots, the audit, the journal of reads (crate keystead-store)
//! keyspace, audit what its keys begin with, the formats of the audit (crate keystead-records)
//! ```
//!
//! `jobs` (asynchronous requests, rotation, dates) and `endpoints` (clients that are told without asking) drive the executor as
//! the server does. `tests/tidy/floors.rs` says which part may import which.
//!
//! Beside it: `admission` (what one client may take of the server), `clock` (the time of the system), `crypto` (cryptography on bytes), `config` (read at start, and again at SIGHUP), `authority` (what signs certificates for
//! clients), `pki` and `dev` (certificates, a server from nothing), `admin` (the commands of `keystead`), `explain`
//! (what became of exchanges that failed), `text` and `logged` (foreign texts made fit to be shown), `exit` (exit codes), `client` (the typed client),
//! `check` (reads all of a store), `bench` (measures a server). `keystead-unlock`, the small binary for hosts, is the package of that name.

// Crates of their own, named as the parts of the server that they are.
use keystead_base::regular;
pub use keystead_base::{near, text};
pub use keystead_client::{self as client, arguments, output, terminal};
pub use keystead_crypto::{self as crypto, keygen};
pub use keystead_engine as engine;
pub use keystead_records::{audit, keyspace};
pub use keystead_store as store;
pub use keystead_vault::{self as vault, clock};

pub mod admin;
pub mod admission;
pub mod authenticate;
pub mod authority;
pub mod bench;
pub mod check;
pub mod config;
pub mod dev;
pub mod endpoints;
pub mod executor;
pub mod exit;
pub mod explain;
pub mod http;
pub mod jobs;
pub mod listen;
pub mod logged;
pub mod pki;
pub mod server;
pub mod session;
pub mod softhsm;
pub mod start;
pub mod suite_b;
pub mod swap;
