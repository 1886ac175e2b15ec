//! What the material of a key is, held against what is said of it: by its key block, by the attributes of a request, or
//! by those of an object that is there.

use super::found;
use super::lengths::{can_have, is_symmetric, key_bytes, usual_lengths};
use super::parts::{Description, EC_NAMES, Fault, Parts};
use crate::objects::object::Object;
use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::SecretBytes;
use kmip_codec::attribute;
use kmip_codec::attributes::AttributeList;
use kmip_codec::enums::{
    CryptographicAlgorithm as Algorithm, KeyCompressionType, KeyFormatType as Format, ObjectType,
    RecommendedCurve,
};
use kmip_codec::objects::{KeyBlock, KeyMaterial, KeyValue};
use pkcs8::ObjectIdentifier;
use std::fmt;

/// What the material of a key is.
#[derive(Clone, Debug, Default)]
pub enum Truth {
    /// A key of a pair.
    Pair(Description),
    /// A key of a pair, of an algorithm that this server does not know.
    Other(Option<ObjectIdentifier>),
    /// Bytes alone: as many.
    Bytes(usize),
    /// Of a format whose content is nobody's business: whatever is said of it may be true.
    Opaque,
    /// Nothing can be seen: it is wrapped, elsewhere, or bytes that may be a key of a pair.
    #[default]
    Unseen,
}

/// What is said of a key.
#[derive(Default)]
pub struct Claims<'c> {
    /// Who says it.
    pub whose: &'c str,
    /// Cryptographic Algorithm.
    pub algorithm: Option<Algorithm>,
    /// Cryptographic Length.
    pub length: Option<i32>,
    /// The Recommended Curve of Cryptographic Domain Parameters.
    pub curve: Option<RecommendedCurve>,
}

impl<'c> Claims<'c> {
    /// What a key block says.
    pub fn of_block(block: &KeyBlock) -> Self {
        Self {
            whose: "the key block says",
            algorithm: block.cryptographic_algorithm,
            length: block.cryptographic_length,
            curve: None,
        }
    }

    /// Whether there are keys of this algorithm and length.
    fn are_possible(&self) -> bool {
        match (self.algorithm, self.length) {
            (Some(said), Some(bits)) if is_symmetric(said) => key_bytes(said, bits).is_some(),
            (_, length) => length.is_none_or(|bits| bits > 0),
        }
    }

    /// What attributes say that travel inside the key value.
    fn inside(list: &AttributeList) -> Self {
        Self {
            whose: "the attributes inside the key value say",
            algorithm: attribute!(list.0, CryptographicAlgorithm).next().copied(),
            length: attribute!(list.0, CryptographicLength).next().copied(),
            curve: attribute!(list.0, CryptographicDomainParameters).find_map(|said| said.recommended_curve),
        }
    }

    /// What the attributes of an object say.
    pub fn of_object(object: &Object) -> Self {
        let domain = attribute!(object.attributes, CryptographicDomainParameters).next();
        Self {
            whose: "the attributes say",
            algorithm: attribute!(object.attributes, CryptographicAlgorithm).next().copied(),
            length: attribute!(object.attributes, CryptographicLength).next().copied(),
            curve: domain.and_then(|domain| domain.recommended_curve),
        }
    }
}

/// `RSA of 2048 bits`, as far as it is said.
struct Said(Option<String>, Option<i32>, Option<RecommendedCurve>);

impl fmt::Display for Said {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.0, self.1) {
            (Some(algorithm), Some(bits)) => write!(out, "{algorithm} of {bits} bits")?,
            (Some(algorithm), None) => write!(out, "{algorithm}")?,
            (None, Some(bits)) => write!(out, "{bits} bits")?,
            (None, None) => {}
        }
        match self.2 {
            Some(curve) if self.0.is_some() || self.1.is_some() => write!(out, " on the curve {curve:?}"),
            Some(curve) => write!(out, "the curve {curve:?}"),
            None => Ok(()),
        }
    }
}

