//! Rotation: what it leaves on the objects, and the server that rotates by itself when it is due.

use super::every_operation::{self, rows::ROWS};
use super::objects::*;
use super::world::{Bench, principal};
use keystead_engine::notifications::notification::What;
use keystead_engine::rights::principal::Principal;
use keystead_engine::settings::{Put, Subscription, ToldChanges};
use kmip_codec::attributes::*;
use kmip_codec::enums::*;
use kmip_codec::message::{RequestItem, RequestMessage, ResponseItem};
use kmip_codec::operations::{OPERATION_ROWS, Operation, Request};
use kmip_codec::payloads::*;
use kmip_codec::value::{DateTime, Interval};
use kmip_codec::version::{V1_4, V2_1, VERSIONS};
use kmip_codec::{Version, attribute};

const DAY: u32 = 86_400;

fn every(interval: u32) -> Vec<Attribute> {
    vec![Attribute::RotateAutomatic(true), Attribute::RotateInterval(Interval(interval))]
}

/// Date, generation and whether it is the latest, as far as they are there.
fn rotation(bench: &mut Bench, who: &Principal, id: &str) -> (Option<DateTime>, Option<i32>, Option<bool>) {
    let held = attributes_of(bench, who, id);
    let date = attribute!(held, RotateDate).next().copied();
    let generation = attribute!(held, RotateGeneration).next().copied();
    (date, generation, attribute!(held, RotateLatest).next().copied())
}

fn linked(bench: &mut Bench, who: &Principal, id: &str, kind: LinkType) -> Option<String> {
    let held = attributes_of(bench, who, id);
    attribute!(held, Link).find(|link| link.kind == kind).map(|link| text(&link.linked))
}

fn re_key(bench: &mut Bench, who: &Principal, id: &str) -> String {
    let request = ReKeyRequest { unique_identifier: Some(id.into()), ..ReKeyRequest::default() };
    text(&bench.ask(who, V1_4, request).unwrap().unique_identifier)
}

#[test]
fn each_replacement_is_a_generation_and_the_newest_is_the_latest() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let first = create(&mut bench, &ann, &[]);
    assert_eq!(rotation(&mut bench, &ann, &first), (None, None, None));
    bench.now += 10;
    let second = re_key(&mut bench, &ann, &first);
    let then = Some(DateTime(bench.now));
    assert_eq!(rotation(&mut bench, &ann, &first), (then, Some(0), Some(false)));
    assert_eq!(rotation(&mut bench, &ann, &second), (then, Some(1), Some(true)));
    bench.now += 10;
    let third = re_key(&mut bench, &ann, &second);
    assert_eq!(rotation(&mut bench, &ann, &second).1, Some(1));
    assert_eq!(rotation(&mut bench, &ann, &third), (Some(DateTime(bench.now)), Some(2), Some(true)));
    let (private, public) = pair(&mut bench, &ann);
    let request =
        ReKeyKeyPairRequest { private_key: Some(private.as_str().into()), ..ReKeyKeyPairRequest::default() };
    let new = bench.ask(&ann, V2_1, request).unwrap();
    for (old, new) in [(private, text(&new.private_key)), (public, text(&new.public_key))] {
        assert_eq!(rotation(&mut bench, &ann, &old).2, Some(false));
        assert_eq!(rotation(&mut bench, &ann, &new).1, Some(1));
    }
}

