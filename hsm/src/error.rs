//! What can go wrong between the server and its master keys, in words for the person who must mend it.

use crate::Epoch;
use std::path::PathBuf;
use std::time::Duration;

/// An error of the key hierarchy. None holds a PIN or a byte of a key.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// The PKCS#11 module could not be loaded.
    #[error("cannot load the PKCS#11 module {}: {why}. Install it (Debian: apt install softhsm2) or correct `hsm.module`", path.display())]
    Module {
        /// The configured path.
        path: PathBuf,
        /// What the loader said.
        why: String,
    },
    /// The PKCS#11 module is there, and does not begin to work.
    #[error(
        "the PKCS#11 module {} cannot be initialised: {code}. Look after the HSM: what the module needs (its configuration, its \
         daemon, the network, the device) is not there or does not answer; the HSM's own log says more", path.display()
    )]
    NotInitialised {
        /// The module.
        path: PathBuf,
        /// What C_GetFunctionList or C_Initialize returned.
        code: String,
    },
    /// The folder of SoftHSM's tokens is not there.
    #[error(
        "the folder of SoftHSM's tokens, {}, is not there; directories.tokendir in {} names it. Put the folder back, or name the \
         place that it was moved to; a server that runs goes on by itself when it is there", folder.display(), config.display()
    )]
    NoTokens {
        /// The folder.
        folder: PathBuf,
        /// The configuration of SoftHSM.
        config: PathBuf,
    },
    /// The configuration of SoftHSM cannot be read.
    #[error(
        "SoftHSM has no configuration: cannot read {}: {why}. Put it back, or name another one by `hsm.softhsm_config`", path.display()
    )]
    NoSoftHsmConfig {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// No token answers to the configured name.
    #[error("the HSM has no token {wanted}; it has: {present}")]
    TokenMissing {
        /// What was looked for.
        wanted: String,
        /// The tokens that are there: by label, and by serial number or slot where that was looked for.
        present: String,
    },
    /// More than one token answers to the configured name: which one belongs to the store cannot be guessed.
    #[error(
        "the HSM has more than one token {wanted}, with the serial numbers {serials}: name the one of this store by \
         `hsm.serial` in the place of `hsm.token`, or disconnect the others"
    )]
    TokenAmbiguous {
        /// What was looked for.
        wanted: String,
        /// Their serial numbers.
        serials: String,
    },
    /// The PIN was refused. It is not tried again, because tokens lock after a few wrong tries.
    #[error(
        "the HSM refused the PIN. It is not tried again until the server is restarted: correct the PIN file first"
    )]
    WrongPin,
    /// A PIN that the HSM accepted before in this run was refused.
    #[error(
        "the HSM refused the PIN that it accepted before: a token that is half gone does that, or another one in its \
         place. It is tried again after {0} s"
    )]
    PinDoubted(u64),
    /// The PIN is locked or expired.
    #[error(
        "the PIN of the HSM is locked or expired: unlock it with the HSM's own tool, then restart the server"
    )]
    PinLocked,
    /// The token has no PIN of its user yet.
    #[error(
        "the token of the HSM has no PIN of its user yet (CKR_USER_PIN_NOT_INITIALIZED): set one with the HSM's own tool, as its \
         security officer (`pkcs11-tool --init-pin`), and put it into the PIN file"
    )]
    NoPin,
    /// The token does not do what Keystead needs, or is set up otherwise.
    #[error(
        "the HSM does not do what Keystead needs: {call}: {code}. The token has to make AES keys of 256 bits (CKM_AES_KEY_GEN), to \
         tell their attributes, and to encrypt and decrypt with them by AES-GCM (CKM_AES_GCM) in a session that may write. See how \
         token, user and policy are set up in the HSM, or take a token that can"
    )]
    Unsuited {
        /// The PKCS#11 call.
        call: &'static str,
        /// What it returned.
        code: String,
    },
    /// The token does not hold the master key of an epoch.
    #[error(
        "the HSM does not hold the master key of epoch {0}: this is another token, or the key was deleted. Connect the right token, or restore the key from the HSM's backup"
    )]
    KeyMissing(Epoch),
    /// A key under the identifier of a master key is not fit to be one.
    #[error(
        "the master key of epoch {epoch} in the HSM is unfit: {attribute}. Keystead uses only keys that it made: this one was made by hand or put in its place. \
         Restore the key from the HSM's backup"
    )]
    KeyUnfit {
        /// The epoch.
        epoch: Epoch,
        /// Which attribute is wrong, and how it should be.
        attribute: &'static str,
    },
    /// The identifier that was planned for a new master key is taken by several keys.
    #[error(
        "the HSM holds several keys under the identifier that was planned for the master key of epoch {0}"
    )]
    KeyExists(Epoch),
    /// The key that is found does not open the store's key check value.
    #[error(
        "the master key of epoch {0} in the HSM does not open the key check value of this store. Connect the token that belongs to \
         this store; if it is the one, another key was put in the place of the right one: restore that from the HSM's backup"
    )]
    WrongToken(Epoch),
    /// What was opened as a key-encryption key does not have its check value.
    #[error(
        "the HSM opened the key-encryption key {0} wrongly: it does not have its check value. Nothing was sealed with it; \
         look after the HSM, for it gives wrong answers"
    )]
    WrongKek(u32),
    /// What was opened is not what was sealed for this identity.
    #[error("integrity failure: the sealed blob does not belong here or was changed")]
    Tampered,
    /// A blob or record that this version cannot read.
    #[error(
        "a sealed blob has an unknown format ({0}): it was written by a newer Keystead, or it is damaged"
    )]
    Format(&'static str),
    /// The HSM did not answer in time.
    #[error("the HSM did not answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// Too many calls wait for the HSM, or too many of its threads hang.
    #[error("the HSM is overloaded or hangs: {0}")]
    Busy(&'static str),
    /// The token gives no more sessions.
    #[error(
        "the HSM gives no more sessions (CKR_SESSION_COUNT): other programs have them, or it gives fewer than `hsm.workers`. End \
         what else has sessions there, let the HSM give more, or lower `hsm.workers`; the server tries again by itself"
    )]
    NoSession,
    /// The HSM reported an error.
    #[error(
        "the HSM failed in {call}: {code}. Look after it: its own log says more; the server tries again by itself"
    )]
    Device {
        /// The PKCS#11 call.
        call: &'static str,
        /// What it returned.
        code: String,
    },
    /// The system gave no random bytes.
    #[error("the system's random number generator failed")]
    Entropy,
    /// A file of the software keys could not be read or written.
    #[error("software master keys: {0}")]
    Software(String),
}

impl Error {
    /// Whether it may be over later without a change of the configuration, of the store or of the keys in the HSM.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::NotInitialised { .. }
                | Self::NoTokens { .. }
                | Self::NoSoftHsmConfig { .. }
                | Self::TokenMissing { .. }
                | Self::PinDoubted(_)
                | Self::Timeout(_)
                | Self::Busy(_)
                | Self::NoSession
                | Self::Device { .. }
                // In a server that has started, its token has done it before.
                | Self::Unsuited { .. }
                | Self::Entropy
        )
    }

    /// The epoch of the master key, where it is that which is missing or not what it should be.
    pub fn master_key(&self) -> Option<Epoch> {
        match self {
            Self::KeyMissing(epoch) | Self::WrongToken(epoch) | Self::KeyUnfit { epoch, .. } => Some(*epoch),
            _ => None,
        }
    }
}
