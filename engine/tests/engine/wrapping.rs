//! Every way to wrap a key: what a client wraps the server unwraps again, byte for byte, and what was changed on the way
//! it does not take.

mod pairs;

use super::objects::*;
use super::openssl::OpenSsl;
use super::world::{Bench, granted, principal};
use keystead_engine::rights::principal::Principal;
use kmip_codec::attributes::*;
use kmip_codec::enums::*;
use kmip_codec::objects::*;
use kmip_codec::payloads::*;
use kmip_codec::value::DateTime;
use kmip_codec::version::{V1_2, V1_4, V2_1};
use kmip_codec::{Tag, Version};

use BlockCipherMode as Mode;
use CryptographicUsageMask as Use;

/// How a key wraps: its mode and padding; none where nothing is said.
type How = (Option<Mode>, Option<PaddingMethod>);

const ENCRYPTIONS: &[How] = &[
    (None, None),
    (Some(Mode::NISTKeyWrap), None),
    (Some(Mode::AESKeyWrapPadding), None),
    (Some(Mode::CBC), Some(PaddingMethod::PKCS5)),
    (Some(Mode::CTR), None),
    (Some(Mode::CFB), None),
    (Some(Mode::OFB), None),
    (Some(Mode::ECB), Some(PaddingMethod::PKCS5)),
    (Some(Mode::GCM), None),
    (Some(Mode::CCM), None),
];

const METHODS: &[WrappingMethod] = &[
    WrappingMethod::Encrypt,
    WrappingMethod::MACSign,
    WrappingMethod::EncryptThenMACSign,
    WrappingMethod::MACSignThenEncrypt,
];

fn encrypts(method: WrappingMethod) -> bool {
    method != WrappingMethod::MACSign
}

fn authenticates(method: WrappingMethod) -> bool {
    method != WrappingMethod::Encrypt
}

fn parameters((block_cipher_mode, padding_method): How) -> Option<CryptographicParameters> {
    let parameters = CryptographicParameters { block_cipher_mode, padding_method, ..Default::default() };
    (block_cipher_mode.is_some() || padding_method.is_some()).then_some(parameters)
}

fn information(id: &str, parameters: Option<CryptographicParameters>) -> Option<WrappingKeyInformation> {
    Some(WrappingKeyInformation { unique_identifier: id.into(), cryptographic_parameters: parameters })
}

/// An Active key that is meant for this.
fn key(bench: &mut Bench, who: &Principal, mask: Use, more: &[Attribute]) -> String {
    let attributes = [Attribute::CryptographicUsageMask(mask), Attribute::ActivationDate(DateTime(1))];
    let all: Vec<_> = attributes.iter().chain(more).cloned().collect();
    create(bench, who, &all)
}

fn get(id: &str, wrapping: Option<KeyWrappingSpecification>) -> GetRequest {
    GetRequest {
        unique_identifier: Some(id.into()),
        key_wrapping_specification: wrapping,
        ..GetRequest::default()
    }
}

fn in_clear(
    bench: &mut Bench,
    who: &Principal,
    version: Version,
    id: &str,
) -> Result<KeyBlock, ResultReason> {
    let request = GetRequest { key_wrap_type: Some(KeyWrapType::NotWrapped), ..get(id, None) };
    let answer = bench.ask(who, version, request)?;
    Ok(answer.object.key_block().unwrap().clone())
}

fn register(bench: &mut Bench, who: &Principal, object: ManagedObject) -> String {
    let request = RegisterRequest {
        object_type: object.object_type(),
        attributes: [Attribute::CryptographicUsageMask(Use::Encrypt)].into(),
        object,
        ..RegisterRequest::default()
    };
    text(&bench.ask(who, V2_1, request).unwrap().unique_identifier)
}

fn material(block: &KeyBlock) -> &KeyMaterial {
    match &block.key_value {
        Some(KeyValue::Plain(plain)) => &plain.key_material,
        other => panic!("{other:?}"),
    }
}

fn wrapped_bytes(block: &mut KeyBlock) -> &mut kmip_codec::SecretBytes {
    match &mut block.key_value {
        Some(KeyValue::Wrapped(bytes)) => bytes,
        other => panic!("{other:?}"),
    }
}

fn flipped(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    bytes
}

