//! What the clients send, piece by piece: payloads in the layout of 1.x.

use super::ttlv::*;

/// Operations.
pub mod op {
    pub const CREATE: u32 = 0x01;
    pub const CREATE_KEY_PAIR: u32 = 0x02;
    pub const REGISTER: u32 = 0x03;
    pub const RE_KEY: u32 = 0x04;
    pub const LOCATE: u32 = 0x08;
    pub const GET: u32 = 0x0A;
    pub const GET_ATTRIBUTES: u32 = 0x0B;
    pub const GET_ATTRIBUTE_LIST: u32 = 0x0C;
    pub const ADD_ATTRIBUTE: u32 = 0x0D;
    pub const MODIFY_ATTRIBUTE: u32 = 0x0E;
    pub const DELETE_ATTRIBUTE: u32 = 0x0F;
    pub const ACTIVATE: u32 = 0x12;
    pub const REVOKE: u32 = 0x13;
    pub const DESTROY: u32 = 0x14;
    pub const QUERY: u32 = 0x18;
    pub const DISCOVER_VERSIONS: u32 = 0x1E;
    pub const ENCRYPT: u32 = 0x1F;
    pub const DECRYPT: u32 = 0x20;
}

/// Result Reasons.
pub const ITEM_NOT_FOUND: u32 = 0x01;
pub const PERMISSION_DENIED: u32 = 0x0C;

/// Values of State.
pub const PRE_ACTIVE: u32 = 1;
pub const ACTIVE: u32 = 2;
pub const DEACTIVATED: u32 = 3;

/// Object types.
pub const SYMMETRIC_KEY: u32 = 2;
pub const PRIVATE_KEY: u32 = 4;
pub const SECRET_DATA: u32 = 7;

/// Key Format Type.
pub const OPAQUE: u32 = 2;

/// Block Cipher Mode.
pub const GCM: u32 = 9;

pub const AES: u32 = 3;
pub const RSA: u32 = 4;

/// An attribute in its 1.x form.
pub fn attribute(name: &str, value: Item) -> Item {
    structure(tag::ATTRIBUTE, vec![text(tag::ATTRIBUTE_NAME, name), value])
}

pub fn custom(name: &str, value: &str) -> Item {
    attribute(name, text(tag::ATTRIBUTE_VALUE, value))
}

pub fn name(value: &str) -> Item {
    let value = vec![text(tag::NAME_VALUE, value), enumeration(tag::NAME_TYPE, 1)];
    attribute("Name", structure(tag::ATTRIBUTE_VALUE, value))
}

pub fn object_type(value: u32) -> Item {
    attribute("Object Type", enumeration(tag::ATTRIBUTE_VALUE, value))
}

pub fn algorithm(value: u32, length: i32) -> Vec<Item> {
    vec![
        attribute("Cryptographic Algorithm", enumeration(tag::ATTRIBUTE_VALUE, value)),
        attribute("Cryptographic Length", integer(tag::ATTRIBUTE_VALUE, length)),
    ]
}

pub fn mask(value: i32) -> Item {
    attribute("Cryptographic Usage Mask", integer(tag::ATTRIBUTE_VALUE, value))
}

pub fn template(attributes: Vec<Item>) -> Item {
    structure(tag::TEMPLATE, attributes)
}

/// Create of an AES-256 key for encryption and decryption.
pub fn create_aes(more: Vec<Item>) -> Vec<Item> {
    let attributes = [algorithm(AES, 256), vec![mask(12)], more].concat();
    vec![enumeration(tag::OBJECT_TYPE, SYMMETRIC_KEY), template(attributes)]
}

