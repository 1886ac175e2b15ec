//! The client against servers that answer, refuse, hang, break off and talk nonsense.

use crate::support::fake::{Fake, Reply};
use crate::support::keys::Keys;
use crate::support::pki::Pki;
use keystead::client::{Cause, Client, Error, Limits, ServerAddress, Settings};
use kmip_codec::attributes::Attribute;
use kmip_codec::enums::{ObjectType, ResultReason};
use kmip_codec::message::{RequestMessage, ResponseItem};
use kmip_codec::operations::{Call as _, Response};
use kmip_codec::payloads::*;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

struct Place {
    _folder: tempfile::TempDir,
    pki: Pki,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pki = Pki::new(folder.path());
        Self { _folder: folder, pki }
    }

    fn client(&self, servers: &[&ServerAddress]) -> Client {
        self.client_named("client", &self.pki.path("ca.pem"), servers)
    }

    fn client_named(&self, name: &str, ca: &Path, servers: &[&ServerAddress]) -> Client {
        let (cert, key) = (self.pki.path(&format!("{name}.pem")), self.pki.path(&format!("{name}.key")));
        let servers = servers.iter().map(|server| (*server).clone()).collect();
        let mut settings = Settings::read(servers, &cert, &key, ca).unwrap();
        settings.limits = Limits {
            connect: Duration::from_secs(2),
            answer: Duration::from_secs(1),
            total: Duration::from_secs(5),
        };
        Client::new(settings)
    }
}

fn create() -> CreateRequest {
    let attributes = [Attribute::CryptographicLength(256)].into();
    CreateRequest { object_type: ObjectType::SymmetricKey, attributes, ..CreateRequest::default() }
}

fn get(uid: &str) -> GetRequest {
    GetRequest { unique_identifier: Some(uid.into()), ..GetRequest::default() }
}

#[test]
fn calls_are_typed_and_share_a_connection() {
    let place = Place::new();
    let keys = Keys::default();
    let fake = Fake::start(&place.pki, move |request| keys.answer(request));
    let mut client = place.client(&[&fake.address]);
    let made = client.call(create()).unwrap();
    assert_eq!(made.unique_identifier, "0".into());
    let mut answers = client.batch([get("0").into_request(), get("0").into_request()]).unwrap();
    assert_eq!(answers.take::<GetRequest>().unwrap(), answers.take::<GetRequest>().unwrap());
    assert_eq!(fake.connections(), 1);
}

#[test]
fn a_refusal_tells_who_what_and_why() {
    let place = Place::new();
    let fake = Fake::start(&place.pki, |request| Keys::default().answer(request));
    let error = place.client(&[&fake.address]).call(get("7")).unwrap_err();
    assert_eq!((error.exit_code(), error.may_pass()), (4, false));
    let text = error.to_string();
    assert_eq!(text, format!("{} refused Get: ObjectNotFound (not here)", fake.address));
    let Error::Refused(refusal) = error else { panic!("{error:?}") };
    assert!(refusal.is_not_found());
}

#[test]
fn a_batch_that_stops_early_gives_the_refusal_first() {
    let place = Place::new();
    let fake = Fake::start(&place.pki, |request| Keys::default().answer(request));
    let mut client = place.client(&[&fake.address]);
    let mut answers = client.batch([get("7").into_request(), create().into_request()]).unwrap();
    assert!(matches!(answers.take::<GetRequest>(), Err(Error::Refused(_))));
    assert!(matches!(answers.take::<CreateRequest>(), Err(Error::Broken { cause: Cause::Mismatch, .. })));
}

#[test]
fn a_server_that_hung_up_between_calls_is_called_again() {
    let place = Place::new();
    // The answer is the last thing that this server says on a connection.
    let once = Fake::start(&place.pki, {
        let keys = Keys::default();
        move |request: RequestMessage| {
            let version = request.version();
            let Reply::Items(items) = keys.answer(request) else { return Reply::HangUp };
            let answer = kmip_codec::message::ResponseMessage::new(version, Default::default(), items);
            Reply::Bytes(answer.to_bytes())
        }
    });
    let mut client = place.client(&[&once.address]);
    for uid in ["0", "1", "2"] {
        assert_eq!(client.call(create()).unwrap().unique_identifier, uid.into());
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(once.connections(), 3);
}

#[test]
fn a_request_that_may_have_been_carried_out_is_not_sent_twice() {
    let place = Place::new();
    let seen = Arc::new(AtomicUsize::new(0));
    let counter = seen.clone();
    let fake = Fake::start(&place.pki, move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        Reply::HangUp
    });
    let error = place.client(&[&fake.address]).call(create()).unwrap_err();
    assert!(matches!(error, Error::Broken { cause: Cause::Lost(_), .. }), "{error:?}");
    assert_eq!((seen.load(Ordering::SeqCst), error.exit_code()), (1, 3));
}

