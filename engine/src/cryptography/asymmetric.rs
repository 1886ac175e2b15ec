//! RSA, ECDSA and Ed25519: keys in any format, paddings and digests as KMIP names them.

use super::hashing::digest_of;
use super::{Purpose, Source, Usable, failed, key_block};
use crate::context::Context;
use crate::material;
use crate::objects::object::Object;
use crate::refusal::{Cause, OpResult, refuse};
use crate::rights::weakness::{self, Means};
use crate::work;
use keystead_crypto::Digest;
use keystead_crypto::pkey::{Family, Key, Padding};
use kmip_codec::attributes::CryptographicParameters;
use kmip_codec::enums::{
    CryptographicAlgorithm, DigitalSignatureAlgorithm as Named, HashingAlgorithm as Hash, KeyFormatType,
    MaskGenerator, ObjectType, PaddingMethod,
};
use kmip_codec::objects::{KeyMaterial, KeyValue};
use kmip_codec::{SecretBytes, attribute};

/// What a Digital Signature Algorithm means: for which keys it is, the padding of RSA, and the digest where it names one.
type Row = (Named, Family, PaddingMethod, Option<Hash>);

const SIGNATURES: &[Row] = &[
    (Named::SHA_1WithRSAEncryption, Family::Rsa, PaddingMethod::PKCS1V1_5, Some(Hash::SHA_1)),
    (Named::SHA_224WithRSAEncryption, Family::Rsa, PaddingMethod::PKCS1V1_5, Some(Hash::SHA_224)),
    (Named::SHA_256WithRSAEncryption, Family::Rsa, PaddingMethod::PKCS1V1_5, Some(Hash::SHA_256)),
    (Named::SHA_384WithRSAEncryption, Family::Rsa, PaddingMethod::PKCS1V1_5, Some(Hash::SHA_384)),
    (Named::SHA_512WithRSAEncryption, Family::Rsa, PaddingMethod::PKCS1V1_5, Some(Hash::SHA_512)),
    (Named::SHA3_256WithRSAEncryption, Family::Rsa, PaddingMethod::PKCS1V1_5, Some(Hash::SHA3_256)),
    (Named::SHA3_384WithRSAEncryption, Family::Rsa, PaddingMethod::PKCS1V1_5, Some(Hash::SHA3_384)),
    (Named::SHA3_512WithRSAEncryption, Family::Rsa, PaddingMethod::PKCS1V1_5, Some(Hash::SHA3_512)),
    (Named::RSASSA_PSS, Family::Rsa, PaddingMethod::PSS, None),
    (Named::ECDSAWithSHA_1, Family::Ec, PaddingMethod::None, Some(Hash::SHA_1)),
    (Named::ECDSAWithSHA224, Family::Ec, PaddingMethod::None, Some(Hash::SHA_224)),
    (Named::ECDSAWithSHA256, Family::Ec, PaddingMethod::None, Some(Hash::SHA_256)),
    (Named::ECDSAWithSHA384, Family::Ec, PaddingMethod::None, Some(Hash::SHA_384)),
    (Named::ECDSAWithSHA512, Family::Ec, PaddingMethod::None, Some(Hash::SHA_512)),
];

/// Whether the object is a key of a pair.
pub fn is_asymmetric(object: &Object) -> bool {
    matches!(object.object_type(), ObjectType::PublicKey | ObjectType::PrivateKey)
}

/// Encrypts with a public key.
pub fn encrypted(cx: &mut Context<'_, '_>, usable: &Usable, plain: &[u8]) -> OpResult<SecretBytes> {
    let key = loaded(cx, &usable.object, ObjectType::PublicKey, usable.purpose)?;
    let padding = encryption_padding(&usable.parameters)?;
    match padding {
        Padding::Oaep { digest, mask, .. } => {
            weakness::check(cx.principal(), Means::Digest(digest))?;
            weakness::check(cx.principal(), Means::Digest(mask))?;
        }
        _ => weakness::check(cx.principal(), Means::Padding(PaddingMethod::PKCS1V1_5))?,
    }
    Ok(key.encrypt(padding, plain).map_err(failed)?.into())
}

/// Decrypts with a private key.
pub fn decrypted(cx: &mut Context<'_, '_>, usable: &Usable, data: &[u8]) -> OpResult<SecretBytes> {
    let key = loaded(cx, &usable.object, ObjectType::PrivateKey, usable.purpose)?;
    let padding = encryption_padding(&usable.parameters)?;
    Ok(key.decrypt(padding, data).map_err(failed)?.as_slice().into())
}

