//! Transparent RSA private keys with some of their numbers only (KMIP 2.1, 3.7): they sign, and are had as OpenSSL writes
//! the whole key.

use super::objects::*;
use super::openssl::OpenSsl;
use super::world::{Bench, principal};
use keystead_engine::rights::principal::Principal;
use kmip_codec::attributes::{Attribute, CryptographicParameters};
use kmip_codec::enums::*;
use kmip_codec::objects::*;
use kmip_codec::payloads::*;
use kmip_codec::value::{BigInteger, Data, DateTime};
use kmip_codec::version::V2_1;

use KeyFormatType as Format;

/// Leaves numbers out, or says wrong ones.
type Change = fn(&mut TransparentRsaPrivate);

fn no_crt(key: &mut TransparentRsaPrivate) {
    (key.prime_exponent_p, key.prime_exponent_q, key.crt_coefficient) = (None, None, None);
}

fn no_primes(key: &mut TransparentRsaPrivate) {
    no_crt(key);
    (key.p, key.q) = (None, None);
}

const ENOUGH: &[(&str, Change)] = &[
    ("the modulus and both exponents", no_primes),
    ("the primes and both exponents", no_crt),
    ("the primes and the public exponent", |key| {
        no_crt(key);
        key.private_exponent = None;
    }),
    ("the primes and the private exponent", |key| {
        no_crt(key);
        key.public_exponent = None;
    }),
    ("all but the coefficient", |key| key.crt_coefficient = None),
    ("all but the private exponent", |key| key.private_exponent = None),
];

/// Legal, but no whole key follows from them (KMIP 2.1, 3.7): such a key is kept, and not used.
const TOO_FEW: &[(&str, Change)] = &[
    ("no exponent", |key| {
        no_crt(key);
        (key.public_exponent, key.private_exponent) = (None, None);
    }),
    ("the private exponent alone", |key| {
        no_primes(key);
        key.public_exponent = None;
    }),
    ("no primes for the exponents of the primes", |key| {
        (key.p, key.q, key.private_exponent) = (None, None, None);
    }),
];

const WRONG: &[(&str, Change)] = &[
    ("another public exponent", |key| {
        no_primes(key);
        key.public_exponent = Some(BigInteger::from_unsigned(&[3]));
    }),
    ("another public exponent beside the primes", |key| {
        no_crt(key);
        key.public_exponent = Some(BigInteger::from_unsigned(&[3]));
    }),
    ("another public exponent in a whole key", |key| {
        key.public_exponent = Some(BigInteger::from_unsigned(&[3]));
    }),
    ("an even public exponent", |key| {
        no_crt(key);
        key.private_exponent = None;
        key.public_exponent = Some(BigInteger::from_unsigned(&[2]));
    }),
    ("a public exponent of one", |key| {
        (key.public_exponent, key.private_exponent) =
            (Some(BigInteger::from_unsigned(&[1])), Some(BigInteger::from_unsigned(&[1])));
    }),
    ("a prime of another modulus", |key| {
        no_crt(key);
        key.p = Some(BigInteger::from_unsigned(&[101]));
    }),
    ("one and the modulus for primes", |key| {
        no_crt(key);
        (key.p, key.q) = (Some(BigInteger::from_unsigned(&[1])), Some(key.modulus.clone()));
    }),
    ("a private exponent beyond the modulus", |key| {
        no_primes(key);
        key.private_exponent = Some(key.modulus.clone());
    }),
    ("another exponent of a prime", |key| key.prime_exponent_p = key.prime_exponent_q.clone()),
    ("another exponent of a prime in a lesser key", |key| {
        key.crt_coefficient = None;
        key.prime_exponent_p = key.prime_exponent_q.clone();
    }),
    ("another coefficient", |key| key.crt_coefficient = Some(BigInteger::from_unsigned(&[2]))),
    ("a short prime", |key| {
        no_crt(key);
        key.private_exponent = None;
        key.q = Some(BigInteger::from_unsigned(&[3, 1]));
        let p = key.p.as_ref().unwrap().to_unsigned().unwrap();
        let (mut product, mut carry) = (Vec::new(), 0_u32);
        for byte in p.iter().rev() {
            let sum = u32::from(*byte) * 0x0301 + carry;
            product.insert(0, (sum & 0xff) as u8);
            carry = sum >> 8;
        }
        product.splice(0..0, carry.to_be_bytes());
        key.modulus = BigInteger::from_unsigned(&product);
    }),
    ("no modulus", |key| {
        no_primes(key);
        key.modulus = BigInteger::from_unsigned(&[]);
    }),
    ("an even modulus", |key| {
        no_primes(key);
        let mut bytes = key.modulus.to_unsigned().unwrap().to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        key.modulus = BigInteger::from_unsigned(&bytes);
    }),
];

fn block_of(key: TransparentRsaPrivate) -> KeyBlock {
    let key_material = KeyMaterial::Transparent(TransparentKey::RsaPrivate(key));
    KeyBlock {
        key_format_type: Format::TransparentRSAPrivateKey,
        key_value: Some(KeyValue::Plain(PlainKeyValue { key_material, attributes: None })),
        cryptographic_algorithm: Some(CryptographicAlgorithm::RSA),
        cryptographic_length: Some(2048),
        ..KeyBlock::default()
    }
}

fn register(bench: &mut Bench, who: &Principal, key_block: KeyBlock) -> String {
    registered(bench, who, key_block).unwrap()
}

fn registered(bench: &mut Bench, who: &Principal, key_block: KeyBlock) -> Result<String, ResultReason> {
    let request = RegisterRequest {
        object_type: ObjectType::PrivateKey,
        attributes: [
            Attribute::CryptographicUsageMask(CryptographicUsageMask::Sign),
            Attribute::ActivationDate(DateTime(1)),
        ]
        .into(),
        object: ManagedObject::PrivateKey(PrivateKey { key_block }),
        ..RegisterRequest::default()
    };
    bench.ask(who, V2_1, request).map(|answer| text(&answer.unique_identifier))
}

