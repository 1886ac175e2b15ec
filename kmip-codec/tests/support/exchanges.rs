//! Exchanges of the kind that a server has by the million, each as the bytes that it reads and the message that it writes.

use kmip_codec::Tag;
use kmip_codec::attributes::{
    Attribute, AttributeFilter, AttributeList, AttributeReference, Attributes, Entry, Name,
};
use kmip_codec::enums::*;
use kmip_codec::message::{RequestMessage, ResponseItem, ResponseMessage};
use kmip_codec::objects::{KeyBlock, KeyMaterial, KeyValue, ManagedObject, PlainKeyValue, SymmetricKey};
use kmip_codec::operations::{Request, Response};
use kmip_codec::payloads::*;
use kmip_codec::value::DateTime;
use kmip_codec::version::{V1_2, V1_4, V2_1, Version};
use kmip_codec::wire::{Encoding, Reading};
use std::hint::black_box;

/// The versions that clients speak: those of older and newer disk encryption, and the newest.
pub const VERSIONS: [Version; 3] = [V1_2, V1_4, V2_1];

/// How a server reads.
pub const RECEIVED: Reading = Reading {
    items_alone: true,
    later_fields: true,
    known_bits: true,
    with_values: true,
    strips_nuls: false,
};

const ID: &str = "c1cc31d4-474c-4f97-942f-aadee1ba40fb";

/// A request as it comes in, and its answer before it leaves.
pub struct Exchange {
    /// What is asked.
    pub name: &'static str,
    /// The version of both messages.
    pub version: Version,
    /// The request as TTLV.
    pub request: Vec<u8>,
    /// The answer.
    pub response: ResponseMessage,
}

impl Exchange {
    /// Reads the request.
    pub fn read(&self) -> RequestMessage {
        RequestMessage::receive(Encoding::Ttlv, black_box(&self.request), RECEIVED).expect("a request")
    }

    /// Writes the answer.
    pub fn write(&self) -> Vec<u8> {
        black_box(&self.response).to_bytes()
    }
}

/// Every exchange in every version.
pub fn all() -> Vec<Exchange> {
    let pairs = || [get(), locate(), get_attributes(), create()];
    let in_version = |version| pairs().into_iter().map(move |pair| exchange(version, pair));
    VERSIONS.into_iter().flat_map(in_version).collect()
}

type Pair = (&'static str, Request, Response);

fn exchange(version: Version, (name, request, response): Pair) -> Exchange {
    let operation = Some(request.operation());
    let request = RequestMessage::new(version, vec![request.into()]).to_bytes();
    let item = ResponseItem { operation, response: Some(response), ..ResponseItem::default() };
    Exchange {
        name,
        version,
        request,
        response: ResponseMessage::new(version, DateTime(1_700_000_000), vec![item]),
    }
}

fn get() -> Pair {
    let request = GetRequest { unique_identifier: Some(ID.into()), ..GetRequest::default() };
    let key_block = KeyBlock {
        key_format_type: KeyFormatType::Raw,
        key_value: Some(KeyValue::Plain(PlainKeyValue {
            key_material: KeyMaterial::Bytes(vec![0x5a; 32].into()),
            attributes: None,
        })),
        cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
        cryptographic_length: Some(256),
        ..KeyBlock::default()
    };
    let response = GetResponse {
        object_type: ObjectType::SymmetricKey,
        unique_identifier: ID.into(),
        object: ManagedObject::SymmetricKey(SymmetricKey { key_block }),
    };
    ("get", Request::Get(request), Response::Get(response))
}

fn locate() -> Pair {
    let filter = AttributeFilter([Attribute::Name(Name::text("volume-4711"))].into());
    let request = LocateRequest { attributes: Some(filter), ..LocateRequest::default() };
    let response = LocateResponse { located_items: Some(1), unique_identifiers: vec![ID.into()] };
    ("locate", Request::Locate(request), Response::Locate(response))
}

fn get_attributes() -> Pair {
    let named =
        [Tag::State, Tag::Name, Tag::CryptographicAlgorithm, Tag::CryptographicLength, Tag::ObjectType];
    let request = GetAttributesRequest {
        unique_identifier: Some(ID.into()),
        references: named.map(AttributeReference::Tag).into(),
    };
    let have = [
        Attribute::State(State::Active),
        Attribute::Name(Name::text("volume-4711")),
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(256),
        Attribute::ObjectType(ObjectType::SymmetricKey),
    ];
    let have = have.into_iter().map(|attribute| Entry { index: Some(0), attribute }).collect();
    let response = GetAttributesResponse {
        unique_identifier: ID.into(),
        attributes: Some(AttributeList(Attributes(have))),
    };
    ("get-attributes", Request::GetAttributes(request), Response::GetAttributes(response))
}

fn create() -> Pair {
    let attributes = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt),
        Attribute::Name(Name::text("volume-4711")),
    ];
    let object_type = ObjectType::SymmetricKey;
    let request = CreateRequest { object_type, attributes: attributes.into(), ..CreateRequest::default() };
    let response = CreateResponse { object_type, unique_identifier: ID.into(), ..CreateResponse::default() };
    ("create", Request::Create(request), Response::Create(response))
}
