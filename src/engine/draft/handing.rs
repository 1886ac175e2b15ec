//! Objects that get another owner, for an administrator who hands them over.

use super::Draft;
use crate::engine::keys::{self, Index, Scope};
use crate::engine::objects::object::Object;
use crate::engine::refusal::{Cause, Halt, Step, refuse};
use std::ops::ControlFlow;

impl Draft<'_> {
    /// Creation times and places of the objects of an owner as the store has them, whoever asks, the newest first; behind one of
    /// them where that is named, and at most so many.
    pub(in crate::engine) fn owned_behind(
        &self,
        owner: &str,
        behind: Option<&(u64, String)>,
        most: usize,
    ) -> Step<Vec<(u64, String)>> {
        let prefix = keys::index_prefix(&Scope::Owner(owner.to_owned()), Index::All, &[]);
        let behind = behind.map(|(created, place)| keys::entry(&prefix, *created, place));
        let mut found = Vec::new();
        let mut collect = |key: &[u8]| {
            found.extend(
                keys::entry_parts(key, prefix.len()).map(|(created, place)| (created, place.to_owned())),
            );
            if found.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let direction = crate::engine::world::Direction::Forward;
        let read = self.world.view.scan_from(&prefix, direction, behind.as_deref(), &mut collect);
        read.map_err(Halt::Need)?;
        Ok(found)
    }

    /// Gives an object, which was not changed by this draft before, another owner, whoever asks; with the names that it claims.
    pub(in crate::engine) fn danger_move_to(&mut self, object: Object, owner: &str) -> Step<()> {
        let place = object.place.is_some().then(|| keys::imported(owner, &object.id));
        let moved = Object { owner: owner.to_owned(), place, ..object.clone() };
        if self.is_claimed(&moved)? {
            return refuse(Cause::NameTaken, "another object of the new owner has its name");
        }
        if moved.place() == object.place() {
            return self.put(moved);
        }
        if self.load(moved.place())?.is_some() {
            return refuse(Cause::NameTaken, "the new owner has another object under its identifier");
        }
        if object.has_value && !object.is_destroyed() {
            let value = self.value(&object)?;
            self.put_value(&moved, &value)?;
        }
        self.remove(&object)?;
        self.put(moved)
    }

    fn is_claimed(&mut self, object: &Object) -> Step<bool> {
        for claim in object.name_claims() {
            if self.read_name(&claim)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes an object away with all that there is of it in the store.
    fn remove(&mut self, object: &Object) -> Step<()> {
        for claim in object.name_claims() {
            if self.read_name(&claim)?.is_some_and(|holder| holder == object.place().as_bytes()) {
                self.put_row(claim, None)?;
            }
        }
        for key in object.index_entries().into_iter().chain([keys::object(object.place())]) {
            self.see(&key)?;
            self.put_row(key, None)?;
        }
        self.drop_value(object);
        Ok(())
    }
}
