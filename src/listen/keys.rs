//! Which public keys can be checked signatures with: for the others it is told what they are.

use crate::pki::bounded;
use rustls::pki_types::{AlgorithmIdentifier, SignatureVerificationAlgorithm, alg_id};
use x509_parser::asn1_rs::{Any, FromDer as _, Oid};
use x509_parser::objects::{oid_registry, oid2sn};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

/// How many bits the modulus of an RSA key has, at least and at most.
const RSA_BITS: (usize, usize) = (2048, 8192);

/// As many bits its public exponent has at most.
const EXPONENT_BITS_MAX: usize = 33;

/// The kinds of key that there are algorithms for, by name.
const KINDS: &[(AlgorithmIdentifier, &str)] = &[
    (alg_id::RSA_ENCRYPTION, "RSA of 2048 to 8192 bits"),
    (alg_id::ECDSA_P256, "ECDSA on P-256"),
    (alg_id::ECDSA_P384, "ECDSA on P-384"),
    (alg_id::ECDSA_P521, "ECDSA on P-521"),
    (alg_id::ED25519, "Ed25519"),
];

/// Those that there are none for, and that are met; the first is a key of ECDSA on any curve.
const OTHERS: &[(&str, &str)] = &[
    ("1.2.840.10045.2.1", "ECDSA"),
    ("1.3.132.0.10", "secp256k1"),
    ("1.3.132.0.33", "P-224"),
    ("1.2.840.10045.3.1.1", "P-192"),
    ("1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1"),
    ("1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1"),
    ("1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1"),
    ("1.3.101.113", "Ed448"),
    ("1.2.840.113549.1.1.10", "RSA for PSS alone (id-RSASSA-PSS)"),
    ("1.2.840.10040.4.1", "DSA"),
];

/// What kind of key this is (SubjectPublicKeyInfo in DER), where none of these algorithms checks a signature with it.
pub fn not_taken(key: &[u8], algorithms: &[&dyn SignatureVerificationAlgorithm]) -> Option<String> {
    let Ok((_, read)) = SubjectPublicKeyInfo::from_der(key) else {
        return Some("what cannot be read".to_owned());
    };
    if let (true, Ok(PublicKey::RSA(rsa))) = (is_among(key, algorithms), read.parsed()) {
        let (bits, exponent) = (bits(rsa.modulus), bits(rsa.exponent));
        return match () {
            () if bits < RSA_BITS.0 || bits > RSA_BITS.1 => Some(format!("RSA of {bits} bits")),
            () if exponent > EXPONENT_BITS_MAX => {
                Some(format!("RSA with a public exponent of {exponent} bits"))
            }
            () => None,
        };
    }
    if is_among(key, algorithms) {
        return None;
    }
    let parameters = read.algorithm.parameters.as_ref().and_then(|any| any.as_oid().ok());
    let kind = name(&read.algorithm.algorithm);
    Some(bounded(&parameters.map_or_else(|| kind.clone(), |curve| format!("{kind} on {}", name(&curve)))))
}

/// What people call a kind of key or a curve.
fn name(oid: &Oid<'_>) -> String {
    let number = oid.to_id_string();
    match OTHERS.iter().find(|(known, _)| *known == number) {
        Some((_, name)) => (*name).to_owned(),
        _ => oid2sn(oid, oid_registry()).map_or(number, str::to_owned),
    }
}

/// The kinds of key that these algorithms check signatures with, for messages.
pub fn taken(algorithms: &[&dyn SignatureVerificationAlgorithm]) -> String {
    let has = |kind: &AlgorithmIdentifier| algorithms.iter().any(|one| one.public_key_alg_id() == *kind);
    let names: Vec<&str> = KINDS.iter().filter(|(kind, _)| has(kind)).map(|(_, name)| *name).collect();
    names.join(", ")
}

/// Whether the algorithm of a key is one of these.
fn is_among(key: &[u8], algorithms: &[&dyn SignatureVerificationAlgorithm]) -> bool {
    let kind = Any::from_der(key).and_then(|(_, key)| Any::from_der(key.data).map(|(_, kind)| kind.data));
    kind.is_ok_and(|kind| algorithms.iter().any(|one| one.public_key_alg_id().as_ref() == kind))
}

/// How many bits a number has.
fn bits(number: &[u8]) -> usize {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let Some(first) = number.get(zeros) else { return 0 };
    (number.len() - zeros) * 8 - first.leading_zeros() as usize
}
