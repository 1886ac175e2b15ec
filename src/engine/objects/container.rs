//! Private keys in PKCS#12 containers (KMIP 2.1, 4.39 and 6.1.19): one that is registered is taken apart into the key
//! and its certificates, and one that is got is put together from the links of the key.

use crate::crypto::pkcs12::{self, Certificate, Unopened};
use crate::engine::context::Context;
use crate::engine::lifecycle;
use crate::engine::material::{self, Truth};
use crate::engine::need::Container;
use crate::engine::objects::creation;
use crate::engine::objects::intake;
use crate::engine::objects::object::Object;
use crate::engine::objects::raw;
use crate::engine::objects::release::Form;
use crate::engine::refusal::{Cause, OpResult, Refusal, refuse};
use crate::engine::work;
use kmip_codec::attributes::{Attribute, Attributes};
use kmip_codec::enums::{CertificateType, KeyFormatType, LinkType, ObjectType, SecretDataType, State};
use kmip_codec::objects::{self, KeyBlock, KeyMaterial, KeyValue, ManagedObject, PlainKeyValue, PrivateKey};
use kmip_codec::operations::Operation;
use kmip_codec::value::UniqueIdentifier;
use kmip_codec::{SecretBytes, attribute};
use std::collections::HashMap;

/// The friendly name of a key that has none.
const ALIAS: &str = "alias";

/// The longest password of a container, in bytes.
const PASSWORD_BYTES_MAX: usize = 4096;

/// The most certificates of a chain.
const CHAIN_MAX: usize = 16;

/// The links that lead to the certificate of a key, or to the one that issued a certificate.
const TO_CERTIFICATES: &[LinkType] = &[LinkType::PKCS_12CertificateLink, LinkType::CertificateLink];

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

/// Makes the certificates of a container objects of their own; key and certificates are linked, each to its issuer.
pub fn keep_certificates(
    cx: &mut Context<'_, '_>,
    key: &mut Object,
    certificates: Vec<Certificate>,
) -> OpResult<()> {
    let mut kept: Vec<(Object, ManagedObject)> = Vec::new();
    // That of the key comes first, where there is one.
    let has_own = certificates.first().is_some_and(|certificate| certificate.is_of_key);
    for certificate in certificates {
        let given = certificate.alias.map(Attribute::PKCS_12FriendlyName).into_iter().collect();
        let value = ManagedObject::Certificate(objects::Certificate {
            certificate_type: CertificateType::X_509,
            value: certificate.der.into(),
        });
        kept.push((intake::object(cx, given, &value)?, value));
    }
    let mut subjects = HashMap::new();
    for (object, _) in &kept {
        subjects.entry(subject(object)).or_insert_with(|| object.id.clone());
    }
    for (place, (mut object, value)) in kept.into_iter().enumerate() {
        if place == 0 && has_own {
            key.link(LinkType::PKCS_12CertificateLink, &object.id);
        }
        let issuer = issuer(&object);
        if let Some(parent) = subjects.get(&issuer).filter(|_| issuer != subject(&object)) {
            object.link(LinkType::CertificateLink, parent);
        }
        creation::store(cx, object, &value)?;
    }
    Ok(())
}

fn subject(certificate: &Object) -> Option<bytes::Bytes> {
    let subject = attribute!(certificate.attributes, X_509CertificateSubject).next();
    subject.map(|subject| subject.subject_distinguished_name.clone())
}

fn issuer(certificate: &Object) -> Option<bytes::Bytes> {
    let issuer = attribute!(certificate.attributes, X_509CertificateIssuer).next();
    issuer.map(|issuer| issuer.issuer_distinguished_name.clone())
}

/// A private key with its chain in a container, under the password that it is linked to, or else the one that comes of
/// the user name and password that the client has shown.
pub fn packed(
    cx: &mut Context<'_, '_>,
    object: &Object,
    mut value: ManagedObject,
    form: &Form,
) -> OpResult<ManagedObject> {
    let ManagedObject::PrivateKey(PrivateKey { key_block }) = &mut value else {
        return refuse(Cause::KeyFormat, "PKCS#12 is for private keys; their certificates are in it");
    };
    if form.wrapping.is_some() {
        return refuse(Cause::FeatureNotSupported, "a PKCS#12 container has its password: it is not wrapped");
    }
    material::in_format(key_block, KeyFormatType::PKCS_8)?;
    let Some(pkcs8) = material::clear_material(key_block) else {
        return refuse(Cause::NoKeyValue, "the private key is not there in clear");
    };
    let links: Vec<String> =
        attribute!(object.attributes, Link).filter(is_to_password).filter_map(linked).collect();
    let password = match cx.principal().container_password.clone().filter(|_| links.is_empty()) {
        Some(shown) => shown,
        None => password(cx, &links)?,
    };
    let alias = attribute!(object.attributes, PKCS_12FriendlyName).next().map_or(ALIAS, String::as_str);
    let chain = chain(cx, object)?;
    cx.take_time(work::SEALING_CONTAINER)?;
    let sealed = pkcs12::seal(password.expose(), alias, pkcs8.expose(), &chain)
        .map_err(crate::engine::cryptography::failed)?;
    let key_block = KeyBlock {
        key_format_type: KeyFormatType::PKCS_12,
        key_value: Some(KeyValue::Wrapped(sealed.into())),
        ..KeyBlock::default()
    };
    Ok(ManagedObject::PrivateKey(PrivateKey { key_block }))
}

fn is_to_password(link: &&kmip_codec::attributes::Link) -> bool {
    link.kind == LinkType::PKCS_12PasswordLink
}

fn linked(link: &kmip_codec::attributes::Link) -> Option<String> {
    match &link.linked {
        UniqueIdentifier::Text(id) => Some(id.clone()),
        _ => None,
    }
}

/// The password of a container: the one Secret Data that the key is linked to, if it is an Active password.
fn password(cx: &mut Context<'_, '_>, links: &[String]) -> OpResult<SecretBytes> {
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

/// The certificate of a key and those above it, by their links; the public key of a pair may have the first link.
fn chain(cx: &mut Context<'_, '_>, key: &Object) -> OpResult<Vec<bytes::Bytes>> {
    let mut next = only(key)?;
    if let (None, Some(public)) = (&next, key.linked(LinkType::PublicKeyLink).map(str::to_owned)) {
        next = only(&cx.draft.object(&public, Operation::Get)?)?;
    }
    let (mut seen, mut chain) = (Vec::new(), Vec::new());
    while let Some(id) = next {
        if seen.contains(&id) || chain.len() == CHAIN_MAX {
            return refuse(Cause::InvalidField, "the links of the certificates do not end");
        }
        let object = cx.living(Some(id.as_str().into()), Operation::Get)?;
        match cx.draft.managed(&object)? {
            ManagedObject::Certificate(certificate) => chain.push(certificate.value),
            _ => return refuse(Cause::WrongType, format!("{id:?} in the chain is not a certificate")),
        }
        next = only(&object)?;
        seen.push(id);
    }
    Ok(chain)
}

/// The certificate that an object is linked to; more than one would be more than one chain.
fn only(object: &Object) -> OpResult<Option<String>> {
    for kind in TO_CERTIFICATES {
        let mut links =
            attribute!(object.attributes, Link).filter(|link| link.kind == *kind).filter_map(linked);
        match (links.next(), links.next()) {
            (found @ Some(_), None) => return Ok(found),
            (Some(_), Some(_)) => {
                return refuse(Cause::InvalidField, "there is more than one chain of certificates");
            }
            (None, _) => {}
        }
    }
    Ok(None)
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
