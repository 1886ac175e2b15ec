//! What one name owns is handed over to another: keys whose owner cannot come in any more under its name.
//!
//! Each request moves some objects, in one commit with its audit entry, and the answer says where the next one goes on. An
//! interrupted hand-over is begun again from the start: what has moved is not met any more. What somebody logs in with is nobody
//! else's and stays.

mod heir;

use super::clients::{meant, must_be_known};
use super::json;
use crate::administration::protocol::{AdminRequest, HandedOver, Renamed, Stays};
use crate::context::Context;
use crate::draft::Position;
use crate::draft::logins::{Logins, Use};
use crate::keyspace;
use crate::notifications::notes::{NOTED_CHARS_MAX, noted};
use crate::objects::object::Object;
use crate::refusal::{Cause, Interrupt, OpResult, Refusal, refuse};
use crate::rights::identity::{CertificatePath, Identity};
use crate::rights::principal::Principal;
use kmip_codec::attributes::{Attribute, Name};
use serde_json::Value;
use std::cmp::Reverse;

/// How many objects one request looks at.
const STEP: usize = 100;

/// Moves the next objects of an owner.
pub fn hand_over(cx: &mut Context<'_, '_>, request: &AdminRequest) -> OpResult<Value> {
    let AdminRequest::ClientHandOver { name, to, unknown, rename, after } = request else {
        return Err(super::internal(&"this is no request to hand over").into());
    };
    let (owner, heir) = (meant(cx, name)?, meant(cx, to)?);
    let from = owner.owner();
    let heir = heir::of(cx, &from, &heir, *unknown)?;
    let behind = after.as_deref().map(position).transpose()?;
    let is_first = behind.is_none();
    let listed = cx.draft.owned_behind(&from, behind, STEP)?;
    if listed.is_empty() && is_first && !unknown && must_be_known(cx, &owner, "").is_err() {
        let text = format!(
            "{} owns nothing here (any more), and nothing knows such a client: nothing is handed over",
            noted(&from, NOTED_CHARS_MAX)
        );
        return refuse(Cause::NotFound, text);
    }
    let answer = HandedOver { from, to: heir.name.clone(), ..HandedOver::default() };
    let logins = if listed.is_empty() { Logins::default() } else { Logins::all(cx.draft)? };
    let mut handing = Handing { heir, logins, rename: *rename, answer };
    let (mut last, most) = (None, cx.settings().change_bytes_max / 2);
    let is_page = listed.len() == STEP;
    let mut left = listed.into_iter();
    for (Reverse(created), place) in left.by_ref() {
        handing.look_at(cx, &place)?;
        last = Some(format!("{created} {place}"));
        if cx.draft.pending_bytes() > most {
            break;
        }
    }
    let Handing { mut answer, .. } = handing;
    answer.next = last.filter(|_| is_page || left.next().is_some());
    cx.note = format!(
        "{} to {}: {} handed over",
        noted(&answer.from, NOTED_CHARS_MAX),
        noted(&answer.to, NOTED_CHARS_MAX),
        answer.moved
    );
    json(&answer)
}

/// Where an answer said that the next request goes on.
fn position(text: &str) -> OpResult<Position> {
    let parts = text
        .split_once(' ')
        .and_then(|(created, place)| Some((Reverse(created.parse().ok()?), place.to_owned())));
    parts.ok_or_else(|| {
        Refusal::new(Cause::InvalidField, "this is nowhere to go on: leave `after` out").into()
    })
}

/// A step of a hand-over.
struct Handing {
    heir: Principal,
    logins: Logins,
    rename: bool,
    answer: HandedOver,
}

impl Handing {
    /// Hands one object over, whole or not at all.
    fn look_at(&mut self, cx: &mut Context<'_, '_>, place: &str) -> OpResult<()> {
        let object = match cx.draft.danger_at(place) {
            Ok(Some(object)) if object.owner == self.answer.from => object,
            Ok(_) => return Ok(()),
            Err(Interrupt::Refused(damaged)) => {
                self.stays(place, damaged.message.into_owned(), false);
                return Ok(());
            }
            Err(need) => return Err(need),
        };
        match self.logins.use_of(cx.draft, &object)? {
            Use::Login(client) if client != self.heir.name => {
                let client = noted(&client, NOTED_CHARS_MAX);
                let why = format!(
                    "{client} logs in with it, so it is nobody else's; it goes over once that client was revoked"
                );
                self.stays(&object.id, why, true);
                return Ok(());
            }
            Use::Unseen => {
                let why = "nobody can see whether it is the key with which its owner logs in: it is wrapped or encrypted; it goes \
                           over once the owner was revoked, or get it as the owner and register it as the new one";
                self.stays(&object.id, why.to_owned(), false);
                return Ok(());
            }
            _ => {}
        }
        let savepoint = cx.draft.savepoint();
        let id = object.id.clone();
        match self.moved(cx, object) {
            Ok((id, renamed)) => {
                cx.draft.keep(savepoint);
                self.answer.moved += 1;
                self.answer.renamed.extend(renamed);
                cx.touched.push(id);
            }
            Err(Interrupt::Refused(refusal)) => {
                cx.draft.roll_back(savepoint);
                self.stays(&id, refusal.message.into_owned(), false);
            }
            Err(need) => return Err(need),
        }
        Ok(())
    }

    fn stays(&mut self, object: &str, why: String, login: bool) {
        self.answer.stay.push(Stays { object: object.to_owned(), why, login });
    }

    /// Moves it; returns its identifier, and what it is called otherwise.
    fn moved(&self, cx: &mut Context<'_, '_>, object: Object) -> OpResult<(String, Vec<Renamed>)> {
        let (heir, names) = (&self.heir, self.heir.persona.names);
        let place = object.place.is_some().then(|| keyspace::imported(&heir.name, &object.id));
        let identity = Identity { validity: None, path: CertificatePath::default(), ..heir.identity.clone() };
        let rotated_as = object.rotated_as.as_ref().map(|_| identity);
        let mut moved = object.clone();
        moved.owner.clone_from(&heir.name);
        (moved.place, moved.rotated_as) = (place, rotated_as);
        let mut renamed = Vec::new();
        if self.rename {
            if moved.place() != object.place() && cx.draft.is_occupied(moved.place())? {
                let id = cx.new_identifier()?;
                renamed.push(Renamed { object: id.clone(), from: object.id.clone(), to: id.clone() });
                moved.attributes.set(Attribute::UniqueIdentifier(id.as_str().into()));
                (moved.id, moved.place) = (id, None);
            }
            for taken in cx.draft.names_taken(&moved, names)? {
                let name = Name { value: format!("{}-{}", taken.value, moved.id), ..taken.clone() };
                let told = (taken.value.clone(), name.value.clone());
                renamed.push(Renamed { object: moved.id.clone(), from: told.0, to: told.1 });
                moved.attributes.exchange(&Attribute::Name(taken), Attribute::Name(name));
            }
        }
        let id = moved.id.clone();
        cx.draft.danger_move(&object, moved, names)?;
        Ok((id, renamed))
    }
}
