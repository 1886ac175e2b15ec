//! Reads messages: small ones where they come in, large ones on a thread that may block, because that takes a while; each when
//! there is room for what it becomes.

use crate::admission::{Admission, Bytes, Client, Permit, Reservation, Stage};
use crate::engine::rights::persona::{LaterFields, Nuls, Persona};
use crate::session::Received;
use kmip_codec::enums::ItemType;
use kmip_codec::limits::{ITEM_HEADER_BYTES, ITEMS_MAX};
use kmip_codec::message::{RefusedMessage, RequestMessage};
use kmip_codec::wire::{Encoding, Reading};

/// Messages beyond this are neither counted through nor decoded on the threads that all connections share.
const SMALL_BYTES: usize = 32 * 1024;

/// What an item of a message becomes in memory at most, beside its bytes: a small batch item is the largest, and lists grow by
/// doubling.
const ITEM_BYTES_MAX: Bytes = 1280;

/// How much memory it takes to decode a message and to carry it out: a copy of its bytes, and what its items become.
pub fn expansion(encoding: Encoding, bytes: &[u8]) -> Bytes {
    let items = match encoding {
        Encoding::Ttlv => items_of(bytes),
        Encoding::Json => bytes.iter().filter(|byte| **byte == b'{').count(),
        Encoding::Xml => bytes.iter().filter(|byte| **byte == b'<').count(),
    };
    bytes.len() + items.min(ITEMS_MAX) * ITEM_BYTES_MAX
}

/// How many items a message of TTLV has; of one that is malformed, about as many as are read before that is noticed.
fn items_of(bytes: &[u8]) -> usize {
    let (mut rest, mut items) = (bytes, 0);
    while let Some((header, content)) = rest.split_first_chunk::<ITEM_HEADER_BYTES>() {
        let [_, _, _, kind, length @ ..] = *header;
        let skipped = match u32::from(kind) == ItemType::Structure.0 {
            true => 0,
            false => usize::try_from(u32::from_be_bytes(length))
                .unwrap_or(usize::MAX)
                .checked_next_multiple_of(8)
                .unwrap_or(usize::MAX),
        };
        items += 1;
        rest = content.get(skipped..).unwrap_or_default();
    }
    items
}

/// Whether a message is decoded on the thread of its connection.
pub fn is_small(received: &Received) -> bool {
    received.room.bytes() <= SMALL_BYTES
}

/// A message that was read or refused, and what it takes while it is carried out.
type Read = (Result<RequestMessage, RefusedMessage>, Held);

/// What a message takes while it is carried out.
pub struct Held {
    _alone: Option<Permit>,
    _room: Reservation,
}

/// Reads a message, with what the persona of the client lets pass.
pub async fn decode(
    admission: &Admission,
    client: &Client,
    persona: &Persona,
    received: Received,
) -> Result<Read, String> {
    let reading = Reading {
        items_alone: true,
        known_bits: true,
        with_values: true,
        later_fields: persona.later_fields == LaterFields::Take,
        strips_nuls: persona.trailing_nuls == Nuls::Strip,
    };
    let is_small = is_small(&received);
    let Received { encoding, bytes, mut room } = received;
    let arrived = room.bytes();
    let count = move || (expansion(encoding, &bytes), bytes);
    let (expansion, bytes) = match is_small {
        true => count(),
        false => admission.run(client, count).await?,
    };
    let alone = admission.alone_where_large(client, expansion).await;
    admission.memory().grow(&mut room, Stage::Working, expansion).await;
    let decode = move || RequestMessage::receive(encoding, &bytes, reading);
    let decoded = match is_small {
        true => decode(),
        false => admission.run(client, decode).await?,
    };
    // The bytes are gone.
    room.shrink_to(room.bytes() - arrived);
    Ok((decoded, Held { _alone: alone, _room: room }))
}
