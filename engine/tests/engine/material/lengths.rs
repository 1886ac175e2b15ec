//! Every algorithm whose standard fixes the lengths of its keys, at every door: what cannot be a key of it does not come in,
//! is not made, and is told with what there is; what can be one does.

mod des;

use super::*;
use crate::objects::bytes_block;
use std::ops::RangeInclusive;

/// The lengths in bytes that the standards of the algorithms name: single ones, or from the one to the other in steps.
pub fn by_the_standard(algorithm: Algorithm, bytes: usize) -> bool {
    let single: &[(&[Algorithm], &[usize])] = &[
        (&[Algorithm::DES], &[8]),
        (&[Algorithm::DES3], &[8, 16, 24]),
        // With the two keys of XTS.
        (&[Algorithm::AES], &[16, 24, 32, 64]),
        (&[Algorithm::Camellia, Algorithm::Twofish, Algorithm::ARIA], &[16, 24, 32]),
        (&[Algorithm::IDEA, Algorithm::SEED, Algorithm::SM4], &[16]),
        (&[Algorithm::SKIPJACK], &[10]),
        (&[Algorithm::ChaCha20], &[16, 32]),
        (&[Algorithm::Poly1305, Algorithm::ChaCha20Poly1305], &[32]),
        (&[Algorithm::GOST28147_89, Algorithm::GOSTR34_13_2015], &[32]),
    ];
    let ranges: &[(Algorithm, RangeInclusive<usize>, usize)] = &[
        (Algorithm::Blowfish, 4..=56, 1),
        (Algorithm::CAST5, 5..=16, 1),
        (Algorithm::MARS, 16..=56, 4),
        (Algorithm::RC2, 1..=128, 1),
        (Algorithm::RC4, 1..=256, 1),
        (Algorithm::RC5, 1..=255, 1),
    ];
    if let Some((_, all)) = single.iter().find(|(of, _)| of.contains(&algorithm)) {
        return all.contains(&bytes);
    }
    match ranges.iter().find(|(of, ..)| *of == algorithm) {
        Some((_, range, step)) => range.contains(&bytes) && bytes.is_multiple_of(*step),
        None => bytes > 0,
    }
}

/// Whether there is a key of so many bits, as they are said: KMIP counts DES with and without the bits of parity.
fn by_its_word(algorithm: Algorithm, bits: i32) -> bool {
    let of = |each: i32| usize::try_from(bits / each).unwrap();
    let without_parity = matches!(algorithm, Algorithm::DES | Algorithm::DES3) && bits % 7 == 0;
    by_the_standard(algorithm, of(8)) || without_parity && by_the_standard(algorithm, of(7))
}

/// Every algorithm that KMIP has and that is not one of pairs.
pub fn symmetric() -> Vec<Algorithm> {
    let pairs = "RSA DSA DH ECDSA ECDH ECMQV EC Ed25519 Ed448 SM2 GOSTR34_10_2012 XMSS SPHINCS_256 McEliece \
                 McEliece_6960119 McEliece_8192128";
    let all = Algorithm::ROWS.iter().filter(|row| !pairs.split(' ').any(|name| name == row.1));
    all.map(|row| Algorithm(row.0)).collect()
}

const BYTES: &[usize] = &[0, 1, 4, 5, 7, 8, 10, 16, 17, 20, 24, 32, 40, 56, 57, 64, 129, 256, 625];

/// How a key of bytes stands in a request.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// In this format, with its algorithm in the key block or among the attributes, and its length where that is said.
    Seen(Format, bool, bool),
    /// Wrapped: its algorithm and length are all that there is of it.
    Wrapped,
    /// Elsewhere.
    Elsewhere,
}

const SHAPES: &[Shape] = &[
    Shape::Seen(Format::Raw, true, true),
    Shape::Seen(Format::Raw, false, true),
    Shape::Seen(Format::Raw, true, false),
    Shape::Seen(Format::TransparentSymmetricKey, true, true),
    Shape::Seen(Format::TransparentSymmetricKey, false, false),
    Shape::Wrapped,
    Shape::Elsewhere,
];

fn bits(bytes: usize) -> i32 {
    i32::try_from(bytes * 8).unwrap()
}

