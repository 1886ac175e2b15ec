//! Objects that get another owner, for an administrator who hands them over.

use super::pending::Position;
use super::{Age, Draft};
use crate::keyspace::{Index, Scope};
use crate::objects::object::Object;
use crate::refusal::{Cause, OpResult, refuse};
use crate::rights::persona::Names;
use kmip_codec::attribute;
use kmip_codec::attributes::Name;
use std::ops::ControlFlow;

impl Draft<'_> {
    /// Where the objects of an owner stand, as this draft has them, whoever asks, the oldest first: those behind one of them where
    /// that is named, and at most so many.
    pub(crate) fn owned_behind(
        &mut self,
        owner: &str,
        behind: Option<Position>,
        most: usize,
    ) -> OpResult<Vec<Position>> {
        let mut found = Vec::new();
        self.owned(owner, behind, &mut |_, position| {
            found.push(position.clone());
            Ok(if found.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        Ok(found)
    }

    /// Goes over the objects of an owner. None of them is read, but for those that this draft has changed.
    pub(super) fn owned(
        &mut self,
        owner: &str,
        behind: Option<Position>,
        visit: &mut dyn FnMut(&mut Self, &Position) -> OpResult<ControlFlow<()>>,
    ) -> OpResult<()> {
        let scope = Scope::Owner(owner.to_owned());
        self.in_order(
            &[(&scope, (Index::All, &[]))],
            (Age::OldestFirst, true, behind),
            &mut |draft, position| {
                let is_its = match draft.pending.slot(&position.1) {
                    Some(slot) => slot.as_ref().is_some_and(|(object, _)| object.owner == owner),
                    None => true,
                };
                if is_its { visit(draft, position) } else { Ok(ControlFlow::Continue(())) }
            },
        )
    }

    /// The names of an object that others of its owner have, and that it cannot have beside them by that owner's rule.
    pub(crate) fn names_taken(&mut self, object: &Object, names: Names) -> OpResult<Vec<Name>> {
        let mut taken = Vec::new();
        if names == Names::Free || object.is_destroyed() {
            return Ok(taken);
        }
        for name in attribute!(object.attributes, Name) {
            if self.is_claimed(&object.name_claim(name))? {
                taken.push(name.clone());
            }
        }
        Ok(taken)
    }

    /// Whether an object lies there.
    pub(crate) fn is_occupied(&mut self, place: &str) -> OpResult<bool> {
        Ok(self.load(place)?.is_some())
    }

    /// Puts an object, as it is to be under another owner, in the place of what it was, whoever asks; with the names that it claims
    /// there, by that owner's rule.
    pub(crate) fn danger_move(&mut self, object: &Object, moved: Object, names: Names) -> OpResult<()> {
        if !self.names_taken(&moved, names)?.is_empty() {
            return refuse(Cause::NameTaken, "another object of the new owner has its name");
        }
        if moved.place() == object.place() {
            return self.put_by(moved, names);
        }
        if self.is_occupied(moved.place())? {
            return refuse(Cause::NameTaken, "the new owner has another object under its identifier");
        }
        if object.has_value && !object.is_destroyed() {
            let value = self.value(object)?;
            self.put_value(&moved, &value)?;
        }
        self.remove(object)?;
        self.put_by(moved, names)
    }

    /// Takes an object away with all that there is of it in the store.
    fn remove(&mut self, object: &Object) -> OpResult<()> {
        for claim in object.name_claims() {
            self.release(&claim, object.place())?;
        }
        self.expect(object.place())?;
        self.pending.remove_object(object.place());
        self.drop_value(object);
        Ok(())
    }
}
