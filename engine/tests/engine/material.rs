//! What a key block claims of its material is read, not believed: every form of every kind of key, in every way in, right and
//! wrong in each way in which it can be wrong.

mod counted;
mod curves;
mod done;
mod elsewhere;
mod forms;
mod found;
mod impossible;
mod lengths;
mod named;
mod older;
mod own;
mod random;
mod referred;
mod signatures;
mod strong;
mod unused;
mod weak;

use super::objects::{attributes_of, text};
use super::openssl::OpenSsl;
use super::world::{Bench, granted, principal};
pub use done::refusal;
use forms::{Form, forms};
use keystead_engine::rights::principal::Principal;
use kmip_codec::attribute;
use kmip_codec::attributes::*;
use kmip_codec::enums::*;
use kmip_codec::message::{RequestItem, RequestMessage, ResponseItem};
use kmip_codec::objects::*;
use kmip_codec::operations::{Call, OPERATION_ROWS, Operation, Request};
use kmip_codec::payloads::*;
use kmip_codec::value::{DateTime, Interval};
use kmip_codec::version::*;
use kmip_codec::{SecretBytes, Version};
use std::collections::BTreeMap;

use CryptographicAlgorithm as Algorithm;
use KeyFormatType as Format;

/// The ways in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    Register,
    Import,
}

/// What an object comes in with.
#[derive(Clone)]
struct Sent {
    kind: ObjectType,
    block: KeyBlock,
    attributes: Vec<Attribute>,
}

impl Sent {
    fn object(&self) -> ManagedObject {
        let key_block = self.block.clone();
        match self.kind {
            ObjectType::PrivateKey => ManagedObject::PrivateKey(PrivateKey { key_block }),
            ObjectType::PublicKey => ManagedObject::PublicKey(PublicKey { key_block }),
            ObjectType::SymmetricKey => ManagedObject::SymmetricKey(SymmetricKey { key_block }),
            _ => ManagedObject::SecretData(SecretData {
                secret_data_type: SecretDataType::Password,
                key_block,
            }),
        }
    }
}

/// What a request gives: its answer, or reason and message of the refusal.
fn ask<R: Call>(
    bench: &mut Bench,
    who: &Principal,
    version: Version,
    request: R,
) -> Result<R::Answer, (ResultReason, String)> {
    let message = RequestMessage::new(version, vec![RequestItem::from(request.into_request())]);
    let item: ResponseItem = bench.run(who, &message).pop().unwrap();
    let why = item.result_message.clone().unwrap_or_default();
    super::world::answer::<R>(item).map_err(|reason| (reason, why))
}

/// Brings an object in; it is Active and for every use.
fn bring(
    bench: &mut Bench,
    who: &Principal,
    (way, version): (Way, Version),
    sent: &Sent,
) -> Result<String, (ResultReason, String)> {
    let uses = super::cryptography::every_use()
        | CryptographicUsageMask::DeriveKey
        | CryptographicUsageMask::WrapKey
        | CryptographicUsageMask::UnwrapKey;
    let usual = [Attribute::CryptographicUsageMask(uses), Attribute::ActivationDate(DateTime(1))];
    let attributes: Attributes = usual.into_iter().chain(sent.attributes.iter().cloned()).collect();
    match way {
        Way::Register => {
            let request = RegisterRequest {
                object_type: sent.kind,
                attributes: attributes.into(),
                object: sent.object(),
                ..RegisterRequest::default()
            };
            ask(bench, who, version, request).map(|answer| text(&answer.unique_identifier))
        }
        Way::Import => {
            let mut attributes = attributes;
            attributes.push(Attribute::State(State::Active));
            let request = ImportRequest {
                unique_identifier: "imported".into(),
                object_type: (version >= V2_0).then_some(sent.kind),
                replace_existing: Some(true),
                attributes: Some(AttributeList(attributes)),
                object: sent.object(),
                ..ImportRequest::default()
            };
            ask(bench, who, version, request).map(|answer| text(&answer.unique_identifier))
        }
    }
}