#[test]
fn what_is_wrapped_is_unwrapped() {
    let (mut bench, who) = (Bench::new(1), granted("owner", &[]));
    let kek = key(&mut bench, &who, Use::WrapKey | Use::UnwrapKey, &[]);
    let mac = key(&mut bench, &who, Use::MACGenerate | Use::MACVerify, &[]);
    let id = create(&mut bench, &who, &[]);
    let clear = in_clear(&mut bench, &who, V2_1, &id).unwrap();
    for (method, how) in METHODS.iter().flat_map(|method| ENCRYPTIONS.iter().map(move |how| (*method, *how)))
    {
        for (version, encoding_option, named) in [
            (V1_4, None, true),
            (V2_1, None, true),
            (V2_1, Some(EncodingOption::TTLVEncoding), false),
            (V1_2, Some(EncodingOption::NoEncoding), false),
        ] {
            let what = format!("{method:?} {how:?} {encoding_option:?} in {version}");
            let names = [AttributeReference::Tag(Tag::CryptographicUsageMask), note("").reference()];
            let specification = KeyWrappingSpecification {
                wrapping_method: method,
                encryption_key_information: information(&kek, parameters(how)).filter(|_| encrypts(method)),
                mac_signature_key_information: information(&mac, None).filter(|_| authenticates(method)),
                attributes: if named { names.to_vec() } else { Vec::new() },
                encoding_option,
            };
            let wrapped = bench.ask(&who, version, get(&id, Some(specification))).unwrap().object;
            let data = wrapped.key_block().unwrap().key_wrapping_data.clone().unwrap();
            assert_eq!(data.mac_signature.is_some(), authenticates(method), "{what}");
            let kept = register(&mut bench, &who, wrapped.clone());
            let opened = in_clear(&mut bench, &who, V1_4, &kept).unwrap_or_else(|e| panic!("{what}: {e:?}"));
            assert_eq!(material(&opened), material(&clear), "{what}");
            let Some(KeyValue::Plain(plain)) = &opened.key_value else { panic!("{what}") };
            let inside = plain.attributes.as_ref().map_or(0, |list| list.0.len());
            assert_eq!(inside, if named { 2 } else { 0 }, "{what}");
            if authenticates(method) {
                refuses_what_was_changed(&mut bench, &who, &wrapped, &what);
            }
        }
    }
}

/// One bit of the key value, one of the MAC, and no MAC at all.
fn refuses_what_was_changed(bench: &mut Bench, who: &Principal, wrapped: &ManagedObject, what: &str) {
    let changes: [fn(&mut KeyBlock); 3] = [
        |block| {
            let changed = flipped(wrapped_bytes(block).expose());
            *wrapped_bytes(block) = changed.into();
        },
        |block| {
            let data = block.key_wrapping_data.as_mut().unwrap();
            data.mac_signature = data.mac_signature.as_ref().map(|mac| flipped(mac).into());
        },
        |block| block.key_wrapping_data.as_mut().unwrap().mac_signature = None,
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut changed = wrapped.clone();
        change(changed.key_block_mut().unwrap());
        let kept = register(bench, who, changed);
        assert!(in_clear(bench, who, V2_1, &kept).is_err(), "{what}: change {number}");
    }
}

/// HMAC by a library, over the very bytes of the key value.
#[test]
fn a_mac_is_over_the_key_value() {
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    let named = CryptographicParameters {
        cryptographic_algorithm: Some(CryptographicAlgorithm::HMAC_SHA256),
        ..CryptographicParameters::default()
    };
    let mac = key(&mut bench, &who, Use::MACGenerate | Use::MACVerify, &[]);
    let id = create(&mut bench, &who, &[]);
    let specification = KeyWrappingSpecification {
        wrapping_method: WrappingMethod::MACSign,
        mac_signature_key_information: information(&mac, Some(named)),
        ..KeyWrappingSpecification::default()
    };
    let mut wrapped = bench.ask(&who, V2_1, get(&id, Some(specification))).unwrap().object;
    let KeyMaterial::Bytes(secret) = material(&in_clear(&mut bench, &who, V2_1, &mac).unwrap()).clone()
    else {
        panic!("it is raw");
    };
    let block = wrapped.key_block_mut().unwrap();
    let value = wrapped_bytes(block).clone();
    let hmac = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret.expose());
    let made = block.key_wrapping_data.as_ref().unwrap().mac_signature.clone().unwrap();
    aws_lc_rs::hmac::verify(&hmac, value.expose(), &made).unwrap();
}

