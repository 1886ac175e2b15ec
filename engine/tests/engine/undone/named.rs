//! Random batches whose items use what items before them have made, or ask for the same again: what is refused or undone names,
//! in its answer and in its audit entry, no object that is not there, and quotes nothing that was made and undone.

use crate::every_operation::rows::ROWS;
use crate::every_operation::{ABSENT, ann, bench};
use crate::objects::{aes, create, pair, text};
use crate::world::{Bench, principal};
use keystead_engine::batch::Outcome;
use keystead_engine::item_outcome::ItemOutcome;
use keystead_engine::refusal::{Cause, Refusal};
use kmip_codec::Version;
use kmip_codec::attributes::{Attribute, Name};
use kmip_codec::enums::*;
use kmip_codec::message::*;
use kmip_codec::operations::{Call as _, OPERATION_ROWS, Request};
use kmip_codec::payloads::*;
use kmip_codec::value::DateTime;
use kmip_codec::version::{V2_0, V2_1, VERSIONS};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::collections::BTreeSet;

/// An item of a batch.
#[derive(Clone, Copy, Debug)]
enum Item {
    /// A row of the table of operations, as it is prepared.
    Row(usize),
    /// A row that means what an item before it has made or named.
    Meant(usize),
    /// The request of an earlier item again.
    Again(usize),
    /// Makes an object of one name, which fails the second time, when it has been made.
    Named,
    /// Fails.
    Fails,
}

/// Version, items, option, and whether the answer turns out to be too long.
type Plan = (Version, Vec<Item>, BatchErrorContinuationOption, bool);

fn plans() -> impl Strategy<Value = Plan> {
    let item = prop_oneof![
        4 => (0..ROWS.len()).prop_map(Item::Row),
        4 => (0..ROWS.len()).prop_map(Item::Meant),
        2 => (0..6_usize).prop_map(Item::Again),
        1 => Just(Item::Named),
        1 => Just(Item::Fails),
    ];
    let options = vec![
        BatchErrorContinuationOption::Stop,
        BatchErrorContinuationOption::Continue,
        BatchErrorContinuationOption::Undo,
        BatchErrorContinuationOption::Undo,
    ];
    (
        proptest::sample::select(VERSIONS.to_vec()),
        proptest::collection::vec(item, 2..7),
        proptest::sample::select(options),
        prop_oneof![9 => Just(false), 1 => Just(true)],
    )
}

/// The same request for the object of the item before: by the ID placeholder, or in 2.x by a count of items.
fn of_the_last(request: &Request, version: Version, id: &str) -> Option<Request> {
    let xml = RequestMessage::new(version, vec![RequestItem::from(request.clone())]).to_xml();
    let (named, counted) =
        (format!("type=\"TextString\" value=\"{id}\""), "type=\"Integer\" value=\"-1\"".to_owned());
    let meant = match version < V2_0 {
        true => xml.lines().filter(|line| !line.contains(&named)).collect::<Vec<_>>().join("\n"),
        false => xml.replace(&named, &counted),
    };
    Some(RequestMessage::from_xml(&meant).ok()?.items.pop()?.request)
}

/// The requests of a plan, prepared on a bench.
fn requests(bench: &mut Bench, version: Version, items: &[Item]) -> Vec<Request> {
    let mut requests: Vec<Request> = Vec::new();
    for item in items {
        let (at, is_meant) = match *item {
            Item::Row(at) => (at, false),
            Item::Meant(at) => (at, true),
            Item::Again(at) => {
                requests.extend(requests.get(at).cloned());
                continue;
            }
            Item::Named => {
                let value = "the only one".to_owned();
                let name = Name { value, kind: NameType::UninterpretedTextString };
                requests.push(aes(&[Attribute::Name(name)]).into_request());
                continue;
            }
            Item::Fails => {
                let unique_identifier = Some(ABSENT.into());
                requests.push(GetRequest { unique_identifier, ..GetRequest::default() }.into_request());
                continue;
            }
        };
        let row = &ROWS[at];
        let defined = OPERATION_ROWS.iter().find(|known| known.operation == row.operation).unwrap();
        if (defined.is_in)(version) && version >= row.since {
            let (id, request) = (row.prepared)(bench, &ann(), version);
            let meant = || of_the_last(&request, version, &id).filter(|_| !id.is_empty());
            requests.push(is_meant.then(meant).flatten().unwrap_or(request));
        }
    }
    requests
}

fn message(version: Version, option: BatchErrorContinuationOption, requests: &[Request]) -> RequestMessage {
    let mut message = RequestMessage::new(version, requests.iter().cloned().map(RequestItem::from).collect());
    message.header.batch_error_continuation_option = Some(option);
    RequestMessage::from_bytes(&message.to_bytes()).unwrap()
}

/// What looks like an identifier that the server has given, a correlation value, a key, or other bytes: runs of 16 or more
/// hexadecimal digits and hyphens, in lower case.
fn quoted(text: &str) -> BTreeSet<String> {
    let text = text.to_ascii_lowercase();
    let runs = text.split(|c: char| !c.is_ascii_hexdigit() && c != '-');
    runs.filter(|run| run.len() >= 16).map(str::to_owned).collect()
}

fn told(item_outcome: &ItemOutcome) -> String {
    let within: Vec<String> = item_outcome.within.iter().map(told).collect();
    format!("{} {} {}", item_outcome.objects.join(" "), item_outcome.note, within.join(" "))
}

