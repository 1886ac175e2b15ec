//! The attributes that an object has: instances keep the index that they were given, as 1.x clients expect.

use kmip_codec::Tag;
use kmip_codec::attributes::{Attribute, AttributeReference, Attributes, Count, Entry};
use std::collections::{HashMap, HashSet};

/// The attributes of one object, each with its index.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct AttributeSet(Attributes);

impl AttributeSet {
    /// How many instances of attributes.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// From the stored form, in which every instance has its index; elsewhere those that have none get the next one.
    pub fn from_list(list: Attributes) -> Self {
        if list.0.iter().all(|entry| entry.index.is_some()) {
            return Self(list);
        }
        let (mut held, mut places) = (Self(Attributes(Vec::with_capacity(list.len()))), Places::default());
        for entry in list.0 {
            held.push(&mut places, entry);
        }
        held
    }

    /// With their indexes.
    pub fn entries(&self) -> &Attributes {
        &self.0
    }

    /// The attributes.
    pub fn iter(&self) -> impl Iterator<Item = &Attribute> {
        self.0.0.iter().map(|entry| &entry.attribute)
    }

    /// The instances of one attribute, with their indexes.
    pub fn instances(&self, reference: &AttributeReference) -> impl Iterator<Item = &Entry> {
        self.0.0.iter().filter(move |entry| entry.attribute.is_called(reference))
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
        let mut seen = HashSet::new();
        let references = self.iter().map(Attribute::reference);
        references.filter(|reference| seen.insert(reference.clone())).collect()
    }

    /// The instances of each attribute.
    pub fn by_reference(&self) -> HashMap<AttributeReference, Vec<&Entry>> {
        let mut instances: HashMap<AttributeReference, Vec<&Entry>> = HashMap::new();
        for entry in &self.0.0 {
            instances.entry(entry.attribute.reference()).or_default().push(entry);
        }
        instances
    }

    /// Adds an instance; returns its index.
    pub fn add(&mut self, attribute: Attribute) -> i32 {
        let index = self.next_index(&attribute.reference());
        self.0.0.push(Entry { index: Some(index), attribute });
        index
    }

    /// Adds instances: what [`add`](Self::add) does for each, in a time that grows with their number and not with its square.
    pub fn add_all(&mut self, attributes: impl IntoIterator<Item = Attribute>) {
        let mut places = self.places();
        for attribute in attributes {
            self.push(&mut places, Entry { index: None, attribute });
        }
    }

    /// Takes in what a new object is given: of an attribute that has one value, the last counts; likewise in linear time.
    pub fn take_in(&mut self, attributes: impl IntoIterator<Item = Attribute>) {
        let mut places = self.places();
        for attribute in attributes {
            let is_single = attribute.row().is_some_and(|row| row.count == Count::One);
            let there = places.0.get(&attribute.reference()).filter(|_| is_single);
            match there.and_then(|(first, _)| self.0.0.get_mut(*first)) {
                Some(entry) => entry.attribute = attribute,
                None => self.push(&mut places, Entry { index: None, attribute }),
            }
        }
    }

    fn places(&self) -> Places {
        let mut places = Places::default();
        for (place, entry) in self.0.0.iter().enumerate() {
            places.note(place, entry);
        }
        places
    }

    fn push(&mut self, places: &mut Places, entry: Entry) {
        let next = || places.0.get(&entry.attribute.reference()).map_or(0, |(_, next)| *next);
        let entry = Entry { index: Some(entry.index.unwrap_or_else(next)), ..entry };
        places.note(self.0.len(), &entry);
        self.0.0.push(entry);
    }

    /// Sets a single-valued attribute, whether or not it had a value.
    pub fn set(&mut self, attribute: Attribute) {
        let reference = attribute.reference();
        match self.0.0.iter_mut().find(|entry| entry.attribute.is_called(&reference)) {
            Some(entry) => entry.attribute = attribute,
            None => {
                self.add(attribute);
            }
        }
    }

    /// Replaces the instance of this index; gives back the old one.
    pub fn replace(&mut self, index: i32, attribute: Attribute) -> Option<Attribute> {
        let reference = attribute.reference();
        let found = self.0.0.iter_mut().find(|e| e.index == Some(index) && e.attribute.is_called(&reference));
        found.map(|entry| std::mem::replace(&mut entry.attribute, attribute))
    }

    /// Puts one value in the place of another, under its index.
    pub fn exchange(&mut self, before: &Attribute, after: Attribute) {
        if let Some(entry) = self.0.0.iter_mut().find(|entry| entry.attribute == *before) {
            entry.attribute = after;
        }
    }

    /// Removes the instance of this index; gives it back.
    pub fn remove(&mut self, reference: &AttributeReference, index: i32) -> Option<Entry> {
        let at = self.0.0.iter().position(|e| e.index == Some(index) && e.attribute.is_called(reference))?;
        Some(self.0.0.remove(at))
    }

    /// Removes what the test says.
    pub fn remove_where(&mut self, test: impl Fn(&Attribute) -> bool) {
        self.0.0.retain(|entry| !test(&entry.attribute));
    }

    /// Removes every instance of an attribute.
    pub fn remove_tag(&mut self, tag: Tag) {
        self.remove_where(|attribute| attribute.tag() == tag);
    }

    fn next_index(&self, reference: &AttributeReference) -> i32 {
        self.instances(reference).filter_map(|entry| entry.index).max().map_or(0, |index| index + 1)
    }
}

/// Where the first instance of each attribute stands, and which index the next one has.
#[derive(Default)]
struct Places(HashMap<AttributeReference, (usize, i32)>);

impl Places {
    fn note(&mut self, place: usize, entry: &Entry) {
        let (_, next) = self.0.entry(entry.attribute.reference()).or_insert((place, 0));
        *next = entry.index.map_or(*next, |index| (*next).max(index.saturating_add(1)));
    }
}
