//! Tickets: what they grant, and that they never grant more.

use super::administration::{admin, item};
use super::objects::*;
use super::world::{Bench, answer, principal};
use keystead_engine::administration::protocol::AdminRequest;
use keystead_engine::refusal::{Cause, Refusal};
use keystead_engine::rights::identity::{CertificatePath, Identity};
use keystead_engine::rights::principal::Principal;
use kmip_codec::attributes::{Attribute, UsageLimits};
use kmip_codec::enums::{BatchErrorContinuationOption, ResultReason, UsageLimitsUnit};
use kmip_codec::message::{
    Authentication, Credential, RequestItem, RequestMessage, Ticket, TicketCredential,
};
use kmip_codec::operations::{Call, Operation, Request};
use kmip_codec::payloads::*;
use kmip_codec::value::{DateTime, Interval};
use kmip_codec::version::V2_1;

/// Asks with a ticket in the header.
pub fn with<R: Call>(
    bench: &mut Bench,
    who: &Principal,
    ticket: &Ticket,
    request: R,
) -> Result<R::Answer, ResultReason> {
    let message = showing(ticket, vec![request.into_request()]);
    answer::<R>(bench.run(who, &message).pop().unwrap())
}

/// A message that shows a ticket.
fn showing(ticket: &Ticket, requests: Vec<Request>) -> RequestMessage {
    let mut message = RequestMessage::new(V2_1, requests.into_iter().map(RequestItem::from).collect());
    let credential = Credential::Ticket(TicketCredential { ticket: ticket.clone() });
    message.header.authentication = Some(Authentication { credentials: vec![credential] });
    message
}

fn login(bench: &mut Bench, who: &Principal, request: LoginRequest) -> Ticket {
    bench.ask(who, V2_1, request).unwrap().ticket
}

fn delegate(bench: &mut Bench, who: &Principal, right: Right) -> Ticket {
    let rights = Rights { rights: vec![right] };
    bench.ask(who, V2_1, DelegatedLoginRequest { rights, ..Default::default() }).unwrap().ticket
}

fn right(operations: &[Operation], objects: &[&str]) -> Right {
    let unique_identifiers: Vec<_> = objects.iter().map(|id| (*id).into()).collect();
    Right {
        operations: Some(Operations { operations: operations.to_vec() }),
        objects: (!objects.is_empty()).then_some(Objects { unique_identifiers }),
        ..Right::default()
    }
}

fn get(id: &str) -> GetRequest {
    GetRequest { unique_identifier: Some(id.into()), ..GetRequest::default() }
}

fn operations(count: i64) -> Option<UsageLimits> {
    Some(UsageLimits { total: count, count: None, unit: UsageLimitsUnit::Object })
}

#[test]
fn a_ticket_of_login_is_good_for_its_owner_until_it_is_spent_or_expired_or_taken_back() {
    let (mut bench, ann, bob) = (Bench::new(1), principal("ann", &[]), principal("bob", &[]));
    let ping = PingRequest {};
    let ticket = login(&mut bench, &ann, LoginRequest { request_count: Some(2), ..Default::default() });
    assert_eq!(with(&mut bench, &bob, &ticket, ping.clone()), Err(ResultReason::InvalidTicket), "not his");
    let mut forged = ticket.value.expose().to_vec();
    *forged.last_mut().unwrap() ^= 1;
    let forged = Ticket { value: forged.into(), ..ticket.clone() };
    assert_eq!(with(&mut bench, &ann, &forged, ping.clone()), Err(ResultReason::InvalidTicket));
    for _ in 0..2 {
        with(&mut bench, &ann, &ticket, ping.clone()).unwrap();
    }
    assert_eq!(with(&mut bench, &ann, &ticket, ping.clone()), Err(ResultReason::PermissionDenied), "spent");
    let until = TicketLease::DateTime(DateTime(bench.now + 60));
    for lease in [TicketLease::Interval(Interval(60)), until] {
        let ticket = login(&mut bench, &ann, LoginRequest { lease_time: Some(lease), ..Default::default() });
        with(&mut bench, &ann, &ticket, ping.clone()).unwrap();
        bench.now += 60;
        assert_eq!(with(&mut bench, &ann, &ticket, ping.clone()), Err(ResultReason::InvalidTicket));
        bench.now -= 60;
    }
    let ticket = login(&mut bench, &ann, LoginRequest::default());
    let logout = LogoutRequest { ticket: ticket.clone() };
    assert_eq!(bench.ask(&bob, V2_1, logout.clone()), Err(ResultReason::InvalidTicket));
    with(&mut bench, &ann, &ticket, logout).unwrap();
    assert_eq!(with(&mut bench, &ann, &ticket, ping), Err(ResultReason::InvalidTicket), "taken back");
}

