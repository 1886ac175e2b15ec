//! Private keys in PKCS#12 containers (KMIP 2.1, 4.39 and 6.1.19): one that is registered is taken apart into the key
//! and its certificates. [`release`](super::release) puts one together from the links of a key.

use crate::context::Context;
use crate::lifecycle;
use crate::material::{self, Truth};
use crate::need::Container;
use crate::objects::raw;
use crate::refusal::{Cause, OpResult, Refusal, refuse};
use crate::work;
use keystead_crypto::pkcs12::{self, Certificate, Unopened};
use kmip_codec::attributes::{Attribute, Attributes};
use kmip_codec::enums::{KeyFormatType, LinkType, ObjectType, SecretDataType, State};
use kmip_codec::objects::{KeyBlock, KeyMaterial, KeyValue, ManagedObject, PlainKeyValue, PrivateKey};
use kmip_codec::operations::Operation;
use kmip_codec::value::UniqueIdentifier;
use kmip_codec::{SecretBytes, attribute};

/// The longest password of a container, in bytes.
const PASSWORD_BYTES_MAX: usize = 4096;

/// A private key that comes in a container, taken out of it, and the certificates that came with it; anything else as
/// it is.
pub fn unpacked(
    cx: &mut Context<'_, '_>,
    value: ManagedObject,
    mut given: Attributes,
) -> OpResult<(ManagedObject, Attributes, Vec<Certificate>)> {
    cx.take_time(work::reading_object(&value))?;
    let bytes = match &value {
        ManagedObject::PrivateKey(key) if key.key_block.key_format_type == KeyFormatType::PKCS_12 => {
            container(&key.key_block)
        }
        _ => return Ok((value, given, Vec::new())),
    };
    let Some(bytes) = bytes else {
        return refuse(Cause::InvalidField, "a PKCS#12 container is a byte string that is not wrapped");
    };
    let links: Vec<String> = attribute!(given, Link).filter(is_to_password).filter_map(linked).collect();
    let password = password(cx, &links)?;
    let iterations = pkcs12::iterations(bytes.expose());
    let settings = cx.draft.world().settings;
    let iterations_max = settings.pbkdf2_iterations_max;
    let container = Container { sealed: bytes, password, iterations_max };
    let opened = cx.fulfilled.opened(&container, iterations, settings)?;
    let opened = opened.map_err(|why| closed(why, iterations_max))?;
    let alias = opened.certificates.iter().find_map(|certificate| certificate.alias.clone());
    let wanted = attribute!(given, PKCS_12FriendlyName).next();
    match (wanted, alias) {
        (Some(wanted), Some(alias)) if !wanted.eq_ignore_ascii_case(&alias) => {
            return refuse(Cause::InvalidField, format!("the container has no private key named {wanted:?}"));
        }
        (None, Some(alias)) => given.push(Attribute::PKCS_12FriendlyName(alias)),
        _ => {}
    }
    let key = private_key(opened.pkcs8.as_slice().into(), value.key_block())?;
    Ok((key, given, opened.certificates.clone()))
}

/// The bytes of a container: the key value itself, or its key material.
fn container(block: &KeyBlock) -> Option<SecretBytes> {
    match &block.key_value {
        Some(KeyValue::Wrapped(bytes)) if block.key_wrapping_data.is_none() => Some(bytes.clone()),
        Some(KeyValue::Plain(PlainKeyValue { key_material: KeyMaterial::Bytes(bytes), .. }))
            if block.key_wrapping_data.is_none() =>
        {
            Some(bytes.clone())
        }
        _ => None,
    }
}

/// The key with what the block of its container says of it, and else what it is itself.
fn private_key(pkcs8: SecretBytes, said: Option<&KeyBlock>) -> OpResult<ManagedObject> {
    let mut key_block = KeyBlock { key_format_type: KeyFormatType::PKCS_8, ..raw::block(pkcs8) };
    let Truth::Pair(key) = material::examined(ObjectType::PrivateKey, &key_block)? else {
        return refuse(
            Cause::KeyFormat,
            "the private key in the container is of an algorithm that is not known",
        );
    };
    key_block.cryptographic_algorithm =
        said.and_then(|said| said.cryptographic_algorithm).or(Some(key.algorithm));
    key_block.cryptographic_length = said.and_then(|said| said.cryptographic_length).or(key.bits);
    Ok(ManagedObject::PrivateKey(PrivateKey { key_block }))
}

/// Whether a link leads to the password of a container.
pub fn is_to_password(link: &&kmip_codec::attributes::Link) -> bool {
    link.kind == LinkType::PKCS_12PasswordLink
}

/// The object that a link names.
pub fn linked(link: &kmip_codec::attributes::Link) -> Option<String> {
    match &link.linked {
        UniqueIdentifier::Text(id) => Some(id.clone()),
        _ => None,
    }
}

/// The password of a container: the one Secret Data that the key is linked to, if it is an Active password.
pub fn password(cx: &mut Context<'_, '_>, links: &[String]) -> OpResult<SecretBytes> {
    let [id] = links else {
        return refuse(Cause::Password, "a PKCS#12 container needs one PKCS#12 Password Link");
    };
    let object = cx.object(Some(id.as_str().into()), Operation::Get)?;
    if object.object_type() != ObjectType::SecretData {
        return refuse(Cause::Password, "the PKCS#12 Password Link does not lead to Secret Data");
    }
    if object.stored_state() != Some(State::Active) {
        let state = lifecycle::state_in_words(&object);
        return refuse(Cause::PasswordState, format!("the password of the container is {state}, not Active"));
    }
    match cx.draft.managed(&object)? {
        ManagedObject::SecretData(secret) if secret.secret_data_type == SecretDataType::Password => {
            match material::clear_material(&secret.key_block) {
                Some(password) if password.len() > PASSWORD_BYTES_MAX => {
                    let text = format!(
                        "the password of the container has {} bytes, and one may have {PASSWORD_BYTES_MAX}",
                        password.len()
                    );
                    refuse(Cause::Limit, text)
                }
                Some(password) => Ok(password),
                None => refuse(Cause::Password, "the password of the container is not here in clear"),
            }
        }
        _ => refuse(Cause::Password, "the PKCS#12 Password Link does not lead to a password"),
    }
}

fn closed(why: Unopened, most: u64) -> Refusal {
    match why {
        Unopened::Closed(error) => Refusal::new(Cause::Password, error.to_string()),
        Unopened::TooDear(iterations) => Refusal::new(
            Cause::Limit,
            format!("the PKCS#12 container asks for {iterations} iterations in all, and one may have {most}"),
        ),
        Unopened::Unseen => Refusal::new(
            Cause::Unsupported,
            "the PKCS#12 container has a part that is encrypted in another way than by AES, Triple DES, RC2 with 40 bits or \
             RC4 with 128: make it anew",
        ),
    }
}
