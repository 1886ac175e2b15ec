//! `keystead explain` against a real server: what failed or was odd is told, with clause and advice and without a
//! secret, and replays as a regression case.

mod memory;
mod replay;

use crate::support::dev::{Dev, told};
use crate::support::hunt;
use crate::support::wire::{self, Wire};
use keystead::explain::Exchange;
use kmip_codec::attributes::{Attribute, AttributeFilter, Name, UnknownAttribute};
use kmip_codec::enums::*;
use kmip_codec::item::ItemValue;
use kmip_codec::message::*;
use kmip_codec::objects::*;
use kmip_codec::operations::{Request, Response};
use kmip_codec::payloads::*;
use kmip_codec::value::{Data, UniqueIdentifier};
use kmip_codec::version::{V1_0, V1_2, V1_4, V2_1};
use kmip_codec::{Tag, Version};
use std::path::Path;

fn send(wire: &mut Wire, message: &RequestMessage) -> ResponseItem {
    let bytes = wire.exchange(&message.to_bytes()).unwrap();
    ResponseMessage::from_bytes(&bytes).unwrap().items.remove(0)
}

fn ask(wire: &mut Wire, version: Version, request: Request) -> ResponseItem {
    send(wire, &RequestMessage::new(version, vec![request.into()]))
}

fn created(wire: &mut Wire) -> UniqueIdentifier {
    let attributes = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
    ];
    let object_type = ObjectType::SymmetricKey;
    let request = CreateRequest { object_type, attributes: attributes.into(), ..CreateRequest::default() };
    match ask(wire, V2_1, Request::Create(request)).response {
        Some(Response::Create(made)) => made.unique_identifier,
        other => panic!("{other:?}"),
    }
}

fn encrypt(id: &UniqueIdentifier, data: &[u8]) -> Request {
    Request::Encrypt(EncryptRequest {
        unique_identifier: Some(id.clone()),
        data: Some(Data::Bytes(data.into())),
        iv_counter_nonce: Some(vec![3; 16].into()),
        ..EncryptRequest::default()
    })
}

fn locate(attributes: Vec<Attribute>) -> Request {
    let attributes = Some(AttributeFilter(attributes.into_iter().collect()));
    Request::Locate(LocateRequest { attributes, ..LocateRequest::default() })
}

/// The number of the request, at the end of the message.
fn number(item: &ResponseItem) -> String {
    let message = item.result_message.clone().unwrap();
    let (_, number) = message.split_once(" (request ").unwrap_or_else(|| panic!("no number in {message:?}"));
    number.trim_end_matches(')').to_owned()
}

fn explained(dev: &Dev, id: &str) -> Exchange {
    serde_json::from_str(&told(dev.keystead("admin", &["explain", id, "--json"]))).unwrap()
}

fn list(dev: &Dev, more: &[&str]) -> Vec<Exchange> {
    let args = [&["explain", "--json"], more].concat();
    serde_json::from_str(&told(dev.keystead("admin", &args))).unwrap()
}

#[test]
fn a_refusal_is_explained_with_clause_state_and_advice_and_replays() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(&folder.path().join("one"));
    let mut ann = wire::connect(&dev, "ann");
    let id = created(&mut ann);
    let item = ask(&mut ann, V1_2, encrypt(&id, b"nobody shall read this"));
    let exchange = explained(&dev, &number(&item));
    assert_eq!((exchange.client.as_str(), exchange.version.as_str()), ("ann", "1.2"));
    assert_eq!((exchange.operation.as_str(), exchange.what.as_str()), ("Encrypt", "WrongState"));
    assert_eq!(exchange.clause, "KMIP 1.2, 3.22: the attribute State");
    assert_eq!(
        (exchange.objects[0].state.as_str(), exchange.objects[0].uses.as_str()),
        ("PreActive", "Encrypt")
    );
    assert!(exchange.advice.contains("activate it"), "{}", exchange.advice);

    let text = told(dev.keystead("admin", &["explain", &number(&item)]));
    for wanted in ["3.22", "SymmetricKey AES 256, PreActive, may Encrypt", "Data: [22 bytes, fingerprint"] {
        assert!(text.contains(wanted), "{wanted:?} is not in\n{text}");
    }
    let file = folder.path().join("case.xml");
    let write = ["explain", &number(&item), "--write", file.to_str().unwrap()];
    told(dev.keystead("admin", &write));
    assert!(!dev.keystead("admin", &write).status.success(), "the file was overwritten");
    let case = std::fs::read_to_string(&file).unwrap();
    assert!(!case.contains("secret:") && case.contains("$object-1") && case.contains("$secret-1"), "{case}");

    // On another server, with another key and other data, it ends in the same way.
    drop(dev);
    let other = Dev::start_quietly(&folder.path().join("two"));
    let (wanted, got) = replay::replay(&mut wire::connect(&other, "bob"), &case);
    assert_eq!(wanted, got);
    assert_eq!(wanted, [(Some("OperationFailed".to_owned()), Some("PermissionDenied".to_owned()))]);
}

