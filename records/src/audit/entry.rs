//! One entry, and its form as bytes outside of blocks: in the journal of reads, and on the way to the writer.

use super::varint;
use std::fmt;
use uuid::Uuid;

/// The first byte of an entry. Entries of 1 had texts alone ([`super::old`]).
const FORMAT: u8 = 2;

/// The first byte of a deferred row, which stands among entries: the length of its key, key and value follow.
const DEFERRED: u8 = 3;

/// How many texts an entry has, beside the names of objects.
pub const TEXTS: usize = 6;

/// An entry whose texts stand elsewhere, but for the names of its objects.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'e> {
    /// Milliseconds since 1970.
    pub time: u64,
    /// The request that the item was in.
    pub request: u64,
    /// Principal, peer, version, operation, outcome and note.
    pub texts: [&'e str; TEXTS],
}

/// Appends an entry: the format, two numbers, texts, and the objects, of which there are `count`.
pub fn encode(
    out: &mut Vec<u8>,
    Fields { time, request, texts }: Fields<'_>,
    objects: impl ExactSizeIterator<Item = impl AsRef<str>>,
) {
    out.push(FORMAT);
    varint::put(out, time);
    varint::put(out, request);
    texts.iter().for_each(|text| varint::put_bytes(out, text.as_bytes()));
    varint::put(out, objects.len() as u64);
    objects.for_each(|object| Object::of(object.as_ref()).put(out));
}

/// An entry that is read where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Encoded<'e> {
    bytes: &'e [u8],
    /// All but its objects.
    pub fields: Fields<'e>,
    /// How many objects.
    count: usize,
    /// Their bytes, which were read once.
    objects: &'e [u8],
}

impl<'e> Encoded<'e> {
    /// Reads an entry to the last byte; `None` where the bytes are none.
    pub fn read(bytes: &'e [u8]) -> Option<Self> {
        let (format, mut rest) = bytes.split_first()?;
        if *format != FORMAT {
            return None;
        }
        let (time, request) = (varint::take(&mut rest)?, varint::take(&mut rest)?);
        let mut texts = [""; TEXTS];
        for text in &mut texts {
            *text = varint::take_text(&mut rest)?;
        }
        let count = usize::try_from(varint::take(&mut rest)?).ok()?;
        let objects = rest;
        for _ in 0..count {
            Object::take(&mut rest)?;
        }
        rest.is_empty().then_some(Self { bytes, fields: Fields { time, request, texts }, count, objects })
    }

    /// It as it stands.
    pub fn bytes(&self) -> &'e [u8] {
        self.bytes
    }

    /// Its objects.
    pub fn objects(&self) -> impl Iterator<Item = Object<'e>> + use<'e> {
        let mut rest = self.objects;
        (0..self.count).map_while(move |_| Object::take(&mut rest))
    }
}

/// Encoded entries, one behind the other in one buffer. They stand as frames of the journal: length (4), room for a checksum (8),
/// entry. Among them are deferred rows, which the store is to hold besides, and may come to hold a little later.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries {
    frames: Vec<u8>,
    count: usize,
    /// How many deferred rows.
    rows: usize,
}

/// A deferred row: a key and its value.
pub type Row<'e> = (&'e [u8], &'e [u8]);

/// The deferred row that these bytes of a frame are, if they are one.
pub fn deferred(body: &[u8]) -> Option<Row<'_>> {
    let mut rest = body.strip_prefix(&[DEFERRED])?;
    let length = usize::try_from(varint::take(&mut rest)?).ok()?;
    rest.split_at_checked(length)
}

/// What stands before an entry.
pub const HEAD_BYTES: usize = 12;

impl Entries {
    /// None, with room for so many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self { frames: Vec::with_capacity(bytes), ..Self::default() }
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none, nor a deferred row.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Encodes an entry behind the others.
    pub fn add(&mut self, fields: Fields<'_>, objects: impl ExactSizeIterator<Item = impl AsRef<str>>) {
        let start = self.begin();
        encode(&mut self.frames, fields, objects);
        self.end(start);
    }

    /// Puts an entry that is encoded behind the others.
    pub fn add_encoded(&mut self, entry: &[u8]) {
        let start = self.begin();
        self.frames.extend_from_slice(entry);
        self.end(start);
    }

