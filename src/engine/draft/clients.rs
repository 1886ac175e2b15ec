//! What a draft knows of the certificates that were signed for clients.

use super::{Draft, opened};
use crate::admin::protocol::Issued;
use crate::engine::keys;
use crate::engine::need::Need;
use crate::engine::refusal::{Halt, Step};
use crate::engine::world::OpenError;

impl Draft<'_> {
    /// Every certificate that was signed for a client here, without what became of it.
    pub fn issued(&mut self) -> Step<Vec<Issued>> {
        let found = self.kept_behind(&keys::issued(""), 0)?;
        let mut all = Vec::new();
        for fingerprint in found.into_iter().filter_map(|key| String::from_utf8(key).ok()) {
            let Some(bytes) = self.kept(&keys::issued(&fingerprint))? else { continue };
            let issued = serde_json::from_slice(&bytes);
            all.push(issued.map_err(|_| opened(OpenError::Tampered, &fingerprint))?);
        }
        Ok(all)
    }

    /// Keeps one.
    pub fn put_issued(&mut self, issued: &Issued) -> Step<()> {
        let key = keys::issued(&issued.fingerprint);
        self.see(&key)?;
        let failed = |error: serde_json::Error| Halt::Need(Need::Failed(error.to_string()));
        self.pending.kept.insert(key, Some(serde_json::to_vec(issued).map_err(failed)?));
        Ok(())
    }
}
