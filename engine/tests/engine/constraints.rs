//! What administrators set for all new objects: constraints and defaults; and attributes that are adjusted.

use super::objects::*;
use super::world::{Bench, principal};
use keystead_engine::rights::principal::Principal;
use kmip_codec::attributes::*;
use kmip_codec::enums::*;
use kmip_codec::item::ItemValue;
use kmip_codec::payloads::*;
use kmip_codec::value::{DateTime, Interval};
use kmip_codec::version::{V1_4, V2_1};
use kmip_codec::{Tag, attribute};

fn admin() -> Principal {
    Principal { admin: true, ..principal("admin", &[]) }
}

fn list<const N: usize>(attributes: [Attribute; N]) -> AttributeList {
    AttributeList(attributes.into())
}

fn groups(names: &[&str]) -> Option<ObjectGroups> {
    let object_groups = names.iter().map(|name| (*name).to_owned()).collect();
    (!names.is_empty()).then_some(ObjectGroups { object_groups })
}

/// Symmetric keys of these groups, or of all, must be of AES with this length.
fn aes_of(bits: i32, names: &[&str]) -> Constraint {
    Constraint {
        object_types: Some(ObjectTypes { object_types: vec![ObjectType::SymmetricKey] }),
        object_groups: groups(names),
        attributes: Some(list([
            Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
            Attribute::CryptographicLength(bits),
        ])),
    }
}

fn set(constraints: Vec<Constraint>) -> SetConstraintsRequest {
    SetConstraintsRequest { constraints: Some(Constraints { constraints }) }
}

fn of_length(bits: i32, more: &[Attribute]) -> CreateRequest {
    aes(&[&[Attribute::CryptographicLength(bits)], more].concat())
}

#[test]
fn constraints_hold_for_every_new_object_until_they_are_taken_away() {
    let (mut bench, admin, who) = (Bench::new(1), admin(), principal("owner", &[]));
    let all = vec![aes_of(256, &["Group1"]), aes_of(192, &[])];
    bench.ask(&admin, V2_1, set(all.clone())).unwrap();
    let told = bench.ask(&who, V2_1, GetConstraintsRequest {}).unwrap();
    assert_eq!(told.constraints.constraints, all);
    let in_group = [Attribute::ObjectGroup("Group1".into())];
    for (bits, more, allowed) in
        [(192, &[][..], true), (256, &[], false), (256, &in_group, true), (192, &in_group, false)]
    {
        let made = bench.ask(&who, V2_1, of_length(bits, more));
        assert_eq!(made.is_ok(), allowed, "{bits} bits, {more:?}");
        if let Err(reason) = made {
            assert_eq!(reason, ResultReason::ConstraintViolation);
            let old = bench.ask(&who, V1_4, of_length(bits, more)).unwrap_err();
            assert_eq!(old, ResultReason::InvalidField);
        }
    }
    make(&mut bench, &who, ObjectType::SecretData);
    pair(&mut bench, &who);
    let id = text(&bench.ask(&who, V2_1, of_length(192, &[])).unwrap().unique_identifier);
    bench.ask(&admin, V2_1, set(vec![aes_of(128, &[]), aes_of(256, &[])])).unwrap();
    let renewed = ReKeyRequest { unique_identifier: Some(id.as_str().into()), ..ReKeyRequest::default() };
    assert_eq!(bench.ask(&who, V2_1, renewed).unwrap_err(), ResultReason::ConstraintViolation);
    assert!(bench.ask(&who, V2_1, of_length(128, &[])).is_ok(), "one of the two is enough");
    assert!(bench.ask(&who, V2_1, of_length(256, &[])).is_ok());
    bench.ask(&admin, V2_1, SetConstraintsRequest::default()).unwrap();
    assert!(bench.ask(&who, V2_1, of_length(192, &[])).is_ok());
    let told = bench.ask(&who, V2_1, GetConstraintsRequest {}).unwrap();
    assert_eq!(told.constraints, Constraints::default());
}

#[test]
fn only_administrators_set_what_holds_for_all() {
    let (mut bench, who) = (Bench::new(2), principal("owner", &[]));
    let refused = bench.ask(&who, V2_1, set(vec![aes_of(256, &[])])).unwrap_err();
    assert_eq!(refused, ResultReason::PermissionDenied);
    let away = bench.ask(&who, V2_1, SetConstraintsRequest::default()).unwrap_err();
    assert_eq!(away, ResultReason::PermissionDenied, "nor take it away");
    let refused = bench.ask(&who, V2_1, SetDefaultsRequest::default()).unwrap_err();
    assert_eq!(refused, ResultReason::PermissionDenied);
    assert!(bench.ask(&who, V2_1, of_length(192, &[])).is_ok());
    let server_made =
        Constraint { attributes: Some(list([Attribute::State(State::Active)])), ..aes_of(1, &[]) };
    assert!(bench.ask(&admin(), V2_1, set(vec![server_made])).is_err(), "no client could fulfil it");
    assert!(bench.ask(&admin(), V2_1, set(vec![aes_of(256, &[]); 257])).is_err(), "too many");
}

