//! Ed25519 and X25519, and which signature is for which key.

use super::*;
use kmip_codec::value::UniqueIdentifier;

/// A pair, Active: the private and the public key.
fn pair(bench: &mut Bench, who: &Principal, algorithm: CryptographicAlgorithm) -> (String, String) {
    let curve = CryptographicDomainParameters {
        recommended_curve: (algorithm == CryptographicAlgorithm::ECDH)
            .then_some(RecommendedCurve::CURVE25519),
        ..CryptographicDomainParameters::default()
    };
    let uses = every_use() | CryptographicUsageMask::DeriveKey;
    let common = [
        Attribute::CryptographicAlgorithm(algorithm),
        Attribute::CryptographicDomainParameters(curve),
        Attribute::CryptographicUsageMask(uses),
        Attribute::ActivationDate(DateTime(bench.now - 1)),
    ];
    let request = CreateKeyPairRequest { common: Some(common.into()), ..CreateKeyPairRequest::default() };
    let answer = bench.ask(who, V2_1, request).unwrap();
    (text(&answer.private_key), text(&answer.public_key))
}

fn sign(key: &str, data: &[u8]) -> SignRequest {
    SignRequest { unique_identifier: Some(key.into()), data: bytes(data), ..SignRequest::default() }
}

#[test]
fn ed25519_signs_messages_whole_and_in_parts() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let (private, public) = pair(&mut bench, &ann, CryptographicAlgorithm::Ed25519);
    let whole = bench.ask(&ann, V2_1, sign(&private, b"one message")).unwrap().signature_data.unwrap();
    assert_eq!(whole.len(), 64);
    let first = SignRequest { init_indicator: Some(true), ..sign(&private, b"one ") };
    let correlation_value = bench.ask(&ann, V2_1, first).unwrap().correlation_value;
    let last = SignRequest { correlation_value, final_indicator: Some(true), ..sign(&private, b"message") };
    assert_eq!(bench.ask(&ann, V2_1, last).unwrap().signature_data.as_ref(), Some(&whole), "deterministic");
    for (data, wanted) in [("one message", ValidityIndicator::Valid), ("another", ValidityIndicator::Invalid)]
    {
        let verify = SignatureVerifyRequest {
            unique_identifier: Some(public.as_str().into()),
            data: bytes(data.as_bytes()),
            signature_data: Some(whole.clone()),
            ..SignatureVerifyRequest::default()
        };
        assert_eq!(bench.ask(&ann, V2_1, verify).unwrap().validity_indicator, Some(wanted), "{data}");
    }
    let digest = SignRequest { data: None, digested_data: Some(vec![1; 64].into()), ..sign(&private, b"") };
    assert_eq!(bench.ask(&ann, V2_1, digest), Err(ResultReason::BadCryptographicParameters));
}

#[test]
fn x25519_agrees_and_does_not_sign() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let one = pair(&mut bench, &ann, CryptographicAlgorithm::ECDH);
    let other = pair(&mut bench, &ann, CryptographicAlgorithm::ECDH);
    let mut agreed = |private: &str, public: &str| {
        let request = DeriveKeyRequest {
            object_type: ObjectType::SecretData,
            unique_identifiers: [private, public].map(UniqueIdentifier::from).into(),
            derivation_method: DerivationMethod::AsymmetricKey,
            derivation_parameters: DerivationParameters::default(),
            attributes: [Attribute::CryptographicLength(256)].into(),
        };
        let id = bench.ask(&ann, V2_1, request).unwrap().unique_identifier;
        let get = GetRequest { unique_identifier: Some(id), ..GetRequest::default() };
        let object = bench.ask(&ann, V2_1, get).unwrap().object;
        object.key_block().unwrap().key_value.clone()
    };
    let shared = agreed(&one.0, &other.1);
    assert!(shared.is_some() && shared == agreed(&other.0, &one.1));
    assert!(shared != agreed(&one.0, &one.1), "of another pair");
    assert!(bench.ask(&ann, V2_1, sign(&one.0, b"x")).is_err());
}