/// The key is replaced once its interval has passed, with everything that a client's Re-key does; its successor is due an
/// interval later.
#[test]
fn a_key_is_rotated_when_it_is_due() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &["team"]));
    bench.settings.subscriptions = vec![Subscription {
        client: "ann".into(),
        groups: vec!["team".into()],
        notify: ToldChanges::Others,
        put: vec![Put::Replaced],
    }];
    let (start, offset) = (bench.now, Attribute::RotateOffset(Interval(60)));
    let more = [
        every(DAY),
        vec![offset, Attribute::Name(Name::text("disk")), Attribute::ActivationDate(DateTime(start))],
    ];
    let first = create(&mut bench, &ann, &more.concat());
    bench.now = start + i64::from(DAY) - 1;
    assert!(bench.rotate().is_empty());
    bench.now += 1;
    let mut done = bench.rotate();
    let (item_outcome, notifications) = done.pop().unwrap();
    assert!(done.is_empty() && bench.rotate().is_empty(), "once");
    assert_eq!((item_outcome.operation, item_outcome.reason), (Operation::ReKey, None));
    let second = linked(&mut bench, &ann, &first, LinkType::ReplacementObjectLink).unwrap();
    assert_eq!(item_outcome.objects, [first.clone(), second.clone()]);
    let held = attributes_of(&mut bench, &ann, &second);
    assert_eq!(attribute!(held, ActivationDate).next(), Some(&DateTime(bench.now + 60)), "the offset");
    assert_eq!(attribute!(held, Name).next().unwrap().value, "disk");
    assert_eq!(rotation(&mut bench, &ann, &second).1, Some(1));
    let put = |what: &What| matches!(what, What::Put { replaced } if replaced.as_ref() == Some(&first));
    assert!(
        notifications.iter().any(|notification| put(&notification.what)),
        "told: it did not do it itself"
    );
    assert!(notifications.iter().any(|notification| matches!(notification.what, What::Notify { .. })));
    bench.now += i64::from(DAY);
    assert_eq!(bench.rotate().len(), 1, "its successor");
    let third = linked(&mut bench, &ann, &second, LinkType::ReplacementObjectLink).unwrap();
    assert_eq!(rotation(&mut bench, &ann, &third).1, Some(2));
}

/// A pair is rotated once, whichever half says so; the certificate that no authority can renew says why it stays.
#[test]
fn pairs_are_rotated_as_a_whole() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let common = [vec![Attribute::CryptographicAlgorithm(CryptographicAlgorithm::EC)], every(DAY)].concat();
    let only_public = [Attribute::CryptographicAlgorithm(CryptographicAlgorithm::EC)];
    let half = |more: &[Attribute], mask| {
        let mask = Attribute::CryptographicUsageMask(mask);
        Some(more.iter().cloned().chain([mask]).collect::<Attributes>().into())
    };
    for (common, public) in [(&common[..], &[][..]), (&only_public[..], &every(DAY)[..])] {
        let request = CreateKeyPairRequest {
            common: Some(common.iter().cloned().collect::<Attributes>().into()),
            private: half(&[], CryptographicUsageMask::Sign),
            public: half(public, CryptographicUsageMask::Verify),
            ..CreateKeyPairRequest::default()
        };
        let made = bench.ask(&ann, V2_1, request).unwrap();
        bench.now += i64::from(DAY);
        let done = bench.rotate();
        let operations: Vec<_> =
            done.iter().map(|(item_outcome, _)| (item_outcome.operation, item_outcome.reason)).collect();
        assert_eq!(operations, [(Operation::ReKeyKeyPair, None)]);
        for old in [text(&made.private_key), text(&made.public_key)] {
            assert_eq!(rotation(&mut bench, &ann, &old).2, Some(false));
        }
        let new =
            linked(&mut bench, &ann, &text(&made.private_key), LinkType::ReplacementObjectLink).unwrap();
        bench.ask(&ann, V2_1, revoke(&new, RevocationReasonCode::KeyCompromise)).unwrap();
        let public = linked(&mut bench, &ann, &new, LinkType::PublicKeyLink).unwrap();
        bench.ask(&ann, V2_1, revoke(&public, RevocationReasonCode::KeyCompromise)).unwrap();
    }
}

