//! Archive (KMIP 2.1, 6.1.4): the object is out of the way until it is recovered; its attributes can still be read.

use crate::context::{Context, Execute};
use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::attributes::Attribute;
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{ArchiveRequest, ArchiveResponse};
use kmip_codec::value::DateTime;

impl Execute for ArchiveRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<ArchiveResponse> {
        let mut object = cx.living(self.unique_identifier, Operation::Archive)?;
        if object.archived {
            return refuse(Cause::Archived, "the object is in the archive already");
        }
        object.archived = true;
        object.attributes.set(Attribute::ArchiveDate(DateTime(cx.now())));
        let id = object.id.clone();
        cx.save(object)?;
        Ok(ArchiveResponse { unique_identifier: id.into() })
    }
}
