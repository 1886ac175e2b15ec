//! The entries of a block: a dictionary of their texts, then a column for each field. The same field of one entry after the other is
//! much the same, so columns compress to little.
//!
//! ```text
//! [taken over alone] the chain before blocks: see `take_over`
//! dictionary         count, then texts with their length before them; number 0 is the empty text, the first that stands is number 1
//! times              of each entry: milliseconds since 1970, as the difference to the entry before (to 0 for the first)
//! requests           the same
//! 6 columns          principal, peer, version, operation, outcome, note: the number of a text in the dictionary
//! counts             how many objects
//! objects            of each entry
//! ```
//! All numbers are varints.

use super::compression;
use super::entry::{Encoded, Entries, Fields, Object, TEXTS};
use super::filter::{self, Element};
use super::old::Carried;
use super::{Entry, varint};
use std::collections::HashMap;

/// A body is ended when its entries have so many bytes as they come.
const BYTES_MAX: usize = 1024 * 1024;

/// An entry takes a byte in each column at least.
const COLUMNS: usize = TEXTS + 3;

/// What a block holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    /// Entries.
    Entries = 1,
    /// Entries of the chain that stores had before blocks.
    TakenOver = 2,
}

impl Kind {
    /// By its number.
    pub fn of(number: u8) -> Option<Self> {
        [Self::Entries, Self::TakenOver].into_iter().find(|kind| *kind as u8 == number)
    }
}

/// The entries of a block that has no number yet.
#[derive(Clone, Debug)]
pub struct Body {
    pub(super) kind: Kind,
    pub(super) count: u32,
    /// The earliest and the latest time.
    pub(super) times: (u64, u64),
    pub(super) filter: Vec<u8>,
    /// Bytes before they were compressed.
    pub(super) raw_bytes: u32,
    pub(super) compression: u8,
    pub(super) bytes: Vec<u8>,
}

impl Body {
    /// Bodies of entries: one, unless there are very many of them.
    pub fn of(entries: &Entries) -> Vec<Self> {
        let (mut bodies, mut columns, mut bytes) = (Vec::new(), Columns::default(), 0);
        for body in entries.bodies() {
            let Some(entry) = Encoded::read(body) else { continue };
            columns.add(&entry);
            bytes += body.len();
            if bytes >= BYTES_MAX {
                bodies.push(std::mem::take(&mut columns).into_body(None));
                bytes = 0;
            }
        }
        if columns.count > 0 {
            bodies.push(columns.into_body(None));
        }
        bodies
    }

    /// The body of entries that are taken over, with how far that is.
    pub fn taken_over(entries: &Entries, carried: &Carried) -> Self {
        let mut columns = Columns::default();
        entries.iter().for_each(|entry| columns.add(&entry));
        columns.into_body(Some(carried))
    }
}

/// A body that is being put together.
#[derive(Default)]
struct Columns<'e> {
    dictionary: HashMap<&'e str, u64>,
    texts: Vec<&'e str>,
    count: u32,
    times: Vec<u8>,
    requests: Vec<u8>,
    fields: [Vec<u8>; TEXTS],
    counts: Vec<u8>,
    objects: Vec<u8>,
    elements: Vec<Element>,
    /// The entry before, with the numbers of its texts.
    before: Option<(Fields<'e>, [u64; TEXTS])>,
    earliest: Option<u64>,
    latest: u64,
}

impl<'e> Columns<'e> {
    fn add(&mut self, entry: &Encoded<'e>) {
        let fields = entry.fields;
        let (before, numbers) = self.before.unzip();
        varint::put_delta(&mut self.times, before.map_or(0, |before| before.time), fields.time);
        varint::put_delta(&mut self.requests, before.map_or(0, |before| before.request), fields.request);
        let mut new = [0; TEXTS];
        for (place, (text, number)) in fields.texts.into_iter().zip(&mut new).enumerate() {
            let known = before.zip(numbers).and_then(|(before, numbers)| {
                (before.texts.get(place) == Some(&text)).then(|| numbers.get(place).copied()).flatten()
            });
            *number = known.unwrap_or_else(|| self.number_of(text));
        }
        self.fields.iter_mut().zip(new).for_each(|(column, number)| varint::put(column, number));
        let start = self.elements.len();
        for object in entry.objects() {
            object.put(&mut self.objects);
            self.elements.push(Element::object(object));
        }
        varint::put(&mut self.counts, (self.elements.len() - start) as u64);
        if before.is_none_or(|before| before.texts.first() != fields.texts.first()) {
            self.elements.extend(fields.texts.first().map(|principal| Element::principal(principal)));
        }
        self.earliest = Some(self.earliest.map_or(fields.time, |earliest| earliest.min(fields.time)));
        self.latest = self.latest.max(fields.time);
        self.before = Some((fields, new));
        self.count += 1;
    }

    fn number_of(&mut self, text: &'e str) -> u64 {
        if text.is_empty() {
            return 0;
        }
        let next = self.texts.len() as u64 + 1;
        let number = *self.dictionary.entry(text).or_insert(next);
        if number == next {
            self.texts.push(text);
        }
        number
    }

