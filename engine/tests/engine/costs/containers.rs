//! A PKCS#12 container says how many iterations it takes to open it, in more than one place: all of them count.

use crate::objects::{activate, bytes_block, note, text};
use crate::openssl::OpenSsl;
use crate::world::{self, Bench, principal};
use keystead_crypto::Digest;
use keystead_crypto::derivation::pbkdf2;
use keystead_engine::rights::principal::Principal;
use kmip_codec::attributes::{Attribute, Link};
use kmip_codec::enums::*;
use kmip_codec::message::RequestMessage;
use kmip_codec::objects::*;
use kmip_codec::operations::{Call as _, Request};
use kmip_codec::payloads::*;
use kmip_codec::version::V2_1;
use std::process::Command;

const PASSWORD: &str = "correct horse";

/// Iterations that stand in three bytes, so that others can take their place: more than half of what the tests allow.
const ITERATIONS: u32 = 70_000;

fn password(bench: &mut Bench, who: &Principal) -> String {
    let key_block = bytes_block(KeyFormatType::Opaque, PASSWORD.as_bytes());
    let secret = SecretData { secret_data_type: SecretDataType::Password, key_block };
    let object = ManagedObject::SecretData(secret);
    let attributes = [note("password")].into();
    let request =
        RegisterRequest { object_type: ObjectType::SecretData, attributes, object, ..Default::default() };
    let id = text(&bench.ask(who, V2_1, request).unwrap().unique_identifier);
    bench.ask(who, V2_1, activate(&id)).unwrap();
    id
}

fn register(container: &[u8], password: &str) -> Request {
    let key_block = KeyBlock {
        key_format_type: KeyFormatType::PKCS_12,
        key_value: Some(KeyValue::Wrapped(container.into())),
        ..KeyBlock::default()
    };
    let attributes = [
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Sign),
        Attribute::Link(Link { kind: LinkType::PKCS_12PasswordLink, linked: password.into() }),
    ];
    RegisterRequest {
        object_type: ObjectType::PrivateKey,
        attributes: attributes.into(),
        object: ManagedObject::PrivateKey(PrivateKey { key_block }),
        ..RegisterRequest::default()
    }
    .into_request()
}

/// What Register answers, and how many containers were opened for it.
fn tried(bench: &mut Bench, who: &Principal, requests: Vec<Request>) -> (Vec<Option<String>>, usize) {
    let message = RequestMessage::new(V2_1, requests.into_iter().map(Into::into).collect());
    world::effort();
    let items = bench.decide(who, &message).response.items;
    (items.into_iter().map(|item| item.result_message).collect(), world::effort().made)
}

/// A container of OpenSSL's with so many iterations for the MAC and for each of two encrypted parts.
fn made(openssl: &OpenSsl, iterations: u32, more: &[&str]) -> Vec<u8> {
    let iterations = iterations.to_string();
    let (inside, out) = (format!("pass:{PASSWORD}"), "made.p12");
    let mut words =
        vec!["pkcs12", "-export", "-inkey", "leaf.pem", "-in", "leaf.crt", "-certfile", "root.crt"];
    words.extend(["-iter", &iterations, "-passout", &inside, "-out", out]);
    words.extend(more);
    openssl.run_words(&words).unwrap();
    openssl.read(out)
}

fn certificates(openssl: &OpenSsl) {
    openssl.certificate("root", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256", None);
    openssl.certificate("leaf", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256", Some("root"));
}

/// Each number in turn was made large; the server worked through 5,000,000 iterations where no limit covered them.
#[test]
fn every_number_of_iterations_counts() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    certificates(&openssl);
    let password = password(&mut bench, &ann);
    for era in [&["-macalg", "sha256"][..], &["-legacy"]] {
        let container = made(&openssl, ITERATIONS, era);
        let number = &ITERATIONS.to_be_bytes()[1..];
        let places: Vec<usize> =
            (0..container.len()).filter(|at| container[*at..].starts_with(number)).collect();
        assert_eq!(places.len(), 3, "the MAC, the certificates and the key");
        bench.settings.pbkdf2_iterations_max = 3 * u64::from(ITERATIONS);
        let (messages, opened) = tried(&mut bench, &ann, vec![register(&container, &password)]);
        assert_eq!((messages, opened), (vec![None], 1), "{era:?}: as many as are allowed");
        for place in places {
            let mut dear = container.clone();
            dear[place..place + 3].copy_from_slice(&5_000_000_u32.to_be_bytes()[1..]);
            let (messages, opened) = tried(&mut bench, &ann, vec![register(&dear, &password)]);
            let message = messages[0].clone().unwrap();
            assert!(message.contains("5140000") && message.contains("210000"), "{era:?}: {message}");
            assert_eq!(opened, 0, "{era:?}: it was not opened");
        }
        // Those of a batch count together.
        bench.settings.pbkdf2_iterations_max = 4 * u64::from(ITERATIONS);
        let (messages, opened) = tried(&mut bench, &ann, vec![register(&container, &password); 2]);
        assert!(messages[0].is_none() && messages[1].is_some() && opened == 1, "{era:?}: {messages:?}");
    }
}

/// What OpenSSL and Java's keytool make by themselves is opened, several in one batch too.
#[test]
fn what_others_make_by_default_is_opened() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, ann) = (Bench::new(2), principal("ann", &[]));
    certificates(&openssl);
    let password = password(&mut bench, &ann);
    let mut containers = vec![made(&openssl, 2048, &[]), made(&openssl, 2048, &["-legacy"])];
    containers.extend(by_keytool(&openssl));
    for container in &containers {
        assert_eq!(tried(&mut bench, &ann, vec![register(container, &password)]), (vec![None], 1));
    }
    let requests: Vec<_> = containers.iter().map(|container| register(container, &password)).collect();
    let count = requests.len();
    assert_eq!(tried(&mut bench, &ann, requests), (vec![None; count], count));
}

