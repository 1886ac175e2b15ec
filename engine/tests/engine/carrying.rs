//! Export and Import: an object carried from one server to another is the same there, and what may not leave does not.

mod identifiers;
mod refused;

use super::objects::*;
use super::world::{Bench, principal};
use keystead_engine::lifecycle::states::is_destroyed;
use keystead_engine::rights::principal::Principal;
use keystead_engine::soundness;
use keystead_store::{Order, Store as _};
use kmip_codec::attribute;
use kmip_codec::attributes::*;
use kmip_codec::enums::*;
use kmip_codec::objects::*;
use kmip_codec::operations::{Call as _, Request};
use kmip_codec::payloads::*;
use kmip_codec::value::{BigInteger, DateTime};
use kmip_codec::version::{V1_4, V2_0, V2_1};
use kmip_codec::{Tag, Version};
use std::ops::ControlFlow;

fn export(id: &str) -> ExportRequest {
    ExportRequest { unique_identifier: Some(id.into()), ..ExportRequest::default() }
}

/// What takes in again what was exported.
fn import(exported: &ExportResponse, version: Version) -> ImportRequest {
    ImportRequest {
        unique_identifier: exported.unique_identifier.clone(),
        object_type: (version >= V2_0).then_some(exported.object_type),
        attributes: exported.attributes.clone(),
        object: exported.object.clone(),
        ..ImportRequest::default()
    }
}

fn register(bench: &mut Bench, who: &Principal, object: ManagedObject, more: &[Attribute]) -> String {
    let attributes: Attributes = [note("first")].into_iter().chain(more.iter().cloned()).collect();
    let (object_type, attributes) = (object.object_type(), attributes.into());
    let request = RegisterRequest { object_type, attributes, object, ..RegisterRequest::default() };
    let version = if object_type == ObjectType::Template { V1_4 } else { V2_1 };
    text(&bench.ask(who, version, request).unwrap().unique_identifier)
}

/// An object that a server has changed itself, and a client too.
fn lived_through(bench: &mut Bench, who: &Principal) -> String {
    let limits = UsageLimits { total: 1000, count: None, unit: UsageLimitsUnit::Byte };
    let more = [
        Attribute::Name(Name { value: "volume".into(), kind: NameType::UninterpretedTextString }),
        Attribute::ObjectGroup("one".into()),
        Attribute::ObjectGroup("two".into()),
        Attribute::UsageLimits(limits),
        Attribute::Sensitive(false),
        Attribute::ActivationDate(DateTime(1_600_000_000)),
        Attribute::Link(Link { kind: LinkType::ParentLink, linked: "of-another-server".into() }),
    ];
    let id = create(bench, who, &more);
    bench.now += 10;
    let allocation =
        GetUsageAllocationRequest { unique_identifier: Some(id.as_str().into()), usage_limits_count: 100 };
    bench.ask(who, V2_1, allocation).unwrap();
    id
}

/// Objects of every type, one in each state where it has states.
fn everything(bench: &mut Bench, who: &Principal) -> Vec<String> {
    let mut ids = vec![lived_through(bench, who)];
    for kind in TYPES {
        for state in STATES {
            let id = make(bench, who, kind);
            move_to(bench, who, &id, state);
            ids.push(id);
        }
    }
    let key_block = KeyBlock {
        cryptographic_algorithm: Some(CryptographicAlgorithm::RSA),
        cryptographic_length: Some(2048),
        ..bytes_block(KeyFormatType::Raw, b"-----BEGIN PGP PUBLIC KEY BLOCK-----")
    };
    ids.push(register(bench, who, ManagedObject::PGPKey(PGPKey { version: 4, key_block }), &[]));
    let part = SplitKey {
        parts: 3,
        part_identifier: 1,
        threshold: 2,
        method: SplitKeyMethod::PolynomialSharingPrimeField,
        prime_field_size: Some(BigInteger::from_unsigned(&[0x01, 0x01])),
        key_block: KeyBlock {
            cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
            cryptographic_length: Some(128),
            ..bytes_block(KeyFormatType::Raw, &[7; 2])
        },
    };
    ids.push(register(bench, who, ManagedObject::SplitKey(part), &[]));
    let elsewhere = KeyBlock {
        cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
        cryptographic_length: Some(256),
        ..KeyBlock::default()
    };
    let usage = [Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt)];
    let elsewhere = ManagedObject::SymmetricKey(SymmetricKey { key_block: elsewhere });
    ids.push(register(bench, who, elsewhere, &usage));
    ids
}

