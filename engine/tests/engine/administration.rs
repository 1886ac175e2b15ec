//! Administrative operations take the one path of all requests: who may ask, beside what they may stand in a batch, and
//! what is refused before anything is done outside the engine.

use super::objects::aes;
use super::world::{Bench, principal};
use keystead_engine::administration::protocol::{self, AdminRequest};
use keystead_engine::administration::{OPERATION, ROWS, Right, Work, row};
use keystead_engine::refusal::Cause;
use keystead_engine::rights::attestation::Unproven;
use keystead_engine::rights::identity::{Fingerprint, Identity, Validity};
use keystead_engine::rights::principal::Principal;
use kmip_codec::enums::{AsynchronousIndicator, BatchErrorContinuationOption, ResultReason, ResultStatus};
use kmip_codec::message::{Authentication, Credential, RequestMessage, ResponseItem, TicketCredential};
use kmip_codec::operations::{Call as _, Request, Response};
use kmip_codec::payloads::{
    ActivateRequest, DelegatedLoginRequest, LoginRequest, Right as TicketRight, Rights,
};
use kmip_codec::version::{V1_0, V1_4, V2_1, VERSIONS};
use std::sync::Arc;

const FINGERPRINT: &str = "abababababababababababababababababababababababababababababababab";

/// A request of every row.
pub fn requests() -> Vec<AdminRequest> {
    let name = "host".to_owned();
    let all = vec![
        AdminRequest::Ready,
        AdminRequest::MasterStatus,
        AdminRequest::MasterRotate,
        AdminRequest::ClientAdd {
            name: name.clone(),
            days: 1,
            request: "PEM".into(),
            replace: false,
            administrator: false,
            myself: false,
        },
        AdminRequest::ClientRevoke { name: format!("sha256:{FINGERPRINT}"), unknown: true, myself: false },
        AdminRequest::ClientHandOver {
            name: name.clone(),
            to: "heir".to_owned(),
            unknown: true,
            rename: false,
            after: None,
        },
        AdminRequest::ClientList,
        AdminRequest::ClientShow { name },
        AdminRequest::Explain { id: 1 },
        AdminRequest::ExplainLast { client: None, count: 1 },
    ];
    assert_eq!(all.len(), ROWS.len(), "a row without a request here");
    all
}

pub fn item(request: &AdminRequest) -> Request {
    Request::Unknown(OPERATION, protocol::payload(request).unwrap())
}

fn message(request: &AdminRequest) -> RequestMessage {
    RequestMessage::new(V2_1, vec![item(request).into()])
}

pub fn admin(name: &str) -> Principal {
    Principal { admin: true, ..principal(name, &[]) }
}

/// How one message ends, and whether something was done outside or is to be committed.
fn decide(bench: &mut Bench, who: &Principal, message: &RequestMessage) -> (Option<ResultReason>, bool) {
    bench.done_outside.clear();
    let outcome = bench.decide(who, message);
    let done = !bench.done_outside.is_empty() || !outcome.changes.writes.is_empty();
    (outcome.response.items[0].result_reason, done)
}

#[test]
fn who_may_ask() {
    let mut bench = Bench::new(1);
    let missing = Unproven {
        operations: Vec::new(),
        cause: Cause::AttestationRequired,
        message: "prove".into(),
        nonce: None,
    };
    let pending_attestation = Principal { pending_attestation: Some(Arc::new(missing)), ..admin("unproven") };
    let mut cells = 0;
    for request in requests() {
        for version in VERSIONS {
            let message = RequestMessage::new(version, vec![item(&request).into()]);
            let name = row(&request).name;
            let is_open = row(&request).right == Right::Client;
            let callers = [
                (admin("root"), None),
                (principal("host", &["team"]), Some(ResultReason::PermissionDenied)),
                (pending_attestation.clone(), Some(Cause::AttestationRequired.reason(version, None))),
            ];
            for (who, reason) in callers {
                let (refused, done) = decide(&mut bench, &who, &message);
                let wanted = reason.filter(|_| !is_open || who.name == "root");
                assert_eq!(refused, wanted, "{name} by {} in {version}", who.name);
                assert!(wanted.is_none() || !done, "{name} by {}: refused, and yet done", who.name);
                cells += 1;
            }
        }
    }
    assert_eq!(cells, ROWS.len() * VERSIONS.len() * 3);
}