    fn into_body(mut self, carried: Option<&Carried>) -> Body {
        let mut raw = Vec::new();
        if let Some(carried) = carried {
            carried.put(&mut raw);
        }
        varint::put(&mut raw, self.texts.len() as u64);
        self.texts.iter().for_each(|text| varint::put_bytes(&mut raw, text.as_bytes()));
        let columns = [&self.times, &self.requests].into_iter().chain(&self.fields);
        columns.chain([&self.counts, &self.objects]).for_each(|column| raw.extend_from_slice(column));
        let raw_bytes = u32::try_from(raw.len()).unwrap_or(u32::MAX);
        let (compression, bytes) = compression::pack(raw);
        Body {
            kind: if carried.is_some() { Kind::TakenOver } else { Kind::Entries },
            count: self.count,
            times: (self.earliest.unwrap_or_default(), self.latest),
            filter: filter::make(&mut self.elements),
            raw_bytes,
            compression,
            bytes,
        }
    }
}

/// The entries of a block, read.
pub struct Read<'r> {
    texts: Vec<&'r str>,
    times: Vec<u64>,
    requests: Vec<u64>,
    fields: [Vec<u32>; TEXTS],
    counts: Vec<usize>,
    objects: &'r [u8],
    /// Of entries that were taken over: how far that was.
    pub carried: Option<Carried>,
}

impl<'r> Read<'r> {
    /// Reads so many entries; `None` where the bytes are not those, to the last one.
    pub fn new(kind: Kind, count: u32, raw: &'r [u8]) -> Option<Self> {
        let (mut rest, count) = (raw, count as usize);
        let carried = match kind {
            Kind::Entries => None,
            Kind::TakenOver => Some(Carried::take(&mut rest)?),
        };
        let texts = texts(&mut rest)?;
        if count.saturating_mul(COLUMNS) > rest.len() {
            return None;
        }
        let (times, requests) = (deltas(&mut rest, count)?, deltas(&mut rest, count)?);
        let mut fields: [Vec<u32>; TEXTS] = Default::default();
        for column in &mut fields {
            let number = |_| u32::try_from(varint::take(&mut rest)?).ok();
            *column = (0..count).map(number).collect::<Option<_>>()?;
            if column.iter().any(|number| *number as usize > texts.len()) {
                return None;
            }
        }
        let number = |_| usize::try_from(varint::take(&mut rest)?).ok();
        let counts = (0..count).map(number).collect::<Option<Vec<_>>>()?;
        let objects = rest;
        for _ in counts.iter().flat_map(|count| 0..*count) {
            Object::take(&mut rest)?;
        }
        rest.is_empty().then_some(Self { texts, times, requests, fields, counts, objects, carried })
    }

    /// How many entries.
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Hands each entry to `visit`, with its objects.
    pub fn each(&self, mut visit: impl FnMut(Fields<'r>, &mut dyn Iterator<Item = Object<'r>>)) {
        let mut rest = self.objects;
        for (place, count) in self.counts.iter().enumerate() {
            let (time, request) = (number_at(&self.times, place), number_at(&self.requests, place));
            let texts = self.fields.each_ref().map(|column| self.text(number_at(column, place)));
            let mut left = *count;
            let mut objects = std::iter::from_fn(|| {
                left = left.checked_sub(1)?;
                Object::take(&mut rest)
            });
            visit(Fields { time, request, texts }, &mut objects);
            objects.by_ref().for_each(drop);
        }
    }

    /// The same as values of their own.
    pub fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::with_capacity(self.counts.len());
        self.each(|fields, objects| entries.push(fields.to_entry(objects)));
        entries
    }

    /// The earliest and the latest time.
    pub(super) fn times(&self) -> (u64, u64) {
        let times = || self.times.iter().copied();
        (times().min().unwrap_or_default(), times().max().unwrap_or_default())
    }

    /// The filter that such a block has.
    pub(super) fn filter(&self) -> Vec<u8> {
        let mut elements = Vec::with_capacity(self.counts.len());
        let mut before = None;
        self.each(|fields, objects| {
            elements.extend(objects.map(Element::object));
            let principal = fields.texts.first().copied();
            if before != principal {
                elements.extend(principal.map(Element::principal));
                before = principal;
            }
        });
        filter::make(&mut elements)
    }

    fn text(&self, number: u32) -> &'r str {
        let place = (number as usize).checked_sub(1);
        place.and_then(|place| self.texts.get(place)).copied().unwrap_or_default()
    }
}

fn number_at<T: Copy + Default>(column: &[T], place: usize) -> T {
    column.get(place).copied().unwrap_or_default()
}

fn texts<'r>(rest: &mut &'r [u8]) -> Option<Vec<&'r str>> {
    let count = usize::try_from(varint::take(rest)?).ok().filter(|count| *count <= rest.len())?;
    (0..count).map(|_| varint::take_text(rest)).collect()
}

fn deltas(rest: &mut &[u8], count: usize) -> Option<Vec<u64>> {
    let mut before = 0;
    let mut next = |_| {
        before = varint::take_delta(rest, before)?;
        Some(before)
    };
    (0..count).map(&mut next).collect()
}
