//! KMIP over HTTPS against a real server: the three encodings, what HTTP refuses, and peers that are slow, greedy or
//! talk nonsense. Time limits and places are those of TTLV (`peers`).

use crate::support::dev::{Dev, told};
use crate::support::http::{media_type, post};
use crate::support::wire::{self, Wire};
use kmip_codec::attributes::Attribute;
use kmip_codec::enums::*;
use kmip_codec::message::{RequestMessage, ResponseMessage};
use kmip_codec::objects::{KeyMaterial, KeyValue, ManagedObject};
use kmip_codec::operations::{Request, Response};
use kmip_codec::payloads::*;
use kmip_codec::version::{V1_2, V2_1};
use kmip_codec::wire::Encoding;
use kmip_codec::{SecretBytes, Version};
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Time limits of a second.
const HURRIED: &str =
    "[limits]\nhandshake_seconds = 1\nmessage_seconds = 1\nwrite_seconds = 1\nidle_seconds = 2";

/// Far more than any limit of these servers.
const NEVER: Duration = Duration::from_secs(30);

fn query() -> RequestMessage {
    let functions = vec![QueryFunction::QueryOperations, QueryFunction::QueryObjects];
    let request = QueryRequest { functions, ..QueryRequest::default() };
    RequestMessage::new(V2_1, vec![Request::Query(request).into()])
}

fn is_served(wire: &mut Wire) -> bool {
    wire.post(Encoding::Json, &query())
        .is_ok_and(|answer| answer.items.iter().all(|item| item.result_status == ResultStatus::Success))
}

/// Asks one thing over HTTPS; it must succeed.
fn ask(wire: &mut Wire, encoding: Encoding, version: Version, request: Request) -> Response {
    let answer = wire.post(encoding, &RequestMessage::new(version, vec![request.into()])).unwrap();
    assert_eq!(answer.version(), version);
    answer.items.into_iter().next().unwrap().response.unwrap()
}

fn create() -> Request {
    let attributes = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt),
    ];
    let object_type = ObjectType::SymmetricKey;
    Request::Create(CreateRequest { object_type, attributes: attributes.into(), ..Default::default() })
}

