//! What an item gives to those behind it, and what it takes from those before it.

use super::Context;
use crate::batch_results::{self, ItemResult, SETS_PLACEHOLDER};
use crate::refusal::{Cause, OpResult, refuse};
use crate::work;
use kmip_codec::SecretBytes;
use kmip_codec::operations::{Operation, Response};
use kmip_codec::value::{Data, UniqueIdentifier};

/// How often data that a request refers to is gone over at the most: it was sent once, and may be named by each item.
const REFERRED: u64 = 4;

impl Context<'_, '_> {
    /// What an item gave that came to this answer; none where it failed.
    pub fn result_of(&self, operation: Operation, response: Option<&Response>) -> ItemResult {
        let text = |id: &UniqueIdentifier| match id {
            UniqueIdentifier::Text(id) => Some(id.clone()),
            _ => None,
        };
        let public = match response {
            Some(Response::CreateKeyPair(answer)) => text(&answer.public_key),
            Some(Response::ReKeyKeyPair(answer)) => text(&answer.public_key),
            _ => None,
        };
        let id = match response {
            None | Some(Response::Cancel(_) | Response::Process(_)) => None,
            Some(_) if SETS_PLACEHOLDER.contains(&operation) => self.placeholder.clone(),
            Some(_) => self.touched.first().cloned(),
        };
        ItemResult { operation: operation.0, id, public, data: response.and_then(batch_results::data) }
    }

    /// The data that a request means: itself, or what an earlier item of the batch gave.
    pub fn resolve_data(&mut self, data: Data) -> OpResult<SecretBytes> {
        let found = match data {
            Data::Bytes(bytes) => return Ok(bytes),
            Data::Reference(reference) => batch_results::of_operation(&self.batch_results, reference),
            Data::Index(index) => {
                batch_results::nth(self.batch_results.iter().filter_map(|result| result.data.as_ref()), index)
            }
        };
        match found {
            Some(bytes) => {
                let bytes = bytes.clone();
                self.take_time(REFERRED * work::bytes(bytes.len()))?;
                Ok(bytes)
            }
            None => refuse(
                Cause::InvalidField,
                "the Data refers to an earlier item of the batch, and none there gave such data: put this item behind it",
            ),
        }
    }
}
