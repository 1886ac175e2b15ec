//! Keys in every format: what OpenSSL makes comes back in each format that there is for it, and OpenSSL reads what comes.

use super::objects::*;
use super::openssl::OpenSsl;
use super::world::{Bench, principal};
use keystead_engine::rights::principal::Principal;
use kmip_codec::attribute;
use kmip_codec::attributes::Attribute;
use kmip_codec::enums::{
    CryptographicAlgorithm as Algorithm, CryptographicUsageMask as Use, KeyFormatType as Format,
};
use kmip_codec::enums::{HashingAlgorithm, KeyCompressionType, ResultReason, ValidityIndicator};
use kmip_codec::objects::*;
use kmip_codec::payloads::*;
use kmip_codec::value::{Data, DateTime};
use kmip_codec::version::{V1_2, V1_4, V2_1};
use kmip_codec::{SecretBytes, Version};

/// A kind of key: how OpenSSL makes it, what it is, and the formats of its halves.
struct Kind {
    made: &'static str,
    algorithm: Algorithm,
    bits: i32,
    private: &'static [Format],
    public: &'static [Format],
}

const EC_PRIVATE: &[Format] = &[Format::PKCS_8, Format::ECPrivateKey, Format::TransparentECPrivateKey];
const EC_PUBLIC: &[Format] = &[Format::X_509, Format::TransparentECPublicKey];

fn ec(made: &'static str, bits: i32) -> Kind {
    Kind { made, algorithm: Algorithm::EC, bits, private: EC_PRIVATE, public: EC_PUBLIC }
}

fn kinds() -> Vec<Kind> {
    let dh = |made| Kind {
        made,
        algorithm: Algorithm::DH,
        bits: 2048,
        private: &[Format::PKCS_8, Format::TransparentDHPrivateKey],
        public: &[Format::X_509, Format::TransparentDHPublicKey],
    };
    let edwards = |made, algorithm| Kind {
        made,
        algorithm,
        bits: 256,
        private: &[Format::PKCS_8],
        public: &[Format::X_509],
    };
    vec![
        Kind {
            made: "-algorithm RSA -pkeyopt rsa_keygen_bits:2048",
            algorithm: Algorithm::RSA,
            bits: 2048,
            private: &[Format::PKCS_8, Format::PKCS_1, Format::TransparentRSAPrivateKey],
            public: &[Format::X_509, Format::PKCS_1, Format::TransparentRSAPublicKey],
        },
        ec("-algorithm EC -pkeyopt ec_paramgen_curve:P-224", 224),
        ec("-algorithm EC -pkeyopt ec_paramgen_curve:P-256", 256),
        ec("-algorithm EC -pkeyopt ec_paramgen_curve:P-384", 384),
        ec("-algorithm EC -pkeyopt ec_paramgen_curve:P-521", 521),
        ec("-algorithm EC -pkeyopt ec_paramgen_curve:secp256k1", 256),
        ec("-algorithm EC -pkeyopt ec_paramgen_curve:brainpoolP256r1", 256),
        Kind {
            made: "-paramfile dsa.pem",
            algorithm: Algorithm::DSA,
            bits: 2048,
            private: &[Format::PKCS_8, Format::TransparentDSAPrivateKey],
            public: &[Format::X_509, Format::TransparentDSAPublicKey],
        },
        dh("-algorithm DH -pkeyopt group:ffdhe2048"),
        dh("-algorithm DHX -pkeyopt group:dh_2048_256"),
        edwards("-algorithm ED25519", Algorithm::Ed25519),
        edwards("-algorithm X25519", Algorithm::EC),
    ]
}

fn private(key_block: KeyBlock) -> ManagedObject {
    ManagedObject::PrivateKey(PrivateKey { key_block })
}

fn public(key_block: KeyBlock) -> ManagedObject {
    ManagedObject::PublicKey(PublicKey { key_block })
}

fn register(bench: &mut Bench, who: &Principal, version: Version, object: ManagedObject) -> String {
    let mask = if object.object_type() == kmip_codec::enums::ObjectType::PrivateKey {
        Use::Sign
    } else {
        Use::Verify
    };
    let request = RegisterRequest {
        object_type: object.object_type(),
        attributes: [Attribute::CryptographicUsageMask(mask), Attribute::ActivationDate(DateTime(1))].into(),
        object,
        ..RegisterRequest::default()
    };
    text(&bench.ask(who, version, request).unwrap().unique_identifier)
}

fn get(
    bench: &mut Bench,
    who: &Principal,
    version: Version,
    id: &str,
    (format, compression): (Option<Format>, Option<KeyCompressionType>),
) -> Result<KeyBlock, ResultReason> {
    let request = GetRequest {
        unique_identifier: Some(id.into()),
        key_format_type: format,
        key_compression_type: compression,
        ..GetRequest::default()
    };
    bench.ask(who, version, request).map(|answer| answer.object.key_block().unwrap().clone())
}