    /// Puts a deferred row behind the entries: what holds these holds that.
    pub fn defer(&mut self, (key, value): Row<'_>) {
        let start = self.begin();
        self.frames.push(DEFERRED);
        varint::put_bytes(&mut self.frames, key);
        self.frames.extend_from_slice(value);
        self.close(start);
        self.rows += 1;
    }

    /// The deferred rows alone.
    pub fn without_entries(&self) -> Self {
        let mut rows = Self::default();
        self.deferred().for_each(|row| rows.defer(row));
        rows
    }

    /// The deferred rows.
    pub fn deferred(&self) -> impl Iterator<Item = Row<'_>> {
        // Mostly there is none.
        let frames = if self.rows == 0 { &[] } else { self.frames.as_slice() };
        bodies(frames).filter_map(deferred)
    }

    fn begin(&mut self) -> usize {
        self.frames.extend_from_slice(&[0; HEAD_BYTES]);
        self.frames.len() - HEAD_BYTES
    }

    fn end(&mut self, start: usize) {
        self.close(start);
        self.count += 1;
    }

    fn close(&mut self, start: usize) {
        let length = self.frames.len() - start - HEAD_BYTES;
        let length = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
        self.frames.iter_mut().skip(start).zip(length).for_each(|(to, from)| *to = from);
    }

    /// Puts others behind these.
    pub fn append(&mut self, others: &Self) {
        self.frames.extend_from_slice(&others.frames);
        self.count += others.count;
        self.rows += others.rows;
    }

    /// Their bytes, with room for checksums.
    pub fn into_frames(self) -> Vec<u8> {
        self.frames
    }

    /// Each entry as bytes, and each deferred row.
    pub fn bodies(&self) -> impl Iterator<Item = &[u8]> {
        bodies(&self.frames)
    }

    /// Each entry, read where it stands.
    pub fn iter(&self) -> impl Iterator<Item = Encoded<'_>> {
        self.bodies().filter_map(Encoded::read)
    }
}

/// What stands in each of these frames.
pub fn bodies(frames: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = frames;
    std::iter::from_fn(move || {
        let (head, after) = rest.split_first_chunk::<HEAD_BYTES>()?;
        let length = u32::from_be_bytes(*head.first_chunk()?) as usize;
        let (body, after) = after.split_at_checked(length)?;
        rest = after;
        Some(body)
    })
}

/// What stands before the 16 bytes of a UUID; before a text stands its length plus one.
const UUID: u64 = 0;

/// The identifier of an object as an entry holds it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Object<'e> {
    /// A UUID, written in lower case with hyphens.
    Uuid([u8; 16]),
    /// Any other text.
    Text(&'e str),
}

impl<'e> Object<'e> {
    /// Of a text. Two texts are two identifiers: a UUID that is written in another way stays a text.
    pub fn of(text: &'e str) -> Self {
        const LENGTH: usize = uuid::fmt::Hyphenated::LENGTH;
        let uuid = (text.len() == LENGTH).then(|| Uuid::try_parse(text).ok()).flatten();
        let is_as_written = |uuid: &Uuid| uuid.hyphenated().encode_lower(&mut [0; LENGTH]) == text;
        uuid.filter(is_as_written).map_or(Self::Text(text), |uuid| Self::Uuid(uuid.into_bytes()))
    }

    /// Appends it.
    pub fn put(self, out: &mut Vec<u8>) {
        match self {
            Self::Uuid(uuid) => {
                varint::put(out, UUID);
                out.extend_from_slice(&uuid);
            }
            Self::Text(text) => {
                varint::put(out, text.len() as u64 + 1);
                out.extend_from_slice(text.as_bytes());
            }
        }
    }

    /// Takes one off the front.
    pub fn take(rest: &mut &'e [u8]) -> Option<Self> {
        match varint::take(rest)?.checked_sub(1) {
            None => varint::take_array(rest).map(Self::Uuid),
            Some(length) => {
                let (text, after) = rest.split_at_checked(usize::try_from(length).ok()?)?;
                *rest = after;
                // An identifier has one form.
                std::str::from_utf8(text).ok().map(Self::of).filter(|object| matches!(object, Self::Text(_)))
            }
        }
    }
}

impl fmt::Display for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uuid(uuid) => Uuid::from_bytes(*uuid).hyphenated().fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}
