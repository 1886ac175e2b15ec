//! Keys that are kept and cannot be computed with, in whole or with some others: what stands in the way is told.

use super::done::*;
use super::*;
use kmip_codec::value::BigInteger;

/// Everybody's points: their multiples are few, one of them zero (RFC 7748, 6.1).
fn of_small_order() -> Vec<[u8; 32]> {
    let small = |first: u8| {
        let mut point = [0; 32];
        point[0] = first;
        point
    };
    // p - 1, p and p + 1, little-endian.
    let near_p = |first: u8| {
        let mut point = [0xff; 32];
        (point[0], point[31]) = (first, 0x7f);
        point
    };
    let order_8 = "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800";
    let order_8 = hex::decode(order_8).unwrap().try_into().unwrap();
    vec![small(0), small(1), order_8, near_p(0xec), near_p(0xed), near_p(0xee)]
}

#[test]
fn why_two_keys_agree_on_nothing_is_told() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (Bench::new(1), granted("owner", &[]));
    let way = (Way::Register, V2_1);
    let mut keys = [
        "-algorithm X25519",
        "-algorithm X25519",
        "-algorithm X448",
        "-algorithm EC -pkeyopt ec_paramgen_curve:P-256",
    ]
    .map(|made| {
        let (private, public) = forms::made(&openssl, made);
        let private = sent(ObjectType::PrivateKey, Algorithm::EC, Format::PKCS_8, &private);
        let key = bring(&mut bench, &who, way, &private).unwrap();
        (key, public)
    })
    .into_iter();
    let (own, other, wide, ec) =
        (keys.next().unwrap(), keys.next().unwrap(), keys.next().unwrap(), keys.next().unwrap());
    let mut agree = |private: &str, spki: &[u8]| {
        let public = sent(ObjectType::PublicKey, Algorithm::EC, Format::X_509, spki);
        let public = bring(&mut bench, &who, way, &public).unwrap();
        let bases = [private, public.as_str()];
        refusal(&mut bench, &who, derive(DerivationMethod::AsymmetricKey, &bases, bare()))
    };
    assert_eq!(agree(&own.0, &other.1), None);
    assert_eq!(agree(&ec.0, &ec.1), None);
    for point in of_small_order() {
        let mut spki = other.1.clone();
        spki.splice(12.., point);
        let why = agree(&own.0, &spki).unwrap();
        assert!(why.contains("the public key is a point of small order"), "{why}");
    }
    for (one, another) in [(&own, &ec), (&ec, &own)] {
        let why = agree(&one.0, &another.1).unwrap();
        assert!(why.contains("they are not on one curve"), "{why}");
    }
    for point in [[0; 56], [1; 56]] {
        let mut spki = wide.1.clone();
        spki.splice(12.., point);
        let why = agree(&wide.0, &spki).unwrap();
        assert!(
            why.contains("does not compute with it: it is EC of 448 bits on the curve CURVE448"),
            "{why}"
        );
    }
}

/// What the cryptography of this server does not know is kept as it is; whoever uses it hears what it is.
#[test]
fn a_key_that_is_not_computed_with_is_told_as_what_it_is() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (Bench::new(1), granted("owner", &[]));
    for (made, algorithm, words) in [
        ("-algorithm ED448", Algorithm::Ed448, "Ed448 of 456 bits on the curve CURVE448"),
        (
            "-algorithm EC -pkeyopt ec_paramgen_curve:prime192v1",
            Algorithm::EC,
            "EC of 192 bits on the curve P_192",
        ),
        ("-algorithm DHX -pkeyopt group:dh_2048_256", Algorithm::DH, "DH of 2048 bits"),
        (
            "-algorithm RSA -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_pubexp:1099511627777",
            Algorithm::RSA,
            "RSA whose public exponent has more than 33 bits",
        ),
    ] {
        let (private, public) = forms::made(&openssl, made);
        for (done, kind, format, der) in [
            (Sign, ObjectType::PrivateKey, Format::PKCS_8, private),
            (SignatureVerify, ObjectType::PublicKey, Format::X_509, public),
        ] {
            let key = sent(kind, algorithm, format, &der);
            let key = bring(&mut bench, &who, (Way::Register, V2_1), &key).unwrap();
            let parameters = CryptographicParameters {
                hashing_algorithm: Some(HashingAlgorithm::SHA_256),
                padding_method: (algorithm == Algorithm::RSA).then_some(PaddingMethod::PKCS1V1_5),
                ..bare()
            };
            let why = refusal(&mut bench, &who, request(done, &key, "", parameters));
            let why = why.unwrap_or_else(|| panic!("{made} {done:?}"));
            let told = format!("this server keeps the key and does not compute with it: it is {words}");
            assert!(why.starts_with(&told), "{made} {done:?}: {why}");
        }
    }
}

