//! Who may do what, in which state: every operation on an object, by every kind of caller, on every type in every state, in
//! every version, against the table of moves.

mod rows;

use super::objects::*;
use super::undone::must_be_bare;
use super::world::{Bench, granted, principal};
use bytes::Bytes;
use keystead_engine::lifecycle::states::{Event, after, is_destroyed};
use keystead_engine::rights::persona::Persona;
use keystead_engine::rights::principal::Principal;
use kmip_codec::Version;
use kmip_codec::attributes::{Attribute, AttributeReference, CryptographicParameters};
use kmip_codec::enums::{
    AdjustmentType, BatchErrorContinuationOption, BlockCipherMode, DerivationMethod, HashingAlgorithm,
    ObjectType, ResultReason, ResultStatus, RevocationReasonCode, SplitKeyMethod, State,
};
use kmip_codec::message::{RequestItem, RequestMessage};
use kmip_codec::operations::{OPERATION_ROWS, Operation, Request};
use kmip_codec::payloads::*;
use kmip_codec::value::Data;
use kmip_codec::version::{V2_0, VERSIONS};
pub use rows::{OWNERS_ALONE, ROWS, Row};

/// What an operation must do to an object of a type in a state.
pub type Allowed = fn(ObjectType, State) -> bool;

/// Every served operation that names one object has a row here.
#[test]
fn no_operation_on_an_object_is_left_out() {
    let without_object = [
        Operation::Create,
        Operation::CreateKeyPair,
        Operation::Register,
        Operation::Import,
        Operation::Locate,
        Operation::Query,
        Operation::SetEndpointRole,
        Operation::DiscoverVersions,
        Operation::Poll,
        Operation::Cancel,
        Operation::RNGRetrieve,
        Operation::RNGSeed,
        Operation::Hash,
        Operation::Interop,
        Operation::Log,
        Operation::Ping,
        Operation::Process,
        Operation::QueryAsynchronousRequests,
        Operation::PKCS_11,
        Operation::Login,
        Operation::ReProvision,
        Operation::Logout,
        Operation::DelegatedLogin,
        Operation::SetConstraints,
        Operation::GetConstraints,
        Operation::SetDefaults,
    ];
    for row in OPERATION_ROWS.iter().filter(|row| row.served && !without_object.contains(&row.operation)) {
        let name = row.operation.name(kmip_codec::version::V2_1).unwrap();
        assert!(ROWS.iter().any(|row| row.name == name), "{name} has no row");
    }
}

/// An identifier as long as a real one, of no object.
pub const ABSENT: &str = "00000000-0000-4000-8000-000000000000";

#[test]
fn every_cell_of_the_matrix() {
    let (owner, member) = (granted("owner", &["team"]), granted("member", &["team"]));
    let stranger = principal("stranger", &["others"]);
    let disclosing =
        Principal { persona: Persona { disclose: true, ..Persona::default() }, ..principal("auditor", &[]) };
    let mut cells = 0;
    for kind in TYPES {
        for state in STATES {
            let mut bench = Bench::new(1);
            let id = make(&mut bench, &owner, kind);
            move_to(&mut bench, &owner, &id, state);
            for row in ROWS {
                for version in VERSIONS.into_iter().filter(|version| is_in(row.name, *version)) {
                    let what = format!("{} on a {kind:?} that is {state:?} in {version}", row.name);
                    for who in [&owner, &member] {
                        friend(&mut bench, who, row, version, &id, (kind, state), &what);
                    }
                    undone_batch(&mut bench, &owner, row, version, &id, &what);
                    foe(&mut bench, &stranger, row, version, &id, &what);
                    let reason = ask(&mut bench, &disclosing, row, version, &id).0;
                    assert_eq!(reason, Some(ResultReason::PermissionDenied), "{what} by one who may know");
                    cells += 5;
                }
            }
        }
    }
    println!("{cells} cells");
    assert!(cells > 10_000, "{cells} cells");
}

/// What can be done with an object in the archive.
const IN_THE_ARCHIVE: &[&str] = &["GetAttributes", "GetAttributeList", "Recover"];

/// Re-key, Add Attribute, Obtain Lease, Destroy and others worked on what was in the archive, as if it were on-line.
#[test]
fn an_object_in_the_archive_must_be_recovered_first() {
    let owner = granted("owner", &["team"]);
    for kind in TYPES {
        for state in STATES.into_iter().filter(|state| !is_destroyed(*state)) {
            let mut bench = Bench::new(2);
            let id = make(&mut bench, &owner, kind);
            move_to(&mut bench, &owner, &id, state);
            let archive = ArchiveRequest { unique_identifier: Some(id.as_str().into()) };
            bench.ask(&owner, V2_0, archive).unwrap();
            for row in ROWS {
                for version in VERSIONS.into_iter().filter(|version| is_in(row.name, *version)) {
                    let what = format!("{} on an archived {kind:?} in {version}", row.name);
                    let (reason, _, writes) = ask(&mut bench, &owner, row, version, &id);
                    if IN_THE_ARCHIVE.contains(&row.name) {
                        assert_eq!(reason, None, "{what}");
                    } else {
                        assert_eq!(reason, Some(ResultReason::ObjectArchived), "{what}");
                        assert!(!writes, "{what}: refused, and yet it writes");
                    }
                }
            }
        }
    }
}

