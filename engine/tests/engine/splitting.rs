//! Split keys: every scheme gives back what it split, from any parts that are enough and from no fewer; what may not
//! leave the server does not leave it in parts.

use super::objects::*;
use super::world::{Bench, principal};
use keystead_crypto::Error;
use keystead_crypto::sharing::{Part, Scheme, Secret};
use keystead_engine::rights::principal::Principal;
use kmip_codec::attributes::*;
use kmip_codec::enums::*;
use kmip_codec::objects::{KeyMaterial, KeyValue, ManagedObject, SplitKey};
use kmip_codec::payloads::*;
use kmip_codec::value::{BigInteger, UniqueIdentifier};
use kmip_codec::version::{V1_2, V1_4, V2_1};
use kmip_codec::{Tag, attribute};
use proptest::prelude::*;

/// The parts of 0102…10 over GF(2^8) that the OASIS case prints.
const SHARES: [&str; 4] = [
    "66c46a7754f94de420c7b1a7fff5ec56",
    "cf93d1e2a7e593cd5b8d6247f4e5d49c",
    "a855b891f61ad9217240d8ec061e37da",
    "803dbad55cdd329fad19d99ae2c5a415",
];

/// 2^521 - 1.
fn prime_521() -> Vec<u8> {
    let mut prime = vec![0xff; 66];
    prime[0] = 1;
    prime
}

fn schemes() -> Vec<(&'static str, Scheme)> {
    let prime = Scheme::prime(&prime_521()).unwrap();
    vec![("GF(2^8)", Scheme::gf8()), ("GF(2^16)", Scheme::gf16()), ("prime", prime)]
}

fn numbered(shares: &[Secret]) -> Vec<Part<'_>> {
    (1..).zip(shares).map(|(number, share)| (number, share.as_slice())).collect()
}

/// Every way to choose `size` of the parts.
fn subsets<'p>(parts: &[Part<'p>], size: usize) -> Vec<Vec<Part<'p>>> {
    let chosen = (0_u32..1 << parts.len()).filter(|bits| bits.count_ones() as usize == size);
    chosen
        .map(|bits| parts.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1).map(|(_, p)| *p).collect())
        .collect()
}

#[test]
fn gf8_splits_and_joins_as_the_oasis_case_does() {
    let secret: Vec<u8> = (1..=16).collect();
    let shares: Vec<Secret> = SHARES.iter().map(|share| hex::decode(share).unwrap().into()).collect();
    let parts = numbered(&shares);
    for size in 2..=4 {
        for chosen in subsets(&parts, size) {
            assert_eq!(*Scheme::gf8().join(&chosen, 2).unwrap(), secret, "{chosen:?}");
        }
    }
    let slope: Vec<u8> = shares[0].iter().zip(&secret).map(|(share, secret)| share ^ secret).collect();
    assert_eq!(Scheme::gf8().split(&secret, 4, 2, &slope).unwrap(), shares);
}