#[test]
fn defaults_fill_what_a_request_leaves_out() {
    let (mut bench, admin, who) = (Bench::new(3), admin(), principal("owner", &[]));
    let of = |bits, names: &[&str]| ObjectDefaults {
        object_type: Some(ObjectType::SymmetricKey),
        object_types: None,
        attributes: list([
            Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
            Attribute::CryptographicLength(bits),
            Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
        ]),
        object_groups: groups(names),
    };
    let defaults = DefaultsInformation { defaults: vec![of(128, &[]), of(192, &["archive"])] };
    let request = SetDefaultsRequest { defaults_information: Some(defaults.clone()) };
    bench.ask(&admin, V2_1, request).unwrap();
    let functions = vec![QueryFunction::QueryDefaultsInformation];
    let query = QueryRequest { functions: functions.clone(), ..QueryRequest::default() };
    assert_eq!(bench.ask(&who, V2_1, query).unwrap().defaults_information, Some(defaults.clone()));
    let query = QueryRequest { functions, object_groups: groups(&["others"]) };
    let unknown = bench.ask(&who, V2_1, query.clone()).unwrap_err();
    assert_eq!(unknown, ResultReason::UnknownObjectGroup);
    create(&mut bench, &admin, &[Attribute::ObjectGroup("others".into())]);
    let foreign = bench.ask(&who, V2_1, query.clone()).unwrap_err();
    assert_eq!(foreign, ResultReason::UnknownObjectGroup, "that somebody else uses it is not told");
    create(&mut bench, &who, &[Attribute::ObjectGroup("others".into())]);
    let told = bench.ask(&who, V2_1, query).unwrap().defaults_information.unwrap();
    assert_eq!(told.defaults, defaults.defaults[..1], "without those of another group");
    let mut ask = |more: Vec<Attribute>| {
        let attributes = more.into_iter().collect::<Attributes>().into();
        let request =
            CreateRequest { object_type: ObjectType::SymmetricKey, attributes, ..CreateRequest::default() };
        let id = text(&bench.ask(&who, V2_1, request)?.unique_identifier);
        let held = attributes_of(&mut bench, &who, &id);
        Ok::<i32, ResultReason>(*attribute!(held, CryptographicLength).next().unwrap())
    };
    assert_eq!(ask(vec![]), Ok(128));
    assert_eq!(ask(vec![Attribute::CryptographicLength(256)]), Ok(256), "the request has the last word");
    assert_eq!(ask(vec![Attribute::ObjectGroup("archive".into())]), Ok(192), "those of a group come first");
    let typeless = ObjectDefaults { object_type: None, ..of(128, &[]) };
    let request =
        SetDefaultsRequest { defaults_information: Some(DefaultsInformation { defaults: vec![typeless] }) };
    assert_eq!(bench.ask(&admin, V2_1, request).unwrap_err(), ResultReason::InvalidField);
    bench.ask(&admin, V2_1, SetDefaultsRequest::default()).unwrap();
    let empty = CreateRequest { object_type: ObjectType::SymmetricKey, ..CreateRequest::default() };
    assert_eq!(bench.ask(&who, V2_1, empty).unwrap_err(), ResultReason::InvalidField);
}

fn vendor(name: &str, value: ItemValue) -> Attribute {
    Attribute::Vendor(VendorAttribute { vendor: "x".into(), name: name.into(), value: Some(value) })
}

fn adjust(
    id: &str,
    reference: AttributeReference,
    adjustment_type: AdjustmentType,
    adjustment_value: Option<ItemValue>,
) -> AdjustAttributeRequest {
    AdjustAttributeRequest {
        unique_identifier: Some(id.into()),
        reference,
        adjustment_type,
        adjustment_value,
    }
}

