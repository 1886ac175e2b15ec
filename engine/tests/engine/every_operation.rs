//! Every operation that is served, each prepared so that it succeeds: with the ID placeholder in place of the identifier,
//! setting the placeholder, and undone by an item behind it that fails.

pub mod rows;

use super::objects::*;
use super::undone;
use super::world::Bench;
use keystead_engine::batch::Outcome;
use keystead_records::keyspace::Kind;
use keystead_store::{Order, Store as _};
use kmip_codec::Version;
use kmip_codec::enums::*;
use kmip_codec::message::{RequestItem, RequestMessage};
use kmip_codec::operations::{OPERATION_ROWS, Operation, Request};
use kmip_codec::payloads::*;
use kmip_codec::version::VERSIONS;
use rows::{ROWS, Row};
pub use rows::{ann, bench};
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// An identifier of nothing.
pub const ABSENT: &str = "00000000-0000-4000-8000-000000000000";

/// Runs a batch without committing it; the messages pass through their encoding.
fn decide(bench: &mut Bench, version: Version, undo: bool, items: Vec<Request>) -> Outcome {
    let mut message = RequestMessage::new(version, items.into_iter().map(RequestItem::from).collect());
    if undo {
        message.header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Undo);
    }
    let message = RequestMessage::from_bytes(&message.to_bytes()).unwrap();
    bench.decide(&ann(), &message)
}

/// The same request without its identifier.
fn nameless(request: &Request, version: Version, id: &str) -> Request {
    let message = RequestMessage::new(version, vec![RequestItem::from(request.clone())]);
    let xml = message.to_xml();
    let value = format!("value=\"{id}\"");
    let without: Vec<&str> = xml.lines().filter(|line| !line.contains(&value)).collect();
    assert_eq!(without.len() + 1, xml.lines().count(), "{xml}");
    RequestMessage::from_xml(&without.join("\n")).unwrap().items.remove(0).request
}

/// The first identifier of an answer.
fn first_identifier(outcome: &Outcome, place: usize) -> Option<String> {
    let mut alone = outcome.response.clone();
    alone.items = vec![alone.items[place].clone()];
    let xml = alone.to_xml();
    let rest = xml.split_once("UniqueIdentifier type=\"TextString\" value=\"")?.1;
    Some(rest.split_once('"')?.0.to_owned())
}

/// Each row in each version that has it, freshly prepared.
fn every(visit: &mut dyn FnMut(&Row, Version, &mut Bench, &str, Request)) {
    for row in ROWS {
        let defined = OPERATION_ROWS.iter().find(|known| known.operation == row.operation).unwrap();
        for version in
            VERSIONS.into_iter().filter(|version| (defined.is_in)(*version) && *version >= row.since)
        {
            let mut bench = bench();
            let (id, request) = (row.prepared)(&mut bench, &ann(), version);
            visit(row, version, &mut bench, &id, request);
        }
    }
}

#[test]
fn no_operation_is_left_out() {
    for known in OPERATION_ROWS.iter().filter(|known| known.served) {
        let name = known.operation.name(kmip_codec::version::V2_1).unwrap();
        assert!(ROWS.iter().any(|row| row.operation == known.operation), "{name} has no row");
    }
}

/// What an operation does to the object that it names, it does to the one that a Locate before it has found (6.1).
#[test]
fn the_placeholder_stands_for_the_identifier() {
    every(&mut |row, version, bench, id, request| {
        if !row.takes_placeholder {
            return;
        }
        let what = format!("{:?} in {version}", row.operation);
        let locate = || rows::locate(bench_note(id));
        let named = decide(bench, version, false, vec![locate(), request.clone()]);
        let meant = decide(bench, version, false, vec![locate(), nameless(&request, version, id)]);
        assert_eq!(first_identifier(&named, 0).as_deref(), Some(id), "{what}: Locate finds it");
        for outcome in [&named, &meant] {
            let item = &outcome.response.items[1];
            assert_eq!(item.result_status, ResultStatus::Success, "{what}: {:?}", item.result_message);
            assert_eq!(outcome.item_outcomes[1].objects.first().map(String::as_str), Some(id), "{what}");
        }
        assert_eq!(named.changes.writes.len(), meant.changes.writes.len(), "{what}");
    });
}

/// How objects of the rows are found.
fn bench_note(id: &str) -> kmip_codec::attributes::Attribute {
    kmip_codec::attributes::Attribute::UniqueIdentifier(id.into())
}