/// One server gives it out, another takes it in for somebody else, and gives it out the same.
#[test]
fn an_object_is_the_same_on_another_server() {
    let (owner, other) = (principal("owner", &["team"]), principal("other", &[]));
    for version in [V1_4, V2_0, V2_1] {
        let (mut here, mut there) = (Bench::new(1), Bench::new(2));
        there.now += 1_000_000;
        let mut ids = everything(&mut here, &owner);
        if version == V1_4 {
            let attributes = [Attribute::CryptographicLength(256)].into_iter().collect();
            let template = Template { attributes: Some(AttributeList(attributes)) };
            ids.push(register(&mut here, &owner, ManagedObject::Template(template), &[]));
        }
        for id in ids {
            let exported = match here.ask(&owner, version, export(&id)) {
                Ok(exported) => exported,
                Err(reason) => {
                    assert!(is_destroyed(state_of(&mut here, &owner, &id)), "{id}: {reason:?}");
                    continue;
                }
            };
            let answer = there.ask(&other, version, import(&exported, version));
            assert_eq!(answer.unwrap().unique_identifier, id.as_str().into());
            let again = there.ask(&other, version, export(&id)).unwrap();
            assert_eq!(again, exported, "{version}");
            let held = attributes_of(&mut there, &other, &id);
            let has_digest = attribute!(held, Digest).next().is_some();
            assert!(has_digest || exported.object.key_block().is_none_or(|block| block.key_value.is_none()));
        }
    }
}

#[test]
fn a_destroyed_key_leaves_without_its_value() {
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    let id = create(&mut bench, &who, &[]);
    let before = bench.ask(&who, V2_1, export(&id)).unwrap();
    move_to(&mut bench, &who, &id, State::Destroyed);
    let after = bench.ask(&who, V2_1, export(&id)).unwrap();
    let (before, after) = (before.object.key_block().unwrap(), after.object.key_block().unwrap());
    assert_eq!(*after, KeyBlock { key_value: None, ..before.clone() });
    let opaque = make(&mut bench, &who, ObjectType::OpaqueObject);
    move_to(&mut bench, &who, &opaque, State::Destroyed);
    assert_eq!(bench.ask(&who, V2_1, export(&opaque)).unwrap_err(), ResultReason::ObjectDestroyed);
}

/// The owner exports and replaces; of its group, administrators alone.
#[test]
fn export_and_replacement_are_the_owners() {
    let (owner, member) = (principal("owner", &["team"]), principal("member", &["team"]));
    let officer = Principal { admin: true, ..principal("officer", &["team"]) };
    let foreign = Principal { admin: true, ..principal("foreign", &["others"]) };
    let mut bench = Bench::new(1);
    let id = create(&mut bench, &owner, &[]);
    bench
        .ask(&member, V2_1, GetRequest { unique_identifier: Some(id.as_str().into()), ..Default::default() })
        .unwrap();
    let exported = bench.ask(&owner, V2_1, export(&id)).unwrap();
    let replacement = ImportRequest { replace_existing: Some(true), ..import(&exported, V2_1) };
    assert_eq!(bench.ask(&member, V2_1, export(&id)).unwrap_err(), ResultReason::PermissionDenied);
    let denied = bench.ask(&member, V2_1, replacement.clone());
    assert_eq!(denied.unwrap_err(), ResultReason::PermissionDenied);
    assert_eq!(bench.ask(&officer, V2_1, export(&id)).unwrap(), exported);
    bench.ask(&officer, V2_1, replacement.clone()).unwrap();
    assert_eq!(bench.ask(&owner, V2_1, export(&id)).unwrap(), exported, "it is still the owner's");
    assert_eq!(bench.ask(&foreign, V2_1, export(&id)).unwrap_err(), ResultReason::ObjectNotFound);
    let again = ImportRequest { replace_existing: None, ..replacement.clone() };
    for who in [&owner, &member, &officer] {
        let refused = bench.ask(who, V2_1, again.clone()).unwrap_err();
        assert_eq!(refused, ResultReason::ObjectAlreadyExists, "{}", who.name);
    }
    assert_eq!(bench.ask(&owner, V2_1, export(&id)).unwrap(), exported);
}

