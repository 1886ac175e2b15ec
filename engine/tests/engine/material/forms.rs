//! Real keys, made by OpenSSL, in each form that there is for them.

use super::*;
use crate::objects::bytes_block;

/// A half of a pair in one format.
pub struct Form {
    pub made: &'static str,
    pub kind: ObjectType,
    pub format: Format,
    pub material: KeyMaterial,
    pub algorithm: Algorithm,
    pub bits: i32,
    pub curve: Option<RecommendedCurve>,
}

impl Form {
    pub fn name(&self) -> String {
        format!("{} {:?} as {:?}", self.made, self.kind, self.format)
    }

    /// As a refusal names it.
    pub fn description(&self) -> String {
        let curve = self.curve.map(|curve| format!(" on the curve {curve:?}")).unwrap_or_default();
        format!("the material is {:?} of {} bits{curve}", self.algorithm, self.bits)
    }

    pub fn other_algorithm(&self) -> Algorithm {
        if self.algorithm == Algorithm::RSA { Algorithm::ECDSA } else { Algorithm::RSA }
    }

    /// What a refusal says that the format holds.
    pub fn expected(&self) -> &'static str {
        match (self.format, self.kind) {
            (Format::PKCS_1, ObjectType::PrivateKey) => "not a PKCS#1 RSAPrivateKey",
            (Format::PKCS_1, _) => "not a PKCS#1 RSAPublicKey",
            (Format::PKCS_8, _) => "not a PKCS#8 PrivateKeyInfo",
            (Format::X_509, _) => "not an X.509 SubjectPublicKeyInfo",
            _ => "not an ECPrivateKey of RFC 5915",
        }
    }
}

/// How OpenSSL makes a kind of key, what it is, and in which formats its halves are.
type Row = (&'static str, Algorithm, i32, Option<RecommendedCurve>, &'static [Format], &'static [Format]);

const EC_PRIVATE: &[Format] = &[
    Format::PKCS_8,
    Format::ECPrivateKey,
    Format::TransparentECPrivateKey,
    Format::TransparentECDSAPrivateKey,
    Format::TransparentECDHPrivateKey,
    Format::TransparentECMQVPrivateKey,
];
const EC_PUBLIC: &[Format] = &[
    Format::X_509,
    Format::TransparentECPublicKey,
    Format::TransparentECDSAPublicKey,
    Format::TransparentECDHPublicKey,
    Format::TransparentECMQVPublicKey,
];

const fn ec(made: &'static str, curve: RecommendedCurve, bits: i32) -> Row {
    (made, Algorithm::EC, bits, Some(curve), EC_PRIVATE, EC_PUBLIC)
}

const ROWS: &[Row] = &[
    (
        "-algorithm RSA -pkeyopt rsa_keygen_bits:2048",
        Algorithm::RSA,
        2048,
        None,
        &[Format::PKCS_8, Format::PKCS_1, Format::TransparentRSAPrivateKey],
        &[Format::X_509, Format::PKCS_1, Format::TransparentRSAPublicKey],
    ),
    ec("-algorithm EC -pkeyopt ec_paramgen_curve:P-256", RecommendedCurve::P_256, 256),
    ec("-algorithm EC -pkeyopt ec_paramgen_curve:P-521", RecommendedCurve::P_521, 521),
    ec("-algorithm EC -pkeyopt ec_paramgen_curve:secp256k1", RecommendedCurve::SECP256K1, 256),
    ec("-algorithm EC -pkeyopt ec_paramgen_curve:brainpoolP384r1", RecommendedCurve::BRAINPOOLP384R1, 384),
    (
        "-algorithm ED25519",
        Algorithm::Ed25519,
        256,
        Some(RecommendedCurve::CURVE25519),
        &[Format::PKCS_8],
        &[Format::X_509],
    ),
    (
        "-algorithm X25519",
        Algorithm::EC,
        256,
        Some(RecommendedCurve::CURVE25519),
        &[Format::PKCS_8],
        &[Format::X_509],
    ),
    (
        "-algorithm ED448",
        Algorithm::Ed448,
        456,
        Some(RecommendedCurve::CURVE448),
        &[Format::PKCS_8],
        &[Format::X_509],
    ),
    (
        "-paramfile dsa.pem",
        Algorithm::DSA,
        2048,
        None,
        &[Format::PKCS_8, Format::TransparentDSAPrivateKey],
        &[Format::X_509, Format::TransparentDSAPublicKey],
    ),
    (
        "-algorithm DHX -pkeyopt group:dh_2048_256",
        Algorithm::DH,
        2048,
        None,
        &[Format::PKCS_8, Format::TransparentDHPrivateKey],
        &[Format::X_509, Format::TransparentDHPublicKey],
    ),
];

/// PKCS#8 and SubjectPublicKeyInfo of a new key.
pub fn made(openssl: &OpenSsl, words: &str) -> (Vec<u8>, Vec<u8>) {
    if words.contains("dsa.pem") && !openssl.path("dsa.pem").exists() {
        let parameters = "-genparam -quiet -algorithm DSA -pkeyopt dsa_paramgen_bits:2048 -out dsa.pem";
        openssl.run(&format!("genpkey {parameters}")).unwrap();
    }
    openssl.run(&format!("genpkey -quiet {words} -out key.pem")).unwrap();
    openssl.run("pkcs8 -topk8 -nocrypt -in key.pem -outform DER -out key.pk8").unwrap();
    openssl.run("pkey -in key.pem -pubout -outform DER -out key.spki").unwrap();
    (openssl.read("key.pk8"), openssl.read("key.spki"))
}

/// Every form; the server, asked by a client that may have anything, turns the formats of OpenSSL into the others, which
/// `formats.rs` proves.
pub fn forms(openssl: &OpenSsl) -> Vec<Form> {
    let (mut bench, who) = (Bench::new(7), granted("maker", &[]));
    let mut all = Vec::new();
    for (made_by, algorithm, bits, curve, private, public) in ROWS.iter().copied() {
        let (pkcs8, spki) = made(openssl, made_by);
        let halves = [(ObjectType::PrivateKey, private, pkcs8), (ObjectType::PublicKey, public, spki)];
        for (kind, formats, bytes) in halves {
            let sent = Sent { kind, block: bytes_block(formats[0], &bytes), attributes: vec![] };
            let id = bring(&mut bench, &who, (Way::Register, V2_1), &sent).unwrap();
            for format in formats {
                let version = if format.is_in(V2_1) { V2_1 } else { V1_2 };
                let request = GetRequest {
                    unique_identifier: Some(id.as_str().into()),
                    key_format_type: Some(*format),
                    ..GetRequest::default()
                };
                let object = ask(&mut bench, &who, version, request).unwrap().object;
                let Some(KeyValue::Plain(plain)) = object.key_block().unwrap().key_value.clone() else {
                    panic!("{made_by}: no key value");
                };
                let material = plain.key_material;
                all.push(Form { made: made_by, kind, format: *format, material, algorithm, bits, curve });
            }
        }
    }
    all
}
