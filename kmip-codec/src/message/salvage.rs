//! A batch item of a request, and what is left of one that cannot be read: where the message goes on behind it, it fails
//! alone, with its operation and its identifier (KMIP 1.4, 11.1 and table 285).

use super::{MessageExtension, RequestItem};
use crate::Tag;
use crate::declare::Field;
use crate::error::{Error, ErrorKind, Result};
use crate::operations::{Operation, Request, UnreadableRequest};
use crate::version::V2_0;
use crate::wire::{Kind, Source, close};
use bytes::Bytes;

/// The fields of an item, in order.
const FIELDS: &[Tag] =
    &[Tag::Operation, Tag::Ephemeral, Tag::UniqueBatchItemID, Tag::RequestPayload, Tag::MessageExtension];

/// Reads an item.
pub(super) fn take(tag: Tag, src: &mut dyn Source) -> Result<RequestItem> {
    if let Err(error) = src.open(tag) {
        let is_told_apart = src.reading().items_alone && is_of_the_item(error.kind) && src.open_unsound();
        if !is_told_apart {
            return Err(error);
        }
        let item = salvaged(Head::default(), src, error);
        src.abandon();
        return Ok(item);
    }
    let depth = src.depth();
    let mut head = Head::default();
    match take_fields(&mut head, src) {
        Err(error) if src.reading().items_alone && is_of_the_item(error.kind) => {
            src.resume(depth);
            let item = salvaged(head, src, error);
            src.abandon();
            Ok(item)
        }
        read => read,
    }
}

/// What the answer to an item repeats.
#[derive(Default)]
struct Head {
    operation: Option<Operation>,
    unique_batch_item_id: Option<Bytes>,
}

fn take_fields(head: &mut Head, src: &mut dyn Source) -> Result<RequestItem> {
    let operation = Field::read(Tag::Operation, src)?;
    head.operation = Some(operation);
    let ephemeral = if src.version() >= V2_0 { Field::read(Tag::Ephemeral, src)? } else { None };
    let unique_batch_item_id: Option<Bytes> = Field::read(Tag::UniqueBatchItemID, src)?;
    head.unique_batch_item_id.clone_from(&unique_batch_item_id);
    let request = Request::take(operation, src)?;
    let extensions: Vec<MessageExtension> = Field::read(Tag::MessageExtension, src)?;
    close(src, FIELDS)?;
    Ok(RequestItem { ephemeral, unique_batch_item_id, request, extensions })
}

/// Whether an error is one item's, rather than one of the limits that hold for the message.
fn is_of_the_item(kind: ErrorKind) -> bool {
    !matches!(kind, ErrorKind::TooMany | ErrorKind::TooLarge { .. })
}

/// What can be read of an item, one field or another having failed.
fn salvaged(head: Head, src: &mut dyn Source, error: Error) -> RequestItem {
    let Head { mut operation, mut unique_batch_item_id } = head;
    while let Some(tag) = src.peek() {
        let begin = src.offset();
        match (tag, src.peek_kind()) {
            (Tag::Operation, Some(Kind::Enumeration)) if operation.is_none() => {
                operation = Field::read(tag, src).unwrap_or_default();
            }
            (Tag::UniqueBatchItemID, Some(Kind::ByteString)) if unique_batch_item_id.is_none() => {
                unique_batch_item_id = Field::read(tag, src).unwrap_or_default();
            }
            _ => {}
        }
        // A field that was not read is passed by; where none can be, there is nothing more to be had.
        if src.offset() == begin && !src.skip() {
            break;
        }
    }
    let request = Request::Unreadable(UnreadableRequest { operation, why: error.into() });
    RequestItem { ephemeral: None, unique_batch_item_id, request, extensions: Vec::new() }
}
