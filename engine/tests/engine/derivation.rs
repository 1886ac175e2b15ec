//! Derive Key: every method through the engine, what the new object gets, and what is refused.

use super::objects::*;
use super::world::{Bench, granted, principal};
use keystead_engine::rights::principal::Principal;
use kmip_codec::attributes::*;
use kmip_codec::enums::*;
use kmip_codec::objects::{ManagedObject, SecretData, SymmetricKey};
use kmip_codec::operations::Request;
use kmip_codec::payloads::*;
use kmip_codec::value::{Data, DateTime, UniqueIdentifier};
use kmip_codec::version::{V1_0, V1_4, V2_1};
use kmip_codec::{SecretBytes, Version, attribute};

const ACTIVE: Attribute = Attribute::ActivationDate(DateTime(1));

fn mask(mask: CryptographicUsageMask) -> Attribute {
    Attribute::CryptographicUsageMask(mask)
}

fn register(bench: &mut Bench, who: &Principal, object: ManagedObject, more: &[Attribute]) -> String {
    let attributes = more.iter().cloned().collect::<Attributes>().into();
    let object_type = object.object_type();
    let request = RegisterRequest { object_type, attributes, object, ..RegisterRequest::default() };
    text(&bench.ask(who, V2_1, request).unwrap().unique_identifier)
}

fn secret(bench: &mut Bench, who: &Principal, bytes: &[u8]) -> String {
    let key_block = bytes_block(KeyFormatType::Raw, bytes);
    let secret = ManagedObject::SecretData(SecretData { secret_data_type: SecretDataType::Seed, key_block });
    register(bench, who, secret, &[mask(CryptographicUsageMask::DeriveKey), ACTIVE])
}

fn key(bench: &mut Bench, who: &Principal, algorithm: CryptographicAlgorithm, bytes: &[u8]) -> String {
    let mut key_block = bytes_block(KeyFormatType::Raw, bytes);
    key_block.cryptographic_algorithm = Some(algorithm);
    key_block.cryptographic_length = Some(i32::try_from(bytes.len()).unwrap() * 8);
    let uses = CryptographicUsageMask::DeriveKey | CryptographicUsageMask::Encrypt;
    register(bench, who, ManagedObject::SymmetricKey(SymmetricKey { key_block }), &[mask(uses), ACTIVE])
}

fn request(
    bases: &[&str],
    method: DerivationMethod,
    bits: i32,
    parameters: DerivationParameters,
) -> DeriveKeyRequest {
    DeriveKeyRequest {
        object_type: ObjectType::SecretData,
        unique_identifiers: bases.iter().map(|id| UniqueIdentifier::from(*id)).collect(),
        derivation_method: method,
        derivation_parameters: parameters,
        attributes: [Attribute::CryptographicLength(bits)].into(),
    }
}

fn with(digest: HashingAlgorithm) -> DerivationParameters {
    let hashing_algorithm = Some(digest);
    let cryptographic_parameters = CryptographicParameters { hashing_algorithm, ..Default::default() };
    DerivationParameters {
        cryptographic_parameters: Some(cryptographic_parameters),
        ..DerivationParameters::default()
    }
}

fn data(parameters: DerivationParameters, parts: &[&[u8]]) -> DerivationParameters {
    let derivation_data = parts.iter().map(|part| SecretBytes::from(*part)).collect();
    DerivationParameters { derivation_data, ..parameters }
}

