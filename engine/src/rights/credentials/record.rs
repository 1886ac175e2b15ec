//! What the store keeps of the certificates with which clients log in, and of their names.

use crate::objects::object::Object;
use crate::rights::identity::Fingerprint;
use kmip_codec::enums::State;
use serde::{Deserialize, Serialize};

/// What is known of a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The name of the client.
    pub client: String,
    /// When it ends by itself, in seconds since 1970, where that is known.
    pub until: Option<i64>,
    /// When the record was made, in seconds since 1970.
    pub at: i64,
    /// The managed certificate: revoked as that, it is revoked as a credential.
    pub object: Option<String>,
    /// Why it is not good any more. This is final.
    pub ended: Option<String>,
    /// What was made to take its place and the client may still fetch with it: there is no other way to get at it.
    pub successors: Vec<String>,
    /// The certificate in whose place it came, until it is used first.
    pub replaces: Option<Fingerprint>,
    /// The certificate that came in its place, where the client itself replaced it: what the client asked for with this
    /// one is still done.
    #[serde(default)]
    pub replaced_by: Option<Fingerprint>,
    /// SHA-256 of its public key (see [`logins`](super::logins)), where that is known: what shares the key pair is found by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Fingerprint>,
    /// Whether an administrator had it signed after the name was revoked, so that it is good all the same.
    #[serde(default)]
    pub reinstated: bool,
}

/// What is known of a name that certificates have, or a user of one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameRecord {
    /// The name.
    pub client: String,
    /// When the record was written, in seconds since 1970.
    pub at: i64,
    /// Why no certificate with this name is good, whoever signed it, but those that were reinstated.
    pub ended: Option<String>,
}

/// Whether a managed certificate can be logged in with, by its state.
pub fn is_in_use(certificate: &Object, now: i64) -> bool {
    matches!(certificate.state_at(now), Some(State::PreActive | State::Active))
}
