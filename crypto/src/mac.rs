//! Message authentication codes: HMAC (FIPS 198-1) and CMAC (NIST SP 800-38B).

#![allow(unsafe_code, reason = "AWS-LC's C interface: aws-lc-rs has no HMAC with SHA-3")]

use super::{Digest, Error};
use aws_lc_rs::{cmac, constant_time};
use aws_lc_sys as c;
use zeroize::Zeroizing;

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

/// A key of HMAC as HMAC itself takes it: one that is longer than a block of the digest is its digest (FIPS 198-1, 4). The code is
/// the same with either, and who computes many goes over a long key once.
pub fn short_key(digest: Digest, key: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(if key.len() > digest.block_length() { digest.of(key) } else { key.to_vec() })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::derivation::pbkdf2;
    use std::num::NonZeroU32;

    /// At, under and over the length of a block, of every digest.
    #[test]
    fn a_short_key_makes_the_codes_of_the_long_one() {
        for digest in Digest::ALL.iter().copied() {
            for length in [0, 1, digest.length(), digest.block_length(), digest.block_length() + 1, 100_000] {
                let key = vec![7; length];
                let short = short_key(digest, &key);
                assert!(short.len() <= digest.block_length());
                let [long, short_code] = [&key, &*short].map(|key| hmac(digest, key, b"data").ok());
                assert_eq!(long, short_code, "{digest:?} {length}");
                let stretched = |key: &[u8]| {
                    pbkdf2(digest, key, b"salt", NonZeroU32::MIN, 100).ok().map(|key| key.to_vec())
                };
                assert_eq!(stretched(&key), stretched(&short), "{digest:?} {length}");
            }
        }
    }
}