impl Truth {
    /// Refuses claims that are not true, with what is said and what is.
    pub fn check(&self, claims: &Claims<'_>) -> OpResult<()> {
        let holds = match self {
            Self::Opaque => claims.length.is_none_or(|bits| bits > 0),
            Self::Unseen => claims.are_possible(),
            Self::Pair(key) => {
                claims.algorithm.is_none_or(|said| key.is_of(said))
                    && claims.length.is_none_or(|said| key.can_have(said))
                    && claims.curve.is_none_or(|said| key.curve.is_none_or(|curve| curve == said))
            }
            // The name of an algorithm that is known does not go with an identifier that is not.
            Self::Other(oid) => oid.is_none() || claims.algorithm.is_none_or(|said| !is_of_known_pairs(said)),
            Self::Bytes(bytes) => {
                let wanted = |length: i32| match claims.algorithm {
                    Some(algorithm) => key_bytes(algorithm, length),
                    None => usize::try_from(length).ok().map(|bits| bits.div_ceil(8)),
                };
                claims.algorithm.is_none_or(|said| is_symmetric(said) && can_have(said, *bytes))
                    && claims.length.is_none_or(|length| wanted(length) == Some(*bytes))
            }
        };
        if holds {
            return Ok(());
        }
        let curve = claims.curve.filter(|_| matches!(self, Self::Pair(_)));
        let said = Said(claims.algorithm.map(|said| format!("{said:?}")), claims.length, curve);
        let is = match self {
            Self::Unseen => String::new(),
            seen => format!(", the material is {seen}"),
        };
        let is_impossible = |said: &Algorithm| match self {
            Self::Bytes(bytes) => !can_have(*said, *bytes) || !claims.are_possible(),
            _ => matches!(self, Self::Unseen),
        };
        let usual = claims.algorithm.filter(is_impossible);
        let usual = usual.and_then(|said| Some(format!("; keys of {said:?} have {}", usual_lengths(said)?)));
        refuse(Cause::InvalidField, format!("{} {said}{is}{}", claims.whose, usual.unwrap_or_default()))
    }
}

impl fmt::Display for Truth {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pair(key) => {
                Said(Some(format!("{:?}", key.algorithm)), key.bits, key.curve).fmt(out)?;
                key.bits_most.map_or(Ok(()), |most| write!(out, " of at most {most} bits"))
            }
            Self::Other(Some(oid)) => write!(out, "of the algorithm {oid}"),
            Self::Other(None) => write!(out, "of another algorithm"),
            Self::Bytes(bytes) => write!(out, "{bytes} bytes, which are {} bits", bytes.saturating_mul(8)),
            Self::Opaque | Self::Unseen => write!(out, "not seen"),
        }
    }
}

fn is_of_known_pairs(algorithm: Algorithm) -> bool {
    let others = [Algorithm::RSA, Algorithm::DSA, Algorithm::DH, Algorithm::Ed25519, Algorithm::Ed448];
    others.contains(&algorithm) || EC_NAMES.iter().any(|names| names.algorithm == algorithm)
}

/// What a format holds in an object of a type.
const FORMATS: &[(Format, ObjectType, &str)] = {
    const PRIVATE: ObjectType = ObjectType::PrivateKey;
    const PUBLIC: ObjectType = ObjectType::PublicKey;
    const NUMBERS: &str = "a structure of the numbers of such a key";
    &[
        (Format::PKCS_1, PRIVATE, "a PKCS#1 RSAPrivateKey"),
        (Format::PKCS_1, PUBLIC, "a PKCS#1 RSAPublicKey"),
        (Format::PKCS_8, PRIVATE, "a PKCS#8 PrivateKeyInfo"),
        (Format::X_509, PUBLIC, "an X.509 SubjectPublicKeyInfo"),
        (Format::ECPrivateKey, PRIVATE, "an ECPrivateKey of RFC 5915"),
        (
            Format::TransparentSymmetricKey,
            ObjectType::SymmetricKey,
            "a structure of the bytes of a symmetric key",
        ),
        (Format::TransparentRSAPrivateKey, PRIVATE, NUMBERS),
        (Format::TransparentRSAPublicKey, PUBLIC, NUMBERS),
        (Format::TransparentDSAPrivateKey, PRIVATE, NUMBERS),
        (Format::TransparentDSAPublicKey, PUBLIC, NUMBERS),
        (Format::TransparentDHPrivateKey, PRIVATE, NUMBERS),
        (Format::TransparentDHPublicKey, PUBLIC, NUMBERS),
        (Format::TransparentECPrivateKey, PRIVATE, NUMBERS),
        (Format::TransparentECPublicKey, PUBLIC, NUMBERS),
        (Format::TransparentECDSAPrivateKey, PRIVATE, NUMBERS),
        (Format::TransparentECDSAPublicKey, PUBLIC, NUMBERS),
        (Format::TransparentECDHPrivateKey, PRIVATE, NUMBERS),
        (Format::TransparentECDHPublicKey, PUBLIC, NUMBERS),
        (Format::TransparentECMQVPrivateKey, PRIVATE, NUMBERS),
        (Format::TransparentECMQVPublicKey, PUBLIC, NUMBERS),
    ]
};