fn key_of(response: Response) -> SecretBytes {
    let Response::Get(GetResponse { object: ManagedObject::SymmetricKey(key), .. }) = response else {
        panic!("{response:?}")
    };
    match key.key_block.key_value {
        Some(KeyValue::Plain(plain)) => match plain.key_material {
            KeyMaterial::Bytes(bytes) => bytes,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_key_made_in_one_encoding_is_had_in_every_other() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(folder.path());
    for version in [V1_2, V2_1] {
        for made_in in Encoding::ALL {
            let mut wire = wire::https(&dev, "one");
            let Response::Create(created) = ask(&mut wire, made_in, version, create()) else { panic!() };
            let id = created.unique_identifier;
            let get =
                || Request::Get(GetRequest { unique_identifier: Some(id.clone()), ..Default::default() });
            let keys: Vec<SecretBytes> =
                Encoding::ALL.map(|encoding| key_of(ask(&mut wire, encoding, version, get()))).into();
            assert!(keys[0].len() == 32 && keys.iter().all(|key| *key == keys[0]));
            let over_ttlv = RequestMessage::new(version, vec![get().into()]).to_bytes();
            let answer = wire::connect(&dev, "one").exchange(&over_ttlv).unwrap();
            let mut answer = ResponseMessage::from_bytes(&answer).unwrap();
            assert!(key_of(answer.items.remove(0).response.unwrap()) == keys[0]);
            let foreign = RequestMessage::new(version, vec![get().into()]);
            let refused = wire::https(&dev, "two").post(made_in, &foreign).unwrap();
            assert_eq!(refused.items[0].result_status, ResultStatus::OperationFailed, "another client's key");
        }
    }
}

#[test]
fn a_certificate_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(folder.path());
    assert!(wire::connect_to(&dev, &dev.https, None).post(Encoding::Json, &query()).is_err());
    let foreign = keystead::pki::make_ca("another CA", keystead::pki::Curve::P256).unwrap();
    let foreign = keystead::pki::Ca::from_pem(&foreign.certificate, &foreign.key).unwrap();
    let pair = foreign.client("one", 1).unwrap();
    assert!(wire::connect_to(&dev, &dev.https, Some(&pair)).post(Encoding::Json, &query()).is_err());
    assert!(is_served(&mut wire::https(&dev, "one")));
}

/// Sends a request and reads what HTTP says to it; the connection ends with a refusal.
fn refused(dev: &Dev, request: &[u8], status: u16) -> String {
    let mut wire = wire::https(dev, "one");
    wire.send(request).unwrap();
    let answer = wire.http_answer().unwrap();
    assert_eq!(answer.status, status, "{answer:?}");
    assert!(answer.head.contains("content-type: text/plain") && answer.head.contains("connection: close"));
    assert!(wire.is_closed());
    format!("{}{}", answer.head, answer.text())
}

#[test]
fn what_is_no_message_is_refused_by_http() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::configured(folder.path(), &[("", "[limits]\nmessage_bytes = 20000")]);
    let json = query().encode(Encoding::Json);
    let with = |from: &str, to: &str| {
        let text = String::from_utf8(post("application/json", &json)).unwrap();
        assert!(text.contains(from));
        text.replacen(from, to, 1).into_bytes()
    };
    assert!(refused(&dev, &with("/kmip ", "/ "), 404).contains("/kmip"));
    assert!(refused(&dev, &with("/kmip ", "/kmip/more "), 404).contains("/kmip"));
    assert!(refused(&dev, b"GET /kmip HTTP/1.1\r\nHost: a\r\n\r\n", 405).contains("allow: post"));
    for method in ["PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "QUERY"] {
        let request = format!("{method} /kmip HTTP/1.1\r\nHost: a\r\n\r\n");
        assert!(refused(&dev, request.as_bytes(), 405).contains("allow: post"), "{method}");
    }
    for target in
        ["/", "//kmip", "/kmip/", "/KMIP", "/kmi%70", "/kmip%00", "/../kmip", "/{a}", "*", "http://a"]
    {
        let request = format!("OPTIONS {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        assert!(refused(&dev, request.as_bytes(), 404).contains("KMIP is at /kmip"), "{target}");
    }
    refused(&dev, b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 404);
    assert!(refused(&dev, &with("application/json", "text/plain"), 415).contains("application/json"));
    assert!(refused(&dev, &with("Content-Type", "Content-Kind"), 415).contains("application/octet-stream"));
    let announced =
        "POST /kmip HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nContent-Length: 20001\r\n\r\n";
    let told = refused(&dev, announced.as_bytes(), 413);
    assert!(
        told.contains("has 20001 bytes, and a message may have 20000 bytes"),
        "before it is sent: {told}"
    );
    let chunk = format!("5000\r\n{}\r\n", " ".repeat(0x5000));
    let chunked =
        "POST /kmip HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert!(refused(&dev, format!("{chunked}{chunk}").as_bytes(), 413).contains("20000 bytes"));
    for (encoding, body) in [
        (Encoding::Ttlv, &b""[..]),
        (Encoding::Ttlv, b"GET / HTTP/1.1"),
        (Encoding::Ttlv, &json),
        (Encoding::Json, b""),
        (Encoding::Json, b"{\"tag\":"),
        (Encoding::Json, b"\xff\xfe"),
        (Encoding::Xml, &json),
        (Encoding::Xml, b"<!DOCTYPE a [<!ENTITY b \"c\">]><RequestMessage>&b;</RequestMessage>"),
    ] {
        let text = refused(&dev, &post(media_type(encoding), body), 400);
        assert!(
            text.contains(&format!("no KMIP message in {encoding}").to_lowercase())
                || text.contains(&encoding.to_string())
        );
    }
    assert!(is_served(&mut wire::https(&dev, "one")));
}

/// What is written well and breaks KMIP's rules is answered in KMIP, and the connection goes on.
#[test]
fn what_breaks_the_rules_of_kmip_is_answered_in_kmip() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(folder.path());
    let mut wire = wire::https(&dev, "one");
    for encoding in Encoding::ALL {
        let mut message = query();
        message.header.batch_count = 2;
        let answer = wire.post(encoding, &message).unwrap();
        assert_eq!(answer.items[0].result_reason, Some(ResultReason::InvalidMessage), "{encoding}");
    }
    let chunks: String = query()
        .to_xml()
        .as_bytes()
        .chunks(7)
        .map(|c| format!("{:x}\r\n{}\r\n", c.len(), String::from_utf8_lossy(c)))
        .collect();
    let head = "POST /kmip?a=b HTTP/1.1\r\nHost: a\r\nContent-Type: Application/XML; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n";
    wire.send(format!("{head}{chunks}0\r\n\r\n").as_bytes()).unwrap();
    let answer = wire.http_answer().unwrap();
    assert!(answer.status == 200 && answer.head.contains("content-type: application/xml\r\n"), "{answer:?}");
    let two = [
        post("application/json", &query().encode(Encoding::Json)),
        post("text/xml", &query().encode(Encoding::Xml)),
    ];
    wire.send(&two.concat()).unwrap();
    ResponseMessage::from_json(wire.http_answer().unwrap().text()).unwrap();
    ResponseMessage::from_xml(wire.http_answer().unwrap().text()).unwrap();
}

