//! What the store keeps of an asynchronous request: a length, JSON of that length, and the request or answer as TTLV.

use crate::batch_results::ItemResult;
use crate::rights::identity::Identity;
use kmip_codec::SecretBytes;
use serde::{Deserialize, Serialize};

/// An asynchronous request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The client.
    pub owner: String,
    /// The fingerprint of its certificate, as older versions kept it.
    #[serde(default)]
    pub fingerprint: String,
    /// What the client is made from; none in what older versions kept.
    #[serde(default)]
    pub identity: Option<Identity>,
    /// The operation, by number.
    pub operation: u32,
    /// The version of the message.
    pub version: String,
    /// When it was accepted, in nanoseconds since 1970.
    pub submitted: u64,
    /// The ID placeholder that it was accepted with.
    pub placeholder: Option<String>,
    /// What the items before it gave.
    pub batch_results: Vec<ItemResult>,
    /// Where the first item of its batch is kept that is done later; none for that one itself.
    #[serde(default)]
    pub head: Option<Vec<u8>>,
    /// Of the first one, until it is done: where those behind it are kept, in order.
    #[serde(default)]
    pub behind: Vec<Vec<u8>>,
    /// The Batch Error Continuation Option, by number.
    #[serde(default)]
    pub on_error: u32,
    /// When it was done or cancelled, in seconds since 1970; 0 before.
    pub ended: i64,
    /// How far it is.
    #[serde(skip)]
    pub stage: Stage,
}

/// How far a request is, and the message that belongs to it.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Stage {
    /// Cancelled before it began.
    #[default]
    Canceled,
    /// It waits: a request of one item.
    Submitted(SecretBytes),
    /// It is done: an answer of one item.
    Completed(SecretBytes),
}

impl Record {
    /// What the client is made from that asked.
    pub fn identity(&self) -> Identity {
        self.identity.clone().unwrap_or_else(|| Identity::of_older(&self.owner, &self.fingerprint))
    }

    /// Whether it, or one behind it, is still to be done.
    pub fn waits(&self) -> bool {
        matches!(self.stage, Stage::Submitted(_)) || !self.behind.is_empty()
    }

    /// Whether its answer is kept no longer.
    pub fn is_over(&self, now: i64, keep_seconds: u32) -> bool {
        !self.waits() && self.ended.saturating_add(i64::from(keep_seconds)) <= now
    }

    /// As bytes, to be sealed.
    pub fn encode(&self) -> Option<SecretBytes> {
        let header = serde_json::to_vec(self).ok()?;
        let (stage, body) = match &self.stage {
            Stage::Canceled => (0, &[][..]),
            Stage::Submitted(request) => (1, request.expose()),
            Stage::Completed(answer) => (2, answer.expose()),
        };
        let length = u32::try_from(header.len()).ok()?;
        Some([&[stage], length.to_be_bytes().as_slice(), &header, body].concat().into())
    }

    /// From bytes.
    pub fn decode(bytes: &SecretBytes) -> Option<Self> {
        let (stage, rest) = bytes.expose().split_first()?;
        let (length, rest) = rest.split_first_chunk()?;
        let (header, body) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        let stage = match stage {
            0 => Stage::Canceled,
            1 => Stage::Submitted(body.into()),
            2 => Stage::Completed(body.into()),
            _ => return None,
        };
        Some(Self { stage, ..serde_json::from_slice(header).ok()? })
    }
}