/// One of Java's keytool, where there is one.
fn by_keytool(openssl: &OpenSsl) -> Option<Vec<u8>> {
    let file = openssl.path("java.p12");
    let mut keytool = Command::new("keytool");
    keytool.args(["-genkeypair", "-alias", "one", "-keyalg", "EC", "-groupname", "secp256r1"]);
    keytool
        .args(["-dname", "CN=one", "-storetype", "PKCS12", "-storepass", PASSWORD, "-keystore"])
        .arg(&file);
    match keytool.output() {
        Ok(output) if output.status.success() => Some(std::fs::read(&file).unwrap()),
        _ => {
            crate::support::skip("there is no keytool command");
            None
        }
    }
}

fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x82], length.as_slice(), &content].concat()
}

/// An algorithm of PBES2: PBKDF2 with so many iterations, and AES-256.
fn pbes2(iterations: u32, iv: &[u8]) -> Vec<u8> {
    let oid = |text: &str| der(6, &[&hex::decode(text).unwrap()]);
    let function = der(0x30, &[&oid("2a864886f70d0209"), &[5, 0]]);
    let number = der(2, &[&[0], &iterations.to_be_bytes()]);
    let with = der(0x30, &[&der(4, &[b"the salt"]), &number, &function]);
    let derivation = der(0x30, &[&oid("2a864886f70d01050c"), &with]);
    let cipher = der(0x30, &[&oid("60864801650304012a"), &der(4, &[iv])]);
    der(0x30, &[&oid("2a864886f70d01050d"), &der(0x30, &[&derivation, &cipher])])
}

/// A container whose key lies in the encrypted part, under an encryption of its own.
fn hiding(openssl: &OpenSsl, iterations: u32) -> Vec<u8> {
    let oid = |text: &str| der(6, &[&hex::decode(text).unwrap()]);
    let iv = [3; 16];
    let shrouded = der(0x30, &[&pbes2(iterations, &iv), &der(4, &[&[7; 64]])]);
    let bag = der(0x30, &[&oid("2a864886f70d010c0a0102"), &der(0xa0, &[&shrouded])]);
    openssl.write("plain", &der(0x30, &[&bag]));
    let rounds = 2048.try_into().unwrap();
    let key = pbkdf2(Digest::Sha256, PASSWORD.as_bytes(), b"the salt", rounds, 32).unwrap();
    let (key, vector) = (hex::encode(&*key), hex::encode(iv));
    openssl.run(&format!("enc -aes-256-cbc -K {key} -iv {vector} -in plain -out sealed")).unwrap();
    let sealed = der(0x80, &[&openssl.read("sealed")]);
    let info = der(0x30, &[&oid("2a864886f70d010701"), &pbes2(2048, &iv), &sealed]);
    let part = der(0x30, &[&[2, 1, 0], &info]);
    let part = der(0x30, &[&oid("2a864886f70d010706"), &der(0xa0, &[&part])]);
    let safe = der(0xa0, &[&der(4, &[&der(0x30, &[&part])])]);
    let safe = der(0x30, &[&oid("2a864886f70d010701"), &safe]);
    der(0x30, &[&[2, 1, 3], &safe])
}

/// What is encrypted may ask for iterations again: it is looked into first.
#[test]
fn what_an_encrypted_part_asks_for_counts_too() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, ann) = (Bench::new(3), principal("ann", &[]));
    let password = password(&mut bench, &ann);
    let mut told = |iterations: u32| {
        let container = hiding(&openssl, iterations);
        let (messages, _) = tried(&mut bench, &ann, vec![register(&container, &password)]);
        messages[0].clone().unwrap()
    };
    let dear = told(100_000_000);
    assert!(dear.contains("100002048") && dear.contains("10000000"), "{dear}");
    assert!(told(2048).contains("does not open"), "it has no MAC, and was tried");
}