/// Specifications that do not hold together, or that this server does not serve.
#[test]
fn specifications_are_held_to_what_they_say() {
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    let kek = key(&mut bench, &who, Use::WrapKey, &[]);
    let mac = key(&mut bench, &who, Use::MACGenerate, &[]);
    let id = create(&mut bench, &who, &[]);
    let of = |wrapping_method| KeyWrappingSpecification { wrapping_method, ..Default::default() };
    let encrypt = || KeyWrappingSpecification {
        encryption_key_information: information(&kek, None),
        ..of(WrappingMethod::Encrypt)
    };
    let both = |method| KeyWrappingSpecification {
        mac_signature_key_information: information(&mac, None),
        ..KeyWrappingSpecification { wrapping_method: method, ..encrypt() }
    };
    let rows = [
        ("no key", of(WrappingMethod::Encrypt), ResultReason::InvalidField),
        ("no key for the MAC", of(WrappingMethod::MACSign), ResultReason::InvalidField),
        (
            "half",
            KeyWrappingSpecification { wrapping_method: WrappingMethod::EncryptThenMACSign, ..encrypt() },
            ResultReason::InvalidField,
        ),
        ("a key too many", both(WrappingMethod::Encrypt), ResultReason::InvalidField),
        ("another method", both(WrappingMethod(0x8000_0001)), ResultReason::FeatureNotSupported),
        (
            "another encoding",
            KeyWrappingSpecification { encoding_option: Some(EncodingOption(9)), ..encrypt() },
            ResultReason::EncodingOptionError,
        ),
        (
            "attributes without encoding",
            KeyWrappingSpecification {
                encoding_option: Some(EncodingOption::NoEncoding),
                attributes: vec![AttributeReference::Tag(Tag::State)],
                ..encrypt()
            },
            ResultReason::EncodingOptionError,
        ),
        (
            "a mode that there is not",
            KeyWrappingSpecification {
                encryption_key_information: information(&kek, parameters((Some(Mode::PCBC), None))),
                ..encrypt()
            },
            ResultReason::BadCryptographicParameters,
        ),
    ];
    for (what, specification, reason) in rows {
        assert_eq!(bench.ask(&who, V2_1, get(&id, Some(specification))).unwrap_err(), reason, "{what}");
    }
}

/// The wrapping key is the client's, alive, Active, and meant for it; and it wraps as it says it does (KMIP 2.1, 7.18).
#[test]
fn wrapping_keys_are_held_to_what_they_are() {
    let (mut bench, who, other) = (Bench::new(1), principal("owner", &[]), principal("other", &[]));
    let id = create(&mut bench, &who, &[]);
    let cbc = Attribute::CryptographicParameters(
        parameters((Some(Mode::CBC), Some(PaddingMethod::PKCS5))).unwrap(),
    );
    let fine = key(&mut bench, &who, Use::WrapKey, &[cbc]);
    let foreign = key(&mut bench, &other, Use::WrapKey, &[]);
    let unmeant = key(&mut bench, &who, Use::Encrypt, &[]);
    let resting = create(&mut bench, &who, &[Attribute::CryptographicUsageMask(Use::WrapKey)]);
    let archived = key(&mut bench, &who, Use::WrapKey, &[]);
    let archive = ArchiveRequest { unique_identifier: Some(archived.as_str().into()) };
    bench.ask(&who, V2_1, archive).unwrap();
    let gone = create(&mut bench, &who, &[Attribute::CryptographicUsageMask(Use::WrapKey)]);
    move_to(&mut bench, &who, &gone, State::Destroyed);
    let stopped = key(&mut bench, &who, Use::WrapKey, &[Attribute::ProtectStopDate(DateTime(2))]);
    let ask = |bench: &mut Bench, version, key: &str, how: How| {
        let specification = KeyWrappingSpecification {
            wrapping_method: WrappingMethod::Encrypt,
            encryption_key_information: information(key, parameters(how)),
            ..KeyWrappingSpecification::default()
        };
        bench.ask(&who, version, get(&id, Some(specification))).map(drop)
    };
    ask(&mut bench, V2_1, &fine, (None, None)).unwrap();
    ask(&mut bench, V2_1, &fine, (Some(Mode::CBC), Some(PaddingMethod::PKCS5))).unwrap();
    let rows = [
        (
            &fine,
            (Some(Mode::GCM), None),
            ResultReason::ItemNotFound,
            ResultReason::BadCryptographicParameters,
        ),
        (&foreign, (None, None), ResultReason::ItemNotFound, ResultReason::WrappingObjectNotFound),
        (
            &unmeant,
            (None, None),
            ResultReason::PermissionDenied,
            ResultReason::IncompatibleCryptographicUsageMask,
        ),
        (&resting, (None, None), ResultReason::PermissionDenied, ResultReason::PermissionDenied),
        (&archived, (None, None), ResultReason::ObjectArchived, ResultReason::WrappingObjectArchived),
        (&gone, (None, None), ResultReason::ItemNotFound, ResultReason::WrappingObjectDestroyed),
        (&stopped, (None, None), ResultReason::PermissionDenied, ResultReason::PermissionDenied),
    ];
    for (key, how, old, new) in rows {
        assert_eq!(ask(&mut bench, V1_4, key, how), Err(old), "{key}");
        assert_eq!(ask(&mut bench, V2_1, key, how), Err(new), "{key}");
    }
}

