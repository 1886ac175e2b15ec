//! Without the grant nothing weak signs, encrypts, makes a MAC, wraps, derives or agrees, whatever it says of itself and
//! whichever way it came in.

mod short;

use super::*;
use crate::objects::bytes_block;
use kmip_codec::value::Data;

/// A weak key: its kind, its key block without claims, its algorithm and length, and a length that would do.
struct Weak {
    name: &'static str,
    kind: ObjectType,
    block: KeyBlock,
    algorithm: Algorithm,
    bits: i32,
    strong_bits: i32,
}

fn weak_keys(openssl: &OpenSsl) -> Vec<Weak> {
    let mut all = Vec::new();
    let pairs = [
        ("RSA-1024", "-algorithm RSA -pkeyopt rsa_keygen_bits:1024", Algorithm::RSA, 1024, 2048),
        ("P-192", "-algorithm EC -pkeyopt ec_paramgen_curve:prime192v1", Algorithm::ECDSA, 192, 256),
        ("secp160r1", "-algorithm EC -pkeyopt ec_paramgen_curve:secp160r1", Algorithm::EC, 160, 256),
        ("sect163k1", "-algorithm EC -pkeyopt ec_paramgen_curve:sect163k1", Algorithm::ECDH, 163, 283),
    ];
    for (name, made, algorithm, bits, strong_bits) in pairs {
        let (pkcs8, spki) = forms::made(openssl, made);
        let block = bytes_block(Format::PKCS_8, &pkcs8);
        all.push(Weak { name, kind: ObjectType::PrivateKey, block, algorithm, bits, strong_bits });
        let block = bytes_block(Format::X_509, &spki);
        all.push(Weak { name, kind: ObjectType::PublicKey, block, algorithm, bits, strong_bits });
    }
    let bytes = [
        ("a MAC key of 8 bytes", Algorithm::HMAC_SHA256, 8, 64, 256),
        ("DES", Algorithm::DES, 8, 56, 256),
        ("Triple DES", Algorithm::DES3, 24, 168, 256),
    ];
    for (name, algorithm, length, bits, strong_bits) in bytes {
        let block = bytes_block(Format::Raw, &vec![7; length]);
        all.push(Weak { name, kind: ObjectType::SymmetricKey, block, algorithm, bits, strong_bits });
    }
    all
}

fn sent(weak: &Weak, algorithm: Option<Algorithm>, length: Option<i32>) -> Sent {
    let block =
        KeyBlock { cryptographic_algorithm: algorithm, cryptographic_length: length, ..weak.block.clone() };
    Sent { kind: weak.kind, block, attributes: vec![] }
}

/// Whether it says the truth, nothing, or a lie: it does not come in.
#[test]
fn what_is_weak_does_not_come_in() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, strict) = (Bench::new(1), principal("ann", &[]));
    for weak in weak_keys(&openssl) {
        let (algorithm, bits, strong) = (Some(weak.algorithm), Some(weak.bits), Some(weak.strong_bits));
        for way in ways() {
            let what = format!("{} {:?} {way:?}", weak.name, weak.kind);
            let truth = bring(&mut bench, &strict, way, &sent(&weak, algorithm, bits)).unwrap_err();
            assert_eq!(truth.0, ResultReason::PermissionDenied, "{what}: {}", truth.1);
            let lie = bring(&mut bench, &strict, way, &sent(&weak, algorithm, strong)).unwrap_err();
            assert!(
                lie.0 == ResultReason::InvalidField && lie.1.contains("the material is"),
                "{what}: {lie:?}"
            );
            // Bytes alone are a key of what they say.
            let lie = sent(&weak, Some(Algorithm::AES), strong);
            bring(&mut bench, &strict, way, &lie).unwrap_err();
            let nothing = bring(&mut bench, &strict, way, &sent(&weak, None, None));
            assert!(nothing.is_err(), "{what}");
        }
    }
}

fn data(bytes: &[u8]) -> Option<Data> {
    Some(Data::Bytes(bytes.into()))
}

