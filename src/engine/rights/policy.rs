//! Who may do what: the one place that decides.
//!
//! An object belongs to the principal that made it and to that principal's default group. Its owner and the
//! members of the group may do everything with it, but for Export and Import, which are the owner's; for anybody else
//! it does not exist, unless their persona or a group of theirs is set to `disclose`, which turns "not found" into
//! "permission denied".

use crate::engine::objects::object::Object;
use crate::engine::refusal::{Cause, Refusal};
use crate::engine::rights::attestation::Unproven;
use crate::engine::rights::grant::Grant;
use crate::engine::rights::identity::{ClientRef, Fingerprint, Identity, SHA256_PREFIX};
use crate::engine::rights::persona::Persona;
use crate::engine::rights::reference;
use kmip_codec::SecretBytes;
use kmip_codec::operations::Operation;
use std::sync::Arc;

/// Operations that carry a whole object from server to server: the owner may, and of the group's members those who are
/// administrators (KMIP 1.4, 4.40 and 4.41: the object owner or an authorised security officer).
const OWNERS_ALONE: &[Operation] = &[Operation::Export, Operation::Import];

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
}

impl Principal {
    /// Refuses an operation for which the client has to prove something that it has not.
    pub fn may_now(&self, operation: Operation) -> Result<(), Refusal> {
        self.pending_attestation
            .as_ref()
            .map_or(Ok(()), |pending_attestation| pending_attestation.check(operation))
    }

    /// Whether the object is among those that it may see.
    pub fn shares(&self, object: &Object) -> bool {
        object.owner == self.name || object.group.as_ref().is_some_and(|group| self.groups.contains(group))
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

/// Decides whether the principal may perform the operation on the object. Every operation that is served is
/// allowed on one's own objects, and on those of the group but for what owners alone may; the state of the object is
/// the operation's business, and a ticket may allow less.
pub fn authorise(
    principal: &Principal,
    grant: Option<&mut Grant>,
    operation: Operation,
    object: &Object,
) -> Result<(), Refusal> {
    if principal.shares(object) {
        if OWNERS_ALONE.contains(&operation) && object.owner != principal.name && !principal.admin {
            let text = "only the owner of the object or an administrator exports or replaces it";
            return Err(Refusal::new(Cause::Denied, text));
        }
        return grant.map_or(Ok(()), |grant| grant.consume(object));
    }
    if principal.persona.disclose {
        return Err(Refusal::new(Cause::Denied, "this client may not use the object"));
    }
    Err(not_found(&object.id))
}

/// Decides whether a ticket allows a new object: every client may make objects.
pub fn authorise_new(grant: Option<&mut Grant>, object: &Object) -> Result<(), Refusal> {
    let denied =
        |_| Refusal::new(Cause::Denied, "the ticket does not allow objects other than those it names");
    grant.map_or(Ok(()), |grant| grant.consume(object).map_err(denied))
}

/// Decides whether the principal may set what holds for all clients: administrators alone.
pub fn authorise_server(principal: &Principal) -> Result<(), Refusal> {
    if principal.admin {
        return Ok(());
    }
    let text =
        "only an administrator sets what holds for the whole server (admin.names of the configuration)";
    Err(Refusal::new(Cause::Denied, text))
}

/// Decides whether the principal may ask for what administrators ask (see
/// [`administration`](crate::engine::administration)). One that has to prove the state of its platform has to for this
/// too, whichever operations of KMIP the configuration lists.
pub fn authorise_administration(principal: &Principal) -> Result<(), Refusal> {
    if !principal.admin {
        let text = format!("client {} is no administrator of this server", reference::told(&principal.name));
        return Err(Refusal::new(Cause::Denied, text));
    }
    match &principal.pending_attestation {
        Some(pending_attestation) => {
            Err(Refusal::new(pending_attestation.cause, pending_attestation.message.clone()))
        }
        None => Ok(()),
    }
}

/// Decides whether the principal may learn that the object exists.
pub fn may_know(principal: &Principal, grant: Option<&Grant>, object: &Object) -> bool {
    principal.shares(object) && grant.is_none_or(|grant| grant.covers(object))
}

/// What is said of an object that is absent, and, word for word, of one that is foreign.
pub fn not_found(id: &str) -> Refusal {
    Refusal::new(Cause::NotFound, format!("no object {id:?}: check the identifier, and which client made it"))
}
