//! What begins on a thread that many connections share needs nothing, and asks for but a moment: what asks for more ends there, and
//! goes on elsewhere.

use crate::every_operation::{ann, bench, rows::ROWS};
use keystead_engine::batch::is_quick;
use keystead_engine::fulfilled::Thread;
use keystead_engine::need::Need;
use kmip_codec::enums::{BatchErrorContinuationOption, TicketType};
use kmip_codec::message::*;
use kmip_codec::operations::{Operation, Request};
use kmip_codec::version::V2_1;

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
        if !is_quick(&message(&request, 1)) {
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

/// For a ticket the certificate of another is judged.
#[test]
fn what_is_sent_with_a_ticket_is_not_quick() {
    let mut bench = bench();
    let row = ROWS.iter().find(|row| row.operation == Operation::Get).unwrap();
    let (_, request) = (row.prepared)(&mut bench, &ann(), V2_1);
    let mut message = message(&request, 1);
    assert!(is_quick(&message));
    let ticket = Ticket { ticket_type: TicketType::Login, value: [7; 32].as_slice().into() };
    let credentials = vec![Credential::Ticket(TicketCredential { ticket })];
    message.header.authentication = Some(Authentication { credentials });
    assert!(!is_quick(&message));
}
