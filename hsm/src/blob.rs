//! What a master key seals: one byte for the mechanism, four for the epoch, the nonce, the ciphertext with its tag.
//!
//! ```text
//! 0       mechanism: 1 = AES-256-GCM, nonce of 12 bytes, tag of 16 bytes
//! 1..5    epoch of the master key, big-endian
//! 5..17   nonce
//! 17..    ciphertext, then tag
//! ```
//! The mechanism and the epoch are part of the associated data, before the identity.

use crate::{Epoch, Error};

/// AES-256-GCM.
pub const AES_GCM: u8 = 1;
pub const NONCE_BYTES: usize = 12;
pub const TAG_BYTES: usize = 16;
const HEADER_BYTES: usize = 1 + 4;

/// A parsed blob.
pub struct Blob<'a> {
    pub epoch: Epoch,
    pub nonce: [u8; NONCE_BYTES],
    pub sealed: &'a [u8],
}

impl<'a> Blob<'a> {
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let (header, rest) = bytes.split_first_chunk::<HEADER_BYTES>().ok_or(Error::Format("too short"))?;
        let [mechanism, a, b, c, d] = *header;
        if mechanism != AES_GCM {
            return Err(Error::Format("unknown sealing mechanism"));
        }
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(Error::Format("too short"))?;
        if sealed.len() < TAG_BYTES {
            return Err(Error::Format("too short"));
        }
        Ok(Self { epoch: Epoch(u32::from_be_bytes([a, b, c, d])), nonce: *nonce, sealed })
    }
}

/// Puts a blob together.
pub fn assemble(epoch: Epoch, nonce: &[u8; NONCE_BYTES], sealed: &[u8]) -> Vec<u8> {
    let mut blob = header(epoch).to_vec();
    blob.extend_from_slice(nonce);
    blob.extend_from_slice(sealed);
    blob
}

/// The associated data of a blob: its header, then whom it belongs to.
pub fn associated(epoch: Epoch, identity: &[u8]) -> Vec<u8> {
    let mut data = header(epoch).to_vec();
    data.extend_from_slice(identity);
    data
}

fn header(epoch: Epoch) -> [u8; HEADER_BYTES] {
    let [a, b, c, d] = epoch.0.to_be_bytes();
    [AES_GCM, a, b, c, d]
}

/// What a key check value holds, and whom it belongs to.
pub const KEY_CHECK_VALUE: [u8; 32] = *b"keystead master key canary, v1..";
pub const KEY_CHECK_IDENTITY: &[u8] = b"keystead/canary/1";
/// The same for keys with an identifier of their own; store, epoch and identifier follow.
pub const KEY_CHECK_IDENTITY_BOUND: &[u8] = b"keystead/canary/2";