pub fn is_in(name: &str, version: Version) -> bool {
    let operation = Operation::by_name(name).map(Operation).unwrap();
    OPERATION_ROWS.iter().any(|row| row.operation == operation && (row.is_in)(version))
}

/// The reason of the refusal, the answer as text, and whether anything would be written.
pub fn ask(
    bench: &mut Bench,
    who: &Principal,
    row: &Row,
    version: Version,
    id: &str,
) -> (Option<ResultReason>, String, bool) {
    let message = RequestMessage::new(version, vec![RequestItem::from((row.request)(id, version))]);
    let outcome = bench.decide(who, &message);
    let item = &outcome.response.items[0];
    let failed = item.result_status != ResultStatus::Success;
    let reason = failed.then(|| item.result_reason.unwrap());
    assert_eq!(outcome.item_outcomes[0].reason, reason, "the audit says what the answer says");
    (reason, outcome.response.to_xml(), !outcome.changes.writes.is_empty())
}

/// The owner and the members of its group: what the life cycle allows, and where it leads.
pub fn friend(
    bench: &mut Bench,
    who: &Principal,
    row: &Row,
    version: Version,
    id: &str,
    (kind, state): (ObjectType, State),
    what: &str,
) {
    let (reason, _, writes) = ask(bench, who, row, version, id);
    let allowed = (row.allowed)(kind, state) && (who.name == "owner" || !OWNERS_ALONE.contains(&row.name));
    assert_eq!(reason.is_none(), allowed, "{what} by {}: {reason:?}", who.name);
    assert!(allowed || !writes, "{what}: refused, and yet it writes");
    if let (true, Some(event)) = (allowed, row.event) {
        let next = after(state, event).unwrap();
        assert_eq!(state_after(bench, who, row, version, id), next, "{what} by {}", who.name);
    }
}

/// In a batch that is undone the owner gets nothing of what the operation gives, nothing is done, and the audit says so.
fn undone_batch(bench: &mut Bench, who: &Principal, row: &Row, version: Version, id: &str, what: &str) {
    let fails = Request::Get(GetRequest { unique_identifier: Some(ABSENT.into()), ..GetRequest::default() });
    let items = vec![RequestItem::from((row.request)(id, version)), RequestItem::from(fails)];
    let mut message = RequestMessage::new(version, items);
    message.header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Undo);
    let outcome = bench.decide(who, &message);
    let first = &outcome.response.items[0];
    match first.result_status {
        ResultStatus::OperationUndone => must_be_bare(bench, who, version, first, what),
        status => assert_eq!((status, &first.response), (ResultStatus::OperationFailed, &None), "{what}"),
    }
    assert_eq!(
        outcome.item_outcomes[0].status, first.result_status,
        "{what}: the audit says what the answer says"
    );
    assert!(outcome.changes.writes.is_empty() && outcome.notifications.is_empty(), "{what}: undone");
}

/// The state that an object has behind the operation, in one batch that is not committed.
fn state_after(bench: &mut Bench, who: &Principal, row: &Row, version: Version, id: &str) -> State {
    let references = vec![AttributeReference::Tag(kmip_codec::Tag::State)];
    let look = GetAttributesRequest { unique_identifier: Some(id.into()), references };
    let items =
        vec![RequestItem::from((row.request)(id, version)), RequestItem::from(Request::GetAttributes(look))];
    let outcome = bench.decide(who, &RequestMessage::new(version, items));
    let shown = super::world::response::<GetAttributesRequest>(outcome.response.items[1].response.clone());
    match shown.attributes.unwrap().0.iter().next() {
        Some(Attribute::State(state)) => *state,
        other => panic!("{other:?}"),
    }
}

/// For a stranger the object does not exist: the answer is that for an identifier of nothing, to the letter.
pub fn foe(bench: &mut Bench, who: &Principal, row: &Row, version: Version, id: &str, what: &str) {
    let (reason, foreign, writes) = ask(bench, who, row, version, id);
    let (_, absent, _) = ask(bench, who, row, version, ABSENT);
    assert!(reason.is_some() && !writes, "{what} by a stranger");
    assert_eq!(foreign.replace(id, ABSENT), absent, "{what}: a stranger can tell it from nothing");
}
