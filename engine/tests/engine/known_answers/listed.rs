//! What the engine answers, algorithm by algorithm under its name in KMIP, is what NIST, RFCs and others have printed
//! (`fixtures/known-answers.txt`); and every algorithm that the reference page says is served stands there.

use crate::world::{Bench, principal};
use keystead_engine::rights::principal::Principal;
use kmip_codec::attributes::{Attribute, CryptographicParameters};
use kmip_codec::enums::*;
use kmip_codec::objects::*;
use kmip_codec::operations::Call;
use kmip_codec::payloads::*;
use kmip_codec::value::{Data, DateTime, UniqueIdentifier};
use kmip_codec::version::V2_1;
use std::collections::BTreeMap;

const FILE: &str = include_str!("fixtures/known-answers.txt");
const PAGE: &str = include_str!("../../../../docs/reference/algorithms.md");

/// One known answer.
struct Known {
    /// What is done, with what, and how: `encrypt AES CBC`.
    title: String,
    fields: BTreeMap<&'static str, &'static str>,
}

impl Known {
    fn all() -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        let mut begins = true;
        for line in FILE.lines().filter(|line| !line.starts_with('#')) {
            if line.is_empty() {
                begins = true;
            } else if std::mem::take(&mut begins) {
                all.push(Self { title: line.to_owned(), fields: BTreeMap::new() });
            } else {
                all.last_mut().unwrap().fields.insert_from(line);
            }
        }
        all
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        hex::decode(self.fields.get(name).copied().unwrap_or_default()).unwrap()
    }

    fn some(&self, name: &str) -> Option<bytes::Bytes> {
        self.fields.contains_key(name).then(|| self.bytes(name).into())
    }

    fn data(&self, name: &str) -> Option<Data> {
        Some(Data::Bytes(self.bytes(name).into()))
    }
}

trait Fields {
    fn insert_from(&mut self, line: &'static str);
}

impl Fields for BTreeMap<&'static str, &'static str> {
    fn insert_from(&mut self, line: &'static str) {
        let (name, value) = line.split_once(' ').unwrap_or((line, ""));
        self.insert(name, value);
    }
}

/// The value that is printed so; `none` is none.
fn named(rows: &[Row], print: impl Fn(u32) -> String, name: &str) -> Option<u32> {
    let found = rows.iter().map(|row| row.0).find(|number| print(*number) == name);
    assert!(found.is_some() || name == "none", "no {name} in KMIP");
    found
}

fn algorithm(name: &str) -> CryptographicAlgorithm {
    let print = |number| format!("{:?}", CryptographicAlgorithm(number));
    CryptographicAlgorithm(named(CryptographicAlgorithm::ROWS, print, name).unwrap())
}

fn digest(name: &str) -> Option<HashingAlgorithm> {
    let print = |number| format!("{:?}", HashingAlgorithm(number));
    named(HashingAlgorithm::ROWS, print, name).map(HashingAlgorithm)
}

fn mode(name: &str) -> Option<BlockCipherMode> {
    let print = |number| format!("{:?}", BlockCipherMode(number));
    named(BlockCipherMode::ROWS, print, name).map(BlockCipherMode)
}

fn padding(name: &str) -> Option<PaddingMethod> {
    named(PaddingMethod::ROWS, |number| format!("{:?}", PaddingMethod(number)), name).map(PaddingMethod)
}

fn signature(name: &str) -> Option<DigitalSignatureAlgorithm> {
    let print = |number| format!("{:?}", DigitalSignatureAlgorithm(number));
    named(DigitalSignatureAlgorithm::ROWS, print, name).map(DigitalSignatureAlgorithm)
}

/// An engine, and a client that may have weak keys.
struct Lab {
    bench: Bench,
    client: Principal,
}

impl Lab {
    fn ask<R: Call>(&mut self, known: &Known, request: R) -> R::Answer {
        let answer = self.bench.ask(&self.client, V2_1, request);
        answer.unwrap_or_else(|reason| panic!("{}: {reason:?}", known.title))
    }

