//! Hashes of passwords, as the configuration has them.

use aws_lc_rs::pbkdf2;
use std::num::NonZeroU32;

/// How often PBKDF2 hashes a new password.
const ROUNDS: u32 = 600_000;

/// What a hash in the configuration begins with: PBKDF2 with HMAC-SHA-256.
const METHOD: &str = "pbkdf2-sha256";

/// A password as the configuration has it: `pbkdf2-sha256:ROUNDS:SALT:HASH`, salt and hash in hex.
#[derive(Clone, Debug)]
pub struct Hash {
    rounds: NonZeroU32,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Hash {
    /// Reads one.
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        let [METHOD, rounds, salt, hash] = parts.as_slice() else { return None };
        let (salt, hash) = (hex::decode(salt).ok()?, hex::decode(hash).ok()?);
        let rounds = rounds.parse().ok()?;
        (salt.len() >= 8 && hash.len() == 32).then_some(Self { rounds, salt, hash })
    }

    /// Whether it is the hash of this password.
    pub fn is_of(&self, password: &str) -> bool {
        let method = pbkdf2::PBKDF2_HMAC_SHA256;
        pbkdf2::verify(method, self.rounds, &self.salt, password.as_bytes(), &self.hash).is_ok()
    }
}

/// Whether a text is a hash as the configuration has it.
pub fn is_hash(text: &str) -> bool {
    /// More would keep a processor for minutes at each login.
    const ROUNDS_MAX: u32 = 50_000_000;
    Hash::parse(text).is_some_and(|hash| hash.rounds.get() <= ROUNDS_MAX)
}

/// The hash of a new password, for the configuration.
pub fn hash(password: &[u8], salt: &[u8; 16]) -> String {
    let rounds = NonZeroU32::new(ROUNDS).unwrap_or(NonZeroU32::MIN);
    let mut hash = [0; 32];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, salt, password, &mut hash);
    format!("{METHOD}:{rounds}:{}:{}", hex::encode(salt), hex::encode(hash))
}
