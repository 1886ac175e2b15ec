//! Answers that the server makes without the engine, and what it does to every one before it leaves.

use crate::engine::batch::{self, Outcome};
use crate::engine::refusal::{Cause, Refusal};
use crate::executor::now;
use kmip_codec::Version;
use kmip_codec::enums::{EndpointRole, ResultStatus};
use kmip_codec::message::{RefusedMessage, RequestMessage, ResponseItem, ResponseMessage};
use kmip_codec::operations::{Operation, Response};
use kmip_codec::value::DateTime;
use kmip_codec::version::V1_0;
use kmip_codec::wire::Encoding;
use zeroize::Zeroizing;

/// The outcome and its answer as it is written, unless that is longer than the client wants: then that is refused. Maximum
/// Response Size counts the bytes of TTLV in every encoding (the profiles' JSON and XML cases ask for sizes that fit TTLV
/// alone). The number of the request, under which log and audit have it, stands in the answer.
pub fn encoded(
    request: u64,
    (message, encoding): (&RequestMessage, Encoding),
    mut outcome: Outcome,
) -> (Outcome, Zeroizing<Vec<u8>>) {
    stamp_request_id(&mut outcome.response, request, message);
    let answer: Zeroizing<Vec<u8>> = outcome.response.encode(encoding).into();
    let maximum = message.header.maximum_response_size.and_then(|size| usize::try_from(size).ok());
    let Some(maximum) = maximum else { return (outcome, answer) };
    let length = if encoding == Encoding::Ttlv { answer.len() } else { outcome.response.length() };
    if length <= maximum {
        return (outcome, answer);
    }
    let text =
        format!("the answer has {length} bytes, and the Maximum Response Size of the request is {maximum}");
    let mut outcome = outcome.refuse(now().seconds(), message, &Refusal::new(Cause::TooLarge, text));
    stamp_request_id(&mut outcome.response, request, message);
    let answer = outcome.response.encode(encoding).into();
    (outcome, answer)
}

/// Refuses the whole message in one item.
pub fn refuse_message(message: &RequestMessage, refusal: &Refusal) -> Outcome {
    batch::refuse_whole(now().seconds(), message, refusal)
}

/// The answer to a message that cannot be read as a whole: in the version nearest to the client's, where that is known.
pub fn unreadable(refused: &RefusedMessage) -> ResponseMessage {
    unread(refused.version, &Refusal::unreadable(&refused.why))
}

/// The answer to a message that is refused without having been read, likewise.
pub fn unread(version: Option<Version>, refusal: &Refusal) -> ResponseMessage {
    let version = version.map_or(V1_0, Version::nearest_spoken);
    let item: ResponseItem = batch::refused(refusal, version, None);
    ResponseMessage::new(version, DateTime(now().seconds()), vec![item])
}

/// Numbers the answer to a message: in what people read of items that failed, and in the header for clients that number
/// their requests themselves. Others need not know the field, and PyKMIP's client stops at it.
pub fn stamp_request_id(answer: &mut ResponseMessage, request: u64, message: &RequestMessage) {
    if message.header.client_correlation_value.is_some() {
        answer.header.server_correlation_value = Some(request.to_string());
    }
    stamp_failures(answer, request);
}

/// Numbers what people read of items that failed.
pub fn stamp_failures(answer: &mut ResponseMessage, request: u64) {
    for item in answer.items.iter_mut().filter(|item| item.result_status == ResultStatus::OperationFailed) {
        if let Some(message) = &mut item.result_message {
            message.push_str(&format!(" (request {request})"));
        }
    }
}

/// Whether an exchange turns its connection around: its last item does.
pub fn role_reversal(message: &RequestMessage, response: &ResponseMessage) -> Option<Version> {
    let asked = message.items.last()?.request.operation() == Operation::SetEndpointRole;
    match &response.items.last()?.response {
        Some(Response::SetEndpointRole(answer)) if asked && answer.endpoint_role == EndpointRole::Client => {
            Some(response.version())
        }
        _ => None,
    }
}
