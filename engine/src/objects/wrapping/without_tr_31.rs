//! What stands for TR-31 key blocks in a build without the feature `tr31`: the method is known, so that a key in such a block is
//! still taken for one that is hidden; no block is made or opened.

use super::keys::WrappingKey;
use crate::context::Context;
use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::SecretBytes;
use kmip_codec::attributes::Attribute;
use kmip_codec::objects::KeyBlock;

/// What the attributes of a key say of it that a header says too: here nobody asks.
pub struct Terms;

impl Terms {
    /// Those of a key.
    pub fn of<'a>(_: &KeyBlock, _: impl Iterator<Item = &'a Attribute>) -> Self {
        Self
    }
}

/// Refuses.
pub fn sealed(_: &mut Context<'_, '_>, _: WrappingKey, _: &SecretBytes, _: &Terms) -> OpResult<SecretBytes> {
    left_out()
}

/// Refuses.
pub fn opened(_: &mut Context<'_, '_>, _: &WrappingKey, _: &SecretBytes, _: &Terms) -> OpResult<SecretBytes> {
    left_out()
}

fn left_out() -> OpResult<SecretBytes> {
    refuse(
        Cause::FeatureNotSupported,
        "this build of the server is without TR-31 key blocks (its feature `tr31` is off)",
    )
}
