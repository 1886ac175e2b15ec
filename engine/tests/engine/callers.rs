//! The matrix by the kinds of caller that are not simply a client with a good certificate: users of a certificate, who
//! holds a ticket, what is done later, who has to prove something, who was revoked, whose certificate has expired or is not
//! good yet; and the job that rotates. Administrative operations are columns of it.

use super::administration::{admin, item, requests};
use super::matrix::{ABSENT, ROWS, Row, is_in};
use super::objects::*;
use super::world::{Bench, granted, principal};
use keystead_engine::administration::protocol::AdminRequest;
use keystead_engine::administration::{Right as Who, row};
use keystead_engine::refusal::Cause;
use keystead_engine::rights::attestation::Unproven;
use keystead_engine::rights::identity::{Fingerprint, Identity, Validity};
use keystead_engine::rights::principal::Principal;
use kmip_codec::Version;
use kmip_codec::attributes::{Attribute, Attributes};
use kmip_codec::enums::*;
use kmip_codec::message::{
    Asynchronous, Authentication, Credential, RequestItem, RequestMessage, Ticket, TicketCredential,
};
use kmip_codec::operations::{Operation, Request};
use kmip_codec::payloads::*;
use kmip_codec::value::Interval;
use kmip_codec::version::{V1_0, V2_0, V2_1, VERSIONS};
use std::sync::Arc;

/// What a caller must find.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Finds {
    /// What the owner finds.
    All,
    /// Nothing: a foreign object is as one that is absent.
    Nothing,
    /// A refusal before anything is looked at.
    Out(ResultReason),
}

/// How a caller asks.
enum How {
    Directly,
    WithTicket(Ticket),
    Later,
}

struct Caller {
    name: &'static str,
    who: Principal,
    how: How,
    finds: fn(&Row) -> Finds,
}

const GUARDED: &[&str] = &["Get", "Export", "Decrypt", "Sign"];

fn out(_: &Row) -> Finds {
    Finds::Out(ResultReason::AuthenticationNotSuccessful)
}

fn identity(name: &str, seed: &str) -> Identity {
    Identity { fingerprint: Some(Fingerprint::of(seed.as_bytes())), ..Identity::named(name) }
}

fn with_identity(who: Principal, identity: Identity) -> Principal {
    Principal { name: identity.name(), identity, ..who }
}

fn pending_attestation(who: Principal) -> Principal {
    let operations = GUARDED.iter().map(|name| Operation(Operation::by_name(name).unwrap())).collect();
    let message = "prove".to_owned();
    let missing = Unproven { operations, cause: Cause::Denied, message, nonce: None };
    Principal { pending_attestation: Some(Arc::new(missing)), ..who }
}

fn revoke(bench: &mut Bench, whom: &str) {
    let request = AdminRequest::ClientRevoke { name: whom.to_owned(), unknown: true, myself: false };
    let message = RequestMessage::new(V2_1, vec![item(&request).into()]);
    assert_eq!(bench.run(&admin("root"), &message)[0].result_status, ResultStatus::Success);
}

/// A ticket for everything of the owner's, had with a certificate whose last second is over now.
fn ticket_of_an_ended_certificate(bench: &mut Bench, owner: &Principal, rights: Rights) -> Ticket {
    let validity = Some(Validity { from: bench.now - 10, until: bench.now });
    let ending = with_identity(owner.clone(), Identity { validity, ..owner.identity.clone() });
    let request = DelegatedLoginRequest { rights, ..Default::default() };
    let ticket = bench.ask(&ending, V2_1, request).unwrap().ticket;
    bench.now += 1;
    ticket
}

