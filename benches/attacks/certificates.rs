//! What strangers show in the handshake: certificates of their own CAs, the first with its private key at the end.

use crate::site::Site;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

fn signed(name: &str, by: &str, is_ca: bool) -> (Vec<u8>, Vec<u8>) {
    let params = |name: &str| {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params
    };
    let mut own = params(name);
    if is_ca {
        own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    let (issuer, key) = (Issuer::new(params(by), KeyPair::generate().unwrap()), KeyPair::generate().unwrap());
    (own.signed_by(&key, &issuer).unwrap().der().to_vec(), key.serialize_der())
}

fn shown(by: &str, behind: impl Iterator<Item = Vec<u8>>) -> Vec<Vec<u8>> {
    let (own, key) = signed("stranger", by, false);
    [own].into_iter().chain(behind).chain([key]).collect()
}

/// Ten of one name that have issued one another, and as many others as a handshake has room for.
pub fn many_certificates(_: &Site) -> Vec<Vec<u8>> {
    let same = (0..10).map(|_| signed("I", "I", true).0);
    shown("I", same.chain((0..130).map(|_| signed("J", "J", false).0)))
}

/// As many of each name, and in all, as are searched, up to the name of the server's CA.
pub fn all_certificates(_: &Site) -> Vec<Vec<u8>> {
    let names = ["Keystead development CA", "B", "C"];
    shown(names[0], (0..8).map(|at| signed(names[at % 3], names[(at + 1 + at / 3) % 3], true).0))
}

/// One, as any stranger has.
pub fn one_certificate(_: &Site) -> Vec<Vec<u8>> {
    shown("Keystead development CA", std::iter::empty())
}