#[test]
fn attributes_are_counted_and_turned_around() {
    use AdjustmentType as Type;
    use ItemValue as Item;
    let (mut bench, who) = (Bench::new(4), principal("owner", &[]));
    let named = |name: &str| AttributeReference::Vendor { vendor: "x".into(), name: name.into() };
    let big = |bytes: [u8; 8]| Item::BigInteger(bytes.as_slice().into());
    type Row = (Item, Type, Option<Item>, Result<Item, ResultReason>);
    let rows: Vec<Row> = vec![
        (Item::Integer(5), Type::Increment, None, Ok(Item::Integer(6))),
        (Item::Integer(5), Type::Decrement, Some(Item::Integer(7)), Ok(Item::Integer(-2))),
        (Item::Integer(i32::MAX), Type::Increment, None, Err(ResultReason::NumericRange)),
        (Item::Integer(i32::MIN), Type::Negate, None, Err(ResultReason::NumericRange)),
        (Item::LongInteger(5), Type::Negate, None, Ok(Item::LongInteger(-5))),
        (Item::LongInteger(i64::MIN), Type::Decrement, None, Err(ResultReason::NumericRange)),
        (Item::Interval(1), Type::Decrement, Some(Item::Interval(2)), Err(ResultReason::NumericRange)),
        (Item::Interval(1), Type::Negate, None, Err(ResultReason::InvalidDataType)),
        (Item::DateTime(10), Type::Increment, None, Ok(Item::DateTime(11))),
        (Item::Boolean(true), Type::Negate, None, Ok(Item::Boolean(false))),
        (Item::Boolean(true), Type::Increment, None, Err(ResultReason::InvalidDataType)),
        (Item::TextString("5".into()), Type::Increment, None, Err(ResultReason::InvalidDataType)),
        (Item::Integer(5), Type::Increment, Some(Item::Boolean(true)), Err(ResultReason::InvalidDataType)),
    ];
    for (value, how, by, expected) in rows {
        let id = create(&mut bench, &who, &[vendor("count", value.clone())]);
        let what = format!("{how:?} of {value:?} by {by:?}");
        let done = bench.ask(&who, V2_1, adjust(&id, named("count"), how, by));
        let held = attributes_of(&mut bench, &who, &id);
        let now = held.iter().find(|a| a.reference() == named("count")).cloned().unwrap();
        match expected {
            Ok(expected) => assert_eq!((done.is_ok(), now), (true, vendor("count", expected)), "{what}"),
            Err(reason) => {
                assert_eq!(done.unwrap_err(), reason, "{what}");
                assert_eq!(now, vendor("count", value), "{what}: unchanged");
            }
        }
    }
    let id = create(&mut bench, &who, &[vendor("big", big([0xff; 8]))]);
    bench.ask(&who, V2_1, adjust(&id, named("big"), Type::Increment, None)).unwrap();
    bench.ask(&who, V2_1, adjust(&id, named("absent"), Type::Decrement, Some(Item::LongInteger(3)))).unwrap();
    bench.ask(&who, V2_1, adjust(&id, named("flag"), Type::Negate, None)).unwrap();
    let held = attributes_of(&mut bench, &who, &id);
    let value = |name: &str| held.iter().find(|a| a.reference() == named(name)).cloned().unwrap();
    let zero = Item::BigInteger([0; 16].as_slice().into());
    assert_eq!(value("big"), vendor("big", zero), "-1 and 1");
    assert_eq!(value("absent"), vendor("absent", Item::LongInteger(-3)), "from 0");
    assert_eq!(value("flag"), vendor("flag", Item::Boolean(true)), "from false");
}

#[test]
fn attributes_of_the_table_are_adjusted_within_their_rules() {
    use AdjustmentType as Type;
    let (mut bench, who) = (Bench::new(5), principal("owner", &[]));
    let id = create(&mut bench, &who, &[Attribute::DeactivationDate(DateTime(2_000_000_000))]);
    let mut ask = |tag, how, by| bench.ask(&who, V2_1, adjust(&id, AttributeReference::Tag(tag), how, by));
    ask(Tag::ProtectionPeriod, Type::Increment, Some(ItemValue::Interval(60))).unwrap();
    ask(Tag::DeactivationDate, Type::Increment, Some(ItemValue::Interval(60))).unwrap();
    ask(Tag::Sensitive, Type::Negate, None).unwrap();
    let reason = |done: Result<AdjustAttributeResponse, ResultReason>| done.unwrap_err();
    let length = ask(Tag::CryptographicLength, Type::Increment, None);
    assert_eq!(reason(length), ResultReason::ReadOnlyAttribute);
    assert_eq!(reason(ask(Tag::Name, Type::Increment, None)), ResultReason::InvalidDataType);
    for tag in [Tag::State, Tag::UniqueIdentifier, Tag::ArchiveDate, Tag::Digest] {
        let server_made = ask(tag, Type::Increment, None);
        assert_eq!(reason(server_made), ResultReason::ReadOnlyAttribute, "{tag}, whatever its type");
    }
    assert_eq!(reason(ask(Tag::BatchItem, Type::Increment, None)), ResultReason::UnsupportedAttribute);
    let held = attributes_of(&mut bench, &who, &id);
    assert_eq!(attribute!(held, ProtectionPeriod).next(), Some(&Interval(60)));
    assert_eq!(attribute!(held, DeactivationDate).next(), Some(&DateTime(2_000_000_060)));
    assert_eq!(attribute!(held, Sensitive).next(), Some(&true));
    let groups = [Attribute::ObjectGroup("a".into()), Attribute::ObjectGroup("b".into())];
    let id = create(&mut bench, &who, &groups);
    let many = adjust(&id, AttributeReference::Tag(Tag::ObjectGroup), Type::Increment, None);
    assert_eq!(bench.ask(&who, V2_1, many).unwrap_err(), ResultReason::MultiValuedAttribute);
}
