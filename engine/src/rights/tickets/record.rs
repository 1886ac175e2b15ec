//! What the store keeps of a ticket.

use crate::rights::grant::Grant;
use crate::rights::identity::Identity;
use serde::{Deserialize, Serialize};

/// What the store keeps of a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The name of the client that it was given to or by.
    pub owner: String,
    /// The fingerprint of that client's certificate, as older versions kept it.
    #[serde(default)]
    pub(super) fingerprint: String,
    /// What that client is made from; none in what older versions kept.
    #[serde(default)]
    pub(super) identity: Option<Identity>,
    /// SHA-256 of the value, in hex.
    pub(super) hash: String,
    /// Seconds since 1970.
    pub(super) expires: i64,
    /// How many requests are left.
    pub(super) requests: Option<i32>,
    /// Whether anybody may use it.
    pub(super) delegated: bool,
    /// What it allows.
    pub grant: Grant,
}

impl Record {
    /// What the client is made from that it was given to or by.
    pub fn identity(&self) -> Identity {
        self.identity.clone().unwrap_or_else(|| Identity::of_older(&self.owner, &self.fingerprint))
    }
}
