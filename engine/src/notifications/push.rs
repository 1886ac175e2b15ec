//! The message that a notification becomes, for one client and version. Put is authorised like Get and Notify like Get
//! Attributes, at the time of sending; both are audited before they leave.

use crate::attributes::shown;
use crate::changes::Changes;
use crate::context::{Context, Execute as _};
use crate::draft::Draft;
use crate::fulfilled::Fulfilled;
use crate::item_outcome::ItemOutcome;
use crate::need::Need;
use crate::notifications::notification::{Notification, What};
use crate::refusal::{Interrupt, OpResult, Refusal};
use crate::rights::credentials;
use crate::rights::principal::Principal;
use crate::world::{Entropy, World};
use kmip_codec::Tag;
use kmip_codec::Version;
use kmip_codec::attributes::{
    Attribute, AttributeList, AttributeReference, Attributes, Entry, UnknownAttribute,
};
use kmip_codec::enums::PutFunction;
use kmip_codec::message::RequestMessage;
use kmip_codec::operations::{Call as _, Operation, Request};
use kmip_codec::payloads::{GetAttributesRequest, GetRequest, NotifyRequest, PutRequest};
use kmip_codec::value::UniqueIdentifier;
use kmip_codec::version::V2_0;
use std::collections::HashSet;

/// What a notification comes to.
#[derive(Debug)]
pub struct Push {
    /// What to send, once the changes are durable; nothing where the client may not have it (any more).
    pub message: Option<RequestMessage>,
    /// What to commit: an object that was put is not fresh any more.
    pub changes: Changes,
    /// What to enter in the audit.
    pub item_outcome: ItemOutcome,
}

/// Makes the message of a notification.
pub fn push(
    world: &World<'_>,
    principal: &Principal,
    version: Version,
    notification: &Notification,
    entropy: &mut dyn Entropy,
) -> Result<Push, Need> {
    let mut draft = Draft::new(world, principal);
    let mut fulfilled = Fulfilled::default();
    // Nobody waits for it.
    fulfilled.take_turn();
    let mut cx = Context::new(&mut draft, version, entropy, &mut fulfilled);
    let operation = operation_of(notification);
    let request = credentials::must_be_good(world, principal).and_then(|()| match &notification.what {
        What::Put { replaced } => put(&mut cx, &notification.object, replaced.as_deref()),
        What::Notify { changed, gone } => notify(&mut cx, &notification.object, changed, gone),
    });
    let objects = vec![notification.object.clone()];
    match request {
        Ok(request) => {
            let message = RequestMessage::new(version, vec![request.into()]);
            let item_outcome = ItemOutcome { operation, objects, ..ItemOutcome::default() };
            Ok(Push { message: Some(message), changes: draft.finish()?, item_outcome })
        }
        Err(Interrupt::Need(need)) => Err(need),
        Err(Interrupt::Refused(refusal)) => Ok(refused(notification, version, &refusal)),
    }
}

/// What a notification comes to that the client may not have.
pub fn refused(notification: &Notification, version: Version, refusal: &Refusal) -> Push {
    let reason = refusal.cause.reason(version, None);
    let item_outcome = ItemOutcome::refused(
        operation_of(notification),
        vec![notification.object.clone()],
        refusal.cause,
        reason,
    );
    let item_outcome = ItemOutcome { note: refusal.message.clone().into_owned(), ..item_outcome };
    Push { message: None, changes: Changes::default(), item_outcome }
}

fn operation_of(notification: &Notification) -> Operation {
    match &notification.what {
        What::Put { .. } => Operation::Put,
        What::Notify { .. } => Operation::Notify,
    }
}

fn put(cx: &mut Context<'_, '_>, id: &str, replaced: Option<&str>) -> OpResult<Request> {
    cx.principal().may_now(Operation::Get)?;
    let unique_identifier: Option<UniqueIdentifier> = Some(id.into());
    let all = GetAttributesRequest { unique_identifier: unique_identifier.clone(), ..Default::default() };
    let attributes = all.execute(cx)?.attributes;
    let got = GetRequest { unique_identifier, ..GetRequest::default() }.execute(cx)?;
    let put_function = if replaced.is_some() { PutFunction::Replace } else { PutFunction::New };
    let put = PutRequest {
        unique_identifier: got.unique_identifier,
        put_function,
        replaced_unique_identifier: replaced.map(UniqueIdentifier::from),
        object: got.object,
        attributes,
    };
    Ok(put.into_request())
}

fn notify(
    cx: &mut Context<'_, '_>,
    id: &str,
    changed: &Attributes,
    gone: &[(AttributeReference, i32)],
) -> OpResult<Request> {
    let object = cx.object(Some(id.into()), Operation::GetAttributes)?;
    let is_known = |reference: &AttributeReference| shown::is_in(reference, cx.version);
    let shown = changed.0.iter().filter(|entry| is_known(&entry.attribute.reference()));
    let mut attributes: Vec<Entry> = shown.cloned().map(shown::entry).collect();
    let gone = gone.iter().filter(|(reference, _)| is_known(reference));
    let mut references = Vec::new();
    if cx.version < V2_0 {
        attributes.extend(gone.map(|(reference, index)| shown::entry(without_value(reference, *index))));
    } else {
        let left: HashSet<AttributeReference> = changed.iter().map(Attribute::reference).collect();
        references.extend(gone.filter(|(reference, _)| !left.contains(reference)).map(|(r, _)| r.clone()));
        references.dedup();
    }
    let notify = NotifyRequest {
        unique_identifier: object.id.clone().into(),
        attributes: Some(AttributeList(Attributes(attributes))),
        references,
    };
    Ok(notify.into_request())
}

/// In 1.x an attribute that was deleted stands without its value.
fn without_value(reference: &AttributeReference, index: i32) -> Entry {
    let unknown = UnknownAttribute { tag: Tag::Attribute, name: reference.name().into_owned(), value: None };
    Entry { index: Some(index), attribute: Attribute::Unknown(unknown) }
}
