//! What the configuration promises: when the HSM is asked, when reads are on disk; and that no log tells a secret.

mod hanging;
mod lost;
mod memory;
mod starting;

use crate::support::dev::{Dev, told};
use crate::support::hunt;
use crate::support::wire::{self, Wire};
use keystead::audit::Entry;
use keystead::store::audit_log;
use keystead::store::{Database, Engine};
use kmip_codec::attributes::Attribute;
use kmip_codec::enums::*;
use kmip_codec::message::{RequestMessage, ResponseItem, ResponseMessage};
use kmip_codec::objects::{KeyBlock, KeyMaterial, KeyValue, ManagedObject, PlainKeyValue, SecretData};
use kmip_codec::operations::{Request, Response};
use kmip_codec::payloads::*;
use kmip_codec::value::UniqueIdentifier;
use kmip_codec::version::V2_1;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

fn ask(wire: &mut Wire, request: Request) -> ResponseItem {
    let bytes = wire.exchange(&RequestMessage::new(V2_1, vec![request.into()]).to_bytes()).unwrap();
    ResponseMessage::from_bytes(&bytes).unwrap().items.remove(0)
}

/// The request for an AES key.
fn key() -> CreateRequest {
    let attributes = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
    ];
    let object_type = ObjectType::SymmetricKey;
    CreateRequest { object_type, attributes: attributes.into(), ..CreateRequest::default() }
}

fn created(wire: &mut Wire) -> UniqueIdentifier {
    match ask(wire, Request::Create(key())).response {
        Some(Response::Create(made)) => made.unique_identifier,
        other => panic!("{other:?}"),
    }
}

fn get(wire: &mut Wire, id: &UniqueIdentifier) -> ResponseItem {
    ask(wire, Request::Get(GetRequest { unique_identifier: Some(id.clone()), ..GetRequest::default() }))
}

#[test]
fn in_strict_mode_every_request_that_needs_a_key_asks_the_hsm() {
    for (mode, without_token) in
        [("cached", ResultStatus::Success), ("strict", ResultStatus::OperationFailed)]
    {
        let folder = tempfile::tempdir().unwrap();
        let dev = Dev::configured(folder.path(), &[("mode = \"cached\"", &format!("mode = \"{mode}\""))]);
        let mut wire = wire::connect(&dev, "one");
        let id = created(&mut wire);
        assert_eq!(get(&mut wire, &id).result_status, ResultStatus::Success, "{mode}");
        told(dev.keystead("admin", &["ready"]));

        let (tokens, aside) = (folder.path().join("tokens"), folder.path().join("aside"));
        std::fs::rename(&tokens, &aside).unwrap();
        let item = get(&mut wire, &id);
        assert_eq!(item.result_status, without_token, "{mode}");
        if without_token == ResultStatus::OperationFailed {
            assert_eq!(item.result_reason, Some(ResultReason::InternalServerError));
            assert!(item.result_message.unwrap().contains("its log has the reason"));
        }
        assert!(!dev.keystead("admin", &["ready"]).status.success(), "{mode}: ready without a token");

        // Back again, it is used without a restart.
        let _ = std::fs::remove_dir_all(&tokens);
        std::fs::rename(&aside, &tokens).unwrap();
        let back = Instant::now();
        while !dev.keystead("admin", &["ready"]).status.success() {
            assert!(back.elapsed() < Duration::from_secs(5), "{mode}: the token is not used again");
        }
        assert_eq!(get(&mut wire, &id).result_status, ResultStatus::Success, "{mode}");
        assert!(back.elapsed() < Duration::from_secs(5), "{mode}");
        drop(dev);
        let dev = Dev::start_quietly(folder.path());
        assert_eq!(get(&mut wire::connect(&dev, "one"), &id).result_status, ResultStatus::Success, "{mode}");
    }
}

/// No key leaves unrecorded, even where the server dies right behind its answer.
#[test]
fn a_read_is_in_the_audit_when_the_server_dies_behind_its_answer() {
    for reads in ["written", "durable"] {
        let folder = tempfile::tempdir().unwrap();
        let dev = Dev::configured(folder.path(), &[("reads = \"written\"", &format!("reads = \"{reads}\""))]);
        let mut wire = wire::connect(&dev, "one");
        let id = created(&mut wire);
        for _ in 0..5 {
            assert_eq!(get(&mut wire, &id).result_status, ResultStatus::Success);
        }
        dev.kill();
        let database = Database::open(Engine::Redb, &folder.path().join("store")).unwrap();
        let mut gets = 0;
        let mut visit = |_, entry: Entry| gets += usize::from(entry.operation == "Get");
        // What the journal holds is taken into the chain when the store is opened.
        drop(database);
        let database = Database::open(Engine::Redb, &folder.path().join("store")).unwrap();
        audit_log::verify(&*database.snapshot().unwrap(), &mut visit).unwrap().unwrap();
        assert_eq!(gets, 5, "{reads}");
    }
}

