//! Tickets: what Login and Delegated Login give, and what a message that shows one may do (KMIP 2.1, 6.1.12 and 6.1.30).
//!
//! The value of a ticket is where its record lies (owner and number) and 32 random bytes, of which the record keeps the
//! SHA-256 alone: who reads the store cannot make a ticket from it. A ticket of Login is good for its owner only; one
//! of Delegated Login for any client of this server, which then acts as the giver *is now*, within the rights of the
//! ticket, and never as an administrator.

pub mod record;

use self::record::Record;
use crate::context::Context;
use crate::draft::Draft;
use crate::keyspace;
use crate::refusal::{Cause, Interrupt, OpResult, Refusal, refuse, unless_damaged};
use crate::rights::credentials;
use crate::rights::grant::Grant;
use crate::rights::principal::Principal;
use crate::world::World;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use kmip_codec::attributes::UsageLimits;
use kmip_codec::enums::{TicketType, UsageLimitsUnit};
use kmip_codec::message::{Credential, RequestMessage, Ticket};
use kmip_codec::payloads::TicketLease;
use kmip_codec::value::{DateTime, Interval};
use zeroize::Zeroizing;

/// Bytes of a ticket's value before its secret: the owner's short form and the number of the ticket.
const PLACE_BYTES: usize = 32;

/// What a request for a ticket asks.
pub struct Terms {
    /// How long it is good; for no time means for as long as the server lets it.
    pub lease: Option<TicketLease>,
    /// How many requests it is good for.
    pub requests: Option<i32>,
    /// What it allows.
    pub grant: Grant,
    /// Whether anybody may use it.
    pub delegated: bool,
}

/// A ticket that a message shows.
pub struct Admitted {
    /// Whom the message acts as.
    pub principal: Principal,
    key: Vec<u8>,
    /// The ticket, with this request counted.
    record: Record,
}

impl Admitted {
    /// Where the ticket lies in the store.
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// What the ticket allows.
    pub fn grant(&self) -> Grant {
        let mut grant = self.record.grant.clone();
        grant.is_lent = self.record.delegated;
        grant
    }

    /// Writes what is left of the ticket, unless the message has taken it back.
    pub fn settle(&self, draft: &mut Draft<'_>) -> OpResult<()> {
        let Some(before) = draft.ticket(&self.key)? else { return Ok(()) };
        let grant = draft.grant().map(|grant| grant.clone().between_items()).unwrap_or_default();
        let after = Record { grant, ..self.record.clone() };
        if after != before {
            draft.put_ticket(self.key.clone(), Some(&after))?;
        }
        Ok(())
    }
}

/// Whom a message acts as where it shows a ticket.
pub fn admit(
    world: &World<'_>,
    principal: &Principal,
    message: &RequestMessage,
) -> OpResult<Option<Admitted>> {
    let credentials = message.header.authentication.iter().flat_map(|shown| &shown.credentials);
    let mut tickets = credentials.filter_map(|credential| match credential {
        Credential::Ticket(shown) => Some(&shown.ticket),
        _ => None,
    });
    let Some(ticket) = tickets.next() else { return Ok(None) };
    if tickets.next().is_some() {
        return refuse(Cause::InvalidTicket, "a request shows one ticket");
    }
    let mut draft = Draft::new(world, principal);
    let (key, mut record) = find(&mut draft, ticket)?;
    let identity = record.identity();
    let is_good = credentials::is_whole(&mut draft, &identity)?;
    let Some(owner) = world.clients.principal(&identity).filter(|_| is_good) else { return Err(invalid()) };
    if owner.name != record.owner || (!record.delegated && record.owner != principal.name) {
        return Err(invalid());
    }
    if let Some(left) = &mut record.requests {
        if *left < 1 {
            return refuse(Cause::UsageLimit, "the requests of the ticket are spent");
        }
        *left -= 1;
    }
    Ok(Some(Admitted { principal: Principal { admin: false, ..owner }, key, record }))
}

