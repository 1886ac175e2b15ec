//! The audit as stores had it before blocks: an entry a key (`l` and the number), its value the SHA-256 over the hash before, the
//! number and the entry, then the entry. It is read, to be taken over into blocks, and never written.

use super::{Entry, HASH_BYTES, Hash, varint};
use crate::keyspace::Kind;
use aws_lc_rs::digest::{Context, SHA256};

/// What the keys of such entries begin with.
pub const PREFIX: &[u8] = Kind::Audit.prefix();

/// The first byte of such an entry.
const FORMAT: u8 = 1;

/// How much is kept of what cannot be read.
const KEPT_BYTES_MAX: usize = 1024;

/// Why an entry does not fit, each with its number in blocks.
const WHY: &[&str] = &[
    "the number does not follow the one before: entries are missing",
    "the entry is cut off",
    "the hash does not fit: this entry, or the one before, was changed",
    "the entry cannot be read",
];

/// A chain of such entries, up to some place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Chain {
    /// The number of the next entry.
    pub next: u64,
    /// The hash of the last; zeros before the first.
    pub hash: Hash,
}

/// A place where the chain is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The number of the entry that does not fit.
    pub at: u64,
    /// In what way: a number of [`WHY`].
    why: u8,
    /// The beginning of what is there, where it is no entry.
    pub kept: Vec<u8>,
}

impl Broken {
    /// In what way, in words.
    pub fn why(&self) -> &'static str {
        WHY.get(usize::from(self.why)).copied().unwrap_or("it does not fit")
    }
}

impl Chain {
    /// The chain whose last entry is this pair of the store. Behind an entry that is cut off it goes on from what is there of the
    /// hash; behind a key that is none of an entry, from where it was.
    pub fn after(self, key: &[u8], value: &[u8]) -> Self {
        let Some(next) = number_of(key).and_then(|number| number.checked_add(1)) else { return self };
        let mut hash = [0; HASH_BYTES];
        hash.iter_mut().zip(value).for_each(|(to, from)| *to = *from);
        Self { next, hash }
    }

    /// Goes on to a pair of the store: gives its entry, where it can be read, and how it breaks the chain, where it does.
    pub fn follow(&mut self, key: &[u8], value: &[u8]) -> (Option<Entry>, Option<Broken>) {
        let (number, split) = (number_of(key), value.split_first_chunk::<HASH_BYTES>());
        let entry = split.and_then(|(_, encoded)| decode(encoded)).filter(|_| number.is_some());
        let why = match split {
            _ if number != Some(self.next) => Some(0),
            None => Some(1),
            Some((hash, encoded)) if self.hash_of(encoded) != *hash => Some(2),
            Some(_) if entry.is_none() => Some(3),
            Some(_) => None,
        };
        let broken = why.map(|why| {
            let kept = if entry.is_some() { &[] } else { value.get(..KEPT_BYTES_MAX).unwrap_or(value) };
            Broken { at: number.unwrap_or(self.next), why, kept: kept.to_vec() }
        });
        *self = self.after(key, value);
        (entry, broken)
    }

    fn hash_of(&self, encoded: &[u8]) -> Hash {
        let mut context = Context::new(&SHA256);
        context.update(&self.hash);
        context.update(&self.next.to_be_bytes());
        context.update(encoded);
        context.finish().as_ref().first_chunk().copied().unwrap_or_default()
    }

    fn put(&self, out: &mut Vec<u8>) {
        varint::put(out, self.next);
        out.extend_from_slice(&self.hash);
    }

    fn take(rest: &mut &[u8]) -> Option<Self> {
        Some(Self { next: varint::take(rest)?, hash: varint::take_array(rest)? })
    }
}

fn number_of(key: &[u8]) -> Option<u64> {
    let bytes = key.strip_prefix(PREFIX)?.try_into().ok()?;
    Some(u64::from_be_bytes(bytes))
}

/// What a block of entries that were taken over tells of the chain that they come from.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Carried {
    /// Where the chain ended when its first entries were taken over.
    pub end: Chain,
    /// How far it is taken over by this block.
    pub done: Chain,
    /// Where it is broken, among the entries of this block.
    pub broken: Vec<Broken>,
}

impl Carried {
    /// Both chains, then each break: its number, its reason, and what is kept.
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        self.end.put(out);
        self.done.put(out);
        varint::put(out, self.broken.len() as u64);
        for Broken { at, why, kept } in &self.broken {
            varint::put(out, *at);
            out.push(*why);
            varint::put_bytes(out, kept);
        }
    }

    pub(super) fn take(rest: &mut &[u8]) -> Option<Self> {
        let (end, done) = (Chain::take(rest)?, Chain::take(rest)?);
        let count = usize::try_from(varint::take(rest)?).ok().filter(|count| *count <= rest.len())?;
        let broken = |_| {
            let (at, [why]) = (varint::take(rest)?, varint::take_array(rest)?);
            Some(Broken { at, why, kept: varint::take_bytes(rest)?.to_vec() })
        };
        Some(Self { end, done, broken: (0..count).map(broken).collect::<Option<_>>()? })
    }
}

/// Reads an entry of the time: the format, two numbers of 8 bytes, then texts, each with its length in 4 bytes before it. `None`
/// where the bytes are none, to the last one. Journals of reads hold such entries too.
pub fn decode(bytes: &[u8]) -> Option<Entry> {
    let (format, mut rest) = bytes.split_first()?;
    if *format != FORMAT {
        return None;
    }
    let mut number = || Some(u64::from_be_bytes(varint::take_array(&mut rest)?));
    let mut entry = Entry { time: number()?, request: number()?, ..Entry::default() };
    let Entry { principal, peer, version, operation, outcome, note, .. } = &mut entry;
    for field in [principal, peer, version, operation, outcome, note] {
        *field = text(&mut rest)?;
    }
    let count = u32::from_be_bytes(varint::take_array(&mut rest)?);
    for _ in 0..count {
        entry.objects.push(text(&mut rest)?);
    }
    rest.is_empty().then_some(entry)
}

fn text(rest: &mut &[u8]) -> Option<String> {
    let length = u32::from_be_bytes(varint::take_array(rest)?) as usize;
    let (text, after) = rest.split_at_checked(length)?;
    *rest = after;
    String::from_utf8(text.to_vec()).ok()
}
