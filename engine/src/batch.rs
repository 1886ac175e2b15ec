//! One message: its items in order on one draft, and the answer.
//!
//! Decide, then persist, then answer: this module only decides. What it returns has no effect until the shell has
//! committed the changes together with the audit entries.

mod items;

pub use crate::work::Foreseen;
pub use items::{Batch, refused};

use crate::changes::Changes;
use crate::context::Context;
use crate::draft::{Draft, Undone};
use crate::fulfilled::Fulfilled;
use crate::item_outcome::ItemOutcome;
use crate::need::Need;
use crate::notifications::notification::{self, Notification};
use crate::refusal::{Cause, Interrupt, OpResult, Refusal};
use crate::rights::credentials::{self, CertificateStatus};
use crate::rights::grant::Grant;
use crate::rights::principal::Principal;
use crate::rights::tickets::{self, Admitted};
use crate::world::{Entropy, World};
use kmip_codec::message::{RequestMessage, ResponseMessage};
use kmip_codec::value::DateTime;
use std::collections::BTreeMap;

/// What a message comes to.
#[derive(Debug)]
pub struct Outcome {
    /// What to answer, once the changes are durable.
    pub response: ResponseMessage,
    /// What to commit.
    pub changes: Changes,
    /// What to enter in the audit, an entry an item.
    pub item_outcomes: Vec<ItemOutcome>,
    /// The client that the message acted as, where it showed the ticket of another.
    pub acting_as: Option<String>,
    /// What to tell clients, once the changes are durable.
    pub notifications: Vec<Notification>,
    /// How much of a processor's time its items have asked for, as far as could be told before they were done, in microseconds.
    pub asked: u64,
    /// What is to be committed in the place of the changes where the answer is not given after all: that the message was
    /// sent, and what it has taken of its ticket.
    counted: Changes,
    /// What the changes make.
    made: Undone,
}

impl Outcome {
    /// Refuses the whole message although it was run, because its answer cannot be given: nothing of it is done, and the
    /// audit names the objects all the same, but for those that it would have made.
    pub fn refuse(self, now: i64, message: &RequestMessage, refusal: &Refusal) -> Self {
        let whole = refuse_whole(now, message, refusal);
        let objects =
            self.item_outcomes.into_iter().map(|item| item.objects).chain(std::iter::repeat(Vec::new()));
        let item_outcomes = whole
            .item_outcomes
            .into_iter()
            .zip(objects)
            .map(|(item_outcome, objects)| ItemOutcome { objects, ..item_outcome });
        let mut item_outcomes: Vec<ItemOutcome> = item_outcomes.collect();
        item_outcomes.iter_mut().for_each(|item| item.strike(&self.made));
        Self { item_outcomes, changes: self.counted, acting_as: self.acting_as, ..whole }
    }
}

/// Runs a message to its end, or to the first thing that it needs from outside.
pub fn run(
    world: &World<'_>,
    principal: &Principal,
    message: &RequestMessage,
    entropy: &mut dyn Entropy,
    fulfilled: &mut Fulfilled,
) -> Result<Outcome, Need> {
    fulfilled.rewind();
    let most = world.settings.batch_items_max;
    let found = message.items.len();
    if found > most {
        let text = format!("the batch has {found} items, and one may have {most} here: send several");
        let refusal = Refusal::new(Cause::Limit, text);
        return Ok(refuse_whole(world.now.seconds(), message, &refusal));
    }
    match run_admitted(world, principal, message, entropy, fulfilled) {
        Ok(outcome) => Ok(outcome),
        Err(Interrupt::Need(need)) => Err(need),
        Err(Interrupt::Refused(refusal)) => Ok(refuse_whole(world.now.seconds(), message, &refusal)),
    }
}