fn bytes(block: &KeyBlock) -> &[u8] {
    match &block.key_value {
        Some(KeyValue::Plain(PlainKeyValue { key_material: KeyMaterial::Bytes(bytes), .. })) => {
            bytes.expose()
        }
        other => panic!("{other:?}"),
    }
}

fn q(block: &KeyBlock) -> &TransparentEcPublic {
    match &block.key_value {
        Some(KeyValue::Plain(PlainKeyValue {
            key_material: KeyMaterial::Transparent(TransparentKey::EcPublic(key)),
            ..
        })) => key,
        other => panic!("{other:?}"),
    }
}

/// `key.pk8` and `key.spki`.
fn generate(openssl: &OpenSsl, made: &str) {
    if !openssl.path("dsa.pem").exists() {
        let parameters = "-genparam -quiet -algorithm DSA -pkeyopt dsa_paramgen_bits:2048 -out dsa.pem";
        openssl.run(&format!("genpkey {parameters}")).unwrap();
    }
    openssl.run(&format!("genpkey -quiet {made} -out key.pem")).unwrap();
    openssl.run("pkcs8 -topk8 -nocrypt -in key.pem -outform DER -out key.pk8").unwrap();
    openssl.run("pkey -in key.pem -pubout -outform DER -out key.spki").unwrap();
}

/// From every format of a key to every other; nobody says algorithm and length but the key itself.
#[test]
fn keys_are_had_in_every_format_that_they_have() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    for kind in kinds() {
        generate(&openssl, kind.made);
        let spki = openssl.read("key.spki");
        type Make = fn(KeyBlock) -> ManagedObject;
        let halves: [(Make, &[Format], &str); 2] =
            [(private, kind.private, "key.pk8"), (public, kind.public, "key.spki")];
        for (make, formats, file) in halves {
            let whole = bytes_block(formats[0], &openssl.read(file));
            let first = register(&mut bench, &who, V2_1, make(whole.clone()));
            assert_eq!(get(&mut bench, &who, V2_1, &first, (None, None)).unwrap(), whole);
            for (from, to) in formats.iter().flat_map(|from| formats.iter().map(move |to| (*from, *to))) {
                let what = format!("{} from {from:?} to {to:?}", kind.made);
                let block = get(&mut bench, &who, V2_1, &first, (Some(from), None)).unwrap();
                assert_eq!(block.key_format_type, from, "{what}");
                let again = register(&mut bench, &who, V2_1, make(block));
                let held = attributes_of(&mut bench, &who, &again);
                assert_eq!(attribute!(held, CryptographicAlgorithm).next(), Some(&kind.algorithm), "{what}");
                assert_eq!(attribute!(held, CryptographicLength).next(), Some(&kind.bits), "{what}");
                let turned = get(&mut bench, &who, V2_1, &again, (Some(to), None)).unwrap();
                let last = register(&mut bench, &who, V2_1, make(turned));
                let back = get(&mut bench, &who, V2_1, &last, (Some(formats[0]), None)).unwrap();
                if file == "key.spki" {
                    assert_eq!(bytes(&back), spki, "{what}");
                } else {
                    openssl.write("back.pk8", bytes(&back));
                    openssl.run("pkey -inform DER -in back.pk8 -pubout -outform DER -out back.spki").unwrap();
                    assert_eq!(openssl.read("back.spki"), spki, "{what}");
                }
            }
            let strange = get(&mut bench, &who, V2_1, &first, (Some(Format::PKCS_10), None)).unwrap_err();
            assert_eq!(strange, ResultReason::KeyFormatTypeNotSupported);
        }
    }
}

/// ECPrivateKey stands alone: it says its curve, though in PKCS#8 that stands outside.
#[test]
fn openssl_reads_a_lone_ec_private_key() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    generate(&openssl, "-algorithm EC -pkeyopt ec_paramgen_curve:P-384");
    let block = bytes_block(Format::PKCS_8, &openssl.read("key.pk8"));
    let id = register(&mut bench, &who, V2_1, private(block));
    let got = get(&mut bench, &who, V2_1, &id, (Some(Format::ECPrivateKey), None)).unwrap();
    openssl.write("lone.der", bytes(&got));
    openssl.run("ec -inform DER -in lone.der -pubout -outform DER -out lone.spki").unwrap();
    assert_eq!(openssl.read("lone.spki"), openssl.read("key.spki"));
}