/// Both parts of a key that is split by XOR, as they come from elsewhere, with what their key blocks say.
fn parts(
    bench: &mut Bench,
    who: &Principal,
    shares: [Vec<u8>; 2],
    said: (Option<Algorithm>, Option<i32>),
) -> Vec<kmip_codec::value::UniqueIdentifier> {
    let registered = (1..).zip(shares).map(|(part_identifier, share)| {
        let object = part(part_identifier, &share, said);
        let attributes = [Attribute::CryptographicUsageMask(CryptographicUsageMask::Sign)].into();
        let object_type = ObjectType::SplitKey;
        let request = RegisterRequest { object_type, attributes, object, ..RegisterRequest::default() };
        ask(bench, who, V2_1, request).unwrap().unique_identifier
    });
    registered.collect()
}

/// One of two.
fn part(part_identifier: i32, share: &[u8], said: (Option<Algorithm>, Option<i32>)) -> ManagedObject {
    let mut key_block = super::objects::bytes_block(Format::Raw, share);
    (key_block.cryptographic_algorithm, key_block.cryptographic_length) = said;
    ManagedObject::SplitKey(SplitKey {
        parts: 2,
        part_identifier,
        threshold: 2,
        method: SplitKeyMethod::XOR,
        prime_field_size: None,
        key_block,
    })
}

/// A key whose value the server does not have.
fn elsewhere(
    kind: ObjectType,
    format: Format,
    said: (Option<Algorithm>, Option<i32>),
    more: Vec<Attribute>,
) -> Sent {
    let block = KeyBlock {
        key_format_type: format,
        cryptographic_algorithm: said.0,
        cryptographic_length: said.1,
        ..KeyBlock::default()
    };
    let location = Attribute::KeyValueLocation(KeyValueLocation {
        value: "shelf 3".to_owned(),
        kind: KeyValueLocationType::UninterpretedTextString,
    });
    Sent { kind, block, attributes: more.into_iter().chain([location]).collect() }
}

/// What is wrapped by a key that the server does not have.
fn wrapped(by: kmip_codec::value::UniqueIdentifier, bytes: &[u8]) -> KeyBlock {
    KeyBlock {
        key_format_type: Format::Raw,
        key_value: Some(KeyValue::Wrapped(bytes.into())),
        key_wrapping_data: Some(KeyWrappingData {
            wrapping_method: WrappingMethod::Encrypt,
            encryption_key_information: Some(WrappingKeyInformation {
                unique_identifier: by,
                cryptographic_parameters: None,
            }),
            encoding_option: Some(EncodingOption::NoEncoding),
            ..KeyWrappingData::default()
        }),
        ..KeyBlock::default()
    }
}

fn ways() -> Vec<(Way, Version)> {
    let imports = OPERATION_ROWS.iter().find(|row| row.operation == Operation::Import).unwrap();
    let all = [V1_0, V1_2, V1_4, V2_0, V2_1];
    let registers = all.into_iter().map(|version| (Way::Register, version));
    let imports = all.into_iter().filter(|version| (imports.is_in)(*version));
    registers.chain(imports.map(|version| (Way::Import, version))).collect()
}

fn block(form: &Form, format: Format, material: KeyMaterial, claims: bool) -> KeyBlock {
    KeyBlock {
        key_format_type: format,
        key_value: Some(KeyValue::Plain(PlainKeyValue { key_material: material, attributes: None })),
        cryptographic_algorithm: claims.then_some(form.algorithm),
        cryptographic_length: claims.then_some(form.bits),
        ..KeyBlock::default()
    }
}

/// What becomes of a form: nothing wrong, or words that the refusal has.
type Expected = Result<(), Vec<String>>;

