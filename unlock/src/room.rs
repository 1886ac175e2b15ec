//! Whether a header has room for what an enrolment adds. It is looked at before a key is made on the server.

/// LUKS2 numbers tokens from 0 to 31.
const TOKENS_MAX: usize = 32;
/// Bytes of the binary part of each of the two headers (LUKS2 on-disk format, section 2.1).
const BINARY_HEADER_BYTES: u64 = 4096;
/// Anti-forensic stripes of a keyslot, and what its area is rounded up to (section 3.2).
const STRIPES: u64 = 4000;
const ALIGNMENT: u64 = 4096;
/// What a keyslot of ours takes in the metadata, with its place in a digest.
const KEYSLOT_JSON_BYTES: usize = 480;

/// What a header has room for.
pub struct Room {
    /// How many tokens there are.
    pub tokens: usize,
    /// Whether a keyslot has no number yet.
    pub has_free_keyslot: bool,
    /// Bytes of the metadata now.
    pub json_bytes: usize,
    /// Its areas.
    pub areas: Areas,
}

/// The areas of a header.
pub struct Areas {
    /// Bytes of each of the two headers without the binary part.
    pub json_size: u64,
    /// Bytes for the material of all keyslots.
    pub keyslots_size: u64,
    /// Offset and size of each area that is taken.
    pub taken: Vec<(u64, u64)>,
    /// Bytes of the volume key.
    pub key_size: u64,
}

impl Room {
    /// What is missing for so many more tokens, for so many more bytes of them and for a keyslot, in words.
    pub fn lacks(&self, tokens: usize, token_bytes: usize) -> Option<&'static str> {
        self.lacks_token(tokens, token_bytes).or_else(|| self.lacks_keyslot())
    }

    /// The same without a keyslot.
    pub fn lacks_token(&self, tokens: usize, token_bytes: usize) -> Option<&'static str> {
        if self.tokens + tokens > TOKENS_MAX {
            return Some(
                "all 32 tokens are taken: remove one that is not needed (cryptsetup token remove --token-id N)",
            );
        }
        if u64::try_from(self.json_bytes + token_bytes + KEYSLOT_JSON_BYTES).unwrap_or(u64::MAX)
            > self.areas.json_size
        {
            return Some(
                "the metadata area of its header is full: remove tokens or keyslots that are not needed",
            );
        }
        None
    }

    /// What is missing for a keyslot.
    pub fn lacks_keyslot(&self) -> Option<&'static str> {
        if !self.has_free_keyslot {
            return Some(
                "all 32 keyslots are taken: remove one that is not needed (cryptsetup luksKillSlot)",
            );
        }
        if !self.areas.hold_one_more() {
            return Some(
                "the keyslot area of its header is full: remove a keyslot that is not needed (cryptsetup luksKillSlot)",
            );
        }
        None
    }
}

impl Areas {
    /// Where the header ends, with all its keyslots.
    pub fn end(&self) -> u64 {
        self.start().saturating_add(self.keyslots_size)
    }

    /// Where the material of keyslots begins.
    fn start(&self) -> u64 {
        self.json_size.saturating_add(BINARY_HEADER_BYTES).saturating_mul(2)
    }

    fn hold_one_more(&self) -> bool {
        let wanted = self.key_size.saturating_mul(STRIPES).div_ceil(ALIGNMENT).saturating_mul(ALIGNMENT);
        let mut free_from = self.start();
        let end = self.end();
        let mut taken = self.taken.clone();
        taken.sort_unstable();
        for (offset, size) in taken {
            if offset.saturating_sub(free_from) >= wanted {
                return true;
            }
            free_from = free_from.max(offset.saturating_add(size));
        }
        end.saturating_sub(free_from) >= wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOT: u64 = 258_048;

    fn room(slots: &[u64]) -> Room {
        let start = 2 * 16384;
        let taken = slots.iter().map(|place| (start + place * SLOT, SLOT)).collect();
        let areas = Areas { json_size: 12288, keyslots_size: 3 * SLOT, taken, key_size: 64 };
        Room { tokens: 1, has_free_keyslot: true, json_bytes: 2000, areas }
    }

    #[test]
    fn a_gap_is_room_wherever_it_is() {
        for free in [&[0, 1][..], &[0, 2], &[1, 2], &[]] {
            assert_eq!(room(free).lacks(1, 500), None, "{free:?}");
        }
        assert!(room(&[2, 0, 1]).lacks(1, 500).is_some_and(|why| why.contains("keyslot area")));
    }

    #[test]
    fn every_shortage_is_told() {
        let why = |room: Room| room.lacks(1, 500).unwrap_or_default();
        assert!(why(Room { tokens: 32, ..room(&[]) }).contains("32 tokens"));
        assert!(why(Room { has_free_keyslot: false, ..room(&[]) }).contains("32 keyslots"));
        assert!(why(Room { json_bytes: 11_500, ..room(&[]) }).contains("metadata area"));
    }
}