/// Whoever holds it does what the right says, and for everything else it is worth nothing.
#[test]
fn a_delegated_ticket_never_grants_more_than_its_rights() {
    let (mut bench, ann, bob) = (Bench::new(1), principal("ann", &[]), principal("bob", &[]));
    let (lent, kept) = (create(&mut bench, &ann, &[]), create(&mut bench, &ann, &[]));
    let allowed = [Operation::Get, Operation::Locate, Operation::Create, Operation::Query];
    let ticket = delegate(&mut bench, &ann, right(&allowed, &[&lent]));
    with(&mut bench, &bob, &ticket, get(&lent)).unwrap();
    assert_eq!(with(&mut bench, &bob, &ticket, get(&kept)), Err(ResultReason::ObjectNotFound));
    let found = with(&mut bench, &bob, &ticket, LocateRequest::default()).unwrap();
    assert_eq!(found.unique_identifiers, [lent.as_str().into()], "nothing else is to be seen");
    let denied = Err(ResultReason::PermissionDenied);
    assert_eq!(with(&mut bench, &bob, &ticket, destroy(&lent)).map(drop), denied, "not listed");
    assert_eq!(with(&mut bench, &bob, &ticket, aes(&[])).map(drop), denied, "no new objects");
    assert_eq!(
        with(&mut bench, &bob, &ticket, QueryRequest::default()).map(drop),
        denied,
        "no object of its"
    );
    let everything = delegate(&mut bench, &ann, Right::default());
    assert_eq!(
        with(&mut bench, &bob, &everything, LoginRequest::default()).map(drop),
        denied,
        "no more tickets"
    );
    let locate = bench.ask(&ann, V2_1, LocateRequest::default()).unwrap();
    assert_eq!(locate.unique_identifiers.len(), 2, "nothing was made");
    let foreign = right(&[Operation::Get], &[&create(&mut bench, &bob, &[])]);
    let rights = Rights { rights: vec![foreign] };
    let request = DelegatedLoginRequest { rights, ..Default::default() };
    assert_eq!(bench.ask(&ann, V2_1, request).map(drop), Err(ResultReason::InvalidField), "not hers to lend");
}

/// The rights of the giver are those of today: who leaves a group takes the ticket's view of it along.
#[test]
fn a_delegated_ticket_is_worth_what_its_giver_may_now() {
    let mut bench = Bench::new(1);
    let (ann, bob, cid) = (principal("ann", &["team"]), principal("bob", &[]), principal("cid", &["team"]));
    bench.clients.0.push(ann.clone());
    let shared = create(&mut bench, &cid, &[]);
    let ticket = delegate(&mut bench, &ann, right(&[Operation::Get], &[]));
    with(&mut bench, &bob, &ticket, get(&shared)).unwrap();
    bench.clients.0.clear();
    assert_eq!(with(&mut bench, &bob, &ticket, get(&shared)), Err(ResultReason::ObjectNotFound));
}

/// Older versions noted one name of the certificate with what they gave: the others are read from the certificate itself.
#[test]
fn a_ticket_ends_with_every_name_that_the_certificate_of_its_giver_states() {
    for named in [true, false] {
        let mut bench = Bench::new(1);
        let path = CertificatePath::new([b"a certificate\none\ntwo".to_vec()]);
        let one = principal("one", &[]);
        let giver = Principal { identity: Identity { path, ..one.identity.clone() }, ..one };
        bench.clients.0 = vec![giver.clone()];
        let ticket = delegate(&mut bench, &giver, right(&[Operation::Create], &[]));
        let bob = principal("bob", &[]);
        assert!(with(&mut bench, &bob, &ticket, aes(&[])).is_ok());
        let whom = if named { "two" } else { "three" };
        let revoke = AdminRequest::ClientRevoke { name: whom.into(), unknown: true, myself: true };
        bench.run(&admin("root"), &RequestMessage::new(V2_1, vec![item(&revoke).into()]));
        let expected = if named { Err(ResultReason::InvalidTicket) } else { Ok(()) };
        assert_eq!(with(&mut bench, &bob, &ticket, aes(&[])).map(drop), expected);
    }
}

