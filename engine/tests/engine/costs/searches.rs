//! Locate reads and holds what its page needs, however many objects there are.

use crate::objects::*;
use crate::world::{self, Bench, principal};
use keystead_engine::rights::principal::Principal;
use kmip_codec::Version;
use kmip_codec::attributes::*;
use kmip_codec::enums::*;
use kmip_codec::message::{RequestItem, RequestMessage};
use kmip_codec::operations::{Call as _, Response};
use kmip_codec::payloads::*;
use kmip_codec::version::{V1_3, V2_1};

/// Makes so many keys, and returns their identifiers, the oldest first.
fn fill(bench: &mut Bench, who: &Principal, count: usize) -> Vec<String> {
    let message = RequestMessage::new(V2_1, (0..count).map(|_| aes(&[]).into_request().into()).collect());
    bench.now += 1;
    let items = bench.run(who, &message);
    let id = |response| match response {
        Some(Response::Create(made)) => text(&made.unique_identifier),
        other => panic!("{other:?}"),
    };
    items.into_iter().map(|item| id(item.response)).collect()
}

fn page(offset: i32, maximum: i32) -> LocateRequest {
    LocateRequest {
        maximum_items: Some(maximum),
        offset_items: Some(offset).filter(|o| *o > 0),
        ..Default::default()
    }
}

fn located(bench: &mut Bench, who: &Principal, version: Version, request: LocateRequest) -> Vec<String> {
    bench.ask(who, version, request).unwrap().unique_identifiers.iter().map(text).collect()
}

/// The first page of many was as dear as all of them: every key was collected first.
#[test]
fn a_page_reads_a_page() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &["team"]));
    for _ in 0..3 {
        fill(&mut bench, &ann, 700);
    }
    // In 1.3 the oldest come first.
    for version in [V1_3, V2_1] {
        world::effort();
        assert_eq!(located(&mut bench, &ann, version, page(0, 10)).len(), 10);
        let took = world::effort();
        // A page of each list, and in each of both scopes a look for the one type and state that there is.
        assert!(took.visited <= 2 * 64 + 2 && took.read <= 2 * 10 + 10, "{version}: {took:?}");
    }
}

/// Every object that was looked at stayed in memory, with its record, until the end of the batch.
#[test]
fn what_is_looked_at_is_not_held() {
    let (mut bench, ann) = (Bench::new(2), principal("ann", &["team"]));
    let none = LocateRequest {
        attributes: Some(AttributeFilter([Attribute::Comment("none".into())].into())),
        ..LocateRequest::default()
    };
    let held = |bench: &mut Bench, request: &LocateRequest| {
        let item = || RequestItem::from(request.clone().into_request());
        let message = RequestMessage::new(V2_1, vec![item(), item(), item()]);
        allocation_counter::measure(|| drop(bench.decide(&ann, &message))).bytes_max
    };
    fill(&mut bench, &ann, 300);
    let last = |count: i32| page(count - 5, 5);
    let few = [held(&mut bench, &none), held(&mut bench, &last(300))];
    fill(&mut bench, &ann, 900);
    fill(&mut bench, &ann, 900);
    let many = [held(&mut bench, &none), held(&mut bench, &last(2100))];
    for (few, many) in few.into_iter().zip(many) {
        assert!(many < few + 100_000, "{few} bytes for 300 objects, {many} for 2100");
    }
}

/// Pages together are what one Locate gives, in both directions, of two scopes and of two values of an index, with objects that
/// the same batch has made.
#[test]
fn pages_are_parts_of_the_whole() {
    let (mut bench, ann, bob) =
        (Bench::new(3), principal("ann", &["team"]), principal("bob", &["team", "others"]));
    let mut all = fill(&mut bench, &ann, 150);
    all.extend(fill(&mut bench, &bob, 150));
    all.extend(fill(&mut bench, &ann, 700));
    for active in all.iter().step_by(3) {
        bench.ask(&ann, V2_1, activate(active)).unwrap();
    }
    let by_state = |mut request: LocateRequest| {
        request.attributes = Some(AttributeFilter([Attribute::State(State::Active)].into()));
        request
    };
    for version in [V1_3, V2_1] {
        let mut expected = all.clone();
        if version == V2_1 {
            expected.reverse();
        }
        assert_eq!(located(&mut bench, &ann, version, page(0, 1000)), expected, "{version}");
        let mut paged = Vec::new();
        for offset in (0..1000).step_by(130) {
            paged.extend(located(&mut bench, &ann, version, page(offset, 130)));
        }
        assert_eq!(paged, expected, "{version}");
        expected.retain(|id| all.iter().step_by(3).any(|active| active == id));
        assert_eq!(located(&mut bench, &ann, version, by_state(page(0, 1000))), expected, "{version}");
    }
    let message =
        RequestMessage::new(V2_1, vec![aes(&[]).into_request().into(), page(0, 3).into_request().into()]);
    bench.now += 1;
    let items = bench.run(&ann, &message);
    let (Some(Response::Create(made)), Some(Response::Locate(found))) =
        (&items[0].response, &items[1].response)
    else {
        panic!("{items:?}");
    };
    let found: Vec<String> = found.unique_identifiers.iter().map(text).collect();
    assert_eq!(found, [&text(&made.unique_identifier), &all[999], &all[998]].map(String::clone));
}

/// The work of all searches of a request has a bound.
#[test]
fn a_request_looks_at_so_many() {
    let (mut bench, ann) = (Bench::new(4), principal("ann", &[]));
    fill(&mut bench, &ann, 300);
    bench.settings.looked_at_max = 1000;
    let search = LocateRequest {
        attributes: Some(AttributeFilter([Attribute::Comment("c".into())].into())),
        ..Default::default()
    };
    let mut message = RequestMessage::new(V2_1, vec![search.into_request().into(); 5]);
    message.header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Continue);
    let reasons: Vec<_> = bench.run(&ann, &message).into_iter().map(|item| item.result_reason).collect();
    let limit = Some(ResultReason::ServerLimitExceeded);
    assert_eq!(reasons, [None, None, None, limit, limit]);
}
