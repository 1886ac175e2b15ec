//! Wrong input to a real server: each gets a clear error, nothing is lost, and other clients go on. Messages that are
//! malformed have tests/server/malformed.

mod configuration;
mod names;
mod reload;
mod turned_away;

use crate::support::dev::Dev;
use crate::support::wire::{self, Wire};
use keystead::pki::{Ca, Curve, make_ca};
use kmip_codec::Version;
use kmip_codec::attributes::{Attribute, Name};
use kmip_codec::enums::*;
use kmip_codec::message::{
    Authentication, Credential, RequestItem, RequestMessage, ResponseMessage, UsernameAndPassword,
};
use kmip_codec::operations::{Operation, Request};
use kmip_codec::payloads::*;
use kmip_codec::version::*;
use std::path::Path;
use std::process::{Command, Output};

fn server() -> (tempfile::TempDir, Dev) {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(&folder.path().join("server"));
    (folder, dev)
}

fn query(version: Version) -> RequestMessage {
    let request = QueryRequest { functions: vec![QueryFunction::QueryOperations], ..QueryRequest::default() };
    RequestMessage::new(version, vec![RequestItem::from(Request::Query(request))])
}

fn create(name: &str) -> Request {
    let attributes = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(128),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
        Attribute::Name(Name::text(name)),
    ];
    let object_type = ObjectType::SymmetricKey;
    Request::Create(CreateRequest { object_type, attributes: attributes.into(), ..CreateRequest::default() })
}

fn answer(bytes: &[u8]) -> ResponseMessage {
    ResponseMessage::from_bytes(bytes).unwrap()
}

fn reason(bytes: &[u8]) -> Option<ResultReason> {
    answer(bytes).items[0].result_reason
}

/// Another client is served all the while.
fn goes_on(wire: &mut Wire) {
    let bytes = wire.exchange(&query(V2_1).to_bytes()).unwrap();
    assert_eq!(answer(&bytes).items[0].result_status, ResultStatus::Success);
}

#[test]
fn versions_and_operations_that_are_not_spoken_are_answered_in_the_nearest_way() {
    let (_folder, dev) = server();
    let mut wire = wire::connect(&dev, "one");
    for (asked, answered) in [((3, 0), V2_1), ((1, 9), V1_4), ((0, 9), V1_0)] {
        let mut bytes = query(V1_4).to_bytes();
        for (tag, number) in [(0x6a, asked.0), (0x6b, asked.1)] {
            let place = bytes.windows(4).position(|w| w == [0x42, 0x00, tag, 0x02]).unwrap();
            bytes[place + 11] = number;
        }
        let bytes = wire.exchange(&bytes).unwrap();
        assert_eq!(answer(&bytes).version(), answered);
    }
    let payload = kmip_codec::item::ItemValue::Structure(Vec::new());
    let mut message = RequestMessage::new(
        V1_2,
        vec![Request::Unknown(Operation(0x77), payload).into(), create("a").into()],
    );
    message.header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Continue);
    let items = answer(&wire.exchange(&message.to_bytes()).unwrap()).items;
    assert_eq!(items[0].result_reason, Some(ResultReason::OperationNotSupported));
    assert_eq!(items[1].result_status, ResultStatus::Success);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let (_folder, dev) = server();
    let mut wire = wire::connect(&dev, "one");
    let versions = [V1_0, V1_1, V1_2, V1_3, V1_4, V2_0, V2_1, V1_0];
    let sent: Vec<u8> = versions.iter().flat_map(|version| query(*version).to_bytes()).collect();
    wire.send(&sent).unwrap();
    for version in versions {
        assert_eq!(answer(&wire.receive().unwrap()).version(), version);
    }
}

#[test]
fn an_answer_longer_than_the_client_wants_is_refused_and_changes_nothing() {
    let (_folder, dev) = server();
    let mut wire = wire::connect(&dev, "one");
    let mut message = RequestMessage::new(V1_4, vec![create("too long").into()]);
    message.header.maximum_response_size = Some(100);
    assert_eq!(reason(&wire.exchange(&message.to_bytes()).unwrap()), Some(ResultReason::ResponseTooLarge));
    message.header.maximum_response_size = Some(10_000);
    let bytes = wire.exchange(&message.to_bytes()).unwrap();
    assert_eq!(answer(&bytes).items[0].result_status, ResultStatus::Success, "the name is still free");
}

#[test]
fn a_credential_in_the_header_is_accepted_and_has_no_effect() {
    let (_folder, dev) = server();
    let mut wire = wire::connect(&dev, "one");
    let password =
        UsernameAndPassword { username: "admin".into(), password: Some("secret".to_owned().into()) };
    let mut message = query(V1_0);
    message.header.authentication =
        Some(Authentication { credentials: vec![Credential::UsernameAndPassword(password)] });
    let bytes = wire.exchange(&message.to_bytes()).unwrap();
    assert_eq!(answer(&bytes).items[0].result_status, ResultStatus::Success);
}

#[test]
fn without_a_good_certificate_nobody_comes_in() {
    let (_folder, dev) = server();
    let mut other = wire::connect(&dev, "other");
    let ca = wire::ca(&dev);
    let foreign = make_ca("another CA", Curve::P256).unwrap();
    let foreign = Ca::from_pem(&foreign.certificate, &foreign.key).unwrap().client("one", 1).unwrap();
    let expired = ca.client("one", -1).unwrap();
    for pair in [None, Some(&foreign), Some(&expired)] {
        let mut wire = wire::connect_with(&dev, pair);
        assert!(wire.exchange(&query(V2_1).to_bytes()).is_err());
    }
    goes_on(&mut other);
}

