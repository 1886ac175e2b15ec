//! Answers as a test reads them.

use super::*;

/// A message to a client holds nothing that only a Rust programmer can read.
pub(super) fn speaks_the_standards_words(item: &ResponseItem) {
    let message = item.result_message.as_deref().unwrap_or_default();
    let foreign = ["Some(", "Ok(", " {", "[]", "Sha2"];
    assert!(!foreign.iter().any(|word| message.contains(word)), "{message}");
}

pub fn answer<R: Call>(item: ResponseItem) -> Result<R::Answer, ResultReason> {
    match item.result_status {
        ResultStatus::Success => Ok(R::answer(item.response.unwrap()).unwrap()),
        _ => Err(item.result_reason.unwrap()),
    }
}

pub fn response<R: Call>(response: Option<Response>) -> R::Answer {
    R::answer(response.unwrap()).unwrap()
}
