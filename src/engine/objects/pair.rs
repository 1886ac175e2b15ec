//! What Create Key Pair and Re-key Key Pair share: two halves of one key, linked.

use crate::engine::context::Context;
use crate::engine::material;
use crate::engine::need::KeyPair;
use crate::engine::objects::birth;
use crate::engine::objects::object::Object;
use crate::engine::refusal::Step;
use kmip_codec::attribute;
use kmip_codec::attributes::Attribute;
use kmip_codec::enums::{CryptographicAlgorithm, LinkType, RecommendedCurve};
use kmip_codec::objects::{ManagedObject, PrivateKey, PublicKey};

/// Algorithm, length and curve that the attributes of a half ask for.
pub fn asked(half: &Object) -> (Option<CryptographicAlgorithm>, Option<i32>, Option<RecommendedCurve>) {
    let domain = attribute!(half.attributes, CryptographicDomainParameters).next();
    (
        attribute!(half.attributes, CryptographicAlgorithm).next().copied(),
        attribute!(half.attributes, CryptographicLength).next().copied(),
        domain.and_then(|domain| domain.recommended_curve),
    )
}

/// Stores both halves; returns the identifiers of the private and the public key.
pub fn store(
    cx: &mut Context<'_, '_>,
    mut private: Object,
    mut public: Object,
    made: &KeyPair,
) -> Step<(String, String)> {
    let algorithm = asked(&private).0.unwrap_or_default();
    let (private_block, public_block) = material::key_pair_blocks(made, algorithm, cx.version)?;
    for (half, block) in [(&mut private, &private_block), (&mut public, &public_block)] {
        half.attributes.set(Attribute::CryptographicLength(material::pair_bits(made.kind)));
        half.attributes.set(Attribute::KeyFormatType(block.key_format_type));
        if let Some(material) = material::clear_material(block) {
            half.attributes.set(birth::digest(&material, Some(block.key_format_type)));
        }
    }
    let (private_id, public_id) = (private.id.clone(), public.id.clone());
    private.link(LinkType::PublicKeyLink, &public_id);
    public.link(LinkType::PrivateKeyLink, &private_id);
    birth::store(cx, private, &ManagedObject::PrivateKey(PrivateKey { key_block: private_block }))?;
    birth::store(cx, public, &ManagedObject::PublicKey(PublicKey { key_block: public_block }))?;
    Ok((private_id, public_id))
}
