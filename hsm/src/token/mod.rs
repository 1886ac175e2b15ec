//! Master keys in a PKCS#11 token, through cryptoki: one door, behind it a few threads with a session each.
//!
//! A key is found by its identifier, checked attribute by attribute, and proved with its key check value after every connect: a
//! handle from before a reconnect may name another key. What is done about a failure stands in one table (`faults.rs`);
//! when the token was away, the module is initialised anew (`module.rs`). A PIN that was never accepted is tried once
//! (`login.rs`). A call that hangs in the vendor's library is written off after its time limit, and its thread replaced,
//! up to a bound.

mod connection;
mod faults;
mod init;
mod keys;
mod login;
mod module;
mod progress;
mod session;
mod softhsm;
mod speed;
mod workers;

pub use init::{TokenSeed, forget, init_token};
pub use softhsm::token_folder;

use crate::{Epoch, Error, MasterKeyRef, MasterKeys, Secret};
use connection::{Connection, Shared};
use faults::Fault;
use session::Session;
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

impl Slot {
    fn describe(&self) -> String {
        match self {
            Self::Label(label) => format!("labelled {label:?}"),
            Self::Serial(serial) => format!("with serial number {serial}"),
            Self::Number(number) => format!("in slot {number}"),
        }
    }
}

/// What is needed to reach a token.
pub struct TokenConfig {
    /// The PKCS#11 module, a shared library.
    pub module: PathBuf,
    /// Which token.
    pub slot: Slot,
    /// The user's PIN.
    pub pin: Pin,
    /// How many threads talk to the token.
    pub workers: usize,
    /// How long a call may take, and how long work may wait for a thread.
    pub call_timeout: Duration,
    /// The least time between two initialisations of the module, while the token is away.
    pub renew_interval: Duration,
    /// How long after each refusal of a PIN that was accepted before it is tried again; after the last one it is not.
    pub pin_again_after: [Duration; 3],
}

impl TokenConfig {
    /// The usual settings for a token with this label.
    pub fn new(module: PathBuf, slot: Slot, pin: Pin) -> Self {
        Self {
            module,
            slot,
            pin,
            workers: 2,
            call_timeout: Duration::from_secs(5),
            renew_interval: Duration::from_secs(1),
            pin_again_after: login::AGAIN_AFTER,
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
        let (workers, timeout) = (config.workers.clamp(1, 256), config.call_timeout);
        let module = config.module.clone();
        let shared = load(config).map_err(|error| softhsm::explained(&module, error))?;
        let shared = Arc::new(shared);
        let for_threads = Arc::clone(&shared);
        let make = move || Connection::new(Arc::clone(&for_threads));
        let token = Self { shared, workers: Workers::start(workers, timeout, Box::new(make)) };
        token.call(|_| Ok(()))?;
        Ok(token)
    }

    fn call<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Session) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Error> {
        let mut work = work;
        let done = self.workers.call(move |connection| connection.run(&mut work));
        done.map_err(|error| softhsm::explained(self.shared.module.path(), error))
    }
}

/// Loads and initialises the module, which may hang as every call into it: on a thread that is waited for within the time
/// limit.
fn load(config: TokenConfig) -> Result<Shared, Error> {
    let timeout = config.call_timeout;
    let (tell, loaded) = crossbeam_channel::bounded(1);
    let load = move || {
        let _ = tell.send(Shared::load(config));
    };
    if let Err(error) = std::thread::Builder::new().name("hsm-load".to_owned()).spawn(load) {
        tracing::error!(%error, "cannot start a thread for the HSM");
        return Err(Error::Busy("there is no thread for it"));
    }
    loaded.recv_timeout(timeout).unwrap_or(Err(Error::Timeout(timeout)))
}

impl MasterKeys for Token {
    fn create(&self, key: &MasterKeyRef) -> Result<Vec<u8>, Error> {
        let wanted = key.clone();
        let key_check_value = self.call(move |session| session.create(&wanted))?;
        self.learn(key, &key_check_value);
        self.prove(key.epoch)?;
        Ok(key_check_value)
    }

    fn learn(&self, key: &MasterKeyRef, key_check_value: &[u8]) {
        self.shared.learn(key, key_check_value);
    }

    fn prove(&self, epoch: Epoch) -> Result<(), Error> {
        self.call(move |session| session.prove(epoch))
    }

    fn seal(&self, epoch: Epoch, identity: &[u8], plain: &Secret) -> Result<Vec<u8>, Error> {
        let (identity, plain) = (identity.to_vec(), Secret::new(plain.expose().to_vec()));
        self.call(move |session| session.seal(epoch, &identity, &plain))
    }

    fn open(&self, identity: &[u8], sealed: &[u8]) -> Result<Secret, Error> {
        let (identity, sealed) = (identity.to_vec(), sealed.to_vec());
        self.call(move |session| session.open_blob(&identity, &sealed))
    }

    fn destroy(&self, epoch: Epoch) -> Result<(), Error> {
        self.call(move |session| session.destroy(epoch))
    }

    fn holds(&self, epoch: Epoch) -> Result<bool, Error> {
        self.call(move |session| session.holds(epoch))
    }

    fn labels(&self) -> Result<Vec<String>, Error> {
        self.call(|session| session.labels())
    }

    fn random(&self, out: &mut [u8]) -> Result<(), Error> {
        let length = out.len();
        let bytes = self.call(move |session| session.random(length))?;
        out.copy_from_slice(bytes.expose());
        Ok(())
    }

    fn describe(&self) -> String {
        self.shared.describe()
    }
}
