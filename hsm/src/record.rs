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

use crate::{Entropy, Error, Kek, Secret};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hmac;

const FORMAT: u8 = 1;
const HEADER_BYTES: usize = 1 + 4;
const NONCE_BYTES: usize = 12;

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
    /// From the store.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// For the store.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// The number of the KEK that it is sealed under.
    pub fn kek(&self) -> Result<u32, Error> {
        let header = self.0.first_chunk::<HEADER_BYTES>().ok_or(Error::Format("record too short"))?;
        let [format, a, b, c, d] = *header;
        if format != FORMAT {
            return Err(Error::Format("unknown record format"));
        }
        Ok(u32::from_be_bytes([a, b, c, d]))
    }
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
        let mut sealed = value.to_vec();
        let aad = Aad::from(self.associated(b"keystead/record/1", identity));
        record_key(&self.record_key)?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed)
            .map_err(|_| Error::Format("sealing failed"))?;
        let mut record = Vec::with_capacity(HEADER_BYTES + NONCE_BYTES + sealed.len());
        record.push(FORMAT);
        record.extend_from_slice(&self.identity().id.to_be_bytes());
        record.extend_from_slice(&nonce);
        record.extend_from_slice(&sealed);
        Ok(SealedRecord(record))
    }

    /// Opens a value that belongs to this object; anything else is [`Error::Tampered`].
    pub fn open_record(&self, identity: &RecordIdentity<'_>, sealed: &SealedRecord) -> Result<Secret, Error> {
        if sealed.kek()? != self.identity().id {
            return Err(Error::Tampered);
        }
        let body = sealed.0.get(HEADER_BYTES..).unwrap_or_default();
        let (nonce, cipher) = body.split_first_chunk::<NONCE_BYTES>().ok_or(Error::Tampered)?;
        let mut buffer = zeroize::Zeroizing::new(cipher.to_vec());
        let aad = Aad::from(self.associated(b"keystead/record/1", identity));
        let opened = record_key(&self.record_key)?
            .open_in_place(Nonce::assume_unique_for_key(*nonce), aad, &mut buffer)
            .map_err(|_| Error::Tampered)?;
        Ok(Secret::new(opened.to_vec()))
    }

    /// The MAC over the metadata of an object.
    pub fn mac(&self, object: &str, metadata: &[u8]) -> [u8; 32] {
        let mut out = [0; 32];
        out.copy_from_slice(self.metadata_mac(object, metadata).sign().as_ref());
        out
    }

    /// Whether the MAC is that of this object and this metadata; in constant time.
    pub fn is_mac(&self, object: &str, metadata: &[u8], mac: &[u8]) -> bool {
        let own = self.metadata_mac(object, metadata).sign();
        aws_lc_rs::constant_time::verify_slices_are_equal(own.as_ref(), mac).is_ok()
    }

    fn metadata_mac(&self, object: &str, metadata: &[u8]) -> hmac::Context {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.metadata_key.expose());
        let mut context = hmac::Context::with_key(&key);
        context.update(b"keystead/metadata/1");
        context.update(&self.owner());
        context.update(&length_of(object));
        context.update(object.as_bytes());
        context.update(metadata);
        context
    }

    /// Store, tenant and KEK.
    fn owner(&self) -> Vec<u8> {
        let identity = self.identity();
        let mut bytes = identity.store.to_vec();
        bytes.extend_from_slice(&identity.tenant.to_be_bytes());
        bytes.extend_from_slice(&identity.id.to_be_bytes());
        bytes
    }

    fn associated(&self, label: &[u8], identity: &RecordIdentity<'_>) -> Vec<u8> {
        let mut data = label.to_vec();
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

fn record_key(secret: &Secret) -> Result<LessSafeKey, Error> {
    let key = UnboundKey::new(&AES_256_GCM, secret.expose())
        .map_err(|_| Error::Format("a record key has 32 bytes"))?;
    Ok(LessSafeKey::new(key))
}
