//! Cryptography on bytes: what AWS-LC has, behind safe functions. Knows nothing of objects or of the store, and of KMIP the numbers of
//! curves ([`keygen`]).
//!
//! Digests, HMAC, CMAC and key derivation come from aws-lc-rs. Ciphers with any mode, and RSA and ECDSA with any
//! padding, come from the same library through its C interface ([`cipher`], [`pkey`], [`drbg`]), because aws-lc-rs offers only
//! the choices of modern protocols, and KMIP clients name older ones.

pub mod cipher;
pub mod derivation;
pub mod digest;
pub mod drbg;
pub mod ecdsa;
pub mod key_wrap;
pub mod keygen;
pub mod mac;
pub mod padding;
pub mod pkcs12;
pub mod pkey;
pub mod rsa_numbers;
pub mod sharing;
pub mod tpm;
#[cfg(feature = "tr31")]
pub mod tr31;
pub mod x509;
pub mod xts;

pub use digest::Digest;

/// Why it could not be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// A parameter that makes no sense here.
    #[error("{0}")]
    Parameter(&'static str),
    /// The bytes were not what the key made, or cannot be padded or unpadded.
    #[error("{0}")]
    Failed(&'static str),
}
