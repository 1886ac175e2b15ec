//! Who owns what a store holds, as far as its indexes tell: without a key of the hierarchy, and without reading every object.

use crate::keyspace::{self, Index, Scope};
use crate::need::Need;
use crate::objects::index;
use crate::objects::object::Object;
use crate::rights::identity::{Fingerprint, SHA256_PREFIX};
use crate::rights::names::{self, Flaw};
use crate::world::unproved;
use crate::world::{Direction, View};
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// Whether a name owns an object, destroyed or not, or has a record of its own.
pub fn has(view: &dyn View, name: &str) -> Result<bool, Need> {
    if view.get(&keyspace::client_name(name))?.is_some() {
        return Ok(true);
    }
    for list in index::lists(view, &Scope::Owner(name.to_owned()), (Index::All, &[]))? {
        if first(view, &list, None)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The first key with a prefix, behind this one.
fn first(view: &dyn View, prefix: &[u8], behind: Option<&[u8]>) -> Result<Option<Vec<u8>>, Need> {
    let mut found = None;
    view.scan_from(prefix, Direction::Forward, behind, &mut |key| {
        found = Some(key.to_vec());
        ControlFlow::Break(())
    })?;
    Ok(found)
}

/// The owners whose names the rule refuses. Records are read without proof, and what is damaged has no owner.
pub fn misnamed(view: &dyn View) -> Result<BTreeSet<String>, Need> {
    let mut found = BTreeSet::new();
    let mut behind: Option<Vec<u8>> = None;
    while let Some(entry) = first(view, &keyspace::all_index_entries(), behind.as_deref())? {
        let scope = keyspace::scope_of(&entry);
        let place = place_of_any(view, scope)?;
        let record = place.map(|place| view.get(&keyspace::object(&place))).transpose()?.flatten();
        let object = record.as_deref().and_then(unproved).and_then(|bytes| Object::decode(bytes).ok());
        found.extend(object.map(|object| object.owner.clone()).filter(|owner| flaw(owner).is_some()));
        // One object of each owner or group is enough: on behind every entry of this one.
        behind = Some(keyspace::behind_scope(scope));
    }
    Ok(found)
}

/// Where an object lies that is listed among those of an owner or group.
fn place_of_any(view: &dyn View, scope: &[u8]) -> Result<Option<String>, Need> {
    for (list, length) in keyspace::lists_of_all(scope) {
        let entry = first(view, &list, None)?;
        let place = entry.as_deref().and_then(|entry| keyspace::entry_parts(entry, length));
        if let Some((_, place)) = place {
            return Ok(Some(place.to_owned()));
        }
    }
    Ok(None)
}

/// Why the rule of names refuses an owner, so that its certificate may not be let in. A certificate that is called by its
/// fingerprint, and a user of one, have their names from here.
pub fn flaw(owner: &str) -> Option<Flaw> {
    let fingerprint =
        owner.strip_prefix(SHA256_PREFIX).map(|rest| rest.split_once('/').map_or(rest, |(own, _)| own));
    if fingerprint.and_then(Fingerprint::parse).is_some() { None } else { names::check(owner).err() }
}