/// Every way to be right or wrong: its name, what is sent, and what is to come of it.
fn variants(form: &Form) -> Vec<(&'static str, Sent, Expected)> {
    let whole = |claims| block(form, form.format, form.material.clone(), claims);
    let sent = |block: KeyBlock, attributes: Vec<Attribute>| Sent { kind: form.kind, block, attributes };
    let (length, algorithm) = (form.bits * 2, form.other_algorithm());
    let both = |said: String| Err(vec![said, form.description()]);
    let name = format!("{:?}", form.algorithm);
    let mut all = vec![
        ("right", sent(whole(true), vec![]), Ok(())),
        ("nothing said", sent(whole(false), vec![]), Ok(())),
        (
            "wrong length",
            sent(KeyBlock { cryptographic_length: Some(length), ..whole(true) }, vec![]),
            both(format!("the key block says {name} of {length} bits")),
        ),
        (
            "wrong algorithm",
            sent(KeyBlock { cryptographic_algorithm: Some(algorithm), ..whole(true) }, vec![]),
            both(format!("the key block says {algorithm:?} of {} bits", form.bits)),
        ),
        (
            "wrong length in the attributes",
            sent(whole(false), vec![Attribute::CryptographicLength(length)]),
            both(format!("the attributes say {length} bits")),
        ),
        (
            "wrong algorithm in the attributes",
            sent(whole(false), vec![Attribute::CryptographicAlgorithm(algorithm)]),
            both(format!("the attributes say {algorithm:?}")),
        ),
        (
            "attributes beside another key block",
            sent(whole(true), vec![Attribute::CryptographicLength(length)]),
            Err(vec![
                format!("the attributes say {length} bits"),
                format!("the key block says {} bits", form.bits),
            ]),
        ),
    ];
    if let Some(curve) = form.curve {
        let other =
            if curve == RecommendedCurve::P_384 { RecommendedCurve::P_256 } else { RecommendedCurve::P_384 };
        let said = Attribute::CryptographicDomainParameters(CryptographicDomainParameters {
            recommended_curve: Some(other),
            ..CryptographicDomainParameters::default()
        });
        all.push((
            "wrong curve",
            sent(whole(true), vec![said]),
            Err(vec![format!("on the curve {other:?}"), format!("on the curve {curve:?}")]),
        ));
    }
    all.extend(of_bytes(form));
    all
}

/// What can be wrong with bytes, and is named.
fn of_bytes(form: &Form) -> Vec<(&'static str, Sent, Expected)> {
    let KeyMaterial::Bytes(bytes) = &form.material else { return Vec::new() };
    let bytes = bytes.expose();
    let sent = |kind, format, bytes: &[u8]| {
        let block = block(form, format, KeyMaterial::Bytes(bytes.into()), true);
        Sent { kind, block, attributes: vec![] }
    };
    let same = |bytes: &[u8]| sent(form.kind, form.format, bytes);
    let refused = |words: &[&str]| Err(words.iter().map(|word| (*word).to_owned()).collect());
    let pem = format!("-----BEGIN KEY-----\n{}\n-----END KEY-----\n", hex::encode(bytes));
    let mut random: Vec<u8> = bytes.iter().map(|byte| byte.wrapping_mul(167).wrapping_add(91)).collect();
    random[0] = 0x9d;
    let expected = form.expected();
    let mut all = vec![
        ("cut off", same(&bytes[..bytes.len() - 1]), refused(&["cut off", expected])),
        ("cut off to nothing", same(&[]), refused(&["nothing", expected])),
        ("bytes behind", same(&[bytes, &[0; 3]].concat()), refused(&["3 bytes behind its end", expected])),
        ("PEM", same(pem.as_bytes()), refused(&["PEM text (KEY)", "send its DER", expected])),
        ("random", same(&random), refused(&["no DER", expected])),
    ];
    for other in [Format::PKCS_1, Format::PKCS_8, Format::X_509, Format::ECPrivateKey] {
        if other == form.format {
            continue;
        }
        all.push(("another format", sent(form.kind, other, bytes), refused(&[])));
    }
    let half =
        if form.kind == ObjectType::PrivateKey { ObjectType::PublicKey } else { ObjectType::PrivateKey };
    for format in [Format::PKCS_1, Format::PKCS_8, Format::X_509, Format::ECPrivateKey] {
        all.push(("the other half", sent(half, format, bytes), refused(&[])));
    }
    all.push(("a symmetric key", sent(ObjectType::SymmetricKey, form.format, bytes), refused(&[])));
    all
}

