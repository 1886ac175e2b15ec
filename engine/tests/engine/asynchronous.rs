//! Asynchronous requests: pending until done, done once, cancelled or never.

mod batches;

use super::objects::*;
use super::undone::must_be_bare;
use super::world::{Bench, answer, principal};
use bytes::Bytes;
use keystead_engine::rights::principal::Principal;
use kmip_codec::Version;
use kmip_codec::enums::*;
use kmip_codec::message::{Asynchronous, RequestItem, RequestMessage, ResponseItem};
use kmip_codec::operations::{Call, Operation, Request};
use kmip_codec::payloads::*;
use kmip_codec::value::{Data, UniqueIdentifier};
use kmip_codec::version::{V1_2, V2_1};

fn later(version: Version, on: AsynchronousIndicator, requests: Vec<Request>) -> RequestMessage {
    let mut message = RequestMessage::new(version, requests.into_iter().map(RequestItem::from).collect());
    message.header.asynchronous_indicator = Some(Asynchronous(on));
    message
}

/// Submits one request that must be done later; gives what to poll with.
fn submit(bench: &mut Bench, who: &Principal, version: Version, request: impl Call) -> Bytes {
    let on = if version < V2_1 { AsynchronousIndicator::Optional } else { AsynchronousIndicator::Mandatory };
    let item = bench.run(who, &later(version, on, vec![request.into_request()])).pop().unwrap();
    assert_eq!((item.result_status, item.response), (ResultStatus::OperationPending, None));
    item.asynchronous_correlation_value.unwrap()
}

fn poll(bench: &mut Bench, who: &Principal, version: Version, correlation: &Bytes) -> ResponseItem {
    let poll = PollRequest { asynchronous_correlation_value: correlation.clone() };
    let message = RequestMessage::new(version, vec![RequestItem::from(poll.into_request())]);
    bench.run(who, &message).pop().unwrap()
}

fn cancel(bench: &mut Bench, who: &Principal, correlation: &Bytes) -> CancellationResult {
    let request = CancelRequest { asynchronous_correlation_value: correlation.clone() };
    bench.ask(who, V2_1, request).unwrap().cancellation_result
}

fn get(id: &str) -> GetRequest {
    GetRequest { unique_identifier: Some(id.into()), ..GetRequest::default() }
}

fn count(bench: &mut Bench, who: &Principal) -> usize {
    bench.ask(who, V2_1, LocateRequest::default()).unwrap().unique_identifiers.len()
}

#[test]
fn a_request_is_pending_until_it_is_done_and_its_answer_is_given_once() {
    let (mut bench, ann, bob) = (Bench::new(1), principal("ann", &[]), principal("bob", &[]));
    let id = create(&mut bench, &ann, &[]);
    let archive = ArchiveRequest { unique_identifier: Some(id.as_str().into()) };
    let correlation = submit(&mut bench, &ann, V1_2, archive);
    let pending = poll(&mut bench, &ann, V1_2, &correlation);
    assert_eq!(pending.result_status, ResultStatus::OperationPending);
    assert_eq!(pending.asynchronous_correlation_value, Some(correlation.clone()));
    bench.ask(&ann, V1_2, get(&id)).unwrap();
    let item_outcome = bench.work().pop().unwrap();
    assert_eq!((item_outcome.operation, item_outcome.reason), (Operation::Archive, None));
    assert_eq!(
        item_outcome.objects,
        [hex::encode(&correlation), id.clone()],
        "the audit ties it to its acceptance"
    );
    assert_eq!(bench.ask(&ann, V1_2, get(&id)).unwrap_err(), ResultReason::ObjectArchived, "done");
    let foreign = poll(&mut bench, &bob, V1_2, &correlation);
    assert_eq!(foreign.result_reason, Some(ResultReason::ItemNotFound), "somebody else's");
    assert_eq!(cancel(&mut bench, &ann, &correlation), CancellationResult::Completed);
    let done = poll(&mut bench, &ann, V1_2, &correlation);
    assert_eq!(done.operation, Some(Operation::Archive));
    assert_eq!(text(&answer::<ArchiveRequest>(done).unwrap().unique_identifier), id);
    let again = poll(&mut bench, &ann, V1_2, &correlation);
    assert_eq!(again.result_reason, Some(ResultReason::ItemNotFound), "given once");
}