/// Old clients, careful ones, and requests that two readers could understand in two ways.
#[test]
fn what_http_clients_may_vary_is_understood_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(folder.path());
    let whole = String::from_utf8(post("application/json", &query().encode(Encoding::Json))).unwrap();
    for (from, to, stays) in [
        ("HTTP/1.1", "HTTP/1.0", false),
        ("HTTP/1.1", "HTTP/1.0\r\nConnection: keep-alive", true),
        ("Host: localhost", "Host: localhost\r\nConnection: close", false),
        ("/kmip", "https://localhost/kmip", true),
        ("Content-Type: application/json", "CONTENT-TYPE:application/JSON;charset=UTF-8", true),
        ("Host: localhost", "Host: localhost\r\nAccept: text/html\r\nAccept-Encoding: gzip", true),
    ] {
        let mut wire = wire::https(&dev, "one");
        assert!(whole.contains(from));
        wire.send(whole.replacen(from, to, 1).as_bytes()).unwrap();
        let answer = wire.http_answer().unwrap();
        assert!(answer.status == 200 && answer.head.contains("cache-control: no-cache"), "{to}: {answer:?}");
        assert!(ResponseMessage::from_json(answer.text()).is_ok());
        assert_eq!(!stays, !stays && wire.is_closed(), "{to}");
        assert!(!stays || is_served(&mut wire), "{to}");
    }
    for (from, to) in [
        ("Host: localhost", "Host: localhost\r\nContent-Length: 1"),
        ("Host: localhost", "Host: localhost\r\nTransfer-Encoding: gzip"),
        ("Content-Length: ", "Content-Length: -"),
        ("Content-Length: ", "Content-Length: 99999999999999999999"),
        ("Host: localhost", "Host: local\nhost\r\n x: y"),
    ] {
        let mut wire = wire::https(&dev, "one");
        wire.send(whole.replacen(from, to, 1).as_bytes()).unwrap();
        let mut answer = String::new();
        let _ = wire.0.read_to_string(&mut answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{to}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), usize::from(!answer.is_empty()), "{to}: {answer}");
    }
}

#[test]
fn bytes_that_are_not_http_end_the_connection() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(folder.path());
    let head = format!("POST /kmip HTTP/1.1\r\nA: {}\r\n\r\n", "a".repeat(100_000));
    let many = format!("POST /kmip HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(1000));
    for bytes in [
        &query().to_bytes()[..],
        &[0; 1000],
        head.as_bytes(),
        many.as_bytes(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let mut wire = wire::https(&dev, "one");
        let _ = wire.send(bytes);
        let mut answer = Vec::new();
        let begin = Instant::now();
        let _ = wire.0.read_to_end(&mut answer);
        assert!(begin.elapsed() < NEVER, "the connection stays open");
        assert!(
            answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"),
            "{}",
            String::from_utf8_lossy(&answer)
        );
    }
    assert!(is_served(&mut wire::https(&dev, "one")));
}

#[test]
fn slow_and_idle_peers_are_cut_off_while_others_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::configured(folder.path(), &[("", HURRIED)]);
    let request = post("application/json", &query().encode(Encoding::Json));
    let begun = |length: usize| {
        let mut wire = wire::https(&dev, "slow");
        wire.send(&request[..length]).unwrap();
        wire
    };
    let mut slow = [0, 1, 40, request.len() - 1].map(begun);
    let mut idle = wire::https(&dev, "idle");
    assert!(is_served(&mut idle));
    // A byte now and then does not help.
    let mut drip = wire::https(&dev, "drip");
    let begin = Instant::now();
    let cut = request.iter().position(|byte| {
        std::thread::sleep(Duration::from_millis(100));
        drip.send(&[*byte]).is_err()
    });
    assert!(cut.is_some_and(|sent| sent < request.len() - 1) && begin.elapsed() < NEVER, "{cut:?}");
    assert!(is_served(&mut wire::https(&dev, "good")));
    for wire in &mut slow {
        let mut answer = String::new();
        let _ = wire.0.read_to_string(&mut answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    }
    assert!(idle.is_closed() && begin.elapsed() < NEVER);
}

#[test]
fn a_peer_that_takes_no_answers_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::configured(folder.path(), &[("", HURRIED)]);
    let many = post("application/json", &query().encode(Encoding::Json)).repeat(100);
    let mut wire = wire::https(&dev, "greedy");
    let begin = Instant::now();
    while wire.send(&many).is_ok() {
        assert!(begin.elapsed() < NEVER, "a peer that is not cut off");
    }
    assert!(is_served(&mut wire::https(&dev, "good")));
}

