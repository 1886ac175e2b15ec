//! Reads whole messages: bounded, and with room among the bytes in flight before they are there.

use super::{Deadline, Limits, Timer, in_time};
use crate::admission::{ALLOWANCE, Bytes, Client, MemoryBudget, Reservation, Stage};
use crate::listen::Slot;
use bytes::BufMut as _;
use kmip_codec::Tag;
use kmip_codec::limits::ITEM_HEADER_BYTES;
use kmip_codec::wire::frame_length;
use std::io;
use std::pin::pin;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::time::Instant;
use zeroize::Zeroizing;

/// What a peer has sent.
pub enum Frame {
    /// The peer has closed the connection between two messages.
    End,
    /// A message, and the room that it takes.
    Whole(Zeroizing<Vec<u8>>, Reservation),
    /// The beginning of something else.
    Refused(kmip_codec::Error),
    /// The beginning of a message for which there was no room in time.
    Crowded(Zeroizing<Vec<u8>>),
}

/// What decides on the messages of a connection before they are read.
pub struct Intake<'a> {
    /// How long they may take, and how long they may be.
    pub limits: &'a Limits,
    /// The slot of the connection, if it has one: busy from the first byte of a message on.
    pub slot: Option<&'a Slot>,
    /// The bytes in flight of all clients.
    pub memory: &'a MemoryBudget,
    /// For whom they are counted.
    pub client: &'a Client,
}

impl Intake<'_> {
    /// Reads one whole message of this tag, as soon as there is room for it. It must begin by `end`.
    pub async fn frame(
        &self,
        stream: &mut (impl AsyncRead + Unpin),
        tag: Tag,
        (timer, end): (&mut Timer, Instant),
    ) -> io::Result<Frame> {
        let mut header = [0; ITEM_HEADER_BYTES];
        let mut begins_by = Deadline::AfterOrAt(self.limits.idle, end);
        let first = match timer.until(&mut begins_by, pin!(stream.read(&mut header))).await {
            None | Some(Ok(0)) => return Ok(Frame::End),
            // Many clients close the socket without saying so in TLS.
            Some(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(Frame::End),
            Some(first) => first?,
        };
        if self.slot.is_some_and(|slot| !slot.set_busy()) {
            return Ok(Frame::End);
        }
        let deadline = &mut Deadline::After(self.limits.message);
        let rest = async { stream.read_exact(header.get_mut(first..).unwrap_or_default()).await };
        in_time(timer.until(deadline, pin!(rest)).await, UNFINISHED)?;
        let length = match frame_length(header, tag) {
            Ok(length) if length <= self.limits.message_bytes_max => length,
            Ok(length) => return Ok(Frame::Refused(too_large(tag, length, self.limits.message_bytes_max))),
            Err(error) => return Ok(Frame::Refused(error)),
        };
        let mut message = Arriving::new(&header, length);
        // Its first bytes have room of their own: who announces much and sends little takes little.
        let begins = self.memory.reserve(self.client, Stage::Beginning, length.min(ALLOWANCE));
        let Some(mut reserved) = timer.until(deadline, pin!(begins)).await else {
            return Ok(Frame::Crowded(message.bytes));
        };
        let first = timer.until(deadline, pin!(message.read_to(length.min(ALLOWANCE), stream))).await;
        in_time(first, UNFINISHED)?;
        if length > ALLOWANCE {
            let grows = self.memory.grow(&mut reserved, Stage::Reading, length - ALLOWANCE);
            if timer.until(deadline, pin!(grows)).await.is_none() {
                return Ok(Frame::Crowded(message.bytes));
            }
            in_time(timer.until(deadline, pin!(message.read_to(length, stream))).await, UNFINISHED)?;
        }
        Ok(Frame::Whole(message.bytes, reserved))
    }
}

const UNFINISHED: &str = "the peer does not finish its message";

/// How large the buffer of a message is at first.
const BUFFER_BYTES: Bytes = 4096;

/// A message of which the beginning is there. The buffer grows with it, never with what is announced, and leaves nothing
/// behind where it was.
struct Arriving {
    bytes: Zeroizing<Vec<u8>>,
    length: Bytes,
}

impl Arriving {
    fn new(header: &[u8], length: Bytes) -> Self {
        let mut bytes = Zeroizing::new(Vec::with_capacity(length.min(BUFFER_BYTES)));
        bytes.extend_from_slice(header);
        Self { bytes, length }
    }

    /// Reads on until so many bytes of it are there.
    async fn read_to(&mut self, end: Bytes, stream: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
        while self.bytes.len() < end {
            if self.bytes.len() == self.bytes.capacity() {
                grow(&mut self.bytes, self.length);
            }
            let wanted = self.bytes.capacity().min(end) - self.bytes.len();
            let mut free = (&mut *self.bytes).limit(wanted);
            if stream.read_buf(&mut free).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }
}

/// Gives a buffer twice its room, but no more than this, and wipes where it was.
pub fn grow(bytes: &mut Zeroizing<Vec<u8>>, most: Bytes) {
    let room = (bytes.capacity() * 2).clamp(BUFFER_BYTES, most.max(BUFFER_BYTES));
    let mut grown = Zeroizing::new(Vec::with_capacity(room));
    grown.extend_from_slice(bytes);
    *bytes = grown;
}

fn too_large(tag: Tag, found: Bytes, most: Bytes) -> kmip_codec::Error {
    kmip_codec::Error::at(kmip_codec::ErrorKind::TooLarge { found, most }, tag, 0)
}