/// Reads the material of an object that comes in: what it is, if it is what its format says, and if its numbers are those
/// of a key. What its key block says of it is held against it.
pub fn examined(kind: ObjectType, block: &KeyBlock) -> OpResult<Truth> {
    let truth = read(kind, block, true)?;
    truth.check(&Claims::of_block(block))?;
    if let (Some(KeyValue::Plain(plain)), None) = (&block.key_value, &block.key_wrapping_data)
        && let Some(list) = &plain.attributes
    {
        truth.check(&Claims::inside(list))?;
    }
    Ok(truth)
}

/// What a public key is, X.509 SubjectPublicKeyInfo DER: in a certificate, or in a request for one.
pub fn of_public_key(spki: &[u8]) -> Truth {
    let parts = Parts::of(Format::X_509, &KeyMaterial::Bytes(spki.into()));
    parts.ok().and_then(|parts| parts.described()).map_or(Truth::Unseen, Truth::Pair)
}

/// Why this server keeps a key of a pair and does not compute with it, in this encoding of it.
pub fn why_not_computed(format: Format, der: &SecretBytes) -> String {
    let is = match Parts::of(format, &KeyMaterial::Bytes(der.clone())) {
        Ok(parts) => match parts.described() {
            Some(_) if parts.has_long_exponent() => {
                "RSA whose public exponent has more than 33 bits".to_owned()
            }
            Some(description) => Truth::Pair(description).to_string(),
            None => "of an algorithm that it does not know".to_owned(),
        },
        Err(_) => "none that it can read".to_owned(),
    };
    format!("this server keeps the key and does not compute with it: it is {is}")
}

/// The algorithm of a PKCS#8 private key.
pub fn algorithm_of(pkcs8: &SecretBytes) -> Option<Algorithm> {
    let parts = Parts::of(Format::PKCS_8, &KeyMaterial::Bytes(pkcs8.clone()));
    parts.ok()?.described().map(|description| description.algorithm)
}

/// What a key is that is there and is about to be used: the cryptography itself refuses numbers that fit no key.
pub fn truth_of(kind: ObjectType, block: &KeyBlock) -> OpResult<Truth> {
    match read(kind, block, false)? {
        // Used as a key, bytes are its bytes in any format.
        Truth::Unseen | Truth::Opaque if kind == ObjectType::SymmetricKey => {
            Ok(super::clear_material(block).map_or(Truth::Unseen, |bytes| Truth::Bytes(bytes.len())))
        }
        truth => Ok(truth),
    }
}

