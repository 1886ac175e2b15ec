//! How a server reads requests: as much as can be told apart is read, and what cannot be is told with its place.

use super::{MessageVersion, RequestMessage};
use crate::Tag;
use crate::declare::{Field, Value};
use crate::error::{Error, ErrorKind, Result, Unreadable};
use crate::limits::ITEM_HEADER_BYTES;
use crate::operations::Request;
use crate::version::Version;
use crate::wire::{BinarySource, Encoding, Reading, Received, Source};
use zeroize::Zeroizing;

/// Of how many items of a message the place is told; of the others, the byte.
const PLACES_MAX: usize = 100;

/// A request that is refused as a whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefusedMessage {
    /// What is wrong, and where.
    pub why: Box<Unreadable>,
    /// The version that its header names, where that could be read.
    pub version: Option<Version>,
}

impl RequestMessage {
    /// Reads one whole request in this encoding, with what [`Reading`] lets pass. An item that cannot be read becomes
    /// [`Request::Unreadable`] where that is asked for and the header, the frame and the bounds of the items are sound.
    pub fn receive(
        encoding: Encoding,
        bytes: &[u8],
        reading: Reading,
    ) -> std::result::Result<Self, RefusedMessage> {
        let mut received = Received::new(encoding, bytes);
        match Self::read(&mut received, reading) {
            Ok(mut message) => {
                let unreadable = message.items.iter_mut().filter_map(|item| match &mut item.request {
                    Request::Unreadable(unreadable) => Some(&mut unreadable.why),
                    _ => None,
                });
                for why in unreadable.take(PLACES_MAX) {
                    why.place = received.place(why.error.offset);
                }
                Ok(message)
            }
            Err(error) => {
                let why = Box::new(Unreadable { error, place: received.place(error.offset) });
                Err(RefusedMessage { why, version: version_of(&mut received, error) })
            }
        }
    }

    /// The version that the header of a message names of which only the beginning is there, as far as that is whole.
    pub fn version_in(encoding: Encoding, begun: &[u8]) -> Option<Version> {
        if encoding != Encoding::Ttlv {
            return version_written(&mut Received::new(encoding, begun));
        }
        // As if the message ended here: its own length says otherwise.
        let (header, rest) = begun.split_at_checked(ITEM_HEADER_BYTES)?;
        let length = u32::try_from(rest.len()).ok()?.to_be_bytes();
        let frame = Zeroizing::new([header.get(..ITEM_HEADER_BYTES - length.len())?, &length, rest].concat());
        version_written(&mut Received::Ttlv(&frame))
    }

    fn read(received: &mut Received<'_>, reading: Reading) -> Result<Self> {
        match received {
            Received::Ttlv(bytes) => {
                let mut source = BinarySource::reading(bytes, reading);
                let message = Field::read(Self::TAG, &mut source)?;
                source.finish()?;
                Ok(message)
            }
            Received::Text(document) => {
                document.whole()?;
                Field::read(Self::TAG, &mut document.source(reading))
            }
        }
    }
}

/// The version of a message that could not be read: what its header says, as far as that is whole.
fn version_of(received: &mut Received<'_>, error: Error) -> Option<Version> {
    if let ErrorKind::Version(version) = error.kind {
        return Some(version);
    }
    version_written(received)
}

fn version_written(received: &mut Received<'_>) -> Option<Version> {
    let read = |src: &mut dyn Source| -> Result<MessageVersion> {
        src.open(RequestMessage::TAG)?;
        src.open(Tag::RequestHeader)?;
        Value::take(Tag::ProtocolVersion, src)
    };
    let version = match received {
        Received::Ttlv(bytes) => read(&mut BinarySource::new(bytes)),
        Received::Text(document) => read(&mut document.source(Reading::default())),
    };
    version.ok().map(|version| version.0)
}
