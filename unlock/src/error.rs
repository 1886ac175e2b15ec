//! What can go wrong between a volume and a server, and what to do.

use super::console::{self, shown};
use keystead_client as client;
use keystead_client::report::Report;
use keystead_client::{ServerAddress, exit};
use kmip_codec::enums::State;
use std::io;
use std::path::PathBuf;

/// The exit code when cryptsetup failed.
pub const CRYPTSETUP_FAILED: u8 = 5;

/// The result of everything here.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a volume was not enrolled or opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server could not be reached, or refused.
    #[error(transparent)]
    Client(#[from] client::Error),
    /// The server has the key, and it must not be used, or is none that opens volumes.
    #[error("key {}: {why}", shown(uid))]
    Key {
        /// Which key.
        uid: String,
        /// What is wrong with it.
        why: String,
    },
    /// The server has the key, in a state in which it opens nothing.
    #[error(
        "key {}: it is {state:?} on {server}, and only Active keys open volumes; it is not asked for again",
        shown(uid)
    )]
    NotActive {
        /// Which key.
        uid: String,
        /// Its state.
        state: State,
        /// Who says so.
        server: ServerAddress,
    },
    /// The key of an enrolled volume is not to be had any more.
    #[error("{error}; {steps}")]
    Ended {
        /// What is wrong with it.
        error: Box<Error>,
        /// What to do.
        steps: String,
    },
    /// No server gave a key that opens the volume.
    #[error("{said}")]
    NoKey {
        /// What each said.
        said: String,
        /// The exit code of the weightiest.
        code: u8,
    },
    /// The volume is not in a state for this.
    #[error("{}: {why}", console::path(device))]
    Volume {
        /// Which volume.
        device: PathBuf,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// What is to open the volume now is not to be had.
    #[error("{0}")]
    Existing(String),
    /// cryptsetup has tried what was given, and it is wrong.
    #[error("{0}")]
    OpensNothing(String),
    /// cryptsetup failed.
    #[error("cryptsetup {step} failed ({said})")]
    Cryptsetup {
        /// What it was to do.
        step: &'static str,
        /// Its exit code; none where a signal or the deadline ended it.
        code: Option<i32>,
        /// Why, in words.
        said: String,
    },
    /// The command line asks for something that is not done, or does not say enough.
    #[error("{0}")]
    Usage(String),
    /// The operating system refused something.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: String,
        /// What the system said.
        source: io::Error,
    },
}

impl From<&Error> for Report {
    fn from(error: &Error) -> Self {
        let reason = match error {
            Error::Client(inner) => Self::from(inner).reason,
            Error::Ended { error, .. } => Self::from(&**error).reason,
            _ => None,
        };
        Self { kind: error.kind(), message: error.to_string(), code: error.exit_code(), reason }
    }
}

impl Error {
    /// The exit code of a command that ends with this error.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Client(error) if error.may_pass() => exit::UNREACHABLE,
            Self::Client(error) => error.exit_code(),
            Self::Key { .. } | Self::NotActive { .. } => exit::REFUSED,
            Self::Ended { error, .. } => error.exit_code(),
            Self::NoKey { code, .. } => *code,
            Self::Volume { .. } | Self::Existing(_) | Self::System { .. } => exit::HERE,
            Self::Usage(_) => exit::USAGE,
            Self::Cryptsetup { .. } | Self::OpensNothing(_) => CRYPTSETUP_FAILED,
        }
    }

    /// One word for its kind; programs rely on it.
    fn kind(&self) -> &'static str {
        match self {
            Self::Client(error) => Report::from(error).kind,
            Self::Key { .. } | Self::NotActive { .. } => "key",
            Self::Ended { error, .. } => error.kind(),
            Self::NoKey { .. } => "no-key",
            Self::Volume { .. } => "volume",
            Self::Existing(_) => "existing-key",
            Self::Cryptsetup { .. } | Self::OpensNothing(_) => "cryptsetup",
            Self::Usage(_) => "usage",
            Self::System { .. } => "system",
        }
    }

    /// Whether trying again a little later may help.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Client(error) if error.may_pass())
    }

    /// Whether a server has said no.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Client(client::Error::Refused(refusal)) => !refusal.may_pass(),
            Self::Ended { error, .. } => error.is_refusal(),
            Self::Key { .. } | Self::NotActive { .. } => true,
            _ => false,
        }
    }

    /// An error of the operating system, with what was tried.
    pub fn system(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::System { what, source }
    }
}

/// The exit codes, as `--help` tells them: of a command that runs cryptsetup, or of one that does not.
pub fn exit_codes(with_cryptsetup: bool) -> String {
    let own: &[(u8, &str)] = &[(CRYPTSETUP_FAILED, "cryptsetup failed, or did not end in time")];
    exit::help(if with_cryptsetup { own } else { &[] })
}
