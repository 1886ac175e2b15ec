//! Messages as bytes: encoded once, patched for each request.

use crate::client::Cause;
use kmip_codec::Version;
use kmip_codec::message::{RequestItem, RequestMessage};
use kmip_codec::operations::Request;

/// An encoded request of one item with a place that changes from one request to the next.
#[derive(Clone)]
pub struct Frame {
    bytes: Vec<u8>,
    at: usize,
    length: usize,
}

impl Frame {
    /// Encodes a request; `mark` is the text in it that changes.
    pub fn new(version: Version, request: Request, mark: &[u8]) -> Self {
        let bytes = RequestMessage::new(version, vec![RequestItem::from(request)]).to_bytes();
        // An empty mark is nowhere: nothing changes.
        let found = bytes.windows(mark.len().max(1)).rposition(|part| part == mark);
        Self { at: found.unwrap_or(bytes.len()), length: found.map_or(0, |_| mark.len()), bytes }
    }

    /// Bytes of which nothing changes.
    pub fn of_bytes(bytes: Vec<u8>) -> Self {
        Self { at: bytes.len(), length: 0, bytes }
    }

    /// Whether a text of this length can be put in.
    pub fn takes(&self, text: &[u8]) -> bool {
        text.len() == self.length
    }

    /// Puts a text in and gives the whole message.
    pub fn with(&mut self, text: &[u8]) -> &[u8] {
        if let Some(place) =
            self.bytes.get_mut(self.at..self.at + self.length).filter(|_| text.len() == self.length)
        {
            place.copy_from_slice(text);
        }
        &self.bytes
    }

    /// The message as it is.
    #[cfg(test)]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// An item of TTLV: tag, value, and what comes behind it.
pub struct Item<'a> {
    /// The tag.
    pub tag: u32,
    /// The value without its padding.
    pub value: &'a [u8],
}

/// Reads the items in a structure one after the other, without a copy.
pub struct Items<'a>(pub &'a [u8]);

impl<'a> Iterator for Items<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        let (head, rest) = self.0.split_first_chunk::<8>()?;
        let [a, b, c, _, length @ ..] = *head;
        let length = usize::try_from(u32::from_be_bytes(length)).ok()?;
        let value = rest.get(..length)?;
        self.0 = rest.get(length.next_multiple_of(8)..).unwrap_or_default();
        Some(Item { tag: u32::from_be_bytes([0, a, b, c]), value })
    }
}

/// The value of the first item under this tag in a structure.
pub fn find(structure: &[u8], tag: kmip_codec::Tag) -> Option<&[u8]> {
    Items(structure).find(|item| item.tag == tag.0).map(|item| item.value)
}

/// The bytes of an echo: as long as a request, with the length of the answer in front. Both look like KMIP messages, so that they are
/// read as those are.
pub fn echo(request_bytes: usize, answer_bytes: usize) -> Vec<u8> {
    let mut frame = headed(kmip_codec::Tag::RequestMessage, request_bytes);
    let answer = u32::try_from(answer_bytes.next_multiple_of(8)).unwrap_or(u32::MAX);
    if let Some(place) = frame.get_mut(8..12) {
        place.copy_from_slice(&answer.to_be_bytes());
    }
    frame
}

/// Zeros under the header of a message, so many bytes in all; at least 16, and a multiple of 8.
pub fn headed(tag: kmip_codec::Tag, bytes: usize) -> Vec<u8> {
    let whole = bytes.next_multiple_of(8).max(16);
    let [_, tag @ ..] = tag.0.to_be_bytes();
    let length = u32::try_from(whole - 8).unwrap_or(u32::MAX);
    let mut frame = [&tag[..], &[1], &length.to_be_bytes()].concat();
    frame.resize(whole, 0);
    frame
}

/// What became of a connection in the middle of an exchange.
pub type Exchanged<'a> = Result<&'a [u8], Cause>;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop where it stands")]
mod tests {
    use super::*;
    use kmip_codec::operations::Call as _;
    use kmip_codec::payloads::GetRequest;
    use kmip_codec::version::{V1_0, V2_1};

    fn get(id: &str) -> Request {
        GetRequest { unique_identifier: Some(id.into()), ..GetRequest::default() }.into_request()
    }

    #[test]
    fn a_patched_frame_is_the_frame_of_the_other_request() {
        for version in [V1_0, V2_1] {
            let mut frame = Frame::new(version, get("aaaa-bbbb"), b"aaaa-bbbb");
            assert!(frame.takes(b"cccc-dddd") && !frame.takes(b"short"));
            let other = Frame::new(version, get("cccc-dddd"), b"cccc-dddd");
            assert_eq!(frame.with(b"cccc-dddd"), other.bytes());
            assert_eq!(frame.with(b"short"), other.bytes(), "what does not fit changes nothing");
        }
    }

    #[test]
    fn items_are_found_and_broken_bytes_end_the_search() {
        let frame = Frame::new(V2_1, get("x"), b"x");
        let message = find(frame.bytes(), kmip_codec::Tag::RequestMessage).unwrap();
        let item = find(message, kmip_codec::Tag::BatchItem).unwrap();
        let payload = find(item, kmip_codec::Tag::RequestPayload).unwrap();
        assert_eq!(find(payload, kmip_codec::Tag::UniqueIdentifier), Some(&b"x"[..]));
        for length in 0..frame.bytes().len() {
            assert!(find(frame.bytes().get(..length).unwrap(), kmip_codec::Tag::RequestMessage).is_none());
        }
    }

    #[test]
    fn an_echo_has_the_length_of_the_request() {
        assert_eq!(echo(160, 300).len(), 160);
        assert_eq!(echo(1, 0).len(), 16);
        assert_eq!(
            kmip_codec::wire::frame_length(
                *echo(160, 300).first_chunk().unwrap(),
                kmip_codec::Tag::RequestMessage
            )
            .unwrap(),
            160
        );
    }
}
