//! Batches whose items are done later.

use super::*;

/// Submits a batch that must be done later; gives what to poll with, an item each.
fn submit_all(
    bench: &mut Bench,
    who: &Principal,
    option: BatchErrorContinuationOption,
    requests: Vec<Request>,
) -> Vec<Bytes> {
    let mut message = later(V2_1, AsynchronousIndicator::Mandatory, requests);
    message.header.batch_error_continuation_option = Some(option);
    let items = bench.run(who, &message);
    items.into_iter().map(|item| item.asynchronous_correlation_value.unwrap()).collect()
}

/// The items of one batch were done in any order, each with the ID placeholder that there was when it was accepted: none.
#[test]
fn items_of_a_batch_give_to_those_behind_them_as_if_they_were_done_at_once() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let sha = Some(HashingAlgorithm::SHA_256);
    let parameters = kmip_codec::attributes::CryptographicParameters {
        hashing_algorithm: sha,
        ..kmip_codec::attributes::CryptographicParameters::default()
    };
    let hash = |data| HashRequest {
        cryptographic_parameters: parameters.clone(),
        data: Some(data),
        ..HashRequest::default()
    };
    let requests = vec![
        aes(&[]).into_request(),
        ActivateRequest::default().into_request(),
        GetRequest { unique_identifier: Some(UniqueIdentifier::Index(-1)), ..GetRequest::default() }
            .into_request(),
        hash(Data::Bytes(b"message".as_slice().into())).into_request(),
        hash(Data::Reference(DataReference::Hash)).into_request(),
    ];
    let values = submit_all(&mut bench, &ann, BatchErrorContinuationOption::Stop, requests);
    let item_outcomes = bench.work();
    assert!(item_outcomes.iter().all(|item| item.reason.is_none()), "{item_outcomes:?}");
    let first: Vec<_> = item_outcomes.iter().map(|item| item.objects[0].clone()).collect();
    assert_eq!(first, values.iter().map(hex::encode).collect::<Vec<_>>(), "in order, and each in the audit");
    let items: Vec<_> = values.iter().map(|value| poll(&mut bench, &ann, V2_1, value)).collect();
    let made = text(&answer::<CreateRequest>(items[0].clone()).unwrap().unique_identifier);
    assert_eq!(text(&answer::<ActivateRequest>(items[1].clone()).unwrap().unique_identifier), made);
    assert_eq!(text(&answer::<GetRequest>(items[2].clone()).unwrap().unique_identifier), made);
    let digest = |item: &ResponseItem| match answer::<HashRequest>(item.clone()).unwrap().data {
        Some(Data::Bytes(bytes)) => bytes,
        other => panic!("{other:?}"),
    };
    let again = hash(Data::Bytes(digest(&items[3])));
    assert_eq!(bench.ask(&ann, V2_1, again).unwrap().data, Some(Data::Bytes(digest(&items[4]))));
    assert_eq!(state_of(&mut bench, &ann, &made), State::Active);
}

#[test]
fn a_batch_that_is_done_later_stops_goes_on_or_is_undone() {
    let (success, failed) = (ResultStatus::Success, ResultStatus::OperationFailed);
    let undone = ResultStatus::OperationUndone;
    for (option, statuses, left) in [
        (BatchErrorContinuationOption::Stop, [success, failed, failed], 1),
        (BatchErrorContinuationOption::Continue, [success, failed, success], 2),
        (BatchErrorContinuationOption::Undo, [undone, failed, failed], 0),
    ] {
        let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
        let requests = vec![aes(&[]).into_request(), get("nothing").into_request(), aes(&[]).into_request()];
        let values = submit_all(&mut bench, &ann, option, requests);
        assert_eq!(bench.work().len(), 3, "the audit has each");
        let items: Vec<_> = values.iter().map(|value| poll(&mut bench, &ann, V2_1, value)).collect();
        assert_eq!(items.iter().map(|item| item.result_status).collect::<Vec<_>>(), statuses, "{option:?}");
        assert_eq!(items[1].result_reason, Some(ResultReason::ObjectNotFound));
        assert_eq!(count(&mut bench, &ann), left, "{option:?}");
    }
}