#[test]
fn usage_limits_of_a_ticket_count_operations_that_succeed() {
    let (mut bench, ann, bob) = (Bench::new(1), principal("ann", &[]), principal("bob", &[]));
    let group = |name: &str| Attribute::ObjectGroup(name.into());
    let (id, other) =
        (create(&mut bench, &ann, &[group("lent")]), create(&mut bench, &ann, &[group("kept")]));
    let object_groups = Some(ObjectGroups { object_groups: vec!["lent".into()] });
    let limited = Right { usage_limits: operations(2), object_groups, ..right(&[Operation::Get], &[]) };
    let ticket = delegate(&mut bench, &ann, limited);
    for _ in 0..3 {
        assert_eq!(with(&mut bench, &bob, &ticket, get(&other)), Err(ResultReason::ObjectNotFound));
    }
    for _ in 0..2 {
        with(&mut bench, &bob, &ticket, get(&id)).unwrap();
    }
    assert_eq!(with(&mut bench, &bob, &ticket, get(&id)).map(drop), Err(ResultReason::PermissionDenied));
    let ticket = login(&mut bench, &ann, LoginRequest { usage_limits: operations(1), ..Default::default() });
    with(&mut bench, &ann, &ticket, get(&id)).unwrap();
    assert_eq!(with(&mut bench, &ann, &ticket, get(&id)).map(drop), Err(ResultReason::PermissionDenied));
}

/// Whatever becomes of the answer, the message was sent and its operations were performed: undone, or answered at more length
/// than the client wants, they take their share of the ticket, and leave nothing else.
#[test]
fn what_a_ticket_was_used_for_is_counted_when_it_is_undone_or_its_answer_is_not_given() {
    let (mut bench, ann, bob) = (Bench::new(1), principal("ann", &[]), principal("bob", &[]));
    let id = create(&mut bench, &ann, &[]);
    let items = || vec![get(&id).into_request(), get("nothing").into_request()];
    let refusal = Refusal::new(Cause::TooLarge, "too large");
    for gives in [0, 1, 2] {
        for (requests, left) in [(Some(1), None), (None, operations(1))] {
            let right = Right { usage_limits: left, ..right(&[Operation::Get], &[]) };
            let rights = Rights { rights: vec![right] };
            let login = DelegatedLoginRequest { rights, request_count: requests, ..Default::default() };
            let ticket = bench.ask(&ann, V2_1, login).unwrap().ticket;
            let mut message = showing(&ticket, items());
            let undo = (gives > 0).then_some(BatchErrorContinuationOption::Undo);
            message.header.batch_error_continuation_option = undo;
            let mut outcome = bench.decide(&bob, &message);
            if gives == 2 {
                outcome = outcome.refuse(bench.now, &message, &refusal);
                assert_eq!(outcome.response.items.len(), 1);
                let reason = Some(ResultReason::ResponseTooLarge);
                assert!(
                    outcome.item_outcomes.iter().all(|item| item.reason == reason),
                    "{:?}",
                    outcome.item_outcomes
                );
                assert_eq!(
                    outcome.item_outcomes[0].objects,
                    [id.as_str()],
                    "the audit has what it was about"
                );
                assert_eq!(outcome.acting_as.as_deref(), Some("ann"));
            }
            let has_left = outcome.response.items.iter().any(|item| item.response.is_some());
            assert_eq!(has_left, gives == 0);
            assert!(gives == 0 || outcome.changes.writes.len() == 1, "the ticket alone: {gives}");
            bench.commit(outcome.changes);
            let again = with(&mut bench, &bob, &ticket, get(&id)).map(drop);
            assert_eq!(again, Err(ResultReason::PermissionDenied), "spent: {gives}");
        }
    }
}

#[test]
fn a_client_has_only_so_many_tickets_and_none_for_longer_than_the_server_lets_it() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    bench.settings.tickets_max = 2;
    let hour =
        || LoginRequest { lease_time: Some(TicketLease::Interval(Interval(3600))), ..Default::default() };
    let first = login(&mut bench, &ann, hour());
    login(&mut bench, &ann, hour());
    assert_eq!(bench.ask(&ann, V2_1, hour()).map(drop), Err(ResultReason::ServerLimitExceeded));
    bench.ask(&ann, V2_1, LogoutRequest { ticket: first }).unwrap();
    login(&mut bench, &ann, hour());
    bench.now += 3600;
    login(&mut bench, &ann, hour());
    let long = TicketLease::Interval(Interval(86_401));
    let request = LoginRequest { lease_time: Some(long), ..Default::default() };
    assert_eq!(bench.ask(&ann, V2_1, request).map(drop), Err(ResultReason::InvalidField));
}

/// Who reads the store cannot make a ticket from it.
#[test]
fn the_store_does_not_hold_the_value_of_a_ticket() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let message = RequestMessage::new(V2_1, vec![RequestItem::from(LoginRequest::default().into_request())]);
    let mut outcome = bench.decide(&ann, &message);
    let written = outcome.changes.writes.iter().filter_map(|(_, value)| value.clone()).next().unwrap();
    let ticket = answer::<LoginRequest>(outcome.response.items.pop().unwrap()).unwrap().ticket;
    let secret = &ticket.value.expose()[32..];
    let forms = [secret.to_vec(), hex::encode(secret).into_bytes(), format!("{secret:?}").into_bytes()];
    for form in forms {
        assert!(!written.windows(form.len()).any(|bytes| bytes == form));
    }
}
