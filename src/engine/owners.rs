//! Who owns what a store holds, as far as its indexes tell: without a key of the hierarchy, and without reading every object.

use crate::engine::keyspace::{self, Index, Scope};
use crate::engine::need::Need;
use crate::engine::objects::object::Object;
use crate::engine::rights::identity::{Fingerprint, SHA256_PREFIX};
use crate::engine::rights::names::{self, Flaw};
use crate::engine::world::unproved;
use crate::engine::world::{Direction, View};
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// Whether a name owns an object, destroyed or not, or has a record of its own.
pub fn has(view: &dyn View, name: &str) -> Result<bool, Need> {
    if view.get(&keyspace::client_name(name))?.is_some() {
        return Ok(true);
    }
    let prefix = keyspace::index_prefix(&Scope::Owner(name.to_owned()), Index::All, &[]);
    let mut found = false;
    view.scan(&prefix, &mut |_| {
        found = true;
        ControlFlow::Break(())
    })?;
    Ok(found)
}

/// The owners whose names the rule refuses. Records are read without proof, and what is damaged has no owner.
pub fn misnamed(view: &dyn View) -> Result<BTreeSet<String>, Need> {
    let mut found = BTreeSet::new();
    let mut behind: Option<Vec<u8>> = None;
    loop {
        let mut next = None;
        view.scan_from(&keyspace::all_index_entries(), Direction::Forward, behind.as_deref(), &mut |key| {
            next = Some(key.to_vec());
            ControlFlow::Break(())
        })?;
        let Some(entry) = next else { return Ok(found) };
        let place = keyspace::entry_parts(&entry, keyspace::index_prefix_length())
            .map(|(_, place)| keyspace::object(place));
        let record = place.map(|key| view.get(&key)).transpose()?.flatten();
        let object = record.as_deref().and_then(unproved).and_then(|bytes| Object::decode(bytes).ok());
        found.extend(object.map(|object| object.owner.clone()).filter(|owner| flaw(owner).is_some()));
        // One object of each owner or group is enough: on behind every entry of this one.
        behind = Some([keyspace::scope_of(&entry), &vec![u8::MAX; keyspace::index_prefix_length()]].concat());
    }
}

/// Why the rule of names refuses an owner, so that its certificate may not be let in. A certificate that is called by its
/// fingerprint, and a user of one, have their names from here.
pub fn flaw(owner: &str) -> Option<Flaw> {
    let fingerprint =
        owner.strip_prefix(SHA256_PREFIX).map(|rest| rest.split_once('/').map_or(rest, |(own, _)| own));
    if fingerprint.and_then(Fingerprint::parse).is_some() { None } else { names::check(owner).err() }
}