#[test]
fn what_was_replaced_revoked_archived_or_destroyed_is_left_alone() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let past = Attribute::ActivationDate(DateTime(bench.now));
    let ids: Vec<_> =
        (0..4).map(|_| create(&mut bench, &ann, &[every(1), vec![past.clone()]].concat())).collect();
    let id = |at: usize| Some(ids[at].as_str().into());
    bench.ask(&ann, V2_1, revoke(&ids[0], RevocationReasonCode::Superseded)).unwrap();
    bench.ask(&ann, V2_1, ArchiveRequest { unique_identifier: id(1) }).unwrap();
    bench.ask(&ann, V2_1, revoke(&ids[2], RevocationReasonCode::Superseded)).unwrap();
    bench.ask(&ann, V2_1, destroy(&ids[2])).unwrap();
    let new = re_key(&mut bench, &ann, &ids[3]);
    bench.ask(&ann, V2_1, revoke(&new, RevocationReasonCode::Superseded)).unwrap();
    bench.now += 100;
    assert!(bench.rotate().is_empty());
    bench.ask(&ann, V2_1, RecoverRequest { unique_identifier: id(1) }).unwrap();
    assert_eq!(bench.rotate().len(), 1, "recovered");
}

/// A key whose dates have ended it is rotated all the same: that is what rotation is for.
#[test]
fn a_key_that_has_come_to_its_end_is_rotated() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let (now, day) = (bench.now, i64::from(DAY));
    let dates = vec![
        Attribute::ActivationDate(DateTime(now)),
        Attribute::DeactivationDate(DateTime(now + day)),
        Attribute::RotateOffset(Interval(0)),
    ];
    let first = create(&mut bench, &ann, &[every(DAY), dates].concat());
    bench.now += day;
    assert_eq!(state_of(&mut bench, &ann, &first), State::Deactivated);
    assert_eq!(bench.rotate().len(), 1);
    let second = linked(&mut bench, &ann, &first, LinkType::ReplacementObjectLink).unwrap();
    assert_eq!(state_of(&mut bench, &ann, &second), State::Active);
    let held = attributes_of(&mut bench, &ann, &second);
    assert_eq!(attribute!(held, DeactivationDate).next(), Some(&DateTime(now + 2 * day)));
}

#[test]
fn automatic_rotation_is_asked_for_what_can_be_made_anew() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let secret = make(&mut bench, &ann, ObjectType::SecretData);
    let mut add = |to: &str, attribute: Attribute| {
        let attribute = attribute.into();
        let request = AddAttributeRequest { unique_identifier: Some(to.into()), attribute };
        bench.ask(&ann, V2_1, request).map(|_| ())
    };
    assert_eq!(add(&secret, Attribute::RotateAutomatic(true)), Err(ResultReason::InvalidField));
    assert_eq!(add(&secret, Attribute::RotateAutomatic(false)), Ok(()));
    let none = [Attribute::RotateInterval(Interval(0))];
    assert_eq!(bench.ask(&ann, V2_1, aes(&none)).unwrap_err(), ResultReason::InvalidField);
    let alone = create(&mut bench, &ann, &[Attribute::RotateAutomatic(true)]);
    bench.now += 1_000_000;
    assert!(bench.rotate().is_empty(), "without an interval it is never due");
    let attribute = Attribute::RotateInterval(Interval(1)).into();
    let request = AddAttributeRequest { unique_identifier: Some(alone.as_str().into()), attribute };
    bench.ask(&ann, V2_1, request).unwrap();
    assert_eq!(bench.rotate().len(), 1);
}

/// How many objects say that they replace this one.
fn replacements(bench: &mut Bench, who: &Principal, old: &str) -> usize {
    let link = Attribute::Link(Link { kind: LinkType::ReplacedObjectLink, linked: old.into() });
    let attributes = Some(AttributeFilter([link].into()));
    bench
        .ask(who, V2_1, LocateRequest { attributes, ..LocateRequest::default() })
        .unwrap()
        .unique_identifiers
        .len()
}

/// The object that has a name.
fn named(bench: &mut Bench, who: &Principal, name: &Attribute) -> Vec<String> {
    let attributes = Some(AttributeFilter([name.clone()].into()));
    let found = bench.ask(who, V2_1, LocateRequest { attributes, ..LocateRequest::default() }).unwrap();
    found.unique_identifiers.iter().map(text).collect()
}

