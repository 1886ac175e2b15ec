//! Get Attributes (KMIP 2.1, 6.1.20): those asked for, or all that the version of the message has.

use crate::engine::context::{Context, Execute};
use crate::engine::refusal::Step;
use crate::engine::shown;
use kmip_codec::attributes::{AttributeList, Attributes};
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{GetAttributesRequest, GetAttributesResponse};

impl Execute for GetAttributesRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> Step<GetAttributesResponse> {
        let object = cx.object(self.unique_identifier, Operation::GetAttributes)?;
        let references = if self.references.is_empty() {
            shown::references(&object, cx.version)
        } else {
            distinct(self.references)
        };
        let shown = references.iter().flat_map(|reference| shown::instances(&object, reference, cx.version));
        let attributes = Attributes(shown.collect());
        Ok(GetAttributesResponse {
            unique_identifier: object.id.into(),
            attributes: Some(AttributeList(attributes)),
        })
    }
}

/// A request may name an attribute twice; the answer has it once.
fn distinct<T: PartialEq>(all: Vec<T>) -> Vec<T> {
    all.into_iter().fold(Vec::new(), |mut seen, one| {
        if !seen.contains(&one) {
            seen.push(one);
        }
        seen
    })
}