#[test]
fn what_is_cancelled_before_it_begins_is_never_done() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let correlation = submit(&mut bench, &ann, V2_1, aes(&[]));
    assert_eq!(cancel(&mut bench, &ann, &correlation), CancellationResult::Canceled);
    assert!(bench.work().is_empty());
    assert_eq!(count(&mut bench, &ann), 0);
    let polled = poll(&mut bench, &ann, V2_1, &correlation);
    assert_eq!(polled.result_reason, Some(ResultReason::OperationCanceledByRequester));
    assert_eq!(cancel(&mut bench, &ann, &correlation), CancellationResult::Canceled);
    let unknown = Bytes::from_static(&[7; 16]);
    assert_eq!(cancel(&mut bench, &ann, &unknown), CancellationResult::Unavailable);
}

/// Process makes the next Poll final; what is refused then leaves its refusal, and nothing else.
#[test]
fn process_does_it_now() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let made = submit(&mut bench, &ann, V2_1, aes(&[]));
    let refused = submit(&mut bench, &ann, V2_1, get("nothing"));
    let process = |bench: &mut Bench, correlation: &Bytes| {
        bench.ask(&ann, V2_1, ProcessRequest { asynchronous_correlation_value: correlation.clone() })
    };
    process(&mut bench, &made).unwrap();
    process(&mut bench, &refused).unwrap();
    assert_eq!(process(&mut bench, &made), Err(ResultReason::DuplicateProcessRequest));
    assert!(bench.work().is_empty(), "done");
    let id = answer::<CreateRequest>(poll(&mut bench, &ann, V2_1, &made)).unwrap().unique_identifier;
    bench.ask(&ann, V2_1, get(&text(&id))).unwrap();
    let polled = poll(&mut bench, &ann, V2_1, &refused);
    assert_eq!(polled.result_reason, Some(ResultReason::ObjectNotFound));
    let gone = process(&mut bench, &made);
    assert_eq!(gone, Err(ResultReason::InvalidAsynchronousCorrelationValue));
}

#[test]
fn query_asynchronous_requests_lists_those_of_the_client_that_it_asks_for() {
    let (mut bench, ann, bob) = (Bench::new(1), principal("ann", &[]), principal("bob", &[]));
    let made = submit(&mut bench, &ann, V2_1, aes(&[]));
    bench.work();
    bench.now += 1;
    let waiting = submit(&mut bench, &ann, V2_1, LocateRequest::default());
    let list = |bench: &mut Bench, who: &Principal, request: QueryAsynchronousRequestsRequest| {
        let requests = bench.ask(who, V2_1, request).unwrap().requests;
        requests
            .into_iter()
            .map(|r| (r.asynchronous_correlation_value, r.operation, r.processing_stage))
            .collect::<Vec<_>>()
    };
    let done = (made.clone(), Operation::Create, ProcessingStage::Completed);
    let waits = (waiting.clone(), Operation::Locate, ProcessingStage::Submitted);
    let all = QueryAsynchronousRequestsRequest::default();
    assert_eq!(list(&mut bench, &ann, all.clone()), [done.clone(), waits.clone()]);
    let operations = Some(Operations { operations: vec![Operation::Create] });
    let by_operation = QueryAsynchronousRequestsRequest { operations, ..all.clone() };
    assert_eq!(list(&mut bench, &ann, by_operation), [done]);
    let values = AsynchronousCorrelationValues { asynchronous_correlation_values: vec![waiting] };
    let by_value = QueryAsynchronousRequestsRequest { correlation_values: Some(values), ..all.clone() };
    assert_eq!(list(&mut bench, &ann, by_value), [waits]);
    assert_eq!(list(&mut bench, &bob, all), []);
}

/// Where the server has the choice, an item is done later only if none behind it can need its result.
#[test]
fn in_a_batch_what_comes_behind_can_use_what_came_before() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let id = create(&mut bench, &ann, &[]);
    let requests = || vec![LocateRequest::default().into_request(), GetRequest::default().into_request()];
    let items = bench.run(&ann, &later(V1_2, AsynchronousIndicator::Optional, requests()));
    assert_eq!(text(&answer::<GetRequest>(items[1].clone()).unwrap().unique_identifier), id);
    let archive = ArchiveRequest::default().into_request();
    let batch = vec![LocateRequest::default().into_request(), archive];
    let items = bench.run(&ann, &later(V1_2, AsynchronousIndicator::Optional, batch));
    assert_eq!(items[0].result_status, ResultStatus::Success);
    assert_eq!(items[1].result_status, ResultStatus::OperationPending);
    let correlation = items[1].asynchronous_correlation_value.clone().unwrap();
    bench.work();
    let done = answer::<ArchiveRequest>(poll(&mut bench, &ann, V1_2, &correlation)).unwrap();
    assert_eq!(text(&done.unique_identifier), id, "the ID placeholder was kept for it");
}