#[test]
fn a_stop_lets_a_server_start_again_with_what_it_had() {
    let (_folder, dev) = server();
    let mut wire = wire::connect(&dev, "one");
    let bytes = wire.exchange(&RequestMessage::new(V2_1, vec![create("kept").into()]).to_bytes()).unwrap();
    assert_eq!(answer(&bytes).items[0].result_status, ResultStatus::Success);
    let place = dev.folder.clone();
    let begin = std::time::Instant::now();
    drop(dev);
    assert!(begin.elapsed().as_secs() < 10, "an idle connection held up the stop");
    let dev = Dev::start_quietly(&place);
    let bytes = wire::connect(&dev, "one")
        .exchange(&RequestMessage::new(V2_1, vec![create("kept").into()]).to_bytes())
        .unwrap();
    assert_eq!(reason(&bytes), Some(ResultReason::NonUniqueNameAttribute));
}

fn keystead(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_keystead")).args(args).output().unwrap()
}

fn fails_with(code: i32, output: &Output, words: &[&str]) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{text}");
    for word in words {
        assert!(text.contains(word), "{word:?} is not in {text}");
    }
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let (folder, dev) = server();
    let place = dev.folder.to_str().unwrap().to_owned();
    let port_in_use =
        keystead(&["dev", "--dir", folder.path().join("b").to_str().unwrap(), "--listen", &dev.address]);
    fails_with(14, &port_in_use, &[&dev.address, "Is another server running there?"]);
    let second = keystead(&["dev", "--dir", &place, "--listen", "127.0.0.1:0"]);
    fails_with(15, &second, &["is in use by keystead, process"]);
    drop(dev);
    let start = || keystead(&["dev", "--dir", &place, "--listen", "127.0.0.1:0"]);
    let file = |name: &str| Path::new(&place).join(name);
    let config = std::fs::read_to_string(file("keystead.toml")).unwrap();
    let change =
        |from: &str, to: &str| std::fs::write(file("keystead.toml"), config.replace(from, to)).unwrap();

    change("[store]", "[store]\ncompress = true");
    fails_with(10, &start(), &["keystead.toml", "compress", "unknown field"]);
    change("token = \"keystead-dev\"", "token = \"nowhere\"");
    fails_with(13, &start(), &["no token labelled \"nowhere\"", "keystead-dev"]);
    change("token = \"keystead-dev\"", "slot = 77");
    let slots = start();
    fails_with(13, &slots, &["slot 77", "Correct `hsm.slot`", "\"keystead-dev\" in slot "]);
    assert!(!String::from_utf8_lossy(&slots.stderr).contains("hsm.token"), "the log names another key");
    change("module = \"", "module = \"/nowhere");
    fails_with(10, &start(), &["cannot load the PKCS#11 module /nowhere"]);
    change("[objects]", "[limits]\nconnections = 0\n[objects]");
    fails_with(10, &start(), &["limits.connections = 0"]);
    change("[hsm]", "[hsm]\nserial = \"1\"");
    fails_with(10, &start(), &["name the token in one way"]);
    for level in ["loud", "a=b=c"] {
        change("level = \"info\"", &format!("level = {level:?}"));
        fails_with(10, &start(), &["keystead.toml", "log.level", level, "\"debug\""]);
    }
    change("", "");

    let pin = std::fs::read(file("pin")).unwrap();
    std::fs::write(file("pin"), "000000").unwrap();
    fails_with(11, &start(), &["refused the PIN", "not tried again"]);
    std::fs::write(file("pin"), pin).unwrap();
}

/// A store with the token of another: refused, and whole again with its own.
#[test]
fn a_store_is_refused_with_the_token_of_another() {
    let (folder, dev) = server();
    let other = folder.path().join("other");
    drop(Dev::start_quietly(&other));
    let place = dev.folder.clone();
    drop(dev);
    let swap = |from: &Path, to: &Path| {
        for name in ["tokens", "pin"] {
            std::fs::rename(from.join(name), to.join(format!("{name}.aside"))).unwrap();
        }
    };
    swap(&place, &place);
    for name in ["tokens", "pin"] {
        std::fs::rename(other.join(name), place.join(name)).unwrap();
    }
    let refused = keystead(&["dev", "--dir", place.to_str().unwrap(), "--listen", "127.0.0.1:0"]);
    fails_with(12, &refused, &["this is another token"]);
    for name in ["tokens", "pin"] {
        std::fs::rename(place.join(name), other.join(name)).unwrap();
        std::fs::rename(place.join(format!("{name}.aside")), place.join(name)).unwrap();
    }
    goes_on(&mut wire::connect(&Dev::start_quietly(&place), "one"));
}

/// Software keys are for who asks for danger by name.
#[test]
fn software_keys_need_a_name_that_says_danger() {
    let (_folder, dev) = server();
    let place = dev.folder.clone();
    drop(dev);
    let file = place.join("keystead.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    let start = config.find("[hsm]").unwrap();
    let end = config.find("[vault]").unwrap();
    let with = |hsm: &str| std::fs::write(&file, [&config[..start], hsm, &config[end..]].concat()).unwrap();
    with("[hsm]\n");
    let serve = keystead(&["serve", "--config", file.to_str().unwrap()]);
    fails_with(10, &serve, &["hsm.module is missing"]);
    with("[hsm]\ndanger_software_keys = \"keys\"\n");
    std::fs::remove_dir_all(place.join("store")).unwrap();
    std::fs::create_dir(place.join("store")).unwrap();
    std::fs::write(place.join("store/begin-anew"), "").unwrap();
    goes_on(&mut wire::connect(&Dev::start_quietly(&place), "one"));
    let mut files = std::fs::read_dir(place.join("keys")).unwrap();
    assert!(files.next().unwrap().unwrap().file_name().to_string_lossy().starts_with("danger-keystead-"));
}
