//! Keys as they are written, in each format that there is for them.

use super::{Parts, discrete, ec, rsa};
use der::Encode as _;
use der::asn1::OctetStringRef;
use kmip_codec::SecretBytes;
use kmip_codec::enums::KeyFormatType as Format;
use kmip_codec::objects::*;
use pkcs8::{AlgorithmIdentifierRef, PrivateKeyInfoRef};
use spki::SubjectPublicKeyInfoRef;

impl Parts {
    /// The same key in this format, where there is a way.
    pub fn written(&self, wanted: Format) -> Option<KeyMaterial> {
        let transparent = |key| Some(KeyMaterial::Transparent(key));
        match (self, wanted) {
            (Self::Symmetric(key), Format::Raw) => Some(KeyMaterial::Bytes(key.clone())),
            (Self::Symmetric(key), Format::TransparentSymmetricKey) => {
                transparent(TransparentKey::Symmetric(TransparentSymmetric { key: key.clone() }))
            }
            (Self::RsaPrivate(key), Format::TransparentRSAPrivateKey) => {
                transparent(TransparentKey::RsaPrivate(key.clone()))
            }
            (Self::RsaPublic(key), Format::TransparentRSAPublicKey) => {
                transparent(TransparentKey::RsaPublic(key.clone()))
            }
            (Self::DsaPrivate(key), Format::TransparentDSAPrivateKey) => {
                transparent(TransparentKey::DsaPrivate(key.clone()))
            }
            (Self::DsaPublic(key), Format::TransparentDSAPublicKey) => {
                transparent(TransparentKey::DsaPublic(key.clone()))
            }
            (Self::DhPrivate(key), Format::TransparentDHPrivateKey) => {
                transparent(TransparentKey::DhPrivate(key.clone()))
            }
            (Self::DhPublic(key), Format::TransparentDHPublicKey) => {
                transparent(TransparentKey::DhPublic(key.clone()))
            }
            (Self::EcPrivate(key), wanted) if ec::NAMES.iter().any(|known| known.private == wanted) => {
                transparent(TransparentKey::EcPrivate(key.transparent()?))
            }
            (Self::EcPublic(key), wanted) if ec::NAMES.iter().any(|known| known.public == wanted) => {
                transparent(TransparentKey::EcPublic(key.transparent()?))
            }
            _ => self.encoded(wanted).map(KeyMaterial::Bytes),
        }
    }

    /// The same key in an encoding.
    pub(super) fn encoded(&self, wanted: Format) -> Option<SecretBytes> {
        match (self, wanted) {
            (Self::RsaPrivate(key), Format::PKCS_1) => rsa::private_der(key),
            (Self::RsaPrivate(key), Format::PKCS_8) => pkcs8(rsa::ALGORITHM, rsa::private_der(key)?.expose()),
            (Self::RsaPublic(key), Format::PKCS_1) => rsa::public_der(key),
            (Self::RsaPublic(key), Format::X_509) => spki(rsa::ALGORITHM, rsa::public_der(key)?.expose()),
            (Self::DsaPrivate(key), Format::PKCS_8) => discrete::dsa_pkcs8(key),
            (Self::DsaPublic(key), Format::X_509) => discrete::dsa_spki(key),
            (Self::DhPrivate(key), Format::PKCS_8) => discrete::dh_pkcs8(key),
            (Self::DhPublic(key), Format::X_509) => discrete::dh_spki(key),
            (Self::EcPrivate(key), Format::ECPrivateKey) => key.sec1(),
            (Self::EcPrivate(key), Format::PKCS_8) => key.pkcs8(),
            (Self::EcPublic(key), Format::X_509) => key.spki(),
            _ => None,
        }
    }
}

/// SubjectPublicKeyInfo.
pub(super) fn spki(algorithm: AlgorithmIdentifierRef<'_>, key: &[u8]) -> Option<SecretBytes> {
    let subject_public_key = der::asn1::BitStringRef::from_bytes(key).ok()?;
    SubjectPublicKeyInfoRef { algorithm, subject_public_key }.to_der().ok().map(SecretBytes::from)
}

/// PrivateKeyInfo.
pub(super) fn pkcs8(algorithm: AlgorithmIdentifierRef<'_>, key: &[u8]) -> Option<SecretBytes> {
    let private_key = OctetStringRef::new(key).ok()?;
    PrivateKeyInfoRef::new(algorithm, private_key).to_der().ok().map(SecretBytes::from)
}
