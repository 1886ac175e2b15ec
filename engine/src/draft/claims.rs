//! The claims of owners on names: an object claims its names while it lives, and who has a claim is found by it.

use super::Draft;
use crate::keyspace;
use crate::objects::index::Claim;
use crate::objects::object::{Listing, Object};
use crate::refusal::{Cause, OpResult, refuse};
use crate::rights::persona::Names;
use std::collections::BTreeSet;

/// Who holds a claim: the place of the object, and whether the claim is one of an older version.
struct Claimant {
    place: String,
    is_older: bool,
}

impl Draft<'_> {
    /// Gives up the claims that an object no longer makes, and takes those that it makes; it then says whether it holds them all.
    /// Names must be free or its own, unless the owner's rule lets objects share them: then the first one holds the claim.
    pub(super) fn claim_names(
        &mut self,
        before: Option<&Object>,
        object: &mut Object,
        names: Names,
    ) -> OpResult<()> {
        let (had, claims) = (before.map(Object::name_claims).unwrap_or_default(), object.name_claims());
        let keys: BTreeSet<_> = claims.iter().map(|claim| &claim.key).collect();
        if keys.len() < claims.len() {
            return refuse(Cause::NameTaken, "the object has that name already");
        }
        for claim in had.iter().filter(|claim| !keys.contains(&claim.key)) {
            self.release(claim, object.place())?;
        }
        let held_all = before.is_some_and(|before| before.listing == Listing::Together { holds_names: true });
        let mut holds_names = !object.is_destroyed();
        for claim in &claims {
            let is_new = !had.contains(claim);
            if !held_all || is_new {
                holds_names &= self.take(claim, object, is_new && names != Names::Free)?;
            }
        }
        object.listing = Listing::Together { holds_names };
        Ok(())
    }

    /// Takes a claim for an object, if nobody else has it; refuses the object where somebody must not.
    fn take(&mut self, claim: &Claim, object: &Object, must_be_free: bool) -> OpResult<bool> {
        match self.claimant(claim)? {
            Some(holder) if holder.place != object.place() => {
                if must_be_free {
                    return refuse(Cause::NameTaken, "another object of this client has the name");
                }
                return Ok(false);
            }
            Some(Claimant { is_older: false, .. }) => return Ok(true),
            Some(Claimant { is_older: true, .. }) => self.put_row(claim.older.clone(), None)?,
            None => {}
        }
        self.put_row(claim.key.clone(), Some(keyspace::claim_value(object.created, object.place())))?;
        Ok(true)
    }

    /// Whether an object has the claim on a name of its owner.
    pub(super) fn is_claimed(&mut self, claim: &Claim) -> OpResult<bool> {
        Ok(self.claimant(claim)?.is_some())
    }

    /// Gives up a claim, where the object at this place has it.
    pub(super) fn release(&mut self, claim: &Claim, place: &str) -> OpResult<()> {
        if let Some(holder) = self.claimant(claim)?.filter(|holder| holder.place == place) {
            let key = if holder.is_older { &claim.older } else { &claim.key };
            self.put_row(key.clone(), None)?;
        }
        Ok(())
    }

    /// Who has a claim. No claim of an older version comes any more: that there is none need not be expected of the store.
    fn claimant(&mut self, claim: &Claim) -> OpResult<Option<Claimant>> {
        for (key, is_older) in [(&claim.key, false), (&claim.older, true)] {
            let Some(value) = self.read_name(key)? else { continue };
            let holder = if is_older {
                std::str::from_utf8(&value).ok()
            } else {
                keyspace::claimant(&value).map(|(_, place)| place)
            };
            // What cannot be read is somebody's: nothing takes its place.
            return Ok(Some(Claimant { place: holder.unwrap_or_default().to_owned(), is_older }));
        }
        Ok(None)
    }
}
