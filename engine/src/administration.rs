//! The administrative operations: what the commands of `keystead` ask beyond KMIP, as one vendor operation with JSON
//! (see [`protocol`](crate::administration::protocol)). They are a table like KMIP's, and take the same path: the authenticator and the
//! checks of the message first, then the right of the row; what they change stands in the draft and is committed with
//! the audit entry of the item. What the engine cannot do (the HSM, the CA's key) comes back as a need.

mod clients;
mod hand_over;
pub mod protocol;

use self::protocol::AdminRequest;
use crate::context::Context;
use crate::notifications::notes::{NOTED_CHARS_MAX, noted};
use crate::refusal::{Cause, Interrupt, OpResult, Refusal, refuse};
use crate::rights::policy;
use kmip_codec::item::ItemValue;
use kmip_codec::operations::{Operation, Request};
use serde::Serialize;
use serde_json::Value;

/// The vendor operation that carries them.
pub const OPERATION: Operation = protocol::OPERATION;

/// Who may ask.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Right {
    /// Every client that is let in.
    Client,
    /// Administrators.
    Administrator,
}

/// Where the work is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Work {
    /// In the draft of the batch: Undo takes it back like everything else of the batch.
    Draft,
    /// Outside, without an effect.
    Look,
    /// Outside, with an effect that no Undo takes back: its start is entered in the audit before it begins.
    Job,
}

/// What there is to know of an operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row {
    /// What audit and `keystead explain` call it.
    pub name: &'static str,
    /// Who may ask.
    pub right: Right,
    /// Where the work is done.
    pub work: Work,
    /// What the audit notes of its end, with numbers of the answer by name in braces; empty where it notes what was asked.
    pub done: &'static str,
}

macro_rules! administrative_operations {
    ($($operation:ident: $right:ident, $work:ident, $done:literal;)*) => {
        /// Every operation.
        pub const ROWS: &[Row] = &[$(administrative_operations!(row $operation, $right, $work, $done),)*];

        /// The row of a request.
        pub fn row(request: &AdminRequest) -> Row {
            match request {
                $(AdminRequest::$operation { .. } => {
                    administrative_operations!(row $operation, $right, $work, $done)
                })*
            }
        }
    };
    (row $operation:ident, $right:ident, $work:ident, $done:literal) => {
        Row { name: stringify!($operation), right: Right::$right, work: Work::$work, done: $done }
    };
}

administrative_operations! {
    Ready: Client, Look, "";
    MasterStatus: Administrator, Look, "";
    MasterRotate: Administrator, Job, "epoch {from} to {to}";
    ClientAdd: Administrator, Draft, "";
    ClientRevoke: Administrator, Draft, "";
    ClientHandOver: Administrator, Draft, "";
    ClientList: Administrator, Draft, "";
    ClientShow: Administrator, Draft, "";
    Explain: Administrator, Look, "";
    ExplainLast: Administrator, Look, "";
}

/// The request in an item, where it is one of these operations and can be read.
pub fn request_of(request: &Request) -> Option<AdminRequest> {
    match request {
        Request::Unknown(OPERATION, payload) => parse(payload).ok(),
        _ => None,
    }
}

fn parse(payload: &ItemValue) -> Result<AdminRequest, Refusal> {
    serde_json::from_str(protocol::text(payload).unwrap_or_default()).map_err(|error| {
        let text = format!("not an administrative request: {}", noted(&error.to_string(), NOTED_CHARS_MAX));
        Refusal::new(Cause::InvalidField, text)
    })
}

