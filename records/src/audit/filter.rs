//! Which objects and principals a block may concern: a Bloom filter, so that a search for one of them opens few of the other
//! blocks. It never says no of what is there; of what is not, it says yes about once in a hundred times.

use super::entry::Object;

/// Bits of an element.
const BITS: usize = 10;

/// How many of the bits an element sets.
const PROBES: u64 = 7;

/// The fewest bytes of a filter.
const BYTES_MIN: usize = 8;

/// What is looked for: 64 bits of an object or a principal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Element(u64);

impl Element {
    /// An object.
    pub fn object(object: Object<'_>) -> Self {
        match object {
            Object::Uuid(uuid) => Self::of(b'u', &uuid),
            Object::Text(text) => Self::of(b'o', text.as_bytes()),
        }
    }

    /// A principal.
    pub fn principal(name: &str) -> Self {
        Self::of(b'p', name.as_bytes())
    }

    /// FNV-1a over kind and bytes, then the mixing steps of MurmurHash3: both are fixed for ever by their definitions.
    fn of(kind: u8, bytes: &[u8]) -> Self {
        let fnv = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        let mut hash = bytes.iter().fold(fnv(0xcbf2_9ce4_8422_2325, &kind), fnv);
        hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        Self(hash ^ (hash >> 33))
    }

    /// The bits that it sets in a filter of so many bytes.
    fn bits(self, bytes: usize) -> impl Iterator<Item = usize> {
        let (step, count) = ((self.0 >> 32) | 1, (bytes as u64).saturating_mul(8).max(1));
        (0..PROBES).map(move |probe| (self.0.wrapping_add(probe.wrapping_mul(step)) % count) as usize)
    }
}

/// The filter of these elements.
pub fn make(elements: &mut Vec<Element>) -> Vec<u8> {
    elements.sort_unstable();
    elements.dedup();
    let bytes = (elements.len() * BITS).div_ceil(8).max(BYTES_MIN);
    let mut filter = vec![0_u8; bytes];
    for bit in elements.iter().flat_map(|element| element.bits(bytes)) {
        if let Some(byte) = filter.get_mut(bit / 8) {
            *byte |= 1 << (bit % 8);
        }
    }
    filter
}

/// Whether a filter may have been made of this element, among others.
pub fn may_hold(filter: &[u8], element: Element) -> bool {
    let is_set = |bit: usize| filter.get(bit / 8).is_some_and(|byte| byte & (1 << (bit % 8)) != 0);
    element.bits(filter.len()).all(is_set)
}
