//! Every row of the table of attributes, tried on objects of every type in every version: what a client may add, modify,
//! delete and set is what the row says, no more and no less.

use super::objects::*;
use super::world::{Bench, principal};
use keystead_engine::rights::principal::Principal;
use kmip_codec::attributes::*;
use kmip_codec::enums::*;
use kmip_codec::item::ItemValue;
use kmip_codec::message::{RequestItem, RequestMessage};
use kmip_codec::objects::*;
use kmip_codec::operations::{Call as _, Operation, Request};
use kmip_codec::payloads::*;
use kmip_codec::value::{DateTime, Interval};
use kmip_codec::version::{V2_0, V2_1, VERSIONS};
use kmip_codec::{Tag, Version, attribute, for_each_attribute};

macro_rules! defaults {
    ($($(#[doc = $doc:literal])* $row:ident($ty:ty), $name:literal, $count:ident, $set_by:ident, $modify:ident,
       $delete:ident, $objects:ident, in $range:expr;)*) => {
        fn default_of(tag: Tag) -> Attribute {
            match tag {
                $(Tag::$row => Attribute::$row(Default::default()),)*
                other => panic!("{other} has no row"),
            }
        }
    };
}
for_each_attribute!(defaults);

/// A value of a row that a client could mean; another for each number.
fn value(tag: Tag, number: u8) -> Attribute {
    let (text, later) = (format!("value {number}"), DateTime(2_000_000_000 + i64::from(number)));
    let bits = i32::from(number) * 8;
    match default_of(tag) {
        Attribute::Name(_) => Attribute::Name(Name { value: text, kind: NameType::UninterpretedTextString }),
        Attribute::ObjectGroup(_) => Attribute::ObjectGroup(text),
        Attribute::ContactInformation(_) => Attribute::ContactInformation(text),
        Attribute::Link(_) => {
            Attribute::Link(Link { kind: LinkType::ParentLink, linked: text.as_str().into() })
        }
        Attribute::AlternativeName(_) => {
            let kind = AlternativeNameType::UninterpretedTextString;
            Attribute::AlternativeName(AlternativeName { value: text, kind })
        }
        Attribute::KeyValueLocation(_) => {
            let kind = KeyValueLocationType::UninterpretedTextString;
            Attribute::KeyValueLocation(KeyValueLocation { value: text, kind })
        }
        Attribute::ApplicationSpecificInformation(_) => {
            let information = ApplicationSpecificInformation { namespace: "tests".into(), data: Some(text) };
            Attribute::ApplicationSpecificInformation(information)
        }
        Attribute::CryptographicParameters(given) => {
            Attribute::CryptographicParameters(CryptographicParameters { iv_length: Some(bits), ..given })
        }
        Attribute::UsageLimits(_) => {
            let limits = UsageLimits { total: i64::from(bits), count: None, unit: UsageLimitsUnit::Byte };
            Attribute::UsageLimits(limits)
        }
        Attribute::NISTKeyType(_) => Attribute::NISTKeyType(NISTKeyType(number.into())),
        Attribute::RotateInterval(_) => Attribute::RotateInterval(Interval(u32::from(number))),
        Attribute::ActivationDate(_) => Attribute::ActivationDate(later),
        Attribute::DeactivationDate(_) => Attribute::DeactivationDate(later),
        Attribute::ProcessStartDate(_) => Attribute::ProcessStartDate(later),
        Attribute::ProtectStopDate(_) => Attribute::ProtectStopDate(later),
        Attribute::Extractable(_) => Attribute::Extractable(true),
        Attribute::ProtectionLevel(_) => Attribute::ProtectionLevel(ProtectionLevel::High),
        other => other,
    }
}

/// What becomes of a change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    Done,
    ReadOnly,
    SingleValued,
    NotFor,
    Absent,
}

