//! What a draft has collected, how long that is, and how to go back: a savepoint notes what stood before each change that
//! follows it, so that it costs what is changed and not what is there.

use super::Draft;
use crate::objects::object::Object;
use crate::rights::grant::Grant;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Where an object stands among all by their index entries: the newest first, then by what it is known by in the store.
pub type Position = (Reverse<u64>, String);

/// A row of the store other than an object: its key, and what it is to hold, `None` for nothing.
type Row = (Vec<u8>, Option<Vec<u8>>);

/// An object with the bytes that its record takes.
pub type Measured = (Object, usize);

/// What is to be at the place of an object: `None` for nothing, where one is taken away.
type Slot = Option<Measured>;

/// The changes collected so far.
#[derive(Default)]
pub struct Pending {
    objects: BTreeMap<String, Slot>,
    order: BTreeSet<Position>,
    rows: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// What the ticket of the message still allows.
    pub grant: Option<Grant>,
    /// The names that the server has given to what was made.
    pub made: Vec<String>,
    /// The objects that were served for the first time, as they were before.
    pub served: Vec<Object>,
    bytes: usize,
    noted: Vec<Noted>,
}

/// What stood before the changes since a savepoint.
#[derive(Default)]
struct Noted {
    objects: BTreeMap<String, Option<Slot>>,
    rows: BTreeMap<Vec<u8>, Option<Option<Vec<u8>>>>,
    grant: Option<Grant>,
    /// How many names were given.
    made: usize,
    /// How many objects were served for the first time.
    served: usize,
}

/// An undo point.
#[must_use]
pub struct Savepoint(usize);

fn position(object: &Object) -> Position {
    (Reverse(object.created), object.place().to_owned())
}

fn bytes_of((key, value): (&[u8], Option<&Vec<u8>>)) -> usize {
    key.len() + value.map_or(0, Vec::len)
}

impl Pending {
    /// How many bytes it takes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether nothing was collected.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.rows.is_empty()
    }

    /// What an object was changed to, with the bytes that its record takes, or that it was taken away; `None` where neither was.
    pub fn slot(&self, place: &str) -> Option<&Slot> {
        self.objects.get(place)
    }

    /// All that were made or changed.
    pub fn objects(&self) -> impl Iterator<Item = &Object> {
        self.objects.values().flatten().map(|(object, _)| object)
    }

    /// The places of those that were taken away.
    pub fn removed(&self) -> impl Iterator<Item = &String> {
        self.objects.iter().filter(|(_, slot)| slot.is_none()).map(|(place, _)| place)
    }

    /// The first of them behind a position, or before it where the oldest come first.
    pub fn next_object(&self, behind: Option<&Position>, oldest_first: bool) -> Option<&Position> {
        use std::ops::Bound::{Excluded, Unbounded};
        let behind = behind.map_or(Unbounded, Excluded);
        match oldest_first {
            false => self.order.range((behind, Unbounded)).next(),
            true => self.order.range((Unbounded, behind)).next_back(),
        }
    }

    /// What a row was set to; `None` where it was not.
    pub fn row(&self, key: &[u8]) -> Option<&Option<Vec<u8>>> {
        self.rows.get(key)
    }

    /// The rows whose keys begin so.
    pub fn rows<'s>(&'s self, prefix: &'s [u8]) -> impl Iterator<Item = (&'s Vec<u8>, &'s Option<Vec<u8>>)> {
        self.rows.range(prefix.to_vec()..).take_while(move |(key, _)| key.starts_with(prefix))
    }

    /// All rows.
    pub fn into_rows(self) -> impl Iterator<Item = Row> {
        self.rows.into_iter()
    }

    /// Collects an object whose record has so many bytes.
    pub fn put_object(&mut self, object: Object, bytes: usize) {
        let place = object.place().to_owned();
        self.put_slot(place, Some((object, bytes)));
    }

    /// Takes an object away.
    pub fn remove_object(&mut self, place: &str) {
        self.put_slot(place.to_owned(), None);
    }

    fn put_slot(&mut self, place: String, slot: Slot) {
        let before = self.swap_object(&place, Some(slot));
        if let Some(noted) = self.noted.last_mut() {
            noted.objects.entry(place).or_insert(before);
        }
    }

    /// Collects a row.
    pub fn put_row(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        let before = self.swap_row(&key, Some(value));
        if let Some(noted) = self.noted.last_mut() {
            noted.rows.entry(key).or_insert(before);
        }
    }

    /// Puts something in the place of what stands there, and gives that back.
    fn swap_object(&mut self, place: &str, slot: Option<Slot>) -> Option<Slot> {
        let added = slot.iter().flatten().next().map(|(object, bytes)| (position(object), *bytes));
        let before = match slot {
            Some(slot) => self.objects.insert(place.to_owned(), slot),
            None => self.objects.remove(place),
        };
        if let Some((object, bytes)) = before.iter().flatten().next() {
            self.order.remove(&position(object));
            self.bytes -= bytes;
        }
        if let Some((position, bytes)) = added {
            self.order.insert(position);
            self.bytes += bytes;
        }
        before
    }

    fn swap_row(&mut self, key: &[u8], value: Option<Option<Vec<u8>>>) -> Option<Option<Vec<u8>>> {
        let added = value.as_ref().map_or(0, |value| bytes_of((key, value.as_ref())));
        let before = match value {
            Some(value) => self.rows.insert(key.to_vec(), value),
            None => self.rows.remove(key),
        };
        self.bytes -= before.as_ref().map_or(0, |value| bytes_of((key, value.as_ref())));
        self.bytes += added;
        before
    }

    /// Marks where to go back to.
    pub fn savepoint(&mut self) -> Savepoint {
        let (grant, made, served) = (self.grant.clone(), self.made.len(), self.served.len());
        self.noted.push(Noted { grant, made, served, ..Noted::default() });
        Savepoint(self.noted.len() - 1)
    }

    /// Drops what was collected since; the places of objects that are as in the store again, and the names that were given.
    pub fn roll_back(&mut self, to: Savepoint) -> (Vec<String>, Vec<String>) {
        let (mut dropped, mut made) = (Vec::new(), Vec::new());
        while self.noted.len() > to.0 {
            let Some(noted) = self.noted.pop() else { break };
            for (place, object) in noted.objects {
                let is_dropped = object.is_none();
                self.swap_object(&place, object);
                dropped.extend(is_dropped.then_some(place));
            }
            for (key, value) in noted.rows {
                self.swap_row(&key, value);
            }
            self.grant = noted.grant;
            dropped.extend(self.served.drain(noted.served..).map(|object| object.place().to_owned()));
            made.extend(self.made.split_off(noted.made));
        }
        (dropped, made)
    }

    /// Forgets a savepoint: what was collected since stays, unless an earlier one is gone back to.
    pub fn keep(&mut self, since: Savepoint) {
        while self.noted.len() > since.0 {
            let Some(noted) = self.noted.pop() else { break };
            let Some(below) = self.noted.last_mut() else { break };
            for (place, object) in noted.objects {
                below.objects.entry(place).or_insert(object);
            }
            for (key, value) in noted.rows {
                below.rows.entry(key).or_insert(value);
            }
        }
    }
}

