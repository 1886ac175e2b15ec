//! Asynchronous requests on a real server: off the path of the request, and through a power cut.

use crate::support::dev::Dev;
use crate::support::wire::{self, Wire};
use bytes::Bytes;
use keystead::store::audit_log;
use keystead::store::{Database, Engine};
use kmip_codec::attributes::Attribute;
use kmip_codec::enums::*;
use kmip_codec::message::{Asynchronous, RequestItem, RequestMessage, ResponseItem, ResponseMessage};
use kmip_codec::operations::{Call as _, Request};
use kmip_codec::payloads::*;
use kmip_codec::version::V2_1;
use std::time::Duration;

fn send(wire: &mut Wire, request: Request, on: Option<AsynchronousIndicator>) -> ResponseItem {
    let mut message = RequestMessage::new(V2_1, vec![RequestItem::from(request)]);
    message.header.asynchronous_indicator = on.map(Asynchronous);
    let answer = wire.exchange(&message.to_bytes()).unwrap();
    ResponseMessage::from_bytes(&answer).unwrap().items.remove(0)
}

fn submit(wire: &mut Wire, request: Request) -> Bytes {
    let item = send(wire, request, Some(AsynchronousIndicator::Mandatory));
    assert_eq!(item.result_status, ResultStatus::OperationPending);
    item.asynchronous_correlation_value.unwrap()
}

fn poll(wire: &mut Wire, correlation: &Bytes) -> ResponseItem {
    let request = PollRequest { asynchronous_correlation_value: correlation.clone() };
    send(wire, request.into_request(), None)
}

fn until_done(wire: &mut Wire, correlation: &Bytes) -> ResponseItem {
    for _ in 0..200 {
        let item = poll(wire, correlation);
        if item.result_status != ResultStatus::OperationPending {
            return item;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("it stays pending");
}

fn create() -> Request {
    let attributes = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
    ];
    let object_type = ObjectType::SymmetricKey;
    CreateRequest { object_type, attributes: attributes.into(), ..CreateRequest::default() }.into_request()
}

fn count(wire: &mut Wire) -> usize {
    let item = send(wire, LocateRequest::default().into_request(), None);
    LocateRequest::answer(item.response.unwrap()).unwrap().unique_identifiers.len()
}

/// A request that takes a while.
fn slow() -> Request {
    let common = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::RSA),
        Attribute::CryptographicLength(4096),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Sign | CryptographicUsageMask::Verify),
    ];
    CreateKeyPairRequest { common: Some(common.into()), ..CreateKeyPairRequest::default() }.into_request()
}

/// One worker did the oldest first: what one client let wait stood before another's.
#[test]
fn what_one_client_lets_wait_delays_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let limits = "[limits]\nstop_seconds = 1\n\n[asynchronous]\nrequests = 20";
    let dev = Dev::configured(folder.path(), &[("", limits)]);
    let (mut hog, mut other) = (wire::connect(&dev, "hog"), wire::connect(&dev, "other"));
    let many: Vec<Bytes> = (0..20).map(|_| submit(&mut hog, slow())).collect();
    let refused = send(&mut hog, slow(), Some(AsynchronousIndicator::Mandatory));
    assert_eq!(refused.result_reason, Some(ResultReason::ServerLimitExceeded));
    let message = refused.result_message.unwrap();
    assert!(message.contains("20 asynchronous requests") && message.contains("may have 20"), "{message}");
    let pending = |hog: &mut Wire| {
        let is_pending = |one: &&Bytes| poll(hog, one).result_status == ResultStatus::OperationPending;
        many.iter().filter(is_pending).count()
    };
    for n in 0..3 {
        let one = submit(&mut other, create());
        assert_eq!(until_done(&mut other, &one).result_status, ResultStatus::Success);
        let left = pending(&mut hog);
        assert!(left >= 10, "number {n}: {left} of 20 are left");
    }
    // In their order, one at a time: what is done is at the front.
    let states: Vec<bool> = many
        .iter()
        .rev()
        .map(|one| poll(&mut hog, one).result_status == ResultStatus::OperationPending)
        .collect();
    assert!(states.is_sorted_by(|later, earlier| later >= earlier), "{states:?}");
}

/// What was accepted before the server was killed is done by the next one, once; what was cancelled is not. The audit has
/// the acceptance and what was done, and its chain holds.
#[test]
fn a_pending_request_survives_the_death_of_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let slow = "level = \"info\"\n\n[asynchronous]\ndelay_milliseconds = 3000";
    let dev = Dev::configured(folder.path(), &[("level = \"info\"", slow)]);
    let mut one = wire::connect(&dev, "one");
    let (kept, canceled) = (submit(&mut one, create()), submit(&mut one, create()));
    assert_eq!(poll(&mut one, &kept).result_status, ResultStatus::OperationPending);
    let cancel = CancelRequest { asynchronous_correlation_value: canceled.clone() };
    let answer = send(&mut one, cancel.into_request(), None).response.unwrap();
    let result = CancelRequest::answer(answer).unwrap().cancellation_result;
    assert_eq!((result, count(&mut one)), (CancellationResult::Canceled, 0));
    dev.kill();

    let dev = Dev::start_quietly(folder.path());
    let mut one = wire::connect(&dev, "one");
    let done = until_done(&mut one, &kept);
    assert_eq!((done.operation, done.result_status), (Some(CreateRequest::OPERATION), ResultStatus::Success));
    let gone = poll(&mut one, &canceled);
    assert_eq!(gone.result_reason, Some(ResultReason::OperationCanceledByRequester));
    assert_eq!(count(&mut one), 1, "done once");
    drop(dev);

    let database = Database::open(Engine::Redb, &folder.path().join("store")).unwrap();
    let mut outcomes = Vec::new();
    let chain = audit_log::verify(&*database.snapshot().unwrap(), &mut |_, entry| {
        if entry.operation == "Create" && entry.objects.contains(&hex::encode(&kept)) {
            outcomes.push((entry.principal, entry.outcome));
        }
    });
    chain.unwrap().unwrap();
    let entry = |outcome: &str| ("one".to_owned(), outcome.to_owned());
    assert_eq!(outcomes, [entry("OperationPending"), entry("Success")]);
}
