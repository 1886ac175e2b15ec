//! What is stored is sent once and may be used by each item of a batch: keys, passwords, certificates and attributes of 400 kB.
//! Each use counts by its bytes.

use super::parameters::{Row, are_bounded, derive, secret};
use crate::objects::*;
use crate::support::costly;
use crate::world::{self, Bench, granted, principal};
use keystead_engine::rights::principal::Principal;
use kmip_codec::attributes::*;
use kmip_codec::enums::*;
use kmip_codec::message::{RequestItem, RequestMessage};
use kmip_codec::objects::*;
use kmip_codec::operations::{Call as _, Request};
use kmip_codec::payloads::*;
use kmip_codec::value::Data;
use kmip_codec::version::V2_1;

const BYTES: usize = 400_000;

/// Reading it takes 2.25 ms, using it 2.
const ROWS: &[Row] = &[
    Row(
        "keys of a MAC",
        |bench, who| vec![costly::mac(&hmac_key(bench, who).as_str().into())],
        100,
        23,
        true,
    ),
    Row("keys that verify a MAC", |bench, who| vec![mac_verify(&hmac_key(bench, who))], 100, 23, true),
    Row("bases of HASH", |bench, who| vec![derived(bench, who, DerivationMethod::HASH)], 100, 23, true),
    Row("bases of HMAC", |bench, who| vec![derived(bench, who, DerivationMethod::HMAC)], 100, 23, true),
    Row("bases of HKDF", |bench, who| vec![derived(bench, who, DerivationMethod::HKDF)], 100, 23, true),
    Row("passwords", |bench, who| vec![derived(bench, who, DerivationMethod::PBKDF2)], 100, 23, true),
    Row(
        "counter mode",
        |bench, who| vec![derived(bench, who, DerivationMethod::NIST800_108_C)],
        100,
        23,
        true,
    ),
    Row("feedback", |bench, who| vec![derived(bench, who, DerivationMethod::NIST800_108_F)], 100, 23, true),
    Row("pipeline", |bench, who| vec![derived(bench, who, DerivationMethod::NIST800_108_DPI)], 100, 23, true),
    Row(
        "keys that are got",
        |bench, who| vec![costly::get(&secret(bench, who, BYTES).as_str().into())],
        100,
        23,
        true,
    ),
    Row("keys that are wrapped", |bench, who| vec![wrapped(bench, who)], 400, 19, true),
    Row("attributes that are read", |bench, who| vec![attributes(bench, who)], 100, 23, true),
    Row("certificates of a chain", |_, _| vec![validate()], 400, 11, true),
    Row(
        "random bytes",
        |_, _| vec![RNGRetrieveRequest { data_length: 60_000 }.into_request()],
        40,
        119,
        true,
    ),
];

fn hmac_key(bench: &mut Bench, who: &Principal) -> String {
    text(&bench.ask(who, V2_1, costly::hmac_key(BYTES)).unwrap().unique_identifier)
}

fn mac_verify(id: &str) -> Request {
    MACVerifyRequest {
        unique_identifier: Some(id.into()),
        data: Some(Data::Bytes(b"x".as_slice().into())),
        mac_data: Some(bytes::Bytes::from_static(&[0; 32])),
        ..MACVerifyRequest::default()
    }
    .into_request()
}

fn derived(bench: &mut Bench, who: &Principal, method: DerivationMethod) -> Request {
    use DerivationMethod as Method;
    let takes_data = !matches!(method, Method::HASH | Method::PBKDF2);
    let is_password = method == Method::PBKDF2;
    let with = DerivationParameters {
        derivation_data: if takes_data { vec![b"data".as_slice().into()] } else { Vec::new() },
        salt: is_password.then(|| bytes::Bytes::from_static(b"salt")),
        iteration_count: is_password.then_some(1),
        ..DerivationParameters::default()
    };
    derive(&secret(bench, who, BYTES), method, 256, with)
}

