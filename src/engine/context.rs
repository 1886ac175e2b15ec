//! What an operation works with: the draft, the message around it, and what the batch has made so far.

use super::draft::Draft;
use super::need::Supplies;
use super::object::Object;
use super::policy::Principal;
use super::refusal::{Cause, Halt, Step, refuse};
use super::world::{Entropy, Settings};
use kmip_codec::Version;
use kmip_codec::enums::UniqueIdentifierReference;
use kmip_codec::message::ResponseItem;
use kmip_codec::operations::Operation;
use kmip_codec::value::UniqueIdentifier;

/// An operation that this server performs: one file each in `ops/`.
pub trait Execute: kmip_codec::operations::Call {
    /// Performs it on the draft.
    fn execute(self, cx: &mut Context<'_, '_>) -> Step<Self::Answer>;
}

/// The surroundings of an item.
pub struct Context<'c, 'a> {
    /// Reads and collects writes.
    pub draft: &'c mut Draft<'a>,
    /// The version of the message.
    pub version: Version,
    /// The object that the batch made or found last (KMIP 2.1, 6.1).
    pub placeholder: Option<String>,
    /// What each item of the batch gave, for references of 2.x.
    pub given: Vec<(Operation, Option<String>)>,
    /// How many objects the batch has made.
    pub made: u64,
    /// Random bytes.
    pub entropy: &'c mut dyn Entropy,
    /// Keys that were made for this batch.
    pub supplies: &'c mut Supplies,
    /// The answer that takes the place of that of the present item: what a Poll found.
    pub instead: Option<ResponseItem>,
    /// Objects that the present item named or made, for the audit.
    pub touched: Vec<String>,
    /// What the present item wants noted in the audit and the log, through [`noted`](super::notes::noted).
    pub note: String,
}

impl<'a> Context<'_, 'a> {
    /// Seconds since 1970.
    pub fn now(&self) -> i64 {
        self.draft.world().now.seconds()
    }

    /// What the configuration says.
    pub fn settings(&self) -> &'a Settings {
        self.draft.world().settings
    }

    /// Who asks.
    pub fn principal(&self) -> &'a Principal {
        self.draft.principal()
    }

    /// Whether the version has a field for the tag of authenticated encryption.
    pub fn has_field_for_tags(&self) -> bool {
        self.version >= kmip_codec::version::V1_4
    }

    /// The identifier that a request means.
    pub fn resolve(&self, id: Option<UniqueIdentifier>) -> Step<String> {
        let last = |operation: Operation| {
            self.given.iter().rev().find(|(by, _)| *by == operation).and_then(|(_, id)| id.clone())
        };
        let found = match id {
            None | Some(UniqueIdentifier::Reference(UniqueIdentifierReference::IDPlaceholder)) => {
                self.placeholder.clone()
            }
            Some(UniqueIdentifier::Text(id)) => Some(id),
            Some(UniqueIdentifier::Index(index)) => self.given_at(index),
            Some(UniqueIdentifier::Reference(reference)) => operation_of(reference).and_then(last),
        };
        match found {
            Some(id) => Ok(id),
            None => refuse(
                Cause::NotFound,
                "no Unique Identifier: name one, or put the item behind one that makes or finds exactly one object",
            ),
        }
    }

    fn given_at(&self, index: i32) -> Option<String> {
        let at = if index < 0 {
            self.given.len().checked_sub(usize::try_from(index.unsigned_abs()).ok()?)
        } else {
            usize::try_from(index).ok()
        };
        self.given.get(at?).and_then(|(_, id)| id.clone())
    }

    /// The object that a request means, for this operation.
    pub fn object(&mut self, id: Option<UniqueIdentifier>, operation: Operation) -> Step<Object> {
        let id = self.resolve(id)?;
        self.touched.push(id.clone());
        self.draft.object(&id, operation)
    }

    /// The same, where destroyed objects will not do.
    pub fn living(&mut self, id: Option<UniqueIdentifier>, operation: Operation) -> Step<Object> {
        let object = self.object(id, operation)?;
        if object.is_destroyed() {
            return refuse(Cause::Destroyed, format!("object {:?} was destroyed", object.id));
        }
        Ok(object)
    }

    /// Stores a changed object with the time of the change.
    pub fn save(&mut self, mut object: Object) -> Step<()> {
        object.touch(self.now());
        self.draft.put(object)
    }

    /// The time of creation of a new object: later than those made before it in the batch.
    pub fn next_creation(&mut self) -> u64 {
        self.made += 1;
        self.draft.world().now.nanoseconds.saturating_add(self.made)
    }

    /// A new identifier.
    pub fn new_identifier(&mut self) -> Step<String> {
        let mut bytes = [0; 16];
        self.entropy.fill(&mut bytes).map_err(Halt::Need)?;
        Ok(uuid::Builder::from_random_bytes(bytes).into_uuid().to_string())
    }
}

/// The operation whose result a reference means.
fn operation_of(reference: UniqueIdentifierReference) -> Option<Operation> {
    let name = reference.name(kmip_codec::version::V2_1)?;
    let name = match name {
        "CreateKeyPairPrivateKey" | "CreateKeyPairPublicKey" => "CreateKeyPair",
        other => other,
    };
    Operation::by_name(name).map(Operation)
}
