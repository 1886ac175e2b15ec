//! For whom the server works.

use super::shares::Account;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

/// For whom something is done: what it takes is counted for this one.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Client {
    /// The client of this name, which its certificate has.
    Named(Arc<Named>),
    /// A client for which asynchronous work is done, as the store has it in short. It counts beside what the client asks for
    /// meanwhile.
    Asynchronous(Arc<[u8]>),
    /// The server itself: what it does without having been asked, for nobody in particular.
    Server,
}

/// A client with a name, and its accounts: a connection finds each of them once, and no message looks for its client by name.
pub struct Named {
    name: Arc<str>,
    pub(super) memory: OnceLock<Arc<Account>>,
    pub(super) running: OnceLock<Arc<Account>>,
}

/// Where clients keep their accounts with some shares: of what each message takes, they keep them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kept {
    /// As those of the bytes in flight.
    Memory,
    /// As those of the permits to run.
    Running,
    /// They are looked for by name each time.
    Nowhere,
}

impl Client {
    /// The client of this name.
    pub fn named(name: &str) -> Self {
        Self::Named(Named::new(name.into()))
    }

    /// The same client, which keeps no account: an account that names its client so does not keep itself.
    pub(super) fn without_accounts(&self) -> Self {
        match self {
            Self::Named(named) => Self::Named(Named::new(Arc::clone(&named.name))),
            other => other.clone(),
        }
    }
}

impl Named {
    fn new(name: Arc<str>) -> Arc<Self> {
        Arc::new(Self { name, memory: OnceLock::new(), running: OnceLock::new() })
    }
}

impl fmt::Display for Client {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(named) => out.write_str(&named.name),
            Self::Asynchronous(owner) => write!(out, "asynchronous work of {}", hex::encode(owner)),
            Self::Server => out.write_str("the server itself"),
        }
    }
}

impl fmt::Debug for Named {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name.fmt(out)
    }
}

impl PartialEq for Named {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Named {}

impl Hash for Named {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}