/// Worked by hand from the clause: over GF(2^16) with y^2 = y + {3A}, the secret {00}{00} and the slope {01}{00}, which is
/// y, part 2 is 2y; over the integers modulo 257, secret 5 and slope 100, part 3 is 305 - 257.
#[test]
fn parts_are_the_values_of_the_polynomial() {
    let parts = Scheme::gf16().split(&[0, 0], 3, 2, &[1, 0]).unwrap();
    assert_eq!(parts.iter().map(|part| part.to_vec()).collect::<Vec<_>>(), [[1, 0], [2, 0], [3, 0]]);
    let small = Scheme::prime(&[1, 1]).unwrap();
    let mut random = vec![0; small.random_bytes(1, 2)];
    *random.last_mut().unwrap() = 100;
    let parts = small.split(&[5], 3, 2, &random).unwrap();
    assert_eq!(parts.iter().map(|part| part.to_vec()).collect::<Vec<_>>(), [[0, 105], [0, 205], [0, 48]]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_parts_that_are_enough_give_the_secret(
        secret in proptest::collection::vec(any::<u8>(), 1..32).prop_map(|half| [half.clone(), half].concat()),
        threshold in 2_u8..5,
        more in 0_u8..3,
        seed in proptest::collection::vec(any::<u8>(), 1024),
    ) {
        for (name, scheme) in schemes() {
            let random = &seed[..scheme.random_bytes(secret.len(), threshold)];
            let shares = scheme.split(&secret, threshold + more, threshold, random).unwrap();
            let parts = numbered(&shares);
            for chosen in subsets(&parts, usize::from(threshold)) {
                let joined = scheme.join(&chosen, threshold).unwrap();
                prop_assert_eq!(&joined[joined.len() - secret.len()..], &secret[..], "{}", name);
            }
            let all = scheme.join(&parts, threshold).unwrap();
            prop_assert_eq!(&all[all.len() - secret.len()..], &secret[..]);
            for chosen in subsets(&parts, usize::from(threshold) - 1) {
                prop_assert!(scheme.join(&chosen, threshold).is_err(), "too few");
            }
        }
        let random = &seed[..Scheme::xor().random_bytes(secret.len(), threshold)];
        let shares = Scheme::xor().split(&secret, threshold, threshold, random).unwrap();
        prop_assert_eq!(&*Scheme::xor().join(&numbered(&shares), threshold).unwrap(), &secret);
    }
}

/// One part fewer than the threshold goes with every secret alike: over all random slopes each part takes every value
/// equally often, whatever the secret is.
#[test]
fn fewer_parts_tell_nothing() {
    for secret in [0_u8, 1, 0x5a, 0xff] {
        for part in 0..3 {
            let mut seen = [0_u32; 256];
            for slope in 0..=255 {
                let shares = Scheme::gf8().split(&[secret], 3, 2, &[slope]).unwrap();
                seen[usize::from(shares[part][0])] += 1;
            }
            assert!(seen.iter().all(|count| *count == 1), "secret {secret}, part {part}");
        }
    }
    // With a threshold of 3: two parts take every pair of values equally often.
    let mut seen = vec![0_u32; 1 << 16];
    for random in 0..=u16::MAX {
        let shares = Scheme::gf8().split(&[0x42], 3, 3, &random.to_be_bytes()).unwrap();
        seen[usize::from(shares[0][0]) << 8 | usize::from(shares[2][0])] += 1;
    }
    assert!(seen.iter().all(|count| *count == 1));
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let shares: Vec<Secret> = SHARES.iter().map(|share| hex::decode(share).unwrap().into()).collect();
    let parts = numbered(&shares);
    let join = |parts: &[Part<'_>]| Scheme::gf8().join(parts, 2);
    assert!(join(&[parts[0], parts[0]]).is_err(), "the same part twice");
    assert!(join(&[parts[0], (2, &shares[1][1..])]).is_err(), "of another length");
    assert!(join(&[parts[0], parts[1], (3, parts[0].1)]).is_err(), "one part more, which is wrong");
    let thrice = [(1, parts[0].1), (1, parts[0].1), (1, parts[0].1)];
    let of_nowhere = [parts[0], parts[1], (4, parts[2].1)];
    for (wrong, what) in [(&thrice[..], "one part thrice"), (&of_nowhere, "part 4 of 3"), (&parts, "4 of 3")]
    {
        assert!(Scheme::xor().join(wrong, 3).is_err(), "XOR: {what}");
    }
    assert!(matches!(Scheme::prime(&[15]), Err(Error::Parameter(_))), "no prime");
    assert!(matches!(Scheme::prime(&[2]), Err(Error::Parameter(_))), "not odd");
    assert!(matches!(Scheme::prime(&[]), Err(Error::Parameter(_))));
    let small = Scheme::prime(&[1, 1]).unwrap();
    let random = vec![0; small.random_bytes(2, 2)];
    assert!(small.split(&[1, 0], 3, 2, &random).is_err(), "257 is not bigger than 2^16");
    assert!(small.join(&[(1, &[1, 1]), (2, &[0, 1])], 2).is_err(), "a part that is not below the prime");
}

fn split(base: Option<&str>, method: SplitKeyMethod, parts: i32, threshold: i32) -> CreateSplitKeyRequest {
    let prime = method == SplitKeyMethod::PolynomialSharingPrimeField;
    CreateSplitKeyRequest {
        object_type: ObjectType::SplitKey,
        unique_identifier: base.map(Into::into),
        parts,
        threshold,
        method,
        prime_field_size: prime.then(|| BigInteger::from_unsigned(&prime_521())),
        ..CreateSplitKeyRequest::default()
    }
}

fn join(parts: &[UniqueIdentifier], object_type: ObjectType) -> JoinSplitKeyRequest {
    let unique_identifiers = parts.to_vec();
    JoinSplitKeyRequest { object_type, unique_identifiers, ..JoinSplitKeyRequest::default() }
}

fn get(bench: &mut Bench, who: &Principal, id: &UniqueIdentifier) -> Result<ManagedObject, ResultReason> {
    let request = GetRequest { unique_identifier: Some(id.clone()), ..GetRequest::default() };
    bench.ask(who, V2_1, request).map(|answer| answer.object)
}

/// A private key in PKCS#8.
fn encoded(bench: &mut Bench, who: &Principal, id: &UniqueIdentifier) -> Vec<u8> {
    let key_format_type = Some(KeyFormatType::PKCS_8);
    let request =
        GetRequest { unique_identifier: Some(id.clone()), key_format_type, ..GetRequest::default() };
    bytes(&bench.ask(who, V2_1, request).unwrap().object)
}

fn bytes(object: &ManagedObject) -> Vec<u8> {
    match &object.key_block().unwrap().key_value {
        Some(KeyValue::Plain(plain)) => match &plain.key_material {
            KeyMaterial::Bytes(bytes) => bytes.expose().to_vec(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

const METHODS: [(SplitKeyMethod, i32); 4] = [
    (SplitKeyMethod::XOR, 5),
    (SplitKeyMethod::PolynomialSharingGF2_8, 3),
    (SplitKeyMethod::PolynomialSharingGF2_16, 3),
    (SplitKeyMethod::PolynomialSharingPrimeField, 3),
];

#[test]
fn keys_are_split_and_joined_by_every_method() {
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    let id = create(&mut bench, &who, &[]);
    let key = bytes(&get(&mut bench, &who, &id.as_str().into()).unwrap());
    for (method, threshold) in METHODS {
        let answer = bench.ask(&who, V1_2, split(Some(&id), method, 5, threshold)).unwrap();
        let parts = answer.unique_identifiers;
        let Ok(ManagedObject::SplitKey(third)) = get(&mut bench, &who, &parts[2]) else { panic!() };
        assert_eq!((third.parts, third.part_identifier, third.threshold), (5, 3, threshold));
        assert_eq!(third.method, method);
        let attributes = attributes_of(&mut bench, &who, &text(&parts[2]));
        assert_eq!(attribute!(attributes, CryptographicLength).next(), Some(&256));
        let parent = attribute!(attributes, Link).find(|link| link.kind == LinkType::ParentLink).unwrap();
        assert_eq!(text(&parent.linked), id);
        let enough = &parts[5 - threshold as usize..];
        let joined = bench.ask(&who, V1_2, join(enough, ObjectType::SymmetricKey)).unwrap();
        let joined = get(&mut bench, &who, &joined.unique_identifier).unwrap();
        assert_eq!(bytes(&joined), key, "{method:?}");
        let few = bench.ask(&who, V1_2, join(&enough[1..], ObjectType::SymmetricKey)).unwrap_err();
        assert_eq!(few, ResultReason::CryptographicFailure);
        let mut secret = join(enough, ObjectType::SecretData);
        secret.secret_data_type = Some(SecretDataType::Seed);
        let secret = bench.ask(&who, V2_1, secret).unwrap().unique_identifier;
        let Ok(ManagedObject::SecretData(secret)) = get(&mut bench, &who, &secret) else { panic!() };
        assert_eq!(secret.secret_data_type, SecretDataType::Seed);
        assert_eq!(bytes(&ManagedObject::SecretData(secret)), key);
    }
    let children = attributes_of(&mut bench, &who, &id);
    assert_eq!(attribute!(children, Link).filter(|link| link.kind == LinkType::ChildLink).count(), 20);
}

#[test]
fn private_keys_are_split_and_joined() {
    let (mut bench, who) = (Bench::new(2), principal("owner", &[]));
    let (private, _) = pair(&mut bench, &who);
    let key = encoded(&mut bench, &who, &private.as_str().into());
    let request = split(Some(&private), SplitKeyMethod::PolynomialSharingGF2_8, 3, 2);
    let parts = bench.ask(&who, V2_1, request).unwrap().unique_identifiers;
    let whole = bench.ask(&who, V2_1, join(&parts[1..], ObjectType::PrivateKey)).unwrap();
    assert_eq!(encoded(&mut bench, &who, &whole.unique_identifier), key);
    let as_symmetric = bench.ask(&who, V2_1, join(&parts[1..], ObjectType::SymmetricKey));
    assert!(as_symmetric.is_err(), "of an algorithm that has no symmetric keys");
    let id = create(&mut bench, &who, &[]);
    let request = split(Some(&id), SplitKeyMethod::PolynomialSharingGF2_8, 3, 2);
    let parts = bench.ask(&who, V2_1, request).unwrap().unique_identifiers;
    assert!(bench.ask(&who, V2_1, join(&parts, ObjectType::PrivateKey)).is_err(), "no private key");
}

/// Nobody ever holds a key that is made in parts, until they are joined.
#[test]
fn a_new_key_is_made_in_parts() {
    let (mut bench, who) = (Bench::new(3), principal("owner", &[]));
    let mut request = split(None, SplitKeyMethod::PolynomialSharingGF2_8, 3, 2);
    assert_eq!(bench.ask(&who, V1_4, request.clone()).unwrap_err(), ResultReason::InvalidField);
    request.attributes = aes(&[]).attributes;
    let parts = bench.ask(&who, V1_4, request).unwrap().unique_identifiers;
    let joined = |bench: &mut Bench, parts: &[UniqueIdentifier]| {
        let id = bench.ask(&who, V1_4, join(parts, ObjectType::SymmetricKey)).unwrap().unique_identifier;
        bytes(&get(bench, &who, &id).unwrap())
    };
    let key = joined(&mut bench, &parts[..2]);
    assert_eq!((key.len(), joined(&mut bench, &parts[1..])), (32, key.clone()));
}

/// One part named as often as the threshold, or parts of two splits with the same parameters, joined to a key that was
/// none, and the client was told Success.
#[test]
fn parts_join_only_with_the_others_of_their_split() {
    let (mut bench, who) = (Bench::new(8), principal("owner", &[]));
    let id = create(&mut bench, &who, &[]);
    for (method, _) in METHODS {
        let mut halves = || bench.ask(&who, V2_1, split(Some(&id), method, 2, 2)).unwrap().unique_identifiers;
        let (one, other) = (halves(), halves());
        for wrong in [[&one[0], &one[0]], [&one[0], &other[1]], [&one[0], &other[0]]] {
            let request = join(&wrong.map(Clone::clone), ObjectType::SymmetricKey);
            let refused = bench.ask(&who, V2_1, request).unwrap_err();
            assert_eq!(refused, ResultReason::CryptographicFailure, "{method:?}: {wrong:?}");
        }
        bench.ask(&who, V2_1, join(&[one[1].clone(), one[0].clone()], ObjectType::SymmetricKey)).unwrap();
    }
}

/// A key that may not leave the server does not leave it in parts, nor whole again from its parts.
#[test]
fn parts_are_guarded_like_their_key() {
    let (mut bench, who) = (Bench::new(4), principal("owner", &[]));
    for (guard, reason) in [
        (Attribute::Sensitive(true), ResultReason::Sensitive),
        (Attribute::Extractable(false), ResultReason::NotExtractable),
    ] {
        let id = create(&mut bench, &who, std::slice::from_ref(&guard));
        let mut request = split(Some(&id), SplitKeyMethod::PolynomialSharingGF2_8, 3, 2);
        request.attributes = [Attribute::Sensitive(false), Attribute::Extractable(true)].into();
        let parts = bench.ask(&who, V2_1, request).unwrap().unique_identifiers;
        assert_eq!(get(&mut bench, &who, &parts[0]).unwrap_err(), reason);
        let mut request = join(&parts, ObjectType::SymmetricKey);
        request.attributes = Some([Attribute::Sensitive(false), Attribute::Extractable(true)].into());
        let whole = bench.ask(&who, V2_1, request).unwrap().unique_identifier;
        assert_eq!(get(&mut bench, &who, &whole).unwrap_err(), reason);
        let old = bench.ask(&who, V1_2, split(Some(&id), SplitKeyMethod::XOR, 2, 2)).unwrap();
        assert_eq!(get(&mut bench, &who, &old.unique_identifiers[0]).unwrap_err(), reason, "in 1.2");
    }
}

/// What may not leave under its own algorithm does not leave under another one.
#[test]
fn a_joined_key_keeps_its_algorithm() {
    let (mut bench, who) = (Bench::new(7), principal("owner", &[]));
    let id = create(&mut bench, &who, &[]);
    bench.settings.withheld = vec![CryptographicAlgorithm::AES];
    let request = split(Some(&id), SplitKeyMethod::PolynomialSharingGF2_8, 3, 2);
    let parts = bench.ask(&who, V2_1, request).unwrap().unique_identifiers;
    assert!(get(&mut bench, &who, &parts[0]).is_err(), "a part of a key that is withheld");
    for kind in [ObjectType::SymmetricKey, ObjectType::SecretData] {
        let mut request = join(&parts, kind);
        let other = Attribute::CryptographicAlgorithm(CryptographicAlgorithm::Camellia);
        request.attributes = Some([other].into());
        assert_eq!(bench.ask(&who, V2_1, request).unwrap_err(), ResultReason::InvalidField);
        let whole = bench.ask(&who, V2_1, join(&parts, kind)).unwrap().unique_identifier;
        assert!(get(&mut bench, &who, &whole).is_err(), "{kind:?}");
    }
}

fn registered(part: i32, threshold: i32, share: &str) -> RegisterRequest {
    let key_block = bytes_block(KeyFormatType::Raw, &hex::decode(share).unwrap());
    let part = SplitKey {
        parts: 4,
        part_identifier: part,
        threshold,
        method: SplitKeyMethod::PolynomialSharingGF2_8,
        prime_field_size: None,
        key_block,
    };
    let object = ManagedObject::SplitKey(part);
    RegisterRequest { object_type: ObjectType::SplitKey, object, ..RegisterRequest::default() }
}

#[test]
fn parts_that_were_made_elsewhere_are_joined() {
    let (mut bench, who) = (Bench::new(5), principal("owner", &[]));
    let stranger = principal("stranger", &[]);
    let mut parts = Vec::new();
    for (number, share) in (1..).zip(SHARES) {
        parts.push(bench.ask(&who, V1_4, registered(number, 2, share)).unwrap().unique_identifier);
    }
    for (part, threshold) in [(0, 2), (5, 2), (1, 0), (1, 5)] {
        let refused = bench.ask(&who, V1_4, registered(part, threshold, SHARES[0])).unwrap_err();
        assert_eq!(refused, ResultReason::InvalidField, "part {part} of 4, threshold {threshold}");
    }
    let of_another = bench.ask(&who, V1_4, registered(2, 3, SHARES[1])).unwrap().unique_identifier;
    let mut request = join(&[parts[0].clone(), of_another], ObjectType::SymmetricKey);
    request.attributes = Some(aes(&[Attribute::CryptographicLength(128)]).attributes);
    let reason = bench.ask(&who, V1_4, request.clone()).unwrap_err();
    assert_eq!(reason, ResultReason::CryptographicFailure, "a part of another split");
    request.unique_identifiers = parts[2..].to_vec();
    assert_eq!(bench.ask(&stranger, V1_4, request.clone()).unwrap_err(), ResultReason::ItemNotFound);
    let whole = bench.ask(&who, V1_4, request.clone()).unwrap().unique_identifier;
    assert_eq!(bytes(&get(&mut bench, &who, &whole).unwrap()), (1..=16).collect::<Vec<u8>>());
    request.attributes = Some(aes(&[]).attributes);
    let reason = bench.ask(&who, V1_4, request.clone()).unwrap_err();
    assert_eq!(reason, ResultReason::CryptographicFailure, "256 bits of 128");
    request.unique_identifiers[0] = create(&mut bench, &who, &[]).as_str().into();
    assert_eq!(bench.ask(&who, V2_1, request).unwrap_err(), ResultReason::InvalidObjectType);
}

#[test]
fn what_cannot_be_split_is_refused() {
    let (mut bench, who) = (Bench::new(6), principal("owner", &[]));
    let id = create(&mut bench, &who, &[]);
    let (_, public) = pair(&mut bench, &who);
    let gf8 = SplitKeyMethod::PolynomialSharingGF2_8;
    for (parts, threshold) in [(1, 1), (3, 1), (3, 4), (0, 0), (256, 2), (i32::MAX, 2), (-1, -1)] {
        let refused = bench.ask(&who, V2_1, split(Some(&id), gf8, parts, threshold)).unwrap_err();
        assert_eq!(refused, ResultReason::InvalidField, "{threshold} of {parts}");
    }
    let xor = bench.ask(&who, V2_1, split(Some(&id), SplitKeyMethod::XOR, 3, 2)).unwrap_err();
    assert_eq!(xor, ResultReason::InvalidField);
    let mut prime = split(Some(&id), SplitKeyMethod::PolynomialSharingPrimeField, 3, 2);
    prime.prime_field_size = Some(BigInteger::from_unsigned(&[1, 1]));
    assert_eq!(bench.ask(&who, V2_1, prime.clone()).unwrap_err(), ResultReason::BadCryptographicParameters);
    prime.prime_field_size = None;
    assert_eq!(bench.ask(&who, V2_1, prime).unwrap_err(), ResultReason::InvalidField);
    let public = bench.ask(&who, V2_1, split(Some(&public), gf8, 3, 2)).unwrap_err();
    assert_eq!(public, ResultReason::InvalidObjectType);
    assert!(!attributes_of(&mut bench, &who, &id).iter().any(|attribute| attribute.tag() == Tag::Link));
    let mut weak = split(None, gf8, 3, 2);
    weak.attributes = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::DES3),
        Attribute::CryptographicLength(168),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
    ]
    .into();
    assert_eq!(bench.ask(&who, V2_1, weak).unwrap_err(), ResultReason::PermissionDenied);
}
