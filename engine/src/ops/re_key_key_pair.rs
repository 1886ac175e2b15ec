//! Re-key Key Pair (KMIP 2.1, 6.1.47): a new pair that takes the place of another.

use crate::context::{Context, Execute};
use crate::material;
use crate::objects::pair;
use crate::objects::rekey;
use crate::objects::storage;
use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::enums::{LinkType, ObjectType};
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{ReKeyKeyPairRequest, ReKeyKeyPairResponse};

impl Execute for ReKeyKeyPairRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<ReKeyKeyPairResponse> {
        let mut private = cx.living(self.private_key, Operation::ReKeyKeyPair)?;
        if private.object_type() != ObjectType::PrivateKey {
            let message = format!("name the private key of the pair, not a {:?}", private.object_type());
            return refuse(Cause::WrongType, message);
        }
        let Some(public) = private.linked(LinkType::PublicKeyLink).map(str::to_owned) else {
            return refuse(Cause::InvalidField, "the private key has no link to its public key");
        };
        material::must_be_here(&private)?;
        let mut public = cx.living(Some(public.into()), Operation::ReKeyKeyPair)?;
        storage::check_pair(
            self.common_protection_storage_masks.as_ref(),
            self.private_protection_storage_masks.as_ref(),
            self.public_protection_storage_masks.as_ref(),
        )?;
        let (of_private, of_public) = pair::halves(cx, self.common, self.private, self.public)?;
        let mut new_private = rekey::successor(cx, &mut private, Some(of_private.into()), self.offset)?;
        let mut new_public = rekey::successor(cx, &mut public, Some(of_public.into()), self.offset)?;
        let kind = pair::wanted(cx, &new_private)?;
        let made = cx.fulfilled.pair(kind, cx.draft.world().settings)?;
        new_private.link(LinkType::PublicKeyLink, &new_public.id);
        new_public.link(LinkType::PrivateKeyLink, &new_private.id);
        rekey::link(&mut private, &mut new_private, cx.now());
        rekey::link(&mut public, &mut new_public, cx.now());
        cx.save(private)?;
        cx.save(public)?;
        let (private_key, public_key) = pair::store(cx, new_private, new_public, &made)?;
        cx.placeholder = Some(private_key.clone());
        Ok(ReKeyKeyPairResponse {
            private_key: private_key.into(),
            public_key: public_key.into(),
            private: None,
            public: None,
        })
    }
}