/// A secret under an identifier that its client chooses.
pub fn brought(id: &str, secret: &[u8], replace_existing: Option<bool>) -> ImportRequest {
    let key_block = bytes_block(KeyFormatType::Opaque, secret);
    let object =
        ManagedObject::SecretData(SecretData { secret_data_type: SecretDataType::Password, key_block });
    ImportRequest {
        unique_identifier: id.into(),
        object_type: Some(ObjectType::SecretData),
        replace_existing,
        attributes: Some(AttributeList([Attribute::Name(Name::text(id))].into())),
        object,
        ..ImportRequest::default()
    }
}

/// Sensitive keys leave only wrapped; those that are not extractable or withheld, not at all.
#[test]
fn what_may_not_leave_is_not_exported() {
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    let wrapping = create(&mut bench, &who, &[Attribute::ActivationDate(DateTime(1))]);
    let sensitive = create(&mut bench, &who, &[Attribute::Sensitive(true)]);
    let kept = create(&mut bench, &who, &[Attribute::Extractable(false)]);
    let wrapped = |id: &str| ExportRequest {
        key_wrapping_specification: Some(KeyWrappingSpecification {
            wrapping_method: WrappingMethod::Encrypt,
            encryption_key_information: Some(WrappingKeyInformation {
                unique_identifier: wrapping.as_str().into(),
                cryptographic_parameters: None,
            }),
            ..KeyWrappingSpecification::default()
        }),
        ..export(id)
    };
    for version in [V1_4, V2_0, V2_1] {
        let plain = bench.ask(&who, version, export(&sensitive)).unwrap_err();
        let never = bench.ask(&who, version, wrapped(&kept)).unwrap_err();
        let wanted = if version == V1_4 {
            (ResultReason::Sensitive, ResultReason::NotExtractable)
        } else {
            (ResultReason::PermissionDenied, ResultReason::PermissionDenied)
        };
        assert_eq!((plain, never), wanted, "{version}");
        let got = bench.ask(&who, version, wrapped(&sensitive)).unwrap();
        assert!(matches!(got.object.key_block().unwrap().key_value, Some(KeyValue::Wrapped(_))));
    }
    bench.settings.withheld = vec![CryptographicAlgorithm::AES];
    assert_eq!(bench.ask(&who, V2_1, wrapped(&sensitive)).unwrap_err(), ResultReason::PermissionDenied);
}

/// A wrapped export is unwrapped on the way in, if the server has the wrapping key; else it stays as it came.
#[test]
fn wrapped_objects_are_imported_as_they_are_or_unwrapped() {
    let (mut here, mut there, who) = (Bench::new(1), Bench::new(2), principal("owner", &[]));
    let usage = CryptographicUsageMask::WrapKey | CryptographicUsageMask::UnwrapKey;
    let wrapping = create(
        &mut here,
        &who,
        &[Attribute::ActivationDate(DateTime(1)), Attribute::CryptographicUsageMask(usage)],
    );
    let id = create(&mut here, &who, &[]);
    let clear = here.ask(&who, V2_1, export(&id)).unwrap();
    let specification = KeyWrappingSpecification {
        wrapping_method: WrappingMethod::Encrypt,
        encryption_key_information: Some(WrappingKeyInformation {
            unique_identifier: wrapping.as_str().into(),
            cryptographic_parameters: None,
        }),
        ..KeyWrappingSpecification::default()
    };
    let wrapped = here.ask(
        &who,
        V2_1,
        ExportRequest { key_wrapping_specification: Some(specification), ..export(&id) },
    );
    let wrapped = wrapped.unwrap();
    let unwrap = ImportRequest { key_wrap_type: Some(KeyWrapType::NotWrapped), ..import(&wrapped, V2_1) };
    assert!(there.ask(&who, V2_1, unwrap.clone()).is_err(), "the wrapping key is not there");
    there.ask(&who, V2_1, import(&wrapped, V2_1)).unwrap();
    assert_eq!(there.ask(&who, V2_1, export(&id)).unwrap().object, wrapped.object);
    let key = here.ask(&who, V2_1, export(&wrapping)).unwrap();
    there.ask(&who, V2_1, import(&key, V2_1)).unwrap();
    let replace = ImportRequest { replace_existing: Some(true), ..unwrap };
    there.ask(&who, V2_1, replace).unwrap();
    assert_eq!(there.ask(&who, V2_1, export(&id)).unwrap(), clear);
}