/// What the audit says of an item is what its answer says: an undone Get was a failure in the audit, and gave the key.
#[test]
fn the_audit_says_what_the_answers_say() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::configured(folder.path(), &[]);
    let mut wire = wire::connect(&dev, "one");
    let id = created(&mut wire);
    let get = |id: &UniqueIdentifier| {
        Request::Get(GetRequest { unique_identifier: Some(id.clone()), ..GetRequest::default() })
    };
    let mut message = RequestMessage::new(V2_1, vec![get(&id).into(), get(&"nothing".into()).into()]);
    message.header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Undo);
    let undone = ResponseMessage::from_bytes(&wire.exchange(&message.to_bytes()).unwrap()).unwrap();
    let statuses: Vec<_> = undone.items.iter().map(|item| item.result_status).collect();
    assert_eq!(statuses, [ResultStatus::OperationUndone, ResultStatus::OperationFailed]);
    assert_eq!(undone.items[0].response, None, "no key leaves");
    let mut long = RequestMessage::new(V2_1, vec![get(&id).into(), get(&id).into()]);
    long.header.maximum_response_size = Some(100);
    let refused = ResponseMessage::from_bytes(&wire.exchange(&long.to_bytes()).unwrap()).unwrap();
    assert_eq!(refused.items[0].result_reason, Some(ResultReason::ResponseTooLarge));
    dev.kill();
    drop(Database::open(Engine::Redb, &folder.path().join("store")).unwrap());
    let database = Database::open(Engine::Redb, &folder.path().join("store")).unwrap();
    let mut said = Vec::new();
    let mut visit = |_, entry: Entry| {
        if entry.operation == "Get" {
            said.push((entry.objects, entry.outcome));
        }
    };
    audit_log::verify(&*database.snapshot().unwrap(), &mut visit).unwrap().unwrap();
    let UniqueIdentifier::Text(id) = id else { panic!("{id:?}") };
    let entry = |object: &str, outcome: &str| (vec![object.to_owned()], outcome.to_owned());
    assert_eq!(
        said,
        [
            entry(&id, "OperationUndone"),
            entry("nothing", "ObjectNotFound"),
            entry(&id, "ResponseTooLarge"),
            entry(&id, "ResponseTooLarge"),
        ]
    );
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// At the most talkative log level, on disk, and behind every way in and out, no key byte stands in clear.
#[test]
fn no_secret_stands_in_the_log_or_in_any_file() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("server");
    drop(Dev::configured(&place, &[("level = \"info\"", "level = \"trace\"")]));
    let log = folder.path().join("log");
    let dev = Dev::logging(&place, std::fs::File::create(&log).unwrap());
    let mut wire = wire::connect(&dev, "one");
    let made = created(&mut wire);
    let given = b"a secret that nobody else shall have".to_vec();
    let secret = SecretData {
        secret_data_type: SecretDataType::Password,
        key_block: KeyBlock {
            key_format_type: KeyFormatType::Opaque,
            key_value: Some(KeyValue::Plain(PlainKeyValue {
                key_material: KeyMaterial::Bytes(given.clone().into()),
                attributes: None,
            })),
            ..KeyBlock::default()
        },
    };
    let register = RegisterRequest {
        object_type: ObjectType::SecretData,
        object: ManagedObject::SecretData(secret),
        ..RegisterRequest::default()
    };
    let Some(Response::Register(registered)) = ask(&mut wire, Request::Register(register)).response else {
        panic!("the secret is not registered")
    };
    let mut secrets = vec![given];
    for id in [&made, &registered.unique_identifier] {
        let Some(Response::Get(got)) = get(&mut wire, id).response else { panic!("{id:?} is not had") };
        let block = got.object.key_block().unwrap().clone();
        let Some(KeyValue::Plain(PlainKeyValue { key_material: KeyMaterial::Bytes(bytes), .. })) =
            block.key_value
        else {
            panic!("{id:?} has no bytes")
        };
        secrets.push(bytes.expose().to_vec());
    }
    dev.kill();
    let mut all = Vec::new();
    files(folder.path(), &mut all);
    assert!(
        std::fs::read_to_string(&log).unwrap().contains("GetResponsePayload")
            || std::fs::metadata(&log).unwrap().len() > 1000
    );
    assert!(all.len() > 10);
    for file in all {
        let bytes = std::fs::read(&file).unwrap();
        for secret in &secrets {
            assert!(!hunt::holds(&bytes, secret), "a secret stands in {}", file.display());
        }
    }
}
