//! Keys in memory, enough of a server for one volume at a time.

use super::fake::Reply;
use kmip_codec::SecretBytes;
use kmip_codec::attribute;
use kmip_codec::attributes::{Attribute, AttributeList, Attributes};
use kmip_codec::enums::{
    CryptographicAlgorithm, KeyFormatType, ObjectType, ResultReason, ResultStatus, RevocationReasonCode,
    State,
};
use kmip_codec::message::{RequestMessage, ResponseItem};
use kmip_codec::objects::{KeyBlock, KeyMaterial, KeyValue, ManagedObject, PlainKeyValue, SymmetricKey};
use kmip_codec::operations::{Request, Response};
use kmip_codec::payloads::*;
use kmip_codec::value::UniqueIdentifier;
use std::sync::{Arc, Mutex};

/// One key.
pub struct Key {
    pub attributes: Attributes,
    pub state: State,
    pub material: Vec<u8>,
}

/// All keys; the identifier is the place.
#[derive(Clone, Default)]
pub struct Keys(pub Arc<Mutex<Vec<Key>>>);

impl Keys {
    /// None yet, and those to come have other identifiers than the first ones of others.
    pub fn after(number: usize) -> Self {
        let gone = || Key { attributes: Attributes::default(), state: State::Destroyed, material: vec![] };
        Self(Arc::new(Mutex::new((0..number).map(|_| gone()).collect())))
    }

    /// Answers a request; the first refusal ends it.
    pub fn answer(&self, request: RequestMessage) -> Reply {
        let mut items = Vec::new();
        for item in request.items {
            let operation = Some(item.request.operation());
            let done = self.act(item.request);
            let failed = done.is_err();
            let mut answer = ResponseItem {
                operation,
                unique_batch_item_id: item.unique_batch_item_id,
                ..done_item(done)
            };
            if failed {
                answer.result_message = Some("not here".to_owned());
            }
            items.push(answer);
            if failed {
                break;
            }
        }
        Reply::Items(items)
    }

    /// The states of all keys.
    pub fn states(&self) -> Vec<State> {
        self.0.lock().unwrap().iter().map(|key| key.state).collect()
    }

    fn act(&self, request: Request) -> Result<Response, ResultReason> {
        let mut keys = self.0.lock().unwrap();
        Ok(match request {
            Request::Create(create) => Response::Create(made(&mut keys, create)),
            Request::Activate(activate) => {
                let (unique_identifier, key) = find(&mut keys, activate.unique_identifier)?;
                key.state = State::Active;
                Response::Activate(ActivateResponse { unique_identifier })
            }
            Request::Revoke(revoke) => {
                let (unique_identifier, key) = find(&mut keys, revoke.unique_identifier)?;
                let compromised = revoke.revocation_reason.code == RevocationReasonCode::KeyCompromise;
                key.state = if compromised { State::Compromised } else { State::Deactivated };
                Response::Revoke(RevokeResponse { unique_identifier })
            }
            Request::Locate(locate) => {
                let matches = |key: &Key| {
                    let wanted = locate.attributes.clone().unwrap_or_default().0;
                    let mut filters = wanted.iter();
                    filters.all(|filter| match filter {
                        Attribute::ObjectType(kind) => *kind == ObjectType::SymmetricKey,
                        other => key.attributes.iter().any(|attribute| attribute == other),
                    })
                };
                let found = keys.iter().enumerate().filter(|(_, key)| matches(key));
                let unique_identifiers = found.map(|(place, _)| place.to_string().into()).collect();
                Response::Locate(LocateResponse { located_items: None, unique_identifiers })
            }
            Request::GetAttributes(get) => {
                let (unique_identifier, key) = find(&mut keys, get.unique_identifier)?;
                let told = key.attributes.iter().cloned().chain([Attribute::State(key.state)]);
                let attributes = AttributeList(told.collect());
                Response::GetAttributes(GetAttributesResponse {
                    unique_identifier,
                    attributes: Some(attributes),
                })
            }
            Request::AddAttribute(add) => {
                let (unique_identifier, key) = find(&mut keys, add.unique_identifier)?;
                key.attributes.push(add.attribute.0.attribute.clone());
                Response::AddAttribute(AddAttributeResponse {
                    unique_identifier,
                    attribute: Some(add.attribute),
                })
            }
            Request::Get(get) => {
                let (unique_identifier, key) = find(&mut keys, get.unique_identifier)?;
                let object = object(&key.material);
                Response::Get(GetResponse {
                    object_type: ObjectType::SymmetricKey,
                    unique_identifier,
                    object,
                })
            }
            _ => return Err(ResultReason::OperationNotSupported),
        })
    }
}

fn made(keys: &mut Vec<Key>, create: CreateRequest) -> CreateResponse {
    let attributes = create.attributes.attributes;
    let bits = *attribute!(attributes, CryptographicLength).next().unwrap();
    let material = (0..bits / 8).map(|byte| byte as u8 ^ 0xA5 ^ keys.len() as u8).collect();
    keys.push(Key { attributes, state: State::PreActive, material });
    let unique_identifier = (keys.len() - 1).to_string().into();
    CreateResponse { object_type: ObjectType::SymmetricKey, unique_identifier, attributes: None }
}

/// A symmetric key as Get returns it.
pub fn object(material: &[u8]) -> ManagedObject {
    let plain =
        PlainKeyValue { key_material: KeyMaterial::Bytes(SecretBytes::from(material)), attributes: None };
    ManagedObject::SymmetricKey(SymmetricKey {
        key_block: KeyBlock {
            key_format_type: KeyFormatType::Raw,
            key_value: Some(KeyValue::Plain(plain)),
            cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
            cryptographic_length: Some(i32::try_from(material.len() * 8).unwrap()),
            ..KeyBlock::default()
        },
    })
}

fn find(
    keys: &mut [Key],
    identifier: Option<UniqueIdentifier>,
) -> Result<(UniqueIdentifier, &mut Key), ResultReason> {
    let Some(UniqueIdentifier::Text(text)) = identifier else { return Err(ResultReason::MissingData) };
    let place: usize = text.parse().map_err(|_| ResultReason::ObjectNotFound)?;
    let there = keys.get_mut(place).filter(|key| !key.material.is_empty());
    let key = there.ok_or(ResultReason::ObjectNotFound)?;
    Ok((text.into(), key))
}

/// An item that ends like this.
pub fn done_item(done: Result<Response, ResultReason>) -> ResponseItem {
    match done {
        Ok(response) => ResponseItem { response: Some(response), ..ResponseItem::default() },
        Err(reason) => ResponseItem {
            result_status: ResultStatus::OperationFailed,
            result_reason: Some(reason),
            ..ResponseItem::default()
        },
    }
}
