//! The life cycle of an object (KMIP 2.1, 4.57) as one table of moves.

use kmip_codec::enums::State;

/// What moves an object from one state to another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// Activate, or the Activation Date has come.
    Activate,
    /// Revoke for a reason other than compromise, or the Deactivation Date has come.
    Deactivate,
    /// Revoke for a compromise.
    Compromise,
    /// Destroy.
    Destroy,
}

impl Event {
    /// Every event.
    pub const ALL: [Self; 4] = [Self::Activate, Self::Deactivate, Self::Compromise, Self::Destroy];
}

/// From, event, to; in the order in which the specification numbers the transitions.
pub const MOVES: &[(State, Event, State)] = &[
    (State::PreActive, Event::Destroy, State::Destroyed),
    (State::PreActive, Event::Compromise, State::Compromised),
    (State::PreActive, Event::Activate, State::Active),
    (State::Active, Event::Compromise, State::Compromised),
    (State::Active, Event::Deactivate, State::Deactivated),
    (State::Deactivated, Event::Destroy, State::Destroyed),
    (State::Deactivated, Event::Compromise, State::Compromised),
    (State::Compromised, Event::Destroy, State::DestroyedCompromised),
    (State::Destroyed, Event::Compromise, State::DestroyedCompromised),
];

/// Where the event leads from this state; `None` where the life cycle does not allow it.
pub fn after(state: State, event: Event) -> Option<State> {
    MOVES.iter().find(|(from, on, _)| *from == state && *on == event).map(|(_, _, to)| *to)
}

/// Whether nothing but attributes is left of the object.
pub fn is_destroyed(state: State) -> bool {
    matches!(state, State::Destroyed | State::DestroyedCompromised)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pre-Active and Deactivated objects can be destroyed at once; an Active one must be revoked first.
    #[test]
    fn an_active_object_is_revoked_before_it_is_destroyed() {
        assert_eq!(after(State::Active, Event::Destroy), None);
        assert_eq!(after(State::Active, Event::Deactivate), Some(State::Deactivated));
        assert_eq!(after(State::Deactivated, Event::Destroy), Some(State::Destroyed));
    }

    /// A compromise is never forgotten.
    #[test]
    fn no_move_leads_out_of_compromise() {
        for (from, _, to) in MOVES {
            if matches!(*from, State::Compromised | State::DestroyedCompromised) {
                assert_eq!(*to, State::DestroyedCompromised);
            }
        }
    }

    /// The table has one target for a state and an event.
    #[test]
    fn moves_are_a_function() {
        for (index, (from, on, _)) in MOVES.iter().enumerate() {
            assert!(!MOVES[..index].iter().any(|(f, o, _)| f == from && o == on));
        }
    }
}
