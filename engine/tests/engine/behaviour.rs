//! What the OASIS cases do not touch.

mod inside;

use super::objects::*;
use super::world::{Bench, principal, response};
use keystead_engine::rights::principal::Principal;
use kmip_codec::attributes::*;
use kmip_codec::enums::*;
use kmip_codec::item::ItemValue;
use kmip_codec::message::RequestMessage;
use kmip_codec::objects::*;
use kmip_codec::operations::{Call as _, Operation, Request};
use kmip_codec::payloads::*;
use kmip_codec::value::{DateTime, Interval, UniqueIdentifier};
use kmip_codec::version::*;
use kmip_codec::{Tag, attribute};

fn get(id: &str) -> GetRequest {
    GetRequest { unique_identifier: Some(id.into()), ..GetRequest::default() }
}

fn locate(attributes: &[Attribute]) -> LocateRequest {
    let list = AttributeFilter(attributes.iter().cloned().collect());
    LocateRequest { attributes: Some(list), ..LocateRequest::default() }
}

fn named(name: &str) -> Attribute {
    Attribute::Name(Name::text(name))
}

#[test]
fn check_returns_what_stands_against_the_use() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let limits = UsageLimits { total: 10, count: None, unit: UsageLimitsUnit::Byte };
    let id = create(&mut bench, &ann, &[Attribute::UsageLimits(limits)]);
    let mut check = |version, mask, count, lease| {
        let request = CheckRequest {
            unique_identifier: Some(id.as_str().into()),
            cryptographic_usage_mask: mask,
            usage_limits_count: count,
            lease_time: lease,
        };
        bench.ask(&ann, version, request)
    };
    let (fine, wrong) = (Some(CryptographicUsageMask::Encrypt), Some(CryptographicUsageMask::Sign));
    for version in [V1_4, V2_1] {
        let allowed = check(version, fine, Some(10), Some(Interval(3600))).unwrap();
        assert_eq!(allowed.unique_identifier, Some(id.as_str().into()));
    }
    let refused = check(V1_4, wrong, Some(11), Some(Interval(3601))).unwrap();
    assert_eq!(refused.unique_identifier, None);
    assert_eq!(refused.cryptographic_usage_mask, wrong);
    assert_eq!((refused.usage_limits_count, refused.lease_time), (Some(11), Some(Interval(3601))));
    let reason = |checked: Result<CheckResponse, ResultReason>| checked.unwrap_err();
    assert_eq!(reason(check(V2_1, wrong, None, None)), ResultReason::IncompatibleCryptographicUsageMask);
    assert_eq!(reason(check(V2_1, fine, Some(11), None)), ResultReason::UsageLimitExceeded);
    assert_eq!(reason(check(V2_1, fine, None, Some(Interval(3601)))), ResultReason::PermissionDenied);
}

#[test]
fn usage_limits_start_full_and_a_lease_is_given() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let limits = UsageLimits { total: 10, count: None, unit: UsageLimitsUnit::Object };
    let id = create(&mut bench, &ann, &[Attribute::UsageLimits(limits)]);
    let attributes = attributes_of(&mut bench, &ann, &id);
    assert_eq!(attribute!(attributes, UsageLimits).next().unwrap().count, Some(10));
    let request = ObtainLeaseRequest { unique_identifier: Some(id.as_str().into()) };
    let lease = bench.ask(&ann, V1_2, request).unwrap();
    assert_eq!((lease.lease_time, lease.last_change_date), (Interval(3600), DateTime(bench.now)));
}

#[test]
fn re_keying_a_pair_moves_its_names_and_links_old_and_new() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let (private, public) = pair(&mut bench, &ann);
    let add = AddAttributeRequest {
        unique_identifier: Some(private.as_str().into()),
        attribute: named("pair").into(),
    };
    bench.ask(&ann, V2_1, add).unwrap();
    let request =
        ReKeyKeyPairRequest { private_key: Some(private.as_str().into()), ..ReKeyKeyPairRequest::default() };
    let new = bench.ask(&ann, V2_1, request).unwrap();
    let (new_private, new_public) = (text(&new.private_key), text(&new.public_key));
    let found = bench.ask(&ann, V2_1, locate(&[named("pair")])).unwrap();
    assert_eq!(found.unique_identifiers, std::slice::from_ref(&new.private_key));
    for (id, kind, to) in [
        (&private, LinkType::ReplacementObjectLink, &new_private),
        (&public, LinkType::ReplacementObjectLink, &new_public),
        (&new_private, LinkType::ReplacedObjectLink, &private),
        (&new_private, LinkType::PublicKeyLink, &new_public),
        (&new_public, LinkType::PrivateKeyLink, &new_private),
    ] {
        let attributes = attributes_of(&mut bench, &ann, id);
        let link = attribute!(attributes, Link).find(|link| link.kind == kind).unwrap();
        assert_eq!(text(&link.linked), *to, "{kind:?} of {id}");
    }
    let (old, new) =
        (bench.ask(&ann, V2_1, get(&private)).unwrap(), bench.ask(&ann, V2_1, get(&new_private)).unwrap());
    assert_ne!(old.object, new.object, "the new key is another");
}

