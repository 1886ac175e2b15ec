//! Recover (KMIP 2.1, 6.1.42): brings an object back from the archive. One that is on-line stays so. It is the ID
//! placeholder from now on.

use crate::context::{Context, Execute};
use crate::refusal::OpResult;
use kmip_codec::Tag;
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{RecoverRequest, RecoverResponse};

impl Execute for RecoverRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<RecoverResponse> {
        let mut object = cx.living(self.unique_identifier, Operation::Recover)?;
        let id = object.id.clone();
        if object.archived {
            object.archived = false;
            object.attributes.remove_tag(Tag::ArchiveDate);
            cx.save(object)?;
        }
        cx.placeholder = Some(id.clone());
        Ok(RecoverResponse { unique_identifier: id.into() })
    }
}
