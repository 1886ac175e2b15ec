//! Whatever the operation: what it answers and what it changes stays within the bounds of the request, also where it is asked for
//! again and again in one batch, and the audit says what the answer says.

use crate::every_operation::{ann, bench, rows::ROWS};
use keystead_engine::refusal::Cause;
use kmip_codec::enums::*;
use kmip_codec::message::{RequestItem, RequestMessage};
use kmip_codec::version::V2_1;

const ANSWER_BYTES: usize = 3_000;
const CHANGE_BYTES: usize = 20_000;

/// How often each is asked for.
const TIMES: usize = 60;

#[test]
fn no_operation_is_beyond_the_bounds_of_a_request() {
    let (mut too_long, mut too_much) = (0, 0);
    for row in ROWS {
        let mut bench = bench();
        let (_, request) = (row.prepared)(&mut bench, &ann(), V2_1);
        (bench.settings.answer_bytes_max, bench.settings.change_bytes_max) = (ANSWER_BYTES, CHANGE_BYTES);
        let requests = vec![RequestItem::from(request); TIMES];
        let mut message = RequestMessage::new(V2_1, requests);
        message.header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Continue);
        let mut outcome = None;
        let memory = allocation_counter::measure(|| outcome = Some(bench.decide(&ann(), &message)));
        let (outcome, what) = (outcome.unwrap(), row.operation);
        assert!(memory.bytes_max < 8 << 20, "{what:?} holds {} bytes", memory.bytes_max);
        let mut answered = 0;
        for (item_outcome, item) in outcome.item_outcomes.iter().zip(&outcome.response.items) {
            let reason = item.result_reason.filter(|_| item.result_status == ResultStatus::OperationFailed);
            assert_eq!((item_outcome.status, item_outcome.reason), (item.result_status, reason), "{what:?}");
            if item_outcome.cause.is_none() {
                answered += item.length(V2_1);
            }
        }
        assert!(answered <= ANSWER_BYTES, "{what:?} answers {answered} bytes");
        // Beside what is counted stand the index entries, each for an attribute that is.
        let writes = outcome.changes.writes.iter();
        let changed: usize = writes.map(|(key, value)| key.len() + value.as_ref().map_or(0, Vec::len)).sum();
        assert!(changed <= 4 * CHANGE_BYTES, "{what:?} changes {changed} bytes");
        too_long += usize::from(outcome.item_outcomes.iter().any(|item| item.cause == Some(Cause::TooLarge)));
        too_much += usize::from(outcome.item_outcomes.iter().any(|item| item.cause == Some(Cause::Limit)));
    }
    assert!(too_long > 20 && too_much > 5, "few come to their bounds: {too_long}, {too_much}");
}