impl Fate {
    /// The reasons that say so; in 1.x the operations have them of their own.
    fn reasons(self, version: Version, operation: Operation) -> &'static [ResultReason] {
        use ResultReason as Reason;
        match (self, version < V2_0, operation) {
            (Self::Done, ..) => &[],
            (Self::ReadOnly, true, _) => &[Reason::PermissionDenied],
            (Self::ReadOnly, false, _) => &[Reason::AttributeReadOnly, Reason::ReadOnlyAttribute],
            (Self::SingleValued, false, _) => &[Reason::AttributeSingleValued],
            (Self::SingleValued, true, Operation::AddAttribute) => &[Reason::IllegalOperation],
            (Self::NotFor, true, Operation::AddAttribute) => &[Reason::PermissionDenied],
            (Self::NotFor, false, Operation::SetAttribute) => &[Reason::InvalidField],
            (Self::NotFor, false, _) => &[Reason::InvalidAttribute],
            (Self::Absent, true, Operation::ModifyAttribute) => &[Reason::InvalidField],
            (Self::SingleValued | Self::NotFor, true, _) => &[Reason::InvalidField],
            (Self::Absent, true, _) => &[Reason::ItemNotFound],
            (Self::Absent, false, _) => {
                &[Reason::AttributeNotFound, Reason::ItemNotFound, Reason::InvalidAttribute]
            }
        }
    }
}

fn applies(row: &AttributeRow, kind: ObjectType) -> bool {
    row.objects.is_empty() || row.objects.contains(&kind)
}

fn added(row: &AttributeRow, kind: ObjectType, held: bool) -> Fate {
    match () {
        () if row.set_by == SetBy::Server => Fate::ReadOnly,
        () if row.count == Count::One && held => Fate::SingleValued,
        () if !applies(row, kind) => Fate::NotFor,
        () => Fate::Done,
    }
}

fn modified(row: &AttributeRow, held: bool) -> Fate {
    match (row.modifiable, held) {
        (false, _) => Fate::ReadOnly,
        (true, true) => Fate::Done,
        (true, false) => Fate::Absent,
    }
}

fn deleted(row: &AttributeRow, held: bool) -> Fate {
    match (row.deletable, held) {
        (false, _) => Fate::ReadOnly,
        (true, true) => Fate::Done,
        (true, false) => Fate::Absent,
    }
}

fn add(id: &str, attribute: Attribute) -> Request {
    let attribute = attribute.into();
    AddAttributeRequest { unique_identifier: Some(id.into()), attribute }.into_request()
}

fn modify(id: &str, row: &AttributeRow, version: Version) -> Request {
    let named = version >= V2_0 && row.count == Count::Many;
    let attribute = value(row.tag, 3).into();
    let current = named.then(|| value(row.tag, 1).into());
    ModifyAttributeRequest { unique_identifier: Some(id.into()), attribute, current }.into_request()
}

fn delete(id: &str, tag: Tag, version: Version) -> Request {
    let named = Some(AttributeReference::Tag(tag));
    let empty = DeleteAttributeRequest { unique_identifier: Some(id.into()), ..Default::default() };
    if version < V2_0 {
        DeleteAttributeRequest { name: named, ..empty }.into_request()
    } else {
        DeleteAttributeRequest { reference: named, ..empty }.into_request()
    }
}

/// The fates of requests in one batch that is not committed.
fn check(
    bench: &mut Bench,
    who: &Principal,
    version: Version,
    tries: Vec<(&str, Request, Fate)>,
    what: &str,
) {
    let (mut items, mut fates) = (Vec::new(), Vec::new());
    for (name, request, fate) in tries {
        items.push(RequestItem::from(request));
        fates.push((name, fate));
    }
    let mut message = RequestMessage::new(version, items);
    message.header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Continue);
    let outcome = bench.decide(who, &message);
    for (item, (name, fate)) in outcome.response.items.iter().zip(fates) {
        let failed = item.result_status != ResultStatus::Success;
        let reason = item.result_reason.filter(|_| failed);
        let wanted = fate.reasons(version, item.operation.unwrap());
        let right = reason.map_or(wanted.is_empty(), |reason| wanted.contains(&reason));
        assert!(right, "{name} {what}: {fate:?} is wanted, and it is {reason:?}: {:?}", item.result_message);
    }
}

