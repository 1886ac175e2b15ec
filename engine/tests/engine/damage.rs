//! One record that does not open stops nothing but itself: each record of a store is damaged in turn, and all else is
//! served. What is damaged and refuses somebody goes on to refuse.

use super::objects::*;
use super::world::{Bench, principal};
use keystead_engine::administration::OPERATION;
use keystead_engine::administration::protocol::{self, AdminRequest, Issued};
use keystead_engine::rights::identity::{Fingerprint, Identity};
use keystead_engine::rights::principal::Principal;
use keystead_store::{Order, Store as _};
use kmip_codec::attributes::{Attribute, Name};
use kmip_codec::enums::*;
use kmip_codec::message::{Asynchronous, RequestItem, RequestMessage};
use kmip_codec::operations::{Call as _, Operation, Request, Response};
use kmip_codec::payloads::*;
use kmip_codec::version::V2_1;
use std::ops::ControlFlow;

const REVOKED: &str = "abababababababababababababababababababababababababababababababab";

fn ann() -> Principal {
    principal("ann", &[])
}

fn root() -> Principal {
    Principal { admin: true, ..principal("root", &[]) }
}

/// A client whose certificate was revoked.
fn revoked() -> Principal {
    let fingerprint = Fingerprint::parse(REVOKED);
    Principal { identity: Identity { fingerprint, ..Identity::named("host") }, ..principal("host", &[]) }
}

/// A client whose name was revoked.
fn gone() -> Principal {
    let fingerprint = Some(Fingerprint::of(b"gone"));
    Principal { identity: Identity { fingerprint, ..Identity::named("gone") }, ..principal("gone", &[]) }
}

fn get(id: &str) -> GetRequest {
    GetRequest { unique_identifier: Some(id.into()), ..GetRequest::default() }
}

fn administer(bench: &mut Bench, request: &AdminRequest) -> Option<serde_json::Value> {
    let item = Request::Unknown(OPERATION, protocol::payload(request).unwrap());
    let answer = bench.run(&root(), &RequestMessage::new(V2_1, vec![item.into()])).pop().unwrap();
    let Some(Response::Unknown(_, payload)) = answer.response else { return None };
    serde_json::from_str(protocol::text(&payload)?).ok()
}

/// A store with a record of every kind; the objects of ann.
fn filled() -> (Bench, Vec<String>) {
    let mut bench = Bench::new(1);
    let group = Attribute::ObjectGroup("pool".into());
    let mut ids: Vec<String> = (0..3)
        .map(|n| {
            create(&mut bench, &ann(), &[Attribute::Name(Name::text(format!("key {n}"))), group.clone()])
        })
        .collect();
    let (public, private) = pair(&mut bench, &ann());
    ids.extend([public, private]);
    bench.ask(&ann(), V2_1, LoginRequest::default()).unwrap();
    let default = LocateRequest {
        object_group_member: Some(ObjectGroupMember::GroupMemberDefault),
        attributes: Some(kmip_codec::attributes::AttributeFilter([group].into())),
        ..Default::default()
    };
    bench.ask(&ann(), V2_1, default).unwrap();
    for _ in 0..2 {
        let archive =
            GetAttributesRequest { unique_identifier: Some(ids[0].as_str().into()), ..Default::default() };
        let mut message = RequestMessage::new(V2_1, vec![RequestItem::from(archive.into_request())]);
        message.header.asynchronous_indicator = Some(Asynchronous(AsynchronousIndicator::Mandatory));
        let pending = bench.run(&ann(), &message).pop().unwrap();
        assert_eq!(pending.result_status, ResultStatus::OperationPending);
    }
    let add = AdminRequest::ClientAdd {
        name: "host".into(),
        days: 1,
        request: "PEM".into(),
        replace: false,
        administrator: false,
        myself: false,
    };
    administer(&mut bench, &add).unwrap();
    administer(
        &mut bench,
        &AdminRequest::ClientRevoke { name: format!("sha256:{REVOKED}"), unknown: true, myself: false },
    )
    .unwrap();
    administer(&mut bench, &AdminRequest::ClientRevoke { name: "gone".into(), unknown: true, myself: false })
        .unwrap();
    (bench, ids)
}

fn records(bench: &Bench) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut all = Vec::new();
    let mut collect = |key: &[u8], value: &[u8]| {
        all.push((key.to_vec(), value.to_vec()));
        ControlFlow::Continue(())
    };
    bench.store.snapshot().unwrap().scan(b"", Order::Forward, &mut collect).unwrap();
    all.retain(|(_, value)| !value.is_empty());
    all
}

#[test]
fn each_record_that_is_damaged_stops_nothing_else() {
    let (first, _) = filled();
    let count = records(&first).len();
    let mut kinds = std::collections::BTreeSet::new();
    for number in 0..count {
        for damage in [0, 1] {
            let (mut bench, ids) = filled();
            let (key, mut value) = records(&bench)[number].clone();
            kinds.insert(key[0]);
            match damage {
                0 => *value.last_mut().unwrap() ^= 1,
                _ => value.truncate(value.len() / 2),
            }
            bench.store.commit(&vec![(key.clone(), Some(value))].into()).unwrap();
            all_else_is_served(&mut bench, &ids, &key);
        }
    }
    let wanted: Vec<u8> = b"acdgiostx".to_vec();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), wanted, "a kind of record that is not tried");
}

