//! Master keys in an HSM, and what is sealed under them. This crate knows nothing of KMIP, of networks or of the
//! store; it does not await, and it keeps no file of its own but for the software keys of tests.
//!
//! ```text
//! HSM     master key, one an epoch: AES-256, never leaves the token        token/ (PKCS#11), software.rs (tests)
//!  seals
//! KEK     one a tenant and epoch, 32 bytes, AES-256-GCM with identity      kek.rs
//!  derives (HKDF-SHA256)
//!  record key     seals the value of one object generation, AES-256-GCM    record.rs
//!  metadata key   HMAC-SHA256 over the attributes of an object             record.rs
//! ```
//!
//! Everything that is sealed is bound to what it belongs to: a blob that was moved does not open. Which master key
//! opens a blob stands in the blob; it is never found by trying.

mod blob;
mod contexts;
mod entropy;
mod error;
mod kek;
mod locked;
mod master;
mod record;
mod secret;
mod software;
pub mod token;

pub use entropy::{Entropy, SystemEntropy};
pub use error::Error;
pub use kek::{CheckValue, Kek, KekIdentity};
pub use master::{MasterKeyRef, Site, is_of_site};
pub use record::{RecordIdentity, SealedRecord, kek_of};
pub use secret::{Secret, try_locked_memory};
pub use software::Software;
pub use token::{Pin, Slot, Token, TokenConfig};

use std::fmt;

/// Which master key: they are numbered from 1, and rotation makes the next one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Epoch(pub u32);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The one door to master keys. Every call may block as long as the HSM takes, up to its time limit.
pub trait MasterKeys: Send + Sync {
    /// Makes a master key, or takes up the one of this identifier that an attempt before left behind, and returns its
    /// key check value: a blob that only this key opens, for the store to keep. The identifier must stand in the store before.
    fn create(&self, key: &MasterKeyRef) -> Result<Vec<u8>, Error>;

    /// Tells which object is the key of an epoch and the key check value that proves it. A key is proved before it is used after
    /// each connect.
    fn learn(&self, key: &MasterKeyRef, key_check_value: &[u8]);

    /// Proves the key of an epoch: really opens its key check value in the HSM.
    fn prove(&self, epoch: Epoch) -> Result<(), Error>;

    /// Seals a secret under the master key of an epoch, bound to `identity`.
    fn seal(&self, epoch: Epoch, identity: &[u8], plain: &Secret) -> Result<Vec<u8>, Error>;

    /// Opens a blob with the master key that it names, if it is bound to `identity`.
    fn open(&self, identity: &[u8], sealed: &[u8]) -> Result<Secret, Error>;

    /// Destroys the master key of an epoch. What is still sealed under it is lost.
    fn destroy(&self, epoch: Epoch) -> Result<(), Error>;

    /// Whether there is a key under the identifier of this epoch's. It is not proved.
    fn holds(&self, epoch: Epoch) -> Result<bool, Error>;

    /// The labels of all keys that Keystead made, of any store.
    fn labels(&self) -> Result<Vec<String>, Error>;

    /// Random bytes of the HSM's generator.
    fn random(&self, out: &mut [u8]) -> Result<(), Error>;

    /// What holds the keys, for logs and status; nothing secret.
    fn describe(&self) -> String;
}

/// The epoch of the master key that a sealed blob names.
pub fn epoch_of(sealed: &[u8]) -> Result<Epoch, Error> {
    blob::Blob::parse(sealed).map(|blob| blob.epoch)
}
