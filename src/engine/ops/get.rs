//! Get (KMIP 2.1, 6.1.19): the object itself, in the format and the wrapping that the client wants.

use crate::engine::context::{Context, Execute};
use crate::engine::objects::object::Object;
use crate::engine::objects::release::{self, Form};
use crate::engine::refusal::OpResult;
use kmip_codec::attribute;
use kmip_codec::attributes::Attribute;
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{GetRequest, GetResponse};

impl Execute for GetRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<GetResponse> {
        let object = cx.living(self.unique_identifier, Operation::Get)?;
        let form = Form {
            format: self.key_format_type,
            wrap_type: self.key_wrap_type,
            compression: self.key_compression_type,
            wrapping: self.key_wrapping_specification,
        };
        let value = release::value(cx, &object, &form)?;
        let response = GetResponse {
            object_type: object.object_type(),
            unique_identifier: object.id.as_str().into(),
            object: value,
        };
        take_freshness(cx, object)?;
        Ok(response)
    }
}

/// An object is fresh until it is got for the first time. While the store takes no writes, an object of no group stays fresh:
/// it is worth more to have the key. A member of a group is refused: who asks for fresh members must get each once.
fn take_freshness(cx: &mut Context<'_, '_>, mut object: Object) -> OpResult<()> {
    if attribute!(object.attributes, Fresh).next() != Some(&true) {
        return Ok(());
    }
    let is_member = attribute!(object.attributes, ObjectGroup).next().is_some();
    if is_member || cx.draft.world().view.takes_writes() {
        object.attributes.set(Attribute::Fresh(false));
        cx.draft.put(object)?;
    }
    Ok(())
}
