//! A client on the wire: messages of one version over mutual TLS, and what every answer must be.

use super::requests::op;
use super::ttlv::*;
use crate::support::dev::Dev;
use crate::support::http;
use crate::support::wire::{self, Wire};
use keystead::pki::Pair;
use kmip_codec::message::ResponseMessage;
use rustls::{ClientConfig, SupportedProtocolVersion};
use std::sync::Arc;

/// How a client uses connections.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// One for everything.
    Keep,
    /// A new one for each message.
    Fresh,
    /// HTTP posts to `/kmip`, on one connection.
    Post,
}

pub struct Talk<'d> {
    pub server: &'d Dev,
    pub minor: i32,
    manner: Manner,
    pub tls: Arc<ClientConfig>,
    kept: Option<Wire>,
    /// The last answer as it came.
    last: Vec<u8>,
    /// What stands in every header, by place: before the options of the batch, and after them.
    pub header: Vec<Item>,
}

/// An item of a request: operation, Unique Batch Item ID and payload.
pub type Request<'r> = (u32, Option<&'r [u8]>, Vec<Item>);

/// The answer to one item.
#[derive(Debug)]
pub struct Answer {
    pub batch_id: Option<Vec<u8>>,
    /// Result Reason, where it failed.
    pub reason: Option<u32>,
    payload: Option<Item>,
}

impl Answer {
    pub fn payload(&self) -> &Item {
        self.payload.as_ref().unwrap_or_else(|| panic!("no payload: {self:?}"))
    }

    pub fn id(&self) -> String {
        self.payload()[tag::ID].text()
    }

    pub fn ids(&self) -> Vec<String> {
        self.payload().all(tag::ID).map(Item::text).collect()
    }

    /// Names and values of attributes.
    pub fn attributes(&self) -> Vec<(String, Item)> {
        let pair = |item: &Item| (item[tag::ATTRIBUTE_NAME].text(), item[tag::ATTRIBUTE_VALUE].clone());
        self.payload().all(tag::ATTRIBUTE).map(pair).collect()
    }

    pub fn texts(&self) -> Vec<(String, String)> {
        self.attributes().into_iter().map(|(name, value)| (name, value.text())).collect()
    }

    /// The key material, which is all that stands in the key value.
    pub fn material(&self) -> Vec<u8> {
        let object = self.payload().items().last().unwrap();
        let value = &object[tag::KEY_BLOCK][tag::KEY_VALUE];
        assert_eq!(value.items().len(), 1, "nothing but Key Material was asked for: {value:?}");
        value[tag::KEY_MATERIAL].bytes().to_vec()
    }
}

impl<'d> Talk<'d> {
    pub fn new(server: &'d Dev, pair: &Pair, minor: i32, manner: Manner) -> Self {
        Self::speaking(server, pair, minor, manner, rustls::DEFAULT_VERSIONS)
    }