/// Whoever holds a ticket of an administrator is none.
#[test]
fn tickets_administer_nothing() {
    let mut bench = Bench::new(2);
    let root = admin("root");
    bench.clients.0.push(root.clone());
    let all = DelegatedLoginRequest {
        rights: Rights { rights: vec![TicketRight::default()] },
        ..DelegatedLoginRequest::default()
    };
    let own = bench.ask(&root, V2_1, LoginRequest::default()).unwrap().ticket;
    let delegated = bench.ask(&root, V2_1, all).unwrap().ticket;
    for ticket in [own, delegated] {
        for request in requests() {
            let mut message = message(&request);
            let shown = Credential::Ticket(TicketCredential { ticket: ticket.clone() });
            message.header.authentication = Some(Authentication { credentials: vec![shown] });
            let (reason, _) = decide(&mut bench, &root, &message);
            let wanted =
                (row(&request).right == Right::Administrator).then_some(ResultReason::PermissionDenied);
            assert_eq!(reason, wanted, "{}", row(&request).name);
            assert!(wanted.is_none() || bench.done_outside.is_empty(), "{}", row(&request).name);
        }
    }
}

#[test]
fn who_was_revoked_learns_nothing() {
    let mut bench = Bench::new(3);
    let fingerprint = Fingerprint::parse(FINGERPRINT);
    let identity = Identity { fingerprint, ..Identity::named("revoked") };
    let revoked = Principal { identity, ..admin("revoked") };
    let by_fingerprint =
        AdminRequest::ClientRevoke { name: format!("sha256:{FINGERPRINT}"), unknown: true, myself: false };
    let answers = bench.run(&admin("root"), &message(&by_fingerprint));
    assert_eq!(answers[0].result_status, ResultStatus::Success);
    for request in requests() {
        let (reason, done) = decide(&mut bench, &revoked, &message(&request));
        assert_eq!(reason, Some(ResultReason::AuthenticationNotSuccessful), "{}", row(&request).name);
        assert!(!done, "{}", row(&request).name);
    }
}

#[test]
fn none_is_done_later() {
    let mut bench = Bench::new(4);
    for request in requests() {
        let mut message = message(&request);
        let later = |indicator| Some(kmip_codec::message::Asynchronous(indicator));
        message.header.asynchronous_indicator = later(AsynchronousIndicator::Mandatory);
        let (reason, done) = decide(&mut bench, &admin("root"), &message);
        assert_eq!(
            (reason, done),
            (Some(ResultReason::FeatureNotSupported), false),
            "{}",
            row(&request).name
        );
        message.header.asynchronous_indicator = later(AsynchronousIndicator::Optional);
        let (reason, _) = decide(&mut bench, &admin("root"), &message);
        assert_eq!(reason, None, "{}", row(&request).name);
    }
}

fn add(name: &str, replace: bool, administrator: bool, myself: bool) -> AdminRequest {
    let (name, request) = (name.to_owned(), "PEM".to_owned());
    AdminRequest::ClientAdd { name, days: 1, request, replace, administrator, myself }
}

fn revoke(name: &str, myself: bool) -> AdminRequest {
    AdminRequest::ClientRevoke { name: name.to_owned(), unknown: true, myself }
}

/// What one request comes to: the message of a refusal, and whether something was done.
fn told(bench: &mut Bench, who: &Principal, request: &AdminRequest) -> (String, bool) {
    bench.done_outside.clear();
    let outcome = bench.decide(who, &message(request));
    let done = !bench.done_outside.is_empty() || !outcome.changes.writes.is_empty();
    (outcome.response.items[0].result_message.clone().unwrap_or_default(), done)
}

