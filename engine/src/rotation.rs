//! Rotation (KMIP 2.1, 4.48 to 4.54): what Re-key, Re-key Key Pair and Re-certify note of it, and the objects that the
//! server rotates by itself.
//!
//! Each object that is to be rotated has an entry in the store, in order of time. The shell looks for those whose time
//! has come; what the engine then does is the operation that a client would ask for, as the owner of the object.

mod recount;

pub use recount::{Recounted, recount};

use crate::asynchronous::done::Done;
use crate::batch::Batch;
use crate::context::Context;
use crate::draft::Draft;
use crate::fulfilled::Fulfilled;
use crate::item_outcome::ItemOutcome;
use crate::keyspace;
use crate::lifecycle::rotation::is_due;
use crate::need::Need;
use crate::notifications::notification;
use crate::objects::object::Object;
use crate::refusal::{Cause, Interrupt};
use crate::rights::credentials;
use crate::rights::identity::ClientRef;
use crate::rights::principal::Principal;
use crate::rights::principal::acting_as;
use crate::world::{Entropy, View, World};
use kmip_codec::attribute;
use kmip_codec::enums::{LinkType, ObjectType};
use kmip_codec::message::{RequestItem, RequestMessage};
use kmip_codec::operations::{Call as _, Request};
use kmip_codec::payloads::{ReCertifyRequest, ReKeyKeyPairRequest, ReKeyRequest};
use kmip_codec::version::V2_1;
use std::collections::HashMap;
use std::ops::ControlFlow;

/// An object that is due for rotation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Due {
    /// Since when, in seconds since 1970.
    pub since: u64,
    /// Where the object lies.
    pub place: String,
}

/// What is due, the longest first.
pub fn all_due(now: i64, view: &dyn View) -> Result<Vec<Due>, Need> {
    let mut found = Vec::new();
    view.scan(&keyspace::all_rotations(), &mut |key| {
        let Some((since, place)) = keyspace::rotation_parts(key) else { return ControlFlow::Continue(()) };
        if since > now.max(0).cast_unsigned() {
            return ControlFlow::Break(());
        }
        found.push(Due { since, place: place.to_owned() });
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// What is due with its owners, at most so many of each; without those that are known. What cannot be read is nobody's.
pub fn due_by_owner(
    world: &World<'_>,
    most: usize,
    is_known: &dyn Fn(&Due) -> bool,
) -> Result<Vec<(String, Due)>, Need> {
    let nobody = Principal::default();
    let mut counts: HashMap<String, usize> = HashMap::new();
    let mut found = Vec::new();
    for due in all_due(world.now.seconds(), world.view)?.into_iter().filter(|due| !is_known(due)) {
        let owner = match Draft::new(world, &nobody).danger_at(&due.place) {
            Ok(Some(object)) if !is_due(&object, world.now.seconds()) => continue,
            Ok(object) => object.map(|object| object.owner.clone()).unwrap_or_default(),
            Err(Interrupt::Need(need)) => return Err(need),
            Err(Interrupt::Refused(_)) => String::new(),
        };
        let count = counts.entry(owner.clone()).or_default();
        *count += 1;
        if *count <= most {
            found.push((owner, due));
        }
    }
    Ok(found)
}

/// Rotates an object that is due. Without effect until the changes are committed.
pub fn perform(
    world: &World<'_>,
    id: &str,
    entropy: &mut dyn Entropy,
    fulfilled: &mut Fulfilled,
) -> Result<Done, Need> {
    fulfilled.rewind();
    let nobody = Principal::default();
    let found = Draft::new(world, &nobody).danger_at(id).map_err(unless_need)?;
    let owner = found.as_ref().map(|object| object.owner.clone()).unwrap_or_default();
    let (mut item_outcomes, mut refusal) = (Vec::new(), None);
    let mut due = found.filter(|object| is_due(object, world.now.seconds()));
    let principal = match &due {
        Some(object) => owner_of(world, object)?,
        None => Some(Principal::default()),
    };
    if principal.is_none() {
        item_outcomes.extend(due.take().as_ref().map(not_rotated));
        refusal = Some(format!("its owner {owner:?} was revoked, or nobody is let in by that name any more"));
    }
    let principal = principal.unwrap_or_default();
    let mut draft = Draft::new(world, &principal);
    if let Some(object) = due {
        let message = RequestMessage::new(V2_1, vec![RequestItem::from(request(&object))]);
        let cx = Context::new(&mut draft, V2_1, entropy, fulfilled);
        let (items, done) = Batch::alone(&message).run(cx)?;
        refusal = items.into_iter().find_map(|item| item.result_message);
        item_outcomes = done;
    }
    let notifications = notification::of(&draft, &world.settings.subscriptions, None);
    Ok(Done {
        owner,
        version: V2_1.to_string(),
        item_outcomes,
        refusal,
        changes: draft.finish()?,
        notifications,
    })
}

/// As whom an object is rotated: its owner, made of what the owner was when it asked for the rotation. Nobody has to prove
/// anything for it, and the certificate of then may have ended, as certificates do; but where the name was revoked, the
/// objects that nobody shares with it are left alone.
fn owner_of(world: &World<'_>, object: &Object) -> Result<Option<Principal>, Need> {
    let owner = match &object.rotated_as {
        Some(identity) => world.clients.principal(identity),
        None => acting_as(world.clients, &ClientRef::of_owner(&object.owner)),
    };
    let Some(owner) = owner.filter(|owner| owner.name == object.owner) else { return Ok(None) };
    let nobody = Principal::default();
    let mut draft = Draft::new(world, &nobody);
    let user = owner.identity.name();
    for name in owner.identity.names().chain([user.as_str()]).filter(|_| object.group.is_none()) {
        if credentials::is_revoked(&mut draft, name).map_err(unless_need)? {
            return Ok(None);
        }
    }
    Ok(Some(Principal { pending_attestation: None, ..owner }))
}

/// The outcome of the item of an object that is not rotated, because its owner is none any more.
fn not_rotated(object: &Object) -> ItemOutcome {
    let (operation, cause) = (request(object).operation(), Cause::Authentication);
    let reason = cause.reason(V2_1, Some(operation));
    ItemOutcome::refused(operation, vec![object.id.clone()], cause, reason)
}

fn unless_need(halt: Interrupt) -> Need {
    match halt {
        Interrupt::Need(need) => need,
        Interrupt::Refused(refusal) => Need::Failed(refusal.message.into_owned()),
    }
}

/// The operation that rotates an object; a pair is rotated as a whole.
fn request(object: &Object) -> Request {
    let offset = attribute!(object.attributes, RotateOffset).next().copied();
    let this = Some(object.id.as_str().into());
    match object.object_type() {
        ObjectType::Certificate => {
            ReCertifyRequest { unique_identifier: this, offset, ..Default::default() }.into_request()
        }
        ObjectType::PrivateKey => {
            ReKeyKeyPairRequest { private_key: this, offset, ..Default::default() }.into_request()
        }
        ObjectType::PublicKey => {
            let private = object.linked(LinkType::PrivateKeyLink).map(Into::into);
            let private_key = private.or(this);
            ReKeyKeyPairRequest { private_key, offset, ..Default::default() }.into_request()
        }
        _ => ReKeyRequest { unique_identifier: this, offset, ..Default::default() }.into_request(),
    }
}