fn shaped(shape: Shape, algorithm: Algorithm, bytes: usize) -> Sent {
    let said = (Some(algorithm), Some(bits(bytes)));
    let key = SecretBytes::from(vec![7; bytes]);
    let mut attributes = Vec::new();
    let mut block = KeyBlock { key_format_type: Format::Raw, ..KeyBlock::default() };
    match shape {
        Shape::Seen(format, in_block, with_length) => {
            let key_material = match format {
                Format::Raw => KeyMaterial::Bytes(key),
                _ => KeyMaterial::Transparent(TransparentKey::Symmetric(TransparentSymmetric { key })),
            };
            block.key_format_type = format;
            block.key_value = Some(KeyValue::Plain(PlainKeyValue { key_material, attributes: None }));
            if in_block {
                (block.cryptographic_algorithm, block.cryptographic_length) =
                    (said.0, said.1.filter(|_| with_length));
            } else {
                attributes.push(Attribute::CryptographicAlgorithm(algorithm));
                attributes.extend(said.1.filter(|_| with_length).map(Attribute::CryptographicLength));
            }
        }
        Shape::Wrapped => {
            block = wrapped("elsewhere".into(), &vec![7; bytes + 8]);
            (block.cryptographic_algorithm, block.cryptographic_length) = said;
        }
        Shape::Elsewhere => return elsewhere(ObjectType::SymmetricKey, Format::Raw, said, vec![]),
    }
    Sent { kind: ObjectType::SymmetricKey, block, attributes }
}

/// What is refused, is with the algorithm, what is said or found, and what there is.
fn is_told(algorithm: Algorithm, bytes: usize, why: &str) -> bool {
    let found = [format!("{} bits", bits(bytes)), format!("{bytes} bytes"), "must be positive".to_owned()];
    let open = (1..5000).all(|bytes| by_the_standard(algorithm, bytes));
    // DES is counted in two ways, and both are told.
    let is_des = matches!(algorithm, Algorithm::DES | Algorithm::DES3);
    let with_parity = if algorithm == Algorithm::DES { "or with those of parity 64 bits" } else { "192" };
    found.iter().any(|found| why.contains(found))
        && (bytes == 0 || why.contains(&format!("{algorithm:?}")) && (open || why.contains("have ")))
        && (bytes == 0 || !is_des || why.contains(with_parity))
}

#[test]
#[allow(clippy::print_stderr, reason = "the size of the matrix is part of what it shows")]
fn no_key_of_an_impossible_length_comes_in() {
    let (mut bench, who) = (Bench::new(1), granted("owner", &[]));
    let mut cells = 0;
    for (algorithm, bytes) in symmetric().iter().flat_map(|one| BYTES.iter().map(move |bytes| (*one, *bytes)))
    {
        let doors = [(Way::Register, V1_2), (Way::Register, V2_1), (Way::Import, V2_1)];
        for (shape, way) in SHAPES.iter().flat_map(|shape| doors.map(move |way| (*shape, way))) {
            let is_possible = match shape {
                Shape::Seen(..) => by_the_standard(algorithm, bytes),
                Shape::Wrapped | Shape::Elsewhere => by_its_word(algorithm, bits(bytes)),
            };
            let what = format!("{algorithm:?}, {bytes} bytes, {shape:?}, {way:?}");
            match (bring(&mut bench, &who, way, &shaped(shape, algorithm, bytes)), is_possible) {
                (Ok(id), true) => {
                    let held = attributes_of(&mut bench, &who, &id);
                    assert_eq!(attribute!(held, CryptographicAlgorithm).next(), Some(&algorithm), "{what}");
                }
                (Err((reason, why)), false) => {
                    assert_eq!(reason, ResultReason::InvalidField, "{what}: {why}");
                    assert!(is_told(algorithm, bytes, &why), "{what}: {why}");
                }
                (came, _) => panic!("{what}: {came:?}"),
            }
            cells += 1;
        }
    }
    eprintln!("lengths: {cells} cells");
    assert!(cells > 15_000, "{cells}");
}

/// Byte for byte, whatever its length and what is said of it: nobody looks into what is Opaque.
#[test]
fn what_is_opaque_has_any_length() {
    let (mut bench, who) = (Bench::new(1), granted("owner", &[]));
    for (algorithm, bytes) in
        symmetric().iter().flat_map(|one| [1, 17, 40, 5000].map(move |bytes| (*one, bytes)))
    {
        for (way, length) in
            ways().into_iter().flat_map(|way| [None, Some(320)].map(move |length| (way, length)))
        {
            let mut block = bytes_block(Format::Opaque, &vec![7; bytes]);
            (block.cryptographic_algorithm, block.cryptographic_length) = (Some(algorithm), length);
            let sent = Sent { kind: ObjectType::SymmetricKey, block: block.clone(), attributes: vec![] };
            let id = bring(&mut bench, &who, way, &sent).unwrap();
            let get = GetRequest { unique_identifier: Some(id.as_str().into()), ..GetRequest::default() };
            let got = ask(&mut bench, &who, way.1, get).unwrap().object;
            assert_eq!(got.key_block().unwrap(), &block, "{algorithm:?} {bytes} {way:?}");
        }
    }
}

