//! RSA below 2048 bits, which aws-lc-rs does not offer: for clients that are granted weak keys, never for our own
//! secrets. AWS-LC itself makes them, through its C interface.
#![allow(unsafe_code, reason = "AWS-LC's C interface")]

use super::{KeyPair, PairKind};
use aws_lc_sys as c;
use kmip_codec::SecretBytes;
use std::ptr;

/// Makes an RSA pair of this many bits with the exponent 65537.
pub fn make(kind: PairKind, bits: i32) -> Result<KeyPair, String> {
    let failed = || "RSA key generation failed".to_owned();
    // SAFETY: `EVP_PKEY_new` has no preconditions; the result is checked before use.
    let key = unsafe { Key(c::EVP_PKEY_new()) };
    if key.0.is_null() || !generate(&key, bits) {
        return Err(failed());
    }
    let private = encode(|out| {
        // SAFETY: `out` is an initialised CBB and the key is valid for the call.
        unsafe { c::EVP_marshal_private_key(out, key.0) }
    });
    let public = encode(|out| {
        // SAFETY: as above.
        unsafe { c::EVP_marshal_public_key(out, key.0) }
    });
    let (private, public) = (private.ok_or_else(failed)?, public.ok_or_else(failed)?);
    Ok(KeyPair { kind, private_pkcs8: private, public_spki: public.expose().to_vec() })
}

/// A key of AWS-LC's, freed when dropped.
struct Key(*mut c::EVP_PKEY);

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: the pointer is null or ours; freeing null does nothing.
        unsafe { c::EVP_PKEY_free(self.0) };
    }
}

fn generate(key: &Key, bits: i32) -> bool {
    // SAFETY: both objects are checked before use and freed once; `EVP_PKEY_assign_RSA` takes the RSA object over
    // when it succeeds, and only then is it not freed here.
    unsafe {
        let (rsa, exponent) = (c::RSA_new(), c::BN_new());
        let made = !rsa.is_null()
            && !exponent.is_null()
            && c::BN_set_word(exponent, 65537) == 1
            && c::RSA_generate_key_ex(rsa, bits, exponent, ptr::null_mut()) == 1;
        c::BN_free(exponent);
        if made && c::EVP_PKEY_assign_RSA(key.0, rsa) == 1 {
            return true;
        }
        c::RSA_free(rsa);
        false
    }
}

/// Collects what a function marshals; the library's copy is wiped by `OPENSSL_free`.
fn encode(marshal: impl FnOnce(*mut c::CBB) -> i32) -> Option<SecretBytes> {
    // SAFETY: the CBB is zeroed, then initialised before use; `CBB_finish` hands out a buffer of the given length that
    // is read while it is valid and freed once.
    unsafe {
        let mut out = std::mem::zeroed::<c::CBB>();
        if c::CBB_init(&raw mut out, 1024) != 1 {
            return None;
        }
        let (mut data, mut length) = (ptr::null_mut(), 0);
        if marshal(&raw mut out) != 1 || c::CBB_finish(&raw mut out, &raw mut data, &raw mut length) != 1 {
            c::CBB_cleanup(&raw mut out);
            return None;
        }
        let bytes = SecretBytes::from(std::slice::from_raw_parts(data, length));
        c::OPENSSL_free(data.cast());
        Some(bytes)
    }
}
