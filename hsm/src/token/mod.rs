//! Master keys in a PKCS#11 token, through cryptoki: one door, behind it a few threads with a session each.
//!
//! A key is found by its label, checked attribute by attribute, and proved with its canary after every connect: a
//! handle from before a reconnect may name another key. The PIN is tried once an operator's action; a call that
//! hangs in the vendor's library is written off after its time limit, and its thread replaced, up to a bound.

mod connection;
mod faults;
mod init;
mod keys;
mod workers;

pub use init::{TokenSeed, forget, init_token};

use crate::blob::{self, Blob};
use crate::{Epoch, Error, MasterKeys, Secret};
use connection::{Connection, Shared};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use workers::Workers;

/// A PIN, wiped when dropped.
pub struct Pin(pub(crate) Secret);

impl Pin {
    /// From the bytes of a PIN file: one line break at the end does not count.
    pub fn from_file_bytes(bytes: Vec<u8>) -> Self {
        let mut bytes = bytes;
        while matches!(bytes.last(), Some(b'\n' | b'\r')) {
            bytes.pop();
        }
        Self(Secret::new(bytes))
    }
}

/// How the token is found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Slot {
    /// By the label of the token.
    Label(String),
    /// By its serial number.
    Serial(String),
    /// By the number of the slot, which may change from start to start with some modules.
    Number(u64),
}

/// What is needed to reach a token.
pub struct TokenConfig {
    /// The PKCS#11 module, a shared library.
    pub module: PathBuf,
    /// Which token.
    pub slot: Slot,
    /// The user's PIN.
    pub pin: Pin,
    /// What the labels of the master keys begin with; their epoch follows.
    pub label_prefix: String,
    /// How many threads talk to the token.
    pub workers: usize,
    /// How long a call may take.
    pub call_timeout: Duration,
}

impl TokenConfig {
    /// The usual settings for a token with this label.
    pub fn new(module: PathBuf, slot: Slot, pin: Pin) -> Self {
        Self {
            module,
            slot,
            pin,
            label_prefix: "keystead-master-".to_owned(),
            workers: 2,
            call_timeout: Duration::from_secs(5),
        }
    }
}

/// A token with its master keys.
pub struct Token {
    shared: Arc<Shared>,
    workers: Workers<Connection>,
}

impl Token {
    /// Connects and logs in, once. Keys are looked up when they are first used.
    pub fn connect(config: TokenConfig) -> Result<Self, Error> {
        let (workers, timeout) = (config.workers.clamp(1, 64), config.call_timeout);
        let shared = Arc::new(Shared::load(config)?);
        let for_threads = Arc::clone(&shared);
        let make = move || Connection::new(Arc::clone(&for_threads));
        let token = Self { shared, workers: Workers::start(workers, timeout, Box::new(make)) };
        token.call(Connection::check)?;
        Ok(token)
    }

    fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.workers.call(work)
    }
}

impl MasterKeys for Token {
    fn epochs(&self) -> Result<Vec<Epoch>, Error> {
        self.call(Connection::epochs)
    }

    fn create(&self, epoch: Epoch) -> Result<Vec<u8>, Error> {
        let canary = self.call(move |connection| connection.create(epoch))?;
        self.learn(epoch, &canary);
        self.prove(epoch)?;
        Ok(canary)
    }

    fn learn(&self, epoch: Epoch, canary: &[u8]) {
        self.shared.learn(epoch, canary);
    }

    fn prove(&self, epoch: Epoch) -> Result<(), Error> {
        self.call(move |connection| connection.prove(epoch))
    }

    fn seal(&self, epoch: Epoch, identity: &[u8], plain: &Secret) -> Result<Vec<u8>, Error> {
        let associated = blob::associated(epoch, identity);
        let plain = Secret::new(plain.expose().to_vec());
        self.call(move |connection| connection.seal(epoch, &associated, &plain))
    }

    fn open(&self, identity: &[u8], sealed: &[u8]) -> Result<Secret, Error> {
        let epoch = Blob::parse(sealed)?.epoch;
        let associated = blob::associated(epoch, identity);
        let sealed = sealed.to_vec();
        self.call(move |connection| connection.open(&associated, &sealed))
    }

    fn destroy(&self, epoch: Epoch) -> Result<(), Error> {
        self.call(move |connection| connection.destroy(epoch))
    }

    fn random(&self, out: &mut [u8]) -> Result<(), Error> {
        let length = out.len();
        let bytes = self.call(move |connection| connection.random(length))?;
        out.copy_from_slice(bytes.expose());
        Ok(())
    }

    fn describe(&self) -> String {
        self.shared.describe()
    }
}