/// What is said of a key that is to be made.
fn meant_to_encrypt(algorithm: Algorithm, length: i32) -> Attributes {
    [
        Attribute::CryptographicAlgorithm(algorithm),
        Attribute::CryptographicLength(length),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
    ]
    .into_iter()
    .collect()
}

/// The requests for a key with these attributes, whole and split.
fn whole_and_split(attributes: &Attributes) -> [Request; 2] {
    let create = CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: attributes.clone().into(),
        ..CreateRequest::default()
    };
    let split = CreateSplitKeyRequest {
        object_type: ObjectType::SplitKey,
        method: SplitKeyMethod::XOR,
        parts: 2,
        threshold: 2,
        attributes: attributes.clone().into(),
        ..CreateSplitKeyRequest::default()
    };
    [create.into_request(), split.into_request()]
}

/// Everything that makes a key or a part of one, with what it makes: its name, and its request.
fn makers(
    bench: &mut Bench,
    who: &Principal,
    algorithm: Algorithm,
    length: i32,
) -> Vec<(&'static str, Request)> {
    let attributes = meant_to_encrypt(algorithm, length);
    let [create, split] = whole_and_split(&attributes);
    let mask = Attribute::CryptographicUsageMask(CryptographicUsageMask::DeriveKey);
    let base = crate::objects::create(bench, who, &[mask, Attribute::ActivationDate(DateTime(1))]);
    let derive = DeriveKeyRequest {
        object_type: ObjectType::SymmetricKey,
        unique_identifiers: vec![base.as_str().into()],
        derivation_method: DerivationMethod::HKDF,
        derivation_parameters: DerivationParameters::default(),
        attributes: attributes.into(),
    };
    vec![
        ("Create", create),
        ("Create Split Key", split),
        ("Derive Key", derive.into_request()),
        ("Join Split Key", joined(bench, who, algorithm, length)),
    ]
}

/// Parts of so many bytes that say nothing of their key, and what joins them to one.
fn joined(bench: &mut Bench, who: &Principal, algorithm: Algorithm, length: i32) -> Request {
    let des = matches!(algorithm, Algorithm::DES | Algorithm::DES3) && length % 7 == 0;
    let share = vec![7; usize::try_from(length / if des { 7 } else { 8 }).unwrap()];
    let unique_identifiers = parts(bench, who, [share.clone(), share], (None, None));
    let attributes: Attributes = [
        Attribute::CryptographicAlgorithm(algorithm),
        Attribute::CryptographicLength(length),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
    ]
    .into_iter()
    .collect();
    JoinSplitKeyRequest {
        object_type: ObjectType::SymmetricKey,
        unique_identifiers,
        attributes: Some(attributes.into()),
        ..JoinSplitKeyRequest::default()
    }
    .into_request()
}

#[test]
fn no_key_of_an_impossible_length_is_made() {
    let (mut bench, who) = (Bench::new(1), granted("owner", &[]));
    // What is made here is not longer than 8192 bits.
    let lengths: Vec<usize> = BYTES.iter().copied().filter(|bytes| (1..=1024).contains(bytes)).collect();
    for (algorithm, bytes) in
        symmetric().iter().flat_map(|one| lengths.iter().map(move |bytes| (*one, *bytes)))
    {
        for (name, request) in makers(&mut bench, &who, algorithm, bits(bytes)) {
            let message = RequestMessage::new(V2_1, vec![RequestItem::from(request)]);
            let item = bench.run(&who, &message).pop().unwrap();
            let what = format!("{name}: {algorithm:?} of {bytes} bytes: {item:?}");
            let is_done = item.result_status == ResultStatus::Success;
            // Triple DES with one key, which is DES, comes in and is not made.
            let is_single = algorithm == Algorithm::DES3 && bytes < 14;
            assert_eq!(is_done, by_its_word(algorithm, bits(bytes)) && !is_single, "{what}");
            let why = item.result_message.unwrap_or_default();
            assert!(is_done || is_told(algorithm, bytes, &why), "{what}");
        }
    }
}

