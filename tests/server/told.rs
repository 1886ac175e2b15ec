//! Clients that are told without asking, by a real server: over a connection that it makes, and over one that the client
//! has turned around.

use crate::support::dev::Dev;
use crate::support::endpoint::{self, Endpoint};
use crate::support::wire::{self, Wire};
use keystead::audit::Entry;
use keystead::store::audit_log;
use keystead::store::{Database, Engine};
use kmip_codec::Version;
use kmip_codec::attributes::{Attribute, Attributes};
use kmip_codec::enums::*;
use kmip_codec::message::{RequestMessage, ResponseItem, ResponseMessage};
use kmip_codec::operations::{Call, Operation, Request, Response};
use kmip_codec::payloads::*;
use kmip_codec::value::{DateTime, Interval, UniqueIdentifier};
use kmip_codec::version::{V1_4, V2_1};
use kmip_codec::wire::Encoding;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A server with this configuration besides its own.
fn server(folder: &tempfile::TempDir, words: &str) -> Dev {
    Dev::configured(&folder.path().join("server"), &[("", words)])
}

fn ask<R: Call>(wire: &mut Wire, request: R) -> R::Answer {
    let message = RequestMessage::new(V2_1, vec![request.into_request().into()]);
    let answer = ResponseMessage::from_bytes(&wire.exchange(&message.to_bytes()).unwrap()).unwrap();
    let item = answer.items.into_iter().next().unwrap();
    R::answer(item.response.unwrap_or_else(|| panic!("{:?}", item.result_message))).unwrap()
}

fn create(wire: &mut Wire) -> UniqueIdentifier {
    create_with(wire, &[])
}

fn text(id: &UniqueIdentifier) -> String {
    match id {
        UniqueIdentifier::Text(id) => id.clone(),
        other => panic!("{other:?}"),
    }
}

fn create_with(wire: &mut Wire, more: &[Attribute]) -> UniqueIdentifier {
    let attributes = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(128),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
    ];
    let attributes = attributes.into_iter().chain(more.iter().cloned()).collect::<Attributes>().into();
    let request = CreateRequest { object_type: ObjectType::SymmetricKey, attributes, ..Default::default() };
    ask(wire, request).unique_identifier
}

/// The answer that says nothing but that all is well.
fn well(request: &RequestMessage) -> ResponseMessage {
    let response = match request.items[0].request {
        Request::Query(_) => Response::Query(QueryResponse::default()),
        Request::DiscoverVersions(_) => {
            Response::DiscoverVersions(DiscoverVersionsResponse { versions: vec![V1_4, V2_1] })
        }
        Request::Put(_) => Response::Put(PutResponse::default()),
        _ => Response::Notify(NotifyResponse::default()),
    };
    let operation = Some(request.items[0].request.operation());
    let item = ResponseItem {
        operation,
        result_status: ResultStatus::Success,
        response: Some(response),
        ..ResponseItem::default()
    };
    ResponseMessage::new(request.version(), DateTime(0), vec![item])
}

/// The next message that is no question, answered; in which version it came, and what it says.
fn next(endpoint: &Endpoint) -> (Version, Request) {
    loop {
        let request = endpoint.next();
        endpoint.answer(&well(&request));
        let version = request.version();
        let request = request.items.into_iter().next().unwrap().request;
        if !matches!(request, Request::Query(_) | Request::DiscoverVersions(_)) {
            return (version, request);
        }
    }
}

