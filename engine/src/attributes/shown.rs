//! The attributes of an object as a client of a version sees them: none younger than its messages, and the index of
//! 1.x only where there is more than one instance to tell apart.

use crate::objects::object::Object;
use kmip_codec::Version;
use kmip_codec::attributes::{Attribute, AttributeReference, AttributeRow, Entry};

/// The attributes that the object has in this version, each once.
pub fn references(object: &Object, version: Version) -> Vec<AttributeReference> {
    let all = object.attributes.references().into_iter();
    all.filter(|reference| is_in(reference, version)).collect()
}

/// The instances of these attributes: in their order, and of one in the order in which they were added.
pub fn instances_of_all(object: &Object, all: &[AttributeReference], version: Version) -> Vec<Entry> {
    let known = object.attributes.by_reference();
    let named = all.iter().filter(|reference| is_in(reference, version));
    let instances = named.filter_map(|reference| known.get(reference)).flatten();
    instances.copied().cloned().map(entry).collect()
}

/// An instance after a change, with what the server has filled in: such as the count of Usage Limits.
pub fn changed(object: &Object, index: i32, attribute: Attribute) -> Entry {
    let reference = attribute.reference();
    let mut instances = object.attributes.instances(&reference);
    let held = instances.find(|entry| entry.index.unwrap_or(0) == index).cloned();
    entry(held.unwrap_or(Entry { index: Some(index), attribute }))
}

/// One instance as it is answered: index 0 is left out.
pub fn entry(entry: Entry) -> Entry {
    Entry { index: entry.index.filter(|index| *index != 0), ..entry }
}

/// The same with the index that the client has sent, 0 too: some compare the answer with what they sent.
pub fn as_sent(entry: Entry, sent: Option<i32>) -> Entry {
    Entry { index: entry.index.or(sent), ..entry }
}

/// Whether a version has the attribute.
pub fn is_in(reference: &AttributeReference, version: Version) -> bool {
    match reference {
        AttributeReference::Tag(tag) => AttributeRow::of(*tag).is_some_and(|row| (row.is_in)(version)),
        AttributeReference::Vendor { .. } => true,
        AttributeReference::Unknown(_) => false,
    }
}