/// Performs the operation in a payload, if this client may ask for it.
pub fn perform(payload: &ItemValue, cx: &mut Context<'_, '_>) -> OpResult<ItemValue> {
    let request = parse(payload)?;
    cx.note = note(&request);
    let row = row(&request);
    if row.right == Right::Administrator {
        policy::authorise_administration(cx.principal())?;
    }
    // No object is used: where the ticket of the message would be refused for that behind the work, it is before.
    if let Some(grant) = cx.draft.grant() {
        grant.clone().end()?;
    }
    if row.work == Work::Job && cx.undoes {
        return refuse(
            Cause::FeatureNotSupported,
            format!("{} cannot be undone: ask for it without the option Undo", row.name),
        );
    }
    let answer = match &request {
        AdminRequest::ClientAdd { .. } => clients::add(cx, &request),
        AdminRequest::ClientRevoke { name, unknown, myself } => clients::revoke(cx, name, *unknown, *myself),
        AdminRequest::ClientHandOver { .. } => hand_over::hand_over(cx, &request),
        AdminRequest::ClientList => clients::issued(cx.draft).and_then(|issued| json(&issued)),
        AdminRequest::ClientShow { name } => clients::show(cx, &request, name),
        _ => cx.fulfilled.outside(&request),
    };
    if let (Work::Job, Err(Interrupt::Refused(refusal))) = (row.work, &answer) {
        cx.note = refusal.message.clone().into_owned();
    }
    let answer = answer?;
    if let Some(done) = filled(row.done, &answer) {
        cx.note = done;
    }
    protocol::payload(&answer).map_err(|error| internal(&error).into())
}

/// What the audit notes of a request, beside its name.
fn note(request: &AdminRequest) -> String {
    match request {
        AdminRequest::ClientAdd { name, days, replace, administrator, .. } => {
            let administrator = if *administrator { ", an administrator" } else { "" };
            let replacing = if *replace { ", in the place of all others" } else { "" };
            format!("{}, {days} days{administrator}{replacing}", noted(name, NOTED_CHARS_MAX))
        }
        AdminRequest::ClientRevoke { name, unknown, myself } => {
            let unknown = if *unknown { ", known or not" } else { "" };
            let own = if *myself { ", who asks or not" } else { "" };
            format!("{}{unknown}{own}", noted(name, NOTED_CHARS_MAX))
        }
        AdminRequest::ClientHandOver { name, to, unknown, .. } => {
            let unknown = if *unknown { ", known or not" } else { "" };
            format!("{} to {}{unknown}", noted(name, NOTED_CHARS_MAX), noted(to, NOTED_CHARS_MAX))
        }
        AdminRequest::ClientShow { name } => noted(name, NOTED_CHARS_MAX),
        AdminRequest::Explain { id } => format!("request {id}"),
        _ => String::new(),
    }
}

/// The note of an operation's end, with the numbers of its answer put in.
fn filled(note: &str, answer: &Value) -> Option<String> {
    let mut parts = note.split(['{', '}']);
    let mut out = parts.next().filter(|first| !first.is_empty())?.to_owned();
    while let Some(name) = parts.next() {
        out.push_str(&answer.get(name)?.as_u64()?.to_string());
        out.push_str(parts.next()?);
    }
    Some(out)
}

fn json(value: &impl Serialize) -> OpResult<Value> {
    serde_json::to_value(value).map_err(|error| internal(&error).into())
}

fn internal(error: &dyn std::fmt::Display) -> Refusal {
    Refusal::new(Cause::Internal, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_has_its_row_under_its_own_name() {
        for row in ROWS {
            assert_eq!(ROWS.iter().filter(|other| other.name == row.name).count(), 1, "{}", row.name);
        }
        assert_eq!(row(&AdminRequest::MasterRotate).name, "MasterRotate");
        assert_eq!(row(&AdminRequest::Explain { id: 1 }).work, Work::Look);
    }

    #[test]
    fn the_note_of_an_end_has_the_numbers_of_the_answer() {
        let answer = serde_json::json!({ "from": 3, "to": 4, "text": "\u{1b}" });
        let note = |note| filled(note, &answer);
        assert_eq!(note(row(&AdminRequest::MasterRotate).done).as_deref(), Some("epoch 3 to 4"));
        assert_eq!(note("{from}"), None, "begins with what it is about");
        assert_eq!(
            [note(""), note("no {number}"), note("a {text}"), note("half {")],
            [None, None, None, None]
        );
    }
}