/// A client turns its connection around and gets the key that its mate makes, and the news of it.
#[test]
fn a_connection_that_is_turned_around() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(
        &folder,
        "[limits]\nconnections_per_client = 3\n\
         [[groups]]\nname = \"team\"\nmembers = [\"host\", \"mate\"]\ndefault = true\n\
         [[endpoints]]\nclient = \"host\"\nput = [\"new\"]\n",
    );
    let mut mate = wire::connect(&server, "mate");
    let turn = SetEndpointRoleRequest { endpoint_role: EndpointRole::Client };
    let refused = RequestMessage::new(V2_1, vec![turn.clone().into_request().into()]);
    let refused = ResponseMessage::from_bytes(&mate.exchange(&refused.to_bytes()).unwrap()).unwrap();
    assert_eq!(refused.items[0].result_reason, Some(ResultReason::PermissionDenied));

    let message = RequestMessage::new(V2_1, vec![turn.clone().into_request().into()]);
    let answer = wire::https(&server, "host").post(Encoding::Ttlv, &message).unwrap();
    assert_eq!(answer.items[0].result_reason, Some(ResultReason::FeatureNotSupported));

    let mut host = wire::connect(&server, "host");
    assert_eq!(ask(&mut host, turn).endpoint_role, EndpointRole::Client);
    // It is not idle, however long it waits: others of the client make room.
    let mut more = Vec::new();
    for _ in 0..6 {
        let query = QueryRequest { functions: vec![QueryFunction::QueryObjects], ..QueryRequest::default() };
        more.push(wire::connect(&server, "host"));
        ask(more.last_mut().unwrap(), query);
    }
    let id = create(&mut mate);
    ask(&mut mate, ActivateRequest { unique_identifier: Some(id.clone()) });
    let mut operations = Vec::new();
    while operations.len() < 4 {
        let request = RequestMessage::from_bytes(&host.receive().unwrap()).unwrap();
        assert_eq!(request.version(), V2_1);
        host.send(&well(&request).to_bytes()).unwrap();
        match &request.items[0].request {
            Request::Put(put) => {
                assert_eq!((&put.unique_identifier, put.put_function), (&id, PutFunction::New));
                assert!(put.object.key_block().unwrap().key_value.is_some());
            }
            Request::Notify(notify) => assert_eq!(notify.unique_identifier, id),
            _ => {}
        }
        operations.push(request.items[0].request.operation());
    }
    let wanted = [Operation::DiscoverVersions, Operation::Query, Operation::Put, Operation::Notify];
    assert_eq!(operations, wanted);
    let store = server.folder.join("store");
    drop(server);
    let database = Database::open(Engine::Redb, &store).unwrap();
    let mut entered = Vec::new();
    let mut visit = |_, entry: Entry| {
        entered.extend(
            ["Put", "Notify"]
                .contains(&entry.operation.as_str())
                .then_some((entry.operation, entry.principal)),
        );
    };
    audit_log::verify(&*database.snapshot().unwrap(), &mut visit).unwrap().unwrap();
    assert_eq!(entered, ["Put", "Notify"].map(|operation| (operation.to_owned(), "host".to_owned())));
}

/// The audit entries of what the server has done of its own accord, once it has ended; `peer` says why.
fn entered(endpoint: Endpoint, server: Dev, peer: &str) -> Vec<Entry> {
    let store = server.folder.join("store");
    drop((endpoint, server));
    let database = Database::open(Engine::Redb, &store).unwrap();
    let mut entered = Vec::new();
    let mut visit = |_, entry: Entry| entered.extend((entry.peer == peer).then_some(entry));
    audit_log::verify(&*database.snapshot().unwrap(), &mut visit).unwrap().unwrap();
    entered
}

