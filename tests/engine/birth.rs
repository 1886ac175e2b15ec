//! What a request asks for when an object is made is what the object becomes, or the request is refused.

use super::objects::*;
use super::world::{Bench, principal};
use keystead::engine::rights::policy::Principal;
use kmip_codec::attribute;
use kmip_codec::attributes::*;
use kmip_codec::enums::*;
use kmip_codec::objects::{KeyBlock, ManagedObject, SymmetricKey};
use kmip_codec::payloads::*;
use kmip_codec::version::{V1_4, V2_1};

fn bench() -> (Bench, Principal) {
    (Bench::new(1), principal("owner", &[]))
}

/// An AES key that was made elsewhere.
pub fn sent(more: &[Attribute]) -> RegisterRequest {
    let key_block = KeyBlock {
        cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
        cryptographic_length: Some(128),
        ..bytes_block(KeyFormatType::Raw, &[7; 16])
    };
    let mut attributes = vec![Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt)];
    attributes.extend_from_slice(more);
    RegisterRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: attributes.into_iter().collect::<Attributes>().into(),
        object: ManagedObject::SymmetricKey(SymmetricKey { key_block }),
        ..RegisterRequest::default()
    }
}

/// A new key came with a thousand uses of which the total allows one: the count of the request was believed (4.59).
#[test]
fn the_count_of_new_usage_limits_is_their_total() {
    let (mut bench, who) = bench();
    let limits = UsageLimits { total: 1, count: Some(1000), unit: UsageLimitsUnit::Object };
    let limits = [Attribute::UsageLimits(limits)];
    let made = create(&mut bench, &who, &limits);
    let taken_in = text(&bench.ask(&who, V1_4, sent(&limits)).unwrap().unique_identifier);
    for id in [made, taken_in] {
        let attributes = attributes_of(&mut bench, &who, &id);
        assert_eq!(attribute!(attributes, UsageLimits).next().unwrap().count, Some(1));
    }
}

/// What an administrator gives to new objects are limits as well, and they start full.
#[test]
fn usage_limits_by_default_start_full() {
    let (mut bench, who) = bench();
    let admin = Principal { admin: true, ..who.clone() };
    let limits = UsageLimits { total: 5, count: None, unit: UsageLimitsUnit::Object };
    let defaults = ObjectDefaults {
        object_type: Some(ObjectType::SymmetricKey),
        attributes: AttributeList([Attribute::UsageLimits(limits)].into()),
        ..ObjectDefaults::default()
    };
    let defaults_information = Some(DefaultsInformation { defaults: vec![defaults] });
    bench.ask(&admin, V2_1, SetDefaultsRequest { defaults_information }).unwrap();
    let id = create(&mut bench, &who, &[]);
    let attributes = attributes_of(&mut bench, &who, &id);
    assert_eq!(attribute!(attributes, UsageLimits).next().unwrap().count, Some(5));
}
