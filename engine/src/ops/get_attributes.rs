//! Get Attributes (KMIP 2.1, 6.1.20): those asked for, or all that the version of the message has.

use crate::attributes::shown;
use crate::context::{Context, Execute};
use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::attributes::{AttributeList, AttributeReference, Attributes};
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{GetAttributesRequest, GetAttributesResponse};
use std::collections::HashSet;

impl Execute for GetAttributesRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<GetAttributesResponse> {
        let object = cx.object(self.unique_identifier, Operation::GetAttributes)?;
        let references = if self.references.is_empty() {
            shown::references(&object, cx.version)
        } else {
            once(self.references)?
        };
        let attributes = Attributes(shown::instances_of_all(&object, &references, cx.version));
        Ok(GetAttributesResponse {
            unique_identifier: object.id.clone().into(),
            attributes: Some(AttributeList(attributes)),
        })
    }
}

/// A request names each attribute once.
fn once(references: Vec<AttributeReference>) -> OpResult<Vec<AttributeReference>> {
    let mut seen = HashSet::new();
    match references.iter().find(|reference| !seen.insert(*reference)) {
        Some(twice) => refuse(Cause::InvalidMessage, format!("attribute {:?} is named twice", twice.name())),
        None => Ok(references),
    }
}
