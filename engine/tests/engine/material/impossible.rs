//! Numbers that no key has, and attributes that cannot both be true: refused of everybody.

use super::*;
use crate::objects::bytes_block;
use kmip_codec::value::BigInteger;

fn number(bytes: &[u8]) -> BigInteger {
    BigInteger::from_unsigned(bytes)
}

/// Big-endian, of numbers of any length.
fn product(one: &BigInteger, other: &BigInteger) -> BigInteger {
    let digits =
        |number: &BigInteger| number.to_unsigned().unwrap().iter().rev().copied().collect::<Vec<u8>>();
    let (one, other) = (digits(one), digits(other));
    let mut out = vec![0_u32; one.len() + other.len() + 1];
    for (at, digit) in one.iter().enumerate() {
        for (beside, digits) in other.iter().enumerate() {
            let sum = out[at + beside] + u32::from(*digit) * u32::from(*digits);
            out[at + beside] = sum & 0xff;
            out[at + beside + 1] += sum >> 8;
        }
    }
    for at in 0..out.len() - 1 {
        out[at + 1] += out[at] >> 8;
        out[at] &= 0xff;
    }
    let bytes: Vec<u8> = out.iter().rev().map(|digit| u8::try_from(*digit).unwrap()).collect();
    let start = bytes.iter().position(|byte| *byte != 0).unwrap();
    number(&bytes[start..])
}

/// The number that is one less than an odd one.
fn even_below(number: &BigInteger) -> BigInteger {
    let mut bytes = number.to_unsigned().unwrap().to_vec();
    *bytes.last_mut().unwrap() -= 1;
    BigInteger::from_unsigned(&bytes)
}

fn transparent(kind: ObjectType, algorithm: Algorithm, format: Format, key: TransparentKey) -> Sent {
    let mut block = bytes_block(format, b"");
    block.cryptographic_algorithm = Some(algorithm);
    let key_material = KeyMaterial::Transparent(key);
    block.key_value = Some(KeyValue::Plain(PlainKeyValue { key_material, attributes: None }));
    Sent { kind, block, attributes: vec![] }
}

/// The same key by its numbers.
fn numbers(bench: &mut Bench, who: &Principal, sent: &Sent, format: Format) -> TransparentKey {
    let id = bring(bench, who, (Way::Register, V2_1), sent).unwrap();
    let get = GetRequest {
        unique_identifier: Some(id.as_str().into()),
        key_format_type: Some(format),
        ..GetRequest::default()
    };
    match ask(bench, who, V2_1, get).unwrap().object.key_block().unwrap().key_value.clone() {
        Some(KeyValue::Plain(PlainKeyValue { key_material: KeyMaterial::Transparent(key), .. })) => key,
        other => panic!("{other:?}"),
    }
}

fn bytes(kind: ObjectType, format: Format, bytes: &[u8]) -> Sent {
    Sent { kind, block: bytes_block(format, bytes), attributes: vec![] }
}

fn refused_in_every_way(bench: &mut Bench, who: &Principal, sent: &Sent, words: &str) {
    for way in ways().into_iter().filter(|way| sent.block.key_format_type.is_in(way.1)) {
        let (reason, why) = bring(bench, who, way, sent).unwrap_err();
        assert_eq!(reason, ResultReason::InvalidField, "{way:?}: {why}");
        assert!(why.contains(words), "{way:?}: {why:?} has no {words:?}");
    }
}

/// A number near to another one that no small number divides.
fn near_to(p: &BigInteger) -> BigInteger {
    let bytes = p.to_unsigned().unwrap();
    let (before, last) = bytes.split_at(bytes.len() - 2);
    let last = u16::from_be_bytes(last.try_into().unwrap());
    let others = (1..1000_u16).map(|step| [before, &last.wrapping_add(2 * step).to_be_bytes()].concat());
    let rest =
        |bytes: &[u8], by: u32| bytes.iter().fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % by);
    let is_taken = |bytes: &Vec<u8>| (3..752).all(|by| rest(bytes, by) != 0);
    number(&others.into_iter().find(is_taken).unwrap())
}