    /// Registers the key of a known answer: Active, and for every use.
    fn key(&mut self, known: &Known, kind: ObjectType, name: &str) -> Option<UniqueIdentifier> {
        let key = known.bytes("key");
        let bits = i32::try_from(key.len() * 8).unwrap();
        let (format, bits) = match (kind, name) {
            (ObjectType::SymmetricKey, _) => (KeyFormatType::Raw, bits),
            (ObjectType::PrivateKey, "RSA") => (KeyFormatType::PKCS_8, 2048),
            (ObjectType::PrivateKey, _) => (KeyFormatType::PKCS_8, 256),
            (_, "RSA") => (KeyFormatType::X_509, 2048),
            _ => (KeyFormatType::X_509, 256),
        };
        let material = KeyMaterial::Bytes(key.into());
        let key_block = KeyBlock {
            key_format_type: format,
            key_value: Some(KeyValue::Plain(PlainKeyValue { key_material: material, attributes: None })),
            cryptographic_algorithm: Some(algorithm(name)),
            cryptographic_length: Some(bits),
            ..KeyBlock::default()
        };
        let object = match kind {
            ObjectType::SymmetricKey => ManagedObject::SymmetricKey(SymmetricKey { key_block }),
            ObjectType::PrivateKey => ManagedObject::PrivateKey(PrivateKey { key_block }),
            _ => ManagedObject::PublicKey(PublicKey { key_block }),
        };
        let every = CryptographicUsageMask::ROWS.iter().fold(0, |mask, row| mask | row.0.cast_signed());
        let attributes = [
            Attribute::CryptographicUsageMask(CryptographicUsageMask(every)),
            Attribute::ActivationDate(DateTime(1)),
        ];
        let request = RegisterRequest {
            object_type: kind,
            attributes: attributes.into(),
            object,
            ..RegisterRequest::default()
        };
        Some(self.ask(known, request).unique_identifier)
    }

    fn encrypt(&mut self, known: &Known, name: &str, mode_name: &str) {
        let key = self.key(known, ObjectType::SymmetricKey, name);
        let parameters = Some(CryptographicParameters {
            block_cipher_mode: mode(mode_name),
            tag_length: known.some("tag").map(|tag| i32::try_from(tag.len()).unwrap()),
            initial_counter_value: known.fields.get("counter").map(|counter| counter.parse().unwrap()),
            ..CryptographicParameters::default()
        });
        let request = EncryptRequest {
            unique_identifier: key.clone(),
            cryptographic_parameters: parameters.clone(),
            data: known.data("data"),
            iv_counter_nonce: known.some("iv"),
            additional_data: known.some("aad"),
            ..EncryptRequest::default()
        };
        let encrypted = self.ask(known, request);
        assert!(encrypted.data == known.data("result"), "{}", known.title);
        assert_eq!(encrypted.tag, known.some("tag"), "{}", known.title);
        let request = DecryptRequest {
            unique_identifier: key,
            cryptographic_parameters: parameters,
            data: encrypted.data,
            iv_counter_nonce: known.some("iv"),
            additional_data: known.some("aad"),
            tag: encrypted.tag,
            ..DecryptRequest::default()
        };
        assert!(self.ask(known, request).data == known.data("data"), "{}", known.title);
    }

    fn decrypt(&mut self, known: &Known, name: &str, padding_name: &str) {
        let parameters = CryptographicParameters {
            padding_method: padding(padding_name),
            hashing_algorithm: known.fields.get("digest").and_then(|name| digest(name)),
            p_source: known.some("label"),
            ..CryptographicParameters::default()
        };
        let request = DecryptRequest {
            unique_identifier: self.key(known, ObjectType::PrivateKey, name),
            cryptographic_parameters: Some(parameters),
            data: known.data("data"),
            ..DecryptRequest::default()
        };
        assert!(self.ask(known, request).data == known.data("result"), "{}", known.title);
    }

    fn hash(&mut self, known: &Known, name: &str) {
        let cryptographic_parameters =
            CryptographicParameters { hashing_algorithm: digest(name), ..CryptographicParameters::default() };
        let request =
            HashRequest { cryptographic_parameters, data: known.data("data"), ..HashRequest::default() };
        assert!(self.ask(known, request).data == known.data("result"), "{}", known.title);
    }

    fn mac(&mut self, known: &Known, name: &str) {
        let key = self.key(known, ObjectType::SymmetricKey, name);
        let request =
            MACRequest { unique_identifier: key, data: known.data("data"), ..MACRequest::default() };
        let made = self.ask(known, request).mac_data;
        assert_eq!(made, known.some("result"), "{}", known.title);
    }

