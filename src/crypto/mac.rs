//! Message authentication codes: HMAC (FIPS 198-1) and CMAC (NIST SP 800-38B).

#![allow(unsafe_code, reason = "AWS-LC's C interface: aws-lc-rs has no HMAC with SHA-3")]

use super::{Digest, Error};
use aws_lc_rs::{cmac, constant_time};
use aws_lc_sys as c;

/// HMAC of the data.
pub fn hmac(digest: Digest, key: &[u8], data: &[u8]) -> Result<Vec<u8>, Error> {
    let mut out = vec![0; digest.length()];
    let mut written = 0;
    // SAFETY: key and data are valid for the call; the output has the length of the digest, which is what is written.
    let made = unsafe {
        c::HMAC(
            (digest.function())(),
            key.as_ptr().cast(),
            key.len(),
            data.as_ptr(),
            data.len(),
            out.as_mut_ptr(),
            &raw mut written,
        )
    };
    if made.is_null() { Err(Error::Parameter("there is no HMAC with this digest")) } else { Ok(out) }
}

/// CMAC of the data with AES.
pub fn cmac_aes(key: &[u8], data: &[u8]) -> Result<Vec<u8>, Error> {
    let algorithm = match key.len() {
        16 => cmac::AES_128,
        24 => cmac::AES_192,
        32 => cmac::AES_256,
        _ => return Err(Error::Parameter("a key of AES has 16, 24 or 32 bytes")),
    };
    cmac(algorithm, key, data)
}

/// CMAC of the data with Triple DES, whose key has three parts.
pub fn cmac_triple_des(key: &[u8], data: &[u8]) -> Result<Vec<u8>, Error> {
    cmac(cmac::DES_EDE3_FOR_LEGACY_USE_ONLY, key, data)
}

fn cmac(algorithm: cmac::Algorithm, key: &[u8], data: &[u8]) -> Result<Vec<u8>, Error> {
    let failed = |_| Error::Failed("the MAC could not be made");
    let key = cmac::Key::new(algorithm, key).map_err(failed)?;
    Ok(cmac::sign(&key, data).map_err(failed)?.as_ref().to_vec())
}

/// Whether two MACs are the same, in constant time; the second may be cut off to no less than half.
pub fn is_same(whole: &[u8], given: &[u8]) -> bool {
    let enough = given.len() * 2 >= whole.len();
    enough
        && whole
            .get(..given.len())
            .is_some_and(|head| constant_time::verify_slices_are_equal(head, given).is_ok())
}
