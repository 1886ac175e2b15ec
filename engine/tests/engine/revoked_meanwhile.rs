//! What is decided before a revocation is not committed after it: the transaction of everything that writes expects that whoever
//! asks is still let in.

use super::administration::{admin, item, requests};
use super::every_operation::{ann, bench, rows::ROWS};
use super::world::{Bench, principal};
use keystead_engine::administration::protocol::AdminRequest;
use keystead_engine::changes::Changes;
use keystead_engine::rights::identity::{Fingerprint, Identity};
use keystead_engine::rights::principal::Principal;
use kmip_codec::enums::{AsynchronousIndicator, ResultStatus};
use kmip_codec::message::{Asynchronous, Authentication, Credential, RequestMessage, TicketCredential};
use kmip_codec::operations::{Call as _, OPERATION_ROWS, Operation, Request};
use kmip_codec::payloads::*;
use kmip_codec::version::{V2_1, VERSIONS};

fn alone(request: Request) -> RequestMessage {
    RequestMessage::new(V2_1, vec![request.into()])
}

fn revocations(of: &Principal) -> Vec<AdminRequest> {
    let fingerprint = of.identity.fingerprint.map(|fingerprint| format!("sha256:{fingerprint}"));
    let names = fingerprint.into_iter().chain([of.name.clone()]);
    names.map(|name| AdminRequest::ClientRevoke { name, unknown: true, myself: true }).collect()
}

/// Revokes in between; whether the changes of before are refused.
fn comes_too_late(bench: &mut Bench, changes: Changes, revocation: &AdminRequest) -> bool {
    let done = bench.run(&admin("root"), &alone(item(revocation)));
    assert_eq!(done[0].result_status, ResultStatus::Success);
    !bench.try_commit(changes)
}

fn with_certificate(name: &str) -> Principal {
    let identity = Identity { fingerprint: Some(Fingerprint::of(name.as_bytes())), ..Identity::named(name) };
    Principal { identity, ..admin(name) }
}

/// Every operation in the versions at both ends, and every administrative one.
#[test]
fn nothing_is_committed_after_a_revocation() {
    let (mut cells, mut control) = (0, 0);
    // The first Get of an object is a read, though it leaves a row: it is done as if before.
    for row in ROWS.iter().filter(|row| row.changes && row.operation != Operation::Get) {
        let defined = OPERATION_ROWS.iter().find(|known| known.operation == row.operation).unwrap();
        let mut versions = VERSIONS.into_iter().filter(|v| (defined.is_in)(*v) && *v >= row.since);
        let (first, last) = (versions.next().unwrap(), versions.next_back());
        for version in std::iter::once(first).chain(last) {
            for revocation in revocations(&ann()) {
                let mut bench = bench();
                let (_, request) = (row.prepared)(&mut bench, &ann(), version);
                let outcome = bench.decide(&ann(), &RequestMessage::new(version, vec![request.into()]));
                assert!(!outcome.changes.writes.is_empty());
                let late = comes_too_late(&mut bench, outcome.changes, &revocation);
                assert!(late, "{:?} in {version} after {revocation:?}", row.operation);
                cells += 1;
            }
            // The control: that somebody else was revoked is nothing to it.
            let mut bench = bench();
            let (_, request) = (row.prepared)(&mut bench, &ann(), version);
            let outcome = bench.decide(&ann(), &RequestMessage::new(version, vec![request.into()]));
            let other = &revocations(&with_certificate("other"))[1];
            assert!(!comes_too_late(&mut bench, outcome.changes, other), "{:?} in {version}", row.operation);
            control += 1;
        }
    }
    for request in requests() {
        for revocation in revocations(&with_certificate("second")) {
            let mut bench = Bench::new(1);
            let asked = alone(item(&request));
            let outcome = bench.decide(&with_certificate("second"), &asked);
            if outcome.changes.writes.is_empty() {
                continue;
            }
            assert!(comes_too_late(&mut bench, outcome.changes, &revocation), "{request:?}");
            cells += 1;
        }
    }
    println!("{cells} cells, {control} controls");
    assert!(cells > 120 && control > 60, "{cells}, {control}");
}

