//! Cryptography with managed keys: what may be used, how often, by whom; and that parts come to the same as the whole.

mod limits;
mod modes;
mod pairs;
mod references;
mod weakness;

use super::objects::{bytes_block, text};
use super::world::{Bench, granted, principal};
use keystead_engine::rights::principal::Principal;
use kmip_codec::attributes::*;
use kmip_codec::enums::*;
use kmip_codec::objects::{ManagedObject, SecretData, SymmetricKey};
use kmip_codec::payloads::*;
use kmip_codec::value::{Data, DateTime};
use kmip_codec::version::{V1_4, V2_1};

/// Every use that a key can be meant for in these tests.
pub fn every_use() -> CryptographicUsageMask {
    use CryptographicUsageMask as Mask;
    Mask::Encrypt | Mask::Decrypt | Mask::Sign | Mask::Verify | Mask::MACGenerate | Mask::MACVerify
}

/// Registers an object, Active, for every use.
fn active(bench: &mut Bench, who: &Principal, object: ManagedObject, more: &[Attribute]) -> String {
    let mut attributes = vec![
        Attribute::CryptographicUsageMask(every_use()),
        Attribute::ActivationDate(DateTime(bench.now - 1)),
    ];
    attributes.retain(|attribute| more.iter().all(|more| more.reference() != attribute.reference()));
    attributes.extend_from_slice(more);
    let request = RegisterRequest {
        object_type: object.object_type(),
        attributes: attributes.into_iter().collect::<Attributes>().into(),
        object,
        ..RegisterRequest::default()
    };
    text(&bench.ask(who, V2_1, request).unwrap().unique_identifier)
}

/// A symmetric key of these bytes.
fn symmetric(
    bench: &mut Bench,
    who: &Principal,
    algorithm: CryptographicAlgorithm,
    key: &[u8],
    more: &[Attribute],
) -> String {
    let mut key_block = bytes_block(KeyFormatType::Raw, key);
    key_block.cryptographic_algorithm = Some(algorithm);
    key_block.cryptographic_length = i32::try_from(key.len() * 8).ok();
    active(bench, who, ManagedObject::SymmetricKey(SymmetricKey { key_block }), more)
}

fn bytes(data: &[u8]) -> Option<Data> {
    Some(Data::Bytes(data.into()))
}

fn plain(data: Option<Data>) -> Vec<u8> {
    match data {
        Some(Data::Bytes(bytes)) => bytes.expose().to_vec(),
        None => Vec::new(),
        Some(_) => panic!("a reference"),
    }
}

pub fn mode(mode: BlockCipherMode) -> CryptographicParameters {
    CryptographicParameters { block_cipher_mode: Some(mode), ..CryptographicParameters::default() }
}

fn encrypt(id: &str, parameters: CryptographicParameters, data: &[u8]) -> EncryptRequest {
    EncryptRequest {
        unique_identifier: Some(id.into()),
        cryptographic_parameters: Some(parameters),
        data: bytes(data),
        ..EncryptRequest::default()
    }
}