fn get(bench: &mut Bench, who: &Principal, id: &str, format: Format) -> Result<KeyMaterial, ResultReason> {
    let request = GetRequest {
        unique_identifier: Some(id.into()),
        key_format_type: Some(format),
        ..GetRequest::default()
    };
    match bench.ask(who, V2_1, request)?.object.key_block().unwrap().key_value.clone() {
        Some(KeyValue::Plain(plain)) => Ok(plain.key_material),
        other => panic!("{other:?}"),
    }
}

fn signed(bench: &mut Bench, who: &Principal, id: &str) -> Result<Vec<u8>, ResultReason> {
    let parameters = CryptographicParameters {
        padding_method: Some(PaddingMethod::PKCS1V1_5),
        hashing_algorithm: Some(HashingAlgorithm::SHA_256),
        ..CryptographicParameters::default()
    };
    let request = SignRequest {
        unique_identifier: Some(id.into()),
        cryptographic_parameters: Some(parameters),
        data: Some(Data::Bytes(b"what is signed".as_slice().into())),
        ..SignRequest::default()
    };
    Ok(bench.ask(who, V2_1, request)?.signature_data.unwrap().to_vec())
}

/// A key of OpenSSL's (`key.der`, PKCS#1), by its numbers.
fn made(bench: &mut Bench, who: &Principal, openssl: &OpenSsl, bits: u32) -> TransparentRsaPrivate {
    let words = format!("genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:{bits} -out key.pem");
    openssl.run(&words).unwrap();
    openssl.run("rsa -in key.pem -traditional -outform DER -out key.der").unwrap();
    openssl.run("pkey -in key.pem -pubout -out key.pub").unwrap();
    let whole = register(bench, who, bytes_block(Format::PKCS_1, &openssl.read("key.der")));
    match get(bench, who, &whole, Format::TransparentRSAPrivateKey) {
        Ok(KeyMaterial::Transparent(TransparentKey::RsaPrivate(key))) => key,
        other => panic!("{other:?}"),
    }
}

#[test]
fn numbers_that_are_not_said_follow_from_the_others() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    let key = made(&mut bench, &who, &openssl, 2048);
    openssl.write("data", b"what is signed");
    for (what, change) in ENOUGH {
        let mut lesser = key.clone();
        change(&mut lesser);
        let id = register(&mut bench, &who, block_of(lesser.clone()));
        let kept = get(&mut bench, &who, &id, Format::TransparentRSAPrivateKey).unwrap();
        assert_eq!(
            kept,
            KeyMaterial::Transparent(TransparentKey::RsaPrivate(lesser)),
            "as registered: {what}"
        );
        let whole = get(&mut bench, &who, &id, Format::PKCS_1).unwrap();
        assert_eq!(whole, KeyMaterial::Bytes(openssl.read("key.der").into()), "{what}");
        openssl.write("signature", &signed(&mut bench, &who, &id).unwrap());
        openssl.run("dgst -sha256 -verify key.pub -signature signature data").unwrap();
    }
    for (what, change) in WRONG {
        let mut wrong = key.clone();
        change(&mut wrong);
        let refused =
            registered(&mut bench, &who, KeyBlock { cryptographic_length: None, ..block_of(wrong) });
        assert_eq!(refused, Err(ResultReason::InvalidField), "{what}");
    }
    for (what, change) in TOO_FEW {
        let mut lesser = key.clone();
        change(&mut lesser);
        let id = register(&mut bench, &who, block_of(lesser));
        let refused = get(&mut bench, &who, &id, Format::PKCS_1).unwrap_err();
        assert_eq!(refused, ResultReason::KeyFormatTypeNotSupported, "{what}");
        assert!(signed(&mut bench, &who, &id).is_err(), "{what}");
    }
}

/// Some make the private exponent modulo (p - 1)(q - 1), which is a multiple of what OpenSSL takes.
#[test]
fn a_greater_private_exponent_tells_the_same_primes() {
    use crypto_bigint::BoxedUint;
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    let key = made(&mut bench, &who, &openssl, 2048);
    let number = |value: &BigInteger| BoxedUint::from_be_slice(value.to_unsigned().unwrap(), 2048).unwrap();
    let one = BoxedUint::one_with_precision(2048);
    let p1 = number(key.p.as_ref().unwrap()).wrapping_sub(&one);
    let q1 = number(key.q.as_ref().unwrap()).wrapping_sub(&one);
    let e = number(key.public_exponent.as_ref().unwrap());
    let modulus = crypto_bigint::NonZero::new(p1.wrapping_mul(&q1)).unwrap();
    let d = e.invert_mod(&modulus).unwrap();
    let mut lesser = key.clone();
    no_primes(&mut lesser);
    lesser.private_exponent = Some(BigInteger::from_unsigned(&d.to_be_bytes()));
    let id = register(&mut bench, &who, block_of(lesser));
    let KeyMaterial::Bytes(der) = get(&mut bench, &who, &id, Format::PKCS_1).unwrap() else { panic!() };
    let again = register(&mut bench, &who, bytes_block(Format::PKCS_1, der.expose()));
    match get(&mut bench, &who, &again, Format::TransparentRSAPrivateKey).unwrap() {
        KeyMaterial::Transparent(TransparentKey::RsaPrivate(found)) => {
            assert_eq!((found.p, found.q), (key.p, key.q));
            assert_eq!(found.crt_coefficient, key.crt_coefficient);
        }
        other => panic!("{other:?}"),
    }
}
