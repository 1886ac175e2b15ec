//! Key pairs of an older store.

use super::*;

const RSA: &str = "-algorithm RSA -pkeyopt rsa_keygen_bits:2048";

const EC: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256";

pub(super) fn hashing() -> CryptographicParameters {
    CryptographicParameters { hashing_algorithm: Some(HashingAlgorithm::SHA_256), ..bare() }
}

/// Both halves of a pair, with these parameters as an older server has written them.
fn pair(
    bench: &mut Bench,
    who: &Principal,
    (own, made): (Algorithm, &(Vec<u8>, Vec<u8>)),
    parameters: &[CryptographicParameters],
) -> (String, String) {
    let private = sent(ObjectType::PrivateKey, own, Format::PKCS_8, &made.0);
    let public = sent(ObjectType::PublicKey, own, Format::X_509, &made.1);
    let private = older(bench, who, &private, parameters);
    let public = older(bench, who, &public, parameters);
    let linked =
        [(&private, LinkType::PublicKeyLink, &public), (&public, LinkType::PrivateKeyLink, &private)];
    for (id, kind, to) in linked {
        let link = Attribute::Link(Link { kind, linked: to.as_str().into() });
        let (unique_identifier, attribute) = (Some(id.as_str().into()), link.into());
        ask(bench, who, V2_1, AddAttributeRequest { unique_identifier, attribute }).unwrap();
    }
    (private, public)
}

fn signed(id: &str, parameters: Option<CryptographicParameters>) -> SignRequest {
    SignRequest {
        unique_identifier: Some(id.into()),
        cryptographic_parameters: parameters,
        data: data(b"data"),
        ..SignRequest::default()
    }
}

fn verify(
    id: &str,
    parameters: Option<CryptographicParameters>,
    signature: &SignResponse,
) -> SignatureVerifyRequest {
    SignatureVerifyRequest {
        unique_identifier: Some(id.into()),
        cryptographic_parameters: parameters,
        data: data(b"data"),
        signature_data: signature.signature_data.clone(),
        ..SignatureVerifyRequest::default()
    }
}

/// Signatures and what was encrypted to a pair whose parameters name another algorithm, and the replacements of such pairs.
#[test]
fn pairs_verify_and_decrypt_and_are_replaced() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (Bench::new(1), granted("owner", &[]));
    let by =
        |signature| CryptographicParameters { digital_signature_algorithm: Some(signature), ..hashing() };
    let rows = [
        (Algorithm::RSA, RSA, naming(Algorithm::AES, hashing())),
        (Algorithm::RSA, RSA, naming(Algorithm::ECDSA, hashing())),
        (Algorithm::RSA, RSA, by(DigitalSignatureAlgorithm::ECDSAWithSHA256)),
        (Algorithm::EC, EC, by(DigitalSignatureAlgorithm::SHA_256WithRSAEncryption)),
        (Algorithm::ECDSA, EC, naming(Algorithm::DES3, hashing())),
        (Algorithm::ECDH, EC, naming(Algorithm::HMAC_SHA256, hashing())),
    ];
    for (own, made, parameters) in rows {
        let made = forms::made(&openssl, made);
        let what = format!("{own:?} with {parameters:?}");
        let (twin, _) = pair(&mut bench, &who, (own, &made), &[]);
        let (private, public) = pair(&mut bench, &who, (own, &made), std::slice::from_ref(&parameters));
        let signature = ask(&mut bench, &who, V2_1, signed(&twin, Some(hashing()))).unwrap();
        let verified = ask(&mut bench, &who, V2_1, verify(&public, None, &signature)).unwrap();
        assert_eq!(verified.validity_indicator, Some(ValidityIndicator::Valid), "{what}");
        let why = ask(&mut bench, &who, V2_1, signed(&private, None)).unwrap_err().1;
        assert!(is_of_the_key(&why, "", own), "{what}: {why}");
        for good in [None, Some(Attribute::CryptographicParameters(hashing()))] {
            let common = good.clone().map(|good| [good].into());
            let (private, _) = pair(&mut bench, &who, (own, &made), std::slice::from_ref(&parameters));
            let (private_key, offset) = (Some(private.as_str().into()), None);
            let renew = ReKeyKeyPairRequest { private_key, offset, common, ..ReKeyKeyPairRequest::default() };
            let new = ask(&mut bench, &who, V2_1, renew).unwrap();
            for half in [text(&new.private_key), text(&new.public_key)] {
                let held = attributes_of(&mut bench, &who, &half);
                let mut own: Vec<_> = attribute!(held, CryptographicParameters).cloned().collect();
                // What the request names is added to what it has from the other.
                own.dedup();
                assert_eq!(own, [hashing()], "{what}");
            }
        }
    }
}
