//! Digests (FIPS 180-4, FIPS 202; RFC 1321 and RIPEMD-160 for what is old).
#![allow(unsafe_code, reason = "AWS-LC's C interface: aws-lc-rs does not have all digests")]

use aws_lc_sys as c;
use std::ptr;

macro_rules! digests {
    ($($(#[doc = $doc:literal])* $name:ident: $text:literal, $length:literal, $md:ident;)*) => {
        /// The digests.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Digest { $($(#[doc = $doc])* $name,)* }

        impl Digest {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// How many bytes it gives.
            pub fn length(self) -> usize {
                match self { $(Self::$name => $length,)* }
            }

            /// The name as the standards have it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What the C interface knows it by.
            pub(super) fn function(self) -> unsafe extern "C" fn() -> *const c::EVP_MD {
                match self { $(Self::$name => c::$md,)* }
            }
        }
    };
}

digests! {
    /// MD5: broken.
    Md5: "MD5", 16, EVP_md5;
    /// RIPEMD-160: old.
    Ripemd160: "RIPEMD-160", 20, EVP_ripemd160;
    /// SHA-1: for what is old.
    Sha1: "SHA-1", 20, EVP_sha1;
    /// SHA-224.
    Sha224: "SHA-224", 28, EVP_sha224;
    /// SHA-256.
    Sha256: "SHA-256", 32, EVP_sha256;
    /// SHA-384.
    Sha384: "SHA-384", 48, EVP_sha384;
    /// SHA-512.
    Sha512: "SHA-512", 64, EVP_sha512;
    /// SHA-512/224.
    Sha512_224: "SHA-512/224", 28, EVP_sha512_224;
    /// SHA-512/256.
    Sha512_256: "SHA-512/256", 32, EVP_sha512_256;
    /// SHA3-224.
    Sha3_224: "SHA3-224", 28, EVP_sha3_224;
    /// SHA3-256.
    Sha3_256: "SHA3-256", 32, EVP_sha3_256;
    /// SHA3-384.
    Sha3_384: "SHA3-384", 48, EVP_sha3_384;
    /// SHA3-512.
    Sha3_512: "SHA3-512", 64, EVP_sha3_512;
}

impl Digest {
    /// How many bytes a block of it has.
    pub fn block_length(self) -> usize {
        // SAFETY: digests are static.
        unsafe { c::EVP_MD_block_size((self.function())()) }
    }

    /// The digest of the data.
    pub fn of(self, data: &[u8]) -> Vec<u8> {
        let mut out = vec![0; self.length()];
        let mut written = 0;
        // SAFETY: the output has the length of the digest, which is what is written; digests are static.
        let done = unsafe {
            let digest = (self.function())();
            c::EVP_MD_size(digest) == out.len()
                && c::EVP_Digest(
                    data.as_ptr().cast(),
                    data.len(),
                    out.as_mut_ptr(),
                    &raw mut written,
                    digest,
                    ptr::null_mut(),
                ) == 1
        };
        assert!(done, "{} is computed, or there is no memory", self.name());
        out
    }
}
