//! Messages: a header and a batch of items (KMIP 2.1, 8).

mod credential;
mod receive;
mod salvage;

pub use credential::*;
pub use receive::RefusedMessage;

use crate::Tag;
use crate::declare::{Field, Value, structure};
use crate::enums::*;
use crate::error::{Error, ErrorKind, Result};
use crate::item::ItemValue;
use crate::operations::{Operation, Request, Response};
use crate::value::DateTime;
use crate::version::*;
use crate::wire::{
    BinarySink, BinarySource, Document, Encoding, JsonSink, LengthSink, LogSink, Reading, Sink, Source,
    XmlSink, close,
};
use bytes::Bytes;

structure! {
    /// What stands before the items of a request (KMIP 2.1, 8.2).
    pub struct RequestHeader {
        version: MessageVersion = ProtocolVersion;
        /// In bytes; an answer that would be longer is refused.
        maximum_response_size: Option<i32> = MaximumResponseSize;
        client_correlation_value: Option<String> = ClientCorrelationValue in V1_4..;
        server_correlation_value: Option<String> = ServerCorrelationValue in V1_4..;
        asynchronous_indicator: Option<Asynchronous> = AsynchronousIndicator;
        attestation_capable_indicator: Option<bool> = AttestationCapableIndicator in V1_2..;
        attestation_type: Vec<AttestationType> = AttestationType in V1_2..;
        authentication: Option<Authentication> = Authentication;
        batch_error_continuation_option: Option<BatchErrorContinuationOption> = BatchErrorContinuationOption;
        batch_order_option: Option<bool> = BatchOrderOption;
        time_stamp: Option<DateTime> = TimeStamp;
        batch_count: i32 = BatchCount;
    }
}

structure! {
    /// What stands before the items of an answer (KMIP 2.1, 8.5).
    pub struct ResponseHeader {
        version: MessageVersion = ProtocolVersion;
        time_stamp: DateTime = TimeStamp;
        nonce: Option<Nonce> = Nonce in V1_2..;
        server_hashed_password: Option<Bytes> = ServerHashedPassword in V2_0..;
        attestation_type: Vec<AttestationType> = AttestationType in V1_2..;
        client_correlation_value: Option<String> = ClientCorrelationValue in V1_4..;
        server_correlation_value: Option<String> = ServerCorrelationValue in V1_4..;
        batch_count: i32 = BatchCount;
    }
}

structure! {
    /// What a vendor adds to an item (KMIP 2.1, 9.13).
    pub struct MessageExtension {
        vendor_identification: String = VendorIdentification;
        /// Whether the item must fail where the extension is not understood.
        criticality_indicator: bool = CriticalityIndicator;
        vendor_extension: ItemValue = VendorExtension;
    }
}

/// The version of a header. Reading it sets the version of everything after it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MessageVersion(pub Version);

impl Default for MessageVersion {
    fn default() -> Self {
        Self(V2_1)
    }
}

impl Value for MessageVersion {
    fn put(&self, tag: Tag, out: &mut dyn Sink) {
        self.0.put(tag, out);
    }

    fn take(tag: Tag, src: &mut dyn Source) -> Result<Self> {
        let offset = src.offset();
        let version = Version::take(tag, src)?;
        if !version.is_spoken() {
            return Err(Error::at(ErrorKind::Version(version), tag, offset));
        }
        src.set_version(version);
        Ok(Self(version))
    }
}

/// Whether the client takes the answer later: a boolean in 1.x, an enumeration in 2.x (KMIP 2.1, 9.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Asynchronous(pub AsynchronousIndicator);

impl Value for Asynchronous {
    fn put(&self, tag: Tag, out: &mut dyn Sink) {
        if out.version() < V2_0 {
            return out.boolean(tag, self.0 != AsynchronousIndicator::Prohibited);
        }
        self.0.put(tag, out);
    }

    fn take(tag: Tag, src: &mut dyn Source) -> Result<Self> {
        if src.version() >= V2_0 {
            return Value::take(tag, src).map(Self);
        }
        let accepts = src.boolean(tag)?;
        Ok(Self(if accepts { AsynchronousIndicator::Optional } else { AsynchronousIndicator::Prohibited }))
    }
}

/// One operation asked for (KMIP 2.1, 8.3).
#[derive(Clone, Debug, PartialEq)]
pub struct RequestItem {
    /// Whether the answer is to leave out its data (from KMIP 2.0).
    pub ephemeral: Option<bool>,
    /// What the client calls the item; the answer repeats it.
    pub unique_batch_item_id: Option<Bytes>,
    /// The operation and what it asks.
    pub request: Request,
    /// What vendors add.
    pub extensions: Vec<MessageExtension>,
}

