//! What must hold of a request that is received with items failing alone, whatever its bytes.

use kmip_codec::message::RequestMessage;
use kmip_codec::operations::Request;
use kmip_codec::wire::{Encoding, Reading};

/// A message is received as it is decoded; where it cannot be decoded, it is refused whole, or an item of it fails, and the
/// rest is what it would be without that item.
pub fn holds(encoding: Encoding, bytes: &[u8]) {
    let decoded = RequestMessage::decode(encoding, bytes);
    let alone = Reading { items_alone: true, ..Reading::default() };
    let received = RequestMessage::receive(encoding, bytes, alone);
    if let Ok(received) = &received {
        assert_eq!(usize::try_from(received.header.batch_count), Ok(received.items.len()));
    }
    match (decoded, received) {
        (Ok(decoded), Ok(received)) => assert_eq!(received, decoded),
        (Ok(_), Err(refused)) => panic!("refused what is decoded: {}", refused.why),
        (Err(_), Err(refused)) => assert!(!refused.why.to_string().is_empty()),
        (Err(error), Ok(received)) => {
            let mut failed = received.items.iter().filter_map(|item| match &item.request {
                Request::Unreadable(unreadable) => Some(&unreadable.why),
                _ => None,
            });
            let first = failed.next().expect("an item that fails");
            assert_eq!(first.error, error, "the first that fails is what makes the message unreadable");
            assert!(first.to_string().contains("RequestMessage/BatchItem"), "{first}");
        }
    }
    // With fields of later versions, what is read is written back byte for byte.
    let later = Reading { items_alone: true, later_fields: true, ..Reading::default() };
    if let Ok(received) = RequestMessage::receive(encoding, bytes, later)
        && received.items.iter().all(|item| !matches!(item.request, Request::Unreadable(_)))
    {
        match encoding {
            Encoding::Ttlv => assert_eq!(received.to_bytes(), bytes),
            _ => {
                let again = RequestMessage::receive(encoding, &received.encode(encoding), later);
                assert_eq!(again.as_ref(), Ok(&received));
            }
        }
    }
}
