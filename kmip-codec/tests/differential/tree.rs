//! Messages as trees of items that know nothing of KMIP: what is mutated, and where two messages differ.

/// An item.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    pub tag: u32,
    pub kind: u8,
    pub value: Value,
}

/// Its value: items, or bytes without the padding.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    Items(Vec<Node>),
    Bytes(Vec<u8>),
}

/// The type byte of a structure.
pub const STRUCTURE: u8 = 1;

impl Node {
    /// The item that these bytes are, all of them; `None` if they are none.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        match Self::items(bytes)?.as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        }
    }

    fn items(mut bytes: &[u8]) -> Option<Vec<Self>> {
        let mut items = Vec::new();
        while !bytes.is_empty() {
            let [a, b, c, kind, l0, l1, l2, l3, rest @ ..] = bytes else { return None };
            let length = u32::from_be_bytes([*l0, *l1, *l2, *l3]) as usize;
            let value = rest.get(..length)?;
            bytes = rest.get(length.next_multiple_of(8)..)?;
            let value = match *kind {
                STRUCTURE => Value::Items(Self::items(value)?),
                _ => Value::Bytes(value.to_vec()),
            };
            items.push(Self { tag: u32::from_be_bytes([0, *a, *b, *c]), kind: *kind, value });
        }
        Some(items)
    }

    /// The bytes of the item.
    pub fn to_bytes(&self) -> Vec<u8> {
        let value = match &self.value {
            Value::Items(items) => items.iter().flat_map(Self::to_bytes).collect(),
            Value::Bytes(bytes) => bytes.clone(),
        };
        let mut bytes = self.tag.to_be_bytes()[1..].to_vec();
        bytes.push(self.kind);
        bytes.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes
    }

    /// How many items there are, this one included.
    pub fn count(&self) -> usize {
        1 + self.children().iter().map(Self::count).sum::<usize>()
    }

    /// The item with this number, counted depth first.
    pub fn nth(&mut self, mut number: usize) -> Option<&mut Self> {
        if number == 0 {
            return Some(self);
        }
        number -= 1;
        let Value::Items(items) = &mut self.value else { return None };
        for item in items {
            let count = item.count();
            if number < count {
                return item.nth(number);
            }
            number -= count;
        }
        None
    }

    /// The items inside.
    pub fn children(&self) -> &[Self] {
        match &self.value {
            Value::Items(items) => items,
            Value::Bytes(_) => &[],
        }
    }

    /// The value as a number.
    pub fn number(&self) -> u64 {
        match &self.value {
            Value::Bytes(bytes) => bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
            Value::Items(_) => 0,
        }
    }

    /// Where the second message is not as the first: the tags from the outermost in, and what happened there.
    pub fn difference(&self, other: &Self) -> Option<(Vec<u32>, What)> {
        if self == other {
            return None;
        }
        let mine = self.children();
        let theirs = other.children();
        if (self.tag, self.kind) != (other.tag, other.kind) || mine.is_empty() && theirs.is_empty() {
            return Some((vec![self.tag], What::Changed));
        }
        let count = |items: &[Self], tag| items.iter().filter(|one| one.tag == tag).count();
        for at in 0..mine.len().max(theirs.len()) {
            let pair = (mine.get(at), theirs.get(at));
            if let (Some(item), Some(same)) = pair
                && item.tag == same.tag
            {
                if let Some((path, what)) = item.difference(same) {
                    return Some(([vec![self.tag], path].concat(), what));
                }
                continue;
            }
            let surplus = |one: Option<&Self>, here: &[Self], there: &[Self]| {
                one.map(|one| one.tag).filter(|tag| count(here, *tag) > count(there, *tag))
            };
            let (tag, what) = match (surplus(pair.0, mine, theirs), surplus(pair.1, theirs, mine)) {
                (Some(tag), _) => (tag, What::Dropped),
                (None, Some(tag)) => (tag, What::Added),
                (None, None) => (pair.0.or(pair.1)?.tag, What::Moved),
            };
            return Some((vec![self.tag, tag], what));
        }
        None
    }
}

/// What became of an item.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum What {
    /// It is gone.
    Dropped,
    /// It was not there.
    Added,
    /// It stands elsewhere.
    Moved,
    /// Another value or type.
    Changed,
}