/// One operation answered (KMIP 2.1, 8.6).
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ResponseItem {
    /// The operation, where the request named one.
    pub operation: Option<Operation>,
    /// What the client called the item.
    pub unique_batch_item_id: Option<Bytes>,
    /// How it ended.
    pub result_status: ResultStatus,
    /// Why it failed.
    pub result_reason: Option<ResultReason>,
    /// The same for people.
    pub result_message: Option<String>,
    /// What to poll with, where the answer comes later.
    pub asynchronous_correlation_value: Option<Bytes>,
    /// The answer itself.
    pub response: Option<Response>,
    /// What vendors add.
    pub extensions: Vec<MessageExtension>,
}

impl RequestItem {
    /// How many bytes of TTLV the item has in a request of this version, and how many structures and values are in it.
    pub fn size(&self, version: Version) -> (usize, usize) {
        LengthSink::of(Tag::BatchItem, self, version)
    }
}

impl ResponseItem {
    /// How many bytes of TTLV the item has in an answer of this version.
    pub fn length(&self, version: Version) -> usize {
        LengthSink::of(Tag::BatchItem, self, version).0
    }
}

impl From<Request> for RequestItem {
    fn from(request: Request) -> Self {
        Self { ephemeral: None, unique_batch_item_id: None, request, extensions: Vec::new() }
    }
}

impl Value for RequestItem {
    fn put(&self, tag: Tag, out: &mut dyn Sink) {
        out.open(tag);
        self.request.operation().put(Tag::Operation, out);
        if out.version() >= V2_0 {
            self.ephemeral.write(Tag::Ephemeral, out);
        }
        self.unique_batch_item_id.write(Tag::UniqueBatchItemID, out);
        self.request.put(out);
        self.extensions.write(Tag::MessageExtension, out);
        out.close();
    }

    fn take(tag: Tag, src: &mut dyn Source) -> Result<Self> {
        salvage::take(tag, src)
    }
}

impl Value for ResponseItem {
    fn put(&self, tag: Tag, out: &mut dyn Sink) {
        out.open(tag);
        self.operation.write(Tag::Operation, out);
        self.unique_batch_item_id.write(Tag::UniqueBatchItemID, out);
        self.result_status.put(Tag::ResultStatus, out);
        self.result_reason.write(Tag::ResultReason, out);
        self.result_message.write(Tag::ResultMessage, out);
        self.asynchronous_correlation_value.write(Tag::AsynchronousCorrelationValue, out);
        if let Some(response) = &self.response {
            response.put(out);
        }
        self.extensions.write(Tag::MessageExtension, out);
        out.close();
    }

    fn take(tag: Tag, src: &mut dyn Source) -> Result<Self> {
        src.open(tag)?;
        let operation: Option<Operation> = Field::read(Tag::Operation, src)?;
        let mut item = Self {
            operation,
            unique_batch_item_id: Field::read(Tag::UniqueBatchItemID, src)?,
            result_status: Field::read(Tag::ResultStatus, src)?,
            result_reason: Field::read(Tag::ResultReason, src)?,
            result_message: Field::read(Tag::ResultMessage, src)?,
            asynchronous_correlation_value: Field::read(Tag::AsynchronousCorrelationValue, src)?,
            ..Self::default()
        };
        if let (Some(Tag::ResponsePayload), Some(operation)) = (src.peek(), operation) {
            item.response = Some(Response::take(operation, src)?);
        }
        item.extensions = Field::read(Tag::MessageExtension, src)?;
        src.close()?;
        Ok(item)
    }
}