/// An administrator ends its own way in, and the last one of all, only where that is said.
#[test]
fn nobody_is_locked_out_unawares() {
    let fingerprint = Fingerprint::parse(FINGERPRINT);
    let identity = Identity { fingerprint, ..Identity::named("root") };
    let root = Principal { identity, ..admin("root") };
    let own = format!("sha256:{FINGERPRINT}");
    type Asks = fn(&str, bool) -> AdminRequest;
    let replace: Asks = |name, myself| add(name, true, true, myself);
    for (whom, request) in [("root", revoke as Asks), (&own, revoke), ("root", replace)] {
        let mut bench = Bench::new(7);
        bench.clients.0.push(root.clone());
        let (last, done) = told(&mut bench, &root, &request(whom, false));
        assert!(
            last.contains("with which you ask") && last.contains("No other administrator") && !done,
            "{last}"
        );
        // Another administrator who gets in makes it a smaller matter, and one who does not, none.
        bench.clients.0.push(admin("second"));
        let (own, done) = told(&mut bench, &root, &request(whom, false));
        assert!(own.contains("Let another administrator do it") && !done, "{own}");
        bench.run(&root, &message(&revoke("second", false)));
        let (last, done) = told(&mut bench, &root, &request(whom, false));
        assert!(last.contains("No other administrator") && !done, "{last}");
        assert_eq!(told(&mut bench, &root, &request(whom, true)), (String::new(), true), "said");
    }
    // One who came with a certificate that has ended since does not get in, however it ended.
    let second = |until| {
        let validity = Some(Validity { from: 0, until });
        let identity =
            Identity { fingerprint: Some(Fingerprint::of(b"second")), validity, ..Identity::named("second") };
        Principal { identity, ..admin("second") }
    };
    let by_fingerprint = revoke(&format!("sha256:{}", Fingerprint::of(b"second")), false);
    for (until, ends, last) in [
        (i64::MAX, None, false),
        (i64::MAX, Some(&by_fingerprint), true),
        (i64::MAX, Some(&revoke("second", false)), true),
        (1, None, true),
    ] {
        let mut bench = Bench::new(11);
        bench.clients.0.extend([root.clone(), second(until)]);
        if let Some(ends) = ends {
            bench.run(&root, &message(ends));
        }
        let (why, done) = told(&mut bench, &root, &revoke("root", false));
        assert!(why.contains("No other administrator") == last && !done, "{until} {ends:?}: {why}");
    }
    // Another certificate of the name stays good where one alone is ended, and ends with the name.
    let mut bench = Bench::new(10);
    bench.clients.0.push(root.clone());
    bench.clients.0.push(Principal { identity: Identity::named("root"), ..admin("root") });
    let by_another = Principal { identity: Identity::named("root"), ..admin("root") };
    bench.signed = "ef".repeat(32);
    bench.run(&by_another, &message(&add("root", false, true, false)));
    assert!(told(&mut bench, &root, &revoke(&own, false)).0.contains("Let another administrator do it"));
    assert!(told(&mut bench, &root, &revoke("root", false)).0.contains("No other administrator"));
    // The control: others are ended without it, by name and by fingerprint.
    let mut bench = Bench::new(8);
    for other in ["host", &format!("sha256:{}", "cd".repeat(32))] {
        assert_eq!(told(&mut bench, &root, &revoke(other, false)), (String::new(), true), "{other}");
    }
}

/// One that was signed here and has not come counts where the CAs let it in now, and does not where they do not take it any more.
#[test]
fn who_is_not_taken_any_more_gets_nobody_in() {
    let root = Principal {
        identity: Identity { fingerprint: Fingerprint::parse(FINGERPRINT), ..Identity::named("root") },
        ..admin("root")
    };
    for (is_signed, is_taken) in [(false, true), (true, true), (true, false)] {
        let mut bench = Bench::new(13);
        bench.clients.0.extend([root.clone(), admin("second")]);
        bench.clients.1.insert("second".to_owned(), is_taken);
        if is_signed {
            bench.run(&root, &message(&add("second", false, true, false)));
        }
        let (why, _) = told(&mut bench, &root, &revoke("root", false));
        assert_eq!(why.contains("No other administrator"), !is_signed || !is_taken, "{why}");
    }
}

