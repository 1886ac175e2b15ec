//! What a request asks for when an object is made is what the object becomes, or the request is refused.

mod formats;
mod pairs;

use super::objects::*;
use super::world::{Bench, principal};
use keystead_engine::rights::principal::Principal;
use kmip_codec::attributes::*;
use kmip_codec::enums::*;
use kmip_codec::item::ItemValue;
use kmip_codec::objects::{KeyBlock, ManagedObject, SymmetricKey};
use kmip_codec::payloads::*;
use kmip_codec::value::DateTime;
use kmip_codec::version::{V1_4, V2_0, V2_1};
use kmip_codec::{Tag, Version, attribute};
use pairs::{algorithm, halves};

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

/// An attribute of vendor y given with a new object was taken; adding it was refused (4.60).
#[test]
fn vendors_attributes_are_checked_at_birth() {
    let (mut bench, who) = bench();
    let of = |vendor: &str| {
        let value = Some(ItemValue::TextString("anything".into()));
        Attribute::Vendor(VendorAttribute { vendor: vendor.into(), name: "tag".into(), value })
    };
    for version in [V1_4, V2_1] {
        let made = bench.ask(&who, version, aes(&[of("y")])).map(drop);
        let reason =
            if version < V2_0 { ResultReason::PermissionDenied } else { ResultReason::AttributeReadOnly };
        assert_eq!(made, Err(reason));
        assert_eq!(bench.ask(&who, version, sent(&[of("y")])).map(drop), Err(reason));
    }
    let id = create(&mut bench, &who, &[of("Example_1.com")]);
    for vendor in ["bad vendor!", "a b!", "", "größe"] {
        let made = bench.ask(&who, V2_1, aes(&[of(vendor)])).map(drop);
        assert_eq!(made, Err(wrong_value(V2_1)), "{vendor:?}");
        let attribute = of(vendor).into();
        let add = AddAttributeRequest { unique_identifier: Some(id.as_str().into()), attribute };
        assert_eq!(bench.ask(&who, V2_1, add).map(drop), Err(ResultReason::InvalidField), "{vendor:?}");
    }
}

/// Data were left to the server to make up, for a namespace that it does not know, and it took that for data (4.4).
#[test]
fn application_data_are_not_left_to_the_server() {
    let (mut bench, who) = bench();
    let of = |data: Option<&str>| {
        let data = data.map(str::to_owned);
        let information = ApplicationSpecificInformation { namespace: "ssl".into(), data };
        Attribute::ApplicationSpecificInformation(information)
    };
    let refused = Err(ResultReason::ApplicationNamespaceNotSupported);
    let id = create(&mut bench, &who, &[of(Some("www.example.com"))]);
    for version in [V1_4, V2_1] {
        assert_eq!(bench.ask(&who, version, aes(&[of(None)])).map(drop), refused);
        assert_eq!(bench.ask(&who, version, sent(&[of(None)])).map(drop), refused);
        let (unique_identifier, attribute) = (Some(id.as_str().into()), of(None).into());
        let add = AddAttributeRequest { unique_identifier, attribute };
        assert_eq!(bench.ask(&who, version, add.clone()).map(drop), refused);
        let AddAttributeRequest { unique_identifier, attribute } = add;
        let modify = ModifyAttributeRequest { unique_identifier, attribute, current: None };
        assert_eq!(bench.ask(&who, version, modify).map(drop), refused);
    }
    let set = SetAttributeRequest { unique_identifier: Some(id.into()), attribute: of(None).into() };
    assert_eq!(bench.ask(&who, V2_1, set).map(drop), refused);
}

/// The reason for the value of an attribute of a new object.
fn wrong_value(version: Version) -> ResultReason {
    if version < V2_0 { ResultReason::InvalidField } else { ResultReason::InvalidAttributeValue }
}

