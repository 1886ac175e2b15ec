//! Digests (FIPS 180-4, FIPS 202).

use aws_lc_rs::{digest, hmac};
use aws_lc_sys as c;

macro_rules! digests {
    ($($(#[doc = $doc:literal])* $name:ident: $digest:ident, $hmac:expr, $md:ident;)*) => {
        /// The digests.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Digest { $($(#[doc = $doc])* $name,)* }

        impl Digest {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            fn algorithm(self) -> &'static digest::Algorithm {
                match self { $(Self::$name => &digest::$digest,)* }
            }

            /// HMAC with it, where the library has it.
            pub(super) fn hmac(self) -> Option<hmac::Algorithm> {
                match self { $(Self::$name => $hmac,)* }
            }

            /// What the C interface knows it by.
            pub(super) fn function(self) -> unsafe extern "C" fn() -> *const c::EVP_MD {
                match self { $(Self::$name => c::$md,)* }
            }
        }
    };
}

digests! {
    /// SHA-1: for what is old.
    Sha1: SHA1_FOR_LEGACY_USE_ONLY, Some(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY), EVP_sha1;
    /// SHA-224.
    Sha224: SHA224, Some(hmac::HMAC_SHA224), EVP_sha224;
    /// SHA-256.
    Sha256: SHA256, Some(hmac::HMAC_SHA256), EVP_sha256;
    /// SHA-384.
    Sha384: SHA384, Some(hmac::HMAC_SHA384), EVP_sha384;
    /// SHA-512.
    Sha512: SHA512, Some(hmac::HMAC_SHA512), EVP_sha512;
    /// SHA-512/256.
    Sha512_256: SHA512_256, None, EVP_sha512_256;
    /// SHA3-256.
    Sha3_256: SHA3_256, None, EVP_sha3_256;
    /// SHA3-384.
    Sha3_384: SHA3_384, None, EVP_sha3_384;
    /// SHA3-512.
    Sha3_512: SHA3_512, None, EVP_sha3_512;
}

impl Digest {
    /// How many bytes it gives.
    pub fn length(self) -> usize {
        self.algorithm().output_len()
    }

    /// The digest of the data.
    pub fn of(self, data: &[u8]) -> Vec<u8> {
        digest::digest(self.algorithm(), data).as_ref().to_vec()
    }
}
