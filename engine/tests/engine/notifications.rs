//! Who is told what without asking, and that nobody is told what it may not get.

use super::objects::*;
use super::world::{Bench, principal};
use keystead_engine::notifications::notification::{Notification, What};
use keystead_engine::notifications::push::Push;
use keystead_engine::rights::principal::Principal;
use keystead_engine::settings::{Put, Subscription, ToldChanges};
use kmip_codec::Version;
use kmip_codec::attributes::*;
use kmip_codec::enums::*;
use kmip_codec::message::{RequestItem, RequestMessage};
use kmip_codec::operations::{Call, Operation, Request};
use kmip_codec::payloads::*;
use kmip_codec::value::DateTime;
use kmip_codec::version::*;
use kmip_codec::{Tag, attribute};

fn subscription(client: &str, groups: &[&str], notify: ToldChanges, put: &[Put]) -> Subscription {
    let groups = groups.iter().map(|group| (*group).to_owned()).collect();
    Subscription { client: client.into(), groups, notify, put: put.to_vec() }
}

/// Runs a message, commits it, and returns the notifications.
fn told(bench: &mut Bench, who: &Principal, request: impl Call) -> Vec<Notification> {
    told_of(bench, who, vec![request.into_request().into()], BatchErrorContinuationOption::Stop)
}

fn told_of(
    bench: &mut Bench,
    who: &Principal,
    items: Vec<RequestItem>,
    option: BatchErrorContinuationOption,
) -> Vec<Notification> {
    let mut message = RequestMessage::new(V2_1, items);
    message.header.batch_error_continuation_option = Some(option);
    let outcome = bench.decide(who, &message);
    bench.commit(outcome.changes);
    outcome.notifications
}

fn changed(notification: &Notification) -> (&Attributes, &[(AttributeReference, i32)]) {
    match &notification.what {
        What::Notify { changed, gone } => (changed, gone),
        What::Put { .. } => panic!("{notification:?}"),
    }
}

/// A mate of the group and the owner are told, a stranger is not; the owner of its own changes only if it wants all.
#[test]
fn those_are_told_whom_it_concerns() {
    let mut bench = Bench::new(1);
    let (ann, bob) = (principal("ann", &["team"]), principal("bob", &["team"]));
    bench.settings.subscriptions = vec![
        subscription("ann", &["team"], ToldChanges::Others, &[]),
        subscription("bob", &["team"], ToldChanges::All, &[]),
        subscription("eve", &["others"], ToldChanges::All, &[Put::New, Put::Replaced]),
        subscription("deaf", &["team"], ToldChanges::None, &[]),
    ];
    let id = create(&mut bench, &ann, &[]);
    let to = |notifications: &[Notification]| {
        notifications.iter().map(|notification| notification.to.clone()).collect::<Vec<_>>()
    };
    assert_eq!(to(&told(&mut bench, &ann, activate(&id))), ["bob"]);
    bench.now += 1;
    let notifications = told(&mut bench, &bob, revoke(&id, RevocationReasonCode::Unspecified));
    assert_eq!(to(&notifications), ["ann", "bob"]);
    let (changed, gone) = changed(&notifications[0]);
    assert_eq!(attribute!(changed, State).next(), Some(&State::Deactivated));
    assert_eq!(attribute!(changed, LastChangeDate).next(), Some(&DateTime(bench.now)));
    assert!(attribute!(changed, CryptographicLength).next().is_none() && gone.is_empty());
    let alone = create(&mut bench, &principal("eve", &[]), &[]);
    assert!(
        told(&mut bench, &principal("eve", &[]), activate(&alone))
            .iter()
            .all(|notification| notification.to == "eve")
    );
}