/// A key block with nothing but what the format needs.
fn key_block(format: u32, material: &[u8], algorithm: Option<(u32, i32)>) -> Item {
    let value = structure(tag::KEY_VALUE, vec![bytes(tag::KEY_MATERIAL, material)]);
    let mut items = vec![enumeration(tag::KEY_FORMAT_TYPE, format), value];
    if let Some((algorithm, length)) = algorithm {
        items.push(enumeration(tag::CRYPTOGRAPHIC_ALGORITHM, algorithm));
        items.push(integer(tag::CRYPTOGRAPHIC_LENGTH, length));
    }
    structure(tag::KEY_BLOCK, items)
}

/// Register of secret data of a type (1 password, 2 seed), Opaque.
pub fn register_secret(kind: u32, material: &[u8], attributes: Vec<Item>) -> Vec<Item> {
    let secret = vec![enumeration(tag::SECRET_DATA_TYPE, kind), key_block(2, material, None)];
    vec![
        enumeration(tag::OBJECT_TYPE, SECRET_DATA),
        template(attributes),
        structure(tag::SECRET_DATA, secret),
    ]
}

/// Register of an AES key, Raw.
pub fn register_aes(material: &[u8], more: Vec<Item>) -> Vec<Item> {
    let bits = i32::try_from(material.len() * 8).unwrap();
    let key = structure(tag::SYMMETRIC_KEY, vec![key_block(1, material, Some((AES, bits)))]);
    let attributes = [algorithm(AES, bits), vec![mask(12)], more].concat();
    vec![enumeration(tag::OBJECT_TYPE, SYMMETRIC_KEY), template(attributes), key]
}

pub fn id(id: &str) -> Vec<Item> {
    vec![text(tag::ID, id)]
}

pub fn get_attributes(object: &str, names: &[&str]) -> Vec<Item> {
    let names = names.iter().map(|name| text(tag::ATTRIBUTE_NAME, name));
    id(object).into_iter().chain(names).collect()
}

pub fn with_attribute(object: &str, attribute: Item) -> Vec<Item> {
    [id(object), vec![attribute]].concat()
}

pub fn at_most(items: i32, filter: Vec<Item>) -> Vec<Item> {
    [vec![integer(tag::MAXIMUM_ITEMS, items)], filter].concat()
}

/// Revoke for a reason, with a date of the compromise where the client sends one.
pub fn revoke(object: &str, code: u32, occurred: Option<i64>) -> Vec<Item> {
    let reason = structure(tag::REVOCATION_REASON, vec![enumeration(tag::REVOCATION_REASON_CODE, code)]);
    let occurred = occurred.map(|at| date(tag::COMPROMISE_OCCURRENCE_DATE, at));
    [id(object), vec![reason], occurred.into_iter().collect()].concat()
}

pub fn query(functions: &[u32]) -> Vec<Item> {
    functions.iter().map(|function| enumeration(tag::QUERY_FUNCTION, *function)).collect()
}

/// Encrypt or Decrypt with AES-CBC and PKCS#5 padding; without an IV the server is to make one.
pub fn crypt(object: &str, data: &[u8], iv: Option<&[u8]>) -> Vec<Item> {
    let mut parameters = vec![enumeration(tag::BLOCK_CIPHER_MODE, 1), enumeration(tag::PADDING_METHOD, 3)];
    if iv.is_none() {
        parameters.push(boolean(tag::RANDOM_IV, true));
    }
    let iv = iv.map(|iv| bytes(tag::IV, iv));
    let data = vec![structure(tag::CRYPTOGRAPHIC_PARAMETERS, parameters), bytes(tag::DATA, data)];
    [id(object), data, iv.into_iter().collect()].concat()
}

/// What stands in the header of a client that shows a user name and a password.
pub fn credential(user: &str, password: &str) -> Item {
    let value = vec![text(tag::USERNAME, user), text(tag::PASSWORD, password)];
    let credential = vec![enumeration(tag::CREDENTIAL_TYPE, 1), structure(tag::CREDENTIAL_VALUE, value)];
    structure(tag::AUTHENTICATION, vec![structure(tag::CREDENTIAL, credential)])
}
