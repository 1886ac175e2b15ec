//! Digital Signature Algorithms, and what stands beside them.

use super::done::*;
use super::*;

/// The family that a Digital Signature Algorithm is for, by its name.
pub fn signed_by(named: DigitalSignatureAlgorithm) -> Algorithm {
    let name = format!("{named:?}");
    match () {
        () if name.contains("RSA") => Algorithm::RSA,
        () if name.starts_with("ECDSA") => Algorithm::ECDSA,
        () => Algorithm::DSA,
    }
}

pub fn signatures() -> Vec<DigitalSignatureAlgorithm> {
    let rows = DigitalSignatureAlgorithm::ROWS.iter().filter(|row| (row.2)(V2_1));
    rows.map(|row| DigitalSignatureAlgorithm(row.0)).collect()
}

/// A Digital Signature Algorithm is for keys of its own, and says all about padding and digest: what stands beside it agrees.
#[test]
fn a_signature_is_named_in_one_way() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (Bench::new(1), granted("owner", &[]));
    let way = (Way::Register, V2_1);
    for (own, made) in [
        (Algorithm::RSA, "-algorithm RSA -pkeyopt rsa_keygen_bits:2048"),
        (Algorithm::ECDSA, "-algorithm EC -pkeyopt ec_paramgen_curve:P-256"),
    ] {
        let (pkcs8, _) = forms::made(&openssl, made);
        let id =
            bring(&mut bench, &who, way, &sent(ObjectType::PrivateKey, own, Format::PKCS_8, &pkcs8)).unwrap();
        for named in signatures() {
            let mut sign = |hash: Option<HashingAlgorithm>, padding: Option<PaddingMethod>, algorithm| {
                let parameters = CryptographicParameters {
                    digital_signature_algorithm: Some(named),
                    cryptographic_algorithm: algorithm,
                    hashing_algorithm: hash,
                    padding_method: padding,
                    ..CryptographicParameters::default()
                };
                refusal(&mut bench, &who, request(Sign, &id, "", parameters))
            };
            let pss = named == DigitalSignatureAlgorithm::RSASSA_PSS;
            let with = pss.then_some(HashingAlgorithm::SHA_256);
            let is_own = signed_by(named) == own;
            let served = !format!("{named:?}").starts_with("MD");
            match sign(with, None, None) {
                None => assert!(is_own && served, "{own:?} {named:?}"),
                Some(why) if is_own => assert!(!served, "{own:?} {named:?}: {why}"),
                Some(why) => {
                    let both = why.contains(&format!("{named:?}")) && why.contains(&format!("{own:?}"));
                    assert!(both, "{own:?} {named:?}: {why}");
                }
            }
            if !is_own || !served {
                continue;
            }
            assert_eq!(sign(with, None, Some(own)), None, "{named:?}");
            let hashes = HashingAlgorithm::ROWS.iter().map(|row| HashingAlgorithm(row.0));
            let same = |hash: &HashingAlgorithm| {
                let plain = |text: String| text.replace(['_', '-'], "");
                let name = plain(format!("{named:?}")).replace("SHA1With", "SHA1");
                name.contains(&plain(format!("{hash:?}"))) && *hash != HashingAlgorithm::MD5
            };
            for hash in hashes.filter(|_| !pss) {
                match sign(Some(hash), None, None) {
                    None => assert!(same(&hash), "{named:?} beside {hash:?}"),
                    Some(why) => assert!(why.contains(&format!("{hash:?}")), "{named:?} {hash:?}: {why}"),
                }
            }
            let right = if pss { PaddingMethod::PSS } else { PaddingMethod::PKCS1V1_5 };
            let wrong = if pss { PaddingMethod::PKCS1V1_5 } else { PaddingMethod::PSS };
            if own == Algorithm::RSA {
                assert_eq!(sign(with, Some(right), None), None, "{named:?}");
                let why = sign(with, Some(wrong), None).unwrap_or_default();
                assert!(why.contains(&format!("{wrong:?}")), "{named:?}: {why}");
            }
        }
    }
}

