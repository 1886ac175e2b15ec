//! What an operation works with: the draft, the message around it, and what the batch has made so far.

mod batch_results;

use crate::batch_results::{ItemResult, nth};
use crate::draft::Draft;
use crate::fulfilled::Fulfilled;
use crate::item_outcome::ItemOutcome;
use crate::objects::object::Object;
use crate::refusal::{Cause, Interrupt, OpResult, Refusal, refuse};
use crate::rights::principal::Principal;
use crate::rights::weakness;
use crate::settings::Settings;
use crate::work::Meter;
use crate::world::Entropy;
use kmip_codec::Version;
use kmip_codec::enums::UniqueIdentifierReference;
use kmip_codec::message::ResponseItem;
use kmip_codec::operations::Operation;
use kmip_codec::value::UniqueIdentifier;
use kmip_codec::version::V2_1;

/// An operation that this server performs: one file each in `ops/`.
pub trait Execute: kmip_codec::operations::Call {
    /// Performs it on the draft.
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<Self::Answer>;
}

/// What can be done with an object in the archive (KMIP 2.1, 6.1): it is brought back, and its attributes can be read, as
/// the OASIS case TC-101 does. Archive has words of its own.
const IN_THE_ARCHIVE: &[Operation] =
    &[Operation::Archive, Operation::GetAttributeList, Operation::GetAttributes, Operation::Recover];

/// The surroundings of an item.
pub struct Context<'c, 'a> {
    /// Reads and collects writes.
    pub draft: &'c mut Draft<'a>,
    /// The version of the message.
    pub version: Version,
    /// The object that the batch made or found last (KMIP 2.1, 6.1).
    pub placeholder: Option<String>,
    /// What each item of the batch gave, for references of 2.x.
    pub batch_results: Vec<ItemResult>,
    /// Where the first item of the batch is kept that is done later, once there is one.
    pub head: Option<Vec<u8>>,
    /// Whether the batch is undone where an item fails.
    pub undoes: bool,
    /// How many asynchronous requests of this client are open, once they were counted.
    pub open_requests: Option<usize>,
    /// How many bytes of TTLV the answers of this item and of those behind it may have together.
    pub room: usize,
    /// How many objects the batch has made.
    pub made: u64,
    /// Random bytes.
    pub entropy: &'c mut dyn Entropy,
    /// Keys that were made for this batch.
    pub fulfilled: &'c mut Fulfilled,
    /// The answer that takes the place of that of the present item: what a Poll found.
    pub instead: Option<ResponseItem>,
    /// Objects that the present item named or made, for the audit.
    pub touched: Vec<String>,
    /// What the present item wants noted in the audit and the log, through [`noted`](crate::telling::notes::noted).
    pub note: String,
    /// What the present item does of asynchronous requests, for the audit.
    pub within: Vec<ItemOutcome>,
}

impl<'c, 'a> Context<'c, 'a> {
    /// Where nothing has been done yet.
    pub fn new(
        draft: &'c mut Draft<'a>,
        version: Version,
        entropy: &'c mut dyn Entropy,
        fulfilled: &'c mut Fulfilled,
    ) -> Self {
        let room = draft.world().settings.answer_bytes_max;
        draft.bound_time(Meter::new(fulfilled.thread(), fulfilled.abandoned()));
        Self {
            draft,
            version,
            room,
            open_requests: None,
            placeholder: None,
            batch_results: Vec::new(),
            head: None,
            undoes: false,
            made: 0,
            entropy,
            fulfilled,
            instead: None,
            touched: Vec::new(),
            note: String::new(),
            within: Vec::new(),
        }
    }

    /// Forgets what belongs to the item before.
    pub fn begin_item(&mut self) {
        self.touched.clear();
        self.note.clear();
        self.within.clear();
        self.instead = None;
    }

    /// What the present item did, for the audit.
    pub fn end_item(&mut self, operation: Operation) -> ItemOutcome {
        let (objects, note) = (std::mem::take(&mut self.touched), std::mem::take(&mut self.note));
        ItemOutcome {
            operation,
            objects,
            note,
            within: std::mem::take(&mut self.within),
            ..ItemOutcome::default()
        }
    }

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

    /// Asks for so many microseconds of a processor (see [`work`](crate::work)).
    pub fn take_time(&self, microseconds: u64) -> OpResult<()> {
        self.draft.take_time(microseconds)
    }