/// A MAC hides nothing: what is sensitive leaves only encrypted, and as it came where it came encrypted.
#[test]
fn what_is_sensitive_leaves_encrypted() {
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    let kek = key(&mut bench, &who, Use::WrapKey | Use::UnwrapKey, &[]);
    let mac = key(&mut bench, &who, Use::MACGenerate, &[]);
    let id = create(&mut bench, &who, &[Attribute::Sensitive(true)]);
    let specification = |wrapping_method| KeyWrappingSpecification {
        wrapping_method,
        encryption_key_information: information(&kek, None).filter(|_| encrypts(wrapping_method)),
        mac_signature_key_information: information(&mac, None).filter(|_| authenticates(wrapping_method)),
        ..KeyWrappingSpecification::default()
    };
    for method in METHODS.iter().copied() {
        let got = bench.ask(&who, V2_1, get(&id, Some(specification(method))));
        assert_eq!(got.err(), (!encrypts(method)).then_some(ResultReason::Sensitive), "{method:?}");
    }
    let object =
        bench.ask(&who, V2_1, get(&id, Some(specification(WrappingMethod::Encrypt)))).unwrap().object;
    let request = RegisterRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: [Attribute::CryptographicUsageMask(Use::Encrypt), Attribute::Sensitive(true)].into(),
        object: object.clone(),
        ..RegisterRequest::default()
    };
    let kept = text(&bench.ask(&who, V2_1, request).unwrap().unique_identifier);
    assert_eq!(bench.ask(&who, V2_1, get(&kept, None)).unwrap().object, object);
    assert_eq!(in_clear(&mut bench, &who, V2_1, &kept).unwrap_err(), ResultReason::Sensitive);
}

/// What a key wraps counts against its Usage Limits.
#[test]
fn wrapping_counts() {
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    let limits = UsageLimits { total: 1, count: None, unit: UsageLimitsUnit::Object };
    let kek = key(&mut bench, &who, Use::WrapKey, &[Attribute::UsageLimits(limits)]);
    let id = create(&mut bench, &who, &[]);
    let specification = KeyWrappingSpecification {
        wrapping_method: WrappingMethod::Encrypt,
        encryption_key_information: information(&kek, None),
        ..KeyWrappingSpecification::default()
    };
    bench.ask(&who, V2_1, get(&id, Some(specification.clone()))).unwrap();
    let spent = bench.ask(&who, V2_1, get(&id, Some(specification))).unwrap_err();
    assert_eq!(spent, ResultReason::PermissionDenied);
}

#[test]
fn keys_are_had_not_wrapped_or_as_registered() {
    let (mut bench, who) = (Bench::new(20), principal("owner", &[]));
    let id = create(&mut bench, &who, &[]);
    let other = || GetRequest { key_wrap_type: Some(KeyWrapType(0x8000_0001)), ..get(&id, None) };
    assert_eq!(bench.ask(&who, V1_4, other()).unwrap_err(), ResultReason::FeatureNotSupported);
    assert_eq!(bench.ask(&who, V2_1, other()).unwrap_err(), ResultReason::KeyWrapTypeNotSupported);
}