/// A key could begin to process before it was Active, and protect after its end (4.40 and 4.41).
#[test]
fn dates_stand_in_their_order() {
    let (mut bench, who) = bench();
    let at = |seconds: i64| DateTime(1_800_000_000 + seconds);
    let pairs = [
        [Attribute::ActivationDate(at(10)), Attribute::ProcessStartDate(at(9))],
        [Attribute::DeactivationDate(at(10)), Attribute::ProtectStopDate(at(11))],
    ];
    for version in [V1_4, V2_1] {
        for [first, second] in &pairs {
            let both = [first.clone(), second.clone()];
            let wrong = Err(wrong_value(version));
            assert_eq!(bench.ask(&who, version, aes(&both)).map(drop), wrong);
            assert_eq!(bench.ask(&who, version, sent(&both)).map(drop), wrong);
            for [held, added] in [[first, second], [second, first]] {
                let id = create(&mut bench, &who, std::slice::from_ref(held));
                let add = AddAttributeRequest {
                    unique_identifier: Some(id.as_str().into()),
                    attribute: added.clone().into(),
                };
                assert_eq!(bench.ask(&who, version, add).map(drop), Err(ResultReason::InvalidField));
            }
        }
    }
    let fine = [
        Attribute::ActivationDate(at(10)),
        Attribute::ProcessStartDate(at(10)),
        Attribute::ProtectStopDate(at(20)),
        Attribute::DeactivationDate(at(20)),
    ];
    let id = create(&mut bench, &who, &fine);
    let later = Attribute::ActivationDate(at(11)).into();
    let modify = ModifyAttributeRequest {
        unique_identifier: Some(id.as_str().into()),
        attribute: later,
        current: None,
    };
    assert_eq!(bench.ask(&who, V2_1, modify).map(drop), Err(ResultReason::InvalidField));
    let sooner = Attribute::DeactivationDate(at(19)).into();
    let set = SetAttributeRequest { unique_identifier: Some(id.as_str().into()), attribute: sooner };
    assert_eq!(bench.ask(&who, V2_1, set).map(drop), Err(ResultReason::InvalidAttributeValue));
    let adjust = AdjustAttributeRequest {
        unique_identifier: Some(id.into()),
        reference: AttributeReference::Tag(Tag::ProtectStopDate),
        adjustment_type: AdjustmentType::Increment,
        adjustment_value: None,
    };
    assert_eq!(bench.ask(&who, V2_1, adjust).map(drop), Err(ResultReason::InvalidField));
}

/// What the server itself does to the dates stands in nobody's way: a key may be activated after its Process Start Date,
/// ended before its Protect Stop Date, and then replaced.
#[test]
fn activation_end_and_replacement_go_on_whatever_the_dates() {
    let (mut bench, who) = bench();
    let (start, stop) = (DateTime(bench.now + 10), DateTime(bench.now + 1000));
    let id =
        create(&mut bench, &who, &[Attribute::ProcessStartDate(start), Attribute::ProtectStopDate(stop)]);
    bench.now += 100;
    bench.ask(&who, V2_1, activate(&id)).unwrap();
    bench.ask(&who, V2_1, revoke(&id, RevocationReasonCode::CessationOfOperation)).unwrap();
    let again = ReKeyRequest { unique_identifier: Some(id.into()), ..ReKeyRequest::default() };
    bench.ask(&who, V2_1, again).unwrap();
}

/// It had eight bytes (4.56).
#[test]
fn short_unique_identifiers_are_whole_digests() {
    let (mut bench, who) = bench();
    let id = create(&mut bench, &who, &[]);
    let attributes = attributes_of(&mut bench, &who, &id);
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, id.as_bytes());
    assert_eq!(attribute!(attributes, ShortUniqueIdentifier).next().unwrap().as_ref(), digest.as_ref());
}

/// The date stayed when the object had come back (4.5).
#[test]
fn the_archive_date_goes_with_the_archive() {
    let (mut bench, who) = bench();
    let id = create(&mut bench, &who, &[]);
    let unique_identifier = Some(id.as_str().into());
    bench.ask(&who, V2_1, ArchiveRequest { unique_identifier: unique_identifier.clone() }).unwrap();
    let date = |bench: &mut Bench| attribute!(attributes_of(bench, &who, &id), ArchiveDate).next().is_some();
    assert!(date(&mut bench));
    bench.ask(&who, V2_1, RecoverRequest { unique_identifier }).unwrap();
    assert!(!date(&mut bench));
}

