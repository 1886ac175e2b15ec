//! What an item of a batch did, as the audit tells it.

use crate::draft::Undone;
use crate::refusal::Cause;
use kmip_codec::enums::{ResultReason, ResultStatus};
use kmip_codec::operations::Operation;

/// What an item did, for the audit.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ItemOutcome {
    /// The operation that was asked for.
    pub operation: Operation,
    /// The objects that it named, found or made.
    pub objects: Vec<String>,
    /// The Result Status of its answer.
    pub status: ResultStatus,
    /// Why it failed; `None` where it did not.
    pub reason: Option<ResultReason>,
    /// The same by our name; none for what did not fail here: a Poll gives the failure of another.
    pub cause: Option<Cause>,
    /// What the client wants noted, escaped and bounded (see [`notes`](crate::telling::notes)); mostly nothing.
    pub note: String,
    /// What was done within it: the asynchronous requests that a Process carried out.
    pub within: Vec<ItemOutcome>,
}

impl ItemOutcome {
    /// What was refused, for the audit.
    pub fn refused(operation: Operation, objects: Vec<String>, cause: Cause, reason: ResultReason) -> Self {
        let (status, reason, cause) = (ResultStatus::OperationFailed, Some(reason), Some(cause));
        Self { operation, objects, status, reason, cause, ..Self::default() }
    }

    /// The same, taken back.
    pub(crate) fn undone(self) -> Self {
        let within = self.within.into_iter().map(Self::undone).collect();
        Self { status: ResultStatus::OperationUndone, reason: None, cause: None, within, ..self }
    }

    /// Leaves out what was made and is undone.
    pub(crate) fn strike(&mut self, undone: &Undone) {
        self.objects.retain(|name| !undone.contains(name));
        self.within.iter_mut().for_each(|within| within.strike(undone));
    }
}