/// Every key of the store, cut off and with bytes behind it, beside the right one.
#[test]
fn a_key_that_is_damaged_stops_nothing() {
    let (first, _) = filled();
    let mut all = Vec::new();
    let mut collect = |key: &[u8], value: &[u8]| {
        all.push((key.to_vec(), value.to_vec()));
        ControlFlow::Continue(())
    };
    first.store.snapshot().unwrap().scan(b"", Order::Forward, &mut collect).unwrap();
    for number in (0..all.len()).step_by(3) {
        for damage in [0, 1] {
            let (mut bench, ids) = filled();
            let (mut key, value) = all[number].clone();
            match damage {
                0 => key.truncate(key.len() - 5),
                _ => key.extend([0xff; 5]),
            }
            bench.store.commit(&vec![(key, Some(value))].into()).unwrap();
            all_else_is_served(&mut bench, &ids, b"");
        }
    }
}

fn all_else_is_served(bench: &mut Bench, ids: &[String], key: &[u8]) {
    let (kind, what) = (key.first().copied().unwrap_or_default(), String::from_utf8_lossy(key).into_owned());
    let of = |id: &&String| matches!(kind, b'o' | b's') && key[5..].starts_with(id.as_bytes());
    let found =
        bench.ask(&ann(), V2_1, LocateRequest::default()).unwrap_or_else(|why| panic!("{what}: {why:?}"));
    let found: Vec<String> = found.unique_identifiers.iter().map(text).collect();
    for id in ids {
        let damaged = of(&id);
        assert_eq!(found.contains(id), !(damaged && kind == b'o'), "{what}: Locate of {id}");
        let got = bench.ask(&ann(), V2_1, get(id));
        match damaged {
            true => assert_eq!(got, Err(ResultReason::InternalServerError), "{what}"),
            false => assert!(got.is_ok(), "{what}: {got:?}"),
        }
        let stranger = bench.ask(&principal("bob", &[]), V2_1, get(id));
        assert_eq!(stranger, Err(ResultReason::ObjectNotFound), "{what}: as of none");
    }
    create(bench, &ann(), &[note("new")]);
    bench.ask(&ann(), V2_1, LoginRequest::default()).unwrap_or_else(|why| panic!("{what}: {why:?}"));
    let open = bench.ask(&ann(), V2_1, QueryAsynchronousRequestsRequest::default());
    let open = open.unwrap_or_else(|why| panic!("{what}: {why:?}")).requests.len();
    assert_eq!(open, if kind == b'a' { 1 } else { 2 }, "{what}");
    let done = bench.work().into_iter().filter(|item| item.operation == Operation::GetAttributes).count();
    assert_eq!(done, if kind == b'a' { 1 } else { 2 }, "{what}: what waits is done, but for the damaged one");
    // Whoever is refused by a record that is damaged stays refused.
    for who in [revoked(), gone()] {
        let refused = bench.ask(&who, V2_1, LocateRequest::default());
        assert!(refused.is_err(), "{what}: {refused:?}");
    }
    let listed = administer(bench, &AdminRequest::ClientList).unwrap_or_else(|| panic!("{what}: no list"));
    let listed: Vec<Issued> = serde_json::from_value(listed).unwrap();
    assert!(
        listed
            .iter()
            .any(|row| Some(&row.fingerprint) == Fingerprint::parse(REVOKED).as_ref() && row.ended.is_some()),
        "{what}: {listed:?}"
    );
}

/// What administrators have set governs what is made: nothing is while it cannot be read, and they can set it anew.
#[test]
fn damaged_constraints_stop_what_they_govern_until_they_are_set_anew() {
    let (mut bench, ids) = filled();
    let constraint = Constraint { object_types: None, object_groups: None, attributes: None };
    let set = SetConstraintsRequest { constraints: Some(Constraints { constraints: vec![constraint] }) };
    bench.ask(&root(), V2_1, set.clone()).unwrap();
    let (key, mut value) = records(&bench).into_iter().find(|(key, _)| key[0] == b'r').unwrap();
    *value.last_mut().unwrap() ^= 1;
    bench.store.commit(&vec![(key, Some(value))].into()).unwrap();
    assert_eq!(bench.ask(&ann(), V2_1, aes(&[])), Err(ResultReason::InternalServerError));
    assert!(bench.ask(&ann(), V2_1, get(&ids[0])).is_ok());
    assert!(bench.ask(&ann(), V2_1, LocateRequest::default()).is_ok());
    bench.ask(&root(), V2_1, set).unwrap();
    assert!(bench.ask(&ann(), V2_1, aes(&[])).is_ok());
}
