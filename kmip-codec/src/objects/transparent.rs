//! Transparent keys: key material as numbers (KMIP 2.1, 3.4 to 3.12; ECDSA, ECDH and ECMQV forms of KMIP 1.4,
//! 2.1.7).

use crate::Tag;
use crate::declare::{Value, structure};
use crate::enums::{KeyFormatType, RecommendedCurve};
use crate::error::{Error, ErrorKind, Result};
use crate::secret::SecretBytes;
use crate::value::BigInteger;
use crate::wire::{Sink, Source};
use bytes::Bytes;

structure! {
    /// A symmetric key (KMIP 2.1, 3.4).
    pub struct TransparentSymmetric {
        key: SecretBytes = Key;
    }
}

structure! {
    /// A DSA private key (KMIP 2.1, 3.5).
    pub struct TransparentDsaPrivate {
        p: BigInteger = P;
        q: BigInteger = Q;
        g: BigInteger = G;
        x: BigInteger = X;
    }
}

structure! {
    /// A DSA public key (KMIP 2.1, 3.6).
    pub struct TransparentDsaPublic {
        p: BigInteger = P;
        q: BigInteger = Q;
        g: BigInteger = G;
        y: BigInteger = Y;
    }
}

structure! {
    /// An RSA private key (KMIP 2.1, 3.7).
    pub struct TransparentRsaPrivate {
        modulus: BigInteger = Modulus;
        private_exponent: Option<BigInteger> = PrivateExponent;
        public_exponent: Option<BigInteger> = PublicExponent;
        p: Option<BigInteger> = P;
        q: Option<BigInteger> = Q;
        prime_exponent_p: Option<BigInteger> = PrimeExponentP;
        prime_exponent_q: Option<BigInteger> = PrimeExponentQ;
        crt_coefficient: Option<BigInteger> = CRTCoefficient;
    }
}

structure! {
    /// An RSA public key (KMIP 2.1, 3.8).
    pub struct TransparentRsaPublic {
        modulus: BigInteger = Modulus;
        public_exponent: BigInteger = PublicExponent;
    }
}

structure! {
    /// A Diffie-Hellman private key (KMIP 2.1, 3.9).
    pub struct TransparentDhPrivate {
        p: BigInteger = P;
        q: Option<BigInteger> = Q;
        g: BigInteger = G;
        j: Option<BigInteger> = J;
        x: BigInteger = X;
    }
}

structure! {
    /// A Diffie-Hellman public key (KMIP 2.1, 3.10).
    pub struct TransparentDhPublic {
        p: BigInteger = P;
        q: Option<BigInteger> = Q;
        g: BigInteger = G;
        j: Option<BigInteger> = J;
        y: BigInteger = Y;
    }
}

structure! {
    /// An elliptic-curve private key (KMIP 2.1, 3.11).
    pub struct TransparentEcPrivate {
        curve: RecommendedCurve = RecommendedCurve;
        d: BigInteger = D;
    }
}

structure! {
    /// An elliptic-curve public key (KMIP 2.1, 3.12).
    pub struct TransparentEcPublic {
        curve: RecommendedCurve = RecommendedCurve;
        q: Bytes = QString;
    }
}

macro_rules! transparent_keys {
    ($($name:ident($ty:ty) = $($format:ident)|+;)*) => {
        /// Key material as numbers; which ones follows from the Key Format Type beside it.
        #[derive(Clone, Debug, PartialEq)]
        #[allow(missing_docs, reason = "each variant is documented at its type")]
        pub enum TransparentKey { $($name($ty),)* }

        impl TransparentKey {
            /// Reads the key material of this format.
            pub fn take(tag: Tag, format: KeyFormatType, src: &mut dyn Source) -> Result<Self> {
                match format {
                    $($(KeyFormatType::$format)|+ => Value::take(tag, src).map(Self::$name),)*
                    _ => Err(Error::at(ErrorKind::Value, Tag::KeyFormatType, src.offset())),
                }
            }

            /// A random key, and the format that goes with it.
            #[cfg(feature = "sample")]
            pub(crate) fn sample_with_format(dice: &mut crate::sample::Dice) -> (KeyFormatType, Self) {
                let formats = [$($(KeyFormatType::$format),+),*];
                let format = dice.one_of(&formats).unwrap_or_default();
                match format {
                    $($(KeyFormatType::$format)|+ => (format, Self::$name(crate::sample::Sample::sample(dice))),)*
                    other => unreachable!("{other:?} has no row"),
                }
            }

            /// Writes the key material.
            pub fn put(&self, tag: Tag, out: &mut dyn Sink) {
                match self { $(Self::$name(key) => key.put(tag, out),)* }
            }
        }
    };
}

transparent_keys! {
    Symmetric(TransparentSymmetric) = TransparentSymmetricKey;
    DsaPrivate(TransparentDsaPrivate) = TransparentDSAPrivateKey;
    DsaPublic(TransparentDsaPublic) = TransparentDSAPublicKey;
    RsaPrivate(TransparentRsaPrivate) = TransparentRSAPrivateKey;
    RsaPublic(TransparentRsaPublic) = TransparentRSAPublicKey;
    DhPrivate(TransparentDhPrivate) = TransparentDHPrivateKey;
    DhPublic(TransparentDhPublic) = TransparentDHPublicKey;
    EcPrivate(TransparentEcPrivate) =
        TransparentECPrivateKey | TransparentECDSAPrivateKey | TransparentECDHPrivateKey | TransparentECMQVPrivateKey;
    EcPublic(TransparentEcPublic) =
        TransparentECPublicKey | TransparentECDSAPublicKey | TransparentECDHPublicKey | TransparentECMQVPublicKey;
}