fn read(kind: ObjectType, block: &KeyBlock, whole: bool) -> OpResult<Truth> {
    let format = block.key_format_type;
    if format == Format::Opaque {
        return Ok(Truth::Opaque);
    }
    let is_key = matches!(kind, ObjectType::SymmetricKey | ObjectType::PrivateKey | ObjectType::PublicKey);
    let structured = FORMATS.iter().any(|(known, ..)| *known == format);
    let row = FORMATS.iter().find(|(known, of, _)| *known == format && *of == kind);
    if structured && is_key && row.is_none() {
        let text = format!("Key Format Type is {format:?}, in which no {kind:?} is: {}", formats_of(kind));
        return refuse(Cause::InvalidField, text);
    }
    let plain = match (&block.key_value, &block.key_wrapping_data) {
        (Some(KeyValue::Plain(plain)), None) => plain,
        (Some(KeyValue::Wrapped(_)), None) if row.is_some() => {
            let text = "Key Value: this is a Byte String without Key Wrapping Data, not a structure: put a key that is \
                        not wrapped into its Key Material";
            return refuse(Cause::InvalidField, text);
        }
        _ => return Ok(Truth::Unseen),
    };
    let material = &plain.key_material;
    let has_bytes = matches!(kind, ObjectType::SymmetricKey | ObjectType::SecretData);
    match (format, row) {
        (Format::Raw | Format::TransparentSymmetricKey, _) if has_bytes => {
            Ok(super::clear_material(block).map_or(Truth::Unseen, |bytes| Truth::Bytes(bytes.len())))
        }
        (_, Some((_, _, expected))) => {
            let parts = parts_of(kind, format, material, expected)?;
            if whole {
                sound(&parts, block.key_compression_type)?;
            }
            Ok(match (parts.described(), parts) {
                (Some(description), _) => Truth::Pair(description),
                (None, Parts::Other(_, oid)) => Truth::Other(oid),
                (None, _) => Truth::Unseen,
            })
        }
        // A secret may be a key in any of the formats; what of, is not said.
        _ if structured && kind == ObjectType::SecretData => {
            Parts::of(format, material).map(|_| Truth::Unseen).or_else(|fault| {
                unreadable(fault, material, &format!("what Key Format Type {format:?} holds"), kind)
            })
        }
        _ => Ok(Truth::Unseen),
    }
}

fn parts_of(kind: ObjectType, format: Format, material: &KeyMaterial, expected: &str) -> OpResult<Parts> {
    match Parts::of(format, material) {
        Ok(parts) if parts.half() == Some(kind) => Ok(parts),
        Ok(_) => unreadable(Fault::Structure, material, expected, kind),
        Err(fault) => unreadable(fault, material, expected, kind),
    }
}

/// Refuses numbers that cannot be those of a key, and a point that is compressed otherwise than is said.
fn sound(parts: &Parts, said: Option<KeyCompressionType>) -> OpResult<()> {
    if let Some(flaw) = parts.flaw() {
        return refuse(
            Cause::InvalidField,
            format!("Key Material: this is no key that could be used: {flaw}"),
        );
    }
    let is = match parts {
        Parts::EcPublic(key) if matches!(key.point.first(), Some(2 | 3)) => {
            KeyCompressionType::ECPublicKeyTypeX9_62CompressedPrime
        }
        Parts::EcPublic(key) if key.point.first() == Some(&4) => {
            KeyCompressionType::ECPublicKeyTypeUncompressed
        }
        _ => return Ok(()),
    };
    match said {
        Some(KeyCompressionType::ECPublicKeyTypeX9_62CompressedChar2)
            if is == KeyCompressionType::ECPublicKeyTypeX9_62CompressedPrime =>
        {
            Ok(())
        }
        Some(said) if said != is => {
            refuse(Cause::InvalidField, format!("the key block says {said:?}, the point is {is:?}"))
        }
        _ => Ok(()),
    }
}

fn unreadable<T>(fault: Fault, material: &KeyMaterial, expected: &str, kind: ObjectType) -> OpResult<T> {
    let text = match material {
        KeyMaterial::Bytes(bytes) => found::fault(fault, bytes.expose(), expected, kind),
        KeyMaterial::Transparent(_) => format!("this is a structure of numbers, not {expected}"),
    };
    refuse(Cause::InvalidField, format!("Key Material: {text}"))
}

fn formats_of(kind: ObjectType) -> String {
    let rows = FORMATS.iter().filter(|(_, of, _)| *of == kind);
    let names: Vec<String> = rows.map(|(format, ..)| format!("{format:?}")).collect();
    format!("use Raw, Opaque, {}", names.join(", "))
}
