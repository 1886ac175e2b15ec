//! What the header of a LUKS2 volume says: keyslots, which of them open the volume, and our tokens.

use super::console::{say, shown};
use super::room::{Areas, Room};
use super::said::UNFINISHED_REENCRYPTION;
use super::token::{TOKEN_TYPE, Token, TokenState};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// LUKS2 numbers keyslots from 0 to 31.
const KEYSLOTS_MAX: u32 = 32;
/// Iterations of PBKDF2 in our keyslots, the fewest that cryptsetup takes: a key of 256 bits needs none.
pub const KDF_ITERATIONS: u32 = 1000;

/// A header as read at one moment.
pub struct Header {
    /// The LUKS UUID.
    pub uuid: String,
    metadata: Metadata,
    /// Bytes of the metadata as they are written.
    json_bytes: usize,
}

/// The part of the LUKS2 metadata that matters here (LUKS2 on-disk format, section 3).
#[derive(Deserialize)]
struct Metadata {
    keyslots: BTreeMap<String, Keyslot>,
    tokens: BTreeMap<String, Value>,
    digests: BTreeMap<String, Digest>,
    config: Config,
}

#[derive(Deserialize)]
struct Keyslot {
    kdf: Option<Kdf>,
    /// Bytes of the key that it holds.
    key_size: Option<u64>,
    area: Area,
    /// 2 is tried before others.
    priority: Option<u8>,
}

#[derive(Deserialize)]
struct Area {
    offset: Option<String>,
    size: Option<String>,
}

#[derive(Deserialize)]
struct Config {
    json_size: String,
    keyslots_size: String,
    #[serde(default)]
    requirements: Requirements,
}

/// What a program must know to change the header (section 3.6).
#[derive(Deserialize, Default)]
struct Requirements {
    #[serde(default)]
    mandatory: Vec<String>,
}

#[derive(Deserialize)]
struct Kdf {
    #[serde(rename = "type")]
    kind: String,
    /// Of PBKDF2.
    iterations: Option<u32>,
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
    /// What is wrong in it; it may be used all the same.
    pub wrong: Vec<String>,
}

/// Tokens of our type.
#[derive(Default)]
pub struct Tokens {
    /// Those of this volume.
    pub ours: Vec<NumberedToken>,
    /// Those of another LUKS UUID: the volume is a copy of that one, or had it before.
    pub foreign: Vec<NumberedToken>,
    /// What is wrong with those that name no key.
    pub unusable: Vec<String>,
}

impl Tokens {
    /// What people are told of each that is not of this volume.
    pub fn passed_over(&self) -> Vec<String> {
        let foreign = self.foreign.iter().map(NumberedToken::is_foreign);
        self.unusable.iter().cloned().chain(foreign).collect()
    }

    /// The token that says that the volume has got its LUKS UUID as a copy.
    pub fn separated(&self) -> Option<&NumberedToken> {
        self.ours.iter().find(|numbered| numbered.token.copy_of.is_some())
    }

    /// The token that `--new-uuid` has written into the header of this LUKS UUID, which it has not changed yet.
    pub fn begun_copy(&self, of: &str) -> Option<&NumberedToken> {
        self.foreign.iter().find(|numbered| {
            let Token { copy_of, uid, state, volume, enrolment, .. } = &numbered.token;
            copy_of.as_deref() == Some(of)
                && (uid.is_empty(), *state, enrolment.is_some()) == (true, TokenState::Adding, true)
                && uuid::Uuid::parse_str(volume).is_ok()
        })
    }
}

impl NumberedToken {
    /// What is told of one that is not of this volume.
    pub fn is_foreign(&self) -> String {
        match self.token.volume.as_str() {
            "" => format!("token {} names no volume", self.number),
            uuid => format!("token {} is for another volume ({})", self.number, shown(uuid)),
        }
    }

    /// Tells what is wrong in it.
    pub fn tell_wrong(&self, device: &str, then: &str) {
        for why in &self.wrong {
            say(format_args!("{device}: token {}: {why}; {then}", self.number));
        }
    }
}

impl Header {
    /// From what `cryptsetup luksDump --dump-json-metadata` prints.
    pub fn parse(uuid: String, json: &str) -> serde_json::Result<Self> {
        let all: Value = serde_json::from_str(json)?;
        let json_bytes = all.to_string().len();
        Ok(Self { uuid, metadata: serde_json::from_value(all)?, json_bytes })
    }

    /// Our tokens by which the volume's key is found, finished ones first. One that does not say of which volume it is, is not
    /// another's.
    pub fn tokens(&self) -> Tokens {
        let mut all = Tokens::default();
        for (number, json) in self.metadata.tokens.iter().filter(|(_, json)| is_ours(json)) {
            let numbered = |(token, wrong)| NumberedToken { number: number.clone(), token, wrong };
            match Token::read(json).map(numbered) {
                Ok(numbered) if numbered.token.volume == self.uuid || !says_volume(json) => {
                    all.ours.push(numbered);
                }
                Ok(numbered) => all.foreign.push(numbered),
                Err(why) => all.unusable.push(format!("token {number}: {why}")),
            }
        }
        all.ours.sort_by_key(|numbered| numbered.token.state);
        all
    }

    /// Why the header can be read and must not be written now.
    pub fn may_not_be_written(&self) -> Option<String> {
        let all = &self.metadata.config.requirements.mandatory;
        match all.first()?.contains("reencrypt") {
            true => Some(UNFINISHED_REENCRYPTION.to_owned()),
            false => Some(format!("its header asks for what is not known here ({})", shown(&all.join(", ")))),
        }
    }