/// A key is rotated when it is due: the client gets the new one without having asked, and the audit has it.
#[test]
fn a_key_that_rotates_by_itself() {
    let (folder, socket) = (tempfile::tempdir().unwrap(), endpoint::bind());
    let port = socket.local_addr().unwrap().port();
    let words = format!(
        "[limits]\ndate_check_seconds = 1\n\
         [[endpoints]]\nclient = \"host\"\naddress = \"localhost:{port}\"\nput = [\"replaced\"]\nnotify = \"none\"\n"
    );
    let server = server(&folder, &words);
    let endpoint = Endpoint::serve(socket, &server, "host");
    let rotate = [Attribute::RotateAutomatic(true), Attribute::RotateInterval(Interval(2))];
    let first = text(&create_with(&mut wire::connect(&server, "host"), &rotate));
    let (_, Request::Put(put)) = next(&endpoint) else { panic!() };
    assert_eq!(put.replaced_unique_identifier.as_ref().map(text), Some(first.clone()));
    let second = text(&put.unique_identifier);
    let Entry { operation, principal, objects, .. } = entered(endpoint, server, "rotation").swap_remove(0);
    assert_eq!((operation.as_str(), principal.as_str(), objects), ("ReKey", "host", vec![first, second]));
}

/// A date activates a key: the client is told, and the audit has it, though nobody has asked.
#[test]
fn a_key_that_a_date_activates() {
    let (folder, socket) = (tempfile::tempdir().unwrap(), endpoint::bind());
    let port = socket.local_addr().unwrap().port();
    let words = format!(
        "[limits]\ndate_check_seconds = 1\n\
         [[endpoints]]\nclient = \"host\"\naddress = \"localhost:{port}\"\nnotify = \"others\"\n"
    );
    let server = server(&folder, &words);
    let endpoint = Endpoint::serve(socket, &server, "host");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().cast_signed();
    let later = [Attribute::ActivationDate(DateTime(now + 2))];
    let id = text(&create_with(&mut wire::connect(&server, "host"), &later));
    let (_, Request::Notify(_)) = next(&endpoint) else { panic!() };
    let entered = entered(endpoint, server, "dates").into_iter();
    let entered: Vec<_> = entered.map(|entry| (entry.operation, entry.objects)).collect();
    assert_eq!(entered, [("State Transition".to_owned(), vec![id])]);
}

/// What answers at the address of an endpoint with the certificate of somebody else is told nothing.
#[test]
fn nobody_listens_in_the_place_of_a_client() {
    let (folder, socket) = (tempfile::tempdir().unwrap(), endpoint::bind());
    let port = socket.local_addr().unwrap().port();
    let words = format!(
        "[[endpoints]]\nclient = \"host\"\naddress = \"localhost:{port}\"\nput = [\"new\"]\nquery = []\n"
    );
    let server = server(&folder, &words);
    let mallory = Endpoint::serve(socket, &server, "mallory");
    create(&mut wire::connect(&server, "host"));
    assert!(mallory.never_hears(Duration::from_secs(4)));
}

/// A client that does not listen holds nobody up; the newest wait for it, and come in the newest version of both.
#[test]
fn a_client_that_is_away() {
    let (folder, socket) = (tempfile::tempdir().unwrap(), endpoint::bind());
    let port = socket.local_addr().unwrap().port();
    let words = format!(
        "[limits]\nnotices = 2\nhandshake_seconds = 1\n\
         [[endpoints]]\nclient = \"host\"\naddress = \"localhost:{port}\"\nput = [\"new\"]\n"
    );
    let server = server(&folder, &words);
    let mut host = wire::connect(&server, "host");
    let started = Instant::now();
    let made: Vec<UniqueIdentifier> = (0..5).map(|_| create(&mut host)).collect();
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    let endpoint = Endpoint::serve(socket, &server, "host");
    for id in &made[3..] {
        let (version, Request::Put(put)) = next(&endpoint) else { panic!() };
        assert_eq!((version, &put.unique_identifier), (V2_1, id));
    }
    assert!(endpoint.is_quiet(Duration::from_millis(500)));
}