#[test]
fn a_signature_algorithm_is_for_keys_of_its_own() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let named = |key: &str, algorithm| SignRequest {
        cryptographic_parameters: Some(CryptographicParameters {
            digital_signature_algorithm: Some(algorithm),
            ..CryptographicParameters::default()
        }),
        ..sign(key, b"x")
    };
    let ec = pair(&mut bench, &ann, CryptographicAlgorithm::EC).0;
    let ed = pair(&mut bench, &ann, CryptographicAlgorithm::Ed25519).0;
    let (rsa, ecdsa) =
        (DigitalSignatureAlgorithm::SHA_256WithRSAEncryption, DigitalSignatureAlgorithm::ECDSAWithSHA256);
    bench.ask(&ann, V2_1, named(&ec, ecdsa)).unwrap();
    for (key, algorithm) in [(&ec, rsa), (&ed, rsa), (&ed, ecdsa)] {
        let refused = bench.ask(&ann, V2_1, named(key, algorithm));
        assert_eq!(refused, Err(ResultReason::BadCryptographicParameters), "{algorithm:?}");
    }
}

#[test]
fn a_pair_comes_in_the_default_format_of_its_version_and_signs() {
    use kmip_codec::enums::KeyFormatType as Format;
    use kmip_codec::version::V1_4;
    let ann = principal("ann", &[]);
    let rows = [
        (V1_4, CryptographicAlgorithm::RSA, 2048, Format::PKCS_1, Format::PKCS_1),
        (V2_1, CryptographicAlgorithm::RSA, 2048, Format::PKCS_1, Format::PKCS_1),
        (V1_4, CryptographicAlgorithm::EC, 256, Format::PKCS_8, Format::X_509),
        (
            V2_1,
            CryptographicAlgorithm::EC,
            256,
            Format::TransparentECPrivateKey,
            Format::TransparentECPublicKey,
        ),
    ];
    for (version, algorithm, length, of_private, of_public) in rows {
        let mut bench = Bench::new(1);
        let common = [
            Attribute::CryptographicAlgorithm(algorithm),
            Attribute::CryptographicLength(length),
            Attribute::CryptographicUsageMask(every_use()),
            Attribute::ActivationDate(DateTime(bench.now - 1)),
        ];
        let request = CreateKeyPairRequest { common: Some(common.into()), ..CreateKeyPairRequest::default() };
        let made = bench.ask(&ann, version, request).unwrap();
        for (id, format) in [(&made.private_key, of_private), (&made.public_key, of_public)] {
            let get = GetRequest { unique_identifier: Some(id.clone()), ..GetRequest::default() };
            let object = bench.ask(&ann, version, get).unwrap().object;
            assert_eq!(object.key_block().unwrap().key_format_type, format, "{algorithm:?} in {version}");
        }
        let parameters = CryptographicParameters {
            digital_signature_algorithm: Some(match algorithm {
                CryptographicAlgorithm::RSA => DigitalSignatureAlgorithm::SHA_256WithRSAEncryptionPKCS_1V1_5,
                _ => DigitalSignatureAlgorithm::ECDSAWithSHA256,
            }),
            ..CryptographicParameters::default()
        };
        let parameters = Some(parameters);
        let request = sign(&text(&made.private_key), b"data");
        let request = SignRequest { cryptographic_parameters: parameters.clone(), ..request };
        let signed = bench.ask(&ann, version, request);
        let verify = SignatureVerifyRequest {
            unique_identifier: Some(made.public_key),
            cryptographic_parameters: parameters,
            data: bytes(b"data"),
            signature_data: signed.unwrap().signature_data,
            ..SignatureVerifyRequest::default()
        };
        let answer = bench.ask(&ann, version, verify).unwrap();
        assert_eq!(answer.validity_indicator, Some(ValidityIndicator::Valid), "{algorithm:?} in {version}");
    }
}