/// Makes a ticket for the client that asks.
pub fn give(cx: &mut Context<'_, '_>, terms: Terms) -> OpResult<Ticket> {
    let expires = expiry(cx, terms.lease)?;
    if let Some(requests) = terms.requests.filter(|requests| *requests < 1) {
        return refuse(Cause::InvalidField, format!("Request Count is {requests}; expected at least 1"));
    }
    let owner = cx.principal().clone();
    make_room(cx)?;
    let mut value = Zeroizing::new(vec![0; PLACE_BYTES / 2 + 32]);
    cx.entropy.fill(&mut value).map_err(Interrupt::Need)?;
    let value = Zeroizing::new([keyspace::short(&[owner.name.as_bytes()]).as_slice(), &value].concat());
    let record = Record {
        hash: hex::encode(digest(&SHA256, &value)),
        owner: owner.name,
        fingerprint: String::new(),
        identity: Some(owner.identity),
        expires,
        requests: terms.requests,
        delegated: terms.delegated,
        grant: terms.grant,
    };
    let key = keyspace::ticket(value.get(..PLACE_BYTES).unwrap_or_default());
    cx.draft.put_ticket(key, Some(&record))?;
    Ok(Ticket { ticket_type: TicketType::Login, value: value.as_slice().into() })
}

/// Takes a ticket back: its owner may, and who holds it.
pub fn take_back(cx: &mut Context<'_, '_>, ticket: &Ticket) -> OpResult<()> {
    let (key, record) = find(cx.draft, ticket)?;
    if record.owner != cx.principal().name {
        return Err(invalid());
    }
    cx.draft.put_ticket(key, None)
}

/// The record of a ticket that is good now. Why one is not is not said: they all look the same.
fn find(draft: &mut Draft<'_>, ticket: &Ticket) -> OpResult<(Vec<u8>, Record)> {
    let value = ticket.value.expose();
    let Some(place) = value.get(..PLACE_BYTES) else { return Err(invalid()) };
    let key = keyspace::ticket(place);
    let record = draft.ticket(&key)?.ok_or_else(invalid)?;
    let same =
        verify_slices_are_equal(hex::encode(digest(&SHA256, value)).as_bytes(), record.hash.as_bytes())
            .is_ok();
    let (now, longest) = (draft.world().now.seconds(), draft.world().settings.ticket_seconds_max);
    // One that would be good for longer than any is comes from a time to which the clock was put back.
    let in_time = (1..=i64::from(longest)).contains(&record.expires.saturating_sub(now));
    let good = in_time && ticket.ticket_type == TicketType::Login;
    if same && good { Ok((key, record)) } else { Err(invalid()) }
}

fn invalid() -> Interrupt {
    Refusal::new(Cause::InvalidTicket, "the ticket is not good: log in again").into()
}

fn expiry(cx: &Context<'_, '_>, lease: Option<TicketLease>) -> OpResult<i64> {
    let longest = i64::from(cx.settings().ticket_seconds_max);
    let seconds = match lease {
        None | Some(TicketLease::Interval(Interval(0))) => longest,
        Some(TicketLease::Interval(Interval(seconds))) => i64::from(seconds),
        Some(TicketLease::DateTime(DateTime(date))) => date.saturating_sub(cx.now()),
    };
    if !(1..=longest).contains(&seconds) {
        let text = format!("a ticket for {seconds} s is asked for; expected 1 s to {longest} s from now on");
        return refuse(Cause::InvalidField, text);
    }
    Ok(cx.now().saturating_add(seconds))
}

/// Drops what has expired; there are only so many tickets a client.
fn make_room(cx: &mut Context<'_, '_>) -> OpResult<()> {
    let (now, mut good) = (cx.now(), 0);
    for key in cx.draft.tickets()? {
        match unless_damaged(cx.draft.ticket(&key))? {
            Some(record) if record.expires > now => good += 1,
            Some(_) => cx.draft.put_ticket(key, None)?,
            // It lets nobody in; it stays for who looks into the damage.
            None => {}
        }
    }
    if good >= cx.settings().tickets_max {
        return refuse(Cause::Limit, "this client has as many tickets as it may: log out of some");
    }
    Ok(())
}

/// How many operations the Usage Limits of a ticket or a right leave: only those that count operations make sense.
pub fn operations_left(limits: Option<UsageLimits>) -> OpResult<Option<i64>> {
    let Some(limits) = limits else { return Ok(None) };
    if limits.unit != UsageLimitsUnit::Object || limits.total < 1 {
        return refuse(
            Cause::InvalidField,
            "the Usage Limits of a ticket count operations: unit Object, total 1 or more",
        );
    }
    Ok(Some(limits.count.unwrap_or(limits.total).min(limits.total)))
}
