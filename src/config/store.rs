//! Where everything is kept.

use crate::store::{Engine, Opening};
use serde::Deserialize;
use std::path::PathBuf;

/// `[store]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreConfig {
    /// `"redb"`, `"sled"`, or `"memory"` for tests.
    #[serde(default)]
    pub engine: Engine,
    /// The folder.
    pub path: PathBuf,
    /// Memory for pages of the store, in bytes; where the file does not say, a quarter of what the machine has.
    pub cache_bytes: Option<u64>,
}

impl StoreConfig {
    /// The engine, and its memory.
    pub fn opening(&self) -> Opening {
        let mut opening = Opening::from(self.engine);
        if let Some(bytes) = self.cache_bytes {
            opening.cache_bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        }
        opening
    }
}
