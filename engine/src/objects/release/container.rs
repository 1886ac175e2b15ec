//! A private key that leaves in a PKCS#12 container, put together from the links of the key (KMIP 2.1, 6.1.19).

use super::Form;
use crate::context::Context;
use crate::material;
use crate::objects::container::{is_to_password, linked, password};
use crate::objects::object::Object;
use crate::refusal::{Cause, OpResult, refuse};
use crate::work;
use keystead_crypto::pkcs12;
use kmip_codec::attribute;
use kmip_codec::enums::{KeyFormatType, LinkType};
use kmip_codec::objects::{KeyBlock, KeyValue, ManagedObject, PrivateKey};
use kmip_codec::operations::Operation;

/// The friendly name of a key that has none.
const ALIAS: &str = "alias";

/// The most certificates of a chain.
const CHAIN_MAX: usize = 16;

/// The links that lead to the certificate of a key, or to the one that issued a certificate.
const TO_CERTIFICATES: &[LinkType] = &[LinkType::PKCS_12CertificateLink, LinkType::CertificateLink];

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
        .map_err(crate::cryptography::failed)?;
    let key_block = KeyBlock {
        key_format_type: KeyFormatType::PKCS_12,
        key_value: Some(KeyValue::Wrapped(sealed.into())),
        ..KeyBlock::default()
    };
    Ok(ManagedObject::PrivateKey(PrivateKey { key_block }))
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
