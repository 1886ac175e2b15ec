//! What one name owns is handed over to another: keys whose owner cannot come in any more under its name.
//!
//! Each request moves some objects, in one commit with its audit entry, and the answer says where the next one goes on. An
//! interrupted hand-over is begun again from the start: what has moved is not met any more.

use super::clients::must_be_known;
use super::json;
use crate::admin::protocol::{AdminRequest, HandedOver, Stays};
use crate::engine::context::Context;
use crate::engine::objects::object::Object;
use crate::engine::refusal::{Cause, Halt, Refusal, Step, refuse};
use crate::engine::rights::identity::{ClientRef, Identity};
use crate::engine::rights::names;
use crate::engine::telling::notes::{NOTED_CHARS_MAX, noted};
use serde_json::Value;

/// How many objects one request looks at.
const STEP: usize = 100;

/// Moves the next objects of an owner.
pub fn hand_over(cx: &mut Context<'_, '_>, request: &AdminRequest) -> Step<Value> {
    let AdminRequest::ClientHandOver { name, to, unknown, after } = request else {
        return Err(super::internal(&"this is no request to hand over").into());
    };
    let read = |text: &str| ClientRef::read(text).map_err(|why| Refusal::new(Cause::InvalidField, why));
    let (from, heir) = (read(name)?.owner(), read(to)?);
    must_be_an_heir(cx, &from, &heir, *unknown)?;
    let behind = after.as_deref().map(position).transpose()?;
    let listed = cx.draft.owned_behind(&from, behind.as_ref(), STEP)?;
    if listed.is_empty() && behind.is_none() && !unknown {
        let text =
            format!("{} owns nothing here (any more): nothing is handed over", noted(&from, NOTED_CHARS_MAX));
        return refuse(Cause::NotFound, text);
    }
    let mut answer =
        HandedOver { from: from.clone(), to: heir.owner(), moved: 0, stay: Vec::new(), next: None };
    let (mut last, most) = (None, cx.settings().change_bytes_max / 2);
    let is_page = listed.len() == STEP;
    let mut left = listed.into_iter();
    for (created, place) in left.by_ref() {
        move_one(cx, &place, &heir, &mut answer)?;
        last = Some(format!("{created} {place}"));
        if cx.draft.pending_bytes() > most {
            break;
        }
    }
    answer.next = last.filter(|_| is_page || left.next().is_some());
    cx.note = format!(
        "{} to {}: {} handed over",
        noted(&from, NOTED_CHARS_MAX),
        noted(&answer.to, NOTED_CHARS_MAX),
        answer.moved
    );
    json(&answer)
}

/// Who is to own the objects must be somebody who can come in with the name.
fn must_be_an_heir(cx: &mut Context<'_, '_>, from: &str, heir: &ClientRef, even_unknown: bool) -> Step<()> {
    if let ClientRef::Name(name) = heir {
        names::check(name).map_err(|flaw| {
            let text = format!("{} cannot be the name of a client: {flaw}", noted(name, NOTED_CHARS_MAX));
            Refusal::new(Cause::InvalidField, text)
        })?;
    }
    if heir.owner() == from {
        return refuse(Cause::InvalidField, "both names are the same: nothing would be handed over");
    }
    if even_unknown { Ok(()) } else { must_be_known(cx, heir, "; --unknown hands over to it all the same") }
}

/// Where an answer said that the next request goes on.
fn position(text: &str) -> Step<(u64, String)> {
    let parts =
        text.split_once(' ').and_then(|(created, place)| Some((created.parse().ok()?, place.to_owned())));
    parts.ok_or_else(|| {
        Refusal::new(Cause::InvalidField, "this is nowhere to go on: leave `after` out").into()
    })
}

/// Moves one object, whole or not at all.
fn move_one(cx: &mut Context<'_, '_>, place: &str, heir: &ClientRef, answer: &mut HandedOver) -> Step<()> {
    let savepoint = cx.draft.savepoint();
    let found = match cx.draft.danger_at(place) {
        Ok(found) => found.filter(|object| object.owner == answer.from),
        Err(Halt::Refused(damaged)) => {
            answer.stay.push(Stays { object: place.to_owned(), why: damaged.message.into_owned() });
            None
        }
        Err(need) => return Err(need),
    };
    let Some(object) = found else {
        cx.draft.keep(savepoint);
        return Ok(());
    };
    let id = object.id.clone();
    match moved(cx, object, heir) {
        Ok(()) => {
            cx.draft.keep(savepoint);
            answer.moved += 1;
            cx.touched.push(id);
        }
        Err(Halt::Refused(refusal)) => {
            cx.draft.roll_back(savepoint);
            answer.stay.push(Stays { object: id, why: refusal.message.into_owned() });
        }
        Err(need) => return Err(need),
    }
    Ok(())
}

fn moved(cx: &mut Context<'_, '_>, object: Object, heir: &ClientRef) -> Step<()> {
    let rotated_as = object.rotated_as.as_ref().map(|_| match heir {
        ClientRef::Name(name) => Identity::of_older(name, ""),
        ClientRef::Certificate(fingerprint) => {
            Identity { fingerprint: Some(*fingerprint), ..Identity::named(&heir.owner()) }
        }
    });
    cx.draft.danger_move_to(Object { rotated_as, ..object }, &heir.owner())
}
