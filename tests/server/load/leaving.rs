//! Who leaves before the answer is worked for no longer: nothing of the request is done, and what waits behind it has its turn.

use super::{is_good, query};
use crate::support::dev::Dev;
use crate::support::wire::{self, Wire};
use kmip_codec::attributes::{Attribute, AttributeFilter, CryptographicParameters, Name};
use kmip_codec::enums::*;
use kmip_codec::message::{RequestMessage, ResponseMessage};
use kmip_codec::objects::*;
use kmip_codec::operations::{Call, Request};
use kmip_codec::payloads::*;
use kmip_codec::value::{DateTime, UniqueIdentifier};
use kmip_codec::version::V1_4;
use std::io::Read as _;

fn message(requests: impl IntoIterator<Item = Request>) -> RequestMessage {
    RequestMessage::new(V1_4, requests.into_iter().map(Into::into).collect())
}

/// One message; all of it succeeds.
fn exchange(wire: &mut Wire, message: &RequestMessage) -> ResponseMessage {
    let answer = ResponseMessage::from_bytes(&wire.exchange(&message.to_bytes()).unwrap()).unwrap();
    assert!(is_good(&answer), "{answer:?}");
    answer
}

fn ask<R: Call>(wire: &mut Wire, request: R) -> R::Answer {
    let mut answer = exchange(wire, &message([request.into_request()]));
    R::answer(answer.items.remove(0).response.unwrap()).unwrap()
}

fn password(wire: &mut Wire) -> UniqueIdentifier {
    let key_material = KeyMaterial::Bytes(b"password".as_slice().into());
    let key_block = KeyBlock {
        key_format_type: KeyFormatType::Opaque,
        key_value: Some(KeyValue::Plain(PlainKeyValue { key_material, attributes: None })),
        ..KeyBlock::default()
    };
    let secret = SecretData { secret_data_type: SecretDataType::Password, key_block };
    let attributes = [
        Attribute::CryptographicUsageMask(CryptographicUsageMask::DeriveKey),
        Attribute::ActivationDate(DateTime(1)),
    ];
    let register = RegisterRequest {
        object_type: ObjectType::SecretData,
        attributes: attributes.into(),
        object: ManagedObject::SecretData(secret),
        ..RegisterRequest::default()
    };
    ask(wire, register).unique_identifier
}

fn derive(base: &UniqueIdentifier, salt: &'static [u8]) -> Request {
    let hashing_algorithm = Some(HashingAlgorithm::SHA_256);
    let derivation_parameters = DerivationParameters {
        cryptographic_parameters: Some(CryptographicParameters { hashing_algorithm, ..Default::default() }),
        salt: Some(bytes::Bytes::from_static(salt)),
        iteration_count: Some(4_000_000),
        ..DerivationParameters::default()
    };
    DeriveKeyRequest {
        object_type: ObjectType::SecretData,
        unique_identifiers: vec![base.clone()],
        derivation_method: DerivationMethod::PBKDF2,
        derivation_parameters,
        attributes: [Attribute::CryptographicLength(256)].into(),
    }
    .into_request()
}

/// Takes long in two steps, and leaves a mark.
fn slow(base: &UniqueIdentifier, mark: &str) -> RequestMessage {
    let opaque = OpaqueObject { value: b"mark".as_slice().into(), ..OpaqueObject::default() };
    let register = RegisterRequest {
        object_type: ObjectType::OpaqueObject,
        attributes: [Attribute::Name(Name::text(mark))].into(),
        object: ManagedObject::OpaqueObject(opaque),
        ..RegisterRequest::default()
    };
    message([derive(base, b"one"), derive(base, b"two"), register.into_request()])
}

/// Sends it with so many bytes of a next one, and does not read.
fn begin(dev: &Dev, message: &RequestMessage, over_https: bool, ahead: usize) -> Wire {
    let (mut wire, bytes) = match over_https {
        false => (wire::connect(dev, "leaves"), message.to_bytes()),
        true => (wire::https(dev, "leaves"), posted(message)),
    };
    let next: Vec<u8> = bytes.iter().copied().cycle().take(ahead).collect();
    wire.send(&bytes).unwrap();
    wire.send(&next).unwrap();
    wire
}

/// The message as a request of HTTP.
fn posted(message: &RequestMessage) -> Vec<u8> {
    let body = message.to_bytes();
    let head = "POST /kmip HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\n";
    [format!("{head}Content-Length: {}\r\n\r\n", body.len()).as_bytes(), &body].concat()
}

/// Who had sent a byte of a next message was worked for to the end.
#[test]
fn who_leaves_is_worked_for_no_longer() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::configured(folder.path(), &[("", "[limits]\nstop_seconds = 1")]);
    let mut stays = wire::connect(&dev, "leaves");
    let base = password(&mut stays);
    let leaving: Vec<Wire> = (0..6)
        .map(|number| {
            let message = slow(&base, &format!("left {number}"));
            begin(&dev, &message, number % 2 == 1, [0, 1, 50_000][number / 2])
        })
        .collect();
    // They have begun, or stand in the queue.
    exchange(&mut stays, &query());
    drop(leaving);
    // Their turns were before this one.
    exchange(&mut stays, &slow(&base, "stayed"));
    let all = AttributeFilter([Attribute::ObjectType(ObjectType::OpaqueObject)].into());
    let found = ask(&mut stays, LocateRequest { attributes: Some(all), ..LocateRequest::default() });
    assert_eq!(found.unique_identifiers.len(), 1, "only what was waited for is done");
}

/// Says that nothing follows, to TLS and to TCP.
fn end(wire: &mut Wire) {
    wire.0.conn.send_close_notify();
    wire.send(b"").unwrap();
    wire.0.sock.shutdown(std::net::Shutdown::Write).unwrap();
}

/// Who only says that nothing follows still has its answers, through both doors, also of what it has sent ahead. HTTPS gave none.
#[test]
fn who_has_sent_all_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::configured(folder.path(), &[("", "[limits]\nstop_seconds = 1")]);
    for count in [1, 60] {
        let mut wire = wire::connect(&dev, "good");
        wire.send(&query().to_bytes().repeat(count)).unwrap();
        end(&mut wire);
        for _ in 0..count {
            let answer = ResponseMessage::from_bytes(&wire.receive().unwrap()).unwrap();
            assert!(is_good(&answer), "{answer:?}");
        }
        let mut https = wire::https(&dev, "good");
        https.send(&posted(&query()).repeat(count)).unwrap();
        end(&mut https);
        let mut answers = Vec::new();
        let _ = https.0.read_to_end(&mut answers);
        let answers = String::from_utf8_lossy(&answers);
        assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), count);
    }
}
