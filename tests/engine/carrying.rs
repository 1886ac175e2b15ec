//! Export and Import: an object carried from one server to another is the same there, and what may not leave does not.

use super::objects::*;
use super::world::{Bench, principal};
use keystead::engine::lifecycle::states::is_destroyed;
use keystead::engine::rights::policy::Principal;
use keystead::engine::soundness;
use keystead::store::{Order, Store as _};
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

/// The secret that a client gets under an identifier.
fn got(bench: &mut Bench, who: &Principal, id: &str) -> Result<Vec<u8>, ResultReason> {
    let get = GetRequest { unique_identifier: Some(id.into()), ..GetRequest::default() };
    let object = bench.ask(who, V2_1, get)?.object;
    match &object.key_block().unwrap().key_value {
        Some(KeyValue::Plain(plain)) => match &plain.key_material {
            KeyMaterial::Bytes(bytes) => Ok(bytes.expose().to_vec()),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

/// An identifier that a client chooses is its own: a client was told that another has it, and could keep others from having
/// it. Whether somebody else has it shows in nothing, and each gets its own, which those of its groups share.
#[test]
fn identifiers_that_clients_choose_are_their_own() {
    let mut bench = Bench::new(1);
    let (ann, ann_too) = (principal("ann", &["team"]), principal("ann too", &["team"]));
    let ben = principal("ben", &[]);
    let foreign = create(&mut bench, &ann, &[]);
    for id in ["tape-7", "3e1c9a5e-0000-4000-8000-000000000001", foreign.as_str()] {
        let is_anns_own = id == foreign;
        if !is_anns_own {
            bench.ask(&ann, V2_1, brought(id, b"of ann", None)).unwrap();
        }
        for replace in [Some(true), None] {
            // Ben is told the same of what Ann has and of what nobody has.
            let absent = format!("{id}-{replace:?}-absent").replace(['(', ')'], "");
            assert_eq!(got(&mut bench, &ben, &absent).unwrap_err(), ResultReason::ObjectNotFound);
            bench.ask(&ben, V2_1, brought(&absent, b"of ben", replace)).unwrap();
        }
        assert_eq!(got(&mut bench, &ben, id).unwrap_err(), ResultReason::ObjectNotFound);
        let unique_identifier =
            bench.ask(&ben, V2_1, brought(id, b"of ben", None)).unwrap().unique_identifier;
        assert_eq!(unique_identifier, id.into());
        let again = bench.ask(&ben, V2_1, brought(id, b"of ben", None)).map(drop);
        assert_eq!(again, Err(ResultReason::ObjectAlreadyExists), "his own is in use");
        bench.ask(&ben, V2_1, brought(id, b"of ben, again", Some(true))).unwrap();
        assert_eq!(got(&mut bench, &ben, id).unwrap(), b"of ben, again");
        if !is_anns_own {
            assert_eq!(got(&mut bench, &ann, id).unwrap(), b"of ann");
            assert_eq!(got(&mut bench, &ann_too, id).unwrap(), b"of ann", "those of the group share it");
            let taken = bench.ask(&ann_too, V2_1, brought(id, b"of ann too", None)).map(drop);
            assert_eq!(taken, Err(ResultReason::ObjectAlreadyExists));
        }
        for (who, is_there) in [(&ann, true), (&ben, true), (&principal("cid", &[]), false)] {
            let look = GetAttributeListRequest { unique_identifier: Some(id.into()) };
            assert_eq!(bench.ask(who, V2_1, look).is_ok(), is_there, "{}", who.name);
            let by_id = Attribute::UniqueIdentifier(id.into());
            let filter = Some(AttributeFilter([by_id].into()));
            let found =
                bench.ask(who, V2_1, LocateRequest { attributes: filter, ..Default::default() }).unwrap();
            assert_eq!(found.unique_identifiers.len(), usize::from(is_there), "{}", who.name);
        }
        bench.ask(&ben, V2_1, destroy(id)).unwrap();
        assert_eq!(got(&mut bench, &ben, id).unwrap_err(), ResultReason::ObjectDestroyed);
        if !is_anns_own {
            assert_eq!(got(&mut bench, &ann, id).unwrap(), b"of ann", "hers is hers");
            bench.ask(&ann, V2_1, destroy(id)).unwrap();
        }
    }
}

/// What lies in the store under its owner and its identifier is used and rotated like any other, and is not got by the way
/// in which the store calls it.
#[test]
fn an_imported_key_is_rotated_and_has_no_other_name() {
    let (mut bench, ann, ben) = (Bench::new(1), principal("ann", &[]), principal("ben", &[]));
    let made = create(&mut bench, &ann, &[]);
    let exported = bench.ask(&ann, V2_1, export(&made)).unwrap();
    for who in [&ann, &ben] {
        let mut request = ImportRequest { unique_identifier: "tape-7".into(), ..import(&exported, V2_1) };
        set(&mut request, Attribute::UniqueIdentifier("tape-7".into()));
        set(&mut request, Attribute::RotateAutomatic(true));
        set(&mut request, Attribute::RotateInterval(kmip_codec::value::Interval(60)));
        bench.ask(who, V2_1, request).unwrap();
    }
    let mut places = Vec::new();
    let snapshot = bench.store.snapshot().unwrap();
    snapshot
        .scan(b"o", Order::Forward, &mut |key, _| {
            places.extend(String::from_utf8(key[5..].to_vec()).ok().filter(|id| id.contains('/')));
            ControlFlow::Continue(())
        })
        .unwrap();
    let mut unsound = Vec::new();
    snapshot
        .scan(&[], Order::Forward, &mut |key, value| {
            let sound = soundness::examine(key, value, None).unwrap_or_else(|why| panic!("{why}"));
            let is_there = |claim: &Vec<u8>| snapshot.get(claim).unwrap().is_some();
            unsound.extend(sound.claims.into_iter().filter(|claim| !is_there(claim)));
            ControlFlow::Continue(())
        })
        .unwrap();
    assert!(unsound.is_empty(), "`keystead check` finds nothing: {unsound:?}");
    drop(snapshot);
    assert_eq!(places.len(), 2);
    for place in places {
        let look = GetAttributeListRequest { unique_identifier: Some(place.as_str().into()) };
        let seen = [&ann, &ben].map(|who| bench.ask(who, V2_1, look.clone()).is_ok());
        assert!(!(seen[0] && seen[1]), "its owner alone");
    }
    bench.now += 60;
    let deeds = bench.rotate();
    assert_eq!(deeds.len(), 2);
    assert!(deeds.iter().all(|(deed, _)| deed.reason.is_none() && deed.objects[0] == "tape-7"), "{deeds:?}");
}

/// Who comes to share an identifier with a client that has it already does not take the place of the object that it means.
#[test]
fn an_identifier_stands_for_the_object_that_came_first() {
    let mut bench = Bench::new(1);
    let both = principal("both", &["two", "one"]);
    let (first, second) = (principal("first", &["one"]), principal("second", &["two"]));
    bench.ask(&first, V2_1, brought("tape-7", b"of the first", None)).unwrap();
    bench.now += 10;
    bench.ask(&second, V2_1, brought("tape-7", b"of the second", None)).unwrap();
    assert_eq!(got(&mut bench, &both, "tape-7").unwrap(), b"of the first");
    assert_eq!(got(&mut bench, &second, "tape-7").unwrap(), b"of the second");
    let all = bench.ask(&both, V2_1, LocateRequest::default()).unwrap();
    assert_eq!(all.unique_identifiers, ["tape-7".into(), "tape-7".into()]);
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

/// An import, changed.
type Change = fn(&mut ImportRequest);

fn set(request: &mut ImportRequest, attribute: Attribute) {
    let list = &mut request.attributes.as_mut().unwrap().0.0;
    list.retain(|entry| entry.attribute.tag() != attribute.tag());
    list.push(Entry { index: None, attribute });
}

/// Imports that say two things, or what cannot be.
const REFUSED: &[(&str, Change, ResultReason)] = &[
    ("another type", |r| r.object_type = Some(ObjectType::SecretData), ResultReason::InvalidField),
    (
        "another identifier",
        |r| set(r, Attribute::UniqueIdentifier("other".into())),
        ResultReason::InvalidField,
    ),
    (
        "another algorithm",
        |r| set(r, Attribute::CryptographicAlgorithm(CryptographicAlgorithm::Camellia)),
        ResultReason::InvalidField,
    ),
    ("another length", |r| set(r, Attribute::CryptographicLength(128)), ResultReason::InvalidField),
    ("a weak key", |r| weak(r), ResultReason::PermissionDenied),
    (
        "no usage",
        |r| r.attributes.as_mut().unwrap().0.0.retain(|e| e.attribute.tag() != Tag::CryptographicUsageMask),
        ResultReason::InvalidField,
    ),
    (
        "two states",
        |r| r.attributes.as_mut().unwrap().0.push(Attribute::State(State::Active)),
        ResultReason::AttributeSingleValued,
    ),
    ("destroyed, with a value", |r| set(r, Attribute::State(State::Destroyed)), ResultReason::InvalidField),
    (
        "an attribute of certificates",
        |r| set(r, Attribute::CertificateLength(1)),
        ResultReason::InvalidAttribute,
    ),
    (
        "a damaged key",
        |r| r.object.key_block_mut().unwrap().key_value = bytes_block(KeyFormatType::Raw, &[9; 32]).key_value,
        ResultReason::InvalidField,
    ),
    (
        "a reference",
        |r| r.unique_identifier = kmip_codec::value::UniqueIdentifier::Index(0),
        ResultReason::InvalidField,
    ),
    ("no identifier", |r| rename(r, "".into()), ResultReason::InvalidField),
    ("a line end", |r| rename(r, "a\nb".into()), ResultReason::InvalidField),
    ("a name of a record", |r| rename(r, "rule/defaults".into()), ResultReason::InvalidField),
    ("too long", |r| rename(r, "a".repeat(129).as_str().into()), ResultReason::InvalidField),
];

fn rename(request: &mut ImportRequest, id: kmip_codec::value::UniqueIdentifier) {
    set(request, Attribute::UniqueIdentifier(id.clone()));
    request.unique_identifier = id;
}

fn weak(request: &mut ImportRequest) {
    set(request, Attribute::CryptographicAlgorithm(CryptographicAlgorithm::DES));
    set(request, Attribute::CryptographicLength(64));
    let block = request.object.key_block_mut().unwrap();
    *block = KeyBlock {
        cryptographic_algorithm: Some(CryptographicAlgorithm::DES),
        cryptographic_length: Some(64),
        ..bytes_block(KeyFormatType::Raw, &[1; 8])
    };
    request.attributes.as_mut().unwrap().0.0.retain(|entry| entry.attribute.tag() != Tag::Digest);
}

#[test]
fn imports_that_contradict_themselves_are_refused() {
    let (mut here, mut there, who) = (Bench::new(1), Bench::new(2), principal("owner", &[]));
    let id = create(&mut here, &who, &[]);
    let exported = here.ask(&who, V2_1, export(&id)).unwrap();
    for (what, change, reason) in REFUSED {
        let mut request = import(&exported, V2_1);
        change(&mut request);
        assert_eq!(there.ask(&who, V2_1, request).unwrap_err(), *reason, "{what}");
    }
    there.ask(&who, V2_1, import(&exported, V2_1)).unwrap();
    let twice = there.ask(&who, V1_4, import(&exported, V1_4)).unwrap_err();
    assert_eq!(twice, ResultReason::ObjectAlreadyExists);
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
