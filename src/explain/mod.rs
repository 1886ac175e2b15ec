//! What became of exchanges that failed or were odd, for `keystead explain`: kept in memory, bounded in number, in bytes
//! and in clients, and redacted before they are kept.
//!
//! ```text
//! server  -> What happened -> Exchange: redacted XML, clause, hint -> Memory (bounded) -> keystead explain
//! ```
//!
//! No byte of a key can stand in it: the codec's redacting sink is the only way in. A fingerprint stands for each secret,
//! a digest under a key that this run of the server makes and tells nobody, so that equal secrets can be told from
//! different ones and a password cannot be found by trying.

mod case;
mod hints;
mod memory;
mod record;
mod what;

pub use case::{NotWritable, to_case};
pub use hints::{HINTS, Hint, hint};
pub use memory::{Bounds, Memory};
pub use record::{ExchangeRecord, classify};
pub use what::{Suspicious, What};

use crate::engine::notifications::object_facts::ObjectFacts;
use crate::pki::Facts;
use serde::{Deserialize, Serialize};

/// An exchange that failed or was odd.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// The number of the request, as log, audit and Result Message have it.
    pub id: u64,
    /// When, in milliseconds since 1970.
    pub time: u64,
    /// Who asked; empty where TLS had not told yet.
    pub client: String,
    /// From where.
    pub peer: String,
    /// The version of the protocol; empty where it was not read.
    pub version: String,
    /// Whether it succeeded and is suspicious all the same.
    pub odd: bool,
    /// The certificate of somebody who was turned away, where one was shown.
    #[serde(default)]
    pub certificate: Option<Facts>,
    /// The operation of the item that decided; empty where there was none.
    pub operation: String,
    /// Which item of the batch decided, from 1, and how many there are.
    pub item: (usize, usize),
    /// What happened, by our name.
    pub what: String,
    /// The Result Reason; empty for success.
    pub reason: String,
    /// What the client was told.
    pub message: String,
    /// The clause of the specification that decided.
    pub clause: String,
    /// What the client probably wanted.
    pub wanted: String,
    /// What to do.
    pub advice: String,
    /// Objects that it named and may see, as they were then.
    pub objects: Vec<ObjectFacts>,
    /// The request, redacted XML; empty where none could be read.
    pub request: String,
    /// The answer, redacted XML.
    pub answer: String,
    /// Whether both are whole; long ones are cut.
    pub whole: bool,
    /// How often it happened: odd exchanges of one kind are kept once.
    pub times: u64,
    /// When it last happened, in milliseconds since 1970.
    pub last: u64,
}

impl Exchange {
    /// The same without request and answer, for lists.
    pub fn summary(&self) -> Self {
        Self { request: String::new(), answer: String::new(), objects: Vec::new(), ..self.clone() }
    }

    /// About how many bytes it takes.
    fn bytes(&self) -> usize {
        let texts = [
            &self.client,
            &self.peer,
            &self.version,
            &self.operation,
            &self.what,
            &self.reason,
            &self.message,
            &self.clause,
            &self.wanted,
            &self.advice,
            &self.request,
            &self.answer,
        ];
        let objects: usize = self.objects.iter().map(ObjectFacts::bytes).sum();
        let shown = self.certificate.as_ref().map_or(0, Facts::bytes);
        size_of::<Self>() + objects + shown + texts.iter().map(|text| text.capacity()).sum::<usize>()
    }
}