fn masks(masks: &[ProtectionStorageMask]) -> Option<ProtectionStorageMasks> {
    Some(ProtectionStorageMasks { masks: masks.to_vec() })
}

/// Storage in hardware was asked for and not even read (7.33).
#[test]
fn keys_are_stored_as_asked_or_not_made() {
    use ProtectionStorageMask as Mask;
    let (mut bench, who) = bench();
    let hardware = [Mask::Hardware];
    let validated = [Mask::Software | Mask::Validated];
    let either = [Mask::Hardware, Mask::Software];
    let tries = [(&hardware[..], false), (&validated[..], false), (&either[..], true), (&[], true)];
    for (wanted, fine) in tries {
        let id = create(&mut bench, &who, &[]);
        let (protection_storage_masks, refused) =
            (masks(wanted), Err(ResultReason::ProtectionStorageUnavailable));
        let outcome = if fine { Ok(()) } else { refused };
        let request =
            CreateRequest { protection_storage_masks: protection_storage_masks.clone(), ..aes(&[]) };
        assert_eq!(bench.ask(&who, V2_1, request).map(drop), outcome, "{wanted:?}");
        let request =
            RegisterRequest { protection_storage_masks: protection_storage_masks.clone(), ..sent(&[]) };
        assert_eq!(bench.ask(&who, V2_1, request).map(drop), outcome, "{wanted:?}");
        let parts = CreateSplitKeyRequest {
            object_type: ObjectType::SplitKey,
            parts: 2,
            threshold: 2,
            method: SplitKeyMethod::XOR,
            attributes: aes(&[]).attributes,
            protection_storage_masks: protection_storage_masks.clone(),
            ..CreateSplitKeyRequest::default()
        };
        assert_eq!(bench.ask(&who, V2_1, parts).map(drop), outcome, "{wanted:?}");
        let unique_identifier = Some(id.as_str().into());
        let again = ReKeyRequest { unique_identifier, protection_storage_masks, ..ReKeyRequest::default() };
        assert_eq!(bench.ask(&who, V2_1, again).map(drop), outcome, "{wanted:?}");
    }
}

#[test]
fn each_half_of_a_pair_is_stored_as_asked() {
    use ProtectionStorageMask as Mask;
    let (mut bench, who) = bench();
    let (hardware, software) = (masks(&[Mask::Hardware]), masks(&[Mask::Software]));
    let (private, public) =
        (ResultReason::PrivateProtectionStorageUnavailable, ResultReason::PublicProtectionStorageUnavailable);
    let tries = [
        (hardware.clone(), None, None, Err(private)),
        (hardware.clone(), software.clone(), None, Err(public)),
        (hardware.clone(), software.clone(), software.clone(), Ok(())),
        (None, hardware.clone(), None, Err(private)),
        (software, None, hardware, Err(public)),
    ];
    let old = pair(&mut bench, &who).0;
    for (common, private, public, outcome) in tries {
        let request = CreateKeyPairRequest {
            common_protection_storage_masks: common.clone(),
            private_protection_storage_masks: private.clone(),
            public_protection_storage_masks: public.clone(),
            ..halves(&[algorithm(CryptographicAlgorithm::EC)], &[], &[])
        };
        assert_eq!(bench.ask(&who, V2_1, request).map(drop), outcome);
        let request = ReKeyKeyPairRequest {
            private_key: Some(old.as_str().into()),
            common_protection_storage_masks: common,
            private_protection_storage_masks: private,
            public_protection_storage_masks: public,
            ..ReKeyKeyPairRequest::default()
        };
        assert_eq!(bench.ask(&who, V2_1, request).map(drop), outcome);
    }
}
