//! The attributes that an object has: instances keep the index that they were given, as 1.x clients expect.

use kmip_codec::Tag;
use kmip_codec::attributes::{Attribute, AttributeReference, Attributes, Entry};

/// The attributes of one object, each with its index.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Held(Vec<Entry>);

impl Held {
    /// How many instances of attributes.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// From the stored form, in which every instance has its index.
    pub fn from_list(list: Attributes) -> Self {
        let mut held = Self(Vec::with_capacity(list.len()));
        for entry in list.0 {
            let index = entry.index.unwrap_or_else(|| held.next_index(&entry.attribute.reference()));
            held.0.push(Entry { index: Some(index), attribute: entry.attribute });
        }
        held
    }

    /// The stored form.
    pub fn to_list(&self) -> Attributes {
        Attributes(self.0.clone())
    }

    /// The attributes.
    pub fn iter(&self) -> impl Iterator<Item = &Attribute> {
        self.0.iter().map(|entry| &entry.attribute)
    }

    /// The instances of one attribute, with their indexes.
    pub fn instances(&self, reference: &AttributeReference) -> impl Iterator<Item = &Entry> {
        self.0.iter().filter(move |entry| entry.attribute.is_called(reference))
    }

    /// Whether there is an instance.
    pub fn has(&self, reference: &AttributeReference) -> bool {
        self.instances(reference).next().is_some()
    }

    /// Whether the attribute of a tag is there.
    pub fn has_tag(&self, tag: Tag) -> bool {
        self.iter().any(|attribute| attribute.tag() == tag)
    }

    /// Every attribute once, in the order of the first instances.
    pub fn references(&self) -> Vec<AttributeReference> {
        let mut references = Vec::new();
        for attribute in self.iter() {
            let reference = attribute.reference();
            if !references.contains(&reference) {
                references.push(reference);
            }
        }
        references
    }

    /// Adds an instance; returns its index.
    pub fn add(&mut self, attribute: Attribute) -> i32 {
        let index = self.next_index(&attribute.reference());
        self.0.push(Entry { index: Some(index), attribute });
        index
    }

    /// Sets a single-valued attribute, whether or not it had a value.
    pub fn set(&mut self, attribute: Attribute) {
        let reference = attribute.reference();
        match self.0.iter_mut().find(|entry| entry.attribute.is_called(&reference)) {
            Some(entry) => entry.attribute = attribute,
            None => {
                self.add(attribute);
            }
        }
    }

    /// Replaces the instance of this index; gives back the old one.
    pub fn replace(&mut self, index: i32, attribute: Attribute) -> Option<Attribute> {
        let reference = attribute.reference();
        let found = self.0.iter_mut().find(|e| e.index == Some(index) && e.attribute.is_called(&reference));
        found.map(|entry| std::mem::replace(&mut entry.attribute, attribute))
    }

    /// Removes the instance of this index; gives it back.
    pub fn remove(&mut self, reference: &AttributeReference, index: i32) -> Option<Entry> {
        let at = self.0.iter().position(|e| e.index == Some(index) && e.attribute.is_called(reference))?;
        Some(self.0.remove(at))
    }

    /// Removes what the test says.
    pub fn remove_where(&mut self, test: impl Fn(&Attribute) -> bool) {
        self.0.retain(|entry| !test(&entry.attribute));
    }

    /// Removes every instance of an attribute.
    pub fn remove_tag(&mut self, tag: Tag) {
        self.remove_where(|attribute| attribute.tag() == tag);
    }

    fn next_index(&self, reference: &AttributeReference) -> i32 {
        self.instances(reference).filter_map(|entry| entry.index).max().map_or(0, |index| index + 1)
    }
}