fn value(bench: &mut Bench, who: &Principal, id: &str) -> Vec<u8> {
    let get = GetRequest { unique_identifier: Some(id.into()), ..GetRequest::default() };
    let object = bench.ask(who, V2_1, get).unwrap().object;
    match &object.key_block().unwrap().key_value {
        Some(kmip_codec::objects::KeyValue::Plain(plain)) => match &plain.key_material {
            kmip_codec::objects::KeyMaterial::Bytes(bytes) => bytes.expose().to_vec(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

/// The derived bytes in hex, or why there are none.
fn derive(
    bench: &mut Bench,
    who: &Principal,
    version: Version,
    request: DeriveKeyRequest,
) -> Result<String, ResultReason> {
    let id = text(&bench.ask(who, version, request)?.unique_identifier);
    Ok(hex::encode(value(bench, who, &id)))
}

#[test]
fn every_method_derives() {
    // A hash of a password is weak.
    let (mut bench, who) = (Bench::new(1), granted("owner", &[]));
    let password = secret(&mut bench, &who, b"password");
    let aws = secret(&mut bench, &who, b"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    let ikm = secret(&mut bench, &who, &[0x0b; 22]);
    let counted = hex::decode("1d9209183e557d3aac7e2ab53d26ec659df2a745fe56a53818ef5853a42ce194").unwrap();
    let counted = key(&mut bench, &who, CryptographicAlgorithm::HMAC_SHA256, &counted);
    let fixed = hex::decode(
        "c01a431a32833930a22abee5c6ea34db459316def3b241529ece7e39e2069a1e\
         6b942946132eebc9679801d2cefef4bbb6a1b84ef853325b7bc498fd",
    )
    .unwrap();
    let pbkdf2 = DerivationParameters {
        salt: Some(b"salt".as_slice().into()),
        iteration_count: Some(4096),
        ..DerivationParameters::default()
    };
    let none = DerivationParameters::default;
    let rows = [
        (request(&[&password], DerivationMethod::PBKDF2, 128, pbkdf2), "4b007901b765489abead49d926f721d0"),
        (
            request(&[&password], DerivationMethod::HASH, 128, with(HashingAlgorithm::SHA_256)),
            "5e884898da28047151d0e56f8dc62927",
        ),
        (
            request(&[&counted], DerivationMethod::NIST800_108_C, 320, data(none(), &[&fixed])),
            "dabcffa16a7589deee6c768aaf01e0813de909005526da54700083ef068f854d49941279689a1726",
        ),
        (
            request(
                &[&aws],
                DerivationMethod::AWSSignatureVersion4,
                256,
                data(none(), &[b"20150830", b"us-east-1", b"iam"]),
            ),
            "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9",
        ),
        (
            request(&[&ikm], DerivationMethod::HKDF, 336, none()),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        ),
    ];
    for (request, known) in rows {
        let method = request.derivation_method;
        assert_eq!(derive(&mut bench, &who, V2_1, request).unwrap(), known, "{method:?}");
    }
}

/// HMAC, feedback and double pipeline differ in what they mix in, and each agrees with itself whether the data come in
/// the request or from a secret.
#[test]
fn data_come_in_the_request_or_from_a_secret() {
    let (mut bench, who) = (Bench::new(2), principal("owner", &[]));
    let base = key(&mut bench, &who, CryptographicAlgorithm::AES, &[3; 16]);
    let label = secret(&mut bench, &who, b"label\0context");
    let methods = [
        (DerivationMethod::HMAC, 256),
        // More than a block: the first of counter and feedback mode are the same.
        (DerivationMethod::NIST800_108_C, 384),
        (DerivationMethod::NIST800_108_F, 384),
        (DerivationMethod::NIST800_108_DPI, 384),
    ];
    let mut seen = Vec::new();
    for (method, bits) in methods {
        let parameters = with(HashingAlgorithm::SHA_256);
        let named = data(parameters.clone(), &[b"label\0context"]);
        let direct = derive(&mut bench, &who, V1_0, request(&[&base], method, bits, named.clone())).unwrap();
        for order in [[&*base, &*label], [&*label, &*base]] {
            let by_secret = request(&order, method, bits, parameters.clone());
            assert_eq!(derive(&mut bench, &who, V1_0, by_secret).unwrap(), direct, "{method:?}");
        }
        let both = request(&[&base, &label], method, bits, named);
        let refused = derive(&mut bench, &who, V1_4, both).unwrap_err();
        assert_eq!(refused, ResultReason::InvalidMessage, "both: ambiguous");
        let neither = request(&[&base], method, bits, parameters);
        assert_eq!(derive(&mut bench, &who, V1_4, neither).unwrap_err(), ResultReason::InvalidField);
        assert!(!seen.contains(&direct), "{method:?} is like another");
        seen.push(direct);
    }
}

#[test]
fn encryption_derives_what_encrypt_gives() {
    let (mut bench, who) = (Bench::new(3), principal("owner", &[]));
    let base = key(&mut bench, &who, CryptographicAlgorithm::AES, &[3; 32]);
    let block_cipher_mode = Some(BlockCipherMode::CBC);
    let parameters = Some(CryptographicParameters { block_cipher_mode, ..Default::default() });
    let iv = bytes::Bytes::from_static(&[9; 16]);
    let encrypt = EncryptRequest {
        unique_identifier: Some(base.as_str().into()),
        cryptographic_parameters: parameters.clone(),
        data: Some(Data::Bytes([5; 32].as_slice().into())),
        iv_counter_nonce: Some(iv.clone()),
        ..EncryptRequest::default()
    };
    let Some(Data::Bytes(encrypted)) = bench.ask(&who, V2_1, encrypt).unwrap().data else { panic!() };
    let derivation = DerivationParameters {
        cryptographic_parameters: parameters,
        initialization_vector: Some(iv),
        derivation_data: vec![[5; 32].as_slice().into()],
        ..DerivationParameters::default()
    };
    let method = DerivationMethod::ENCRYPT;
    let derived = derive(&mut bench, &who, V2_1, request(&[&base], method, 192, derivation.clone())).unwrap();
    assert_eq!(derived, hex::encode(&encrypted.expose()[..24]));
    let longer = request(&[&base], method, 264, derivation.clone());
    assert_eq!(derive(&mut bench, &who, V2_1, longer), Err(ResultReason::CryptographicFailure));
    let without = DerivationParameters { initialization_vector: None, ..derivation };
    assert!(derive(&mut bench, &who, V2_1, request(&[&base], method, 128, without)).is_err(), "no IV");
}

/// Two pairs, each private half with the other's public half: the same secret.
#[test]
fn pairs_agree() {
    let (mut bench, who) = (Bench::new(4), principal("owner", &[]));
    let pair = |bench: &mut Bench| {
        let half = |uses| Some([mask(uses), ACTIVE].into());
        let request = CreateKeyPairRequest {
            common: Some([Attribute::CryptographicAlgorithm(CryptographicAlgorithm::EC)].into()),
            private: half(CryptographicUsageMask::DeriveKey),
            public: half(CryptographicUsageMask::DeriveKey),
            ..CreateKeyPairRequest::default()
        };
        let answer = bench.ask(&principal("owner", &[]), V2_1, request).unwrap();
        (text(&answer.private_key), text(&answer.public_key))
    };
    let (a, b) = (pair(&mut bench), pair(&mut bench));
    let method = DerivationMethod::AsymmetricKey;
    let mut ask = |bases: &[&str], bits| {
        derive(&mut bench, &who, V1_4, request(bases, method, bits, DerivationParameters::default()))
    };
    let shared = ask(&[&a.0, &b.1], 256).unwrap();
    assert_eq!(ask(&[&a.1, &b.0], 256).unwrap(), shared);
    assert_eq!(ask(&[&a.0, &b.1], 128).unwrap(), shared[..32], "the first bits");
    assert_eq!(ask(&[&a.0, &b.1], 264), Err(ResultReason::CryptographicFailure));
    assert_eq!(ask(&[&a.0, &b.0], 256), Err(ResultReason::InvalidField), "two private halves");
}

#[test]
fn the_new_object_and_its_bases_are_linked() {
    let (mut bench, who) = (Bench::new(5), principal("owner", &[]));
    let base = key(&mut bench, &who, CryptographicAlgorithm::AES, &[3; 16]);
    let mut made = Vec::new();
    for label in [b"one".as_slice(), b"two"] {
        let parameters = data(with(HashingAlgorithm::SHA_256), &[label]);
        let mut wanted = request(&[&base], DerivationMethod::HMAC, 256, parameters);
        wanted.object_type = ObjectType::SymmetricKey;
        wanted.attributes = [
            Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
            Attribute::CryptographicLength(256),
            mask(CryptographicUsageMask::Encrypt),
        ]
        .into();
        let id = text(&bench.ask(&who, V2_1, wanted).unwrap().unique_identifier);
        let derived = attributes_of(&mut bench, &who, &id);
        assert_eq!(linked(&derived, LinkType::DerivationBaseObjectLink), [base.as_str()]);
        assert!(attribute!(derived, Digest).next().is_some());
        made.push(id);
    }
    assert_eq!(linked(&attributes_of(&mut bench, &who, &base), LinkType::DerivedKeyLink), made);
}

fn linked(attributes: &Attributes, kind: LinkType) -> Vec<String> {
    attribute!(attributes, Link).filter(|link| link.kind == kind).map(|link| text(&link.linked)).collect()
}

#[test]
fn what_is_not_meant_for_it_is_refused() {
    let (mut bench, who) = (Bench::new(6), principal("owner", &[]));
    let plain = create(&mut bench, &who, &[ACTIVE]);
    let hash = |id: &str| request(&[id], DerivationMethod::HASH, 128, with(HashingAlgorithm::SHA_256));
    assert_eq!(derive(&mut bench, &who, V1_4, hash(&plain)), Err(ResultReason::InvalidField));
    let reason = derive(&mut bench, &who, V2_1, hash(&plain));
    assert_eq!(reason, Err(ResultReason::IncompatibleCryptographicUsageMask));
    assert!(linked(&attributes_of(&mut bench, &who, &plain), LinkType::DerivedKeyLink).is_empty());

    let seed = secret(&mut bench, &who, b"a seed to be used");
    let longer = request(&[&seed], DerivationMethod::HASH, 264, with(HashingAlgorithm::SHA_256));
    assert_eq!(derive(&mut bench, &who, V2_1, longer), Err(ResultReason::CryptographicFailure));
    assert!(linked(&attributes_of(&mut bench, &who, &seed), LinkType::DerivedKeyLink).is_empty());
    let mut keyless = hash(&seed);
    keyless.attributes = TemplateAttribute::default();
    assert_eq!(derive(&mut bench, &who, V2_1, keyless), Err(ResultReason::InvalidField), "no length");
    let late = request(&[&seed], DerivationMethod::HKDF, 128, DerivationParameters::default());
    assert_eq!(derive(&mut bench, &who, V1_4, late), Err(ResultReason::InvalidField), "HKDF is of 2.0");
    assert!(derive(&mut bench, &who, V2_1, hash(&seed)).is_ok());
    bench.ask(&who, V2_1, revoke(&seed, RevocationReasonCode::Superseded)).unwrap();
    assert_eq!(derive(&mut bench, &who, V2_1, hash(&seed)), Err(ResultReason::WrongKeyLifecycleState));
}

/// The ID placeholder, by silence or by name, does not stand for what to derive from.
#[test]
fn the_placeholder_is_no_base() {
    let (mut bench, who) = (Bench::new(7), principal("owner", &[]));
    let more = [mask(CryptographicUsageMask::DeriveKey), ACTIVE];
    let hash = request(&[], DerivationMethod::HASH, 128, with(HashingAlgorithm::SHA_256));
    let mut named = hash.clone();
    named.unique_identifiers = vec![UniqueIdentifier::Reference(UniqueIdentifierReference::IDPlaceholder)];
    for derive in [hash, named] {
        let batch = vec![Request::Create(aes(&more)), Request::DeriveKey(derive)];
        let items = bench.batch(&who, V2_1, BatchErrorContinuationOption::Stop, batch);
        assert_eq!(items[1].result_reason, Some(ResultReason::InvalidField));
    }
}

#[test]
fn pbkdf2_is_bounded() {
    let (mut bench, who) = (Bench::new(8), principal("owner", &[]));
    let seed = secret(&mut bench, &who, b"password");
    let mut ask = |iterations, bits| {
        let parameters = DerivationParameters {
            salt: Some(b"salt".as_slice().into()),
            iteration_count: Some(iterations),
            ..with(HashingAlgorithm::SHA_256)
        };
        derive(&mut bench, &who, V2_1, request(&[&seed], DerivationMethod::PBKDF2, bits, parameters))
    };
    assert_eq!(ask(i32::MAX, 128), Err(ResultReason::ServerLimitExceeded));
    assert_eq!(ask(100_000, 65_536), Err(ResultReason::ServerLimitExceeded), "256 blocks of 100,000");
    assert_eq!(ask(0, 128), Err(ResultReason::BadCryptographicParameters));
    assert_eq!(ask(-1, 128), Err(ResultReason::BadCryptographicParameters));
    assert!(ask(1000, 128).is_ok());
}

#[test]
fn create_makes_secrets() {
    let (mut bench, who) = (Bench::new(9), principal("owner", &[]));
    let mut ask = |bits| {
        let attributes = [Attribute::CryptographicLength(bits)].into();
        let request = CreateRequest { object_type: ObjectType::SecretData, attributes, ..Default::default() };
        bench.ask(&who, V2_1, request).map(|answer| text(&answer.unique_identifier))
    };
    let (one, other) = (ask(80).unwrap(), ask(80).unwrap());
    assert_eq!(ask(81), Err(ResultReason::InvalidAttributeValue), "bits that fill no byte");
    assert_eq!(ask(i32::MAX), Err(ResultReason::InvalidAttributeValue));
    let (one, other) = (value(&mut bench, &who, &one), value(&mut bench, &who, &other));
    assert_eq!((one.len(), other.len()), (10, 10));
    assert_ne!(one, other);
}

/// KMIP 1.4, 4.6 asks for algorithm and length: the uses of a key that says none are those of its base, but deriving.
#[test]
fn a_derived_key_that_says_no_use_has_those_of_its_base() {
    use CryptographicUsageMask as Use;
    let (mut bench, who) = (Bench::new(10), principal("owner", &[]));
    let rows = [
        (
            Use::DeriveKey | Use::Encrypt | Use::Decrypt,
            CryptographicAlgorithm::AES,
            Use::Encrypt | Use::Decrypt,
        ),
        (Use::DeriveKey | Use::WrapKey | Use::Sign, CryptographicAlgorithm::AES, Use::WrapKey),
        (Use::DeriveKey, CryptographicAlgorithm::AES, Use::Encrypt | Use::Decrypt),
        (Use::DeriveKey, CryptographicAlgorithm::HMAC_SHA256, Use::MACGenerate | Use::MACVerify),
    ];
    for (version, (of_base, algorithm, wanted)) in
        [V1_0, V1_4, V2_1].into_iter().flat_map(|version| rows.map(|row| (version, row)))
    {
        let base = create(&mut bench, &who, &[mask(of_base), ACTIVE]);
        let parameters = data(with(HashingAlgorithm::SHA_256), &[b"label"]);
        let mut derive = request(&[&base], DerivationMethod::HMAC, 256, parameters);
        derive.object_type = ObjectType::SymmetricKey;
        derive.attributes =
            [Attribute::CryptographicAlgorithm(algorithm), Attribute::CryptographicLength(256)].into();
        let id = text(&bench.ask(&who, version, derive.clone()).unwrap().unique_identifier);
        let held = attributes_of(&mut bench, &who, &id);
        assert_eq!(attribute!(held, CryptographicUsageMask).next(), Some(&wanted), "{version} {of_base:?}");
        derive.attributes.attributes.push(mask(Use::Verify));
        let id = text(&bench.ask(&who, version, derive).unwrap().unique_identifier);
        let held = attributes_of(&mut bench, &who, &id);
        assert_eq!(
            attribute!(held, CryptographicUsageMask).next(),
            Some(&Use::Verify),
            "what is said counts"
        );
    }
}
