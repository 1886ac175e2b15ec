//! What a client means by an identifier. Those that clients choose (Import) are their own: several owners may have the same.

use super::{Age, Draft};
use crate::keyspace::{self, Index, Scope};
use crate::objects::object::Object;
use crate::refusal::{Cause, Interrupt, OpResult};
use crate::work;
use std::ops::ControlFlow;

impl Draft<'_> {
    /// The object that a client means by an identifier, or that there is of it, whoever may use it: to tell an administrator
    /// what stood in the client's way, and for nothing else.
    pub(crate) fn danger_whoever_owns(&mut self, id: &str) -> OpResult<Option<Object>> {
        self.find(id)
    }

    /// The object that lies there, whoever owns it: to find as whom the server rotates it, and for nothing else.
    pub(crate) fn danger_at(&mut self, place: &str) -> OpResult<Option<Object>> {
        self.load(place)
    }

    /// Whether the identifier is that of an object of this principal's or of its groups.
    pub(crate) fn has(&mut self, id: &str) -> OpResult<bool> {
        Ok(self.find(id)?.is_some_and(|object| self.principal.shares(&object)))
    }

    /// The object that the principal means by an identifier, unchecked: its own or its groups'. Where there is none, that of
    /// others which has been given this identifier by the server, so that the policy can say what is to be said of it.
    pub(super) fn find(&mut self, id: &str) -> OpResult<Option<Object>> {
        let named = match self.load(id) {
            // Whose it is cannot be read any more: its owner is told, by the index; others hear what they hear of none.
            Err(Interrupt::Refused(damaged)) if damaged.cause == Cause::Damaged && !self.is_listed(id)? => {
                None
            }
            named => named?,
        };
        if named.as_ref().is_some_and(|object| self.principal.shares(object)) {
            return Ok(named);
        }
        if let Some(own) = self.load(&keyspace::imported(&self.principal.name, id))? {
            return Ok(Some(own));
        }
        // Of those that came under one identifier to several groups, the first: the later ones do not take its place.
        let groups: Vec<_> = self.principal.groups.iter().cloned().map(Scope::Group).collect();
        let listed: Vec<_> = groups.iter().map(|scope| (scope, (Index::Imported, id.as_bytes()))).collect();
        let mut found = None;
        self.in_order(&listed, (Age::OldestFirst, false, None), &mut |draft, (_, place)| {
            found = draft.load(place)?.filter(|object| draft.principal.shares(object));
            Ok(if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(found.or(named))
    }

    /// Whether the index lists an object among those that the principal may see.
    fn is_listed(&mut self, id: &str) -> OpResult<bool> {
        let (scopes, mut listed, mut passed) = (self.scopes(), false, 0);
        let all: Vec<_> = scopes.iter().map(|scope| (scope, (Index::All, &[][..]))).collect();
        self.in_order(&all, (Age::NewestFirst, false, None), &mut |_, (_, found)| {
            passed += 1;
            listed = found == id;
            Ok(if listed { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        self.take_time_beside(work::scanning(passed))?;
        Ok(listed)
    }
}
