//! Who may do what: the one place that decides.
//!
//! An object belongs to the principal that made it and to that principal's default group. Its owner and the
//! members of the group may do everything with it, but for Export and Import, which are the owner's; for anybody else
//! it does not exist, unless their persona or a group of theirs is set to `disclose`, which turns "not found" into
//! "permission denied".

use crate::objects::object::Object;
use crate::refusal::{Cause, Refusal, not_found};
use crate::rights::grant::Grant;
use crate::rights::principal::Principal;
use crate::rights::reference;
use kmip_codec::operations::Operation;

/// Operations that carry a whole object from server to server: the owner may, and of the group's members those who are
/// administrators (KMIP 1.4, 4.40 and 4.41: the object owner or an authorised security officer).
const OWNERS_ALONE: &[Operation] = &[Operation::Export, Operation::Import];

impl Principal {
    /// Whether the object is among those that it may see.
    pub fn shares(&self, object: &Object) -> bool {
        object.owner == self.name || object.group.as_ref().is_some_and(|group| self.groups.contains(group))
    }
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
/// [`administration`](crate::administration)). One that has to prove the state of its platform has to for this
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
