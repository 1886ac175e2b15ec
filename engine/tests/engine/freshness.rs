//! Fresh (KMIP 2.1, 4.24): false from the first Get on, which commits nothing where the object is in no group; what says
//! so until the object changes is a row beside its record.

use super::carrying::brought;
use super::handing::must_be_sound;
use super::objects::*;
use super::world::{Bench, principal};
use keystead_engine::changes::Changes;
use keystead_engine::rights::principal::Principal;
use keystead_records::keyspace::Kind;
use keystead_store::{Order, Store as _};
use kmip_codec::attribute;
use kmip_codec::attributes::{Attribute, AttributeFilter, Name};
use kmip_codec::enums::*;
use kmip_codec::message::RequestMessage;
use kmip_codec::operations::Call as _;
use kmip_codec::payloads::*;
use kmip_codec::version::V2_1;
use std::ops::ControlFlow;

fn get(id: &str) -> GetRequest {
    GetRequest { unique_identifier: Some(id.into()), ..GetRequest::default() }
}

fn got(bench: &mut Bench, who: &Principal, id: &str) {
    bench.ask(who, V2_1, get(id)).unwrap();
}

/// What a Get would change.
fn changes(bench: &mut Bench, who: &Principal, id: &str) -> Changes {
    let message = RequestMessage::new(V2_1, vec![get(id).into_request().into()]);
    let outcome = bench.decide(who, &message);
    assert_eq!(outcome.response.items[0].result_status, ResultStatus::Success);
    outcome.changes
}

/// What Get Attributes says, which Locate agrees with.
fn is_fresh(bench: &mut Bench, who: &Principal, id: &str) -> bool {
    let fresh = attribute!(attributes_of(bench, who, id), Fresh).next().copied().unwrap();
    for value in [true, false] {
        let filter = Some(AttributeFilter([Attribute::Fresh(value)].into_iter().collect()));
        let found = bench.ask(who, V2_1, LocateRequest { attributes: filter, ..LocateRequest::default() });
        let found = found.unwrap().unique_identifiers.iter().any(|found| text(found) == id);
        assert_eq!(found, fresh == value, "Locate");
    }
    fresh
}

fn rows(bench: &Bench) -> usize {
    let mut rows = 0;
    let mut visit = |_: &[u8], _: &[u8]| {
        rows += 1;
        ControlFlow::Continue(())
    };
    bench.store.snapshot().unwrap().scan(Kind::Served.prefix(), Order::Forward, &mut visit).unwrap();
    rows
}

fn name(bench: &mut Bench, who: &Principal, id: &str, name: &str) {
    let request = AddAttributeRequest {
        unique_identifier: Some(id.into()),
        attribute: Attribute::Name(Name::text(name)).into(),
    };
    bench.ask(who, V2_1, request).unwrap();
}

#[test]
fn the_first_get_commits_nothing_and_the_next_change_stores_it() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let id = create(&mut bench, &ann, &[]);
    assert!(is_fresh(&mut bench, &ann, &id));
    let first = changes(&mut bench, &ann, &id);
    assert_eq!((first.writes.len(), first.expects.len(), first.deferred.len()), (0, 0, 1));
    assert!(is_fresh(&mut bench, &ann, &id), "nothing has an effect before it is committed");
    bench.commit(first);
    for _ in 0..2 {
        assert!(!is_fresh(&mut bench, &ann, &id));
        assert_eq!(changes(&mut bench, &ann, &id), Changes::default(), "the second time it is a read alone");
    }
    assert_eq!(rows(&bench), 1);
    must_be_sound(&bench);
    name(&mut bench, &ann, &id, "key");
    assert!(!is_fresh(&mut bench, &ann, &id));
    assert_eq!(rows(&bench), 0, "the record has it");
    must_be_sound(&bench);
}

/// The row may come to the store when the object has changed already, or is another one.
#[test]
fn a_row_that_comes_late_says_nothing_wrong() {
    let (mut bench, ann) = (Bench::new(2), principal("ann", &[]));
    let id = create(&mut bench, &ann, &[]);
    let (late, twice) = (changes(&mut bench, &ann, &id), changes(&mut bench, &ann, &id));
    bench.commit(late);
    name(&mut bench, &ann, &id, "key");
    bench.commit(twice);
    assert!(!is_fresh(&mut bench, &ann, &id));
    must_be_sound(&bench);
    bench.ask(&ann, V2_1, destroy(&id)).unwrap();
    let ended = attributes_of(&mut bench, &ann, &id);
    assert_eq!(attribute!(ended, Fresh).next(), Some(&false), "it was served while it lived");
    // What is imported in the place of another object is served for the first time after that.
    bench.ask(&ann, V2_1, brought("tape-1", b"first", None)).unwrap();
    let late = changes(&mut bench, &ann, "tape-1");
    bench.ask(&ann, V2_1, brought("tape-1", b"second", Some(true))).unwrap();
    assert!(is_fresh(&mut bench, &ann, "tape-1"));
    bench.commit(late);
    assert!(is_fresh(&mut bench, &ann, "tape-1"), "it was the other one that was served");
    got(&mut bench, &ann, "tape-1");
    assert!(!is_fresh(&mut bench, &ann, "tape-1"));
    bench.ask(&ann, V2_1, brought("tape-1", b"third", Some(true))).unwrap();
    assert!(is_fresh(&mut bench, &ann, "tape-1"));
    must_be_sound(&bench);
}