/// The matrix: every form × every way in × every version that has it × every way to be right or wrong.
#[test]
#[allow(clippy::print_stderr, reason = "the size of the matrix is part of what it shows")]
fn every_form_in_every_way_in_is_what_it_says_or_is_refused() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    let mut cells: BTreeMap<&str, usize> = BTreeMap::new();
    for form in forms(&openssl) {
        for (way, version) in ways().into_iter().filter(|(_, version)| form.format.is_in(*version)) {
            for (name, sent, expected) in variants(&form) {
                let what = format!("{}, {way:?} in {version}: {name}", form.name());
                let came = bring(&mut bench, &who, (way, version), &sent);
                match (came, expected) {
                    (Ok(id), Ok(())) => is_as_it_came(&mut bench, &who, &id, &form, &what),
                    (Err((reason, why)), Err(words)) => {
                        assert_eq!(reason, ResultReason::InvalidField, "{what}: {why}");
                        for word in words {
                            assert!(why.contains(&word), "{what}: {why:?} has no {word:?}");
                        }
                    }
                    (came, expected) => panic!("{what}: {came:?}, and not {expected:?}"),
                }
                *cells.entry(name).or_default() += 1;
            }
        }
    }
    let all: usize = cells.values().sum();
    eprintln!("material: {all} cells: {cells:?}");
    assert!(all > 4000, "{all}");
}

/// Algorithm and length are those of the material, and the material is byte for byte what came.
fn is_as_it_came(bench: &mut Bench, who: &Principal, id: &str, form: &Form, what: &str) {
    let held = attributes_of(bench, who, id);
    assert_eq!(attribute!(held, CryptographicAlgorithm).next(), Some(&form.algorithm), "{what}");
    assert_eq!(attribute!(held, CryptographicLength).next(), Some(&form.bits), "{what}");
    let get = GetRequest { unique_identifier: Some(id.into()), ..GetRequest::default() };
    let object = ask(bench, who, V1_4, get).unwrap().object;
    match &object.key_block().unwrap().key_value {
        Some(KeyValue::Plain(plain)) => assert!(plain.key_material == form.material, "{what}"),
        other => panic!("{what}: {other:?}"),
    }
}

/// Opaque and Raw come back as they came, whatever their length: nobody has said what is in them, or only how much.
#[test]
fn what_is_opaque_or_raw_stays_as_it_came() {
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    let kinds =
        [ObjectType::SymmetricKey, ObjectType::SecretData, ObjectType::PrivateKey, ObjectType::PublicKey];
    for (kind, format) in kinds.into_iter().flat_map(|kind| [(kind, Format::Opaque), (kind, Format::Raw)]) {
        for length in [1_usize, 16, 17, 31, 33, 96, 1000] {
            for way in ways() {
                let bytes = vec![0x30; length];
                let key = super::objects::bytes_block(format, &bytes);
                let pad = matches!(kind, ObjectType::SymmetricKey).then_some(Algorithm::OneTimePad);
                let of_pair = (!matches!(kind, ObjectType::SecretData)).then_some(Algorithm::RSA);
                let block = KeyBlock { cryptographic_algorithm: pad.or(of_pair), ..key.clone() };
                let sent = Sent { kind, block: block.clone(), attributes: vec![] };
                let what = format!("{kind:?} {format:?} {length} {way:?}");
                let id = bring(&mut bench, &who, way, &sent).unwrap_or_else(|why| panic!("{what}: {why:?}"));
                let get = GetRequest { unique_identifier: Some(id.as_str().into()), ..GetRequest::default() };
                let got = ask(&mut bench, &who, way.1, get).unwrap().object;
                assert_eq!(got.key_block().unwrap(), &block, "{what}");
            }
        }
    }
}
