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
//! These files a Get of a key enters that was got before, beside the codec: one floor a line, in the order in which it comes to them
//! (`scripts/way.sh` compares the list with what is run).
//!
//! ```text
//! connection src/ listen/accept.rs session.rs session/socket.rs listen/slots/activity.rs admission.rs admission/shares.rs
//! message    src/ server.rs executor.rs authenticate.rs swap.rs executor/run.rs
//! world      vault/src/ ring.rs clock.rs stored.rs
//! snapshot   store/src/ reads.rs redb.rs journal/deferred.rs
//! batch      engine/src/ fulfilled.rs batch.rs rights/credentials.rs rights/principal.rs rights/tickets.rs batch/items.rs dispatch.rs
//! operation  engine/src/ ops/get.rs administration.rs context.rs context/batch_results.rs batch_results.rs work.rs world.rs
//! draft      engine/src/ draft.rs draft/callers.rs draft/reading.rs draft/pending.rs keyspace.rs changes.rs item_outcome.rs
//! object     engine/src/ objects/object.rs objects/stored.rs objects/attribute_set.rs objects/freshness.rs lifecycle/states.rs
//! may        engine/src/ rights/policy.rs rights/identity.rs rights/persona.rs
//! value      engine/src/ objects/release.rs material.rs material/convert.rs
//! HSM        hsm/src/ record.rs contexts.rs locked.rs
//! answer     engine/src/ notifications/notification.rs asynchronous.rs
//! audit      src/ explain/record.rs executor/entries.rs
//! entry      records/src/ audit/entry.rs audit/varint.rs keyspace.rs
//! text       base/src/ text.rs
//! journal    store/src/ journal.rs folder.rs
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
