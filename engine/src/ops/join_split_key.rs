//! Join Split Key (KMIP 2.1, 6.1.27): the key or secret whose parts are there.

use crate::context::{Context, Execute};
use crate::material;
use crate::objects::creation;
use crate::objects::intake;
use crate::objects::object::Object;
use crate::objects::raw::{self, KeyMaterialSpec};
use crate::objects::splitting;
use crate::objects::storage;
use crate::objects::usage;
use crate::refusal::{Cause, OpResult, refuse};
use keystead_crypto::sharing::Secret;
use kmip_codec::attributes::{Attribute, Attributes};
use kmip_codec::enums::{KeyFormatType, ObjectType, SecretDataType, SplitKeyMethod};
use kmip_codec::objects::{KeyBlock, ManagedObject, PrivateKey, SplitKey};
use kmip_codec::payloads::{JoinSplitKeyRequest, JoinSplitKeyResponse};
use kmip_codec::{SecretBytes, Tag, attribute};

/// What the whole has from its parts where the request does not say it.
const OF_THE_PARTS: &[Tag] =
    &[Tag::CryptographicAlgorithm, Tag::CryptographicLength, Tag::CryptographicUsageMask];

impl Execute for JoinSplitKeyRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<JoinSplitKeyResponse> {
        let parts = splitting::parts(cx, self.unique_identifiers)?;
        let secret = splitting::joined(cx, &parts)?;
        storage::check(self.protection_storage_masks.as_ref())?;
        let mut given = creation::given(cx, self.attributes)?;
        let inherited = take_over(&mut given, &parts)?;
        let mut object = creation::inheriting(cx, self.object_type, inherited, given, false)?;
        let id = match self.object_type {
            ObjectType::PrivateKey => private(cx, object, &secret)?,
            _ => {
                fill_length(&mut object, &parts, &secret);
                if self.object_type == ObjectType::SymmetricKey {
                    usage::require(cx, &mut object)?;
                }
                let kind = self.secret_data_type.unwrap_or(SecretDataType::Password);
                let wanted = KeyMaterialSpec::by(cx, &object, kind)?;
                let bytes = cut(&secret, wanted.bytes, is_prime(&parts))?;
                wanted.store(cx, object, bytes)?
            }
        };
        Ok(JoinSplitKeyResponse { unique_identifier: id.into(), attributes: None })
    }
}

/// What may not leave the server in parts does not leave it whole either.
fn take_over(given: &mut Attributes, parts: &[(Object, SplitKey)]) -> OpResult<Attributes> {
    let all = || parts.iter().flat_map(|(part, _)| part.attributes.iter());
    // Policies go by the algorithm: a key must not come back under another one.
    let mut algorithms = all().filter(|attribute| attribute.tag() == Tag::CryptographicAlgorithm);
    let other = |algorithm: &Attribute| {
        given.iter().any(|wanted| wanted.tag() == algorithm.tag() && wanted != algorithm)
    };
    if algorithms.any(other) {
        return refuse(Cause::InvalidField, "the parts are those of a key of another algorithm");
    }
    let first = |tag: &Tag| all().find(|attribute| attribute.tag() == *tag).cloned();
    let mut inherited: Attributes = OF_THE_PARTS.iter().filter_map(first).collect();
    for strict in [Attribute::Sensitive(true), Attribute::Extractable(false)] {
        if all().any(|attribute| *attribute == strict) {
            given.0.retain(|entry| entry.attribute.tag() != strict.tag());
            inherited.push(strict);
        }
    }
    Ok(inherited)
}

fn is_prime(parts: &[(Object, SplitKey)]) -> bool {
    parts.iter().any(|(_, part)| part.method == SplitKeyMethod::PolynomialSharingPrimeField)
}

/// A secret is as long as what its parts give; of a prime field only its Cryptographic Length tells.
fn fill_length(object: &mut Object, parts: &[(Object, SplitKey)], secret: &Secret) {
    let bits = i32::try_from(secret.len().saturating_mul(8));
    if let (false, false, Ok(bits)) =
        (object.attributes.has_tag(Tag::CryptographicLength), is_prime(parts), bits)
    {
        object.attributes.set(Attribute::CryptographicLength(bits));
    }
}

/// The bytes of the secret; a number of a prime field has zeros before it.
fn cut(secret: &Secret, bytes: usize, is_prime: bool) -> OpResult<SecretBytes> {
    let zeros = secret.len().saturating_sub(bytes);
    match secret.split_at_checked(zeros) {
        Some((before, whole)) if whole.len() == bytes && (zeros == 0 || is_prime) && all_zero(before) => {
            Ok(whole.into())
        }
        _ => refuse(
            Cause::Cryptographic,
            format!("the parts do not give a secret of {} bits", bytes.saturating_mul(8)),
        ),
    }
}

fn all_zero(bytes: &[u8]) -> bool {
    bytes.iter().fold(0, |all, byte| all | byte) == 0
}

/// A private key is in PKCS#8, unless the request names another format; it must be a key.
fn private(cx: &mut Context<'_, '_>, mut object: Object, secret: &Secret) -> OpResult<String> {
    let format = attribute!(object.attributes, KeyFormatType).next().copied();
    let format = format.unwrap_or(KeyFormatType::PKCS_8);
    // DER begins with a tag: zeros before it are those of a number of a prime field.
    let start = secret.iter().position(|byte| *byte != 0).unwrap_or(secret.len());
    let bytes = SecretBytes::from(secret.get(start..).unwrap_or_default());
    usage::require(cx, &mut object)?;
    let mut value = ManagedObject::PrivateKey(PrivateKey {
        key_block: KeyBlock { key_format_type: format, ..raw::block(bytes) },
    });
    intake::take_facts(cx, &mut object, material::facts(&value)?)?;
    if let Some(block) = value.key_block_mut() {
        block.cryptographic_algorithm = attribute!(object.attributes, CryptographicAlgorithm).next().copied();
        block.cryptographic_length = attribute!(object.attributes, CryptographicLength).next().copied();
    }
    creation::store(cx, object, &value)
}
