//! Where a name stands among the names of a table, found in the time of one comparison: a hash table that the compiler makes.

/// The places of at most `SLOTS / 2` names.
pub(crate) struct NameIndex<const SLOTS: usize>([u16; SLOTS]);

/// What stands in a slot that no name has.
const FREE: u16 = u16::MAX;

#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses what is out of bounds")]
impl<const SLOTS: usize> NameIndex<SLOTS> {
    /// The index of these names.
    pub(crate) const fn new(names: &[&str]) -> Self {
        assert!(SLOTS.is_power_of_two() && names.len() * 2 <= SLOTS, "too few slots");
        let mut slots = [FREE; SLOTS];
        let mut place = 0;
        while place < names.len() {
            let mut slot = Self::first_slot(names[place]);
            while slots[slot] != FREE {
                slot = (slot + 1) % SLOTS;
            }
            slots[slot] = place as u16;
            place += 1;
        }
        Self(slots)
    }

    /// Where a name stands among the names that the index was made of.
    pub(crate) fn find(&self, names: &[&str], wanted: &str) -> Option<usize> {
        let (before, from) = self.0.split_at_checked(Self::first_slot(wanted))?;
        let taken = from
            .iter()
            .chain(before)
            .map(|place| usize::from(*place))
            .map_while(|place| names.get(place).map(|name| (place, *name)));
        taken.into_iter().find(|(_, name)| *name == wanted).map(|(place, _)| place)
    }

    /// Where a name stands unless another one does: its length and its ends, which tell the names of a table apart.
    const fn first_slot(name: &str) -> usize {
        let bytes = name.as_bytes();
        let (first, last) = match (bytes.first_chunk(), bytes.last_chunk()) {
            (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
            _ => (folded(bytes), 0),
        };
        let mixed = (first ^ last.rotate_left(29) ^ bytes.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 40) as usize % SLOTS
    }
}

/// Fewer than eight bytes as a number.
#[allow(clippy::indexing_slicing, reason = "in a loop that ends with the bytes")]
const fn folded(bytes: &[u8]) -> u64 {
    let (mut all, mut at) = (0, 0);
    while at < bytes.len() {
        all = all << 8 | bytes[at] as u64;
        at += 1;
    }
    all
}
