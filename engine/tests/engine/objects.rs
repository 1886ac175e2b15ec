//! Objects of every type in every state.

use super::world::Bench;
use keystead_engine::rights::principal::Principal;
use kmip_codec::attributes::*;
use kmip_codec::enums::*;
use kmip_codec::item::ItemValue;
use kmip_codec::objects::{
    KeyBlock, KeyMaterial, KeyValue, ManagedObject, OpaqueObject, PlainKeyValue, SecretData,
};
use kmip_codec::payloads::*;
use kmip_codec::value::UniqueIdentifier;
use kmip_codec::version::V2_1;

pub const STATES: [State; 6] = [
    State::PreActive,
    State::Active,
    State::Deactivated,
    State::Compromised,
    State::Destroyed,
    State::DestroyedCompromised,
];

pub const TYPES: [ObjectType; 5] = [
    ObjectType::SymmetricKey,
    ObjectType::SecretData,
    ObjectType::OpaqueObject,
    ObjectType::PrivateKey,
    ObjectType::PublicKey,
];

/// The custom attribute that every object of these tests has.
pub fn note(value: &str) -> Attribute {
    let value = Some(ItemValue::TextString(value.into()));
    Attribute::Vendor(VendorAttribute { vendor: "x".into(), name: "note".into(), value })
}

/// Makes one of many attributes, by its number.
pub type Make = fn(usize) -> Attribute;

/// An attribute of an application, of many.
pub fn vendor(number: usize) -> Attribute {
    let value = Some(ItemValue::Integer(1));
    Attribute::Vendor(VendorAttribute { vendor: "x".into(), name: format!("number {number}"), value })
}

/// A link, of many.
pub fn link(number: usize) -> Attribute {
    let linked = format!("00000000-0000-4000-8000-{number:012}").as_str().into();
    Attribute::Link(Link { kind: LinkType::DerivedKeyLink, linked })
}

/// Cryptographic Parameters with some of eleven fields, by the bits of a number: with all of them, they are what each asks for.
pub fn parameters(number: usize) -> Attribute {
    let has = |bit: usize| (number >> bit & 1 == 1).then_some(7);
    Attribute::CryptographicParameters(CryptographicParameters {
        tag_length: has(0),
        fixed_field_length: has(1),
        invocation_field_length: has(2),
        counter_length: has(3),
        initial_counter_value: has(4),
        salt_length: has(5),
        trailer_field: has(6),
        random_iv: has(7).map(|_| true),
        block_cipher_mode: has(8).map(|_| BlockCipherMode::GCM),
        padding_method: has(9).map(|_| PaddingMethod::PKCS5),
        hashing_algorithm: has(10).map(|_| HashingAlgorithm::SHA_256),
        ..CryptographicParameters::default()
    })
}

/// The parameters with all of these fields.
pub const ALL_FIELDS: usize = (1 << 11) - 1;

/// So many of them.
pub fn many(count: usize, attribute: Make) -> Vec<Attribute> {
    (0..count).map(attribute).collect()
}

pub fn text(id: &UniqueIdentifier) -> String {
    match id {
        UniqueIdentifier::Text(id) => id.clone(),
        other => panic!("{other:?}"),
    }
}

pub fn aes(more: &[Attribute]) -> CreateRequest {
    let mut attributes = vec![
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt | CryptographicUsageMask::WrapKey),
        note("first"),
    ];
    attributes.retain(|attribute| more.iter().all(|more| more.reference() != attribute.reference()));
    attributes.extend_from_slice(more);
    let attributes = attributes.into_iter().collect::<Attributes>().into();
    CreateRequest { object_type: ObjectType::SymmetricKey, attributes, ..CreateRequest::default() }
}

pub fn create(bench: &mut Bench, who: &Principal, more: &[Attribute]) -> String {
    text(&bench.ask(who, V2_1, aes(more)).unwrap().unique_identifier)
}