/// "There SHALL be only one such replacement object per Managed Object" (KMIP 1.4, 3.35). A key that was re-keyed twice had
/// two that both were the latest: the name at one, the link at the other.
#[test]
fn what_was_replaced_is_not_replaced_again() {
    let denied = ResultReason::PermissionDenied;
    let replace = [Operation::ReKey, Operation::ReKeyKeyPair, Operation::ReCertify];
    for row in ROWS.iter().filter(|row| replace.contains(&row.operation)) {
        for version in VERSIONS.into_iter().filter(|version| is_in(row.operation, *version)) {
            for way in ["in a row", "in one batch", "at once", "without the link", "undone"] {
                let what = format!("{:?} in {version}, {way}", row.operation);
                let (mut bench, ann) = (every_operation::bench(), every_operation::ann());
                let (old, request) = (row.prepared)(&mut bench, &ann, version);
                let name = Attribute::Name(Name::text("disk"));
                let unique_identifier = Some(old.as_str().into());
                let add = AddAttributeRequest { unique_identifier, attribute: name.clone().into() };
                bench.ask(&ann, V2_1, add).unwrap();
                let second = replaced_twice(&mut bench, &ann, version, (way, &old, &request));
                assert_eq!(second.result_reason, Some(denied), "{what}: {:?}", second.result_message);
                assert_eq!(replacements(&mut bench, &ann, &old), 1, "{what}");
                let holder = named(&mut bench, &ann, &name);
                assert_eq!(holder.len(), 1, "{what}");
                let is_latest = rotation(&mut bench, &ann, &holder[0]).2;
                assert_eq!(is_latest, Some(true), "{what}: the name is at the latest");
                if way != "without the link" {
                    let link = linked(&mut bench, &ann, &old, LinkType::ReplacementObjectLink);
                    assert_eq!(link.as_ref(), holder.first(), "{what}: the name and the link agree");
                }
            }
        }
    }
}

/// What the second replacement is answered.
fn replaced_twice(
    bench: &mut Bench,
    who: &Principal,
    version: Version,
    (way, old, request): (&str, &str, &Request),
) -> ResponseItem {
    let message = |count| RequestMessage::new(version, vec![RequestItem::from(request.clone()); count]);
    match way {
        "in one batch" => return bench.run(who, &message(2)).remove(1),
        "at once" => {
            let (one, other) = (bench.decide(who, &message(1)), bench.decide(who, &message(1)));
            bench.commit(one.changes);
            assert!(!bench.try_commit(other.changes), "the slower one is run again");
        }
        "undone" => {
            let mut twice = message(2);
            twice.header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Undo);
            assert_eq!(bench.run(who, &twice)[0].result_status, ResultStatus::OperationUndone);
            assert_eq!(bench.run(who, &message(1))[0].result_status, ResultStatus::Success);
        }
        _ => {
            let first = bench.run(who, &message(1)).remove(0);
            assert_eq!(first.result_status, ResultStatus::Success, "{:?}", first.result_message);
        }
    }
    if way == "without the link" {
        delete_link(bench, who, old);
    }
    bench.run(who, &message(1)).remove(0)
}

/// Takes the link to its replacement from an object.
fn delete_link(bench: &mut Bench, who: &Principal, old: &str) {
    let kind = LinkType::ReplacementObjectLink;
    let linked = linked(bench, who, old, kind).unwrap().as_str().into();
    let delete = DeleteAttributeRequest {
        unique_identifier: Some(old.into()),
        current: Some(Attribute::Link(Link { kind, linked }).into()),
        ..DeleteAttributeRequest::default()
    };
    bench.ask(who, V2_1, delete).unwrap();
}

/// Where a client and the server replace a key at the same time, one of them does.
#[test]
fn a_key_that_a_client_was_faster_to_replace_is_not_rotated() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let id = create(&mut bench, &ann, &every(DAY));
    bench.now += i64::from(DAY);
    re_key(&mut bench, &ann, &id);
    delete_link(&mut bench, &ann, &id);
    assert!(bench.rotate().is_empty(), "it was replaced, whatever its links say");
    assert_eq!(replacements(&mut bench, &ann, &id), 1);
}