/// Two administrators who end each other at once: one of them is first, and the other is none any more.
#[test]
fn administrators_do_not_end_each_other() {
    let (one, other) = (with_certificate("one"), with_certificate("other"));
    for (first, second) in revocations(&other)
        .into_iter()
        .zip(revocations(&one))
        .chain(revocations(&other).into_iter().zip(revocations(&one).into_iter().rev()))
    {
        let mut bench = Bench::new(1);
        let changes = [(&one, &first), (&other, &second)]
            .map(|(who, request)| bench.decide(who, &alone(item(request))).changes);
        let [of_one, of_other] = changes;
        assert!(bench.try_commit(of_one));
        assert!(!bench.try_commit(of_other), "both: {first:?}, {second:?}");
        let again = bench.decide(&other, &alone(item(&second)));
        assert_eq!(again.response.items[0].result_status, ResultStatus::OperationFailed);
    }
}

/// A message counts as from its sender and from the one whose ticket it shows; and a ticket that was taken back is none.
#[test]
fn tickets_end_too() {
    let (giver, bearer) = (with_certificate("giver"), with_certificate("bearer"));
    let give =
        DelegatedLoginRequest { rights: Rights { rights: vec![Right::default()] }, ..Default::default() };
    for who_ends in [Some(&giver), Some(&bearer), None] {
        let mut bench = Bench::new(1);
        bench.clients.0.extend([giver.clone(), bearer.clone()]);
        let ticket = bench.ask(&giver, V2_1, give.clone()).unwrap().ticket;
        let mut message = alone(super::objects::aes(&[]).into_request());
        let shown = Credential::Ticket(TicketCredential { ticket: ticket.clone() });
        message.header.authentication = Some(Authentication { credentials: vec![shown] });
        let outcome = bench.decide(&bearer, &message);
        assert_eq!(outcome.response.items[0].result_status, ResultStatus::Success);
        let late = match who_ends {
            Some(who) => comes_too_late(&mut bench, outcome.changes, &revocations(who)[0]),
            None => {
                bench.ask(&giver, V2_1, LogoutRequest { ticket }).unwrap();
                !bench.try_commit(outcome.changes)
            }
        };
        assert!(late, "{:?}", who_ends.map(|who| &who.name));
    }
}

/// What is done later is not, where the client is revoked while it is done.
#[test]
fn what_waits_ends_too() {
    let who = with_certificate("later");
    for revocation in revocations(&who) {
        let mut bench = Bench::new(1);
        bench.clients.0.push(who.clone());
        let mut message = alone(super::objects::aes(&[]).into_request());
        message.header.asynchronous_indicator = Some(Asynchronous(AsynchronousIndicator::Mandatory));
        let accepted = bench.run(&who, &message);
        assert_eq!(accepted[0].result_status, ResultStatus::OperationPending);
        let changes = bench.changes_of_waiting();
        assert!(comes_too_late(&mut bench, changes, &revocation), "{revocation:?}");
        let item_outcomes = bench.work();
        assert!(
            item_outcomes.iter().all(|item| item.status == ResultStatus::OperationFailed),
            "{item_outcomes:?}"
        );
    }
}

/// Reads go on without it: nothing is expected of what changes nothing, and of a write a few rows more.
#[test]
fn it_costs_reads_nothing() {
    let (mut bench, mut who) = (Bench::new(1), principal("host", &[]));
    who.identity.fingerprint = Some(Fingerprint::of(b"host"));
    let id = super::objects::create(&mut bench, &who, &[]);
    let look = GetAttributeListRequest { unique_identifier: Some(id.as_str().into()) };
    let outcome = bench.decide(&who, &alone(look.into_request()));
    assert!(outcome.changes.expects.is_empty() && outcome.changes.writes.is_empty());
    let made = bench.decide(&who, &alone(super::objects::aes(&[]).into_request()));
    let written: Vec<_> = made.changes.writes.iter().map(|(key, _)| key).collect();
    let beside = made.changes.expects.iter().filter(|(key, _)| !written.contains(&key)).count();
    assert_eq!(beside, 2, "the records of its name and of its certificate");
}
