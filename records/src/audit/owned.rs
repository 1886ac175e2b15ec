//! Entries as values of their own: of what the server does by itself, and for who reads the audit.

use super::entry::{Encoded, Entries, Fields, Object, TEXTS};
use serde::{Deserialize, Serialize};

/// What one item of a request did. Texts are what clients and the configuration call things; none is a secret.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Entry {
    /// Milliseconds since 1970.
    pub time: u64,
    /// The request that the item was in; entries of one request share it.
    pub request: u64,
    /// Who asked: the name in the client's certificate, or who acted on the server itself.
    pub principal: String,
    /// From where.
    pub peer: String,
    /// The protocol version of the message.
    pub version: String,
    /// What was asked for.
    pub operation: String,
    /// The objects that were named, found or made.
    pub objects: Vec<String>,
    /// `Success`, or why it failed.
    pub outcome: String,
    /// Anything else worth knowing, such as the kind of a credential in the header.
    pub note: String,
}

impl Entry {
    fn texts(&self) -> [&str; TEXTS] {
        [&self.principal, &self.peer, &self.version, &self.operation, &self.outcome, &self.note]
    }
}

impl Fields<'_> {
    /// The entry as a value of its own.
    pub fn to_entry<'o>(self, objects: impl Iterator<Item = Object<'o>>) -> Entry {
        let Self { time, request, texts } = self;
        let [principal, peer, version, operation, outcome, note] = texts.map(str::to_owned);
        let objects = objects.map(|object| object.to_string()).collect();
        Entry { time, request, principal, peer, version, operation, objects, outcome, note }
    }
}

impl Encoded<'_> {
    /// The same as a value of its own.
    pub fn to_entry(self) -> Entry {
        self.fields.to_entry(self.objects())
    }
}

impl Entries {
    /// Encodes an entry behind the others.
    pub fn push(&mut self, entry: &Entry) {
        let fields = Fields { time: entry.time, request: entry.request, texts: entry.texts() };
        self.add(fields, entry.objects.iter());
    }
}

impl<'e> FromIterator<&'e Entry> for Entries {
    fn from_iter<I: IntoIterator<Item = &'e Entry>>(entries: I) -> Self {
        let mut all = Self::default();
        entries.into_iter().for_each(|entry| all.push(entry));
        all
    }
}

impl From<Vec<Entry>> for Entries {
    fn from(entries: Vec<Entry>) -> Self {
        entries.iter().collect()
    }
}