/// Runs the items as whom the header says, within what its ticket allows.
fn run_admitted(
    world: &World<'_>,
    principal: &Principal,
    message: &RequestMessage,
    entropy: &mut dyn Entropy,
    fulfilled: &mut Fulfilled,
) -> OpResult<Outcome> {
    check_item_ids(message)?;
    let status = credentials::admit(world, principal)?;
    // A certificate that was replaced fetches its successor as itself, whatever the message shows beside it.
    let ticket = match status.limited_grant {
        None => tickets::admit(world, principal, message)?,
        Some(_) => None,
    };
    let acting = ticket.as_ref().map_or(principal, |ticket| &ticket.principal);
    let grant = status.limited_grant.clone().or_else(|| ticket.as_ref().map(Admitted::grant));
    let mut draft = Draft::granted(world, acting, grant);
    rely_on(&mut draft, principal, ticket.as_ref());
    status.settle(&mut draft)?;
    let cx = Context::new(&mut draft, message.version(), entropy, fulfilled);
    let (items, item_outcomes) = Batch::new(message).run(cx).map_err(Interrupt::Need)?;
    let asked = draft.unbound_time();
    let counted = counted((world, principal), acting, &status, ticket.as_ref(), draft.grant())?;
    if let Some(ticket) = &ticket {
        ticket.settle(&mut draft)?;
    }
    let mut response = ResponseMessage::new(message.version(), DateTime(world.now.seconds()), items);
    response.header.client_correlation_value.clone_from(&message.header.client_correlation_value);
    if let Some(pending_attestation) = acting.pending_attestation.as_ref().filter(|pending_attestation| {
        item_outcomes.iter().any(|item| item.cause == Some(pending_attestation.cause))
    }) {
        pending_attestation.ask(&mut response);
    }
    let acting_as = (acting.name != principal.name).then(|| acting.name.clone());
    let notifications = notification::of(&draft, &world.settings.subscriptions, Some(&principal.name));
    let made = draft.made();
    let changes = draft.finish().map_err(Interrupt::Need)?;
    Ok(Outcome { response, changes, item_outcomes, acting_as, notifications, asked, counted, made })
}

/// Nothing is committed where the sender, or the ticket that it has shown, is not good any more by then.
fn rely_on<'a>(draft: &mut Draft<'a>, sender: &'a Principal, ticket: Option<&Admitted>) {
    draft.relies_on(&sender.identity);
    if let Some(ticket) = ticket {
        draft.relies_on_row(ticket.key().to_vec());
    }
}

/// What stays of a message that was run and whose answer is not given: the first use of its certificate, and its ticket
/// with the request and the operations counted.
fn counted(
    (world, principal): (&World<'_>, &Principal),
    acting: &Principal,
    status: &CertificateStatus,
    ticket: Option<&Admitted>,
    left: Option<&mut Grant>,
) -> OpResult<Changes> {
    if !status.is_first_use() && ticket.is_none() {
        return Ok(Changes::default());
    }
    let mut draft = Draft::granted(world, acting, left.cloned());
    rely_on(&mut draft, principal, ticket);
    status.settle(&mut draft)?;
    if let Some(ticket) = ticket {
        ticket.settle(&mut draft)?;
    }
    draft.finish().map_err(Interrupt::Need)
}

/// Refuses a whole message, in one item.
pub fn refuse_whole(now: i64, message: &RequestMessage, refusal: &Refusal) -> Outcome {
    let version = message.version();
    let first = message.items.first();
    let operation = first.and_then(|item| item.request.named_operation());
    let mut item = refused(refusal, version, operation);
    item.operation = operation;
    item.unique_batch_item_id = first.and_then(|item| item.unique_batch_item_id.clone());
    let item_outcomes = message.items.iter().map(|item| {
        let operation = item.request.operation();
        let reason = refusal.cause.reason(version, item.request.named_operation());
        ItemOutcome::refused(operation, Vec::new(), refusal.cause, reason)
    });
    Outcome {
        item_outcomes: item_outcomes.collect(),
        response: ResponseMessage::new(version, DateTime(now), vec![item]),
        changes: Changes::default(),
        acting_as: None,
        notifications: Vec::new(),
        asked: 0,
        counted: Changes::default(),
        made: Undone::default(),
    }
}

/// How many bytes of a Unique Batch Item ID a message quotes.
const ID_BYTES_SHOWN: usize = 16;

/// Refuses items that could not be told apart in the answer (KMIP 2.1, 9.21).
fn check_item_ids(message: &RequestMessage) -> Result<(), Refusal> {
    let mut seen = BTreeMap::new();
    for (place, item) in message.items.iter().enumerate() {
        let Some(id) = &item.unique_batch_item_id else { continue };
        let Some(first) = seen.insert(id, place) else { continue };
        let shown = hex::encode(id.get(..ID_BYTES_SHOWN).unwrap_or(id));
        let rest = if id.len() > ID_BYTES_SHOWN { "…" } else { "" };
        let text = format!(
            "items {} and {} of the batch have the same Unique Batch Item ID, 0x{shown}{rest}: give each one of its own",
            first + 1,
            place + 1
        );
        return Err(Refusal::new(Cause::InvalidField, text));
    }
    Ok(())
}