/// The cases of `tests/regressions` end as they say.
#[test]
fn regression_cases_replay() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(folder.path());
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/regressions");
    let mut count = 0;
    for entry in std::fs::read_dir(cases).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let (wanted, got) =
            replay::replay(&mut wire::connect(&dev, name), &std::fs::read_to_string(&path).unwrap());
        assert_eq!(wanted, got, "{}", path.display());
        count += 1;
    }
    assert!(count >= 3, "{count} cases");
}

#[test]
fn odd_successes_and_foreign_objects_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(folder.path());
    let mut ann = wire::connect(&dev, "ann");
    let id = created(&mut ann);
    let UniqueIdentifier::Text(id_text) = &id else { panic!() };

    // Odd: nothing found, and once in the list however often it happens.
    for _ in 0..3 {
        let found = ask(&mut ann, V1_0, locate(vec![Attribute::Name(Name::text("volume"))]));
        assert_eq!(found.result_status, ResultStatus::Success);
    }
    let odd = list(&dev, &["--client", "ann"]);
    assert_eq!((odd.len(), odd[0].what.as_str(), odd[0].times, odd[0].odd), (1, "FoundNothing", 3, true));
    let shown = told(dev.keystead("admin", &["explain", &odd[0].id.to_string()]));
    assert!(shown.contains("NameValue: volume") && shown.contains("KMIP 1.0, 4.8: Locate"), "{shown}");

    let unknown = UnknownAttribute {
        tag: Tag::Attribute,
        name: "Colour".to_owned(),
        value: Some(ItemValue::TextString("red".to_owned())),
    };
    ask(&mut ann, V1_4, locate(vec![Attribute::Unknown(unknown)]));
    assert_eq!(list(&dev, &["--last", "1"])[0].what, "UnknownFilter");

    // A credential without effect.
    let mut message = RequestMessage::new(V1_0, vec![locate(vec![]).into()]);
    let password =
        UsernameAndPassword { username: "ann".to_owned(), password: Some("tell nobody".to_owned().into()) };
    message.header.authentication =
        Some(Authentication { credentials: vec![Credential::UsernameAndPassword(password)] });
    assert_eq!(send(&mut ann, &message).result_status, ResultStatus::Success);
    assert_eq!(list(&dev, &["--last", "1"])[0].what, "CredentialIgnored");

    // Another client's object does not exist, and the administrator is told whose it is.
    let get = Request::Get(GetRequest { unique_identifier: Some(id.clone()), ..GetRequest::default() });
    let refused = ask(&mut wire::connect(&dev, "bob"), V2_1, get);
    let message = refused.result_message.clone().unwrap();
    assert!(message.contains("check the identifier") && !message.contains("belongs"), "{message}");
    let foreign = explained(&dev, &number(&refused));
    assert_eq!(
        (foreign.objects[0].id.as_str(), foreign.objects[0].foreign_owner.as_deref()),
        (id_text.as_str(), Some("ann"))
    );
    assert_eq!(foreign.clause, "KMIP 2.1, 6.1.19.1: the errors of Get");
}