fn sealed_records(bench: &Bench) -> usize {
    let mut count = 0;
    let snapshot = bench.store.snapshot().unwrap();
    snapshot
        .scan(b"s", Order::Forward, &mut |_, _| {
            count += 1;
            ControlFlow::Continue(())
        })
        .unwrap();
    count
}

/// What is replaced is gone, with its value and its names; a destroyed key can be brought back by who has kept it.
#[test]
fn what_is_replaced_is_gone() {
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    let name =
        |text: &str| Attribute::Name(Name { value: text.into(), kind: NameType::UninterpretedTextString });
    let id = create(&mut bench, &who, &[name("old")]);
    let exported = bench.ask(&who, V2_1, export(&id)).unwrap();
    let mut attributes = exported.attributes.clone().unwrap();
    attributes.0.0.retain(|entry| !matches!(entry.attribute, Attribute::Name(_) | Attribute::Digest(_)));
    attributes.0.push(name("new"));
    let mut object = exported.object.clone();
    object.key_block_mut().unwrap().key_value = bytes_block(KeyFormatType::Raw, &[9; 32]).key_value;
    let other = ImportRequest {
        replace_existing: Some(true),
        attributes: Some(attributes),
        object: object.clone(),
        ..import(&exported, V2_1)
    };
    bench.ask(&who, V2_1, other).unwrap();
    let got = bench.ask(&who, V2_1, export(&id)).unwrap();
    assert_eq!(got.object, object);
    assert_eq!(sealed_records(&bench), 1, "one value is kept");
    create(&mut bench, &who, &[name("old")]);
    let locate =
        LocateRequest { attributes: Some(AttributeFilter([name("new")].into())), ..Default::default() };
    assert_eq!(bench.ask(&who, V2_1, locate).unwrap().unique_identifiers, [id.as_str().into()]);
    move_to(&mut bench, &who, &id, State::Destroyed);
    let back = ImportRequest { replace_existing: Some(true), ..import(&got, V2_1) };
    bench.ask(&who, V2_1, back).unwrap();
    assert_eq!(bench.ask(&who, V2_1, export(&id)).unwrap(), got);
}

fn set(request: &mut ImportRequest, attribute: Attribute) {
    let list = &mut request.attributes.as_mut().unwrap().0.0;
    list.retain(|entry| entry.attribute.tag() != attribute.tag());
    list.push(Entry { index: None, attribute });
}

/// Both set the ID placeholder (KMIP 2.1, 6.1.18 and 6.1.25).
#[test]
fn the_object_is_the_placeholder() {
    let (mut here, mut there, who) = (Bench::new(1), Bench::new(2), principal("owner", &[]));
    let id = create(&mut here, &who, &[]);
    let option = BatchErrorContinuationOption::Stop;
    let next = || Request::GetAttributeList(GetAttributeListRequest::default());
    let items = here.batch(&who, V2_1, option, vec![export(&id).into_request(), next()]);
    assert!(items.iter().all(|item| item.result_status == ResultStatus::Success));
    let exported = here.ask(&who, V2_1, export(&id)).unwrap();
    let items = there.batch(&who, V2_1, option, vec![import(&exported, V2_1).into_request(), next()]);
    assert!(items.iter().all(|item| item.result_status == ResultStatus::Success));
}