/// Everybody, in a world in which some were revoked.
fn callers(bench: &mut Bench, owner: &Principal) -> Vec<Caller> {
    let all = Rights { rights: vec![Right::default()] };
    let other = Objects { unique_identifiers: vec![create(bench, owner, &[]).into()] };
    let one = Rights { rights: vec![Right { objects: Some(other), ..Right::default() }] };
    let own = bench.ask(owner, V2_1, LoginRequest::default()).unwrap().ticket;
    let mut given = |rights: Rights| {
        bench.ask(owner, V2_1, DelegatedLoginRequest { rights, ..Default::default() }).unwrap().ticket
    };
    let (given_all, given_one) = (given(all.clone()), given(one));
    let ended_ticket = ticket_of_an_ended_certificate(bench, owner, all.clone());
    // A user of the owner's own certificate, whose rights are not the certificate's.
    let of_owner = Identity { user: Some("fred".into()), ..owner.identity.clone() };
    let fred = with_identity(Principal { weak_keys: true, ..principal("", &[]) }, of_owner);
    bench.clients.0.push(fred.clone());
    let fred_own = bench.ask(&fred, V2_1, LoginRequest::default()).unwrap().ticket;
    let dated = |from: i64, until: i64| {
        let validity = Some(Validity { from: bench.now + from, until: bench.now + until });
        with_identity(owner.clone(), Identity { validity, ..owner.identity.clone() })
    };
    let (expired, early, in_time) = (dated(-10, -1), dated(1, 10), dated(0, 0));
    let ended = with_identity(owner.clone(), identity("owner", "ended"));
    revoke(bench, &format!("sha256:{}", Fingerprint::of(b"ended")));
    // Somebody else of the owner's group, whose name was revoked, under a certificate that nothing here knows.
    let gone = with_identity(granted("gone", &["team"]), identity("gone", "of another CA"));
    bench.clients.0.push(gone.clone());
    let gone_gave = bench.ask(&gone, V2_1, DelegatedLoginRequest { rights: all, ..Default::default() });
    let gone_ticket = gone_gave.unwrap().ticket;
    revoke(bench, "gone");
    let stranger = principal("stranger", &["others"]);
    let unattested = pending_attestation(owner.clone());
    let as_owner = |_: &Row| Finds::All;
    let nothing = |_: &Row| Finds::Nothing;
    let guarded = |row: &Row| match GUARDED.contains(&row.name) {
        true => Finds::Out(ResultReason::PermissionDenied),
        false => Finds::All,
    };
    let invalid: fn(&Row) -> Finds = |_| Finds::Out(ResultReason::InvalidTicket);
    let caller = |name, who: &Principal, how, finds| Caller { name, who: who.clone(), how, finds };
    vec![
        caller("the owner's ticket in other hands", &stranger, How::WithTicket(own.clone()), invalid),
        caller("a ticket of an expired certificate", &stranger, How::WithTicket(ended_ticket), invalid),
        caller("the owner's ticket", owner, How::WithTicket(own), as_owner),
        caller("who holds a ticket for everything", &stranger, How::WithTicket(given_all), as_owner),
        caller("who holds a ticket for something else", &stranger, How::WithTicket(given_one), nothing),
        caller("the owner, later", owner, How::Later, as_owner),
        caller("a stranger, later", &stranger, How::Later, nothing),
        caller("a user of the owner's certificate", &fred, How::Directly, nothing),
        caller("the user's ticket", &fred, How::WithTicket(fred_own), nothing),
        caller("the user, later", &fred, How::Later, nothing),
        caller("an owner that has proven nothing", &unattested, How::Directly, guarded),
        caller("an owner in the last second of its certificate", &in_time, How::Directly, as_owner),
        caller("an expired owner", &expired, How::Directly, out),
        caller("an owner from the future", &early, How::Directly, out),
        caller("a revoked certificate of the owner's", &ended, How::Directly, out),
        caller("a member of a revoked name", &gone, How::Directly, out),
        caller("a ticket of a revoked name", &stranger, How::WithTicket(gone_ticket), invalid),
    ]
}

