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
