//! Who a client is to the engine, and what the configuration says about clients now.

use crate::refusal::Refusal;
use crate::rights::attestation::Unproven;
use crate::rights::identity::{ClientRef, Fingerprint, Identity, SHA256_PREFIX};
use crate::rights::persona::Persona;
use kmip_codec::SecretBytes;
use kmip_codec::operations::Operation;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A client, as its certificate and the configuration tell.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Principal {
    /// The name under which it acts: the one in its certificate, behind which that of its user stands where a credential
    /// names one.
    pub name: String,
    /// What it was made from.
    pub identity: Identity,
    /// The groups that the configuration puts it in.
    pub groups: Vec<String>,
    /// The group that shares what it makes.
    pub default_group: Option<String>,
    /// What is done differently for it.
    pub persona: Persona,
    /// Whether it may have keys of weak algorithms and lengths.
    pub weak_keys: bool,
    /// Whether it may administer the server.
    pub admin: bool,
    /// What it has to prove and has not.
    pub pending_attestation: Option<Arc<Unproven>>,
    /// The password of the containers that it gets, where it has shown a user name and a password (KMIP 2.1, 11.10).
    pub container_password: Option<SecretBytes>,
    /// When it was found last that nothing is known against its certificate.
    pub last_admitted: LastAdmitted,
}

/// The revision of all records of certificates and names under which a principal was found to have none. A copy of a principal is
/// asked anew.
#[derive(Debug, Default)]
pub struct LastAdmitted(AtomicU64);

impl LastAdmitted {
    /// Whether that was under this revision.
    pub fn is_as_of(&self, revision: Option<NonZeroU64>) -> bool {
        revision.is_some_and(|revision| self.0.load(Ordering::Relaxed) == revision.get())
    }

    /// Notes that it is so under this revision.
    pub fn note(&self, revision: Option<NonZeroU64>) {
        if let Some(revision) = revision {
            self.0.store(revision.get(), Ordering::Relaxed);
        }
    }
}

impl Clone for LastAdmitted {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for LastAdmitted {
    /// It says nothing of who the principal is.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for LastAdmitted {}

impl Principal {
    /// Refuses an operation for which the client has to prove something that it has not.
    pub fn may_now(&self, operation: Operation) -> Result<(), Refusal> {
        self.pending_attestation
            .as_ref()
            .map_or(Ok(()), |pending_attestation| pending_attestation.check(operation))
    }
}

/// What the configuration says about clients now.
pub trait Clients {
    /// The principal that is made of this identity, as the authenticator makes it of a certificate and a credential; `None` where
    /// none is any more.
    fn principal(&self, identity: &Identity) -> Option<Principal>;

    /// Whether the configuration names this client or certificate, or it has come by since the server started.
    fn knows(&self, whom: &ClientRef) -> bool;

    /// The name with which this client or certificate has come by since the server started.
    fn came_as(&self, whom: &ClientRef) -> Option<String>;

    /// The certificates, with their names, with which somebody has come since the server started and whose public key has this
    /// digest (see [`logins`](super::logins)).
    fn came_with(&self, key: &Fingerprint) -> Vec<(Fingerprint, String)>;

    /// The certificates with which administrators that are meant by this have come since the server started, as far as the CA and
    /// the configuration let them in now.
    fn comes_in(&self, whom: &ClientRef) -> Vec<Identity>;

    /// As whom a client with this certificate, DER, is let in now, by the CAs, their lists and the configuration.
    fn lets_in(&self, certificate: &[u8]) -> Option<Principal>;

    /// Every name that a certificate, DER, states (see [`Identity::stated`]).
    fn stated(&self, certificate: &[u8]) -> Vec<String>;

    /// As whom a certificate with this name would be let in, or why it would not.
    fn holder(&self, name: &str) -> Result<Principal, String>;

    /// Whom the configuration lists as administrators.
    fn administrators(&self) -> Vec<ClientRef>;
}

/// Who owns something under this name, or with this certificate, if somebody does now: the user of a certificate where the
/// configuration knows one who is called so, else the holder of a certificate with that name. Names may have slashes of their own.
pub fn acting_as(clients: &dyn Clients, whom: &ClientRef) -> Option<Principal> {
    let ClientRef::Name(name) = whom else {
        return clients.principal(&whom.identity());
    };
    let (certificate, user) = name.rsplit_once('/').unwrap_or((name, ""));
    let listed = certificate.strip_prefix(SHA256_PREFIX).and_then(Fingerprint::parse);
    if !user.is_empty() && (listed.is_some() || clients.holder(name).is_err()) {
        let holder =
            listed.map_or_else(|| Identity::named(certificate), |of| ClientRef::Certificate(of).identity());
        let user = clients.principal(&Identity { user: Some(user.to_owned()), ..holder });
        return user.or_else(|| clients.principal(&whom.identity()));
    }
    clients.principal(&whom.identity())
}