/// The reason of the refusal, the answer as text but for what is told of later ones, and whether anything would be written.
fn ask(
    bench: &mut Bench,
    caller: &Caller,
    request: Request,
    version: Version,
) -> (Option<ResultReason>, String, bool) {
    let mut message = RequestMessage::new(version, vec![RequestItem::from(request)]);
    match &caller.how {
        How::Directly => {}
        How::WithTicket(ticket) => {
            let credential = Credential::Ticket(TicketCredential { ticket: ticket.clone() });
            message.header.authentication = Some(Authentication { credentials: vec![credential] });
        }
        How::Later => return ask_later(bench, &caller.who, message),
    }
    let outcome = bench.decide(&caller.who, &message);
    let item = &outcome.response.items[0];
    let reason = (item.result_status != ResultStatus::Success).then(|| item.result_reason.unwrap());
    assert_eq!(outcome.item_outcomes[0].reason, reason, "the audit says what the answer says");
    (reason, outcome.response.to_xml(), !outcome.changes.writes.is_empty())
}

/// The same for what is accepted now and done later; afterwards nothing waits any more.
fn ask_later(
    bench: &mut Bench,
    who: &Principal,
    mut message: RequestMessage,
) -> (Option<ResultReason>, String, bool) {
    message.header.asynchronous_indicator = Some(Asynchronous(AsynchronousIndicator::Mandatory));
    let accepted = bench.decide(who, &message);
    assert_eq!(accepted.response.items[0].result_status, ResultStatus::OperationPending);
    let keys: Vec<_> = accepted.changes.writes.iter().map(|(key, _)| (key.clone(), None)).collect();
    bench.commit(accepted.changes);
    let item_outcomes = bench.would_do();
    bench.commit(keystead_engine::changes::Changes {
        expects: Vec::new(),
        writes: keys,
        ..Default::default()
    });
    (item_outcomes[0].reason, String::new(), false)
}

#[test]
fn every_cell_by_every_kind_of_caller() {
    let mut cells = 0;
    for kind in TYPES {
        for state in STATES {
            let mut bench = Bench::new(3);
            let owner = with_identity(granted("owner", &["team"]), identity("owner", "owner"));
            bench.clients.0.push(owner.clone());
            let id = make(&mut bench, &owner, kind);
            move_to(&mut bench, &owner, &id, state);
            for caller in callers(&mut bench, &owner) {
                for row in ROWS {
                    // Login and the credential Ticket came with 2.0 (2.0, 6.1.29): older messages cannot show one, which
                    // `older_messages_cannot_show_a_ticket` holds. Of those one does for what is done later.
                    for version in VERSIONS.into_iter().filter(|version| match &caller.how {
                        How::Directly => true,
                        How::WithTicket(_) => *version >= V2_0,
                        How::Later => [V1_0, V2_1].contains(version),
                    }) {
                        if is_in(row.name, version) {
                            cell(&mut bench, &caller, row, version, (&id, kind, state));
                            cells += 1;
                        }
                    }
                }
            }
        }
    }
    println!("{cells} cells by other kinds of caller");
    assert!(cells > 10_000, "{cells} cells");
}

fn cell(
    bench: &mut Bench,
    caller: &Caller,
    row: &Row,
    version: Version,
    (id, kind, state): (&str, ObjectType, State),
) {
    let what = format!("{} on a {kind:?} that is {state:?} in {version} by {}", row.name, caller.name);
    let (reason, answer, writes) = ask(bench, caller, (row.request)(id, version), version);
    match (caller.finds)(row) {
        Finds::All => assert_eq!(reason.is_none(), (row.allowed)(kind, state), "{what}: {reason:?}"),
        Finds::Nothing => {
            let (absent, said, _) = ask(bench, caller, (row.request)(ABSENT, version), version);
            assert!(reason.is_some() && reason == absent && !writes, "{what}: {reason:?}");
            assert_eq!(answer.replace(id, ABSENT), said, "{what}: it can be told from nothing");
        }
        Finds::Out(wanted) => assert_eq!((reason, writes), (Some(wanted), false), "{what}"),
    }
}

