//! What Create Key Pair and Re-key Key Pair share: two halves of one key, linked.

use crate::context::Context;
use crate::material;
use crate::need::{KeyPair, PairKind};
use crate::objects::creation;
use crate::objects::object::{self, Object};
use crate::refusal::{Cause, OpResult, refuse};
use crate::rights::weakness::{self, Means};
use kmip_codec::Tag;
use kmip_codec::attributes::{Attribute, Attributes, Count, TemplateAttribute};
use kmip_codec::enums::LinkType;
use kmip_codec::objects::{ManagedObject, PrivateKey, PublicKey};
use std::collections::BTreeSet;

/// What both halves say alike, and one value of it (KMIP 2.1, table 191).
const SAME: &[Tag] =
    &[Tag::CryptographicAlgorithm, Tag::CryptographicLength, Tag::CryptographicDomainParameters];

/// The attributes of the private and of the public half, from those given for both and for each; they agree.
pub fn halves(
    cx: &mut Context<'_, '_>,
    common: Option<TemplateAttribute>,
    private: Option<TemplateAttribute>,
    public: Option<TemplateAttribute>,
) -> OpResult<(Attributes, Attributes)> {
    let common = creation::given(cx, common)?;
    let mut private = both(&common, creation::given(cx, private)?);
    let mut public = both(&common, creation::given(cx, public)?);
    agree(&mut private, &mut public)?;
    Ok((private, public))
}

/// What is given for both halves, and for one of them, which counts more.
fn both(common: &Attributes, own: Attributes) -> Attributes {
    let named: BTreeSet<Tag> = own.iter().map(Attribute::tag).collect();
    let is_replaced = |attribute: &Attribute| {
        attribute.row().is_some_and(|row| row.count == Count::One) && named.contains(&attribute.tag())
    };
    let kept = common.0.iter().filter(|entry| !is_replaced(&entry.attribute)).cloned();
    Attributes(kept.chain(own.0.iter().cloned()).collect())
}

/// Gives each half what the other alone says of both, and refuses what contradicts itself. Cryptographic Parameters, of
/// which there may be several, are those of both.
fn agree(private: &mut Attributes, public: &mut Attributes) -> OpResult<()> {
    for tag in SAME {
        // The last one counts: that of the request comes behind those of its templates.
        let said = |half: &Attributes| half.iter().filter(|a| a.tag() == *tag).last().cloned();
        match (said(private), said(public)) {
            (Some(one), Some(other)) if one != other => {
                let text = format!("{tag} of the private key differs from that of the public key");
                return refuse(Cause::AttributeValue, text);
            }
            (Some(said), None) => public.push(said),
            (None, Some(said)) => private.push(said),
            _ => {}
        }
    }
    let (mut parameters, mut seen) = (Vec::new(), BTreeSet::new());
    for half in [&mut *private, &mut *public] {
        let own = half.iter().filter(|a| a.tag() == Tag::CryptographicParameters);
        let new: Vec<&Attribute> = own.filter(|a| !seen.contains(&object::encoded(a))).collect();
        seen.extend(new.iter().map(|attribute| object::encoded(attribute)));
        parameters.extend(new.into_iter().cloned());
        half.0.retain(|entry| entry.attribute.tag() != Tag::CryptographicParameters);
    }
    for said in parameters {
        private.push(said.clone());
        public.push(said);
    }
    Ok(())
}

/// The pair that the attributes of its halves ask for, if this client may have it.
pub fn wanted(cx: &Context<'_, '_>, private: &Object) -> OpResult<PairKind> {
    let (algorithm, length, curve) = private.asked();
    if let Some(algorithm) = algorithm {
        weakness::check(cx.principal(), Means::Key(algorithm, length, curve))?;
    }
    material::pair_kind(algorithm, length, curve)
}

/// Stores both halves; returns the identifiers of the private and the public key.
pub fn store(
    cx: &mut Context<'_, '_>,
    mut private: Object,
    mut public: Object,
    made: &KeyPair,
) -> OpResult<(String, String)> {
    let algorithm = private.asked().0.unwrap_or_default();
    let (mut private_block, mut public_block) = material::key_pair_blocks(made, algorithm, cx.version)?;
    for (half, block) in [(&mut private, &mut private_block), (&mut public, &mut public_block)] {
        half.attributes.set(Attribute::CryptographicLength(material::pair_bits(made.kind)));
        creation::give_format(half, block)?;
    }
    let (private_id, public_id) = (private.id.clone(), public.id.clone());
    private.link(LinkType::PublicKeyLink, &public_id);
    public.link(LinkType::PrivateKeyLink, &private_id);
    creation::store(cx, private, &ManagedObject::PrivateKey(PrivateKey { key_block: private_block }))?;
    creation::store(cx, public, &ManagedObject::PublicKey(PublicKey { key_block: public_block }))?;
    Ok((private_id, public_id))
}