/// A part of a key says of what: what cannot be one is none.
#[test]
fn a_part_of_an_impossible_key_does_not_come_in() {
    let (mut bench, who) = (Bench::new(1), granted("owner", &[]));
    for (length, is_possible) in [(256, true), (320, false), (8, false)] {
        let object = part(1, &[7; 40], (Some(Algorithm::AES), Some(length)));
        let request =
            RegisterRequest { object_type: ObjectType::SplitKey, object, ..RegisterRequest::default() };
        let came = ask(&mut bench, &who, V2_1, request);
        assert_eq!(came.is_ok(), is_possible, "{length}: {came:?}");
        assert!(came.is_ok() || came.unwrap_err().1.contains(&format!("AES of {length} bits")));
    }
}

/// An algorithm that KMIP does not have is none of any key, whatever its format, and is told with its number.
#[test]
fn an_unknown_algorithm_is_none() {
    let (mut bench, who) = (Bench::new(1), granted("owner", &[]));
    for number in [0, 0xff, 0x7fff_ffff, 0x8000_0001] {
        let algorithm = Algorithm(number);
        let told = format!("0x{number:x}");
        for kind in
            [ObjectType::SymmetricKey, ObjectType::PrivateKey, ObjectType::PublicKey, ObjectType::SecretData]
        {
            for (way, in_block) in ways().into_iter().flat_map(|way| [(way, true), (way, false)]) {
                let mut block = bytes_block(Format::Raw, &[7; 32]);
                block.cryptographic_algorithm = Some(algorithm).filter(|_| in_block);
                let said = Attribute::CryptographicAlgorithm(algorithm);
                let attributes = if in_block { vec![] } else { vec![said] };
                let sent = Sent { kind, block, attributes };
                let (reason, why) = bring(&mut bench, &who, way, &sent).unwrap_err();
                assert_eq!(reason, ResultReason::InvalidField, "{kind:?} {way:?}: {why}");
                assert!(why.contains(&told), "{kind:?} {way:?}: {why}");
            }
        }
        let requests = makers(&mut bench, &who, algorithm, 256);
        let pair = CreateKeyPairRequest {
            common: Some([Attribute::CryptographicAlgorithm(algorithm)].into()),
            private: Some([Attribute::CryptographicUsageMask(CryptographicUsageMask::Sign)].into()),
            public: Some([Attribute::CryptographicUsageMask(CryptographicUsageMask::Verify)].into()),
            ..CreateKeyPairRequest::default()
        };
        for (name, request) in requests.into_iter().chain([("Create Key Pair", pair.into_request())]) {
            let message = RequestMessage::new(V2_1, vec![RequestItem::from(request)]);
            let item = bench.run(&who, &message).pop().unwrap();
            assert_eq!(item.result_status, ResultStatus::OperationFailed, "{name} {told}");
            let why = item.result_message.unwrap_or_default();
            assert!(why.contains(&told), "{name} {told}: {why}");
        }
    }
}

/// A length that no key has is told apart from one that the server does not make, and from keys that are those of pairs.
#[test]
fn what_is_not_made_is_told_from_what_is_not() {
    let (mut bench, who) = (Bench::new(1), granted("owner", &[]));
    let rows = [
        (Algorithm::DES3, 56, "the server makes no DES3 of 56 bits, which is DES"),
        (Algorithm::DES3, 64, "the server makes no DES3 of 64 bits, which is DES"),
        (
            Algorithm::DES3,
            57,
            "no symmetric key of algorithm DES3 has 57 bits: they have 56, 112 or 168 bits, or with those of parity 64, 128 or 192 bits",
        ),
        (Algorithm::HMAC_SHA256, 16384, "the server makes no keys of more than 8192 bits"),
        (Algorithm::OneTimePad, 80000, "the server makes no keys of more than 8192 bits"),
        (Algorithm::AES, 257, "no symmetric key of algorithm AES has 257 bits"),
        (Algorithm::EC, 256, "Create Key Pair makes them"),
        (Algorithm::RSA, 2048, "Create Key Pair makes them"),
    ];
    for (algorithm, length, words) in rows {
        for request in whole_and_split(&meant_to_encrypt(algorithm, length)) {
            let message = RequestMessage::new(V2_1, vec![RequestItem::from(request)]);
            let why = bench.run(&who, &message).pop().unwrap().result_message.unwrap_or_default();
            assert!(why.contains(words), "{algorithm:?} of {length} bits: {why}");
        }
    }
}
