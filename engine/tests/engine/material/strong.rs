//! Without the grant nothing protects but what is strong: every algorithm × length × use, every curve × name × door, by what
//! the keys are and, where they cannot be seen, by what is said of them.

use super::done::*;
use super::lengths::{by_the_standard, symmetric};
use super::named::is_hmac;
use super::*;
use crate::objects::bytes_block;

/// Algorithms that are weak with any key, by the reasons that the decisions name.
fn is_weak(algorithm: Algorithm) -> bool {
    use Algorithm as Is;
    let small_blocks = [Is::DES3, Is::Blowfish, Is::CAST5, Is::IDEA, Is::RC2, Is::RC5, Is::GOST28147_89];
    small_blocks.contains(&algorithm) || [Is::DES, Is::SKIPJACK, Is::RC4, Is::HMAC_MD5].contains(&algorithm)
}

/// Everything that makes something new with a key of bytes, with parameters that suit its algorithm.
fn uses(algorithm: Algorithm) -> Vec<(Done, CryptographicParameters)> {
    let hashing = CryptographicParameters { hashing_algorithm: Some(HashingAlgorithm::SHA_256), ..bare() };
    let is_block = matches!(algorithm, Algorithm::AES | Algorithm::DES3);
    let cipher = CryptographicParameters {
        block_cipher_mode: is_block.then_some(BlockCipherMode::CTR),
        random_iv: Some(true),
        ..bare()
    };
    let hmac = CryptographicParameters {
        cryptographic_algorithm: (!is_hmac(algorithm)).then_some(Algorithm::HMAC_SHA256),
        ..bare()
    };
    let derived = DERIVED.iter().map(|method| match *method {
        DerivationMethod::ENCRYPT => (Derive(*method), cipher.clone()),
        DerivationMethod::HASH => (Derive(*method), hashing.clone()),
        _ => (Derive(*method), hmac.clone()),
    });
    [
        (Encrypt, cipher.clone()),
        (Wrap, cipher.clone()),
        (Tr31, bare()),
        (Mac, hmac.clone()),
        (WrapByMac, hmac.clone()),
    ]
    .into_iter()
    .chain(derived)
    .collect()
}

#[test]
#[allow(clippy::print_stderr, reason = "the size of the matrix is part of what it shows")]
fn no_key_of_bytes_protects_below_112_bits() {
    let (mut bench, ann, strict) = (Bench::new(1), granted("ann", &[]), principal("ann", &[]));
    let other = crate::objects::create(&mut bench, &ann, &[]);
    let (mut cells, mut done) = (0, 0);
    for (algorithm, bytes) in symmetric()
        .into_iter()
        .flat_map(|one| [1_u8, 7, 8, 10, 13, 14, 16, 24, 32, 64].map(move |bytes| (one, bytes)))
    {
        let key: Vec<u8> = (1..=bytes).collect();
        for format in [Format::Raw, Format::Opaque] {
            if format == Format::Raw && !by_the_standard(algorithm, key.len()) {
                continue;
            }
            let sent = sent(ObjectType::SymmetricKey, algorithm, format, &key);
            // A pad encrypts as many bytes as it has, and what is made of it for anything else is as strong as it is long.
            let is_pad = algorithm == Algorithm::OneTimePad;
            let is_strong = bytes >= 14 && !is_weak(algorithm);
            let came = bring(&mut bench, &strict, (Way::Import, V2_1), &sent);
            if format == Format::Raw {
                assert_eq!(came.is_ok(), is_strong || is_pad, "{algorithm:?} of {bytes} bytes: {came:?}");
            }
            for (what, parameters) in uses(algorithm) {
                let id = bring(&mut bench, &ann, (Way::Register, V2_1), &sent).unwrap();
                let why = refusal(&mut bench, &strict, request(what, &id, &other, parameters));
                let as_pad = is_pad && matches!(what, Encrypt | Wrap);
                let cell = format!("{what:?} by {algorithm:?} of {bytes} bytes, {format:?}: {why:?}");
                assert!(why.is_some() || is_strong || as_pad, "{cell}");
                let derives = matches!(what, Derive(method) if method != DerivationMethod::ENCRYPT);
                if is_strong && (derives || what == Mac) && by_the_standard(algorithm, key.len()) {
                    assert_eq!(why, None, "{cell}");
                }
                done += usize::from(why.is_none());
                cells += 1;
            }
        }
    }
    eprintln!("strong: {cells} cells, {done} done");
    assert!(cells > 5000 && done > 1000, "{cells}, {done}");
}

/// What a secret is used as is told by the request, and judged by its length; a pad that nobody counts encrypts nothing.
#[test]
fn a_secret_is_as_strong_as_what_it_is_used_as() {
    let (mut bench, ann, strict) = (Bench::new(1), granted("ann", &[]), principal("ann", &[]));
    let other = crate::objects::create(&mut bench, &ann, &[]);
    for (algorithm, bytes) in
        symmetric().into_iter().flat_map(|one| [1_u8, 13, 16, 32].map(move |bytes| (one, bytes)))
    {
        let key: Vec<u8> = (1..=bytes).collect();
        let secret =
            Sent { kind: ObjectType::SecretData, block: bytes_block(Format::Raw, &key), attributes: vec![] };
        let id = bring(&mut bench, &ann, (Way::Register, V2_1), &secret).unwrap();
        for (what, parameters) in uses(algorithm) {
            let named = parameters.cryptographic_algorithm.unwrap_or(algorithm);
            let parameters = CryptographicParameters { cryptographic_algorithm: Some(named), ..parameters };
            let why = refusal(&mut bench, &strict, request(what, &id, &other, parameters));
            let is_password = what == Derive(DerivationMethod::PBKDF2) && bytes >= 8;
            let is_strong = bytes >= 14 && !(is_weak(named) && matches!(what, Encrypt | Mac));
            let is_pad = named == Algorithm::OneTimePad && what == Encrypt;
            let cell = format!("{what:?} by {bytes} bytes named {named:?}: {why:?}");
            assert!(why.is_some() || (is_strong || is_password) && !is_pad, "{cell}");
        }
    }
}