#[test]
fn unreadable_messages_and_strangers_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(folder.path());
    let mut ann = wire::connect(&dev, "ann");

    // Bytes that are no message: kind, tag and place are told, of the bytes nothing.
    let mut broken = RequestMessage::new(V2_1, vec![locate(vec![]).into()]).to_bytes();
    // The length of the header.
    broken[15] = 0xf8;
    let answer = ResponseMessage::from_bytes(&ann.exchange(&broken).unwrap()).unwrap();
    let unreadable = explained(&dev, &number(&answer.items[0]));
    assert!(unreadable.request.is_empty() && !unreadable.clause.is_empty(), "{unreadable:?}");
    let file = folder.path().join("no.xml");
    let write =
        dev.keystead("admin", &["explain", &number(&answer.items[0]), "--write", file.to_str().unwrap()]);
    assert!(!write.status.success() && !file.exists());

    // Whom TLS turns away.
    drop(wire::connect_with(&dev, None).exchange(&broken));
    let strangers = list(&dev, &["--client", ""]);
    assert_eq!(strangers[0].what, "NoCertificate");
    assert!(
        strangers[0].message.contains("certificate") || strangers[0].message.contains("Certificate"),
        "{strangers:?}"
    );
}

#[test]
fn administrators_alone_are_told_and_it_can_be_switched_off() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::configured(folder.path(), &[("", "[explain]\nenabled = false")]);
    let mut ann = wire::connect(&dev, "ann");
    let refused = ask(&mut ann, V2_1, encrypt(&"nothing".into(), b""));
    assert!(list(&dev, &[]).is_empty());
    let output = dev.keystead("admin", &["explain", &number(&refused)]);
    assert_eq!(output.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&output.stderr).contains("nothing is kept of request"));
    for args in [&["explain"][..], &["explain", "1"]] {
        let output = dev.keystead("client", args);
        assert_eq!(output.status.code(), Some(4));
        assert!(String::from_utf8_lossy(&output.stderr).contains("no administrator"));
    }
}

/// Keys, data, passwords: whatever fails, none of their bytes is in what an administrator is shown.
#[test]
fn no_secret_stands_in_what_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(folder.path());
    let mut ann = wire::connect(&dev, "ann");
    let id = created(&mut ann);
    let secrets: [&[u8]; 3] =
        [b"a key that nobody else shall have", b"data of a customer, in clear", b"correct horse battery"];
    let key_material = KeyMaterial::Bytes(secrets[0].into());
    let key_block = KeyBlock {
        key_format_type: KeyFormatType::Raw,
        key_value: Some(KeyValue::Plain(PlainKeyValue { key_material, attributes: None })),
        cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
        cryptographic_length: Some(256),
        ..KeyBlock::default()
    };
    let register = RegisterRequest {
        object_type: ObjectType::SymmetricKey,
        object: ManagedObject::SymmetricKey(SymmetricKey { key_block }),
        ..RegisterRequest::default()
    };
    let mut message =
        RequestMessage::new(V2_1, vec![Request::Register(register).into(), encrypt(&id, secrets[1]).into()]);
    let password = String::from_utf8(secrets[2].to_vec()).unwrap();
    let password = UsernameAndPassword { username: "ann".to_owned(), password: Some(password.into()) };
    message.header.authentication =
        Some(Authentication { credentials: vec![Credential::UsernameAndPassword(password)] });
    message.header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Continue);
    let answer = ResponseMessage::from_bytes(&ann.exchange(&message.to_bytes()).unwrap()).unwrap();
    let failed =
        answer.items.iter().find(|item| item.result_status == ResultStatus::OperationFailed).unwrap();
    let file = folder.path().join("case.xml");
    let id = number(failed);
    let shown = [
        told(dev.keystead("admin", &["explain", &id, "--json"])),
        told(dev.keystead("admin", &["explain", &id])),
        told(dev.keystead("admin", &["explain", "--json"])),
        told(dev.keystead("admin", &["explain", &id, "--write", file.to_str().unwrap()])),
        std::fs::read_to_string(&file).unwrap(),
    ];
    for text in shown {
        assert!(secrets.iter().all(|secret| !hunt::holds(text.as_bytes(), secret)), "{text}");
        assert!(text.contains("Register") || text.contains("Encrypt"), "{text}");
    }
}