/// A clock that was ahead, by however much, and is set right: what was made in the meantime is rotated an interval later, once,
/// and then as ever.
#[test]
fn what_was_made_by_a_clock_that_was_ahead_is_rotated_all_the_same() {
    let day = i64::from(DAY);
    for ahead in [61, 3 * 3600, day - 1, day, 2 * day, 30 * day, 3650 * day] {
        let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
        let right = bench.now;
        bench.now = right + ahead;
        let ids: Vec<String> = (0..7).map(|_| create(&mut bench, &ann, &every(DAY))).collect();
        bench.now = right;
        assert_eq!(bench.recount(3), ids.len(), "{ahead}");
        assert_eq!(bench.recount(3), 0, "{ahead}: told once");
        let mut rotated = Vec::new();
        for hour in 1..=6 * 24 {
            bench.now = right + hour * 3600;
            assert_eq!(bench.recount(3), 0, "{ahead}");
            rotated.extend(bench.rotate().iter().map(|_| hour));
            assert!(bench.due_by_owner(100, &[]).is_empty(), "{ahead}");
        }
        assert!(rotated[0] >= 24 && rotated[0] <= 48, "{ahead}: {rotated:?}");
        for (one, next) in rotated.iter().zip(rotated.iter().skip(ids.len())) {
            assert_eq!(next - one, 24, "{ahead}: {rotated:?}");
        }
    }
}

/// A clock that is behind for a while makes nothing due when it is set right, nor does one that is put right by little.
#[test]
fn a_clock_that_is_behind_rotates_nothing_before_its_time() {
    let day = i64::from(DAY);
    for behind in [60, 61, 3600, 2 * day, 20_000 * day] {
        let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
        let right = 20_500 * day;
        bench.now = right;
        create(&mut bench, &ann, &every(DAY));
        bench.now = right - behind;
        assert_eq!(bench.recount(10), usize::from(behind > 60), "{behind}");
        assert!(bench.rotate().is_empty());
        for now in [right + 1, right + day - 1] {
            bench.now = now;
            assert!(bench.rotate().is_empty() && bench.due_by_owner(10, &[]).is_empty(), "{behind}");
            assert_eq!(bench.recount(10), 0, "{behind}");
        }
        bench.now = right + day;
        assert_eq!(bench.rotate().len(), 1, "{behind}");
    }
}

fn is_in(operation: Operation, version: Version) -> bool {
    OPERATION_ROWS.iter().any(|row| row.operation == operation && (row.is_in)(version))
}

/// What is due is taken by owner: one with many, or with some that cannot be rotated, hides nobody else's.
#[test]
fn what_is_due_is_found_for_each_owner() {
    let mut bench = Bench::new(1);
    let (hog, ann) = (principal("hog", &[]), principal("ann", &[]));
    let many: Vec<String> = (0..30).map(|_| create(&mut bench, &hog, &every(DAY))).collect();
    bench.now += 10;
    let hers = create(&mut bench, &ann, &every(DAY));
    assert!(bench.due_by_owner(5, &[]).is_empty());
    bench.now += i64::from(DAY);
    let due = bench.due_by_owner(5, &[]);
    let owners: Vec<&str> = due.iter().map(|(owner, _)| owner.as_str()).collect();
    assert_eq!(owners, ["hog", "hog", "hog", "hog", "hog", "ann"]);
    assert_eq!(due.last().unwrap().1.place, hers);
    let known: Vec<_> = due.into_iter().map(|(_, due)| due).collect();
    let next = bench.due_by_owner(5, &known);
    assert!(next.len() == 5 && next.iter().all(|(owner, due)| owner == "hog" && many.contains(&due.place)));
    assert!(next.iter().all(|(_, due)| !known.contains(due)));
}