/// What is to be signed.
pub enum Content<'d> {
    /// Data, which the server digests.
    Data(&'d [u8]),
    /// A digest that the client has made.
    Digested(&'d [u8]),
}

impl<'d> Content<'d> {
    /// What a request names: its digest counts where it has one.
    pub fn of(data: &'d SecretBytes, digested: Option<&'d [u8]>) -> Self {
        digested.map_or(Self::Data(data.expose()), Self::Digested)
    }
}

/// Signs with a private key.
pub fn signature(cx: &mut Context<'_, '_>, usable: &Usable, content: &Content<'_>) -> OpResult<Vec<u8>> {
    let key = loaded(cx, &usable.object, ObjectType::PrivateKey, usable.purpose)?;
    let (padding, digest) = signing_scheme(&key, usable)?;
    let (digest, signed) = digested(&key, content, digest)?;
    let means = digest.map_or(Means::Unnamed(signed.len()), Means::Signed);
    if key.family() != Some(Family::Ed25519) {
        weakness::check(cx.principal(), means)?;
    }
    Ok(key.sign(padding, digest, &signed).map_err(failed)?)
}

/// Whether a signature is one of the content by the other key of the pair.
pub fn verified(
    cx: &mut Context<'_, '_>,
    usable: &Usable,
    content: &Content<'_>,
    signature: &[u8],
) -> OpResult<bool> {
    let key = loaded(cx, &usable.object, ObjectType::PublicKey, usable.purpose)?;
    for (padding, digest) in verifying_schemes(&key, usable)? {
        let (digest, signed) = digested(&key, content, digest)?;
        if key.verifies(padding, digest, &signed, signature).map_err(failed)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The digest of ECDSA where nobody names one: the one that is as strong as the curve (FIPS 186-5, 6.1.1).
fn usual_digest(key: &Key) -> Option<Digest> {
    match key.bits() {
        _ if key.family() != Some(Family::Ec) => None,
        0..=256 => Some(Digest::Sha256),
        257..=384 => Some(Digest::Sha384),
        _ => Some(Digest::Sha512),
    }
}

/// What goes under the signature, and the digest that it is of. Digested Data whose algorithm nobody names is taken as it
/// is; Ed25519 signs the message itself (RFC 8032, 5.1).
fn digested(key: &Key, content: &Content<'_>, named: Option<Digest>) -> OpResult<(Option<Digest>, Vec<u8>)> {
    if key.family() == Some(Family::Ed25519) {
        return match (content, named) {
            (Content::Data(message), None | Some(Digest::Sha512)) => Ok((None, message.to_vec())),
            (Content::Data(_), Some(_)) => refuse(Cause::Parameters, "Ed25519 digests with SHA-512 alone"),
            (Content::Digested(_), _) => refuse(Cause::Parameters, "Ed25519 signs data, not digests of them"),
        };
    }
    match (content, named) {
        (Content::Data(data), named) => match named.or_else(|| usual_digest(key)) {
            Some(digest) => Ok((Some(digest), digest.of(data))),
            None => refuse(Cause::Parameters, "name the Hashing Algorithm that digests the data"),
        },
        (Content::Digested(digested), Some(digest)) if digested.len() != digest.length() => {
            let text = format!(
                "the Digested Data has {} bytes, and {} gives {}",
                digested.len(),
                digest.name(),
                digest.length()
            );
            refuse(Cause::InvalidField, text)
        }
        (Content::Digested(digested), None) if is_cut(key, digested.len()) => {
            let text = format!(
                "the Digested Data has {} bytes, which no digest gives, and this key signs the first {} of them alone",
                digested.len(),
                key.bits().div_ceil(8)
            );
            refuse(Cause::InvalidField, text)
        }
        (Content::Digested(digested), named) => Ok((named, digested.to_vec())),
    }
}

/// Whether something so long is no digest, and would be signed by its beginning alone: of a digest a curve takes what it has
/// room for (FIPS 186-5, 6.4).
fn is_cut(key: &Key, bytes: usize) -> bool {
    let is_whole = u32::try_from(bytes).is_ok_and(|bytes| bytes <= key.bits().div_ceil(8));
    key.family() == Some(Family::Ec) && !is_whole && Digest::ALL.iter().all(|digest| digest.length() != bytes)
}

/// What using the key once asks of a processor.
fn use_of(object: &Object) -> u64 {
    let is_rsa =
        attribute!(object.attributes, CryptographicAlgorithm).next() == Some(&CryptographicAlgorithm::RSA);
    let bits = attribute!(object.attributes, CryptographicLength).next().copied().filter(|_| is_rsa);
    match object.object_type() {
        ObjectType::PrivateKey => work::using_private(bits),
        // Its exponent is short.
        _ => work::using_private(None),
    }
}

/// A key of a pair, of this half, for a purpose.
pub fn loaded(
    cx: &mut Context<'_, '_>,
    object: &Object,
    wanted: ObjectType,
    purpose: Purpose,
) -> OpResult<Key> {
    if object.object_type() != wanted {
        let have = object.object_type();
        return refuse(Cause::WrongType, format!("this takes a {wanted:?}, and the object is a {have:?}"));
    }
    let mut block = key_block(cx, object, purpose)?;
    let private = wanted == ObjectType::PrivateKey;
    cx.take_time(work::reading(&block) + use_of(object))?;
    let format = if private { KeyFormatType::PKCS_8 } else { KeyFormatType::X_509 };
    material::usable(&mut block, format)?;
    match &block.key_value {
        Some(KeyValue::Plain(plain)) => match &plain.key_material {
            KeyMaterial::Bytes(der) => {
                let key = if private { Key::private(der.expose()) } else { Key::public(der.expose()) };
                key.or_else(|_| refuse(Cause::Cryptographic, material::why_not_computed(format, der)))
            }
            KeyMaterial::Transparent(_) => refuse(Cause::KeyFormat, "the key cannot be had in an encoding"),
        },
        _ => refuse(Cause::NoKeyValue, "the server does not hold the key value"),
    }
}

fn mask_digest(parameters: &CryptographicParameters, default: Digest) -> OpResult<Digest> {
    if parameters.mask_generator.is_some_and(|generator| generator != MaskGenerator::MGF1) {
        return refuse(Cause::Parameters, "the Mask Generator is MGF1");
    }
    parameters.mask_generator_hashing_algorithm.map_or(Ok(default), digest_of)
}

fn encryption_padding(parameters: &CryptographicParameters) -> OpResult<Padding<'_>> {
    match parameters.padding_method {
        Some(PaddingMethod::OAEP) => {
            // RFC 8017, A.2.1: SHA-1 where nothing is said.
            let digest = parameters.hashing_algorithm.map_or(Ok(Digest::Sha1), digest_of)?;
            let mask = mask_digest(parameters, digest)?;
            Ok(Padding::Oaep { digest, mask, label: parameters.p_source.as_deref().unwrap_or_default() })
        }
        Some(PaddingMethod::PKCS1V1_5) => Ok(Padding::Pkcs1),
        Some(other) => {
            refuse(Cause::Parameters, format!("RSA encrypts with OAEP or PKCS1v1.5, not with {other:?}"))
        }
        None => refuse(Cause::Parameters, "name the Padding Method: OAEP, or PKCS1v1.5"),
    }
}

/// The algorithms that a signature is called by, which are those that its key may be called by.
const SIGNED_BY: &[(Family, &[CryptographicAlgorithm])] = &[
    (
        Family::Ec,
        &[
            CryptographicAlgorithm::EC,
            CryptographicAlgorithm::ECDSA,
            CryptographicAlgorithm::ECDH,
            CryptographicAlgorithm::ECMQV,
        ],
    ),
    (Family::Ed25519, &[CryptographicAlgorithm::EC, CryptographicAlgorithm::Ed25519]),
];

/// Refuses an algorithm that is not that of the key itself, where all keys on curves are called EC. RSA is held against what
/// the key is called before.
fn must_sign_by(key: &Key, usable: &Usable) -> OpResult<()> {
    let named = usable.parameters.cryptographic_algorithm;
    let row = SIGNED_BY.iter().find(|(family, _)| key.family() == Some(*family));
    match (named.filter(|named| *named != CryptographicAlgorithm::RSA), row) {
        (Some(named), Some((family, own))) if !own.contains(&named) => {
            refuse(Cause::Parameters, format!("{} {named:?}, and the key signs by {family:?}", usable.source))
        }
        _ => Ok(()),
    }
}

/// The padding and the digest of a signature, as they are named.
#[derive(Clone, Copy)]
struct Scheme {
    padding: Option<PaddingMethod>,
    digest: Option<Hash>,
}

/// What the parameters name: by a Digital Signature Algorithm, or alone. With it, what stands beside that algorithm and says
/// otherwise.
fn named_scheme(key: &Key, usable: &Usable) -> OpResult<(Scheme, Option<Contradiction>)> {
    must_sign_by(key, usable)?;
    let parameters = &usable.parameters;
    let beside = Scheme { padding: parameters.padding_method, digest: parameters.hashing_algorithm };
    let Some(named) = parameters.digital_signature_algorithm else { return Ok((beside, None)) };
    let Some((_, family, padding, digest)) = SIGNATURES.iter().find(|(known, ..)| *known == named) else {
        return refuse(Cause::Unsupported, format!("this server does not sign with {named:?}"));
    };
    if key.family() != Some(*family) {
        return refuse(Cause::Parameters, format!("{named:?} is not for a key of this algorithm"));
    }
    let scheme = Scheme { padding: Some(*padding), digest: digest.or(beside.digest) };
    let other_digest = beside.digest.filter(|_| beside.digest != scheme.digest);
    let other_padding = beside.padding.filter(|beside| {
        *family == Family::Rsa && *beside != PaddingMethod::None && Some(*beside) != scheme.padding
    });
    let contradiction = (other_digest.is_some() || other_padding.is_some()).then_some(Contradiction {
        named,
        digest: other_digest,
        padding: other_padding,
    });
    Ok((scheme, contradiction))
}

/// What stands beside a Digital Signature Algorithm and says otherwise.
struct Contradiction {
    named: Named,
    digest: Option<Hash>,
    padding: Option<PaddingMethod>,
}

impl Contradiction {
    /// Refuses both; who means PSS by it, as the server of PyKMIP does, is told its name.
    fn refuse<T>(&self, scheme: Scheme, source: Source) -> OpResult<T> {
        let beside = match (self.digest, self.padding) {
            (Some(digest), _) => format!("{digest:?}"),
            (None, Some(padding)) => format!("{padding:?}"),
            (None, None) => String::new(),
        };
        let meant = match (self.padding, scheme.digest) {
            (Some(PaddingMethod::PSS), Some(digest)) => {
                format!(", or name {:?} with Hashing Algorithm {digest:?}", Named::RSASSA_PSS)
            }
            _ => String::new(),
        };
        let text = format!("{source} {:?}, and beside it {beside}: leave one of them out{meant}", self.named);
        refuse(Cause::Parameters, text)
    }
}

/// How a key signs: what the parameters name says one thing.
fn signing_scheme<'p>(key: &Key, usable: &'p Usable) -> OpResult<(Padding<'p>, Option<Digest>)> {
    match named_scheme(key, usable)? {
        (scheme, None) => computed(scheme, &usable.parameters),
        (scheme, Some(contradiction)) => contradiction.refuse(scheme, usable.source),
    }
}

/// How a signature may have been made by what the parameters name. Servers before this one signed by the Digital Signature
/// Algorithm whatever stood beside it; others mean PSS where the Padding Method says so.
fn verifying_schemes<'p>(key: &Key, usable: &'p Usable) -> OpResult<Vec<(Padding<'p>, Option<Digest>)>> {
    let (scheme, contradiction) = named_scheme(key, usable)?;
    let padded = contradiction.and_then(|other| other.padding).filter(|other| *other == PaddingMethod::PSS);
    let meant = padded.map(|padding| Scheme { padding: Some(padding), ..scheme });
    [Some(scheme), meant].into_iter().flatten().map(|scheme| computed(scheme, &usable.parameters)).collect()
}

fn computed(scheme: Scheme, parameters: &CryptographicParameters) -> OpResult<(Padding<'_>, Option<Digest>)> {
    let digest = scheme.digest.map(digest_of).transpose()?;
    let padding = match scheme.padding {
        None | Some(PaddingMethod::PKCS1V1_5 | PaddingMethod::None) => Padding::Pkcs1,
        Some(PaddingMethod::PSS) => {
            let salt_bytes = parameters.salt_length.and_then(|length| u16::try_from(length).ok());
            Padding::Pss { mask: mask_digest(parameters, digest.unwrap_or(Digest::Sha1))?, salt_bytes }
        }
        Some(other) => {
            return refuse(Cause::Parameters, format!("RSA signs with PSS or PKCS1v1.5, not with {other:?}"));
        }
    };
    Ok((padding, digest))
}
