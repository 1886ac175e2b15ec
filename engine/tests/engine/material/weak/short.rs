//! What is too short for a key.

use super::*;

/// A key of no bytes, of whatever algorithm that takes keys of any length, is none, with the grant for weak keys too.
#[test]
fn what_is_empty_is_no_key() {
    let (mut bench, ann) = (Bench::new(1), granted("ann", &[]));
    let algorithms =
        [Algorithm::AES, Algorithm::DES3, Algorithm::HMAC_SHA256, Algorithm::RC4, Algorithm::Blowfish];
    for (algorithm, length, way) in algorithms
        .into_iter()
        .flat_map(|algorithm| [None, Some(0), Some(256)].map(|length| (algorithm, length)))
        .flat_map(|(algorithm, length)| ways().into_iter().map(move |way| (algorithm, length, way)))
    {
        let mut block = bytes_block(Format::Raw, b"");
        (block.cryptographic_algorithm, block.cryptographic_length) = (Some(algorithm), length);
        let sent = Sent { kind: ObjectType::SymmetricKey, block, attributes: vec![] };
        let (_, why) = bring(&mut bench, &ann, way, &sent).unwrap_err();
        assert!(why.contains("0 bytes"), "{algorithm:?} {length:?} {way:?}: {why}");
    }
}

/// A secret is a key of what is derived from it: one that can be tried out derives nothing without the grant, whatever is
/// said of it; a password has at least 8 characters.
#[test]
fn a_short_secret_derives_nothing() {
    use DerivationMethod as Method;
    let (mut bench, ann, strict) = (Bench::new(1), granted("ann", &[]), principal("ann", &[]));
    let stretched = |id: &str| match derive(Method::HKDF, &[id]) {
        Request::DeriveKey(request) => DeriveKeyRequest {
            derivation_method: Method::PBKDF2,
            derivation_parameters: DerivationParameters {
                salt: Some(vec![6; 16].into()),
                iteration_count: Some(10),
                derivation_data: vec![],
                ..request.derivation_parameters
            },
            ..request
        }
        .into_request(),
        other => panic!("{other:?}"),
    };
    for (secret, format, bytes) in [SecretDataType::Password, SecretDataType::Seed]
        .into_iter()
        .flat_map(|secret| [Format::Raw, Format::Opaque].map(move |format| (secret, format)))
        .flat_map(|(secret, format)| [0, 1, 7, 8, 13, 14, 32].map(move |bytes| (secret, format, bytes)))
    {
        let key_block = bytes_block(format, &vec![7; bytes]);
        let object = ManagedObject::SecretData(SecretData { secret_data_type: secret, key_block });
        let request = RegisterRequest {
            object_type: ObjectType::SecretData,
            attributes: [
                Attribute::CryptographicUsageMask(CryptographicUsageMask::DeriveKey),
                Attribute::ActivationDate(DateTime(1)),
            ]
            .into(),
            object,
            ..RegisterRequest::default()
        };
        let id = text(&ask(&mut bench, &ann, V2_1, request).unwrap().unique_identifier);
        let mut requests = vec![(Method::PBKDF2, stretched(&id), 8)];
        for method in [Method::HKDF, Method::HMAC, Method::HASH, Method::NIST800_108_C, Method::NIST800_108_F]
        {
            requests.push((method, derive(method, &[&id]), 14));
        }
        for (method, request, least) in requests {
            let message = RequestMessage::new(V2_1, vec![RequestItem::from(request)]);
            let what = format!("{method:?} from {bytes} bytes of {secret:?}, {format:?}");
            let item = bench.run(&strict, &message).pop().unwrap();
            let why = item.result_message.unwrap_or_default();
            assert_eq!(item.result_status == ResultStatus::Success, bytes >= least, "{what}: {why}");
            let told = why.contains(&format!("of {bytes} bytes is weak"));
            assert!(bytes >= least || told, "{what}: {why}");
            let item = bench.run(&ann, &message).pop().unwrap();
            assert_eq!(item.result_status, ResultStatus::Success, "{what}: {item:?}");
        }
    }
}