/// A modulus that is the square of a prime has its root for everybody.
#[test]
fn a_modulus_has_two_primes() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (Bench::new(1), granted("owner", &[]));
    let (pkcs8, _) = forms::made(&openssl, "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
    let right = bytes(ObjectType::PrivateKey, Format::PKCS_8, &pkcs8);
    let private = match numbers(&mut bench, &who, &right, Format::TransparentRSAPrivateKey) {
        TransparentKey::RsaPrivate(key) => key,
        other => panic!("{other:?}"),
    };
    let (p, q) = (private.p.clone().unwrap(), private.q.clone().unwrap());
    let square = product(&p, &p);
    let public_of = |modulus: &BigInteger| {
        let public_exponent = private.public_exponent.clone().unwrap();
        let key = TransparentRsaPublic { modulus: modulus.clone(), public_exponent };
        let key = TransparentKey::RsaPublic(key);
        transparent(ObjectType::PublicKey, Algorithm::RSA, Format::TransparentRSAPublicKey, key)
    };
    assert!(product(&p, &q) == private.modulus);
    bring(&mut bench, &who, (Way::Register, V2_1), &public_of(&private.modulus)).unwrap();
    refused_in_every_way(&mut bench, &who, &public_of(&square), "its modulus is a square");
    let near = near_to(&p);
    type Change<'c> = &'c dyn Fn(&mut TransparentRsaPrivate);
    let rows: [(Change<'_>, &str); 4] = [
        (&|key| (key.modulus, key.q) = (square.clone(), Some(p.clone())), "its modulus is a square"),
        (&|key| (key.modulus, key.q) = (product(&p, &near), Some(near.clone())), "so near to each other"),
        // Nothing but the primes is said: they are those of another modulus.
        (
            &|key| {
                let (n, p, q) = (key.modulus.clone(), product(&p, &number(&[1])), even_below(&q));
                *key = TransparentRsaPrivate {
                    modulus: n,
                    p: Some(p),
                    q: Some(q),
                    ..TransparentRsaPrivate::default()
                };
            },
            "not the product of its primes",
        ),
        (&|key| key.q = Some(even_below(&q)), "not the product of its primes"),
    ];
    let sent = |key: TransparentRsaPrivate| {
        let key = TransparentKey::RsaPrivate(key);
        transparent(ObjectType::PrivateKey, Algorithm::RSA, Format::TransparentRSAPrivateKey, key)
    };
    bring(&mut bench, &who, (Way::Register, V2_1), &sent(private.clone())).unwrap();
    for (change, words) in rows {
        let mut wrong = private.clone();
        change(&mut wrong);
        // What is small enough to be divided by a small number is told as that.
        refused_in_every_way(&mut bench, &who, &sent(wrong), words);
    }
}

/// A generator that generates nothing, and public numbers that are those of everybody.
#[test]
fn a_group_has_a_generator() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (Bench::new(1), granted("owner", &[]));
    let parameters = "genpkey -quiet -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:1024 -out dsa.par";
    openssl.run(parameters).unwrap();
    openssl.run("genpkey -quiet -paramfile dsa.par -out dsa.pem").unwrap();
    openssl.run("pkcs8 -topk8 -nocrypt -in dsa.pem -outform DER -out dsa.pk8").unwrap();
    openssl.run("pkey -in dsa.pem -pubout -outform DER -out dsa.spki").unwrap();
    let spki = bytes(ObjectType::PublicKey, Format::X_509, &openssl.read("dsa.spki"));
    let pkcs8 = bytes(ObjectType::PrivateKey, Format::PKCS_8, &openssl.read("dsa.pk8"));
    let TransparentKey::DsaPublic(public) = numbers(&mut bench, &who, &spki, Format::TransparentDSAPublicKey)
    else {
        panic!("no DSA")
    };
    let TransparentKey::DsaPrivate(private) =
        numbers(&mut bench, &who, &pkcs8, Format::TransparentDSAPrivateKey)
    else {
        panic!("no DSA")
    };
    let words = "its numbers are not of one group";
    for wrong in [number(&[0]), number(&[1]), even_below(&public.p), public.p.clone()] {
        for (g, y) in [(wrong.clone(), public.y.clone()), (public.g.clone(), wrong.clone())] {
            let key = TransparentKey::DsaPublic(TransparentDsaPublic {
                g: g.clone(),
                y: y.clone(),
                ..public.clone()
            });
            let dsa =
                transparent(ObjectType::PublicKey, Algorithm::DSA, Format::TransparentDSAPublicKey, key);
            refused_in_every_way(&mut bench, &who, &dsa, words);
            let key = TransparentDhPublic { p: public.p.clone(), g, q: None, j: None, y };
            let key = TransparentKey::DhPublic(key);
            let dh = transparent(ObjectType::PublicKey, Algorithm::DH, Format::TransparentDHPublicKey, key);
            refused_in_every_way(&mut bench, &who, &dh, words);
        }
        let key =
            TransparentDhPrivate { p: public.p.clone(), g: wrong, q: None, j: None, x: private.x.clone() };
        let key = TransparentKey::DhPrivate(key);
        let dh = transparent(ObjectType::PrivateKey, Algorithm::DH, Format::TransparentDHPrivateKey, key);
        refused_in_every_way(&mut bench, &who, &dh, words);
    }
    // The private number of DSA is one modulo Q; that of Diffie-Hellman modulo P.
    for x in [number(&[0]), private.q.clone()] {
        let key = TransparentKey::DsaPrivate(TransparentDsaPrivate { x, ..private.clone() });
        let dsa = transparent(ObjectType::PrivateKey, Algorithm::DSA, Format::TransparentDSAPrivateKey, key);
        refused_in_every_way(&mut bench, &who, &dsa, words);
    }
    let (p, g, x) = (public.p.clone(), number(&[2]), private.q.clone());
    let key = TransparentKey::DhPrivate(TransparentDhPrivate { p, g, q: None, j: None, x });
    let dh = transparent(ObjectType::PrivateKey, Algorithm::DH, Format::TransparentDHPrivateKey, key);
    bring(&mut bench, &who, (Way::Register, V2_1), &dh).unwrap();
}