/// A ticket in a message of 1.x is not read as one: neither its holder nor its giver is served by it.
#[test]
fn older_messages_cannot_show_a_ticket() {
    let mut bench = Bench::new(6);
    let owner = with_identity(granted("owner", &["team"]), identity("owner", "owner"));
    bench.clients.0.push(owner.clone());
    let ticket = bench.ask(&owner, V2_1, LoginRequest::default()).unwrap().ticket;
    for version in VERSIONS {
        let credential = Credential::Ticket(TicketCredential { ticket: ticket.clone() });
        let request = Request::Query(QueryRequest::default());
        let mut message = RequestMessage::new(version, vec![RequestItem::from(request)]);
        message.header.authentication = Some(Authentication { credentials: vec![credential] });
        let read = RequestMessage::from_bytes(&message.to_bytes());
        let shown = read.ok().and_then(|read| read.header.authentication).unwrap_or_default().credentials;
        let is_shown = shown.iter().any(|one| matches!(one, Credential::Ticket(_)));
        assert_eq!(is_shown, version >= V2_0, "{version}");
    }
}

/// Administrative operations by the same callers, as if they had the name of an administrator.
#[test]
fn administrative_operations_by_every_kind_of_caller() {
    let mut bench = Bench::new(4);
    let owner = with_identity(granted("owner", &["team"]), identity("owner", "owner"));
    let owner = Principal { admin: true, ..owner };
    bench.clients.0.push(owner.clone());
    let mut cells = 0;
    for caller in callers(&mut bench, &owner) {
        for request in requests() {
            let row = row(&request);
            for version in VERSIONS {
                if matches!(caller.how, How::Later)
                    || (version < V2_0 && matches!(caller.how, How::WithTicket(_)))
                {
                    continue;
                }
                let what = format!("{} in {version} by {}", row.name, caller.name);
                bench.done_outside.clear();
                let (reason, _, writes) = ask(&mut bench, &caller, item(&request), version);
                let is_out = matches!((caller.finds)(&ROWS[0]), Finds::Out(_))
                    && caller.name != "an owner that has proven nothing";
                let is_admin = caller.who.admin
                    && matches!(caller.how, How::Directly)
                    && caller.who.pending_attestation.is_none();
                let wanted = !is_out && (is_admin || row.right == Who::Client);
                // A ticket for one object allows nothing that needs none.
                let wanted = wanted && caller.name != "who holds a ticket for something else";
                assert_eq!(reason.is_none(), wanted, "{what}: {reason:?}");
                assert!(wanted || !writes && bench.done_outside.is_empty(), "{what}: refused, and yet done");
                cells += 1;
            }
        }
    }
    println!("{cells} cells of administrative operations");
}

/// A key that only the certificate's grant allows is rotated as the holder of that certificate; a name that was revoked
/// rotates what it shares, and nothing else.
#[test]
fn the_job_that_rotates_is_who_asked_for_it() {
    let automatic = [Attribute::RotateAutomatic(true), Attribute::RotateInterval(Interval(60))];
    for (group, is_revoked, wanted) in
        [(None, false, true), (Some("team"), false, true), (None, true, false), (Some("team"), true, true)]
    {
        let mut bench = Bench::new(5);
        let groups: Vec<&str> = group.into_iter().collect();
        let owner = with_identity(granted("owner", &groups), identity("owner", "listed by its fingerprint"));
        bench.clients.0.push(owner.clone());
        let mut attributes = vec![
            Attribute::CryptographicAlgorithm(CryptographicAlgorithm::DES3),
            Attribute::CryptographicLength(168),
            Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
        ];
        attributes.extend(automatic.clone());
        let attributes: Attributes = attributes.into_iter().collect();
        let object_type = ObjectType::SymmetricKey;
        let weak = CreateRequest { object_type, attributes: attributes.into(), ..CreateRequest::default() };
        bench.ask(&owner, V2_1, weak).unwrap();
        if is_revoked {
            revoke(&mut bench, "owner");
        }
        bench.now += 61;
        let done = bench.rotate();
        assert_eq!(done.len(), 1);
        assert_eq!(done[0].0.reason.is_none(), wanted, "{group:?}, revoked: {is_revoked}: {:?}", done[0].0);
    }
}
