//! Bytes whose length is what is said of it.

use super::*;

/// A symmetric key or a secret: what is said of it, how many bytes it has, and its length or the words of the refusal.
type Counted = (ObjectType, Option<Algorithm>, Option<i32>, usize, Result<i32, &'static str>);

const AES: Option<Algorithm> = Some(Algorithm::AES);

const DES3: Option<Algorithm> = Some(Algorithm::DES3);

const HMAC: Option<Algorithm> = Some(Algorithm::HMAC_SHA256);

const KEY: ObjectType = ObjectType::SymmetricKey;

const SECRET: ObjectType = ObjectType::SecretData;

const COUNTED: &[Counted] = &[
    (KEY, AES, Some(256), 32, Ok(256)),
    (KEY, AES, Some(256), 16, Err("AES of 256 bits, the material is 16 bytes, which are 128 bits")),
    (KEY, AES, None, 24, Ok(192)),
    (KEY, DES3, Some(168), 24, Ok(168)),
    (KEY, DES3, Some(192), 24, Ok(192)),
    (KEY, DES3, None, 16, Ok(112)),
    (KEY, DES3, Some(256), 24, Err("DES3 of 256 bits, the material is 24 bytes")),
    (KEY, HMAC, None, 20, Ok(160)),
    (KEY, HMAC, Some(256), 1, Err("HMAC_SHA256 of 256 bits, the material is 1 bytes")),
    (KEY, Some(Algorithm::RSA), Some(2048), 256, Err("RSA of 2048 bits, the material is 256 bytes")),
    (SECRET, None, Some(256), 32, Ok(256)),
    (SECRET, None, Some(256), 8, Err("256 bits, the material is 8 bytes, which are 64 bits")),
];

/// What is sent for a row: in a format, with what is said in the key block or among the attributes.
fn counted((kind, algorithm, length, bytes, _): &Counted, format: Format, in_block: bool) -> Sent {
    let key = SecretBytes::from(vec![7; *bytes]);
    let key_material = match format {
        Format::Raw => KeyMaterial::Bytes(key),
        _ => KeyMaterial::Transparent(TransparentKey::Symmetric(TransparentSymmetric { key })),
    };
    let mut block = KeyBlock {
        key_format_type: format,
        key_value: Some(KeyValue::Plain(PlainKeyValue { key_material, attributes: None })),
        ..KeyBlock::default()
    };
    let mut attributes = Vec::new();
    if in_block {
        (block.cryptographic_algorithm, block.cryptographic_length) = (*algorithm, *length);
    } else {
        attributes.extend(algorithm.map(Attribute::CryptographicAlgorithm));
        attributes.extend(length.map(Attribute::CryptographicLength));
    }
    Sent { kind: *kind, block, attributes }
}

/// How long a symmetric key or a secret is, is what its bytes are.
#[test]
fn the_length_of_bytes_is_counted() {
    let (mut bench, who) = (Bench::new(1), granted("owner", &[]));
    for row in COUNTED {
        let (kind, .., expected) = row;
        for format in [Format::Raw, Format::TransparentSymmetricKey] {
            if *kind == SECRET && format != Format::Raw {
                continue;
            }
            for (way, in_block) in ways().into_iter().flat_map(|way| [(way, true), (way, false)]) {
                let what = format!("{row:?} {format:?} {way:?} {in_block}");
                match (bring(&mut bench, &who, way, &counted(row, format, in_block)), expected) {
                    (Ok(id), Ok(bits)) => {
                        let held = attributes_of(&mut bench, &who, &id);
                        assert_eq!(attribute!(held, CryptographicLength).next(), Some(bits), "{what}");
                    }
                    (Err((_, why)), Err(words)) => assert!(why.contains(words), "{what}: {why}"),
                    (came, _) => panic!("{what}: {came:?}"),
                }
            }
        }
    }
}