#[test]
fn dead_servers_before_a_good_one_cost_a_fraction_of_a_second() {
    let place = Place::new();
    // It accepts connections (the kernel does) and never says a word.
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let mute: ServerAddress = mute_address(&mute);
    let closed: ServerAddress = "127.0.0.1:1".parse().unwrap();
    let fake = Fake::start(&place.pki, |request| Keys::default().answer(request));
    let began = Instant::now();
    let made = place.client(&[&mute, &closed, &fake.address]).call(create());
    assert_eq!(made.unwrap().unique_identifier, "0".into());
    assert!(began.elapsed() < Duration::from_millis(1500), "{:?}", began.elapsed());
}

fn mute_address(listener: &TcpListener) -> ServerAddress {
    format!("127.0.0.1:{}", listener.local_addr().unwrap().port()).parse().unwrap()
}

#[test]
fn when_no_server_can_be_reached_each_is_told_with_its_reason() {
    let place = Place::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (mute, closed) = (mute_address(&listener), "localhost:1".parse().unwrap());
    let nameless = "no-such-host.invalid:5696".parse().unwrap();
    let error = place.client(&[&closed, &mute, &nameless]).call(get("0")).unwrap_err();
    let Error::Unreachable(tried) = &error else { panic!("{error:?}") };
    let causes: Vec<_> = tried.iter().map(|each| &each.cause).collect();
    assert!(
        matches!(causes[..], [Cause::Connect(_), Cause::Late, Cause::Name(_) | Cause::Late]),
        "{causes:?}"
    );
    assert!(error.may_pass());
    assert_eq!(error.exit_code(), 3);
}