/// A certificate is valid for as long as the command has it, whoever asks: less and more once ended at once, or failed.
#[test]
fn certificates_are_signed_for_days_that_there_are() {
    let mut bench = Bench::new(12);
    for (days, is_taken) in [(0, false), (1, true), (3650, true), (3651, false), (u32::MAX, false)] {
        let AdminRequest::ClientAdd { name, request, replace, administrator, myself, .. } =
            add("host", false, false, false)
        else {
            panic!();
        };
        let request = AdminRequest::ClientAdd { name, days, request, replace, administrator, myself };
        let (why, done) = told(&mut bench, &admin("root"), &request);
        assert_eq!((why.contains("may be for 1 to 3650"), done), (!is_taken, is_taken), "{days}: {why}");
    }
}

/// A certificate that administers the server is signed where that is said, and where it is true.
#[test]
fn nobody_is_made_an_administrator_unawares() {
    let mut bench = Bench::new(9);
    bench.clients.0.push(admin("second"));
    let (why, done) = told(&mut bench, &admin("root"), &add("second", false, false, false));
    assert!(why.contains("admin.names") && why.contains("--administrator") && !done, "{why}");
    let (why, done) = told(&mut bench, &admin("root"), &add("host", false, true, false));
    assert!(why.contains("none of an administrator") && !done, "{why}");
    assert_eq!(told(&mut bench, &admin("root"), &add("host", false, false, false)), (String::new(), true));
    let outcome = bench.decide(&admin("root"), &message(&add("second", false, true, false)));
    assert_eq!(outcome.response.items[0].result_status, ResultStatus::Success);
    let noted = format!("{:?}", outcome.item_outcomes);
    assert!(noted.contains("1 days, an administrator"), "{noted}");
    for wrong in ["", "sha256:abc", "host\u{3164}", " host"] {
        let (why, done) = told(&mut bench, &admin("root"), &add(wrong, false, false, false));
        assert!(why.contains("cannot be the name of a client") && !done, "{wrong}: {why}");
    }
}

/// Runs an administrative item between one of KMIP that succeeds and one that fails.
fn in_a_batch(request: &AdminRequest, option: BatchErrorContinuationOption) -> (Bench, Vec<ResponseItem>) {
    let mut bench = Bench::new(5);
    let fails = ActivateRequest { unique_identifier: Some("nothing".into()) }.into_request();
    let made = aes(&[]).into_request();
    let answers = bench.batch(&admin("root"), V1_4, option, vec![made, item(request), fails]);
    (bench, answers)
}

#[test]
fn they_stand_in_batches_and_jobs_refuse_undo() {
    use BatchErrorContinuationOption as Option;
    for request in requests() {
        let name = row(&request).name;
        for option in [Option::Stop, Option::Continue] {
            let (_, answers) = in_a_batch(&request, option);
            let ends: Vec<_> = answers.iter().map(|item| item.result_status).collect();
            let wanted = [ResultStatus::Success, ResultStatus::Success, ResultStatus::OperationFailed];
            assert_eq!(ends, wanted, "{name}");
        }
        let (mut bench, answers) = in_a_batch(&request, Option::Undo);
        if row(&request).work == Work::Job {
            assert_eq!(answers[1].result_reason, Some(ResultReason::FeatureNotSupported), "{name}");
            assert!(bench.done_outside.is_empty(), "{name}: refused, and yet done");
            continue;
        }
        assert_eq!(answers[1].result_status, ResultStatus::OperationUndone, "{name}");
        let list = bench.run(&admin("root"), &message(&AdminRequest::ClientList)).remove(0);
        let Some(Response::Unknown(_, payload)) = list.response else { panic!("{list:?}") };
        assert_eq!(protocol::text(&payload), Some("[]"), "{name}: undone, and yet kept");
    }
}

#[test]
fn what_cannot_be_read_is_refused_and_changes_nothing() {
    let mut bench = Bench::new(6);
    let odd = [r#"{"command":"become-root"}"#, r#"{"command":"ready","more":1}"#, "", "\u{1b}[31m"];
    for text in odd {
        let payload = protocol::payload(&serde_json::json!(text)).unwrap();
        let message = RequestMessage::new(V1_0, vec![Request::Unknown(OPERATION, payload).into()]);
        let (reason, done) = decide(&mut bench, &admin("root"), &message);
        assert_eq!((reason, done), (Some(ResultReason::InvalidField), false), "{text}");
    }
}