/// Pre-Active objects of every type.
fn objects(bench: &mut Bench, who: &Principal) -> Vec<(ObjectType, String)> {
    let mut objects: Vec<_> = TYPES.into_iter().map(|kind| (kind, make(bench, who, kind))).collect();
    let aes = |bytes: &[u8]| KeyBlock {
        cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
        cryptographic_length: Some(128),
        ..bytes_block(KeyFormatType::Raw, bytes)
    };
    let made = rcgen::generate_simple_self_signed(vec!["volume.example".to_owned()]).unwrap();
    let certificate =
        Certificate { certificate_type: CertificateType::X_509, value: made.cert.der().to_vec().into() };
    let part = SplitKey {
        parts: 3,
        part_identifier: 1,
        threshold: 3,
        method: SplitKeyMethod::XOR,
        prime_field_size: None,
        key_block: aes(&[7; 16]),
    };
    let others = [
        ManagedObject::Certificate(certificate),
        ManagedObject::SplitKey(part),
        ManagedObject::PGPKey(PGPKey { version: 4, key_block: aes(&[7; 16]) }),
    ];
    for object in others {
        let object_type = object.object_type();
        let request = RegisterRequest { object_type, object, ..RegisterRequest::default() };
        objects.push((object_type, text(&bench.ask(who, V2_1, request).unwrap().unique_identifier)));
    }
    objects
}

#[test]
fn clients_may_do_what_the_rows_say() {
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    let mut tried = 0;
    for (kind, id) in objects(&mut bench, &who) {
        let attributes = attributes_of(&mut bench, &who, &id);
        let old = GetAttributesRequest { unique_identifier: Some(id.as_str().into()), ..Default::default() };
        let old = bench.ask(&who, kmip_codec::version::V1_4, old).unwrap().attributes.unwrap().0;
        for row in ATTRIBUTE_ROWS {
            let held = attributes.iter().chain(old.iter()).any(|attribute| attribute.tag() == row.tag);
            for version in VERSIONS.into_iter().filter(|version| (row.is_in)(*version)) {
                let what = format!("{} of a {kind:?} in {version}", row.name);
                let first = added(row, kind, held);
                let then = held || first == Fate::Done;
                let tries = vec![
                    ("Add", add(&id, value(row.tag, 1)), first),
                    ("Add again", add(&id, value(row.tag, 2)), added(row, kind, then)),
                    ("Modify", modify(&id, row, version), modified(row, then)),
                    ("Delete", delete(&id, row.tag, version), deleted(row, then)),
                ];
                check(&mut bench, &who, version, tries, &what);
                if version >= V2_0 {
                    let attribute = value(row.tag, 1).into();
                    let set = SetAttributeRequest { unique_identifier: Some(id.as_str().into()), attribute };
                    let fate = if held { modified(row, true) } else { added(row, kind, false) };
                    check(&mut bench, &who, version, vec![("Set", set.into_request(), fate)], &what);
                }
                tried += 1;
            }
        }
    }
    assert!(tried > 3000, "{tried}");
}

/// What a key may be registered with: what clients set first, where the type has it.
#[test]
fn keys_are_born_with_what_clients_may_give() {
    /// What says what the object is: it must be so, whoever says it.
    const WHAT_IT_IS: &[Tag] = &[
        Tag::CryptographicAlgorithm,
        Tag::CryptographicLength,
        Tag::ObjectType,
        Tag::CertificateType,
        Tag::KeyFormatType,
        Tag::OpaqueDataType,
        Tag::CryptographicUsageMask,
    ];
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    for row in ATTRIBUTE_ROWS.iter().filter(|row| !WHAT_IT_IS.contains(&row.tag)) {
        for version in VERSIONS.into_iter().filter(|version| (row.is_in)(*version)) {
            let usage = Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt);
            let key_block = KeyBlock {
                cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
                cryptographic_length: Some(128),
                ..bytes_block(KeyFormatType::Raw, &[7; 16])
            };
            let request = RegisterRequest {
                object_type: ObjectType::SymmetricKey,
                attributes: [usage, value(row.tag, 1)].into(),
                object: ManagedObject::SymmetricKey(SymmetricKey { key_block }),
                ..RegisterRequest::default()
            };
            let fate = added(row, ObjectType::SymmetricKey, false);
            check(&mut bench, &who, version, vec![("Register", request.into_request(), fate)], row.name);
        }
    }
}

/// The dates between which a key works are fixed once they have come (KMIP 2.1, 4.40 and 4.41).
#[test]
fn dates_that_have_come_are_fixed() {
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    let soon = DateTime(bench.now + 10);
    let dates = [Attribute::ProcessStartDate(soon), Attribute::ProtectStopDate(soon)];
    let id = create(&mut bench, &who, &dates);
    for (wait, fine) in [(9, true), (1, false)] {
        bench.now += wait;
        for date in &dates {
            for version in [kmip_codec::version::V1_0, V2_1] {
                let request = ModifyAttributeRequest {
                    unique_identifier: Some(id.as_str().into()),
                    attribute: date.clone().into(),
                    current: None,
                };
                let done = bench.ask(&who, version, request);
                let reason = if version < V2_0 {
                    ResultReason::PermissionDenied
                } else {
                    ResultReason::WrongKeyLifecycleState
                };
                assert_eq!(done.err(), (!fine).then_some(reason), "{date:?} in {version}");
            }
        }
    }
}

