//! The answers to the items of one request, taken in order and by type.

use super::{Cause, Error, Refusal, ServerAddress};
use bytes::Bytes;
use kmip_codec::enums::{ResultReason, ResultStatus};
use kmip_codec::item::ItemValue;
use kmip_codec::message::{ResponseItem, ResponseMessage};
use kmip_codec::operations::{Call, Operation, Response};

/// What came back, in the order of the requests.
#[derive(Debug)]
pub struct Answers {
    server: ServerAddress,
    items: std::vec::IntoIter<ResponseItem>,
}

impl Answers {
    /// Checks that each answer belongs to the request of its place; a server that stopped early answers fewer.
    pub fn new(
        server: ServerAddress,
        operations: &[Operation],
        answer: ResponseMessage,
    ) -> Result<Self, Error> {
        let numbered = operations.len() > 1;
        let fits = |(place, item): (usize, &ResponseItem)| {
            let of_place = item.operation.is_none_or(|operation| operations.get(place) == Some(&operation));
            of_place && (!numbered || is_numbered(item, place))
        };
        let count = answer.items.len();
        if count == 0 || count > operations.len() || !answer.items.iter().enumerate().all(fits) {
            return Err(Error::broken(&server, Cause::Mismatch));
        }
        Ok(Self { server, items: answer.items.into_iter() })
    }

    /// Who answered.
    pub fn server(&self) -> &ServerAddress {
        &self.server
    }

    /// The next answer, which is to a request of type `R`.
    pub fn take<R: Call>(&mut self) -> Result<R::Answer, Error> {
        let item = self.items.next().ok_or_else(|| Error::broken(&self.server, Cause::Mismatch))?;
        if item.result_status != ResultStatus::Success {
            return Err(self.refusal(item).into());
        }
        let answer = item.response.and_then(R::answer);
        answer.ok_or_else(|| Error::broken(&self.server, Cause::Mismatch))
    }

    /// The next answer, of a vendor's operation.
    pub(super) fn take_extension(&mut self) -> Result<ItemValue, Error> {
        let item = self.items.next().ok_or_else(|| Error::broken(&self.server, Cause::Mismatch))?;
        if item.result_status != ResultStatus::Success {
            return Err(self.refusal(item).into());
        }
        match item.response {
            Some(Response::Unknown(_, payload)) => Ok(payload),
            _ => Err(Error::broken(&self.server, Cause::Mismatch)),
        }
    }

    fn refusal(&self, item: ResponseItem) -> Refusal {
        Refusal {
            server: self.server.clone(),
            operation: item.operation,
            reason: item.result_reason.unwrap_or(ResultReason::GeneralFailure),
            message: item.result_message,
        }
    }
}

/// The identifier of the item at a place of a batch.
pub fn batch_item_id(place: usize) -> Bytes {
    Bytes::copy_from_slice(&u32::try_from(place).unwrap_or(u32::MAX).to_be_bytes())
}

/// Whether the server repeats the item's identifier. It cannot where it refused the whole message unread.
fn is_numbered(item: &ResponseItem, place: usize) -> bool {
    match &item.unique_batch_item_id {
        Some(id) => *id == batch_item_id(place),
        None => item.operation.is_none() && place == 0,
    }
}
