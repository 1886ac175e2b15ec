//! Users of one certificate have their own rights and no others, whichever way they ask; names that look like something
//! else; administrators.

use super::*;
use crate::support::dev::{Dev, told};
use crate::support::wire::{self, Wire};
use keystead::admin::protocol::{self, AdminRequest};
use keystead::audit::Entry;
use keystead::authenticate::password_hash;
use keystead::store::audit_log;
use keystead::store::{Database, Engine};
use kmip_codec::message::{Authentication, DeviceCredential, TicketCredential, UsernameAndPassword};
use kmip_codec::operations::Response;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair};
use std::path::Path;

const PASSWORD: &str = "yabba-dabba-7431";

/// A server on which the certificate of `array` is listed by its fingerprint, as a member of a group and as an
/// administrator, and has users; `needing` is an administrator who has to show a password.
fn server(folder: &Path, log: Option<std::fs::File>) -> (Dev, Pair) {
    let dir = folder.join("server");
    let dev = Dev::start_quietly(&dir);
    let array = wire::ca(&dev).client("array", 1).unwrap();
    drop(dev);
    let hash = password_hash(PASSWORD.as_bytes(), &[3; 16]);
    let fingerprint = fingerprint(&array);
    let words = format!(
        r#"
[[groups]]
name = "team"
default = true
members = ["member", "{fingerprint}"]

[[personas]]
name = "by-user"
switches = {{ credentials = "identify" }}

[[personas]]
name = "with-password"
switches = {{ credentials = "require" }}

[[clients]]
name = "array"
persona = "by-user"

[[clients]]
name = "needing"
persona = "with-password"

[[credentials]]
name = "fred"
username = "Fred"
password = "{hash}"

[[credentials]]
name = "barney"
username = "Barney"
password = "{hash}"

[[credentials]]
name = "disk"
device = "disk-7"
password = "{hash}"
"#
    );
    let file = dir.join("keystead.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    let admins = format!("names = [\"admin\", \"needing\", \"{fingerprint}\"]");
    assert!(config.contains("names = [\"admin\"]"));
    std::fs::write(&file, config.replace("names = [\"admin\"]", &admins) + &words).unwrap();
    let dev = match log {
        Some(log) => Dev::logging(&dir, log),
        None => Dev::start_quietly(&dir),
    };
    (dev, array)
}

/// The message with Fred's password.
fn as_fred(mut message: RequestMessage) -> RequestMessage {
    let fred =
        UsernameAndPassword { username: "Fred".to_owned(), password: Some(PASSWORD.to_owned().into()) };
    let shown = message.header.authentication.get_or_insert_default();
    shown.credentials.push(Credential::UsernameAndPassword(fred));
    message
}

/// How a message ends, of which the answer may come later.
fn outcome(wire: &mut Wire, message: &RequestMessage) -> Ended {
    let item = exchange(wire, message).unwrap();
    let Some(correlation) = item.asynchronous_correlation_value.clone() else { return end(Ok(item)) };
    for _ in 0..200 {
        let poll = PollRequest { asynchronous_correlation_value: correlation.clone() };
        let polled = exchange(wire, &as_fred(super::message(poll.into_request()))).unwrap();
        if polled.result_status != ResultStatus::OperationPending {
            return end(Ok(polled));
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("it stays pending");
}

fn administer(request: &AdminRequest) -> Request {
    Request::Unknown(protocol::OPERATION, protocol::payload(request).unwrap())
}

/// The certificate's group and rights are not its user's: not directly, not by a ticket, not later.
#[test]
fn a_user_has_the_same_rights_whichever_way_it_asks() {
    let folder = tempfile::tempdir().unwrap();
    let (dev, array) = server(folder.path(), None);
    let shared = ask(&mut wire::connect(&dev, "member"), create()).unwrap().unique_identifier;
    let mut fred = wire::connect_with(&dev, Some(&array));
    let ask_as_fred = |wire: &mut Wire, request: Request| exchange(wire, &as_fred(message(request))).unwrap();
    let ticket = |item: ResponseItem| match item.response {
        Some(Response::Login(answer)) => answer.ticket,
        Some(Response::DelegatedLogin(answer)) => answer.ticket,
        other => panic!("{other:?}"),
    };
    let own = ticket(ask_as_fred(&mut fred, LoginRequest::default().into_request()));
    let given = ticket(ask_as_fred(&mut fred, everything().into_request()));
    let made = ask_as_fred(&mut fred, create().into_request()).response;
    let Some(Response::Create(made)) = made else { panic!() };
    let mut member = wire::connect(&dev, "member");
    let locked = Ended::Refused(ResultReason::ObjectNotFound);
    for (id, wanted) in [(&shared, locked), (&made.unique_identifier, Ended::Well)] {
        let get = || get(id).into_request();
        assert_eq!(outcome(&mut fred, &as_fred(message(get()))), wanted, "directly");
        assert_eq!(outcome(&mut fred, &as_fred(showing(&own, get()))), wanted, "by the own ticket");
        assert_eq!(outcome(&mut fred, &as_fred(later(get()))), wanted, "later");
        assert_eq!(outcome(&mut member, &showing(&given, get())), wanted, "by who holds the ticket");
    }
    let status = || administer(&AdminRequest::MasterStatus);
    let constraints = || SetConstraintsRequest::default().into_request();
    for request in [status(), constraints()] {
        let denied = Ended::Refused(ResultReason::PermissionDenied);
        assert_eq!(outcome(&mut fred, &as_fred(message(request.clone()))), denied);
        assert_eq!(outcome(&mut fred, &as_fred(showing(&own, request.clone()))), denied);
        assert_eq!(outcome(&mut member, &showing(&given, request)), denied);
    }
    assert_eq!(
        outcome(&mut fred, &as_fred(later(constraints()))),
        Ended::Refused(ResultReason::PermissionDenied)
    );
    // A user that was revoked is out, whose certificate is not.
    told(dev.keystead("admin", &["client", "revoke", "array/fred"]));
    assert!(outcome(&mut fred, &as_fred(message(create().into_request()))).is_out());
    assert!(matches!(outcome(&mut member, &showing(&given, create().into_request())), Ended::Refused(_)));
}

/// A certificate of the server's CA with this common name.
fn named(dev: &Dev, name: &str) -> Pair {
    let read = |file: &str| std::fs::read_to_string(dev.folder.join(file)).unwrap();
    let ca = Issuer::from_ca_cert_pem(&read("ca.pem"), KeyPair::from_pem(&read("ca.key")).unwrap()).unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let key = KeyPair::generate().unwrap();
    Pair { certificate: params.signed_by(&key, &ca).unwrap().pem(), key: key.serialize_pem() }
}

fn status_of(wire: &mut Wire) -> Ended {
    end(exchange(wire, &message(administer(&AdminRequest::MasterStatus))))
}

/// Names from outside are never fingerprints, users or administrators, and no line of the log is of their making.
#[test]
fn names_are_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let (dev, array) = server(folder.path(), Some(std::fs::File::create(&log).unwrap()));
    let long = "x".repeat(5000);
    let foreign = [
        "a\nINFO forged",
        "a\u{1b}[31mred",
        "\u{202e}nimda",
        "a\u{200b}dmin",
        "tab\there",
        "admin ",
        " admin",
        " ",
        &long,
    ];
    for name in [&fingerprint(&array), "array/fred"].into_iter().chain(foreign) {
        let mut wire = wire::connect_with(&dev, Some(&named(&dev, name)));
        assert_eq!(status_of(&mut wire), Ended::Closed, "{name:?}");
    }
    for name in
        ["..", "Admin", "admin x", "Schlüssel 鍵", "spiffe://here/host", "o'brien \"x\"", &"y".repeat(64)]
    {
        let pair = named(&dev, name);
        assert!(ask_as(&dev, &pair, create()).is_ok(), "{name:?}");
        let mut wire = wire::connect_with(&dev, Some(&pair));
        assert_eq!(status_of(&mut wire), Ended::Refused(ResultReason::PermissionDenied), "{name:?}");
    }
    drop(dev);
    let log = std::fs::read_to_string(&log).unwrap();
    let is_plain = |c: char| c == '\n' || !(c.is_control() || "\u{202e}\u{200b}".contains(c));
    assert!(log.chars().all(is_plain) && !log.contains("\nINFO forged"));
    assert!(log.lines().all(|line| line.chars().count() < 4000), "a line is as long as a client wants");
}

/// A persona that asks for a credential: the client is told no more than that, the log and `explain` tell the cause.
#[test]
fn a_credential_that_is_not_right_is_told_by_its_cause() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let (dev, array) = server(folder.path(), Some(std::fs::File::create(&log).unwrap()));
    let with = |username: &str, password: &str| {
        let (username, password) = (username.to_owned(), Some(password.to_owned().into()));
        let shown = Credential::UsernameAndPassword(UsernameAndPassword { username, password });
        let mut message = message(create().into_request());
        message.header.authentication.get_or_insert_default().credentials.push(shown);
        message
    };
    let needing = wire::ca(&dev).client("needing", 1).unwrap();
    for (client, pair) in [("array", &array), ("needing", &needing)] {
        let mut said = Vec::new();
        for (message, cause, advice) in [
            (message(create().into_request()), "CredentialMissing", "the request has none"),
            (with("Wilma", PASSWORD), "CredentialUnknown", "No [[credentials]] have this user name"),
            (with("Fred", "wrong"), "CredentialPassword", "its password is another one"),
        ] {
            let item = exchange(&mut wire::connect_with(&dev, Some(pair)), &message).unwrap();
            assert_eq!(
                item.result_reason,
                Some(ResultReason::AuthenticationNotSuccessful),
                "{client}: {cause}"
            );
            let text = item.result_message.unwrap();
            said.push(text.split(" (request").next().unwrap().to_owned());
            let told = told(dev.keystead("admin", &["explain", "--client", client, "--json"]));
            let all: Vec<keystead::explain::Exchange> = serde_json::from_str(&told).unwrap();
            let one = all.iter().find(|one| one.what == cause).unwrap_or_else(|| panic!("{cause}: {told}"));
            assert!(one.advice.contains(advice), "{one:?}");
            let log = std::fs::read_to_string(&log).unwrap();
            let is_it = |line: &&str| line.contains(cause) && line.contains(client);
            assert!(log.lines().any(|line| is_it(&line)), "{cause} of {client} is not in {log}");
        }
        assert!(
            said.windows(2).all(|two| two[0] == two[1]),
            "the client learns which part is wrong: {said:?}"
        );
        let right =
            exchange(&mut wire::connect_with(&dev, Some(pair)), &as_fred(message(create().into_request())));
        assert_eq!(end(right), Ended::Well, "the control");
    }
}

fn known_by(username: &str, password: &str) -> Credential {
    let (username, password) = (username.to_owned(), Some(password.to_owned().into()));
    Credential::UsernameAndPassword(UsernameAndPassword { username, password })
}

fn device(identifier: &str, password: &str) -> Credential {
    Credential::Device(DeviceCredential {
        device_identifier: Some(identifier.to_owned()),
        password: Some(password.to_owned().into()),
        ..DeviceCredential::default()
    })
}

/// Of several credentials each is judged, in whatever order, and together they mean one user.
#[test]
fn every_credential_of_a_message_counts() {
    let folder = tempfile::tempdir().unwrap();
    let (dev, array) = server(folder.path(), None);
    let needing = wire::ca(&dev).client("needing", 1).unwrap();
    let fred = || known_by("Fred", PASSWORD);
    let ticket = {
        let mut message = message(LoginRequest::default().into_request());
        message.header.authentication = Some(Authentication { credentials: vec![fred()] });
        let item = exchange(&mut wire::connect_with(&dev, Some(&array)), &message).unwrap();
        let Some(Response::Login(login)) = item.response else { panic!("{item:?}") };
        Credential::Ticket(TicketCredential { ticket: login.ticket })
    };
    let rows = [
        ("CredentialsDiffer", vec![fred(), known_by("Barney", PASSWORD)]),
        ("CredentialsDiffer", vec![fred(), device("disk-7", PASSWORD)]),
        ("CredentialPassword", vec![fred(), known_by("Barney", "wrong")]),
        ("CredentialPassword", vec![fred(), known_by("Fred", "wrong")]),
        ("CredentialUnknown", vec![fred(), known_by("Wilma", PASSWORD)]),
        ("CredentialUnknown", vec![fred(), device("nothing", PASSWORD)]),
    ];
    for (cause, credentials) in rows {
        for credentials in [credentials.clone(), credentials.into_iter().rev().collect()] {
            for (client, pair) in [("array", &array), ("needing", &needing)] {
                let mut message = message(create().into_request());
                message.header.authentication = Some(Authentication { credentials: credentials.clone() });
                let ended = end(exchange(&mut wire::connect_with(&dev, Some(pair)), &message));
                // Where the certificate alone says who acts, a device may stand beside a user.
                if client == "needing" && credentials.contains(&device("disk-7", PASSWORD)) {
                    assert_eq!(ended, Ended::Well);
                    continue;
                }
                assert_eq!(ended, Ended::Refused(ResultReason::AuthenticationNotSuccessful), "{cause}");
                let told =
                    told(dev.keystead("admin", &["explain", "--client", client, "--last", "1", "--json"]));
                assert!(told.contains(cause), "{cause}: {told}");
            }
        }
    }
    // The control: one, the same twice, and one beside a ticket; a ticket alone is no password.
    for (credentials, wanted) in [
        (vec![fred()], Ended::Well),
        (vec![fred(), fred()], Ended::Well),
        (vec![fred(), ticket.clone()], Ended::Well),
        (vec![ticket.clone(), fred()], Ended::Well),
        (vec![ticket], Ended::Refused(ResultReason::AuthenticationNotSuccessful)),
    ] {
        let mut message = message(create().into_request());
        message.header.authentication = Some(Authentication { credentials });
        assert_eq!(end(exchange(&mut wire::connect_with(&dev, Some(&array)), &message)), wanted);
    }
}

/// Administrative requests pass the checks of all requests, and leave what all leave.
#[test]
fn administration_has_no_way_around() {
    let folder = tempfile::tempdir().unwrap();
    let (dev, _) = server(folder.path(), None);
    let mut needing = wire::connect(&dev, "needing");
    assert_eq!(status_of(&mut needing), Ended::Refused(ResultReason::AuthenticationNotSuccessful));
    let shown = as_fred(message(administer(&AdminRequest::MasterStatus)));
    assert_eq!(end(exchange(&mut needing, &shown)), Ended::Well, "the control");
    let refused = dev.keystead("client", &["master", "rotate"]);
    assert!(!refused.status.success());
    let known = told(dev.keystead("admin", &["explain", "--json"]));
    assert!(known.contains("MasterRotate") && known.contains("MasterStatus"), "{known}");
    told(dev.keystead("admin", &["master", "rotate"]));
    let store = dev.folder.join("store");
    drop(dev);
    let database = Database::open(Engine::Redb, &store).unwrap();
    let mut entered = Vec::new();
    let mut visit = |_, entry: Entry| {
        if entry.operation.starts_with("Master") {
            entered.push((entry.time, (entry.principal, entry.operation, entry.outcome)));
        }
    };
    audit_log::verify(&*database.snapshot().unwrap(), &mut visit).unwrap().unwrap();
    // What changes nothing comes into the log up to a second after it was entered.
    entered.sort_by_key(|(time, _)| *time);
    let entered: Vec<_> = entered.into_iter().map(|(_, entry)| entry).collect();
    let wanted = [
        ("server", "MasterCreate", "Success"),
        ("needing", "MasterStatus", "AuthenticationNotSuccessful"),
        ("needing", "MasterStatus", "Success"),
        ("client", "MasterRotate", "PermissionDenied"),
        ("admin", "MasterRotate", "Started"),
        ("admin", "MasterRotate", "Activated"),
        ("admin", "MasterRotate", "Retired"),
        ("admin", "MasterRotate", "Success"),
    ];
    let wanted = wanted.map(|(who, what, end)| (who.to_owned(), what.to_owned(), end.to_owned()));
    assert_eq!(entered, wanted);
}