#[test]
fn set_attribute_adds_changes_and_refuses_what_it_cannot_choose() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let id = create(&mut bench, &ann, &[]);
    let set = |attribute: Attribute| SetAttributeRequest {
        unique_identifier: Some(id.as_str().into()),
        attribute: attribute.into(),
    };
    bench.ask(&ann, V2_1, set(Attribute::Comment("one".into()))).unwrap();
    bench.ask(&ann, V2_1, set(Attribute::Comment("two".into()))).unwrap();
    let attributes = attributes_of(&mut bench, &ann, &id);
    assert_eq!(attribute!(attributes, Comment).collect::<Vec<_>>(), ["two"]);
    let read_only = bench.ask(&ann, V2_1, set(Attribute::State(State::Active)));
    assert_eq!(read_only.unwrap_err(), ResultReason::ReadOnlyAttribute);
    for group in ["a", "b"] {
        let attribute = Attribute::ObjectGroup(group.into()).into();
        let add = AddAttributeRequest { unique_identifier: Some(id.as_str().into()), attribute };
        bench.ask(&ann, V2_1, add).unwrap();
    }
    let which = bench.ask(&ann, V2_1, set(Attribute::ObjectGroup("c".into())));
    assert_eq!(which.unwrap_err(), ResultReason::MultiValuedAttribute);
}

/// Read-only attributes stay as they are, whatever a client sends.
#[test]
fn a_client_cannot_write_what_is_the_servers() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let id = create(&mut bench, &ann, &[]);
    let before = attributes_of(&mut bench, &ann, &id);
    for row in ATTRIBUTE_ROWS.iter().filter(|row| row.set_by == SetBy::Server && (row.is_in)(V2_1)) {
        for entry in before.0.iter().filter(|entry| entry.attribute.tag() == row.tag) {
            let attribute: SingleAttribute = entry.attribute.clone().into();
            let unique_identifier = Some(UniqueIdentifier::from(id.as_str()));
            let modify = ModifyAttributeRequest {
                unique_identifier: unique_identifier.clone(),
                attribute: attribute.clone(),
                ..ModifyAttributeRequest::default()
            };
            assert_eq!(
                bench.ask(&ann, V2_1, modify).unwrap_err(),
                ResultReason::AttributeReadOnly,
                "{}",
                row.name
            );
            let delete = DeleteAttributeRequest {
                unique_identifier,
                current: Some(attribute),
                ..DeleteAttributeRequest::default()
            };
            assert_eq!(
                bench.ask(&ann, V2_1, delete).unwrap_err(),
                ResultReason::AttributeReadOnly,
                "{}",
                row.name
            );
        }
    }
    assert_eq!(attributes_of(&mut bench, &ann, &id), before);
}

#[test]
fn dates_that_pass_change_the_state() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let now = bench.now;
    let dates =
        [Attribute::ActivationDate(DateTime(now + 10)), Attribute::DeactivationDate(DateTime(now + 20))];
    let id = create(&mut bench, &ann, &dates);
    for (later, state) in
        [(0, State::PreActive), (10, State::Active), (19, State::Active), (20, State::Deactivated)]
    {
        bench.now = now + later;
        assert_eq!(state_of(&mut bench, &ann, &id), state, "after {later} s");
        let found = bench.ask(&ann, V2_1, locate(&[Attribute::State(state)])).unwrap();
        assert_eq!(found.unique_identifiers, [id.as_str().into()], "after {later} s");
    }
}

#[test]
fn names_are_unique_per_owner_and_free_again_after_destroy() {
    let (mut bench, ann, bob) = (Bench::new(1), principal("ann", &[]), principal("bob", &[]));
    let id = create(&mut bench, &ann, &[named("disk")]);
    let again = |bench: &mut Bench, version| {
        bench.ask(&ann, version, aes(&[named("disk")])).map(|a| text(&a.unique_identifier))
    };
    assert_eq!(again(&mut bench, V2_1).unwrap_err(), ResultReason::NonUniqueNameAttribute);
    assert_eq!(again(&mut bench, V1_2).unwrap_err(), ResultReason::InvalidField);
    create(&mut bench, &bob, &[named("disk")]);
    bench.ask(&ann, V2_1, destroy(&id)).unwrap();
    again(&mut bench, V2_1).unwrap();
}

