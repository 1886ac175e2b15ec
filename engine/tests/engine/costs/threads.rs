//! What begins on a thread that many connections share needs nothing, and asks for but a moment: what asks for more ends there, and
//! goes on elsewhere.

use crate::every_operation::{ann, bench, rows::ROWS};
use keystead_engine::batch::Foreseen;
use keystead_engine::fulfilled::Thread;
use keystead_engine::need::Need;
use kmip_codec::enums::{BatchErrorContinuationOption, ResultStatus, TicketType};
use kmip_codec::message::*;
use kmip_codec::operations::{Operation, Request};
use kmip_codec::version::V2_1;

/// What may be done in parts.
const IN_PARTS: [Operation; 5] =
    [Operation::Encrypt, Operation::Decrypt, Operation::MAC, Operation::MACVerify, Operation::Hash];

fn message(request: &Request, times: usize) -> RequestMessage {
    let mut message = RequestMessage::new(V2_1, vec![RequestItem::from(request.clone()); times]);
    message.header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Continue);
    message
}

#[test]
fn what_is_quick_needs_nothing_and_ends_after_a_moment() {
    let mut quick = Vec::new();
    for row in ROWS {
        let mut bench = bench();
        let (_, request) = (row.prepared)(&mut bench, &ann(), V2_1);
        if !Foreseen::of(&message(&request, 1)).is_quick {
            continue;
        }
        quick.push(row.operation);
        let alone = bench.once(&ann(), &message(&request, 1), Thread::Shared);
        assert_eq!(alone, None, "{:?}", row.operation);
        let many = message(&request, 100);
        assert_eq!(bench.once(&ann(), &many, Thread::Shared), Some(Need::Turn), "{:?}", row.operation);
        assert_eq!(bench.once(&ann(), &many, Thread::LowPriority), None, "{:?}", row.operation);
    }
    assert!(quick.len() > 20, "{quick:?}");
}

/// Which change takes its turn is known before it is run.
#[test]
fn what_is_quick_changes_something_where_its_row_says_so() {
    for row in ROWS {
        let mut bench = bench();
        let (_, request) = (row.prepared)(&mut bench, &ann(), V2_1);
        let message = message(&request, 1);
        let foreseen = Foreseen::of(&message);
        let outcome = bench.decide(&ann(), &message);
        let succeeds = outcome.response.items[0].result_status == ResultStatus::Success;
        // What is done in parts keeps one until the next, which no row says.
        let may_keep_part = IN_PARTS.contains(&row.operation);
        if foreseen.is_quick && succeeds && !may_keep_part {
            assert_eq!(foreseen.changes, !outcome.changes.writes.is_empty(), "{:?}", row.operation);
        }
    }
}

/// For a ticket the certificate of another is judged.
#[test]
fn what_is_sent_with_a_ticket_is_not_quick() {
    let mut bench = bench();
    let row = ROWS.iter().find(|row| row.operation == Operation::Get).unwrap();
    let (_, request) = (row.prepared)(&mut bench, &ann(), V2_1);
    let mut message = message(&request, 1);
    assert!(Foreseen::of(&message).is_quick);
    let ticket = Ticket { ticket_type: TicketType::Login, value: [7; 32].as_slice().into() };
    let credentials = vec![Credential::Ticket(TicketCredential { ticket })];
    message.header.authentication = Some(Authentication { credentials });
    assert!(!Foreseen::of(&message).is_quick);
}