#[test]
fn a_server_that_does_not_answer_costs_the_time_limit() {
    let place = Place::new();
    let fake = Fake::start(&place.pki, |_| Reply::Silence(Duration::from_secs(20)));
    let began = Instant::now();
    let error = place.client(&[&fake.address]).call(get("0")).unwrap_err();
    assert!(matches!(error, Error::Broken { cause: Cause::Late, .. }), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[test]
fn a_server_of_another_ca_is_not_spoken_to() {
    let (place, other) = (Place::new(), Place::new());
    let fake = Fake::start(&place.pki, |request| Keys::default().answer(request));
    let mut client = place.client_named("client", &other.pki.path("ca.pem"), &[&fake.address]);
    let error = client.call(get("0")).unwrap_err();
    assert!(error.to_string().contains("not from the CA given with --ca"), "{error}");
    assert_eq!((error.exit_code(), error.may_pass()), (4, false), "{error}");
}

/// Such a refusal was told as a server that could not be reached, which scripts try again for ever.
#[test]
fn a_client_whose_certificate_is_not_accepted_is_told_why_and_what_to_do() {
    let (place, other) = (Place::new(), Place::new());
    place.pki.expired_client("late");
    let fake = Fake::start(&place.pki, |request| Keys::default().answer(request));
    let ca = place.pki.path("ca.pem");
    let strange = other.client_named("client", &ca, &[&fake.address]);
    let late = place.client_named("late", &ca, &[&fake.address]);
    for (mut client, why) in [(strange, "`tls.ca`"), (late, "has expired")] {
        let error = client.call(create()).unwrap_err();
        assert_eq!((error.exit_code(), error.may_pass()), (4, false), "{error}");
        let text = error.to_string();
        assert!(text.contains(why) && text.contains("keystead client add"), "{text}");
        assert!(text.starts_with(&fake.address.to_string()), "it was reached: {text}");
    }
}

/// What is written against a closed connection fails before the server's last word is read.
#[test]
fn a_refusal_in_the_middle_of_a_long_request_is_told_too() {
    let (place, other) = (Place::new(), Place::new());
    let fake = Fake::start(&place.pki, |request| Keys::default().answer(request));
    let mut client = other.client_named("client", &place.pki.path("ca.pem"), &[&fake.address]);
    let error = client.batch((0..100_000).map(|_| get("0").into_request())).unwrap_err();
    assert_eq!(error.exit_code(), 4, "{error}");
}

#[test]
fn where_one_server_refuses_the_client_the_others_are_asked() {
    let (place, other) = (Place::new(), Place::new());
    let refusing = Fake::start(&other.pki, |request| Keys::default().answer(request));
    let good = Fake::start(&place.pki, |request| Keys::default().answer(request));
    // The servers' certificates are from both, the client's from one of them.
    let both = place.pki.path("both.pem");
    let pems = [&place, &other].map(|place| std::fs::read_to_string(place.pki.path("ca.pem")).unwrap());
    std::fs::write(&both, pems.concat()).unwrap();
    let made = place.client_named("client", &both, &[&refusing.address, &good.address]).call(create());
    assert_eq!(made.unwrap().unique_identifier, "0".into());
    let down = "127.0.0.1:1".parse().unwrap();
    let error = place.client_named("client", &both, &[&refusing.address, &down]).call(create()).unwrap_err();
    assert_eq!((error.exit_code(), error.may_pass()), (3, true), "the other one may come: {error}");
    assert!(error.to_string().contains("`tls.ca`"), "{error}");
}

#[test]
fn nonsense_is_refused() {
    let place = Place::new();
    let other = || {
        let destroyed = DestroyResponse { unique_identifier: "0".into() };
        let response = Response::Destroy(destroyed);
        ResponseItem {
            operation: Some(response.operation()),
            response: Some(response),
            ..ResponseItem::default()
        }
    };
    let cases = [
        ("4 GiB announced", vec![0x42, 0, 0x7B, 1, 0xFF, 0xFF, 0xFF, 0xF8]),
        ("a request", RequestMessage::new(kmip_codec::version::V2_1, vec![]).to_bytes()),
        ("an empty answer", vec![0x42, 0, 0x7B, 1, 0, 0, 0, 0]),
    ];
    for (name, bytes) in cases {
        let fake = Fake::start(&place.pki, move |_| Reply::Bytes(bytes.clone()));
        let error = place.client(&[&fake.address]).call(get("0")).unwrap_err();
        assert!(matches!(error, Error::Broken { cause: Cause::Message(_), .. }), "{name}: {error:?}");
    }
    let unasked = Fake::start(&place.pki, move |_| Reply::Items(vec![other()]));
    let none = Fake::start(&place.pki, |_| Reply::Items(vec![]));
    for fake in [unasked, none] {
        let error = place.client(&[&fake.address]).call(get("0")).unwrap_err();
        assert!(matches!(error, Error::Broken { cause: Cause::Mismatch, .. }), "{error:?}");
    }
}

/// Who answers in another protocol is no KMIP server, whoever asks again: that was tried until the deadline.
#[test]
fn an_answer_in_another_protocol_is_final_and_named() {
    let place = Place::new();
    for (bytes, words) in [
        (&b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"[..], "an HTTP server"),
        (b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n", "SSH"),
        (b"220 mail.example.com ESMTP\r\n", "`220`"),
        (b"\x16\x03\x03\x00\x7a\x02\x00\x00", "TLS"),
        (b"{\"error\":\"no\"}", "JSON"),
        (b"\x00\x01\x02\x03\x04\x05\x06\x07", "0x000102"),
    ] {
        let fake = Fake::start(&place.pki, move |_| Reply::Bytes(bytes.to_vec()));
        let error = place.client(&[&fake.address]).call(get("0")).unwrap_err();
        assert!(!error.may_pass() && error.exit_code() == 4, "{error}");
        let told = error.to_string();
        assert!(told.contains(words) && told.contains("5696"), "{told}");
        assert!(!told.contains("could be reached") && !told.contains("0x4"), "{told}");
    }
}

/// Answers one connection without TLS, in pieces that come one after the other.
fn answering(pieces: Vec<Vec<u8>>) -> (ServerAddress, std::thread::JoinHandle<()>) {
    use std::io::{Read as _, Write as _};
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string().parse().unwrap();
    let answering = std::thread::spawn(move || {
        let (mut tcp, _) = listener.accept().unwrap();
        let _ = tcp.read(&mut [0; 4096]);
        tcp.set_nodelay(true).unwrap();
        for piece in pieces {
            // Who has heard enough may have gone.
            let _ = tcp.write_all(&piece);
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = tcp.shutdown(std::net::Shutdown::Write);
        let _ = tcp.read(&mut [0; 4096]);
    });
    (address, answering)
}

/// Without TLS the same was told in words of a library, and tried until the deadline.
#[test]
fn who_speaks_without_tls_is_named_and_final() {
    let place = Place::new();
    for (bytes, words, code) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "an HTTP server answered without TLS", 4),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "(status 503)", 3),
        (b"HTTP/1.1 429 Too Many Requests\r\n\r\n", "(status 429)", 3),
        (b"HTTP/1.", "its answer was cut off before the status", 3),
        (b"H", "the other side closed the connection", 3),
        (b"SS", "the other side closed the connection", 3),
        (b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n", "SSH without TLS", 4),
        (b"220 mail.example.com ESMTP\r\n", "`220`", 4),
        (&[0x42, 0, 0x7B, 1, 0, 0, 0, 8], "KMIP without TLS", 4),
        (&[0; 16], "TLS failed", 3),
    ] {
        // At once, and as a network may cut it.
        for pieces in [vec![bytes.to_vec()], bytes.iter().map(|byte| vec![*byte]).collect()] {
            let (address, answering) = answering(pieces);
            let error = place.client(&[&address]).call(get("0")).unwrap_err();
            answering.join().unwrap();
            assert!(error.to_string().contains(words), "{words}: {error}");
            assert_eq!((error.exit_code(), error.may_pass()), (code, code == 3), "{error}");
            let kind = keystead::client::report::Report::from(&error).kind;
            assert_eq!(kind, if code == 4 { "no-kmip" } else { "unreachable" }, "{error}");
        }
    }
}

/// In TLS too a proxy whose server is away or busy says so: nothing is wrong with this client, and it may pass; so may an answer
/// that ends before it says anything.
#[test]
fn a_proxy_whose_server_is_away_may_pass() {
    let place = Place::new();
    let statuses = ["408", "425", "429", "500", "502", "503", "504"];
    let whole = statuses.map(|status| format!("HTTP/1.1 {status} Some Words\r\nContent-Length: 0\r\n\r\n"));
    let cut = ["H", "HTTP/1.", "HTTP/1.1", "HTTP/1.1 40", "{"].map(str::to_owned);
    for answer in whole.into_iter().chain(cut) {
        let answer = answer.into_bytes();
        let fake = Fake::start(&place.pki, move |_| Reply::Bytes(answer.clone()));
        let error = place.client(&[&fake.address]).call(get("0")).unwrap_err();
        assert!(error.may_pass() && error.exit_code() == 3, "{error}");
    }
}

/// What the TLS library says of a connection that ends has an address of its own documentation.
#[test]
fn a_connection_that_ends_is_told_in_words() {
    let place = Place::new();
    let fake = Fake::start(&place.pki, |_| Reply::HangUp);
    let error = place.client(&[&fake.address]).call(get("0")).unwrap_err();
    assert!(error.may_pass() && error.to_string().contains("closed the connection"), "{error}");
    assert!(!error.to_string().contains("://"), "{error}");
}

#[test]
fn a_whole_message_that_is_refused_is_a_refusal() {
    let place = Place::new();
    let fake = Fake::start(&place.pki, |_| {
        Reply::Items(vec![crate::support::keys::done_item(Err(ResultReason::InvalidMessage))])
    });
    let mut client = place.client(&[&fake.address]);
    let mut answers = client.batch([get("0").into_request(), get("1").into_request()]).unwrap();
    let Err(Error::Refused(refusal)) = answers.take::<GetRequest>() else { panic!("not refused") };
    assert_eq!((refusal.operation, refusal.reason), (None, ResultReason::InvalidMessage));
}