/// What makes or finds an object leaves its identifier to the items behind it (6.1); of a pair, the private key's.
#[test]
fn the_placeholder_is_set() {
    let mut set = Vec::new();
    every(&mut |row, version, bench, _, request| {
        let look = Request::GetAttributeList(GetAttributeListRequest::default());
        let outcome = decide(bench, version, false, vec![request, look]);
        let what = format!("{:?} in {version}", row.operation);
        let first = &outcome.response.items[0];
        assert_eq!(first.result_status, ResultStatus::Success, "{what}: {:?}", first.result_message);
        let item = &outcome.response.items[1];
        if row.sets_placeholder {
            assert_eq!(item.result_status, ResultStatus::Success, "{what}: {:?}", item.result_message);
            let made = first_identifier(&outcome, 0);
            assert_eq!(outcome.item_outcomes[1].objects.first(), made.as_ref(), "{what}");
            set.push(row.operation);
        } else {
            assert_ne!(item.result_status, ResultStatus::Success, "{what} sets it");
        }
    });
    assert!(set.len() > 30, "{}", set.len());
}

/// Whatever an item has done, nothing of it is left when one behind it fails: nobody is told of it, and its answer, like its
/// audit entry, says that it was undone and nothing else. An undone Get gave the key out, and an undone Re-Provision a
/// certificate of the CA.
#[test]
fn every_operation_is_undone() {
    every(&mut |row, version, bench, _, request| {
        let what = format!("{:?} in {version}", row.operation);
        let fails =
            || Request::Get(GetRequest { unique_identifier: Some(ABSENT.into()), ..GetRequest::default() });
        let done = decide(bench, version, false, vec![request.clone()]);
        let item = &done.response.items[0];
        assert_eq!(item.result_status, ResultStatus::Success, "{what}: {:?}", item.result_message);
        assert_eq!(!done.changes.is_empty(), row.changes, "{what}: whether it changes anything");
        let stopped = decide(bench, version, false, vec![request.clone(), fails()]);
        assert_eq!(!stopped.changes.is_empty(), row.changes, "{what}: Stop leaves it done");
        let answered = |outcome: &Outcome| {
            let fields = undone::fields(&outcome.response.items[0], version);
            fields.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(answered(&stopped), answered(&done), "{what}: Stop answers it");
        let undone = decide(bench, version, true, vec![request, fails()]);
        undone::must_be_bare(bench, &ann(), version, &undone.response.items[0], &what);
        assert_eq!(undone.response.items[1].result_status, ResultStatus::OperationFailed, "{what}");
        assert!(undone.changes.is_empty() && undone.notifications.is_empty(), "{what}: something is left");
    });
}

/// A request that is accepted for later is not, once the batch is undone.
#[test]
fn what_was_accepted_for_later_is_undone() {
    let mut bench = bench();
    let id = create(&mut bench, &ann(), &[]);
    let archive = Request::Archive(ArchiveRequest { unique_identifier: Some(id.as_str().into()) });
    let fails =
        Request::Cancel(CancelRequest { asynchronous_correlation_value: bytes::Bytes::from_static(b"none") });
    let items = [archive, fails].into_iter().map(RequestItem::from).collect();
    let mut message = RequestMessage::new(kmip_codec::version::V2_1, items);
    message.header.asynchronous_indicator =
        Some(kmip_codec::message::Asynchronous(AsynchronousIndicator::Mandatory));
    let pending = bench.decide(&ann(), &message);
    assert_eq!(pending.response.items[0].result_status, ResultStatus::OperationPending);
    assert!(!pending.changes.writes.is_empty());
    message.header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Undo);
    let undone = bench.decide(&ann(), &message);
    let first = &undone.response.items[0];
    assert_eq!(first.result_status, ResultStatus::OperationUndone);
    assert_eq!(first.asynchronous_correlation_value, None);
    assert!(undone.changes.writes.is_empty());
}

/// Whatever a version defines is served to clients, or sent to them.
#[test]
fn every_operation_is_there() {
    let missing: Vec<Operation> =
        OPERATION_ROWS.iter().filter(|row| !row.served && !row.sent).map(|row| row.operation).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Whatever an operation writes, and what was written to prepare it, stands under a key that has a row in the table of the store's
/// keys, as one of the engine's.
#[test]
fn every_key_has_its_row() {
    let mut kinds = BTreeSet::new();
    let mut look = |key: &[u8], what: &str| {
        let row = Kind::of(key).and_then(Kind::row);
        let row = row
            .unwrap_or_else(|| panic!("{what}: no row of records/src/keyspace.rs for {}", hex::encode(key)));
        assert_eq!(row.owner, "engine::keyspace", "{what}: {}", hex::encode(key));
        kinds.insert(row.kind);
    };
    every(&mut |row, version, bench, _, request| {
        let what = format!("{:?} in {version}", row.operation);
        let done = decide(bench, version, false, vec![request]);
        done.changes.writes.iter().for_each(|(key, _)| look(key, &what));
        let stored = bench.store.snapshot().unwrap();
        let visited = stored.scan(b"", Order::Forward, &mut |key, _| {
            look(key, &what);
            ControlFlow::Continue(())
        });
        visited.unwrap();
    });
    for kind in [Kind::Object, Kind::Value, Kind::Index, Kind::Ticket, Kind::Asynchronous] {
        assert!(kinds.contains(&kind), "no operation has written {kind:?}: {kinds:?}");
    }
}
