//! The end of freshness: an object is fresh until it is got for the first time.

use super::Draft;
use crate::changes::Deferred;
use crate::keyspace;
use crate::objects::object::Object;
use crate::refusal::{Interrupt, OpResult};
use crate::work;

impl Draft<'_> {
    /// Ends the freshness of an object that is being served. A member of a group is changed by it, in a commit: two clients
    /// that ask for fresh members at once must not get the same one. So is what is changed anyway; anything else
    /// has a deferred row.
    pub fn end_freshness(&mut self, mut object: Object) -> OpResult<()> {
        if !object.is_fresh() {
            return Ok(());
        }
        if object.is_group_member() || self.pending.slot(object.place()).is_some() {
            object.end_freshness();
            return self.put(object);
        }
        // It is read anew by who asks for it next.
        self.recent.retain(|(place, _)| place != object.place());
        self.pending.served.push(object);
        Ok(())
    }

    /// The rows of what was served for the first time; what is changed as well has it in its record.
    pub(super) fn served_rows(&self) -> Vec<Deferred> {
        let served = self.pending.served.iter().filter(|object| self.pending.slot(object.place()).is_none());
        served.map(|object| (keyspace::served(object.place()), object.served_as().into())).collect()
    }

    /// Looks whether a fresh object was served after all, in this draft or before it; then its freshness ends here.
    pub(super) fn look_whether_served(&self, object: &mut Object) -> OpResult<()> {
        if !object.is_fresh() {
            return Ok(());
        }
        let (key, row) = (keyspace::served(object.place()), object.served_as());
        let is_served = self.pending.served.iter().any(|served| served.place() == object.place())
            || self.world.view.has_deferred(&key, &row).map_err(Interrupt::Need)?;
        self.take_time_beside(work::fetching(row.len()))?;
        if is_served {
            object.end_freshness();
            object.served_beside = true;
        }
        Ok(())
    }
}