/// New objects and those that replace others, as configured; a refused or undone change is told to nobody.
#[test]
fn what_is_put_and_what_never_happened() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    bench.settings.subscriptions = vec![subscription("ann", &[], ToldChanges::None, &[Put::Replaced])];
    assert!(told(&mut bench, &ann, aes(&[])).is_empty());
    let id = create(&mut bench, &ann, &[]);
    let rekey = ReKeyRequest { unique_identifier: Some(id.as_str().into()), ..ReKeyRequest::default() };
    let notifications = told(&mut bench, &ann, rekey);
    assert_eq!(notifications.len(), 1);
    assert_eq!(notifications[0].what, What::Put { replaced: Some(id.clone()) });
    bench.settings.subscriptions = vec![subscription("ann", &[], ToldChanges::All, &[Put::New])];
    assert_eq!(told(&mut bench, &ann, aes(&[]))[0].what, What::Put { replaced: None });
    let failing = || activate("00000000-0000-4000-8000-000000000000").into_request().into();
    let made = || aes(&[]).into_request().into();
    let undo = BatchErrorContinuationOption::Undo;
    assert!(told_of(&mut bench, &ann, vec![made(), failing()], undo).is_empty());
    assert!(told_of(&mut bench, &ann, vec![failing()], undo).is_empty());
    let goes_on = BatchErrorContinuationOption::Continue;
    assert_eq!(told_of(&mut bench, &ann, vec![failing(), made()], goes_on).len(), 1);
}

fn pushed(bench: &mut Bench, who: &Principal, version: Version, notification: &Notification) -> Push {
    bench.push(who, version, notification)
}

fn sent(push: &Push) -> Request {
    let bytes = push.message.as_ref().unwrap().to_bytes();
    RequestMessage::from_bytes(&bytes).unwrap().items.remove(0).request
}

/// Put brings the key with its attributes in every version, and is the end of its freshness.
#[test]
fn a_put_in_every_version() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let id = create(&mut bench, &ann, &[]);
    for version in VERSIONS {
        let what = What::Put { replaced: Some("old".into()) };
        let notification = Notification { to: "ann".into(), object: id.clone(), what };
        let push = pushed(&mut bench, &ann, version, &notification);
        assert_eq!((push.item_outcome.operation, push.item_outcome.reason), (Operation::Put, None));
        let Request::Put(put) = sent(&push) else { panic!("{push:?}") };
        assert_eq!(put.put_function, PutFunction::Replace);
        assert_eq!(put.replaced_unique_identifier, Some("old".into()));
        assert!(put.object.key_block().unwrap().key_value.is_some());
        let attributes = put.attributes.unwrap().0;
        assert_eq!(attribute!(attributes, CryptographicLength).next(), Some(&256));
        bench.commit(push.changes);
    }
    let request = GetAttributesRequest { unique_identifier: Some(id.as_str().into()), ..Default::default() };
    let attributes = bench.ask(&ann, V2_1, request).unwrap().attributes.unwrap().0;
    assert_eq!(attribute!(attributes, Fresh).next(), Some(&false));
}

/// A notification is only a hint: what may not be got is not put, whatever the mailbox holds.
#[test]
fn a_put_is_authorised_like_a_get() {
    let (mut bench, ann, eve) = (Bench::new(1), principal("ann", &[]), principal("eve", &[]));
    let put =
        |id: &str| Notification { to: "eve".into(), object: id.into(), what: What::Put { replaced: None } };
    let notify = |id: &str| Notification {
        what: What::Notify { changed: [Attribute::State(State::Active)].into(), gone: Vec::new() },
        ..put(id)
    };
    let id = create(&mut bench, &ann, &[]);
    for notification in [put(&id), notify(&id)] {
        let push = pushed(&mut bench, &eve, V2_1, &notification);
        assert!(push.message.is_none() && push.changes == Default::default());
        assert_eq!(push.item_outcome.reason, Some(ResultReason::ObjectNotFound));
        assert_eq!(push.item_outcome.objects, [id.as_str()]);
    }
    for (attribute, reason) in [
        (Attribute::Sensitive(true), ResultReason::Sensitive),
        (Attribute::Extractable(false), ResultReason::NotExtractable),
    ] {
        let id = create(&mut bench, &ann, &[attribute]);
        let push = pushed(&mut bench, &ann, V2_1, &put(&id));
        assert!(push.message.is_none());
        assert_eq!(push.item_outcome.reason, Some(reason));
    }
    let id = create(&mut bench, &ann, &[]);
    bench.ask(&ann, V2_1, destroy(&id)).unwrap();
    assert!(pushed(&mut bench, &ann, V2_1, &put(&id)).message.is_none());
    assert!(pushed(&mut bench, &ann, V2_1, &notify(&id)).message.is_some(), "that it is destroyed is told");
}

