//! What a request asks of a processor is counted whatever it asks for: each item has a base, and what it sends, opens, changes and
//! is answered counts by its bytes. Generated over all operations, so that none is forgotten.

use crate::every_operation::{ann, bench, rows::ROWS};
use crate::objects::*;
use crate::world::{self, Bench};
use keystead_engine::batch::Outcome;
use keystead_engine::need::Need;
use keystead_engine::refusal::Cause;
use keystead_engine::rights::principal::Principal;
use kmip_codec::attributes::*;
use kmip_codec::enums::*;
use kmip_codec::item::ItemValue;
use kmip_codec::message::{RequestItem, RequestMessage, ResponseItem};
use kmip_codec::operations::{Call as _, Request};
use kmip_codec::version::V2_1;

/// The same request so many times in one batch, whatever becomes of each.
fn repeated(bench: &mut Bench, who: &Principal, request: &Request, times: usize) -> Outcome {
    let mut message = RequestMessage::new(V2_1, vec![RequestItem::from(request.clone()); times]);
    message.header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Continue);
    bench.decide(who, &message)
}

/// Whether an item was refused because the request had asked for all the work that it may.
fn is_too_much(item: &ResponseItem) -> bool {
    item.result_message.as_deref().is_some_and(|text| text.contains("milliseconds of work"))
}

/// With a millisecond of work, whatever is asked for comes to its end.
#[test]
fn every_item_costs_a_base() {
    for row in ROWS {
        let mut bench = bench();
        let (_, request) = (row.prepared)(&mut bench, &ann(), V2_1);
        bench.settings.work_milliseconds_max = 1;
        let outcome = repeated(&mut bench, &ann(), &request, 100);
        let done = outcome.response.items.iter().take_while(|item| !is_too_much(item)).count();
        assert!(outcome.response.items.iter().skip(done).all(is_too_much), "{:?}", row.operation);
        // Less than two milliseconds is one, and each has 30 microseconds at least.
        assert!(done <= 66, "{done} items of {:?} in a millisecond", row.operation);
    }
}

/// An attribute of so many bytes.
fn fat(bytes: usize) -> Attribute {
    let value = Some(ItemValue::TextString("x".repeat(bytes)));
    Attribute::Vendor(VendorAttribute { vendor: "x".into(), name: "fat".into(), value })
}

/// Get Attributes of 900 KiB, a thousand times, was nothing.
#[test]
fn what_an_item_reads_counts_by_its_bytes() {
    const BYTES: usize = 900_000;
    let mut named = 0;
    for row in ROWS {
        let mut bench = bench();
        let (_, request) = (row.prepared)(&mut bench, &ann(), V2_1);
        let is_done = |bench: &mut Bench, most: u64| {
            bench.settings.work_milliseconds_max = most;
            let outcome = repeated(bench, &ann(), &request, 1);
            let objects = outcome.item_outcomes[0].objects.clone();
            // What a Process carries out fails within it.
            let within = outcome.item_outcomes[0].within.iter().any(|item| item.cause == Some(Cause::Limit));
            let is_done = !within && !is_too_much(&outcome.response.items[0]);
            (is_done, outcome.item_outcomes[0].cause.is_none(), objects)
        };
        // As much as it takes where nothing is large.
        let Some(most) = (0..3).find(|most| is_done(&mut bench, *most).0) else { continue };
        bench.settings.work_milliseconds_max = 1000;
        let there = bench.enrich(&ann(), &[fat(BYTES)]);
        let (_, succeeds, objects) = is_done(&mut bench, 1000);
        if succeeds && objects.iter().any(|id| there.contains(id)) {
            named += 1;
            assert!(
                !is_done(&mut bench, most).0,
                "{:?} reads {BYTES} bytes as if they were few",
                row.operation
            );
        }
    }
    assert!(named > 25, "only {named} operations name an object that can be made large");
}

/// Whoever leaves is worked for until the end of the item, and nothing of it is kept.
#[test]
fn what_is_asked_by_one_who_has_left_ends_at_the_next_item() {
    let mut bench = Bench::new(1);
    let requests = vec![RequestItem::from(aes(&[]).into_request()); 500];
    let message = RequestMessage::new(V2_1, requests);
    world::effort();
    let each = {
        let one = RequestMessage::new(V2_1, vec![RequestItem::from(aes(&[]).into_request())]);
        bench.decide(&ann(), &one);
        world::effort().draws
    };
    assert_eq!(bench.abandoned(&ann(), &message, 10 * each), Some(Need::Abandoned));
    assert_eq!(world::effort().draws, 10 * each);
    assert_eq!(bench.abandoned(&ann(), &message, 1000 * each), None, "who stays is answered");
}