    pub fn speaking(
        server: &'d Dev,
        pair: &Pair,
        minor: i32,
        manner: Manner,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Self {
        let tls = wire::settings(server, Some(pair), versions);
        Self { server, minor, manner, tls, kept: None, last: Vec::new(), header: Vec::new() }
    }

    /// One operation that succeeds.
    pub fn ask(&mut self, operation: u32, payload: Vec<Item>) -> Answer {
        let answer = self.try_ask(operation, payload);
        assert_eq!(answer.reason, None, "operation {operation:x}: {answer:?}");
        answer
    }

    /// One operation.
    pub fn try_ask(&mut self, operation: u32, payload: Vec<Item>) -> Answer {
        self.batch(Vec::new(), vec![(operation, None, payload)]).remove(0)
    }

    /// A batch with these options in its header.
    pub fn batch(&mut self, options: Vec<Item>, items: Vec<Request<'_>>) -> Vec<Answer> {
        let operations: Vec<u32> = items.iter().map(|item| item.0).collect();
        let message = self.message(options, items);
        let bytes = self.exchange(&message);
        let answers = read(&bytes, self.minor, &operations);
        self.last = bytes;
        answers
    }

    /// The last answer has these payloads, nothing besides and nothing in another order, byte for byte.
    pub fn answered(&self, items: &[Request<'_>]) {
        let message = Item::decode(&self.last);
        let time = message[tag::RESPONSE_HEADER][tag::TIME_STAMP].clone();
        let version = vec![integer(tag::MAJOR, 1), integer(tag::MINOR, self.minor)];
        let count = integer(tag::BATCH_COUNT, i32::try_from(items.len()).unwrap());
        let header = vec![structure(tag::PROTOCOL_VERSION, version), time, count];
        let item = |(operation, batch_id, payload): &Request<'_>| {
            let id = batch_id.map(|id| bytes(tag::BATCH_ID, id));
            let begin = [enumeration(tag::OPERATION, *operation)].into_iter().chain(id);
            let end = [enumeration(tag::RESULT_STATUS, 0), structure(tag::RESPONSE_PAYLOAD, payload.clone())];
            structure(tag::BATCH_ITEM, begin.chain(end).collect())
        };
        let whole = [structure(tag::RESPONSE_HEADER, header)].into_iter().chain(items.iter().map(item));
        let expected = structure(tag::RESPONSE_MESSAGE, whole.collect());
        assert_eq!(self.last, expected.encode(), "{message:?} is not {expected:?}");
    }

    /// The message as bytes.
    pub fn message(&self, options: Vec<Item>, items: Vec<Request<'_>>) -> Vec<u8> {
        let version = vec![integer(tag::MAJOR, 1), integer(tag::MINOR, self.minor)];
        let mut header = vec![structure(tag::PROTOCOL_VERSION, version)];
        header.extend(self.header.clone());
        header.extend(options);
        // The specification fixes the order: size, credentials, on error, in order, count.
        let place = |item: &Item| {
            let order = [
                tag::PROTOCOL_VERSION,
                tag::MAXIMUM_RESPONSE_SIZE,
                tag::AUTHENTICATION,
                tag::ON_ERROR,
                tag::IN_ORDER,
            ];
            order.iter().position(|tag| *tag == item.tag)
        };
        header.sort_by_key(place);
        header.push(integer(tag::BATCH_COUNT, i32::try_from(items.len()).unwrap()));
        let mut message = vec![structure(tag::REQUEST_HEADER, header)];
        for (operation, batch_id, payload) in items {
            let mut item = vec![enumeration(tag::OPERATION, operation)];
            item.extend(batch_id.map(|id| bytes(tag::BATCH_ID, id)));
            item.push(structure(tag::REQUEST_PAYLOAD, payload));
            message.push(structure(tag::BATCH_ITEM, item));
        }
        structure(tag::REQUEST_MESSAGE, message).encode()
    }

    fn exchange(&mut self, message: &[u8]) -> Vec<u8> {
        let address = if self.manner == Manner::Post { &self.server.https } else { &self.server.address };
        let mut wire =
            self.kept.take().unwrap_or_else(|| wire::connect_using(address, Arc::clone(&self.tls)));
        let answer = if self.manner == Manner::Post {
            wire.send(&http::post("application/octet-stream", message)).unwrap();
            let answer = wire.http_answer().unwrap();
            assert_eq!(answer.status, 200, "{answer:?}");
            answer.body
        } else {
            wire.exchange(message).unwrap()
        };
        self.kept = Some(wire).filter(|_| self.manner != Manner::Fresh);
        answer
    }

    pub fn state(&mut self, object: &str) -> u32 {
        let answer = self.ask(op::GET_ATTRIBUTES, super::requests::get_attributes(object, &["State"]));
        let attributes = answer.attributes();
        assert_eq!(attributes.len(), 1, "State alone was asked for: {attributes:?}");
        assert_eq!(attributes[0].0, "State");
        attributes[0].1.number()
    }
}

/// Reads an answer, which must be in the version of its request and hold nothing that is younger.
pub fn read(bytes: &[u8], minor: i32, operations: &[u32]) -> Vec<Answer> {
    let typed = ResponseMessage::from_bytes(bytes).unwrap();
    assert_eq!(typed.to_bytes(), bytes, "what the version does not have is refused on reading");
    let message = Item::decode(bytes);
    let header = &message[tag::RESPONSE_HEADER];
    let version = &header[tag::PROTOCOL_VERSION];
    assert_eq!((version[tag::MAJOR].number(), version[tag::MINOR].number()), (1, minor.cast_unsigned()));
    let items: Vec<&Item> = message.all(tag::BATCH_ITEM).collect();
    assert_eq!(header[tag::BATCH_COUNT].number() as usize, items.len());
    assert_eq!(items.len(), operations.len(), "{message:?}");
    let answer = |(item, operation): (&Item, &u32)| {
        assert_eq!(item[tag::OPERATION].number(), *operation);
        let reason = item.find(tag::RESULT_REASON).map(Item::number);
        assert_eq!(item[tag::RESULT_STATUS].number() == 0, reason.is_none(), "{item:?}");
        Answer {
            batch_id: item.find(tag::BATCH_ID).map(|id| id.bytes().to_vec()),
            reason,
            payload: item.find(tag::RESPONSE_PAYLOAD).cloned(),
        }
    };
    items.into_iter().zip(operations).map(answer).collect()
}
