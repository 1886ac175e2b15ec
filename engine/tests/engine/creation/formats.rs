//! The format of new keys, and the generator that they come from.

use super::*;

fn format(format: KeyFormatType) -> Attribute {
    Attribute::KeyFormatType(format)
}

fn got(bench: &mut Bench, who: &Principal, id: &str) -> KeyFormatType {
    let request = GetRequest { unique_identifier: Some(id.into()), ..GetRequest::default() };
    bench.ask(who, V2_1, request).unwrap().object.key_block().unwrap().key_format_type
}

/// The formats of the digests of an object.
fn digests(bench: &mut Bench, who: &Principal, id: &str) -> Vec<Option<KeyFormatType>> {
    attribute!(attributes_of(bench, who, id), Digest).map(|digest| digest.key_format_type).collect()
}

/// A format that was asked for was overwritten with the usual one in silence (4.26).
#[test]
fn new_keys_have_the_format_that_is_asked_for() {
    use KeyFormatType as Format;
    let (mut bench, who) = bench();
    let id = create(&mut bench, &who, &[format(Format::TransparentSymmetricKey)]);
    assert_eq!(got(&mut bench, &who, &id), Format::TransparentSymmetricKey);
    let both = [Some(Format::TransparentSymmetricKey), Some(Format::Raw)];
    assert_eq!(digests(&mut bench, &who, &id), both);
    let attributes = attributes_of(&mut bench, &who, &id);
    assert_eq!(attribute!(attributes, KeyFormatType).next(), Some(&Format::TransparentSymmetricKey));
    // A replacement has the usual one unless its request says otherwise.
    let again = ReKeyRequest { unique_identifier: Some(id.as_str().into()), ..ReKeyRequest::default() };
    let again = text(&bench.ask(&who, V2_1, again).unwrap().unique_identifier);
    assert_eq!(got(&mut bench, &who, &again), Format::Raw);
    assert_eq!(digests(&mut bench, &who, &again), [Some(Format::Raw)]);

    let rsa = [algorithm(CryptographicAlgorithm::RSA), Attribute::CryptographicLength(2048)];
    let request = halves(&rsa, &[format(Format::PKCS_8)], &[format(Format::X_509)]);
    let made = bench.ask(&who, V2_1, request).unwrap();
    for (id, wanted) in [(made.private_key, Format::PKCS_8), (made.public_key, Format::X_509)] {
        let id = text(&id);
        assert_eq!(got(&mut bench, &who, &id), wanted);
        assert_eq!(digests(&mut bench, &who, &id), [Some(wanted), Some(Format::PKCS_1)]);
    }
}

#[test]
fn formats_that_a_new_key_cannot_have_are_refused() {
    use KeyFormatType as Format;
    let (mut bench, who) = bench();
    let refused = Err(ResultReason::FeatureNotSupported);
    let pkcs8 = format(Format::PKCS_8);
    let key = bench.ask(&who, V2_1, aes(std::slice::from_ref(&pkcs8)));
    assert_eq!(key.map(drop), refused);
    let attributes = [Attribute::CryptographicLength(128), format(Format::TransparentSymmetricKey)].into();
    let secret =
        CreateRequest { object_type: ObjectType::SecretData, attributes, ..CreateRequest::default() };
    assert_eq!(bench.ask(&who, V2_1, secret).map(drop), refused);
    let rsa = [algorithm(CryptographicAlgorithm::RSA), pkcs8];
    assert_eq!(bench.ask(&who, V2_1, halves(&rsa, &[], &[])).map(drop), refused);
    let parts = |wanted| CreateSplitKeyRequest {
        object_type: ObjectType::SplitKey,
        parts: 2,
        threshold: 2,
        method: SplitKeyMethod::XOR,
        attributes: aes(&[format(wanted)]).attributes,
        ..CreateSplitKeyRequest::default()
    };
    assert_eq!(bench.ask(&who, V2_1, parts(Format::TransparentSymmetricKey)).map(drop), refused);
    bench.ask(&who, V2_1, parts(Format::Raw)).unwrap();
}

fn generator(rng_algorithm: RNGAlgorithm, drbg_algorithm: Option<DRBGAlgorithm>) -> Attribute {
    let parameters = RngParameters { rng_algorithm, drbg_algorithm, ..RngParameters::default() };
    Attribute::RandomNumberGenerator(parameters)
}

/// A generator that the server does not have was asked for, and another one used in silence (4.46).
#[test]
fn new_keys_come_from_a_generator_that_is_asked_for() {
    let (mut bench, who) = bench();
    let other = generator(RNGAlgorithm::ANSIX9_31, None);
    let hash = generator(RNGAlgorithm::DRBG, Some(DRBGAlgorithm::Hash));
    let ours = generator(RNGAlgorithm::DRBG, Some(DRBGAlgorithm::CTR));
    let rsa = algorithm(CryptographicAlgorithm::EC);
    for version in [V1_4, V2_0, V2_1] {
        for wrong in [&other, &hash] {
            let key = bench.ask(&who, version, aes(std::slice::from_ref(wrong)));
            assert_eq!(key.map(drop), Err(ResultReason::FeatureNotSupported));
            let pair = bench.ask(&who, version, halves(&[rsa.clone(), wrong.clone()], &[], &[]));
            assert_eq!(pair.map(drop), Err(ResultReason::FeatureNotSupported));
        }
    }
    for fine in [
        vec![ours.clone()],
        vec![other.clone(), ours.clone()],
        vec![generator(RNGAlgorithm::Unspecified, None)],
    ] {
        let id = create(&mut bench, &who, &fine);
        let attributes = attributes_of(&mut bench, &who, &id);
        let held: Vec<_> = attribute!(attributes, RandomNumberGenerator).collect();
        assert_eq!(held.len(), 1);
        assert_eq!(held[0].cryptographic_length, Some(256), "it says all that is known");
    }
    // What was made elsewhere came from one generator, whichever it was.
    bench.ask(&who, V2_1, sent(std::slice::from_ref(&other))).unwrap();
    let two = bench.ask(&who, V2_1, sent(&[other, ours])).map(drop);
    assert_eq!(two, Err(ResultReason::AttributeSingleValued));
}