/// The parameters that signing and encryption with a key of a kind take.
fn parameters(kind: ObjectType) -> (CryptographicParameters, CryptographicParameters) {
    let oaep = CryptographicParameters {
        hashing_algorithm: Some(HashingAlgorithm::SHA_256),
        padding_method: Some(PaddingMethod::OAEP),
        ..CryptographicParameters::default()
    };
    let signing = CryptographicParameters { padding_method: Some(PaddingMethod::PSS), ..oaep.clone() };
    let cbc = CryptographicParameters {
        block_cipher_mode: Some(BlockCipherMode::CBC),
        padding_method: Some(PaddingMethod::PKCS5),
        random_iv: Some(true),
        ..CryptographicParameters::default()
    };
    (signing, if kind == ObjectType::SymmetricKey { cbc } else { oaep })
}

fn wrapped(by: &str, id: &str, parameters: CryptographicParameters) -> GetRequest {
    GetRequest {
        unique_identifier: Some(id.into()),
        key_wrapping_specification: Some(KeyWrappingSpecification {
            wrapping_method: WrappingMethod::Encrypt,
            encryption_key_information: Some(WrappingKeyInformation {
                unique_identifier: by.into(),
                cryptographic_parameters: Some(parameters),
            }),
            ..KeyWrappingSpecification::default()
        }),
        ..GetRequest::default()
    }
}

fn derive(method: DerivationMethod, bases: &[&str]) -> Request {
    let data = (method != DerivationMethod::HASH).then(|| b"data".as_slice().into());
    let digest = CryptographicParameters {
        hashing_algorithm: Some(HashingAlgorithm::SHA_256),
        ..CryptographicParameters::default()
    };
    DeriveKeyRequest {
        object_type: ObjectType::SecretData,
        unique_identifiers: bases.iter().map(|id| (*id).into()).collect(),
        derivation_method: method,
        derivation_parameters: DerivationParameters {
            cryptographic_parameters: Some(digest),
            derivation_data: data.into_iter().collect(),
            ..DerivationParameters::default()
        },
        attributes: [Attribute::CryptographicLength(128)].into(),
    }
    .into_request()
}

/// Everything that protects with a key, by name.
fn protects(id: &str, other: &str, kind: ObjectType) -> Vec<(&'static str, Request)> {
    let (signing, encryption) = parameters(kind);
    let sign = SignRequest {
        unique_identifier: Some(id.into()),
        cryptographic_parameters: Some(signing),
        data: data(b"data"),
        ..SignRequest::default()
    };
    let encrypt = EncryptRequest {
        unique_identifier: Some(id.into()),
        cryptographic_parameters: Some(encryption.clone()),
        data: data(b"data"),
        ..EncryptRequest::default()
    };
    let mac = MACRequest {
        unique_identifier: Some(id.into()),
        cryptographic_parameters: Some(CryptographicParameters {
            cryptographic_algorithm: Some(Algorithm::HMAC_SHA256),
            ..CryptographicParameters::default()
        }),
        data: data(b"data"),
        ..MACRequest::default()
    };
    vec![
        ("Sign", sign.into_request()),
        ("Encrypt", encrypt.into_request()),
        ("MAC", mac.into_request()),
        ("Get, wrapped", wrapped(id, other, encryption).into_request()),
        ("Derive Key by HMAC", derive(DerivationMethod::HMAC, &[id])),
        ("Derive Key by HKDF", derive(DerivationMethod::HKDF, &[id])),
        ("Derive Key by SP 800-108", derive(DerivationMethod::NIST800_108_C, &[id])),
        ("Derive Key by HASH", derive(DerivationMethod::HASH, &[id])),
        ("Derive Key by agreement", derive(DerivationMethod::AsymmetricKey, &[id, other])),
    ]
}

