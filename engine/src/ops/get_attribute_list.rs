//! Get Attribute List (KMIP 2.1, 6.1.21): the names of the attributes that the object has.

use crate::attributes::shown;
use crate::context::{Context, Execute};
use crate::refusal::OpResult;
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{GetAttributeListRequest, GetAttributeListResponse};

impl Execute for GetAttributeListRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<GetAttributeListResponse> {
        let object = cx.object(self.unique_identifier, Operation::GetAttributeList)?;
        let references = shown::references(&object, cx.version);
        Ok(GetAttributeListResponse { unique_identifier: object.id.clone().into(), references })
    }
}