/// A message: a header and as many items as it counts.
macro_rules! message {
    ($(#[$meta:meta])* $name:ident, $tag:ident, $header:ident, $header_tag:ident, $item:ident) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            /// The header; its batch count is that of the items.
            pub header: $header,
            /// The items, in order.
            pub items: Vec<$item>,
            /// Whether it was read with fields of later minor versions, and is written with them.
            pub later_fields: bool,
        }

        impl Value for $name {
            fn put(&self, tag: Tag, out: &mut dyn Sink) {
                if self.later_fields {
                    out.write_later_fields();
                }
                out.open(tag);
                self.header.put(Tag::$header_tag, out);
                self.items.write(Tag::BatchItem, out);
                out.close();
            }

            fn take(tag: Tag, src: &mut dyn Source) -> Result<Self> {
                src.open(tag)?;
                let offset = src.offset();
                let header: $header = Field::read(Tag::$header_tag, src)?;
                let items: Vec<$item> = Field::read(Tag::BatchItem, src)?;
                close(src, &[Tag::$header_tag, Tag::BatchItem])?;
                if usize::try_from(header.batch_count) != Ok(items.len()) {
                    let kind = ErrorKind::Count { found: header.batch_count, items: items.len() };
                    return Err(Error::at(kind, Tag::BatchCount, offset));
                }
                Ok(Self { header, items, later_fields: src.reading().later_fields })
            }
        }

        impl $name {
            /// The tag of the whole message.
            pub const TAG: Tag = Tag::$tag;

            /// The version that the message is written in.
            pub fn version(&self) -> Version {
                self.header.version.0
            }

            /// Reads one whole message from TTLV; bytes after it are an error.
            pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
                let mut source = BinarySource::new(bytes);
                let message = Field::read(Self::TAG, &mut source)?;
                source.finish()?;
                Ok(message)
            }

            /// Writes the message as TTLV, in the version of its header. The bytes may hold keys: the caller wipes them.
            pub fn to_bytes(&self) -> Vec<u8> {
                let mut sink = BinarySink::with_capacity(self.version(), self.length());
                self.put(Self::TAG, &mut sink);
                sink.finish()
            }

            /// How many bytes [`to_bytes`](Self::to_bytes) gives, without writing them.
            pub fn length(&self) -> usize {
                LengthSink::of(Self::TAG, self, self.version()).0
            }

            /// Reads one message from XML.
            pub fn from_xml(text: &str) -> Result<Self> {
                Self::decode(Encoding::Xml, text.as_bytes())
            }

            /// Writes the message as XML.
            pub fn to_xml(&self) -> String {
                self.to_text(Encoding::Xml)
            }

            /// Reads one message from JSON.
            pub fn from_json(text: &str) -> Result<Self> {
                Self::decode(Encoding::Json, text.as_bytes())
            }

            /// Writes the message as JSON.
            pub fn to_json(&self) -> String {
                self.to_text(Encoding::Json)
            }

            fn to_text(&self, encoding: Encoding) -> String {
                String::from_utf8(self.encode(encoding)).unwrap_or_default()
            }

            /// Reads one whole message in this encoding.
            pub fn decode(encoding: Encoding, bytes: &[u8]) -> Result<Self> {
                match encoding.dialect() {
                    None => Self::from_bytes(bytes),
                    Some(dialect) => {
                        let mut document = Document::new(dialect, bytes);
                        document.whole()?;
                        Field::read(Self::TAG, &mut document.source(Reading::default()))
                    }
                }
            }

            /// Writes the message in this encoding. The bytes may hold keys: the caller wipes them.
            pub fn encode(&self, encoding: Encoding) -> Vec<u8> {
                match encoding {
                    Encoding::Ttlv => self.to_bytes(),
                    Encoding::Json => {
                        let mut sink = JsonSink::new(self.version());
                        self.put(Self::TAG, &mut sink);
                        sink.finish()
                    }
                    Encoding::Xml => {
                        let mut sink = XmlSink::new(self.version());
                        self.put(Self::TAG, &mut sink);
                        sink.finish()
                    }
                }
            }

            /// Writes the message as XML in which no secret stands, to about this many bytes; and whether that is all of
            /// it.
            pub fn to_redacted(
                &self,
                fingerprint: crate::wire::Fingerprint<'_>,
                bytes_max: usize,
            ) -> (String, bool) {
                let mut sink = crate::wire::RedactedSink::new(self.version(), fingerprint, bytes_max);
                self.put(Self::TAG, &mut sink);
                sink.finish()
            }

            /// Writes the message as one line of text in which no secret stands.
            pub fn to_log(&self) -> String {
                let mut sink = LogSink::new(self.version());
                self.put(Self::TAG, &mut sink);
                sink.finish()
            }
        }
    };
}

message! {
    /// A request (KMIP 2.1, 8.1).
    RequestMessage, RequestMessage, RequestHeader, RequestHeader, RequestItem
}
message! {
    /// An answer (KMIP 2.1, 8.4).
    ResponseMessage, ResponseMessage, ResponseHeader, ResponseHeader, ResponseItem
}

impl RequestMessage {
    /// A request of these items in this version.
    pub fn new(version: Version, items: Vec<RequestItem>) -> Self {
        let batch_count = i32::try_from(items.len()).unwrap_or(i32::MAX);
        let header =
            RequestHeader { version: MessageVersion(version), batch_count, ..RequestHeader::default() };
        Self { header, items, later_fields: false }
    }
}

impl ResponseMessage {
    /// An answer of these items in this version.
    pub fn new(version: Version, time_stamp: DateTime, items: Vec<ResponseItem>) -> Self {
        let batch_count = i32::try_from(items.len()).unwrap_or(i32::MAX);
        let header = ResponseHeader {
            version: MessageVersion(version),
            time_stamp,
            batch_count,
            ..ResponseHeader::default()
        };
        Self { header, items, later_fields: false }
    }
}
