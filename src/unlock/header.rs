//! What the header of a LUKS2 volume says: keyslots, which of them open the volume, and our tokens.

use super::token::{TOKEN_TYPE, Token};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// LUKS2 numbers keyslots from 0 to 31.
const KEYSLOTS_MAX: u32 = 32;

/// A header as read at one moment.
pub struct Header {
    /// The LUKS UUID.
    pub uuid: String,
    metadata: Metadata,
}

/// The part of the LUKS2 metadata that matters here (LUKS2 on-disk format, section 3).
#[derive(Deserialize)]
struct Metadata {
    keyslots: BTreeMap<String, Keyslot>,
    tokens: BTreeMap<String, Value>,
    digests: BTreeMap<String, Digest>,
}

#[derive(Deserialize)]
struct Keyslot {
    kdf: Option<Kdf>,
}

#[derive(Deserialize)]
struct Kdf {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Digest {
    keyslots: Vec<String>,
    segments: Vec<String>,
}

/// A token of ours with its number.
#[derive(Clone, Debug)]
pub struct NumberedToken {
    /// Its number in the header.
    pub number: String,
    /// The token.
    pub token: Token,
}

impl Header {
    /// From what `cryptsetup luksDump --dump-json-metadata` prints.
    pub fn parse(uuid: String, json: &str) -> serde_json::Result<Self> {
        Ok(Self { uuid, metadata: serde_json::from_str(json)? })
    }

    /// Our tokens of this volume that can be read, finished ones first; and what is wrong with the others.
    pub fn tokens(&self) -> (Vec<NumberedToken>, Vec<String>) {
        let ours = |json: &&Value| json.get("type").and_then(Value::as_str) == Some(TOKEN_TYPE);
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        for (number, json) in self.metadata.tokens.iter().filter(|(_, json)| ours(json)) {
            match Token::read(json) {
                Ok(token) if token.volume == self.uuid => {
                    good.push(NumberedToken { number: number.clone(), token })
                }
                Ok(token) => bad.push(format!("token {number} is for another volume ({})", token.volume)),
                Err(why) => bad.push(format!("token {number}: {why}")),
            }
        }
        good.sort_by_key(|numbered| numbered.token.state);
        (good, bad)
    }

    /// The keyslots that open the volume: those with a digest of a segment. Unbound ones do not.
    pub fn ways_in(&self) -> BTreeSet<String> {
        let digests = self.metadata.digests.values().filter(|digest| !digest.segments.is_empty());
        digests.flat_map(|digest| digest.keyslots.iter().cloned()).collect()
    }

    /// The ways in that do not need a key of ours.
    pub fn other_ways_in(&self) -> BTreeSet<String> {
        let (ours, _) = self.tokens();
        let ours: BTreeSet<String> = ours.into_iter().flat_map(|numbered| numbered.token.keyslots).collect();
        self.ways_in().difference(&ours).cloned().collect()
    }

    /// The ways in that an interrupted enrolment may have added: a key of ours has PBKDF2, and no token yet.
    pub fn unclaimed(&self) -> BTreeSet<String> {
        let claimed = |slot: &String| {
            let lists = self.metadata.tokens.values().filter_map(|token| token.get("keyslots")?.as_array());
            lists.flatten().any(|claimed| claimed.as_str() == Some(slot))
        };
        let kind =
            |slot: &String| self.metadata.keyslots.get(slot)?.kdf.as_ref().map(|kdf| kdf.kind.as_str());
        self.ways_in().into_iter().filter(|slot| kind(slot) == Some("pbkdf2") && !claimed(slot)).collect()
    }

    /// The first number that no keyslot has.
    pub fn free_keyslot(&self) -> Option<String> {
        (0..KEYSLOTS_MAX)
            .map(|number| number.to_string())
            .find(|slot| !self.metadata.keyslots.contains_key(slot))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop where it stands")]
mod tests {
    use super::*;

    fn header() -> Header {
        let ours = |keyslots: &[&str], volume: &str, state: &str| {
            serde_json::json!({ "type": "keystead", "keyslots": keyslots, "v": 1, "uid": "k", "servers": [],
                "volume": volume, "state": state })
        };
        let slot = |kdf: &str| serde_json::json!({ "type": "luks2", "kdf": { "type": kdf } });
        let metadata = serde_json::json!({
            "keyslots": { "0": slot("argon2id"), "1": slot("pbkdf2"), "2": slot("pbkdf2"), "3": slot("pbkdf2"),
                "5": slot("pbkdf2") },
            "tokens": { "0": ours(&[], "u", "adding"), "1": ours(&["1"], "u", "active"),
                "2": ours(&["5"], "v", "active"), "3": { "type": "keystead", "keyslots": [] },
                "4": { "type": "systemd-tpm2", "keyslots": ["2"] } },
            "digests": { "0": { "keyslots": ["0", "1", "2", "5"], "segments": ["0"] },
                "1": { "keyslots": ["3"], "segments": [] } },
        });
        Header::parse("u".to_owned(), &metadata.to_string()).unwrap()
    }

    fn set(slots: &[&str]) -> BTreeSet<String> {
        slots.iter().map(|slot| (*slot).to_owned()).collect()
    }

    #[test]
    fn tells_tokens_apart() {
        let (good, bad) = header().tokens();
        let numbers: Vec<_> = good.iter().map(|numbered| numbered.number.as_str()).collect();
        assert_eq!((numbers, bad.len()), (vec!["1", "0"], 2));
    }

    #[test]
    fn counts_the_ways_in() {
        let header = header();
        assert_eq!(header.ways_in(), set(&["0", "1", "2", "5"]));
        assert_eq!(header.other_ways_in(), set(&["0", "2", "5"]));
        assert_eq!(header.unclaimed(), set(&[]));
        assert_eq!(header.free_keyslot().as_deref(), Some("4"));
    }
}
