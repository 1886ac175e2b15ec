//! The key of the audit: with it a block is known for one that this server has written.

use aws_lc_rs::hmac::{self, HMAC_SHA256};

/// What stands before the number of the key and the hash of the block.
const LABEL: &[u8] = b"keystead/audit block/1";

/// Bytes of a MAC, and of the key.
pub const BYTES: usize = 32;

/// A key with its number. Numbers begin at 1.
#[derive(Clone)]
pub struct MacKey {
    number: u32,
    key: hmac::Key,
}

impl MacKey {
    /// Of its secret bytes.
    pub fn new(number: u32, secret: &[u8; BYTES]) -> Self {
        Self { number, key: hmac::Key::new(HMAC_SHA256, secret) }
    }

    /// Its number.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// HMAC-SHA-256 over label, number of the key and the hash of a block.
    pub fn mac(&self, hash: &[u8; 32]) -> [u8; BYTES] {
        let mut mac = [0; BYTES];
        mac.copy_from_slice(hmac::sign(&self.key, &self.message(hash)).as_ref());
        mac
    }

    /// Whether it is the MAC of a block of this hash; in constant time.
    pub fn is_mac(&self, hash: &[u8; 32], mac: &[u8; BYTES]) -> bool {
        hmac::verify(&self.key, &self.message(hash), mac).is_ok()
    }

    fn message(&self, hash: &[u8; 32]) -> [u8; LABEL.len() + 4 + 32] {
        let mut message = [0; LABEL.len() + 4 + 32];
        let parts = LABEL.iter().copied().chain(self.number.to_be_bytes()).chain(*hash);
        message.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
        message
    }
}
