//! The plan of a rotation, or of the first start: written before the master key is made, so that a key is never made
//! that the store does not know of.
//!
//! ```text
//! 0        format: 2
//! 1..5     epoch of the present master key, big-endian; 0 in a first start
//! 5..9     epoch of the new one, big-endian
//! 9..      which object of the token the new one is or will be (MasterKeyRef)
//! ```

use keystead_hsm::{Epoch, MasterKeyRef};

const FORMAT: u8 = 2;

/// From which epoch to which key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    pub from: Epoch,
    /// The new key, with its epoch.
    pub key: MasterKeyRef,
}

impl Plan {
    /// As the store keeps it.
    pub fn encode(&self) -> Vec<u8> {
        let (from, to) = (self.from.0.to_be_bytes(), self.key.epoch.0.to_be_bytes());
        [[FORMAT].as_slice(), &from, &to, &self.key.encode()].concat()
    }

    /// From what the store keeps.
    pub fn decode(store: [u8; 16], bytes: &[u8]) -> Option<Self> {
        let (header, key) = bytes.split_first_chunk::<9>()?;
        let (format, numbers) = header.split_first()?;
        let numbers = u64::from_be_bytes(numbers.try_into().ok()?);
        let (from, to) = ((numbers >> 32) as u32, numbers as u32);
        if *format != FORMAT || to <= from {
            return None;
        }
        let key = MasterKeyRef::decode(Epoch(to), store, key).ok()?;
        Some(Self { from: Epoch(from), key })
    }
}
