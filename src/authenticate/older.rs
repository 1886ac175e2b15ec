//! Owners of an older version whose names the rule of today refuses: they are let in as before, where their name owns
//! something here and cannot be taken for another one.

use super::names::Misnamed;
use super::rules::Rules;
use crate::engine::rights::identity::{ClientRef, Fingerprint, SHA256_PREFIX};
use crate::engine::rights::{names, reference};
use crate::text::printable;
use std::sync::Arc;

/// How much of a name is shown in a command.
const SHOWN_CHARS_MAX: usize = 128;

/// What the store knows of names.
pub trait Owners: Send + Sync {
    /// Whether a name owns objects, or administrators have noted something of it; or why that cannot be told now.
    fn has(&self, name: &str) -> Result<bool, String>;
}

/// The owners of a store.
pub type KnownOwners = Arc<dyn Owners>;

impl Rules {
    /// What the holder of a certificate is called whose name is refused: what it was called before, where objects are owned under
    /// that name, no other client is called alike, and nothing has been made under its fingerprint since. Otherwise why it is
    /// refused, with what mends it.
    pub(super) fn older_name(
        &self,
        misnamed: Misnamed,
        fingerprint: Fingerprint,
        owners: Option<&KnownOwners>,
    ) -> Result<String, String> {
        let Misnamed { why, older, is_one } = misnamed;
        let (Some(name), Some(owners)) = (older, owners) else { return Err(why) };
        if name.starts_with(SHA256_PREFIX) || !owners.has(&name)? {
            return Err(why);
        }
        let quoted = printable(&names::quoted(&name), SHOWN_CHARS_MAX);
        let hand_over =
            format!("`keystead client hand-over '{quoted}' NAME` hands them over to another name");
        if !is_one {
            return Err(format!(
                "{why}. Older versions took the first, which owns objects here: {hand_over}, and a certificate with that common name \
                 alone has them"
            ));
        }
        let likeness = names::likeness(&name);
        if likeness != name && (likeness.is_empty() || self.is_called(&likeness, owners)?) {
            return Err(format!(
                "{why}. It owns objects here, and another client is called {}, which looks the same: {hand_over}",
                reference::told(&likeness)
            ));
        }
        let certificate = ClientRef::Certificate(fingerprint);
        if self.has_listed(&certificate) && owners.has(&certificate.owner())? {
            return Err(format!("{why}. It owns objects here: {hand_over}"));
        }
        Ok(name)
    }

    /// Whether there is a client of this name: in the configuration or in the store.
    fn is_called(&self, name: &str, owners: &KnownOwners) -> Result<bool, String> {
        Ok(self.names(&ClientRef::Name(name.to_owned())) || owners.has(name)?)
    }
}
