//! TR-31 key blocks against psec, which we did not write: it opens what the server wraps and finds in the header what the
//! key is for; the server opens what it makes, and lets a key do no more than its block says.

use super::objects::*;
use super::world::{Bench, granted};
use crate::support;
use keystead_engine::rights::principal::Principal;
use kmip_codec::SecretBytes;
use kmip_codec::attributes::*;
use kmip_codec::enums::*;
use kmip_codec::objects::*;
use kmip_codec::payloads::*;
use kmip_codec::value::DateTime;
use kmip_codec::version::{V1_4, V2_1};
use std::process::Command;

use CryptographicAlgorithm as Algorithm;
use CryptographicUsageMask as Use;

/// What psec says to this (`tests/interop/tr31.py`).
fn psec(words: &[&str]) -> Option<String> {
    let checkout = support::checkout();
    let python = checkout.join(".venv/bin/python");
    if !python.exists() {
        support::skip("psec is not installed: `make test` does (scripts/setup.sh test)");
        return None;
    }
    let script = checkout.join("tests/interop/tr31.py");
    let output = Command::new(python).arg(script).args(words).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

fn key_of(algorithm: Algorithm, bytes: &[u8]) -> ManagedObject {
    let key_block = KeyBlock {
        cryptographic_algorithm: Some(algorithm),
        cryptographic_length: i32::try_from(bytes.len() * 8).ok(),
        ..bytes_block(KeyFormatType::Raw, bytes)
    };
    ManagedObject::SymmetricKey(SymmetricKey { key_block })
}

fn register(bench: &mut Bench, who: &Principal, object: ManagedObject, more: &[Attribute]) -> String {
    let request = RegisterRequest {
        object_type: object.object_type(),
        attributes: more.iter().cloned().collect::<Attributes>().into(),
        object,
        ..RegisterRequest::default()
    };
    text(&bench.ask(who, V2_1, request).unwrap().unique_identifier)
}

fn active(mask: Use) -> [Attribute; 2] {
    [Attribute::CryptographicUsageMask(mask), Attribute::ActivationDate(DateTime(1))]
}

fn role(key_role_type: KeyRoleType) -> Attribute {
    let key_role_type = Some(key_role_type);
    Attribute::CryptographicParameters(CryptographicParameters { key_role_type, ..Default::default() })
}

fn by(kek: &str, encoding_option: Option<EncodingOption>) -> KeyWrappingSpecification {
    let unique_identifier = kek.into();
    KeyWrappingSpecification {
        wrapping_method: WrappingMethod::TR_31,
        encryption_key_information: Some(WrappingKeyInformation {
            unique_identifier,
            cryptographic_parameters: None,
        }),
        encoding_option,
        ..KeyWrappingSpecification::default()
    }
}

fn wrapped(
    bench: &mut Bench,
    who: &Principal,
    id: &str,
    specification: KeyWrappingSpecification,
) -> Result<KeyBlock, ResultReason> {
    let request = GetRequest {
        unique_identifier: Some(id.into()),
        key_wrapping_specification: Some(specification),
        ..GetRequest::default()
    };
    Ok(bench.ask(who, V2_1, request)?.object.key_block().unwrap().clone())
}

fn text_of(block: &KeyBlock) -> String {
    match &block.key_value {
        Some(KeyValue::Wrapped(bytes)) => String::from_utf8(bytes.expose().to_vec()).unwrap(),
        other => panic!("{other:?}"),
    }
}

const AES_KEK: [u8; 32] = [0x5a; 32];
const DES_KEK: [u8; 24] =
    *b"\x01\x23\x45\x67\x89\xab\xcd\xef\x10\x32\x54\x76\x98\xba\xdc\xfe\x02\x13\x46\x57\x8a\x9b\xce\xdf";

/// A key that wraps: its identifier, its bytes, and the version of blocks that goes with it.
type Kek = (String, &'static [u8], char);

/// A key, what it is for, and what the header says of it.
type Wraps<'a> = (&'a str, (Algorithm, &'a [u8]), Use, Option<KeyRoleType>);

/// What a header says, the key that it is imported as, and whether that may be.
type Opens<'a> = (&'a str, &'a [&'a str], Algorithm, &'a [Attribute], Result<(), ResultReason>);

/// A bench with a key of AES and one of Triple DES that wrap and unwrap.
fn bench() -> (Bench, Principal, [Kek; 2]) {
    let (mut bench, who) = (Bench::new(1), granted("owner", &[]));
    let uses = active(Use::WrapKey | Use::UnwrapKey);
    let aes = register(&mut bench, &who, key_of(Algorithm::AES, &AES_KEK), &uses);
    let des = register(&mut bench, &who, key_of(Algorithm::DES3, &DES_KEK), &uses);
    (bench, who, [(aes, &AES_KEK, 'D'), (des, &DES_KEK, 'B')])
}

#[test]
fn psec_opens_what_the_server_wraps() {
    let (mut bench, who, keks) = bench();
    let aes = (Algorithm::AES, &[0x11; 16][..]);
    let des = (Algorithm::DES3, &DES_KEK[..]);
    let rows: &[Wraps<'_>] = &[
        ("D0 A B", aes, Use::Encrypt | Use::Decrypt, None),
        ("D0 A E", aes, Use::Encrypt, None),
        ("D0 T D", des, Use::Decrypt, None),
        ("K0 A B", aes, Use::WrapKey | Use::UnwrapKey, None),
        ("M6 A C", aes, Use::MACGenerate | Use::MACVerify, None),
        ("M3 T V", des, Use::MACVerify, Some(KeyRoleType::MAC97973)),
        ("P0 T E", des, Use::Encrypt, Some(KeyRoleType::ZPK)),
        ("B0 T X", des, Use::DeriveKey, Some(KeyRoleType::BDK)),
        ("K0 A N", aes, Use::WrapKey | Use::DeriveKey, Some(KeyRoleType::KEK)),
    ];
    for (kek, bytes, version) in &keks {
        for (says, (algorithm, key), mask, key_role) in rows {
            let more: Vec<_> =
                [Attribute::CryptographicUsageMask(*mask)].into_iter().chain(key_role.map(role)).collect();
            let id = register(&mut bench, &who, key_of(*algorithm, key), &more);
            let block = wrapped(&mut bench, &who, &id, by(kek, None)).unwrap();
            let data = block.key_wrapping_data.clone().unwrap();
            assert_eq!(data.encoding_option, Some(EncodingOption::NoEncoding));
            let Some(found) = psec(&["unwrap", &hex::encode(bytes), &text_of(&block)]) else { return };
            assert_eq!(found, format!("{version} {says} E {}", hex::encode(key)));

            let again = register(&mut bench, &who, symmetric(block), &more);
            assert_eq!(in_clear(&mut bench, &who, &again).unwrap(), *key, "{says}");
        }
    }
}

fn symmetric(key_block: KeyBlock) -> ManagedObject {
    ManagedObject::SymmetricKey(SymmetricKey { key_block })
}

fn in_clear(bench: &mut Bench, who: &Principal, id: &str) -> Result<Vec<u8>, ResultReason> {
    let request = GetRequest {
        unique_identifier: Some(id.into()),
        key_wrap_type: Some(KeyWrapType::NotWrapped),
        ..GetRequest::default()
    };
    match &bench.ask(who, V1_4, request)?.object.key_block().unwrap().key_value {
        Some(KeyValue::Plain(PlainKeyValue { key_material: KeyMaterial::Bytes(bytes), .. })) => {
            Ok(bytes.expose().to_vec())
        }
        other => panic!("{other:?}"),
    }
}

/// The object of this block, wrapped by this key.
fn holding(kek: &str, algorithm: Algorithm, block: &str) -> ManagedObject {
    let specification = by(kek, None);
    let data = KeyWrappingData {
        wrapping_method: specification.wrapping_method,
        encryption_key_information: specification.encryption_key_information,
        ..KeyWrappingData::default()
    };
    symmetric(KeyBlock {
        key_format_type: KeyFormatType::Raw,
        key_value: Some(KeyValue::Wrapped(SecretBytes::from(block.as_bytes()))),
        key_wrapping_data: Some(data),
        cryptographic_algorithm: Some(algorithm),
        cryptographic_length: Some(128),
        ..KeyBlock::default()
    })
}

/// Imports the key of a block, which is unwrapped on the way.
fn import(
    bench: &mut Bench,
    who: &Principal,
    object: ManagedObject,
    attributes: &[Attribute],
) -> Result<String, ResultReason> {
    let request = ImportRequest {
        unique_identifier: format!("imported-{}", bench.now).as_str().into(),
        object_type: Some(ObjectType::SymmetricKey),
        key_wrap_type: Some(KeyWrapType::NotWrapped),
        attributes: Some(AttributeList(attributes.iter().cloned().collect())),
        object,
        ..ImportRequest::default()
    };
    bench.now += 1;
    bench.ask(who, V2_1, request).map(|answer| text(&answer.unique_identifier))
}

#[test]
fn a_key_may_do_no_more_than_its_block_says() {
    let (mut bench, who, keks) = bench();
    const KEY: &str = "00112233445566778899aabbccddeeff";
    let both = Use::Encrypt | Use::Decrypt;
    let kept = Attribute::Extractable(false);
    let rows: &[Opens<'_>] = &[
        ("as it says", &["D0", "A", "B", "E"], Algorithm::AES, &[uses(both)], Ok(())),
        ("less", &["D0", "A", "B", "S"], Algorithm::AES, &[uses(Use::Decrypt)], Ok(())),
        ("anything", &["D0", "A", "N", "E"], Algorithm::AES, &[uses(both | Use::DeriveKey)], Ok(())),
        (
            "with an optional block",
            &["K0", "A", "B", "E", "KS=00604B120F9292800000"],
            Algorithm::AES,
            &[uses(Use::WrapKey)],
            Ok(()),
        ),
        ("more", &["D0", "A", "E", "E"], Algorithm::AES, &[uses(both)], Err(ResultReason::PermissionDenied)),
        (
            "a mode for pairs",
            &["D0", "A", "S", "E"],
            Algorithm::AES,
            &[uses(both)],
            Err(ResultReason::PermissionDenied),
        ),
        (
            "another algorithm",
            &["D0", "T", "B", "E"],
            Algorithm::AES,
            &[uses(both)],
            Err(ResultReason::InvalidField),
        ),
        (
            "it may leave",
            &["D0", "A", "B", "N"],
            Algorithm::AES,
            &[uses(both)],
            Err(ResultReason::PermissionDenied),
        ),
        ("it may not leave", &["D0", "A", "B", "N"], Algorithm::AES, &[uses(both), kept], Ok(())),
    ];
    for (kek, bytes, version) in &keks {
        for (what, header, algorithm, attributes, wanted) in rows {
            let version = version.to_string();
            let by = hex::encode(bytes);
            let mut words = vec!["wrap", &by, &version];
            words.extend_from_slice(&header[..4]);
            words.push(KEY);
            words.extend_from_slice(&header[4..]);
            let Some(block) = psec(&words) else { return };
            let found = import(&mut bench, &who, holding(kek, *algorithm, &block), attributes);
            assert_eq!(found.clone().map(|_| ()), *wanted, "{what} in {block}");
            if wanted.is_ok() && *what != "it may not leave" {
                assert_eq!(hex::encode(in_clear(&mut bench, &who, &found.unwrap()).unwrap()), KEY, "{what}");
            }
        }
    }
}

fn uses(mask: Use) -> Attribute {
    Attribute::CryptographicUsageMask(mask)
}

/// Where the header cannot say it, or the specification says something else.
#[test]
fn what_tr_31_cannot_hold_is_refused() {
    let (mut bench, who, [(aes, ..), _]) = bench();
    let hmac =
        register(&mut bench, &who, key_of(Algorithm::HMAC_SHA256, &[9; 32]), &[uses(Use::MACGenerate)]);
    let plain = register(&mut bench, &who, key_of(Algorithm::AES, &[9; 32]), &[uses(Use::Encrypt)]);
    let many = Use::Encrypt | Use::WrapKey;
    let mixed = register(&mut bench, &who, key_of(Algorithm::AES, &[9; 32]), &[uses(many)]);
    let camellia = active(Use::WrapKey);
    let camellia = register(&mut bench, &who, key_of(Algorithm::Camellia, &[9; 32]), &camellia);
    let mac_too = KeyWrappingSpecification {
        mac_signature_key_information: by(&aes, None).encryption_key_information,
        ..by(&aes, None)
    };
    let no_key = KeyWrappingSpecification { encryption_key_information: None, ..by(&aes, None) };
    let rows = [
        ("a key of HMAC", &hmac, by(&aes, None), ResultReason::InvalidObjectType),
        ("uses of two kinds", &mixed, by(&aes, None), ResultReason::BadCryptographicParameters),
        ("a key of Camellia", &plain, by(&camellia, None), ResultReason::BadCryptographicParameters),
        ("TTLV", &plain, by(&aes, Some(EncodingOption::TTLVEncoding)), ResultReason::EncodingOptionError),
        ("a key for the MAC", &plain, mac_too, ResultReason::InvalidField),
        ("no key", &plain, no_key, ResultReason::InvalidField),
    ];
    for (what, id, specification, reason) in rows {
        assert_eq!(wrapped(&mut bench, &who, id, specification).unwrap_err(), reason, "{what}");
    }
    assert!(wrapped(&mut bench, &who, &plain, by(&aes, Some(EncodingOption::NoEncoding))).is_ok());
}

/// What is sensitive may leave in a block: it hides the key.
#[test]
fn a_sensitive_key_leaves_in_a_block() {
    let (mut bench, who, [(aes, ..), _]) = bench();
    let more = [uses(Use::Encrypt), Attribute::Sensitive(true)];
    let id = register(&mut bench, &who, key_of(Algorithm::AES, &[9; 32]), &more);
    let first = text_of(&wrapped(&mut bench, &who, &id, by(&aes, None)).unwrap());
    let second = text_of(&wrapped(&mut bench, &who, &id, by(&aes, None)).unwrap());
    assert_ne!(first, second, "the padding is random");
    let short = register(&mut bench, &who, key_of(Algorithm::AES, &[9; 16]), &more);
    let short = text_of(&wrapped(&mut bench, &who, &short, by(&aes, None)).unwrap());
    assert_eq!(short.len(), first.len(), "the length of the key is hidden");
}
