//! Requests whose algorithm and key do not belong together, each with a signature that a wrong reading of them would take.
//! OpenSSL says which are signed.

use super::super::material::refusal;
use super::*;
use der::asn1::{Any, BitString, ObjectIdentifier};
use der::{Decode as _, Encode as _};
use keystead_crypto::Digest;
use keystead_crypto::pkey::{Key, Padding};
use kmip_codec::operations::Request;
use x509_cert::request::CertReq;
use x509_cert::spki::AlgorithmIdentifierOwned;

const KEYS: &[&str] = &[
    "-algorithm RSA -pkeyopt rsa_keygen_bits:2048",
    "-algorithm EC -pkeyopt ec_paramgen_curve:P-224",
    "-algorithm EC -pkeyopt ec_paramgen_curve:P-256",
    "-algorithm EC -pkeyopt ec_paramgen_curve:P-521",
    "-algorithm ED25519",
];

const DIGESTS: &[Digest] = &[Digest::Sha1, Digest::Sha224, Digest::Sha256, Digest::Sha384, Digest::Sha512];

/// RSASSA-PSS with the parameters of RFC 4055, 3.1, that are given by default; with SHA-256 and 32 bytes of salt; with SHA-256,
/// SHA-1 in the mask and 20 bytes of salt.
const PSS: &[&str] = &[
    "3000",
    "3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120",
    "3011a00f300d06096086480165030402010500",
];

/// What can stand as the algorithm of a request.
fn algorithms() -> Vec<AlgorithmIdentifierOwned> {
    let of = |oid: &str, parameters: Option<&str>| AlgorithmIdentifierOwned {
        oid: ObjectIdentifier::new(oid).unwrap(),
        parameters: parameters.map(|hex| Any::from_der(&hex::decode(hex).unwrap()).unwrap()),
    };
    let rsa = ["5", "14", "11", "12", "13"].map(|last| format!("1.2.840.113549.1.1.{last}"));
    let ec = ["1", "3.1", "3.2", "3.3", "3.4"].map(|last| format!("1.2.840.10045.4.{last}"));
    let mut all: Vec<_> = rsa.iter().map(|oid| of(oid, Some("0500"))).collect();
    all.extend(ec.iter().map(|oid| of(oid, None)));
    all.extend(PSS.iter().map(|parameters| of("1.2.840.113549.1.1.10", Some(parameters))));
    all.push(of("1.3.101.112", None));
    all
}

/// What a key can put under a request: over each digest of it and each beginning of it that is as long as one, padded in every
/// way; over the whole of it.
fn signatures(key: &Key, info: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for digest in DIGESTS {
        let digested = digest.of(info);
        let paddings = match key.is_rsa() {
            true => vec![
                Padding::Pkcs1,
                Padding::Pss { mask: *digest, salt_bytes: None },
                Padding::Pss { mask: Digest::Sha1, salt_bytes: Some(20) },
            ],
            false => vec![Padding::Pkcs1],
        };
        for padding in paddings {
            all.extend(key.sign(padding, Some(*digest), &digested).ok());
        }
        all.extend(key.sign(Padding::Pkcs1, None, &info[..digest.length()]).ok());
    }
    all.extend(key.sign(Padding::Pkcs1, None, info).ok());
    all
}

#[test]
fn a_request_is_signed_by_what_its_key_signs_with() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (bench(&openssl), principal("owner", &[]));
    let mut seen = [0, 0];
    for made in KEYS {
        openssl.run(&format!("genpkey -quiet {made} -out key.pem")).unwrap();
        openssl.run("pkcs8 -topk8 -nocrypt -in key.pem -outform DER -out key.pk8").unwrap();
        let key = Key::private(&openssl.read("key.pk8")).unwrap();
        let mut asked = CertReq::from_der(&request(&openssl, "key", &[])).unwrap();
        let signatures = signatures(&key, &asked.info.to_der().unwrap());
        for algorithm in algorithms() {
            for signature in &signatures {
                asked.algorithm = algorithm.clone();
                asked.signature = BitString::from_bytes(signature).unwrap();
                let der = asked.to_der().unwrap();
                openssl.write("asked", &der);
                let is_signed = openssl
                    .run("req -verify -noout -inform DER -in asked")
                    .is_ok_and(|said| said.contains("verify OK"));
                let taken = doors(&mut bench, &who, &der);
                assert!(
                    taken.iter().all(|refused| refused.is_none() == is_signed),
                    "{made} {:?}: {is_signed}, {taken:?}",
                    algorithm.oid
                );
                for why in taken.into_iter().flatten() {
                    assert!(why.contains("the request is not signed by the key that it names: it"), "{why}");
                }
                seen[usize::from(is_signed)] += 1;
            }
        }
    }
    // Each algorithm once with each key that it is for; PSS by default twice, as both ways to pad with SHA-1 are that.
    assert!(seen[1] == 5 + 4 + 3 * 5 + 1 && seen[0] > 400, "{seen:?}");
}

/// Why each door refuses the request; nothing where it is taken.
fn doors(bench: &mut Bench, who: &Principal, der: &[u8]) -> [Option<String>; 3] {
    use base64ct::{Base64, Encoding as _};
    let pem = format!(
        "-----BEGIN CERTIFICATE REQUEST-----\n{}\n-----END CERTIFICATE REQUEST-----\n",
        Base64::encode_string(der)
    );
    let of = |kind, value: Vec<u8>| CertifyRequest {
        certificate_request_type: Some(kind),
        ..certify(None, Some(value.into()), &[])
    };
    let managed = CertificateRequest {
        certificate_request_type: CertificateRequestType::PKCS_10,
        value: der.to_vec().into(),
    };
    let managed = register(bench, who, &[], ManagedObject::CertificateRequest(managed));
    let managed = CertifyRequest { request_identifier: Some(managed.into()), ..CertifyRequest::default() };
    [
        of(CertificateRequestType::PKCS_10, der.to_vec()),
        of(CertificateRequestType::PEM, pem.into_bytes()),
        managed,
    ]
    .map(|asked| refusal(bench, who, Request::Certify(asked)))
}