    /// The identifier that a request means.
    pub fn resolve(&self, id: Option<UniqueIdentifier>) -> OpResult<String> {
        let asked = id.clone();
        let nothing = || Self::nothing(asked.as_ref());
        let last = |operation: Operation| {
            self.batch_results.iter().rev().find(|result| result.operation == operation.0)
        };
        let found = match id {
            None | Some(UniqueIdentifier::Reference(UniqueIdentifierReference::IDPlaceholder)) => {
                self.placeholder.clone()
            }
            Some(UniqueIdentifier::Text(id)) => Some(id),
            Some(UniqueIdentifier::Index(index)) => {
                nth(self.batch_results.iter().filter_map(|result| result.id.clone()), index)
            }
            Some(UniqueIdentifier::Reference(reference)) => {
                let (operation, public) = referred(reference).ok_or_else(nothing)?;
                last(operation).and_then(|given| if public { given.public.clone() } else { given.id.clone() })
            }
        };
        found.ok_or_else(nothing)
    }

    /// What was sent as the Unique Identifier stands for no object.
    fn nothing(sent: Option<&UniqueIdentifier>) -> Interrupt {
        let found = match sent {
            Some(UniqueIdentifier::Index(index)) => {
                format!(
                    "the Unique Identifier is the Integer {index}, which counts items of the batch, and none of that \
                         number gave an object"
                )
            }
            Some(UniqueIdentifier::Reference(reference)) => {
                let name = reference.name(V2_1).unwrap_or("of no name");
                format!(
                    "the Unique Identifier is the Enumeration {name}, and nothing in the batch gave what it stands for"
                )
            }
            _ => {
                "there is no Unique Identifier, and no item before this one made or found exactly one object"
                    .to_owned()
            }
        };
        Refusal::new(Cause::NotFound, format!("{found}: name the object by its identifier, a Text String"))
            .into()
    }

    /// The object that a request means, for this operation. What is in the archive must be recovered first.
    pub fn object(&mut self, id: Option<UniqueIdentifier>, operation: Operation) -> OpResult<Object> {
        let id = self.resolve(id)?;
        self.touched.push(id.clone());
        let object = self.draft.object(&id, operation)?;
        if object.archived && !IN_THE_ARCHIVE.contains(&operation) {
            return refuse(Cause::Archived, format!("object {id:?} is in the archive: recover it first"));
        }
        Ok(object)
    }

    /// The same, where destroyed objects will not do.
    pub fn living(&mut self, id: Option<UniqueIdentifier>, operation: Operation) -> OpResult<Object> {
        let object = self.object(id, operation)?;
        if object.is_destroyed() {
            return refuse(Cause::Destroyed, format!("object {:?} was destroyed", object.id));
        }
        Ok(object)
    }

    /// Stores a changed object with the time of the change.
    pub fn save(&mut self, mut object: Object) -> OpResult<()> {
        weakness::check_quantum_safe(&object)?;
        object.touch(self.now());
        self.draft.put(object)
    }

    /// The time of creation of a new object: later than those made before it in the batch.
    pub fn next_creation(&mut self) -> u64 {
        self.made += 1;
        self.draft.world().now.nanoseconds.saturating_add(self.made)
    }

    /// A new identifier: a UUID of version 7 (RFC 9562), whose first 48 bits are the time in milliseconds, so that the records of
    /// objects that are made one after another lie together; 74 bits are random.
    pub fn new_identifier(&mut self) -> OpResult<String> {
        let mut random = [0; 10];
        self.entropy.fill(&mut random).map_err(Interrupt::Need)?;
        let now = self.draft.world().now.milliseconds();
        let id = uuid::Builder::from_unix_timestamp_millis(now, &random).into_uuid().to_string();
        self.draft.note_made(&id);
        self.draft.expect_nothing(&id);
        Ok(id)
    }
}

/// The operation whose result a reference means, and whether it means the public key.
fn referred(reference: UniqueIdentifierReference) -> Option<(Operation, bool)> {
    let name = reference.name(V2_1)?;
    let operation = name.trim_end_matches("PrivateKey").trim_end_matches("PublicKey");
    Operation::by_name(operation).map(|number| (Operation(number), name.ends_with("PublicKey")))
}
