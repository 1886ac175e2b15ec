//! The keys of a KEK, set up once and used for as long as it is open: AES-256-GCM for values, HMAC-SHA256 for metadata and for the
//! rows of the hierarchy. Their expanded forms are as secret as the keys, so they lie in locked memory; `aws_lc_rs` has the same
//! algorithms, and its heap.
#![allow(
    unsafe_code,
    reason = "AWS-LC's C interface: aws-lc-rs allocates its contexts where they cannot be locked"
)]

use crate::locked::{Locked, Zeroed};
use crate::{Error, Secret};
use aws_lc_sys as c;
use std::mem::MaybeUninit;
use std::ptr;

/// Bytes of a nonce of AES-GCM.
pub const NONCE_BYTES: usize = 12;
/// Bytes of its tag.
pub const TAG_BYTES: usize = 16;
/// Bytes of a MAC.
pub const MAC_BYTES: usize = 32;

/// Which MAC key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MacKey {
    /// Of the metadata of objects.
    Metadata,
    /// Of the rows of the hierarchy.
    Hierarchy,
}

/// The contexts of AWS-LC. Each has all of its state in itself.
#[repr(C)]
struct Raw {
    record: c::EVP_AEAD_CTX,
    metadata: c::HMAC_CTX,
    hierarchy: c::HMAC_CTX,
}

// SAFETY: to AWS-LC, zeros are what EVP_AEAD_CTX_zero and HMAC_CTX_init make; the clean-up of both wipes, which `Locked` does.
unsafe impl Zeroed for Raw {}

/// The keys, ready.
pub struct Contexts(Locked<Raw>);

// SAFETY: the pointers in the contexts lead to static tables; contexts are only read once they are set up, and AWS-LC takes them as
// `const` from any thread.
unsafe impl Send for Contexts {}
// SAFETY: as before.
unsafe impl Sync for Contexts {}

impl Contexts {
    /// Sets up three keys of 32 bytes.
    pub fn new(record: &Secret, metadata: &Secret, hierarchy: &Secret) -> Result<Self, Error> {
        let mut raw = Locked::<Raw>::zeroed();
        let key = record.expose();
        // SAFETY: the context is zeroed memory that stays where it is; the key is valid for the call and copied.
        let set = unsafe {
            c::EVP_AEAD_CTX_init(
                &raw mut raw.record,
                c::EVP_aead_aes_256_gcm(),
                key.as_ptr(),
                key.len(),
                TAG_BYTES,
                ptr::null_mut(),
            )
        };
        if set != 1 {
            return Err(Error::Format("a record key has 32 bytes"));
        }
        for (context, key) in [(&raw mut raw.metadata, metadata), (&raw mut raw.hierarchy, hierarchy)] {
            let key = key.expose();
            // SAFETY: as before.
            let set = unsafe {
                c::HMAC_Init_ex(context, key.as_ptr().cast(), key.len(), c::EVP_sha256(), ptr::null_mut())
            };
            if set != 1 {
                return Err(Error::Format("a MAC key could not be set up"));
            }
        }
        Ok(Self(raw))
    }

    /// Seals a value into `out`, which is longer by the tag.
    pub fn seal(
        &self,
        nonce: &[u8; NONCE_BYTES],
        associated: &[u8],
        value: &[u8],
        out: &mut [u8],
    ) -> Result<(), Error> {
        self.run(c::EVP_AEAD_CTX_seal, nonce, associated, value, out)
            .filter(|written| *written == value.len() + TAG_BYTES)
            .map(drop)
            .ok_or(Error::Format("sealing failed"))
    }

    /// Opens what was sealed into `out`, which is shorter by the tag. What is not whole leaves nothing there.
    pub fn open(
        &self,
        nonce: &[u8; NONCE_BYTES],
        associated: &[u8],
        sealed: &[u8],
        out: &mut [u8],
    ) -> Result<(), Error> {
        self.run(c::EVP_AEAD_CTX_open, nonce, associated, sealed, out)
            .filter(|written| written + TAG_BYTES == sealed.len())
            .map(drop)
            .ok_or(Error::Tampered)
    }

    fn run(
        &self,
        operation: Operation,
        nonce: &[u8; NONCE_BYTES],
        associated: &[u8],
        input: &[u8],
        out: &mut [u8],
    ) -> Option<usize> {
        let mut written = 0;
        // SAFETY: all slices are valid for the call, and the function writes at most as many bytes as it is told.
        let done = unsafe {
            operation(
                &raw const self.0.record,
                out.as_mut_ptr(),
                &raw mut written,
                out.len(),
                nonce.as_ptr(),
                nonce.len(),
                input.as_ptr(),
                input.len(),
                associated.as_ptr(),
                associated.len(),
            )
        };
        (done == 1).then_some(written)
    }

    /// The MAC over the parts, one behind the other; `None` where AWS-LC fails.
    pub fn mac(&self, key: MacKey, parts: &[&[u8]]) -> Option<[u8; MAC_BYTES]> {
        let key = match key {
            MacKey::Metadata => &raw const self.0.metadata,
            MacKey::Hierarchy => &raw const self.0.hierarchy,
        };
        let mut context = Scratch::new();
        let (mut out, mut written) = ([0; MAC_BYTES], 0);
        // SAFETY: the key was set up; each part is valid for its call; a MAC of SHA-256 has the length of the output.
        let is_made = unsafe {
            c::HMAC_CTX_copy_ex(context.0.as_mut_ptr(), key) == 1
                && parts
                    .iter()
                    .all(|part| c::HMAC_Update(context.0.as_mut_ptr(), part.as_ptr(), part.len()) == 1)
                && c::HMAC_Final(context.0.as_mut_ptr(), out.as_mut_ptr(), &raw mut written) == 1
        };
        (is_made && written as usize == MAC_BYTES).then_some(out)
    }
}

/// Sealing or opening, as AWS-LC has them.
type Operation = unsafe extern "C" fn(
    *const c::EVP_AEAD_CTX,
    *mut u8,
    *mut usize,
    usize,
    *const u8,
    usize,
    *const u8,
    usize,
    *const u8,
    usize,
) -> std::os::raw::c_int;

/// The context of one MAC, wiped behind it.
struct Scratch(MaybeUninit<c::HMAC_CTX>);

impl Scratch {
    fn new() -> Self {
        let mut context = MaybeUninit::uninit();
        // SAFETY: writes all of the context.
        unsafe { c::HMAC_CTX_init(context.as_mut_ptr()) };
        Self(context)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // SAFETY: the context was made by HMAC_CTX_init.
        unsafe { c::HMAC_CTX_cleanup(self.0.as_mut_ptr()) }
    }
}