/// An attribute that is gone stands without a value in 1.x and as a reference in 2.x.
#[test]
fn deleted_attributes_are_told() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    bench.settings.subscriptions = vec![subscription("ann", &[], ToldChanges::All, &[])];
    let id = create(&mut bench, &ann, &[Attribute::ContactInformation("me".into())]);
    let reference = AttributeReference::Tag(Tag::ContactInformation);
    let delete = DeleteAttributeRequest {
        unique_identifier: Some(id.as_str().into()),
        reference: Some(reference.clone()),
        ..DeleteAttributeRequest::default()
    };
    let notification = told(&mut bench, &ann, delete).remove(0);
    assert_eq!(changed(&notification).1, [(reference.clone(), 0)]);
    let Request::Notify(notify) = sent(&pushed(&mut bench, &ann, V2_1, &notification)) else { panic!() };
    assert_eq!(notify.references, [reference]);
    let Request::Notify(notify) = sent(&pushed(&mut bench, &ann, V1_2, &notification)) else { panic!() };
    let attributes = notify.attributes.unwrap().0;
    let gone = |entry: &Entry| matches!(&entry.attribute, Attribute::Unknown(gone) if gone.name == "Contact Information" && gone.value.is_none());
    assert!(attributes.0.iter().any(gone), "{attributes:?}");
    assert!(attribute!(attributes, LastChangeDate).next().is_some());
}

/// A date that passes is a change by the server: stored once, told once.
#[test]
fn a_state_that_a_date_has_changed_is_told() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let row = subscription("ann", &[], ToldChanges::Others, &[]);
    bench.settings.subscriptions = vec![row.clone()];
    let date = DateTime(bench.now + 60);
    let id = create(&mut bench, &ann, &[Attribute::ActivationDate(date)]);
    assert!(bench.settle(&row).is_empty());
    bench.now += 61;
    let notifications = bench.settle(&row);
    assert_eq!((notifications.len(), notifications[0].object.as_str()), (1, id.as_str()));
    assert_eq!(attribute!(changed(&notifications[0]).0, State).next(), Some(&State::Active));
    assert!(bench.settle(&row).is_empty());
}

/// A client turns its connection around where the configuration knows it as an endpoint.
#[test]
fn only_endpoints_may_turn_around() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let turn = |endpoint_role| SetEndpointRoleRequest { endpoint_role };
    let refused = bench.ask(&ann, V2_1, turn(EndpointRole::Client)).unwrap_err();
    assert_eq!(refused, ResultReason::PermissionDenied);
    assert!(bench.ask(&ann, V2_1, turn(EndpointRole::Server)).is_ok());
    assert_eq!(bench.ask(&ann, V2_1, turn(EndpointRole(9))).unwrap_err(), ResultReason::InvalidField);
    bench.settings.subscriptions = vec![subscription("ann", &[], ToldChanges::All, &[])];
    assert_eq!(
        bench.ask(&ann, V2_1, turn(EndpointRole::Client)).unwrap().endpoint_role,
        EndpointRole::Client
    );
    for request in [Request::Notify(NotifyRequest::default()), Request::Put(PutRequest::default())] {
        let item = bench.batch(&ann, V2_1, BatchErrorContinuationOption::Stop, vec![request]).remove(0);
        assert_eq!(item.result_reason, Some(ResultReason::OperationNotSupported));
    }
}
