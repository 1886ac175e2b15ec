//! What a batch asks for and is made outside of it.

use super::*;

/// Slow work, done.
pub(super) fn make(supply: Supply, fulfilled: &mut Fulfilled) {
    count(|effort| effort.made += 1);
    match supply {
        Supply::KeyPair(kind) => fulfilled.add(pair(kind)),
        Supply::Stretched(pbkdf2_params) => {
            let key = pbkdf2_params.run().unwrap();
            fulfilled.add_stretched(&pbkdf2_params, key);
        }
        Supply::Container(container) => {
            let opened = container.open();
            fulfilled.add_opened(&container, opened);
        }
    }
}

/// A pair that was made outside.
fn pair(kind: PairKind) -> KeyPair {
    if let PairKind::Ed25519 | PairKind::X25519 | PairKind::Rsa(_) = kind {
        return keystead_crypto::keygen::make(kind).unwrap();
    }
    use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
    assert_eq!(kind, PairKind::Ec(RecommendedCurve::P_256));
    let random = aws_lc_rs::rand::SystemRandom::new();
    let private = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, private.as_ref()).unwrap();
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    KeyPair { kind, private_pkcs8: private.as_ref().into(), public_spki: public.as_ref().to_vec() }
}

/// The certificate of a client, whose own it is whoever signed it: what it brings, or a new one.
pub(super) fn provided(who: &Principal, wanted: &CertificateRequest) -> Result<Credential, Refusal> {
    let (certificate, pair) = match wanted {
        CertificateRequest::UseCertificate(certificate) => (certificate.clone(), None),
        CertificateRequest::SignKey { key, .. } => (signed(key), None),
        CertificateRequest::GenerateKeyPair { .. } => {
            let made = pair(PairKind::Ec(RecommendedCurve::P_256));
            (signed(&made.public_spki), Some(made))
        }
    };
    let fingerprint = Some(Fingerprint::of(&certificate));
    let holder = Principal { identity: Identity { fingerprint, ..who.identity.clone() }, ..who.clone() };
    Ok(Credential { certificate, holder, pair })
}

/// A certificate for a key, of some CA.
fn signed(spki: &[u8]) -> Vec<u8> {
    let key = rcgen::KeyPair::generate().unwrap();
    let ca = rcgen::Issuer::new(rcgen::CertificateParams::default(), key);
    let spki = rcgen::SubjectPublicKeyInfo::from_der(spki).unwrap();
    rcgen::CertificateParams::default().signed_by(&spki, &ca).unwrap().der().to_vec()
}