/// The bits of a curve of OpenSSL, by its own words.
fn openssl_curves(openssl: &OpenSsl) -> Vec<(String, i32)> {
    let list = openssl.run("ecparam -list_curves").unwrap();
    let lines = list.lines().collect::<Vec<_>>().join(" ").replace("  ", " ");
    let mut all = Vec::new();
    for (at, _) in lines.match_indices(" bit") {
        let before: Vec<&str> = lines[..at].split_whitespace().collect();
        let bits = before.last().and_then(|bits| bits.parse().ok());
        let name = before.iter().rev().find_map(|word| word.strip_suffix(':'));
        if let (Some(bits), Some(name)) = (bits, name) {
            all.push((name.to_owned(), bits));
        }
    }
    all
}

const ON_CURVES: &[Algorithm] = &[
    Algorithm::EC,
    Algorithm::ECDSA,
    Algorithm::ECDH,
    Algorithm::ECMQV,
    Algorithm::SM2,
    Algorithm::GOSTR34_10_2012,
];

/// Whatever a key on a curve is called, with the right length, another one, or none.
#[test]
#[allow(clippy::print_stderr, reason = "the size of the matrix is part of what it shows")]
fn no_key_on_a_curve_below_224_bits_comes_in() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, strict) = (Bench::new(1), principal("owner", &[]));
    let (mut cells, mut taken) = (0, 0);
    for (curve, bits) in openssl_curves(&openssl) {
        let words = format!("-algorithm EC -pkeyopt ec_paramgen_curve:{curve}");
        // Those of Oakley have no generator to make a key with.
        if openssl.run(&format!("genpkey {words} -out tried.pem")).is_err() {
            continue;
        }
        let (pkcs8, spki) = forms::made(&openssl, &words);
        let halves =
            [(ObjectType::PrivateKey, Format::PKCS_8, pkcs8), (ObjectType::PublicKey, Format::X_509, spki)];
        for (kind, format, bytes) in halves {
            for called in ON_CURVES.iter().copied().map(Some).chain([None]) {
                for length in [None, Some(bits), Some(256)] {
                    for way in [(Way::Register, V1_2), (Way::Import, V2_1)] {
                        let mut block = bytes_block(format, &bytes);
                        (block.cryptographic_algorithm, block.cryptographic_length) = (called, length);
                        let one = Sent { kind, block, attributes: vec![] };
                        let came = bring(&mut bench, &strict, way, &one);
                        let what =
                            format!("{kind:?} on {curve}, called {called:?}, {length:?}, {way:?}: {came:?}");
                        assert!(came.is_err() || bits >= 224, "{what}");
                        taken += usize::from(came.is_ok());
                        cells += 1;
                    }
                }
            }
        }
    }
    eprintln!("curves: {cells} cells, {taken} taken");
    assert!(cells > 4000 && taken > 500, "{cells}, {taken}");
}

/// What cannot be seen, wrapped or elsewhere, is judged by what is said: its curve or its length.
#[test]
fn what_is_said_to_be_weak_does_not_come_in() {
    let (mut bench, ann, strict) = (Bench::new(1), granted("ann", &[]), principal("ann", &[]));
    let elsewhere = |called, length, curve: Option<RecommendedCurve>| {
        let on = curve.map(|curve| {
            Attribute::CryptographicDomainParameters(CryptographicDomainParameters {
                recommended_curve: Some(curve),
                ..CryptographicDomainParameters::default()
            })
        });
        elsewhere(ObjectType::PrivateKey, Format::PKCS_8, (Some(called), length), on.into_iter().collect())
    };
    for (called, way) in ON_CURVES.iter().flat_map(|called| {
        [(Way::Register, V1_4), (Way::Register, V2_1), (Way::Import, V2_1)].map(move |way| (*called, way))
    }) {
        for curve in (1..=0x44).map(RecommendedCurve) {
            let sent = elsewhere(called, None, Some(curve));
            let came = bring(&mut bench, &strict, way, &sent);
            let is_strong = curves::bits_of(curve) >= 224;
            assert_eq!(came.is_ok(), is_strong, "{called:?} on {curve:?}, {way:?}: {came:?}");
            bring(&mut bench, &ann, way, &sent).unwrap();
        }
        for bits in [112, 160, 192, 223, 224, 256] {
            let came = bring(&mut bench, &strict, way, &elsewhere(called, Some(bits), None));
            assert_eq!(came.is_ok(), bits >= 224, "{called:?} of {bits} bits, {way:?}: {came:?}");
        }
    }
    for (called, bits, is_strong) in [
        (Algorithm::RSA, 2047, false),
        (Algorithm::RSA, 2048, true),
        (Algorithm::DSA, 1024, false),
        (Algorithm::DH, 1024, false),
        (Algorithm::Ed25519, 256, true),
        (Algorithm::Ed25519, 128, false),
    ] {
        let came = bring(&mut bench, &strict, (Way::Register, V2_1), &elsewhere(called, Some(bits), None));
        assert_eq!(came.is_ok(), is_strong, "{called:?} of {bits} bits: {came:?}");
    }
}
