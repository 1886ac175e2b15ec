//! Replays a regression case that `keystead explain --write` wrote: makes its objects, puts fresh secrets for the ones
//! that were redacted, asks again, and compares how each item ends.

use crate::support::wire::Wire;
use aws_lc_rs::rand;
use kmip_codec::attributes::{Attribute, RevocationReason};
use kmip_codec::enums::*;
use kmip_codec::message::{RequestMessage, ResponseMessage};
use kmip_codec::objects::*;
use kmip_codec::operations::{Request, Response};
use kmip_codec::payloads::*;
use kmip_codec::value::UniqueIdentifier;
use kmip_codec::version::V2_1;
use roxmltree::{Document, Node};
use std::collections::HashMap;

/// Status and reason of each item.
type Ends = Vec<(Option<String>, Option<String>)>;

/// What the case says, and what the server does now.
pub fn replay(wire: &mut Wire, text: &str) -> (Ends, Ends) {
    let document = Document::parse(text).unwrap();
    let root = document.root_element();
    let mut names: HashMap<String, String> = HashMap::new();
    for element in root.children().filter(Node::is_element) {
        let said = |name: &str| element.attribute(name).unwrap_or_default();
        match element.tag_name().name() {
            "Secret" => names
                .insert(format!("${}", said("name")), secret(said("type"), said("length").parse().unwrap())),
            "Object" => names.insert(format!("${}", said("name")), object(wire, &said)),
            _ => None,
        };
    }
    let message = |name: &str| root.children().find(|child| child.has_tag_name(name)).unwrap();
    let sent = xml(message("RequestMessage"), &|text| value(&names, text));
    let request = RequestMessage::from_xml(&sent).unwrap();
    let answer = ResponseMessage::from_bytes(&wire.exchange(&request.to_bytes()).unwrap()).unwrap();
    let answer = answer.to_xml();
    (ends(message("ResponseMessage")), ends(Document::parse(&answer).unwrap().root_element()))
}

/// The XML of an element, its values passed through `replace`.
fn xml(node: Node<'_, '_>, replace: &dyn Fn(&str) -> String) -> String {
    let name = node.tag_name().name();
    let mut text = format!("<{name}");
    for attribute in node.attributes() {
        let value = match attribute.name() {
            "value" => replace(attribute.value()),
            _ => attribute.value().to_owned(),
        };
        let value = value.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
        text += &format!(" {}=\"{value}\"", attribute.name());
    }
    let items: String = node.children().filter(Node::is_element).map(|child| xml(child, replace)).collect();
    text + &format!(">{items}</{name}>")
}

fn ends(message: Node<'_, '_>) -> Ends {
    let said = |item: Node<'_, '_>, tag| {
        let node = item.children().find(|child| child.has_tag_name(tag))?;
        node.attribute("value").map(str::to_owned)
    };
    let items = message.children().filter(|child| child.has_tag_name("BatchItem"));
    items.map(|item| (said(item, "ResultStatus"), said(item, "ResultReason"))).collect()
}

fn value(names: &HashMap<String, String>, value: &str) -> String {
    if let Some(spelt) = value.strip_prefix("$text:") {
        return String::from_utf8(hex::decode(spelt).unwrap()).unwrap();
    }
    names.get(value).cloned().unwrap_or_else(|| value.to_owned())
}

fn secret(kind: &str, length: usize) -> String {
    let mut bytes = vec![0; length];
    rand::fill(&mut bytes).unwrap();
    match kind {
        "TextString" => bytes.iter().map(|byte| char::from(b'a' + byte % 26)).collect(),
        _ => hex::encode(bytes),
    }
}

fn ask(wire: &mut Wire, request: Request) -> Response {
    let bytes = wire.exchange(&RequestMessage::new(V2_1, vec![request.into()]).to_bytes()).unwrap();
    let item = ResponseMessage::from_bytes(&bytes).unwrap().items.remove(0);
    item.response.unwrap_or_else(|| panic!("{:?}", item.result_message))
}

/// An object like the one that the case had.
fn object<'s>(wire: &mut Wire, said: &impl Fn(&str) -> &'s str) -> String {
    let uses =
        said("uses").split('|').filter_map(CryptographicUsageMask::by_name).fold(0, |mask, bit| mask | bit);
    let mask = Attribute::CryptographicUsageMask(CryptographicUsageMask(uses.cast_signed()));
    let made = match said("type") {
        "SymmetricKey" => {
            let algorithm =
                CryptographicAlgorithm(CryptographicAlgorithm::by_name(said("algorithm")).unwrap());
            let length = Attribute::CryptographicLength(said("length").parse().unwrap());
            let attributes = [Attribute::CryptographicAlgorithm(algorithm), length, mask].into();
            let object_type = ObjectType::SymmetricKey;
            ask(wire, Request::Create(CreateRequest { object_type, attributes, ..CreateRequest::default() }))
        }
        "SecretData" => {
            let key_material = KeyMaterial::Bytes(vec![7; 32].into());
            let key_block = KeyBlock {
                key_format_type: KeyFormatType::Opaque,
                key_value: Some(KeyValue::Plain(PlainKeyValue { key_material, attributes: None })),
                ..KeyBlock::default()
            };
            let object = ManagedObject::SecretData(SecretData {
                secret_data_type: SecretDataType::Password,
                key_block,
            });
            let object_type = ObjectType::SecretData;
            let attributes = [mask].into();
            ask(
                wire,
                Request::Register(RegisterRequest {
                    object_type,
                    attributes,
                    object,
                    ..RegisterRequest::default()
                }),
            )
        }
        other => panic!("this replay makes no {other}"),
    };
    let id = match made {
        Response::Create(made) => made.unique_identifier,
        Response::Register(made) => made.unique_identifier,
        other => panic!("{other:?}"),
    };
    bring(wire, &id, said("state"));
    match id {
        UniqueIdentifier::Text(id) => id,
        other => panic!("{other:?}"),
    }
}

/// Moves a new object to its state.
fn bring(wire: &mut Wire, id: &UniqueIdentifier, state: &str) {
    let unique_identifier = Some(id.clone());
    let revoke = |code| {
        let reason = RevocationReason { code, message: None };
        Request::Revoke(RevokeRequest {
            unique_identifier: Some(id.clone()),
            revocation_reason: reason,
            ..RevokeRequest::default()
        })
    };
    let activate = Request::Activate(ActivateRequest { unique_identifier: unique_identifier.clone() });
    let destroy = Request::Destroy(DestroyRequest { unique_identifier });
    let moves = match state {
        "PreActive" => vec![],
        "Active" => vec![activate],
        "Deactivated" => vec![activate, revoke(RevocationReasonCode::CessationOfOperation)],
        "Compromised" => vec![revoke(RevocationReasonCode::KeyCompromise)],
        "Destroyed" => vec![destroy],
        other => panic!("this replay brings nothing to the state {other}"),
    };
    moves.into_iter().for_each(|request| drop(ask(wire, request)));
}