#[test]
fn https_and_ttlv_share_the_slots() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::configured(folder.path(), &[("", "[limits]\nconnections_per_address = 3")]);
    // One after the other: a connection is idle a moment after its answer has come, and a handshake takes longer than that.
    let served = |_| {
        let mut wire = wire::https(&dev, "one");
        assert!(is_served(&mut wire));
        wire
    };
    let mut wires: Vec<Wire> = (0..2).map(served).collect();
    let mut third = wire::connect(&dev, "one");
    assert!(third.exchange(&query().to_bytes()).is_ok());
    let mut fourth = wire::https(&dev, "one");
    assert!(is_served(&mut fourth));
    assert!(wires[0].is_closed_now(), "it was idle longest");
    assert!(is_served(&mut wires[1]) && third.exchange(&query().to_bytes()).is_ok());
}

#[test]
fn a_stop_lets_the_request_under_way_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut dev = Dev::configured(folder.path(), &[("", "[limits]\nstop_seconds = 120")]);
    let common = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::RSA),
        Attribute::CryptographicLength(4096),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Sign | CryptographicUsageMask::Verify),
    ];
    let request = CreateKeyPairRequest { common: Some(common.into()), ..CreateKeyPairRequest::default() };
    let items = (0..3).map(|_| Request::CreateKeyPair(request.clone()).into()).collect();
    let long = RequestMessage::new(V2_1, items).encode(Encoding::Json);
    let mut idle = wire::https(&dev, "idle");
    assert!(is_served(&mut idle));
    let mut half = wire::https(&dev, "half");
    half.send(b"POST /kmip HTTP/1.1\r\n").unwrap();
    let mut wire = wire::https(&dev, "one");
    wire.send(&post("application/json", &long)).unwrap();
    // The message is with the server once it answers another client that came later.
    assert!(is_served(&mut wire::https(&dev, "two")));
    dev.terminate();
    assert!(idle.is_closed() && half.is_closed(), "nothing of theirs is under way");
    let answer = ResponseMessage::from_json(wire.http_answer().unwrap().text()).unwrap();
    assert!(answer.items.iter().all(|item| item.result_status == ResultStatus::Success));
    assert!(wire.is_closed());
    assert!(dev.wait().success());
}

/// curl is a client that we did not write.
#[test]
fn curl_is_served() {
    if Command::new("curl").arg("--version").output().is_err() {
        return crate::support::skip("curl is not installed");
    }
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(folder.path());
    let file = |name: &str| dev.folder.join(name).to_str().unwrap().to_owned();
    let url = format!("https://localhost:{}/kmip", dev.https.rsplit(':').next().unwrap());
    let curl = |media_type: &str, body: &str| {
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--fail-with-body", "--cacert", &file("ca.pem")]);
        command.args(["--cert", &file("client.pem"), "--key", &file("client.key")]);
        command.args(["--header", &format!("Content-Type: {media_type}"), "--data-binary", "@-", &url]);
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = pipes.spawn().unwrap();
        child.stdin.take().unwrap().write_all(body.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    let answer = ResponseMessage::from_json(&told(curl("application/json", &query().to_json()))).unwrap();
    assert_eq!(answer.items[0].result_status, ResultStatus::Success);
    let answer = ResponseMessage::from_xml(&told(curl("text/xml", &query().to_xml()))).unwrap();
    assert_eq!(answer.items[0].result_status, ResultStatus::Success);
    // Longer than curl sends without asking first (Expect: 100-continue).
    let long = query().to_json() + &" ".repeat(3_000_000);
    assert!(ResponseMessage::from_json(&told(curl("application/json", &long))).is_ok());
    let refused = curl("text/html", "<p>");
    assert!(!refused.status.success() && String::from_utf8(refused.stdout).unwrap().contains("Content-Type"));
}