/// The same requests with keys that are strong enough are done, each by some key.
#[test]
fn what_is_strong_protects() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let other = crate::objects::create(&mut bench, &ann, &[]);
    let mut keys: Vec<Sent> = Vec::new();
    for made in
        ["-algorithm RSA -pkeyopt rsa_keygen_bits:2048", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256"]
    {
        let (pkcs8, spki) = forms::made(&openssl, made);
        let halves = [
            (ObjectType::PrivateKey, bytes_block(Format::PKCS_8, &pkcs8)),
            (ObjectType::PublicKey, bytes_block(Format::X_509, &spki)),
        ];
        keys.extend(halves.map(|(kind, block)| Sent { kind, block, attributes: vec![] }));
    }
    let mut aes = bytes_block(Format::Raw, &[7; 32]);
    aes.cryptographic_algorithm = Some(Algorithm::AES);
    keys.push(Sent { kind: ObjectType::SymmetricKey, block: aes, attributes: vec![] });
    let mut done = std::collections::BTreeSet::new();
    let peer = bring(&mut bench, &ann, (Way::Register, V2_1), &keys[3]).unwrap();
    for key in &keys {
        let id = bring(&mut bench, &ann, (Way::Register, V2_1), key).unwrap();
        let half = key.kind == ObjectType::PrivateKey;
        for (name, request) in protects(&id, if half { &peer } else { &other }, key.kind) {
            let message = RequestMessage::new(V2_1, vec![RequestItem::from(request)]);
            if bench.run(&ann, &message).pop().unwrap().result_status == ResultStatus::Success {
                done.insert(name);
            }
        }
    }
    let all: Vec<_> = protects("", "", ObjectType::SymmetricKey).into_iter().map(|(name, _)| name).collect();
    assert!(all.iter().all(|name| done.contains(name)), "{done:?}");
}

/// What was let in with the grant, or says nothing of itself that anybody could hold against its bytes, protects nothing
/// once the grant is gone.
#[test]
#[allow(clippy::print_stderr, reason = "the size of the matrix is part of what it shows")]
fn what_is_weak_protects_nothing() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, ann, strict) = (Bench::new(1), granted("ann", &[]), principal("ann", &[]));
    let other = crate::objects::create(&mut bench, &ann, &[]);
    let mut cells = 0;
    for weak in weak_keys(&openssl) {
        let (algorithm, bits) = (Some(weak.algorithm), Some(weak.bits));
        let mut all = vec![sent(&weak, algorithm, bits)];
        if weak.kind == ObjectType::SymmetricKey {
            // Nobody looks into what is Opaque before it is used.
            for (length, bytes) in
                [(None, 8), (Some(weak.strong_bits), 8), (None, 0), (Some(weak.strong_bits), 0)]
            {
                let mut opaque = sent(&weak, Some(Algorithm::HMAC_SHA256), length);
                opaque.block.key_format_type = Format::Opaque;
                opaque.block.key_value = bytes_block(Format::Opaque, &vec![7; bytes]).key_value;
                all.push(opaque);
            }
        }
        for (one, way) in all.iter().flat_map(|one| ways().into_iter().map(move |way| (one, way))) {
            let id = bring(&mut bench, &ann, way, one).unwrap();
            for (name, request) in protects(&id, &other, weak.kind) {
                let message = RequestMessage::new(V2_1, vec![RequestItem::from(request)]);
                let item = bench.run(&strict, &message).pop().unwrap();
                let what = format!("{name} with {} {:?}, {way:?}: {item:?}", weak.name, weak.kind);
                assert_eq!(item.result_status, ResultStatus::OperationFailed, "{what}");
                cells += 1;
            }
        }
    }
    eprintln!("weak: {cells} cells");
}