/// Until 1.2 a transparent EC key is one of ECDSA or ECDH, from 2.0 on it is neither; the numbers are the same.
#[test]
fn transparent_ec_keys_are_called_as_the_version_calls_them() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    generate(&openssl, "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
    let spki = bytes_block(Format::X_509, &openssl.read("key.spki"));
    let id = register(&mut bench, &who, V2_1, public(spki));
    let names = [
        Format::TransparentECDSAPublicKey,
        Format::TransparentECDHPublicKey,
        Format::TransparentECMQVPublicKey,
    ];
    for name in names {
        let old = get(&mut bench, &who, V1_2, &id, (Some(name), None)).unwrap();
        assert_eq!(old.key_format_type, name);
        let kept = register(&mut bench, &who, V1_2, public(old.clone()));
        assert_eq!(get(&mut bench, &who, V1_4, &kept, (None, None)).unwrap(), old, "1.4 has both");
        let new = get(&mut bench, &who, V2_1, &kept, (None, None)).unwrap();
        assert_eq!(new, KeyBlock { key_format_type: Format::TransparentECPublicKey, ..old });
    }
    let new = get(&mut bench, &who, V2_1, &id, (Some(Format::TransparentECPublicKey), None)).unwrap();
    let kept = register(&mut bench, &who, V2_1, public(new.clone()));
    let old = get(&mut bench, &who, V1_2, &kept, (None, None)).unwrap();
    assert_eq!(old, KeyBlock { key_format_type: Format::TransparentECDSAPublicKey, ..new });
}

/// Points as OpenSSL compresses them; and a key that comes compressed verifies.
#[test]
fn points_are_compressed_and_made_whole() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    let (whole, short) = (
        KeyCompressionType::ECPublicKeyTypeUncompressed,
        KeyCompressionType::ECPublicKeyTypeX9_62CompressedPrime,
    );
    for curve in ["P-224", "P-256", "P-384", "P-521", "secp256k1"] {
        generate(&openssl, &format!("-algorithm EC -pkeyopt ec_paramgen_curve:{curve}"));
        openssl
            .run("ec -inform DER -in key.spki -pubin -conv_form compressed -outform DER -out short.spki")
            .unwrap();
        let id =
            register(&mut bench, &who, V2_1, public(bytes_block(Format::X_509, &openssl.read("key.spki"))));
        let got = get(&mut bench, &who, V2_1, &id, (None, Some(short))).unwrap();
        assert_eq!(bytes(&got), openssl.read("short.spki"), "{curve}");
        assert_eq!(got.key_compression_type, Some(short));
        let kept = register(&mut bench, &who, V2_1, public(got));
        let back = get(&mut bench, &who, V2_1, &kept, (None, Some(whole))).unwrap();
        assert_eq!(bytes(&back), openssl.read("key.spki"), "{curve}");
        let transparent = Some(Format::TransparentECPublicKey);
        let point = get(&mut bench, &who, V2_1, &kept, (transparent, Some(whole))).unwrap();
        assert_eq!(q(&point).q[0], 4, "{curve}: whole");
        let point = get(&mut bench, &who, V2_1, &id, (transparent, Some(short))).unwrap();
        assert!(matches!(q(&point).q[0], 2 | 3), "{curve}: compressed");
        verifies(&mut bench, &who, &openssl, &kept, curve);
        for other in [
            KeyCompressionType::ECPublicKeyTypeX9_62CompressedChar2,
            KeyCompressionType::ECPublicKeyTypeX9_62Hybrid,
        ] {
            let refused = get(&mut bench, &who, V2_1, &id, (None, Some(other))).unwrap_err();
            assert_eq!(refused, ResultReason::KeyCompressionTypeNotSupported);
        }
    }
    let aes = create(&mut bench, &who, &[]);
    let refused = get(&mut bench, &who, V2_1, &aes, (None, Some(short))).unwrap_err();
    assert_eq!(refused, ResultReason::KeyCompressionTypeNotSupported);
    get(&mut bench, &who, V2_1, &aes, (None, Some(whole))).unwrap();
}

fn verifies(bench: &mut Bench, who: &Principal, openssl: &OpenSsl, public: &str, curve: &str) {
    openssl.write("data", b"what was signed");
    openssl.run("dgst -sha256 -sign key.pem -out signature data").unwrap();
    let request = SignatureVerifyRequest {
        unique_identifier: Some(public.into()),
        cryptographic_parameters: Some(kmip_codec::attributes::CryptographicParameters {
            hashing_algorithm: Some(HashingAlgorithm::SHA_256),
            ..Default::default()
        }),
        data: Some(Data::Bytes(SecretBytes::from(b"what was signed".as_slice()))),
        signature_data: Some(openssl.read("signature").into()),
        ..SignatureVerifyRequest::default()
    };
    let answer = bench.ask(who, V2_1, request).unwrap();
    assert_eq!(answer.validity_indicator, Some(ValidityIndicator::Valid), "{curve}");
}
