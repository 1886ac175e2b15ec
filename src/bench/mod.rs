//! `keystead bench`: how fast a KMIP server is, over mutual TLS, beside what this machine could do at the most.
//!
//! It knows nothing of the server but KMIP and, where a process number is given, what `/proc` tells of that process. It speaks
//! with one server at a time, and every answer is checked.
//!
//! ```text
//! options      what is measured, how long, on how many connections
//! population   the keys that are asked for: preloaded, found again by their names
//! requests     frames that are encoded once, and patched for each request; what must come back
//! wire         one connection of tokio and rustls: a frame out, a frame in
//! drive        connections at once, each as fast as it is answered or at a rate; latencies, errors by kind
//! pace         a rate: who asks when
//! cold         clients that come all at once; connections that do nothing
//! limits       TLS echo of the same sizes (a second process: echo), synced appends, the HSM's own operations
//! results      figures as a table, as JSON, as a plot
//! ```

mod answer;
mod args;
mod cold;
mod drive;
mod echo;
mod figures;
mod frame;
mod hsm;
mod limits;
mod pace;
mod plot;
mod population;
mod preload;
mod process;
mod requests;
mod results;
mod run;
mod tally;
mod wire;
mod workload;

pub use args::BenchCommand;
pub use run::run;
