//! Keystead: a key-management server that speaks KMIP, and its clients.
//!
//! The path of a request:
//!
//! ```text
//! listen       accepts, TLS (or Suite B alone: suite_b), the client's certificate
//! authenticator certificate -> principal
//! session      one connection of TTLV over TLS: whole messages in, answers out, in order
//! http         the same over HTTPS: TTLV, JSON and XML
//! server       decodes, asks who sends a message, answers
//! executor     runs the engine; fetches what it needs; commits changes with their audit entries
//! engine       decides: pure, no I/O, no clock; a draft of changes, one operation a file
//! vault        which keys seal what; opens them in the HSM (crate keystead-hsm)
//! store        commits changes and audit entries together; the journal of reads
//! ```
//!
//! Beside it: `admission` (what one client may take of the server), `crypto` (cryptography on bytes), `config` (read at start, and again at SIGHUP), `authority` (what signs certificates for
//! clients), `pki` and `dev` (certificates, a server from nothing), `admin` (the commands of `keystead`), `explain`
//! (what became of exchanges that failed), `text` and `logged` (foreign texts made fit to be shown), `exit` (exit codes), `client` (the typed client),
//! `check` (reads all of a store), `bench` (measures a server), `unlock` (the small binary for hosts).

pub mod admin;
pub mod admission;
pub mod arguments;
pub mod audit;
pub mod authenticate;
pub mod authority;
pub mod bench;
pub mod check;
pub mod client;
pub mod config;
pub mod crypto;
pub mod dev;
pub mod endpoints;
pub mod engine;
pub mod executor;
pub mod exit;
pub mod explain;
pub mod http;
pub mod keygen;
pub mod listen;
pub mod logged;
pub mod near;
pub mod output;
pub mod pki;
mod regular;
pub mod server;
pub mod session;
pub mod softhsm;
pub mod start;
pub mod store;
pub mod suite_b;
pub mod swap;
pub mod terminal;
pub mod text;
pub mod vault;