/// A notification that the client cannot take, whose every try ends the connection, is tried so often and no more; what waits
/// behind it comes then, and the log says what was dropped.
#[test]
fn a_notice_that_a_client_cannot_take_holds_up_no_other() {
    let (folder, socket) = (tempfile::tempdir().unwrap(), endpoint::bind());
    let port = socket.local_addr().unwrap().port();
    let words = format!(
        "[limits]\nhandshake_seconds = 1\n\
         [[endpoints]]\nclient = \"host\"\naddress = \"localhost:{port}\"\nput = [\"new\"]\nquery = []\n"
    );
    drop(server(&folder, &words));
    let log = folder.path().join("log");
    let server = Dev::logging(&folder.path().join("server"), std::fs::File::create(&log).unwrap());
    let mut host = wire::connect(&server, "host");
    let poison = create(&mut host);
    let good = [create(&mut host), create(&mut host)];
    let endpoint = Endpoint::serve(socket, &server, "host");
    let (mut tries, mut taken) = (0, Vec::new());
    while taken.len() < good.len() {
        let request = endpoint.next();
        match &request.items[0].request {
            Request::Put(put) if put.unique_identifier == poison => {
                tries += 1;
                match tries % 2 {
                    0 => endpoint.answer_bytes(b"what is this, and what is it for?"),
                    _ => endpoint.hang_up(),
                }
            }
            other => {
                if let Request::Put(put) = other {
                    taken.push(put.unique_identifier.clone());
                }
                endpoint.answer(&well(&request));
            }
        }
    }
    assert_eq!((tries, taken.as_slice()), (5, good.as_slice()));
    let log = std::fs::read_to_string(log).unwrap();
    let dropped: Vec<_> = log.lines().filter(|line| line.contains("a notice is dropped")).collect();
    assert_eq!(dropped.len(), 1, "{log}");
    for word in ["WARN", "host", &text(&poison), "Put", "5"] {
        assert!(dropped[0].contains(word), "{word} is not in {}", dropped[0]);
    }
}

fn faulty_module(test: &Path) -> PathBuf {
    let name = "libkeystead_faulty_module.so";
    let found = test.ancestors().skip(1).take(2).map(|folder| folder.join(name)).find(|path| path.exists());
    found.expect("the faulty module is not built")
}

/// What cannot be made while the HSM fails is sent when it works again, in order.
#[test]
fn a_notice_waits_for_the_hsm() {
    let (folder, socket) = (tempfile::tempdir().unwrap(), endpoint::bind());
    let port = socket.local_addr().unwrap().port();
    let words = format!(
        "[limits]\nhandshake_seconds = 1\n\
         [[endpoints]]\nclient = \"host\"\naddress = \"localhost:{port}\"\nput = [\"new\"]\n"
    );
    drop(server(&folder, &words));
    let (place, script) = (folder.path().join("server"), folder.path().join("script"));
    let config = std::fs::read_to_string(place.join("keystead.toml")).unwrap();
    let line = config.lines().find(|line| line.starts_with("module = ")).unwrap();
    let real = line.split('"').nth(1).unwrap();
    let faulty = faulty_module(&std::env::current_exe().unwrap());
    let config = config
        .replace(line, &format!("module = {faulty:?}"))
        .replace("mode = \"cached\"", "mode = \"strict\"");
    std::fs::write(place.join("keystead.toml"), &config).unwrap();
    let variables =
        [(keystead_faulty_module::MODULE, Path::new(real)), (keystead_faulty_module::SCRIPT, &script)];
    let server = Dev::in_environment(&place, &variables);
    let mut host = wire::connect(&server, "host");
    let made: Vec<UniqueIdentifier> = (0..3).map(|_| create(&mut host)).collect();
    std::fs::write(&script, "C_Decrypt * return 0x30\n").unwrap();
    let endpoint = Endpoint::serve(socket, &server, "host");
    for _ in ["Discover Versions", "Query"] {
        endpoint.answer(&well(&endpoint.next()));
    }
    assert!(endpoint.is_quiet(Duration::from_secs(2)));
    std::fs::write(&script, "").unwrap();
    for id in &made {
        let (_, Request::Put(put)) = next(&endpoint) else { panic!() };
        assert_eq!(&put.unique_identifier, id);
    }
}