#[test]
fn what_cannot_come_later_is_refused_and_what_is_undone_is_not_done_later() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let mandatory = AsynchronousIndicator::Mandatory;
    for request in [PingRequest {}.into_request(), DiscoverVersionsRequest::default().into_request()] {
        let item = bench.run(&ann, &later(V2_1, mandatory, vec![request])).pop().unwrap();
        assert_eq!(item.result_reason, Some(ResultReason::FeatureNotSupported));
    }
    let mut message = later(V2_1, mandatory, vec![aes(&[]).into_request(), PingRequest {}.into_request()]);
    message.header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Undo);
    let items = bench.run(&ann, &message);
    assert_eq!(items[0].result_status, ResultStatus::OperationUndone);
    assert!(bench.work().is_empty());
}

/// The rights are those of the time when it is done, and the number of requests is bounded, within one message too.
#[test]
fn asynchronous_requests_are_bounded_and_judged_when_they_are_done() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &["team"]));
    let shared = create(&mut bench, &principal("cid", &["team"]), &[]);
    let correlation = submit(&mut bench, &ann, V2_1, get(&shared));
    bench.work();
    let polled = poll(&mut bench, &ann, V2_1, &correlation);
    assert_eq!(polled.result_reason, Some(ResultReason::ObjectNotFound), "she has left the team");
    bench.settings.asynchronous_max = 2;
    let three = (0..3).map(|_| LocateRequest::default().into_request()).collect();
    let items = bench.run(&ann, &later(V2_1, AsynchronousIndicator::Mandatory, three));
    let last = items.last().unwrap();
    assert_eq!((items.len(), last.result_reason), (3, Some(ResultReason::ServerLimitExceeded)));
    bench.work();
    bench.now += 3600;
    let first = items[0].asynchronous_correlation_value.clone().unwrap();
    let over = poll(&mut bench, &ann, V2_1, &first);
    assert_eq!(
        over.result_reason,
        Some(ResultReason::InvalidAsynchronousCorrelationValue),
        "not kept for ever"
    );
    submit(&mut bench, &ann, V2_1, LocateRequest::default());
}

/// Neither a request nor an answer that waits shows a key to who reads the store.
#[test]
fn keys_in_requests_and_answers_that_wait_are_sealed() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let id = create(&mut bench, &ann, &[]);
    let clear = bench.ask(&ann, V2_1, get(&id)).unwrap();
    let object = clear.object.clone();
    let register = RegisterRequest { object_type: ObjectType::SymmetricKey, object, ..Default::default() };
    let key = GetResponse { ..clear };
    let secret = secret_of(&key);
    let kept = |bench: &mut Bench| {
        let found = std::cell::RefCell::new(Vec::new());
        bench.everything(&mut |value| found.borrow_mut().push(value.to_vec()));
        found.into_inner()
    };
    submit(&mut bench, &ann, V2_1, register);
    submit(&mut bench, &ann, V2_1, get(&id));
    for _ in 0..2 {
        let all = kept(&mut bench);
        assert!(all.len() > 3);
        assert!(!all.iter().any(|value| value.windows(secret.len()).any(|part| part == secret)));
        bench.work();
    }
}

fn secret_of(answer: &GetResponse) -> Vec<u8> {
    match &answer.object {
        kmip_codec::objects::ManagedObject::SymmetricKey(key) => match &key.key_block.key_value {
            Some(kmip_codec::objects::KeyValue::Plain(plain)) => match &plain.key_material {
                kmip_codec::objects::KeyMaterial::Bytes(bytes) => bytes.expose().to_vec(),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

/// What a Poll gives is what the audit says of it: still pending, done, or failed.
#[test]
fn the_audit_of_a_poll_says_what_its_answer_says() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let id = create(&mut bench, &ann, &[]);
    for (request, status, reason) in [
        (get(&id), ResultStatus::Success, None),
        (get("nothing"), ResultStatus::OperationFailed, Some(ResultReason::ObjectNotFound)),
    ] {
        let correlation = submit(&mut bench, &ann, V2_1, request);
        let request = PollRequest { asynchronous_correlation_value: correlation }.into_request();
        let message = later(V2_1, AsynchronousIndicator::Prohibited, vec![request]);
        let pending = bench.decide(&ann, &message).item_outcomes.pop().unwrap();
        assert_eq!((pending.status, pending.reason), (ResultStatus::OperationPending, None));
        bench.work();
        let item_outcome = bench.decide(&ann, &message).item_outcomes.pop().unwrap();
        assert_eq!(
            (item_outcome.operation, item_outcome.status, item_outcome.reason),
            (Operation::Poll, status, reason)
        );
    }
}
