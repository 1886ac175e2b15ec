//! Random batches of every operation, with every option, at once and later, in every version, with a ticket or without, and
//! with answers that are not given: answers and audit agree, nothing that was undone leaves, and what is not undone is as if
//! its items had come one by one.

use super::{fields, must_be_bare};
use crate::every_operation::rows::ROWS;
use crate::every_operation::{ABSENT, ann, bench};
use crate::world::Bench;
use bytes::Bytes;
use keystead_engine::batch::Outcome;
use keystead_engine::item_outcome::ItemOutcome;
use keystead_engine::refusal::{Cause, Refusal};
use kmip_codec::Version;
use kmip_codec::attributes::UsageLimits;
use kmip_codec::enums::*;
use kmip_codec::message::*;
use kmip_codec::operations::{Call as _, OPERATION_ROWS, Operation, Request};
use kmip_codec::payloads::*;
use kmip_codec::version::{V2_1, VERSIONS};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// How many operations the ticket of a batch is good for.
const TICKET_OPERATIONS: i64 = 20;

/// What a batch is made of.
#[derive(Clone, Debug)]
struct Plan {
    version: Version,
    /// Rows of the table of operations; `None` fails.
    rows: Vec<Option<usize>>,
    option: BatchErrorContinuationOption,
    asynchronous: AsynchronousIndicator,
    /// Whether it shows a ticket that counts.
    has_ticket: bool,
    /// Whether its answer turns out to be longer than the client wants.
    is_too_long: bool,
}

fn plans() -> impl Strategy<Value = Plan> {
    let row = prop_oneof![4 => (0..ROWS.len()).prop_map(Some), 1 => Just(None)];
    let options = [
        BatchErrorContinuationOption::Stop,
        BatchErrorContinuationOption::Continue,
        BatchErrorContinuationOption::Undo,
    ];
    let later = [
        AsynchronousIndicator::Prohibited,
        AsynchronousIndicator::Prohibited,
        AsynchronousIndicator::Optional,
        AsynchronousIndicator::Mandatory,
    ];
    let header = (proptest::sample::select(options.to_vec()), proptest::sample::select(later.to_vec()));
    let version = proptest::sample::select(VERSIONS.to_vec());
    let rows = proptest::collection::vec(row, 1..7);
    let seldom = || prop_oneof![4 => Just(false), 1 => Just(true)];
    (version, rows, header.0, header.1, seldom(), seldom()).prop_map(
        |(version, rows, option, asynchronous, has_ticket, is_too_long)| Plan {
            version,
            rows,
            option,
            asynchronous: if version < V2_1 && asynchronous == AsynchronousIndicator::Mandatory {
                AsynchronousIndicator::Optional
            } else {
                asynchronous
            },
            has_ticket: has_ticket && version >= V2_1,
            is_too_long,
        },
    )
}

/// The requests of a plan, prepared on a bench; rows that the version does not have fall away.
fn requests(bench: &mut Bench, plan: &Plan) -> Vec<Request> {
    let mut requests = Vec::new();
    for row in &plan.rows {
        let Some(row) = row.map(|at| &ROWS[at]) else {
            let nothing = GetRequest { unique_identifier: Some(ABSENT.into()), ..GetRequest::default() };
            requests.push(nothing.into_request());
            continue;
        };
        let defined = OPERATION_ROWS.iter().find(|known| known.operation == row.operation).unwrap();
        if (defined.is_in)(plan.version) && plan.version >= row.since {
            requests.push((row.prepared)(bench, &ann(), plan.version).1);
        }
    }
    requests
}

fn message(plan: &Plan, requests: Vec<Request>, ticket: Option<&Ticket>) -> RequestMessage {
    let mut message =
        RequestMessage::new(plan.version, requests.into_iter().map(RequestItem::from).collect());
    message.header.batch_error_continuation_option = Some(plan.option);
    message.header.asynchronous_indicator = Some(Asynchronous(plan.asynchronous));
    message.header.authentication = ticket.map(|ticket| {
        let credential = Credential::Ticket(TicketCredential { ticket: ticket.clone() });
        Authentication { credentials: vec![credential] }
    });
    message
}

