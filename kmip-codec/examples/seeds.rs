//! Writes messages to start fuzzing from: `seeds TARGET FOLDER`, with the name of a fuzz target.

use kmip_codec::attributes::{Attribute, AttributeList, Name};
use kmip_codec::enums::{
    CryptographicAlgorithm, CryptographicUsageMask, KeyFormatType, ObjectType, ResultStatus,
};
use kmip_codec::message::{RequestItem, RequestMessage, ResponseItem, ResponseMessage};
use kmip_codec::objects::{KeyBlock, KeyMaterial, KeyValue, ManagedObject, PlainKeyValue, SymmetricKey};
use kmip_codec::operations::{Request, Response};
use kmip_codec::payloads::*;
use kmip_codec::value::DateTime;
use kmip_codec::version::{V1_0, V1_4, V2_1};
use kmip_codec::wire::Encoding;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(target), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("usage: seeds decode_request|decode_response|decode_json|decode_xml FOLDER".into());
    };
    let messages = match target.as_str() {
        "decode_response" => responses(),
        "decode_json" => requests(Encoding::Json),
        "decode_xml" => requests(Encoding::Xml),
        _ => requests(Encoding::Ttlv),
    };
    for (number, message) in messages.into_iter().enumerate() {
        std::fs::write(Path::new(&folder).join(format!("seed-{number}")), message)?;
    }
    Ok(())
}

fn attributes() -> [Attribute; 4] {
    [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
        Attribute::Name(Name::text("disk")),
    ]
}

fn key() -> ManagedObject {
    let plain = PlainKeyValue { key_material: KeyMaterial::Bytes(vec![7; 32].into()), attributes: None };
    let key_block = KeyBlock {
        key_format_type: KeyFormatType::Raw,
        key_value: Some(KeyValue::Plain(plain)),
        cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
        cryptographic_length: Some(256),
        ..KeyBlock::default()
    };
    ManagedObject::SymmetricKey(SymmetricKey { key_block })
}

fn requests(encoding: Encoding) -> Vec<Vec<u8>> {
    let object_type = ObjectType::SymmetricKey;
    let all = [
        Request::Create(CreateRequest { object_type, attributes: attributes().into(), ..Default::default() }),
        Request::Register(RegisterRequest {
            object_type,
            attributes: attributes().into(),
            object: key(),
            ..Default::default()
        }),
        Request::Locate(LocateRequest {
            attributes: Some(AttributeList(attributes().into())),
            ..Default::default()
        }),
        Request::Get(GetRequest { unique_identifier: Some("id".into()), ..Default::default() }),
    ];
    let message = |version| {
        let items = all.iter().cloned().map(RequestItem::from).collect();
        RequestMessage::new(version, items).encode(encoding)
    };
    vec![message(V1_0), message(V1_4), message(V2_1)]
}

fn responses() -> Vec<Vec<u8>> {
    let get =
        GetResponse { object_type: ObjectType::SymmetricKey, unique_identifier: "id".into(), object: key() };
    let shown = GetAttributesResponse {
        unique_identifier: "id".into(),
        attributes: Some(AttributeList(attributes().into())),
    };
    let item = |response: Response| ResponseItem {
        operation: Some(response.operation()),
        result_status: ResultStatus::Success,
        response: Some(response),
        ..ResponseItem::default()
    };
    let items = vec![item(Response::Get(get)), item(Response::GetAttributes(shown))];
    let message = |version| ResponseMessage::new(version, DateTime(0), items.clone()).to_bytes();
    vec![message(V1_0), message(V1_4), message(V2_1)]
}