#[test]
fn items_refer_to_those_before_them() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let by = |reference| Request::Activate(ActivateRequest { unique_identifier: reference });
    let requests = vec![
        Request::Create(aes(&[])),
        by(None),
        Request::Create(aes(&[])),
        by(Some(UniqueIdentifier::Reference(UniqueIdentifierReference::Create))),
        Request::Create(aes(&[])),
        by(Some(UniqueIdentifier::Index(4))),
        by(Some(UniqueIdentifier::Index(-1))),
    ];
    let items = bench.batch(&ann, V2_1, BatchErrorContinuationOption::Continue, requests);
    for (create, activate) in [(0, 1), (2, 3), (4, 5)] {
        let made = response::<CreateRequest>(items[create].response.clone()).unique_identifier;
        let moved = response::<ActivateRequest>(items[activate].response.clone()).unique_identifier;
        assert_eq!(made, moved);
    }
    assert_eq!(items[6].result_status, ResultStatus::OperationFailed);
}

#[test]
fn a_failed_item_stops_continues_or_undoes_its_batch() {
    let ann = principal("ann", &[]);
    let requests = || {
        vec![
            Request::Create(aes(&[named("a")])),
            Request::Get(get("nothing")),
            Request::Create(aes(&[named("b")])),
        ]
    };
    for (option, answered, left) in [
        (BatchErrorContinuationOption::Stop, 2, 1),
        (BatchErrorContinuationOption::Continue, 3, 2),
        (BatchErrorContinuationOption::Undo, 2, 0),
    ] {
        let mut bench = Bench::new(1);
        let items = bench.batch(&ann, V1_4, option, requests());
        assert_eq!(items.len(), answered, "{option:?}");
        let first = if option == BatchErrorContinuationOption::Undo {
            ResultStatus::OperationUndone
        } else {
            ResultStatus::Success
        };
        assert_eq!(items[0].result_status, first);
        let found = bench.ask(&ann, V1_4, locate(&[])).unwrap();
        assert_eq!(found.unique_identifiers.len(), left, "{option:?}");
    }
}

#[test]
fn an_unknown_attribute_matches_nothing() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    create(&mut bench, &ann, &[]);
    let unknown = UnknownAttribute { tag: Tag::Attribute, name: "No Such Attribute".into(), value: None };
    let found = bench.ask(&ann, V1_2, locate(&[Attribute::Unknown(unknown)])).unwrap();
    assert!(found.unique_identifiers.is_empty());
}

/// A server tells the truth about itself: what Query lists is served, and nothing else.
#[test]
fn query_lists_what_is_served() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    for version in VERSIONS {
        let request =
            QueryRequest { functions: vec![QueryFunction::QueryOperations], ..QueryRequest::default() };
        let listed = bench.ask(&ann, version, request).unwrap().operations;
        assert!(listed.iter().all(|operation| operation.is_in(version)));
        assert_eq!(listed.contains(&Operation::SetAttribute), version >= V2_0);
    }
    let unknown = Request::Unknown(Operation(0x7fff_ffff), ItemValue::Structure(Vec::new()));
    let answer = bench.batch(&ann, V1_2, BatchErrorContinuationOption::Stop, vec![unknown]).remove(0);
    assert_eq!(answer.result_reason, Some(ResultReason::OperationNotSupported));
}

/// Formats of the same key are the same key.
#[test]
fn a_private_key_comes_in_every_format_it_has() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let (private, public) = pair(&mut bench, &ann);
    let mut in_format = |id: &str, format| {
        let request = GetRequest { key_format_type: Some(format), ..get(id) };
        bench.ask(&ann, V2_1, request).map(|answer| answer.object.key_block().unwrap().clone())
    };
    for format in [KeyFormatType::PKCS_8, KeyFormatType::ECPrivateKey, KeyFormatType::TransparentECPrivateKey]
    {
        assert_eq!(in_format(&private, format).unwrap().key_format_type, format);
    }
    for format in [KeyFormatType::X_509, KeyFormatType::TransparentECPublicKey] {
        assert_eq!(in_format(&public, format).unwrap().key_format_type, format);
    }
    assert_eq!(
        in_format(&private, KeyFormatType::PKCS_1).unwrap_err(),
        ResultReason::KeyFormatTypeNotSupported
    );
}