/// What is not so now has not always been; what is, may have been or not.
#[test]
fn what_has_always_been_is() {
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    let flag = [None, Some(false), Some(true)];
    for (always, sensitive, never, extractable) in flag.into_iter().flat_map(|a| {
        flag.into_iter().flat_map(move |s| {
            flag.into_iter().flat_map(move |n| flag.into_iter().map(move |e| (a, s, n, e)))
        })
    }) {
        let mut block = bytes_block(Format::Raw, &[7; 32]);
        block.cryptographic_algorithm = Some(Algorithm::AES);
        let attributes: Vec<Attribute> = [
            always.map(Attribute::AlwaysSensitive),
            sensitive.map(Attribute::Sensitive),
            never.map(Attribute::NeverExtractable),
            extractable.map(Attribute::Extractable),
        ]
        .into_iter()
        .flatten()
        .collect();
        let what = format!("{attributes:?}");
        let sent = Sent { kind: ObjectType::SymmetricKey, block, attributes };
        let wrong = always == Some(true) && sensitive != Some(true);
        let wrong_too = never == Some(true) && extractable != Some(false);
        match bring(&mut bench, &who, (Way::Import, V2_1), &sent) {
            Ok(_) => assert!(!wrong && !wrong_too, "{what}"),
            Err((reason, why)) => {
                assert_eq!(reason, ResultReason::InvalidField, "{what}: {why}");
                let words = if wrong {
                    "Always Sensitive is true, and Sensitive is false"
                } else {
                    "Never Extractable is true, and Extractable is true"
                };
                assert!((wrong || wrong_too) && why == words, "{what}: {why}");
            }
        }
        // Register lets nobody say what has always been.
        if always.is_some() || never.is_some() {
            bring(&mut bench, &who, (Way::Register, V2_1), &sent).unwrap_err();
        }
    }
}

/// A private key of which nothing is known but its bytes is told as that, with what would do.
#[test]
fn a_key_that_cannot_be_used_is_told_with_what_to_do() {
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    for (kind, format, words) in [
        (ObjectType::PrivateKey, Format::Raw, "registered as Raw: its bytes stand for no key"),
        (ObjectType::PrivateKey, Format::Opaque, "registered as Opaque: its bytes stand for no key"),
        (ObjectType::PublicKey, Format::Raw, "registered as Raw: its bytes stand for no key"),
    ] {
        let mut sent = bytes(kind, format, &[0x30; 48]);
        sent.block.cryptographic_algorithm = Some(Algorithm::RSA);
        let id = bring(&mut bench, &who, (Way::Register, V2_1), &sent).unwrap();
        let data = Some(kmip_codec::value::Data::Bytes(b"data".as_slice().into()));
        let request = match kind {
            ObjectType::PrivateKey => {
                SignRequest { unique_identifier: Some(id.as_str().into()), data, ..SignRequest::default() }
                    .into_request()
            }
            _ => SignatureVerifyRequest {
                unique_identifier: Some(id.as_str().into()),
                data,
                signature_data: Some(vec![0; 64].into()),
                ..SignatureVerifyRequest::default()
            }
            .into_request(),
        };
        let message = RequestMessage::new(V2_1, vec![RequestItem::from(request)]);
        let why = bench.run(&who, &message).pop().unwrap().result_message.unwrap();
        let advice =
            if kind == ObjectType::PrivateKey { "register it as PKCS_8" } else { "register it as X_509" };
        assert!(why.contains(words) && why.contains(advice), "{why}");
    }
}

/// A key of three primes is one (RFC 8017, 3.2): it is told what it is, and kept as it is where nobody looks.
#[test]
fn a_key_of_three_primes_is_told_as_one() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    let made = "-algorithm RSA -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_primes:3";
    let (pkcs8, spki) = forms::made(&openssl, made);
    openssl.run("rsa -in key.pem -traditional -outform DER -out key.rsa").unwrap();
    let pkcs1 = openssl.read("key.rsa");
    for way in [(Way::Register, V1_2), (Way::Register, V2_1), (Way::Import, V2_1)] {
        for (format, bytes) in [(Format::PKCS_1, &pkcs1), (Format::PKCS_8, &pkcs8)] {
            let mut block = bytes_block(format, bytes);
            block.cryptographic_algorithm = Some(Algorithm::RSA);
            let mut sent = Sent { kind: ObjectType::PrivateKey, block, attributes: vec![] };
            let why = bring(&mut bench, &who, way, &sent).unwrap_err().1;
            assert!(why.contains("an RSA key of more than two primes"), "{format:?} {way:?}: {why}");
            sent.block.key_format_type = Format::Opaque;
            bring(&mut bench, &who, way, &sent).unwrap();
        }
        let public = Sent {
            kind: ObjectType::PublicKey,
            block: bytes_block(Format::X_509, &spki),
            attributes: vec![],
        };
        bring(&mut bench, &who, way, &public).unwrap();
    }
}