fn wrapped(bench: &mut Bench, who: &Principal) -> Request {
    let by = create(bench, who, &[]);
    bench.ask(who, V2_1, activate(&by)).unwrap();
    let parameters = CryptographicParameters {
        block_cipher_mode: Some(BlockCipherMode::NISTKeyWrap),
        ..CryptographicParameters::default()
    };
    let key = WrappingKeyInformation {
        unique_identifier: by.as_str().into(),
        cryptographic_parameters: Some(parameters),
    };
    let specification = KeyWrappingSpecification {
        wrapping_method: WrappingMethod::Encrypt,
        encryption_key_information: Some(key),
        ..KeyWrappingSpecification::default()
    };
    GetRequest {
        unique_identifier: Some(secret(bench, who, BYTES).as_str().into()),
        key_wrapping_specification: Some(specification),
        ..GetRequest::default()
    }
    .into_request()
}

fn attributes(bench: &mut Bench, who: &Principal) -> Request {
    let id = create(bench, who, &[note(&"x".repeat(BYTES))]);
    costly::get_attributes(&id.as_str().into())
}

/// Of 64 certificates, each issued by the one before.
fn validate() -> Request {
    ValidateRequest { certificates: costly::certificates(64), ..ValidateRequest::default() }.into_request()
}

#[test]
fn each_use_of_what_is_large_counts() {
    are_bounded(ROWS);
}

fn batch(requests: Vec<Request>) -> RequestMessage {
    let mut message = RequestMessage::new(V2_1, requests.into_iter().map(RequestItem::from).collect());
    message.header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Continue);
    message
}

/// The password stood in the memory of the request once for each item, and was compared with each of them.
#[test]
fn a_long_password_is_not_kept_for_each_item() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let base = secret(&mut bench, &ann, BYTES);
    let with = |salt: u32| DerivationParameters {
        salt: Some(bytes::Bytes::copy_from_slice(&salt.to_be_bytes())),
        iteration_count: Some(1),
        ..DerivationParameters::default()
    };
    let requests = (0..60).map(|salt| derive(&base, DerivationMethod::PBKDF2, 256, with(salt))).collect();
    let message = batch(requests);
    let memory = allocation_counter::measure(|| {
        let outcome = bench.decide(&ann, &message);
        assert!(outcome.item_outcomes.iter().all(|item| item.cause.is_none()));
    });
    assert!(memory.bytes_max < 10 * BYTES as u64, "{} bytes", memory.bytes_max);
}

/// Whoever asks for much that is small has it, a thousand items at once, with one turn at most.
#[test]
fn ordinary_batches_of_a_thousand_are_done() {
    let (mut bench, ann) = (Bench::new(2), granted("ann", &[]));
    let key = create(&mut bench, &ann, &[]);
    bench.ask(&ann, V2_1, activate(&key)).unwrap();
    let encrypt = EncryptRequest {
        unique_identifier: Some(key.as_str().into()),
        cryptographic_parameters: Some(CryptographicParameters {
            block_cipher_mode: Some(BlockCipherMode::CTR),
            random_iv: Some(true),
            ..CryptographicParameters::default()
        }),
        data: Some(Data::Bytes(vec![0; 1024].into())),
        ..EncryptRequest::default()
    };
    let locate = LocateRequest {
        attributes: Some(AttributeFilter([Attribute::UniqueIdentifier(key.as_str().into())].into())),
        ..LocateRequest::default()
    };
    for request in [
        costly::get(&key.as_str().into()),
        aes(&[]).into_request(),
        encrypt.into_request(),
        locate.into_request(),
    ] {
        let name = request.operation();
        world::effort();
        let outcome = bench.decide(&ann, &batch(vec![request; 1000]));
        let done = outcome.item_outcomes.iter().filter(|item| item.cause.is_none()).count();
        assert_eq!(done, 1000, "{name:?}: {:?}", outcome.response.items.last());
        assert!(world::effort().turns <= 1, "{name:?}");
    }
}
