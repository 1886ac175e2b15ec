//! Get Attributes (KMIP 2.1, 6.1.20): those asked for, or all that the version of the message has.

use crate::engine::attributes::shown;
use crate::engine::context::{Context, Execute};
use crate::engine::refusal::{Cause, Step, refuse};
use kmip_codec::attributes::{AttributeList, AttributeReference, Attributes};
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{GetAttributesRequest, GetAttributesResponse};

impl Execute for GetAttributesRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> Step<GetAttributesResponse> {
        let object = cx.object(self.unique_identifier, Operation::GetAttributes)?;
        let references = if self.references.is_empty() {
            shown::references(&object, cx.version)
        } else {
            once(self.references)?
        };
        let shown = references.iter().flat_map(|reference| shown::instances(&object, reference, cx.version));
        let attributes = Attributes(shown.collect());
        Ok(GetAttributesResponse {
            unique_identifier: object.id.into(),
            attributes: Some(AttributeList(attributes)),
        })
    }
}

/// A request names each attribute once.
fn once(references: Vec<AttributeReference>) -> Step<Vec<AttributeReference>> {
    for (at, reference) in references.iter().enumerate() {
        if references.iter().take(at).any(|before| before == reference) {
            return refuse(
                Cause::InvalidMessage,
                format!("attribute {:?} is named twice", reference.to_name()),
            );
        }
    }
    Ok(references)
}