/// Who polls for what was undone learns that, and nothing of what it gave before; a Poll that is undone itself gives
/// nothing and leaves the answer there. What Process carries out stands in the audit, and undone where the Process is.
#[test]
fn nothing_of_an_undone_request_is_polled() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let id = create(&mut bench, &ann, &[]);
    let fails = || get("nothing").into_request();
    let requests = || vec![get(&id).into_request(), activate(&id).into_request(), fails()];
    let values = submit_all(&mut bench, &ann, BatchErrorContinuationOption::Undo, requests());
    let item_outcomes = bench.work();
    let statuses: Vec<_> = item_outcomes.iter().map(|item| item.status).collect();
    let (undone, failed) = (ResultStatus::OperationUndone, ResultStatus::OperationFailed);
    assert_eq!(statuses, [undone, undone, failed], "the audit");
    for value in &values[..2] {
        let item = poll(&mut bench, &ann, V2_1, value);
        must_be_bare(&mut bench, &ann, V2_1, &item, "polled");
    }
    let values =
        submit_all(&mut bench, &ann, BatchErrorContinuationOption::Stop, vec![get(&id).into_request()]);
    let process = || ProcessRequest { asynchronous_correlation_value: values[0].clone() }.into_request();
    let polls = || PollRequest { asynchronous_correlation_value: values[0].clone() }.into_request();
    for requests in [vec![process(), fails()], vec![process(), polls(), fails()]] {
        let mut message = later(V2_1, AsynchronousIndicator::Prohibited, requests);
        message.header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Undo);
        let outcome = bench.decide(&ann, &message);
        let (_, before) = outcome.response.items.split_last().unwrap();
        before.iter().for_each(|item| must_be_bare(&mut bench, &ann, V2_1, item, "undone"));
        let carried_out = &outcome.item_outcomes[0].within;
        assert_eq!(
            carried_out
                .iter()
                .map(|item_outcome| (item_outcome.operation, item_outcome.status))
                .collect::<Vec<_>>(),
            [(Operation::Get, undone)]
        );
        assert!(outcome.changes.writes.is_empty());
    }
    let item_outcomes =
        bench.decide(&ann, &later(V2_1, AsynchronousIndicator::Prohibited, vec![process()])).item_outcomes;
    assert_eq!(
        item_outcomes[0].within[0].status,
        ResultStatus::Success,
        "each stands in the audit by itself"
    );
    assert!(item_outcomes[0].within[0].objects.contains(&id));
    bench.work();
    answer::<GetRequest>(poll(&mut bench, &ann, V2_1, &values[0])).unwrap();
}

/// With Undo all of a batch is done now or all of it later: what was answered could not be undone any more.
#[test]
fn a_batch_that_may_be_undone_is_not_done_in_two_pieces() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let id = create(&mut bench, &ann, &[]);
    let archive = || ArchiveRequest { unique_identifier: Some(id.as_str().into()) }.into_request();
    for (option, requests, last) in [
        (
            BatchErrorContinuationOption::Stop,
            vec![get(&id).into_request(), archive()],
            ResultStatus::OperationPending,
        ),
        (BatchErrorContinuationOption::Undo, vec![get(&id).into_request(), archive()], ResultStatus::Success),
        (BatchErrorContinuationOption::Undo, vec![archive()], ResultStatus::OperationPending),
    ] {
        let mut message = later(V2_1, AsynchronousIndicator::Optional, requests);
        message.header.batch_error_continuation_option = Some(option);
        let items = bench.decide(&ann, &message).response.items;
        assert_eq!(items.last().unwrap().result_status, last, "{option:?}");
    }
}

/// What is cancelled gives nothing; Process does the items of a batch together.
#[test]
fn items_of_a_batch_are_cancelled_one_by_one_and_processed_together() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let batch =
        || vec![aes(&[]).into_request(), aes(&[]).into_request(), GetRequest::default().into_request()];
    let stop = BatchErrorContinuationOption::Stop;
    let values = submit_all(&mut bench, &ann, stop, batch());
    assert_eq!(cancel(&mut bench, &ann, &values[0]), CancellationResult::Canceled, "the first");
    let request = ProcessRequest { asynchronous_correlation_value: values[2].clone() };
    bench.ask(&ann, V2_1, request).unwrap();
    assert!(bench.work().is_empty(), "all was done");
    let canceled = poll(&mut bench, &ann, V2_1, &values[0]);
    assert_eq!(canceled.result_reason, Some(ResultReason::OperationCanceledByRequester));
    let made = answer::<CreateRequest>(poll(&mut bench, &ann, V2_1, &values[1])).unwrap();
    let got = answer::<GetRequest>(poll(&mut bench, &ann, V2_1, &values[2])).unwrap();
    assert_eq!((made.unique_identifier, count(&mut bench, &ann)), (got.unique_identifier, 1));
    let values = submit_all(&mut bench, &ann, stop, batch());
    for value in &values {
        assert_eq!(cancel(&mut bench, &ann, value), CancellationResult::Canceled);
    }
    assert!(bench.work().is_empty());
    assert_eq!(count(&mut bench, &ann), 1);
    bench.now += 3600;
    let list = QueryAsynchronousRequestsRequest::default();
    assert!(bench.ask(&ann, V2_1, list).unwrap().requests.is_empty());
    bench.settings.asynchronous_max = 1;
    submit(&mut bench, &ann, V2_1, aes(&[]));
}