    /// The keyslots that open the volume: those with a digest of a segment. Unbound ones do not.
    pub fn ways_in(&self) -> BTreeSet<String> {
        let digests = self.metadata.digests.values().filter(|digest| !digest.segments.is_empty());
        digests.flat_map(|digest| digest.keyslots.iter().cloned()).collect()
    }

    /// The ways in that do not need a key of ours: those that no token of our type claims, whatever else that token says, and that
    /// are not as ours are, whose token may be gone.
    pub fn other_ways_in(&self) -> BTreeSet<String> {
        let ours: BTreeSet<&str> =
            self.metadata.tokens.values().filter(|json| is_ours(json)).flat_map(claimed).collect();
        let is_ours = |slot: &String| ours.contains(slot.as_str()) || self.is_as_ours(slot);
        self.ways_in().into_iter().filter(|slot| !is_ours(slot)).collect()
    }

    /// Whether a keyslot has what an enrolment gives it, and nobody gives the keyslot of a passphrase: the cheapest key derivation,
    /// and that it is tried first.
    fn is_as_ours(&self, slot: &str) -> bool {
        let kdf = self.metadata.keyslots.get(slot).and_then(|keyslot| keyslot.kdf.as_ref());
        self.is_preferred(slot) && kdf.is_some_and(|kdf| kdf.iterations == Some(KDF_ITERATIONS))
    }

    /// The ways in that an interrupted enrolment may have added: a key of ours has PBKDF2, and no token yet.
    pub fn unclaimed(&self) -> BTreeSet<String> {
        let claimed: BTreeSet<&str> = self.metadata.tokens.values().flat_map(claimed).collect();
        let kind =
            |slot: &String| self.metadata.keyslots.get(slot)?.kdf.as_ref().map(|kdf| kdf.kind.as_str());
        self.ways_in()
            .into_iter()
            .filter(|slot| kind(slot) == Some("pbkdf2") && !claimed.contains(slot.as_str()))
            .collect()
    }

    /// Whether a keyslot is tried before others.
    pub fn is_preferred(&self, slot: &str) -> bool {
        self.metadata.keyslots.get(slot).is_some_and(|keyslot| keyslot.priority == Some(2))
    }

    /// The first number that no keyslot has.
    pub fn free_keyslot(&self) -> Option<String> {
        (0..KEYSLOTS_MAX)
            .map(|number| number.to_string())
            .find(|slot| !self.metadata.keyslots.contains_key(slot))
    }

    /// What the header has room for.
    pub fn room(&self) -> Room {
        let slots = self.metadata.keyslots.values();
        let number = |text: &Option<String>| text.as_ref()?.parse().ok();
        let taken =
            slots.clone().filter_map(|slot| Some((number(&slot.area.offset)?, number(&slot.area.size)?)));
        Room {
            tokens: self.metadata.tokens.len(),
            has_free_keyslot: self.free_keyslot().is_some(),
            json_bytes: self.json_bytes,
            areas: Areas {
                json_size: self.metadata.config.json_size.parse().unwrap_or(0),
                keyslots_size: self.metadata.config.keyslots_size.parse().unwrap_or(0),
                taken: taken.collect(),
                key_size: slots.filter_map(|slot| slot.key_size).max().unwrap_or(64),
            },
        }
    }
}

/// Whether a token has our type, be it readable or not.
fn is_ours(token: &Value) -> bool {
    token.get("type").and_then(Value::as_str) == Some(TOKEN_TYPE)
}

fn says_volume(token: &Value) -> bool {
    token.get("volume").is_some_and(Value::is_string)
}

/// The keyslots that a token claims.
fn claimed(token: &Value) -> impl Iterator<Item = &str> {
    let keyslots = token.get("keyslots").and_then(Value::as_array);
    keyslots.into_iter().flatten().filter_map(Value::as_str)
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
        let slot = |kdf: &str| serde_json::json!({ "type": "luks2", "area": {}, "kdf": { "type": kdf } });
        let metadata = serde_json::json!({
            "keyslots": { "0": slot("argon2id"), "1": slot("pbkdf2"), "2": slot("pbkdf2"), "3": slot("pbkdf2"),
                "5": slot("pbkdf2"), "6": slot("pbkdf2") },
            "tokens": { "0": ours(&[], "u", "adding"), "1": ours(&["1"], "u", "active"),
                "2": ours(&["5"], "v", "active"), "3": { "type": "keystead", "keyslots": ["6"] },
                "4": { "type": "systemd-tpm2", "keyslots": ["2"] } },
            "config": { "json_size": "12288", "keyslots_size": "16744448" },
            "digests": { "0": { "keyslots": ["0", "1", "2", "5", "6"], "segments": ["0"] },
                "1": { "keyslots": ["3"], "segments": [] } },
        });
        Header::parse("u".to_owned(), &metadata.to_string()).unwrap()
    }

    fn set(slots: &[&str]) -> BTreeSet<String> {
        slots.iter().map(|slot| (*slot).to_owned()).collect()
    }

    #[test]
    fn tells_tokens_apart() {
        let Tokens { ours, foreign, unusable } = header().tokens();
        let numbers: Vec<_> = ours.iter().map(|numbered| numbered.number.as_str()).collect();
        assert_eq!((numbers, foreign.len(), unusable.len()), (vec!["1", "0"], 1, 1));
    }

    #[test]
    fn counts_the_ways_in() {
        let header = header();
        assert_eq!(header.ways_in(), set(&["0", "1", "2", "5", "6"]));
        // What a token of ours claims is ours: of another volume, and unreadable, too.
        assert_eq!(header.other_ways_in(), set(&["0", "2"]));
        assert_eq!(header.unclaimed(), set(&[]));
        assert_eq!(header.free_keyslot().as_deref(), Some("4"));
    }
}