/// Servers before this one signed by the Digital Signature Algorithm whatever stood beside it, and other servers mean PSS by a
/// Padding Method beside it: whoever verifies with the words that made a signature is told the truth. Nothing new is
/// signed so, and the refusal says how to name what is meant.
#[test]
fn what_was_signed_by_two_names_is_verified() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (Bench::new(1), granted("owner", &[]));
    let made = forms::made(&openssl, "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
    let way = (Way::Register, V2_1);
    let private = sent(ObjectType::PrivateKey, Algorithm::RSA, Format::PKCS_8, &made.0);
    let private = bring(&mut bench, &who, way, &private).unwrap();
    let public = sent(ObjectType::PublicKey, Algorithm::RSA, Format::X_509, &made.1);
    let public = bring(&mut bench, &who, way, &public).unwrap();
    for (named, hash) in [
        (DigitalSignatureAlgorithm::SHA_1WithRSAEncryption, HashingAlgorithm::SHA_1),
        (DigitalSignatureAlgorithm::SHA_224WithRSAEncryption, HashingAlgorithm::SHA_224),
        (DigitalSignatureAlgorithm::SHA_256WithRSAEncryption, HashingAlgorithm::SHA_256),
        (DigitalSignatureAlgorithm::SHA_384WithRSAEncryption, HashingAlgorithm::SHA_384),
        (DigitalSignatureAlgorithm::SHA_512WithRSAEncryption, HashingAlgorithm::SHA_512),
        (DigitalSignatureAlgorithm::SHA3_256WithRSAEncryption, HashingAlgorithm::SHA3_256),
    ] {
        let pss = Some(PaddingMethod::PSS);
        let by_name = CryptographicParameters { digital_signature_algorithm: Some(named), ..bare() };
        let by_parts =
            CryptographicParameters { padding_method: pss, hashing_algorithm: Some(hash), ..bare() };
        let both = CryptographicParameters { padding_method: pss, ..by_name.clone() };
        let beside = CryptographicParameters {
            hashing_algorithm: Some(HashingAlgorithm::SHA3_384),
            ..by_name.clone()
        };
        let sign = |parameters| {
            let Request::Sign(request) = request(Sign, &private, "", parameters) else { panic!() };
            request
        };
        let verify = |parameters, signature: &SignResponse| {
            let Request::SignatureVerify(verify) = request(SignatureVerify, &public, "", parameters) else {
                panic!()
            };
            let signature_data = signature.signature_data.clone();
            SignatureVerifyRequest { signature_data, ..verify }
        };
        let old = ask(&mut bench, &who, V2_1, sign(by_name.clone())).unwrap();
        let elsewhere = ask(&mut bench, &who, V2_1, sign(by_parts.clone())).unwrap();
        for (parameters, signature, expected) in [
            (&both, &old, ValidityIndicator::Valid),
            (&both, &elsewhere, ValidityIndicator::Valid),
            (&beside, &old, ValidityIndicator::Valid),
            (&beside, &elsewhere, ValidityIndicator::Invalid),
            (&by_name, &elsewhere, ValidityIndicator::Invalid),
            (&by_parts, &old, ValidityIndicator::Invalid),
        ] {
            let verified = ask(&mut bench, &who, V2_1, verify(parameters.clone(), signature)).unwrap();
            assert_eq!(verified.validity_indicator, Some(expected), "{named:?}: {parameters:?}");
            let other =
                SignatureVerifyRequest { data: data(b"other"), ..verify(parameters.clone(), signature) };
            let verified = ask(&mut bench, &who, V2_1, other).unwrap();
            assert_eq!(verified.validity_indicator, Some(ValidityIndicator::Invalid), "{named:?}");
        }
        let why = ask(&mut bench, &who, V2_1, sign(both)).unwrap_err().1;
        assert!(why.contains(&format!("RSASSA_PSS with Hashing Algorithm {hash:?}")), "{why}");
        let why = ask(&mut bench, &who, V2_1, sign(beside)).unwrap_err().1;
        assert!(why.contains("SHA3_384: leave one of them out"), "{why}");
    }
}
