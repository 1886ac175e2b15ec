//! What must come back: the result, the object, the length of the key; and on a sample, the key itself.

use super::frame::find;
use super::requests::{PLAINTEXT_BYTES, TAG_BYTES};
use super::workload::Operation;
use aws_lc_rs::digest::{SHA256, digest};
use kmip_codec::Tag;
use kmip_codec::enums::ResultReason;
use kmip_codec::version::V2_1;

/// What an answer is compared with.
#[derive(Clone, Copy, Default)]
pub struct Expected<'a> {
    /// The identifier of the object, where it is known.
    pub identifier: Option<&'a [u8]>,
    /// The SHA-256 of the key, where the server has told it.
    pub digest: Option<&'a [u8]>,
}

/// The bytes of an AES key of 256 bits.
pub const KEY_BYTES: usize = 32;

/// Judges the answer to an operation; the error is one word or a few for its kind.
pub fn judge(operation: Operation, frame: &[u8], expected: Expected<'_>) -> Result<(), String> {
    if operation == Operation::Echo {
        return Ok(());
    }
    let payload = payload(frame)?;
    let identifier = find(payload, Tag::UniqueIdentifier);
    match operation {
        Operation::Get => key(payload, identifier, expected),
        Operation::Create | Operation::Register => {
            identifier.map(drop).ok_or_else(|| "no identifier in the answer".to_owned())
        }
        Operation::Encrypt => {
            let data = find(payload, Tag::Data).map_or(0, <[u8]>::len);
            is_of(identifier, expected)?;
            // Before KMIP 1.4 the tag stands behind the ciphertext.
            let lengths = [PLAINTEXT_BYTES, PLAINTEXT_BYTES + TAG_BYTES];
            if lengths.contains(&data) { Ok(()) } else { Err("a ciphertext of another length".to_owned()) }
        }
        Operation::GetAttributes => {
            is_of(identifier, expected)?;
            let one = find(payload, Tag::Attributes).or(find(payload, Tag::Attribute));
            one.map(drop).ok_or_else(|| "no attributes in the answer".to_owned())
        }
        Operation::Locate | Operation::Activate => is_of(identifier, expected),
        Operation::Query | Operation::Echo => Ok(()),
    }
}

/// The payload of the only item, where that was a success.
fn payload(frame: &[u8]) -> Result<&[u8], String> {
    let item = find(frame, Tag::ResponseMessage).and_then(|message| find(message, Tag::BatchItem));
    let item = item.ok_or("an answer without an item")?;
    match find(item, Tag::ResultStatus) {
        Some([0, 0, 0, 0]) => Ok(find(item, Tag::ResponsePayload).unwrap_or_default()),
        _ => {
            let reason = find(item, Tag::ResultReason).and_then(<[u8]>::first_chunk);
            let reason = reason.map(|bytes| ResultReason(u32::from_be_bytes(*bytes)));
            Err(format!(
                "refused: {}",
                reason.and_then(|reason| reason.name(V2_1)).unwrap_or("no reason is given")
            ))
        }
    }
}

fn is_of(identifier: Option<&[u8]>, expected: Expected<'_>) -> Result<(), String> {
    match (identifier, expected.identifier) {
        (Some(found), Some(wanted)) if found == wanted => Ok(()),
        (Some(_), None) => Ok(()),
        (None, _) => Err("no identifier in the answer".to_owned()),
        (Some(_), Some(_)) => Err("another object than was asked for".to_owned()),
    }
}

fn key(payload: &[u8], identifier: Option<&[u8]>, expected: Expected<'_>) -> Result<(), String> {
    is_of(identifier, expected)?;
    let path = [Tag::SymmetricKey, Tag::KeyBlock, Tag::KeyValue, Tag::KeyMaterial];
    let key = path.iter().try_fold(payload, |inside, tag| find(inside, *tag));
    match key {
        Some(key) if key.len() != KEY_BYTES => Err("a key of another length".to_owned()),
        Some(key) => match expected.digest {
            Some(wanted) if digest(&SHA256, key).as_ref() != wanted => {
                Err("another key than the server's digest says".to_owned())
            }
            _ => Ok(()),
        },
        None => Err("no key in the answer".to_owned()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop where it stands")]
mod tests {
    use super::*;
    use kmip_codec::enums::{CryptographicAlgorithm, KeyFormatType, ObjectType, ResultStatus};
    use kmip_codec::message::{ResponseItem, ResponseMessage};
    use kmip_codec::objects::{KeyBlock, KeyMaterial, KeyValue, ManagedObject, PlainKeyValue, SymmetricKey};
    use kmip_codec::operations::Response;
    use kmip_codec::payloads::GetResponse;
    use kmip_codec::value::DateTime;

    fn answer(id: &str, key: &[u8], status: ResultStatus) -> Vec<u8> {
        let value = PlainKeyValue { key_material: KeyMaterial::Bytes(key.into()), attributes: None };
        let object = ManagedObject::SymmetricKey(SymmetricKey {
            key_block: KeyBlock {
                key_format_type: KeyFormatType::Raw,
                key_compression_type: None,
                key_value: Some(KeyValue::Plain(value)),
                cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
                cryptographic_length: Some(256),
                key_wrapping_data: None,
            },
        });
        let get = GetResponse { object_type: ObjectType::SymmetricKey, unique_identifier: id.into(), object };
        let done = status == ResultStatus::Success;
        let item = ResponseItem {
            operation: Some(kmip_codec::operations::Operation::Get),
            unique_batch_item_id: None,
            result_status: status,
            result_reason: (!done).then_some(ResultReason::ItemNotFound),
            result_message: None,
            asynchronous_correlation_value: None,
            response: done.then_some(Response::Get(get)),
            extensions: Vec::new(),
        };
        ResponseMessage::new(V2_1, DateTime(0), vec![item]).to_bytes()
    }

    #[test]
    fn a_wrong_answer_is_found_in_each_way_that_it_can_be_wrong() {
        let right = [7; 32];
        let digest = digest(&SHA256, &right);
        let expected = Expected { identifier: Some(b"a"), digest: Some(digest.as_ref()) };
        let judged = |frame: Vec<u8>| judge(Operation::Get, &frame, expected).err().unwrap_or_default();
        assert_eq!(judged(answer("a", &right, ResultStatus::Success)), "");
        for (frame, words) in [
            (answer("a", &[8; 32], ResultStatus::Success), "digest"),
            (answer("a", &[7; 16], ResultStatus::Success), "length"),
            (answer("b", &right, ResultStatus::Success), "another object"),
            (answer("a", &right, ResultStatus::OperationFailed), "refused: ItemNotFound"),
            (b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), "without an item"),
            (Vec::new(), "without an item"),
        ] {
            assert!(judged(frame.clone()).contains(words), "{words}: {:?}", judged(frame));
        }
    }
}