/// A ticket whose operations are counted.
fn ticket(bench: &mut Bench) -> Ticket {
    let limits = UsageLimits { total: TICKET_OPERATIONS, count: None, unit: UsageLimitsUnit::Object };
    let request = LoginRequest { usage_limits: Some(limits), ..LoginRequest::default() };
    bench.ask(&ann(), V2_1, request).unwrap().ticket
}

/// How many operations a ticket is still good for.
fn left(bench: &mut Bench, ticket: &Ticket) -> i64 {
    let mut ping = RequestMessage::new(V2_1, vec![RequestItem::from(PingRequest {}.into_request())]);
    let credential = Credential::Ticket(TicketCredential { ticket: ticket.clone() });
    ping.header.authentication = Some(Authentication { credentials: vec![credential] });
    let mut pings = 0;
    while bench.run(&ann(), &ping)[0].result_status == ResultStatus::Success {
        pings += 1;
    }
    pings
}

/// Stops where an audit entry does not say what the answer says.
fn must_agree(items: &[ResponseItem], item_outcomes: &[ItemOutcome]) {
    let answered: Vec<_> = items.iter().map(|item| (item.result_status, item.result_reason)).collect();
    let audited: Vec<_> =
        item_outcomes.iter().map(|item_outcome| (item_outcome.status, item_outcome.reason)).collect();
    assert_eq!(answered, audited, "answers and audit");
    for item_outcome in item_outcomes.iter().filter(|item| item.status == ResultStatus::OperationUndone) {
        let within = item_outcome.within.iter().all(|within| within.status == ResultStatus::OperationUndone);
        assert!(within && item_outcome.cause.is_none(), "{item_outcome:?}");
    }
}

/// An item as far as it does not depend on chance.
fn outline(item: &ResponseItem, version: Version) -> (ResultStatus, Option<ResultReason>, Vec<String>) {
    let names = fields(item, version).into_iter().map(|(name, _)| name).collect();
    (item.result_status, item.result_reason, names)
}

/// A batch that was not undone answers as its items would if they came one by one.
fn must_be_as_one_by_one(bench: &mut Bench, plan: &Plan, requests: &[Request], items: &[ResponseItem]) {
    for (at, item) in items.iter().enumerate() {
        let alone = Plan { option: BatchErrorContinuationOption::Stop, ..plan.clone() };
        let one = bench.run(&ann(), &message(&alone, vec![requests[at].clone()], None)).remove(0);
        assert_eq!(outline(item, plan.version), outline(&one, plan.version), "item {at} alone");
        // Behind it the client needs its new certificate.
        if requests[at].operation() == Operation::ReProvision {
            return;
        }
    }
}

fn objects(bench: &mut Bench) -> usize {
    let storage_status_mask = Some(StorageStatusMask::OnLineStorage | StorageStatusMask::ArchivalStorage);
    let all = LocateRequest { storage_status_mask, ..LocateRequest::default() };
    bench.ask(&ann(), V2_1, all).unwrap().unique_identifiers.len()
}

/// The items that a batch comes to when nothing waits any more, and what the audit has of them.
fn in_the_end(
    bench: &mut Bench,
    plan: &Plan,
    items: Vec<ResponseItem>,
    item_outcomes: Vec<ItemOutcome>,
) -> (Vec<ResponseItem>, Vec<ItemOutcome>) {
    let waits = |item: &ResponseItem| item.result_status == ResultStatus::OperationPending;
    let values: Vec<Option<Bytes>> = items
        .iter()
        .map(|item| item.asynchronous_correlation_value.clone().filter(|_| waits(item)))
        .collect();
    let done = bench.work();
    let mut end = (Vec::new(), Vec::new());
    for (at, (item, item_outcome)) in items.into_iter().zip(item_outcomes).enumerate() {
        let Some(asynchronous_correlation_value) =
            values[at].clone().filter(|_| item_outcome.operation != Operation::Poll)
        else {
            end.0.push(item);
            end.1.push(item_outcome);
            continue;
        };
        let correlation = hex::encode(&asynchronous_correlation_value);
        let item_outcome = done.iter().find(|item| item.objects.first() == Some(&correlation)).unwrap();
        let poll = PollRequest { asynchronous_correlation_value }.into_request();
        let alone = Plan { asynchronous: AsynchronousIndicator::Prohibited, ..plan.clone() };
        end.0.push(bench.run(&ann(), &message(&alone, vec![poll], None)).remove(0));
        end.1.push(item_outcome.clone());
    }
    end
}

