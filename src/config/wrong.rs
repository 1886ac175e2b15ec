//! Why there is no configuration: the file, the place in it, the key, what was found and what is expected.

use keystead_base::document::Document;
use std::path::PathBuf;

/// What is wrong about a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wrong {
    /// The key, such as `groups[1].members[0]`.
    pub key: String,
    /// What is expected, and what to do.
    pub what: String,
}

impl Wrong {
    /// This is wrong about that key.
    pub fn new(key: impl Into<String>, what: impl Into<String>) -> Self {
        Self { key: key.into(), what: what.into() }
    }

    /// The same with its place in the file.
    pub fn placed(&self, document: &Document<'_>) -> String {
        let found = document.value(&self.key).map(|value| format!(" = {value}")).unwrap_or_default();
        format!("{}: {}{found}: {}", document.line_and_column(document.place(&self.key)), self.key, self.what)
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is not there.
    #[error(
        "there is no configuration {}: `keystead dev --dir DIR` writes one into its folder; docs/configuration.md explains \
         every key",
        crate::text::path(path)
    )]
    Missing {
        /// Which.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error(
        "cannot read the configuration {}: {why}. Name a text file that the user of the server may read",
        crate::text::path(path)
    )]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// The file is not what it must be.
    #[error("the configuration {} is wrong at {why}", crate::text::path(path))]
    Wrong {
        /// Which.
        path: PathBuf,
        /// Line, column, key and what is wrong there.
        why: String,
    },
}