pub fn bytes_block(format: KeyFormatType, bytes: &[u8]) -> KeyBlock {
    let plain = PlainKeyValue { key_material: KeyMaterial::Bytes(bytes.into()), attributes: None };
    KeyBlock { key_format_type: format, key_value: Some(KeyValue::Plain(plain)), ..KeyBlock::default() }
}

fn register(bench: &mut Bench, who: &Principal, object: ManagedObject) -> String {
    let request = RegisterRequest {
        object_type: object.object_type(),
        attributes: [note("first")].into(),
        object,
        ..RegisterRequest::default()
    };
    text(&bench.ask(who, V2_1, request).unwrap().unique_identifier)
}

/// The halves of a new pair, private and public.
pub fn pair(bench: &mut Bench, who: &Principal) -> (String, String) {
    let half = |mask| Some([Attribute::CryptographicUsageMask(mask), note("first")].into());
    let request = CreateKeyPairRequest {
        common: Some([Attribute::CryptographicAlgorithm(CryptographicAlgorithm::EC)].into()),
        private: half(CryptographicUsageMask::Sign),
        public: half(CryptographicUsageMask::Verify),
        ..CreateKeyPairRequest::default()
    };
    let answer = bench.ask(who, V2_1, request).unwrap();
    (text(&answer.private_key), text(&answer.public_key))
}

/// An object of this type, Pre-Active.
pub fn make(bench: &mut Bench, who: &Principal, kind: ObjectType) -> String {
    match kind {
        ObjectType::SymmetricKey => create(bench, who, &[]),
        ObjectType::SecretData => {
            let key_block = bytes_block(KeyFormatType::Opaque, b"a password");
            let secret = SecretData { secret_data_type: SecretDataType::Password, key_block };
            register(bench, who, ManagedObject::SecretData(secret))
        }
        ObjectType::OpaqueObject => {
            let opaque = OpaqueObject { value: b"anything".as_slice().into(), ..OpaqueObject::default() };
            register(bench, who, ManagedObject::OpaqueObject(opaque))
        }
        ObjectType::PrivateKey => pair(bench, who).0,
        _ => pair(bench, who).1,
    }
}

pub fn activate(id: &str) -> ActivateRequest {
    ActivateRequest { unique_identifier: Some(id.into()) }
}

pub fn revoke(id: &str, code: RevocationReasonCode) -> RevokeRequest {
    let revocation_reason = RevocationReason { code, message: None };
    RevokeRequest { unique_identifier: Some(id.into()), revocation_reason, ..RevokeRequest::default() }
}

pub fn destroy(id: &str) -> DestroyRequest {
    DestroyRequest { unique_identifier: Some(id.into()) }
}

/// Moves a Pre-Active object to a state.
pub fn move_to(bench: &mut Bench, who: &Principal, id: &str, state: State) {
    match state {
        State::PreActive => {}
        State::Active => drop(bench.ask(who, V2_1, activate(id)).unwrap()),
        State::Deactivated => {
            move_to(bench, who, id, State::Active);
            bench.ask(who, V2_1, revoke(id, RevocationReasonCode::Superseded)).unwrap();
        }
        State::Compromised => {
            bench.ask(who, V2_1, revoke(id, RevocationReasonCode::KeyCompromise)).unwrap();
        }
        State::Destroyed => drop(bench.ask(who, V2_1, destroy(id)).unwrap()),
        _ => {
            move_to(bench, who, id, State::Compromised);
            bench.ask(who, V2_1, destroy(id)).unwrap();
        }
    }
    assert_eq!(state_of(bench, who, id), state);
}

pub fn state_of(bench: &mut Bench, who: &Principal, id: &str) -> State {
    let attributes = attributes_of(bench, who, id);
    kmip_codec::attribute!(attributes, State).next().copied().unwrap()
}

pub fn attributes_of(bench: &mut Bench, who: &Principal, id: &str) -> Attributes {
    let request =
        GetAttributesRequest { unique_identifier: Some(id.into()), ..GetAttributesRequest::default() };
    bench.ask(who, V2_1, request).unwrap().attributes.unwrap().0
}
