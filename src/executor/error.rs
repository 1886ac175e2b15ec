//! Why work came to nothing.

use crate::engine::refusal::Cause;
use crate::{store, vault};
use std::sync::Arc;

/// Why work came to nothing: a failure of the server, not a refusal.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store did not take it.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A key-encryption key could not be opened; the text is for the log.
    #[error(transparent)]
    Keys(Arc<vault::Error>),
    /// The client has not read what it was answered before, and has no room left for more.
    #[error("its client does not read its answers: they fill limits.bytes_in_flight_per_client")]
    AnswersUnread,
    /// Whoever asked has left: nothing of it is done, and nobody is told.
    #[error("whoever asked for it has left")]
    Abandoned,
    /// Others were faster again and again.
    #[error("it conflicted with others again and again")]
    Conflicts,
    /// Something that the engine needs failed; the text is for the log.
    #[error("{0}")]
    Failed(String),
}

impl From<vault::Error> for Error {
    fn from(error: vault::Error) -> Self {
        Self::Keys(Arc::new(error))
    }
}

impl Error {
    /// Whether the store takes writes again by itself.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_passing())
    }

    /// Whether the same work may be done later without anybody's doing: the store takes writes again, the HSM is back, or
    /// there is room.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Keys(error) => match &**error {
                vault::Error::Hsm(error) => error.is_passing(),
                vault::Error::Store(error) => error.is_passing(),
                // Another token is in the place of the right one: it may come back.
                vault::Error::MasterKey { .. } => true,
                _ => false,
            },
            Self::AnswersUnread | Self::Conflicts => true,
            _ => self.is_passing(),
        }
    }

    /// What a client may be told.
    pub fn told(&self) -> &'static str {
        match self {
            Self::Store(error) => error.told(),
            Self::Keys(_) => {
                "the server cannot open a key-encryption key at the moment; its log has the reason"
            }
            Self::AnswersUnread => {
                "answers that this client has not read yet fill what it may have in flight: read them, or ask for less at once"
            }
            Self::Abandoned | Self::Conflicts | Self::Failed(_) => store::Error::UNTOLD,
        }
    }

    /// Why the client is refused.
    pub fn cause(&self) -> Cause {
        match self {
            Self::AnswersUnread => Cause::Limit,
            _ => Cause::Internal,
        }
    }
}
