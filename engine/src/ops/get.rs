//! Get (KMIP 2.1, 6.1.19): the object itself, in the format and the wrapping that the client wants.

use crate::context::{Context, Execute};
use crate::objects::release::{self, Form};
use crate::refusal::OpResult;
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
        cx.draft.end_freshness(object)?;
        Ok(response)
    }
}