/// Within one batch it shows at once, is in the record where the object is changed anyway, and is undone with the Get.
#[test]
fn a_batch_sees_what_it_has_got() {
    let (mut bench, ann) = (Bench::new(3), principal("ann", &[]));
    let id = create(&mut bench, &ann, &[]);
    let look = GetAttributesRequest { unique_identifier: Some(id.as_str().into()), ..Default::default() };
    let batch = |requests: Vec<kmip_codec::operations::Request>| {
        let items = requests.into_iter().map(Into::into).collect();
        let mut message = RequestMessage::new(V2_1, items);
        message.header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Undo);
        message
    };
    let fails = batch(vec![get(&id).into_request(), look.clone().into_request(), get("none").into_request()]);
    let outcome = bench.decide(&ann, &fails);
    assert_eq!(outcome.response.items[0].result_status, ResultStatus::OperationUndone);
    assert_eq!(outcome.changes, Changes::default());
    bench.commit(outcome.changes);
    assert!(is_fresh(&mut bench, &ann, &id));
    let outcome = bench.decide(&ann, &batch(vec![get(&id).into_request(), look.clone().into_request()]));
    assert_eq!((outcome.changes.writes.len(), outcome.changes.deferred.len()), (0, 1));
    let attributes = outcome.response.items[1].clone();
    let attributes = super::world::answer::<GetAttributesRequest>(attributes).unwrap().attributes.unwrap().0;
    assert_eq!(attribute!(attributes, Fresh).next(), Some(&false));
    assert!(is_fresh(&mut bench, &ann, &id), "that batch was not committed");
    for order in [[0, 1], [1, 0]] {
        let id = create(&mut bench, &ann, &[]);
        let requests = [get(&id).into_request(), activate(&id).into_request()];
        let outcome = bench.decide(&ann, &batch(order.map(|at: usize| requests[at].clone()).into()));
        assert!(!outcome.changes.writes.is_empty() && outcome.changes.deferred.is_empty());
        bench.commit(outcome.changes);
        assert!(!is_fresh(&mut bench, &ann, &id));
        assert_eq!(rows(&bench), 0);
    }
    must_be_sound(&bench);
}

/// Who asks for fresh members must get each once: that is decided by a commit.
#[test]
fn a_member_of_a_group_is_changed_by_its_first_get() {
    let (mut bench, ann) = (Bench::new(4), principal("ann", &[]));
    let group = Attribute::ObjectGroup("pool".into());
    let id = create(&mut bench, &ann, std::slice::from_ref(&group));
    let (one, other) = (changes(&mut bench, &ann, &id), changes(&mut bench, &ann, &id));
    assert!(one.deferred.is_empty() && !one.writes.is_empty());
    bench.commit(one);
    assert!(!bench.try_commit(other), "the second of two Gets at once is run again");
    assert!(!is_fresh(&mut bench, &ann, &id));
    // One that was got while it came into the group is no fresh member, and leaves no entry of the index behind.
    let id = create(&mut bench, &ann, &[]);
    let late = changes(&mut bench, &ann, &id);
    let request =
        AddAttributeRequest { unique_identifier: Some(id.as_str().into()), attribute: group.into() };
    bench.ask(&ann, V2_1, request).unwrap();
    bench.commit(late);
    assert!(!is_fresh(&mut bench, &ann, &id));
    must_be_sound(&bench);
    name(&mut bench, &ann, &id, "key");
    assert_eq!(rows(&bench), 0);
    must_be_sound(&bench);
}

/// An administrator hands it over to another owner: its place changes where its client chose the identifier.
#[test]
fn what_is_handed_over_stays_as_fresh_as_it_was() {
    for served in [false, true] {
        let (mut bench, ann, ben) = (Bench::new(5), principal("ann", &[]), principal("ben", &[]));
        let id = create(&mut bench, &ann, &[]);
        bench.ask(&ann, V2_1, brought("tape-1", b"secret", None)).unwrap();
        if served {
            [id.as_str(), "tape-1"].iter().for_each(|id| got(&mut bench, &ann, id));
        }
        super::handing::every_step(&mut bench, "ann", "ben", false).unwrap();
        for id in [id.as_str(), "tape-1"] {
            assert_eq!(is_fresh(&mut bench, &ben, id), !served);
        }
        assert_eq!(rows(&bench), 0);
        must_be_sound(&bench);
    }
}