/// A public exponent is at most as long as the standard lets it be; one as long as the modulus is no exponent that is public.
#[test]
fn a_public_exponent_is_no_longer_than_it_may_be() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (Bench::new(1), granted("owner", &[]));
    let (_, spki) = forms::made(&openssl, "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
    let info = spki::SubjectPublicKeyInfoRef::try_from(&spki[..]).unwrap();
    let modulus = pkcs1::RsaPublicKey::try_from(info.subject_public_key.raw_bytes()).unwrap().modulus;
    for (bytes, is_taken) in [(5, true), (32, true), (33, false), (255, false), (256, false)] {
        let mut exponent = vec![0; bytes];
        (exponent[0], exponent[bytes - 1]) = (1, 1);
        let uint = |bytes| der::asn1::UintRef::new(bytes).unwrap();
        let key = pkcs1::RsaPublicKey { modulus, public_exponent: uint(&exponent) };
        let pkcs1 = der::Encode::to_der(&key).unwrap();
        let numbers = TransparentKey::RsaPublic(TransparentRsaPublic {
            modulus: BigInteger::from_unsigned(modulus.as_bytes()),
            public_exponent: BigInteger::from_unsigned(&exponent),
        });
        let pkcs1 = sent(ObjectType::PublicKey, Algorithm::RSA, Format::PKCS_1, &pkcs1);
        let mut transparent =
            sent(ObjectType::PublicKey, Algorithm::RSA, Format::TransparentRSAPublicKey, b"");
        let key_material = KeyMaterial::Transparent(numbers);
        transparent.block.key_value = Some(KeyValue::Plain(PlainKeyValue { key_material, attributes: None }));
        for (way, key) in ways().into_iter().flat_map(|way| [(way, &pkcs1), (way, &transparent)]) {
            match bring(&mut bench, &who, way, key) {
                Ok(_) => assert!(is_taken, "{bytes} bytes {way:?}"),
                Err((reason, why)) => {
                    assert!(
                        !is_taken && reason == ResultReason::InvalidField,
                        "{bytes} bytes {way:?}: {why}"
                    );
                    assert!(why.contains("its public exponent has more than 256 bits"), "{why}");
                }
            }
        }
    }
}

/// A curve takes of a digest what it has room for: what is no digest would be signed, and verified, by its beginning alone.
#[test]
fn what_is_longer_than_a_curve_takes_is_a_digest() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (Bench::new(1), granted("owner", &[]));
    for (made, room) in [("P-224", 28), ("P-256", 32), ("P-384", 48), ("P-521", 66)] {
        let made = forms::made(&openssl, &format!("-algorithm EC -pkeyopt ec_paramgen_curve:{made}"));
        let way = (Way::Register, V2_1);
        let private = sent(ObjectType::PrivateKey, Algorithm::EC, Format::PKCS_8, &made.0);
        let private = bring(&mut bench, &who, way, &private).unwrap();
        let public = sent(ObjectType::PublicKey, Algorithm::EC, Format::X_509, &made.1);
        let public = bring(&mut bench, &who, way, &public).unwrap();
        for bytes in [16, 20, 28, 32, 33, 40, 48, 49, 64, 65, 66, 67, 100] {
            let is_taken = bytes <= room || [48, 64, 32, 28, 20].contains(&bytes);
            let digested_data = Some(bytes::Bytes::from(vec![7; bytes]));
            let asked = [request(Sign, &private, "", bare()), request(SignatureVerify, &public, "", bare())];
            for asked in asked {
                let asked = match asked {
                    Request::Sign(sign) => Request::Sign(SignRequest {
                        data: None,
                        digested_data: digested_data.clone(),
                        ..sign
                    }),
                    Request::SignatureVerify(verify) => Request::SignatureVerify(SignatureVerifyRequest {
                        data: None,
                        digested_data: digested_data.clone(),
                        ..verify
                    }),
                    other => panic!("{other:?}"),
                };
                match refusal(&mut bench, &who, asked) {
                    None => assert!(is_taken, "{room}: {bytes}"),
                    Some(why) => assert!(
                        !is_taken && why.contains(&format!("{bytes} bytes, which no digest gives")),
                        "{room}: {bytes}: {why}"
                    ),
                }
            }
        }
    }
}