/// How a message calls an object that was made and is not there any more.
const SUCH_AN_OBJECT: &str = "an object that was undone";

/// What a draft had made and has no more, by the names that the server gave it: identifiers of objects, and correlation values
/// of asynchronous requests in hexadecimal. What clients have named (Import) is their own word, and not among them.
#[derive(Clone, Debug, Default)]
pub struct Undone(BTreeSet<String>);

impl Undone {
    /// Whether it is among them.
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    /// The message without their names.
    pub fn strike(&self, message: String) -> String {
        self.0.iter().fold(message, |message, name| {
            if !message.contains(name) {
                return message;
            }
            let forms = [format!("object {name:?}"), format!("{name:?}"), name.clone()];
            forms.iter().fold(message, |message, form| message.replace(form, SUCH_AN_OBJECT))
        })
    }
}

impl Draft<'_> {
    /// Notes a name that the server gives to what it makes.
    pub fn note_made(&mut self, name: &str) {
        self.pending.made.push(name.to_owned());
    }

    /// What was made, if it comes to nothing after all.
    pub fn made(&self) -> Undone {
        Undone(self.pending.made.iter().cloned().collect())
    }

    /// Marks where to go back to.
    pub fn savepoint(&mut self) -> Savepoint {
        self.pending.savepoint()
    }

    /// Forgets a savepoint that nothing goes back to any more.
    pub fn keep(&mut self, savepoint: Savepoint) {
        self.pending.keep(savepoint);
    }

    /// Drops what was collected since, and tells what that had made.
    pub fn roll_back(&mut self, savepoint: Savepoint) -> Undone {
        let (places, made) = self.pending.roll_back(savepoint);
        for place in places {
            self.stored.remove(&place);
            self.recent.retain(|(recent, _)| *recent != place);
        }
        Undone(made.into_iter().collect())
    }

    /// Undoes what was collected since, and tells what that had made. What it has taken of a ticket stays taken: the operations
    /// were performed.
    pub fn undo(&mut self, savepoint: Savepoint) -> Undone {
        let grant = self.pending.grant.take();
        let undone = self.roll_back(savepoint);
        self.pending.grant = grant;
        undone
    }
}
