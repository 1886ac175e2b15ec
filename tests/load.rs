//! Much slow work of one client, password guesses or key pairs, on more connections than the server has threads for it:
//! others are served meanwhile, over TTLV and over HTTPS. With as many turns as are asked for, this is red.
#![allow(clippy::unwrap_used, reason = "a test: it stops where it stands")]

mod support;

use kmip_codec::attributes::Attribute;
use kmip_codec::enums::*;
use kmip_codec::message::{Authentication, Credential, RequestMessage, ResponseMessage, UsernameAndPassword};
use kmip_codec::operations::Request;
use kmip_codec::payloads::*;
use kmip_codec::version::V1_4;
use kmip_codec::wire::Encoding;
use std::time::Duration;
use support::dev::Dev;
use support::wire::{self, Wire};

/// More than the threads that the server blocks at most.
const FLOOD: usize = 80;

/// A password that takes long to check.
const CONFIGURATION: &str = r#"
[limits]
stop_seconds = 1

[[personas]]
name = "with-password"
switches = { credentials = "require" }

[[clients]]
name = "guesser"
persona = "with-password"

[[credentials]]
name = "fred"
username = "Fred"
password = "pbkdf2-sha256:4000000:00112233445566778899aabbccddeeff:0000000000000000000000000000000000000000000000000000000000000000"
"#;

fn query() -> RequestMessage {
    let functions = vec![QueryFunction::QueryOperations];
    RequestMessage::new(V1_4, vec![Request::Query(QueryRequest { functions, ..Default::default() }).into()])
}

/// A guess at a password.
fn guess() -> RequestMessage {
    let mut message = query();
    let (username, password) = ("Fred".to_owned(), Some("guess".to_owned().into()));
    let credentials = vec![Credential::UsernameAndPassword(UsernameAndPassword { username, password })];
    message.header.authentication = Some(Authentication { credentials });
    message
}

/// Key pairs that take long to make.
fn pairs() -> RequestMessage {
    let common = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::RSA),
        Attribute::CryptographicLength(4096),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Sign | CryptographicUsageMask::Verify),
    ];
    let request = CreateKeyPairRequest { common: Some(common.into()), ..Default::default() };
    let items = (0..4).map(|_| Request::CreateKeyPair(request.clone()).into()).collect();
    RequestMessage::new(V1_4, items)
}

fn is_good(answer: &ResponseMessage) -> bool {
    answer.items.iter().all(|item| item.result_status == ResultStatus::Success)
}

#[test]
fn who_asks_for_much_slow_work_keeps_nobody_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::configured(folder.path(), &[("", CONFIGURATION)]);
    let mut ttlv = wire::connect(&dev, "good");
    let mut https = wire::https(&dev, "good");
    ttlv.exchange(&query().to_bytes()).unwrap();
    https.post(Encoding::Json, &query()).unwrap();
    for (name, message) in [("guesser", guess()), ("maker", pairs())] {
        let mut flood: Vec<Wire> = (0..FLOOD).map(|_| wire::connect(&dev, name)).collect();
        for wire in &mut flood {
            wire.0.conn.complete_io(&mut wire.0.sock).unwrap();
        }
        flood.iter_mut().for_each(|wire| wire.send(&message.to_bytes()).unwrap());
        // What is quick is answered before all of what is slow.
        for _ in 0..3 {
            let answer = ttlv.exchange(&query().to_bytes()).unwrap();
            assert!(is_good(&ResponseMessage::from_bytes(&answer).unwrap()));
            assert!(is_good(&https.post(Encoding::Json, &query()).unwrap()));
        }
        let socket = &flood.last().unwrap().0.sock;
        socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        assert!(flood.last_mut().unwrap().receive().is_err(), "{name}: the slow work came first");
    }
}