/// An attribute of one value is given once (KMIP 2.1, 6.1.43.1).
#[test]
fn a_request_gives_single_values_once() {
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    let comment = |text: &str| Attribute::Comment(text.into());
    let twice = aes(&[comment("one"), comment("two")]);
    assert_eq!(bench.ask(&who, V2_1, twice.clone()).unwrap_err(), ResultReason::AttributeSingleValued);
    assert_eq!(bench.ask(&who, kmip_codec::version::V1_4, twice).unwrap_err(), ResultReason::InvalidField);
    let groups = [Attribute::ObjectGroup("one".into()), Attribute::ObjectGroup("two".into())];
    bench.ask(&who, V2_1, aes(&groups)).unwrap();
}

/// Uses of 2.x are seen in 1.x, and asked for there in the same words; stores that 1.x does not have are looked for in vain, and
/// hide none of those that it has.
#[test]
fn bits_of_later_versions_are_answered_and_asked_for_in_every_version() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let mask = CryptographicUsageMask::Encrypt | CryptographicUsageMask::Authenticate;
    let id = create(&mut bench, &ann, &[Attribute::CryptographicUsageMask(mask)]);
    let gone = create(&mut bench, &ann, &[]);
    bench.ask(&ann, V2_1, destroy(&gone)).unwrap();
    for version in VERSIONS {
        let filter = AttributeFilter([Attribute::CryptographicUsageMask(mask)].into());
        let locate = LocateRequest { attributes: Some(filter), ..LocateRequest::default() };
        assert_eq!(bench.ask(&ann, version, locate).unwrap().unique_identifiers, [id.as_str().into()]);
        let check = CheckRequest {
            unique_identifier: Some(id.as_str().into()),
            cryptographic_usage_mask: Some(mask),
            ..CheckRequest::default()
        };
        assert!(bench.ask(&ann, version, check).unwrap().unique_identifier.is_some(), "{version}");
        let mut found = |mask| {
            let storage_status_mask = Some(StorageStatusMask(mask));
            let locate = LocateRequest { storage_status_mask, ..LocateRequest::default() };
            bench.ask(&ann, version, locate).unwrap().unique_identifiers.len()
        };
        let all = if version < V2_0 { 1 } else { 2 };
        assert_eq!([found(1), found(3), found(9), found(7), found(-1)], [1, 1, 1, all, all], "{version}");
        assert_eq!([found(2), found(4)], [0, 1], "{version}");
    }
}

/// A mask that is counted up from none ends where its bits end.
#[test]
fn a_mask_is_not_adjusted_to_bits_that_nothing_defines() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let id = make(&mut bench, &ann, ObjectType::OpaqueObject);
    let mut adjust = |adjustment_type, by: i32| {
        let request = AdjustAttributeRequest {
            unique_identifier: Some(id.as_str().into()),
            reference: AttributeReference::Tag(Tag::CryptographicUsageMask),
            adjustment_type,
            adjustment_value: Some(ItemValue::Integer(by)),
        };
        let message = RequestMessage::new(V2_1, vec![RequestItem::from(request.into_request())]);
        bench.run(&ann, &message).remove(0).result_message
    };
    let (up, down) = (AdjustmentType::Increment, AdjustmentType::Decrement);
    for (adjustment, by, bits) in [
        (up, 0x0100_0000, "0x01000000"),
        (up, 0x7fff_ffff, "0x7f000000"),
        (down, 1, "0xff000000"),
        (down, 0x4000_0000, "0xc0000000"),
    ] {
        let told = adjust(adjustment, by).unwrap();
        assert!(
            told.contains(bits) && told.contains("expected bits of 0x00ffffff"),
            "{adjustment:?} {by}: {told}"
        );
    }
    assert_eq!(adjust(up, 12), None);
    let attributes = attributes_of(&mut bench, &ann, &id);
    let both = CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt;
    assert_eq!(attribute!(attributes, CryptographicUsageMask).next(), Some(&both));
}