/// A key that its block belies: what protects is refused with both values, and what it has protected can be read.
#[test]
fn an_opaque_key_that_its_block_belies_reads_and_does_not_write() {
    let (mut bench, ann) = (Bench::new(1), granted("ann", &[]));
    let mut block = bytes_block(Format::Opaque, &[7; 16]);
    (block.cryptographic_algorithm, block.cryptographic_length) = (Some(Algorithm::AES), Some(256));
    let one = Sent { kind: ObjectType::SymmetricKey, block, attributes: vec![] };
    let id = bring(&mut bench, &ann, (Way::Register, V2_1), &one).unwrap();
    let parameters = crate::cryptography::mode(BlockCipherMode::CTR);
    let encrypt = EncryptRequest {
        unique_identifier: Some(id.as_str().into()),
        cryptographic_parameters: Some(parameters.clone()),
        data: data(b"data"),
        iv_counter_nonce: Some(vec![0; 16].into()),
        ..EncryptRequest::default()
    };
    let (_, why) = ask(&mut bench, &ann, V2_1, encrypt).unwrap_err();
    assert_eq!(why, "the attributes say AES of 256 bits, the material is 16 bytes, which are 128 bits");
    let decrypt = DecryptRequest {
        unique_identifier: Some(id.as_str().into()),
        cryptographic_parameters: Some(parameters),
        data: data(b"data"),
        iv_counter_nonce: Some(vec![0; 16].into()),
        ..DecryptRequest::default()
    };
    ask(&mut bench, &ann, V2_1, decrypt).unwrap();
}

/// What comes wrapped cannot be seen, and is judged before it is given out in clear or taken in unwrapped.
#[test]
fn what_is_wrapped_is_judged_when_it_is_seen() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, ann, strict) = (Bench::new(1), granted("ann", &[]), principal("ann", &[]));
    let uses = CryptographicUsageMask::WrapKey | CryptographicUsageMask::UnwrapKey;
    let kek = crate::objects::create(
        &mut bench,
        &ann,
        &[Attribute::CryptographicUsageMask(uses), Attribute::ActivationDate(DateTime(1))],
    );
    let rsa = weak_keys(&openssl).remove(0);
    let id = bring(&mut bench, &ann, (Way::Register, V2_1), &sent(&rsa, None, None)).unwrap();
    let padded = CryptographicParameters {
        block_cipher_mode: Some(BlockCipherMode::AESKeyWrapPadding),
        ..CryptographicParameters::default()
    };
    let mut get = wrapped(&kek, &id, padded);
    if let Some(specification) = &mut get.key_wrapping_specification {
        specification.encoding_option = Some(EncodingOption::NoEncoding);
    }
    let mut block = ask(&mut bench, &ann, V2_1, get).unwrap().object.key_block().unwrap().clone();
    (block.cryptographic_algorithm, block.cryptographic_length) = (Some(Algorithm::RSA), Some(2048));
    let one = Sent { kind: ObjectType::PrivateKey, block, attributes: vec![] };
    let kept = bring(&mut bench, &strict, (Way::Register, V2_1), &one).unwrap();
    let both = "the key block says RSA of 2048 bits, the material is RSA of 1024 bits";
    let mut clear = GetRequest {
        unique_identifier: Some(kept.as_str().into()),
        key_wrap_type: Some(KeyWrapType::NotWrapped),
        ..GetRequest::default()
    };
    assert_eq!(ask(&mut bench, &strict, V2_1, clear.clone()).unwrap_err().1, both);
    clear.key_wrap_type = Some(KeyWrapType::AsRegistered);
    ask(&mut bench, &strict, V2_1, clear).unwrap();
    for (name, request) in protects(&kept, &kek, ObjectType::PrivateKey) {
        let message = RequestMessage::new(V2_1, vec![RequestItem::from(request)]);
        let status = bench.run(&strict, &message).pop().unwrap().result_status;
        assert_eq!(status, ResultStatus::OperationFailed, "{name}");
    }
    let mut import = |length| {
        let mut object = one.clone();
        object.block.cryptographic_length = length;
        let request = ImportRequest {
            unique_identifier: "unwrapped".into(),
            object_type: Some(ObjectType::PrivateKey),
            key_wrap_type: Some(KeyWrapType::NotWrapped),
            attributes: Some(AttributeList(
                [Attribute::CryptographicUsageMask(CryptographicUsageMask::Sign)].into_iter().collect(),
            )),
            object: object.object(),
            ..ImportRequest::default()
        };
        ask(&mut bench, &strict, V2_1, request).unwrap_err()
    };
    assert_eq!(import(Some(2048)).1, both);
    assert_eq!(import(Some(1024)).0, ResultReason::PermissionDenied);
    assert_eq!(import(None).0, ResultReason::PermissionDenied);
}