fn must_be_undone(bench: &mut Bench, plan: &Plan, items: &[ResponseItem]) {
    let failed = items.iter().position(|item| item.result_status == ResultStatus::OperationFailed).unwrap();
    for (at, item) in items.iter().enumerate().take(failed) {
        must_be_bare(bench, &ann(), plan.version, item, &format!("item {at}"));
    }
}

fn holds(plan: &Plan) {
    let mut bench = bench();
    let requests = requests(&mut bench, plan);
    if requests.is_empty() {
        return;
    }
    let ticket = plan.has_ticket.then(|| ticket(&mut bench));
    let asked = message(plan, requests.clone(), ticket.as_ref());
    let asked = RequestMessage::from_bytes(&asked.to_bytes()).unwrap();
    let mut outcome: Outcome = bench.decide(&ann(), &asked);
    must_agree(&outcome.response.items, &outcome.item_outcomes);
    let performed = [ResultStatus::Success, ResultStatus::OperationUndone];
    let performed =
        outcome.item_outcomes.iter().filter(|item_outcome| performed.contains(&item_outcome.status)).count();
    let (before, now) = (objects(&mut bench), bench.now);
    if plan.is_too_long {
        outcome = outcome.refuse(now, &asked, &Refusal::new(Cause::TooLarge, "too long"));
        assert_eq!(outcome.item_outcomes.len(), requests.len(), "an entry an item");
        assert!(outcome.item_outcomes.iter().all(|item| item.reason == Some(ResultReason::ResponseTooLarge)));
        assert!(outcome.notifications.is_empty());
    }
    let has_failed = outcome.item_outcomes.iter().any(|item| item.status == ResultStatus::OperationFailed);
    let is_undone = plan.is_too_long || has_failed && plan.option == BatchErrorContinuationOption::Undo;
    let writes = outcome.changes.writes.len();
    assert!(
        !is_undone || writes == usize::from(ticket.is_some() && performed > 0),
        "{writes} writes: the ticket alone"
    );
    if let Some(ticket) = ticket {
        bench.commit(outcome.changes);
        let is_good = !requests.iter().any(|request| request.operation() == Operation::ReProvision);
        if is_good {
            assert_eq!(left(&mut bench, &ticket), TICKET_OPERATIONS - performed as i64, "the ticket");
        }
        return;
    }
    if plan.is_too_long {
        return;
    }
    if has_failed && plan.option == BatchErrorContinuationOption::Undo {
        return must_be_undone(&mut bench, plan, &outcome.response.items);
    }
    if plan.asynchronous == AsynchronousIndicator::Prohibited {
        return must_be_as_one_by_one(&mut bench, plan, &requests, &outcome.response.items);
    }
    if requests.iter().any(|request| request.operation() == Operation::ReProvision) {
        return;
    }
    bench.commit(outcome.changes);
    let (items, item_outcomes) = in_the_end(&mut bench, plan, outcome.response.items, outcome.item_outcomes);
    must_agree(&items, &item_outcomes);
    let has_failed = items.iter().any(|item| item.result_status == ResultStatus::OperationFailed);
    if has_failed && plan.option == BatchErrorContinuationOption::Undo {
        must_be_undone(&mut bench, plan, &items);
        assert_eq!(objects(&mut bench), before, "nothing was made");
    }
}

/// One seed in CI; `KEYSTEAD_SOAK=1` makes them many more.
#[test]
fn random_batches_leave_what_they_should() {
    let (last, cases) = if std::env::var_os("KEYSTEAD_SOAK").is_some() { (50, 1000) } else { (1, 600) };
    for seed in 1..=last {
        println!("seed {seed}");
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
        let config = Config { cases, failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, rng);
        runner
            .run(&plans(), |plan| {
                holds(&plan);
                Ok(())
            })
            .unwrap();
    }
}
