//! Operations on the server itself.

use super::world::{Bench, principal};
use kmip_codec::enums::{InteropFunction, QueryFunction, ResultReason};
use kmip_codec::message::{RequestItem, RequestMessage};
use kmip_codec::operations::{Call as _, Operation};
use kmip_codec::payloads::*;
use kmip_codec::version::V2_1;

/// A client's text is never taken for the server's own: it cannot end the line it stands in, nor its quotes.
#[test]
fn a_log_message_is_noted_escaped_and_bounded() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let mut log = |text: &str| {
        let request = LogRequest { log_message: text.into() };
        let message = RequestMessage::new(V2_1, vec![RequestItem::from(request.into_request())]);
        bench.decide(&ann, &message).item_outcomes.pop().unwrap()
    };
    assert_eq!(log("disk full").note, "\"disk full\"");
    let forged = log("x\" principal=admin\n2026 INFO \u{1b}[31m \u{202e}");
    assert_eq!(forged.note, r#""x\" principal=admin\u{a}2026 INFO \u{1b}[31m \u{202e}""#);
    assert_eq!(log(&"é".repeat(1024)).reason, None);
    let long = log(&"é".repeat(1025));
    assert_eq!((long.reason, long.note.as_str()), (Some(ResultReason::InvalidField), ""));
}

#[test]
fn interop_is_served_and_announced_only_where_it_is_configured() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let ask = |bench: &mut Bench, function| {
        bench.ask(&ann, V2_1, InteropRequest { function, identifier: "case".into() })
    };
    let announced = |bench: &mut Bench| {
        let functions = vec![QueryFunction::QueryOperations];
        let answer = bench.ask(&ann, V2_1, QueryRequest { functions, ..QueryRequest::default() }).unwrap();
        answer.operations.contains(&Operation::Interop)
    };
    assert_eq!(ask(&mut bench, InteropFunction::Begin), Err(ResultReason::OperationNotSupported));
    assert!(!announced(&mut bench));
    bench.settings.interop = true;
    assert_eq!(ask(&mut bench, InteropFunction::Begin), Ok(InteropResponse {}));
    assert_eq!(ask(&mut bench, InteropFunction::Reset), Err(ResultReason::FeatureNotSupported));
    assert!(announced(&mut bench));
}
