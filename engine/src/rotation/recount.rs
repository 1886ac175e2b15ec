//! Objects whose Initial Date is in the future: the clock was ahead when they were made, and was set right. By that date they
//! would not be rotated for as long as it was ahead; their interval counts from when the server notifications.
//!
//! The clock may as well be behind now. So an Initial Date that has come counts again: who sets the clock right makes nothing
//! due before its time.

use crate::changes::Changes;
use crate::draft::Draft;
use crate::keyspace;
use crate::lifecycle::rotation::initial_date;
use crate::need::Need;
use crate::objects::object::Object;
use crate::refusal::{Interrupt, OpResult};
use crate::rights::principal::Principal;
use crate::world::{Direction, World};
use std::ops::ControlFlow;

/// How far ahead an Initial Date may be, in seconds: clocks are put right by little now and then.
const TOLERANCE: i64 = 60;

/// What a look at some of the objects that are to be rotated came to.
#[derive(Debug)]
pub struct Recounted {
    /// What to commit.
    pub changes: Changes,
    /// How many objects have an Initial Date in the future and count from now.
    pub from_now: usize,
    /// The last entry that was looked at, where there are more.
    pub behind: Option<Vec<u8>>,
}

/// Looks at so many objects that are to be rotated, those behind this entry. Without effect until the changes are committed.
pub fn recount(world: &World<'_>, behind: Option<&[u8]>, most: usize) -> Result<Recounted, Need> {
    let mut entries: Vec<Vec<u8>> = Vec::new();
    world.view.scan_from(&keyspace::all_rotations(), Direction::Forward, behind, &mut |key| {
        entries.push(key.to_vec());
        if entries.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    let nobody = Principal::default();
    let mut draft = Draft::new(world, &nobody);
    let mut from_now = 0;
    for entry in &entries {
        let Some((_, place)) = keyspace::rotation_parts(entry) else { continue };
        let savepoint = draft.savepoint();
        match recount_one(&mut draft, place, world.now.seconds()) {
            Ok(counts_from_now) => {
                draft.keep(savepoint);
                from_now += usize::from(counts_from_now);
            }
            // It cannot be read, or does not fit any more: told where it is asked for.
            Err(Interrupt::Refused(_)) => drop(draft.roll_back(savepoint)),
            Err(Interrupt::Need(need)) => return Err(need),
        }
    }
    let behind = entries.pop().filter(|_| entries.len() + 1 == most);
    Ok(Recounted { changes: draft.finish()?, from_now, behind })
}

/// Whether its interval counts from now, and did not before.
fn recount_one(draft: &mut Draft<'_>, place: &str, now: i64) -> OpResult<bool> {
    let Some(mut object) = draft.danger_at(place)? else { return Ok(false) };
    let Some(from) = counts_from(&object, now) else { return Ok(false) };
    object.rotates_from = from;
    draft.put(object)?;
    Ok(from.is_some())
}

/// From when its interval is to count instead of its Initial Date, if at all; none where that is noted already.
fn counts_from(object: &Object, now: i64) -> Option<Option<i64>> {
    let initial = initial_date(object)?;
    let noted = object.rotates_from;
    if initial > now.saturating_add(TOLERANCE)
        && noted.is_none_or(|noted| noted > now.saturating_add(TOLERANCE))
    {
        return Some(Some(now));
    }
    (initial <= now && noted.is_some()).then_some(None)
}