/// What the store has, by the identifiers of its objects and the correlation values of its requests.
fn is_there(bench: &mut Bench, word: &str) -> bool {
    let look = GetAttributeListRequest { unique_identifier: Some(word.into()) };
    let asynchronous_correlation_value = hex::decode(word).unwrap_or_default().into();
    let cancel = CancelRequest { asynchronous_correlation_value };
    // With another certificate: this one may have been replaced.
    let ann = principal("ann", &[]);
    bench.ask(&ann, V2_1, look).is_ok()
        || bench.ask(&ann, V2_1, cancel).unwrap().cancellation_result != CancellationResult::Unavailable
}

/// Stops where an item that was refused or undone quotes what neither was in the request nor is in the store. Returns how many
/// such items there were.
fn must_name_nothing_else(bench: &mut Bench, asked: &RequestMessage, outcome: Outcome) -> usize {
    let version = asked.version();
    let is_nothing =
        |status| [ResultStatus::OperationFailed, ResultStatus::OperationUndone].contains(&status);
    let (mut items, mut item_outcomes) = (outcome.response.items, outcome.item_outcomes);
    items.retain(|item| is_nothing(item.result_status));
    item_outcomes.retain(|item_outcome| is_nothing(item_outcome.status));
    let count = items.len();
    let answer = ResponseMessage::new(version, DateTime(0), items).to_xml();
    let entries: Vec<String> = item_outcomes.iter().map(told).collect();
    bench.commit(outcome.changes);
    let sent = quoted(&asked.to_xml());
    for word in quoted(&answer).into_iter().chain(quoted(&entries.join(" "))) {
        let is_known = sent.contains(&word) || is_there(bench, &word);
        assert!(is_known, "{word} is not there: {answer}\n{item_outcomes:?}");
    }
    count
}

fn holds((version, items, option, is_too_long): &Plan) -> usize {
    let mut bench = bench();
    let requests = requests(&mut bench, *version, items);
    if requests.is_empty() {
        return 0;
    }
    let asked = message(*version, *option, &requests);
    let mut outcome = bench.decide(&ann(), &asked);
    if *is_too_long {
        outcome = outcome.refuse(bench.now, &asked, &Refusal::new(Cause::TooLarge, "too long"));
    }
    must_name_nothing_else(&mut bench, &asked, outcome)
}

/// One seed in CI; `KEYSTEAD_SOAK=1` makes them many more.
#[test]
fn what_is_refused_or_undone_names_nothing_that_is_not_there() {
    let (last, cases) = if std::env::var_os("KEYSTEAD_SOAK").is_some() { (50, 1000) } else { (1, 600) };
    let mut seen = 0;
    for seed in 1..=last {
        println!("seed {seed}");
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
        let config = Config { cases, failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, rng);
        let counted = std::cell::Cell::new(0);
        let ran = runner.run(&plans(), |plan| {
            counted.set(counted.get() + holds(&plan));
            Ok(())
        });
        ran.unwrap();
        seen += counted.get();
    }
    assert!(seen > 300, "{seen} items were refused or undone");
}

/// What a batch makes and what its last item, which fails, has to say of that.
#[test]
fn a_refusal_names_what_was_undone_by_no_identifier() {
    let re_key = |id: &str| ReKeyRequest { unique_identifier: Some(id.into()), ..Default::default() };
    let certify = |id: &str| CertifyRequest { unique_identifier: Some(id.into()), ..Default::default() };
    let last = || Some(kmip_codec::value::UniqueIdentifier::Index(-1));
    let (mut bench, who) = (bench(), ann());
    let (key, public) = (create(&mut bench, &who, &[]), pair(&mut bench, &who).1);
    let certificate = text(&bench.ask(&who, V2_1, certify(&public)).unwrap().unique_identifier);
    let re_certify =
        ReCertifyRequest { unique_identifier: Some(certificate.as_str().into()), ..Default::default() };
    let batches: [(Vec<Request>, &str); 4] = [
        (vec![re_key(&key).into_request(), re_key(&key).into_request()], "an object that was undone"),
        (vec![re_certify.clone().into_request(), re_certify.into_request()], "an object that was undone"),
        (
            vec![
                aes(&[]).into_request(),
                DestroyRequest { unique_identifier: last() }.into_request(),
                GetRequest { unique_identifier: last(), ..Default::default() }.into_request(),
            ],
            "an object that was undone was destroyed",
        ),
        (
            vec![
                aes(&[]).into_request(),
                ArchiveRequest { unique_identifier: last() }.into_request(),
                GetRequest { unique_identifier: last(), ..Default::default() }.into_request(),
            ],
            "an object that was undone is in the archive",
        ),
    ];
    for (requests, expected) in batches {
        for option in [BatchErrorContinuationOption::Undo, BatchErrorContinuationOption::Stop] {
            let outcome = bench.decide(&who, &message(V2_1, option, &requests));
            let last = outcome.response.items.last().unwrap();
            let said = last.result_message.clone().unwrap();
            let is_undone = option == BatchErrorContinuationOption::Undo;
            assert_eq!(last.result_status, ResultStatus::OperationFailed, "{said}");
            assert_eq!(said.contains(expected), is_undone, "{option:?}: {said}");
            assert_eq!(
                quoted(&said).is_empty(),
                is_undone && !said.contains(&key) && !said.contains(&certificate),
                "{said}"
            );
            for item_outcome in outcome.item_outcomes.iter().filter(|_| is_undone) {
                let named: Vec<_> =
                    item_outcome.objects.iter().filter(|id| **id != key && **id != certificate).collect();
                assert!(named.is_empty(), "{item_outcome:?}");
            }
        }
    }
}
