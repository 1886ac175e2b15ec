//! The passphrase that a key of the server becomes.
//!
//! It is the base64 text of the key's 32 bytes (RFC 4648, with padding, no line end: 44 characters), not the bytes:
//! a text can be typed at a prompt, passed by a keyscript and handed to qemu, which takes UTF-8 alone, and all of them
//! open the same keyslot. It has the key's 256 bits, so the keyslot needs no slow key derivation.

use super::error::{Error, Result};
use base64ct::{Base64, Encoding};
use kmip_codec::SecretBytes;

/// Volumes have 256-bit keys.
pub const KEY_BYTES: usize = 32;

/// The text that opens a keyslot. Wiped when dropped.
#[derive(Debug, PartialEq, Eq)]
pub struct Passphrase(SecretBytes);

impl Passphrase {
    /// The passphrase of a key, which must have 32 bytes.
    pub fn of_key(uid: &str, key: &SecretBytes) -> Result<Self> {
        if key.len() != KEY_BYTES {
            let why = format!("it has {} bits, and volumes have keys of 256", key.len() * 8);
            return Err(Error::Key { uid: uid.to_owned(), why });
        }
        Ok(Self(Base64::encode_string(key.expose()).into_bytes().into()))
    }

    /// The text, to be written into a pipe.
    pub fn expose(&self) -> &[u8] {
        self.0.expose()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop where it stands")]
mod tests {
    use super::*;

    #[test]
    fn is_base64_of_exactly_32_bytes() {
        let key = SecretBytes::from(vec![0xFB; 32]);
        let text = Passphrase::of_key("k", &key).unwrap();
        assert_eq!(text.expose(), b"+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=");
        for length in [0, 16, 31, 33] {
            assert!(Passphrase::of_key("k", &SecretBytes::from(vec![1; length])).is_err());
        }
    }
}
