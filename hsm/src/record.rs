//! The sealed value of one object generation, and the MAC over its metadata. The format is final; its first byte is
//! its version.
//!
//! ```text
//! 0        format: 1
//! 1..5     number of the KEK, big-endian
//! 5..17    nonce, random
//! 17..     ciphertext (AES-256-GCM), then its tag of 16 bytes
//! ```
//! Associated data, in this order: the label `keystead/record/1`; format; store (16); tenant (4); KEK (4); object
//! identifier with its length before it (4); object type (4); generation (4); algorithm (4); length in bits (4).
//! Numbers are big-endian.
//!
//! Nonces are random, 96 bits, under one key a KEK: at 2^32 records the chance of a repetition is 2^-33; a KEK is
//! replaced long before.

use crate::contexts::{MAC_BYTES, MacKey, NONCE_BYTES, TAG_BYTES};
use crate::{Entropy, Error, Kek};
use zeroize::Zeroizing;

const FORMAT: u8 = 1;
const HEADER_BYTES: usize = 1 + 4;

/// Whom a value belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecordIdentity<'a> {
    /// The identifier of the object.
    pub object: &'a str,
    /// Object type, as its number.
    pub object_type: u32,
    /// Which of the object's values.
    pub generation: u32,
    /// Cryptographic algorithm as its number; 0 for none.
    pub algorithm: u32,
    /// Cryptographic length in bits; 0 for none.
    pub length: u32,
}

/// A sealed value: the only form that a store takes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SealedRecord(Vec<u8>);

impl SealedRecord {
    /// For the store.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// The number of the KEK that a value of the store is sealed under.
pub fn kek_of(sealed: &[u8]) -> Result<u32, Error> {
    let header = sealed.first_chunk::<HEADER_BYTES>().ok_or(Error::Format("record too short"))?;
    let [format, a, b, c, d] = *header;
    if format != FORMAT {
        return Err(Error::Format("unknown record format"));
    }
    Ok(u32::from_be_bytes([a, b, c, d]))
}

impl Kek {
    /// Seals a value for its object.
    pub fn seal_record(
        &self,
        identity: &RecordIdentity<'_>,
        value: &[u8],
        entropy: &mut dyn Entropy,
    ) -> Result<SealedRecord, Error> {
        let mut nonce = [0; NONCE_BYTES];
        entropy.fill(&mut nonce)?;
        let mut record = Vec::with_capacity(HEADER_BYTES + NONCE_BYTES + value.len() + TAG_BYTES);
        record.push(FORMAT);
        record.extend_from_slice(&self.identity.id.to_be_bytes());
        record.extend_from_slice(&nonce);
        let begin = record.len();
        record.resize(begin + value.len() + TAG_BYTES, 0);
        let out = record.get_mut(begin..).unwrap_or_default();
        self.keys.seal(&nonce, &self.associated(identity), value, out)?;
        Ok(SealedRecord(record))
    }

    /// Opens a value that belongs to this object; anything else is [`Error::Tampered`].
    pub fn open_record(
        &self,
        identity: &RecordIdentity<'_>,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        if kek_of(sealed)? != self.identity.id {
            return Err(Error::Tampered);
        }
        let body = sealed.get(HEADER_BYTES..).unwrap_or_default();
        let (nonce, cipher) = body.split_first_chunk::<NONCE_BYTES>().ok_or(Error::Tampered)?;
        let length = cipher.len().checked_sub(TAG_BYTES).ok_or(Error::Tampered)?;
        let mut value = Zeroizing::new(vec![0; length]);
        self.keys.open(nonce, &self.associated(identity), cipher, &mut value)?;
        Ok(value)
    }

    /// The MAC over the metadata of an object.
    pub fn mac(&self, object: &str, metadata: &[u8]) -> Result<[u8; MAC_BYTES], Error> {
        let owner = self.owner();
        let parts = [b"keystead/metadata/1", &owner[..], &length_of(object), object.as_bytes(), metadata];
        self.keys.mac(MacKey::Metadata, &parts).ok_or(Error::Format("no MAC could be made"))
    }

    /// Whether the MAC is that of this object and this metadata; in constant time.
    pub fn is_mac(&self, object: &str, metadata: &[u8], mac: &[u8]) -> bool {
        let own = self.mac(object, metadata);
        own.is_ok_and(|own| aws_lc_rs::constant_time::verify_slices_are_equal(&own, mac).is_ok())
    }

    /// Store, tenant and KEK.
    fn owner(&self) -> [u8; 24] {
        let identity = &self.identity;
        let mut bytes = [0; 24];
        let numbers = identity.tenant.to_be_bytes().into_iter().chain(identity.id.to_be_bytes());
        bytes.iter_mut().zip(identity.store.into_iter().chain(numbers)).for_each(|(to, from)| *to = from);
        bytes
    }

    fn associated(&self, identity: &RecordIdentity<'_>) -> Vec<u8> {
        let mut data = Vec::with_capacity(80 + identity.object.len());
        data.extend_from_slice(b"keystead/record/1");
        data.push(FORMAT);
        data.extend_from_slice(&self.owner());
        data.extend_from_slice(&length_of(identity.object));
        data.extend_from_slice(identity.object.as_bytes());
        for number in [identity.object_type, identity.generation, identity.algorithm, identity.length] {
            data.extend_from_slice(&number.to_be_bytes());
        }
        data
    }
}

fn length_of(text: &str) -> [u8; 4] {
    u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes()
}