    fn sign(&mut self, known: &Known, scheme: &str, name: &str) {
        let request = SignRequest {
            unique_identifier: self.key(known, ObjectType::PrivateKey, name),
            cryptographic_parameters: Some(signs_with(known, scheme)),
            data: known.data("data"),
            ..SignRequest::default()
        };
        assert_eq!(self.ask(known, request).signature_data, known.some("result"), "{}", known.title);
    }

    fn verify(&mut self, known: &Known, scheme: &str, name: &str) {
        let key = self.key(known, ObjectType::PublicKey, name);
        let mut other = known.bytes("data");
        other.push(0);
        let other = Some(Data::Bytes(other.into()));
        for (data, wanted) in
            [(known.data("data"), ValidityIndicator::Valid), (other, ValidityIndicator::Invalid)]
        {
            let request = SignatureVerifyRequest {
                unique_identifier: key.clone(),
                cryptographic_parameters: Some(signs_with(known, scheme)),
                data,
                signature_data: known.some("result"),
                ..SignatureVerifyRequest::default()
            };
            assert_eq!(self.ask(known, request).validity_indicator, Some(wanted), "{}", known.title);
        }
    }
}

fn signs_with(known: &Known, scheme: &str) -> CryptographicParameters {
    CryptographicParameters {
        digital_signature_algorithm: signature(scheme),
        hashing_algorithm: known.fields.get("digest").and_then(|name| digest(name)),
        ..CryptographicParameters::default()
    }
}

#[test]
fn the_engine_gives_every_known_answer() {
    let client = Principal { weak_keys: true, ..principal("lab", &[]) };
    let mut lab = Lab { bench: Bench::new(1), client };
    for known in Known::all() {
        match *known.title.split(' ').collect::<Vec<_>>() {
            ["encrypt", algorithm, mode] => lab.encrypt(&known, algorithm, mode),
            ["decrypt", algorithm, padding] => lab.decrypt(&known, algorithm, padding),
            ["hash", digest] => lab.hash(&known, digest),
            ["mac", algorithm] => lab.mac(&known, algorithm),
            ["sign", scheme, key] => lab.sign(&known, scheme, key),
            ["verify", scheme, key] => lab.verify(&known, scheme, key),
            _ => panic!("{}", known.title),
        }
    }
}

/// The rows of a table of the page.
fn rows(title: &str) -> Vec<Vec<&'static str>> {
    let section = PAGE.split("\n## ").find(|section| section.starts_with(title)).unwrap();
    let lines = section.lines().filter(|line| line.starts_with('|')).skip(2);
    let rows: Vec<_> = lines.map(|line| line.split('|').map(str::trim).skip(1).collect()).collect();
    assert!(!rows.is_empty(), "{title}");
    rows
}

#[test]
fn every_algorithm_of_the_reference_page_has_a_known_answer() {
    let all = Known::all();
    let has = |title: &str, bits: Option<usize>| {
        all.iter().any(|known| {
            known.title == title && bits.is_none_or(|bits| known.fields["key"].len() * 4 == bits)
        })
    };
    let mut missing = Vec::new();
    let mut want = |titles: &[String], bits: Option<usize>| {
        if !titles.iter().any(|title| has(title, bits)) {
            missing.push(format!("{} {bits:?}", titles[0]));
        }
    };
    for row in rows("Encrypt and Decrypt with a symmetric key") {
        for bits in row[2].split(", ") {
            want(&[format!("encrypt {} {}", row[0], row[1])], Some(bits.parse().unwrap()));
        }
    }
    for row in rows("Encrypt and Decrypt with a pair of RSA keys") {
        want(&[format!("decrypt RSA {}", row[0])], None);
    }
    for row in rows("Sign and Signature Verify") {
        want(&[format!("verify {} {}", row[0], row[1]), format!("sign {} {}", row[0], row[1])], None);
    }
    for row in rows("MAC and MAC Verify") {
        want(&[format!("mac {}", row[0])], None);
    }
    for row in rows("Hash") {
        want(&[format!("hash {}", row[0])], None);
    }
    assert!(missing.is_empty(), "no known answer for {missing:#?}");
}
