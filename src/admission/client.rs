//! For whom the server works.

use std::fmt;
use std::sync::Arc;

/// For whom something is done: what it takes is counted for this one.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Client {
    /// The client of this name, which its certificate has.
    Named(Arc<str>),
    /// A client for which asynchronous work is done, as the store has it in short. It counts beside what the client asks for
    /// meanwhile.
    Asynchronous(Arc<[u8]>),
    /// The server itself: what it does without having been asked, for nobody in particular.
    Server,
}

impl Client {
    /// The client of this name.
    pub fn named(name: &str) -> Self {
        Self::Named(name.into())
    }
}

impl fmt::Display for Client {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => out.write_str(name),
            Self::Asynchronous(owner) => write!(out, "asynchronous work of {}", hex::encode(owner)),
            Self::Server => out.write_str("the server itself"),
        }
    }
}
