//! Moving an object along its life cycle, or saying why it cannot go there.

pub(crate) mod effects;
pub(crate) mod lease;
pub(crate) mod rotation;
pub mod states;

use crate::objects::object::Object;
use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::attribute;
use kmip_codec::attributes::Attribute;
use kmip_codec::enums::State;
use states::Event;

/// Moves the object, or refuses with its state and what would be needed.
pub fn move_to(object: &mut Object, event: Event) -> OpResult<()> {
    let Some(state) = attribute!(object.attributes, State).next().copied() else {
        return refuse(Cause::WrongType, format!("a {:?} has no life cycle", object.object_type()));
    };
    match states::after(state, event) {
        Some(next) => {
            object.attributes.set(Attribute::State(next));
            Ok(())
        }
        None => refuse(Cause::WrongState, why_not(state, event)),
    }
}

/// What an object is, to tell a client: a state, or none.
pub fn state_in_words(object: &Object) -> String {
    object.stored_state().map_or_else(|| "in no state".to_owned(), |state| format!("{state:?}"))
}

fn why_not(state: State, event: Event) -> String {
    let hint = match (state, event) {
        (State::Active, Event::Destroy) => ": revoke it first",
        (State::PreActive, Event::Deactivate) => {
            ": only a compromise revokes an object that was never active"
        }
        (State::Active, Event::Activate) => " already",
        _ => "",
    };
    let verb = match event {
        Event::Activate => "activated",
        Event::Deactivate | Event::Compromise => "revoked",
        Event::Destroy => "destroyed",
    };
    format!("the object cannot be {verb} because it is {state:?}{hint}")
}
