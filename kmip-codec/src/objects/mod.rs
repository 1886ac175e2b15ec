//! Managed objects as messages carry them (KMIP 2.1, 2) and the keys inside (KMIP 2.1, 3).

mod key_block;
mod transparent;
mod wrapping;

pub use key_block::{KeyBlock, KeyMaterial, KeyValue, PlainKeyValue};
pub use transparent::*;
pub use wrapping::*;

use crate::Tag;
use crate::attributes::{AttributeList, OpaqueDataType};
use crate::declare::{Field, Value, structure};
use crate::enums::*;
use crate::error::Result;
use crate::secret::SecretBytes;
use crate::value::BigInteger;
use crate::version::*;
use crate::wire::{Sink, Source, missing};
use bytes::Bytes;

structure! {
    /// A certificate (KMIP 2.1, 2.1).
    pub struct Certificate {
        certificate_type: CertificateType = CertificateType;
        value: Bytes = CertificateValue;
    }
}

structure! {
    /// A request for a certificate (KMIP 2.1, 2.2).
    pub struct CertificateRequest {
        certificate_request_type: CertificateRequestType = CertificateRequestType;
        value: Bytes = CertificateRequestValue;
    }
}

structure! {
    /// Data that the server does not look into (KMIP 2.1, 2.3).
    pub struct OpaqueObject {
        opaque_data_type: OpaqueDataType = OpaqueDataType;
        value: SecretBytes = OpaqueDataValue;
    }
}

structure! {
    /// A PGP key (KMIP 2.1, 2.4).
    pub struct PGPKey {
        version: i32 = PGPKeyVersion;
        key_block: KeyBlock = KeyBlock;
    }
}

structure! {
    /// The private half of a pair (KMIP 2.1, 2.5).
    pub struct PrivateKey {
        key_block: KeyBlock = KeyBlock;
    }
}

structure! {
    /// The public half of a pair (KMIP 2.1, 2.6).
    pub struct PublicKey {
        key_block: KeyBlock = KeyBlock;
    }
}

structure! {
    /// A password or seed (KMIP 2.1, 2.7).
    pub struct SecretData {
        secret_data_type: SecretDataType = SecretDataType;
        key_block: KeyBlock = KeyBlock;
    }
}

structure! {
    /// A part of a key (KMIP 2.1, 2.8).
    pub struct SplitKey {
        parts: i32 = SplitKeyParts;
        part_identifier: i32 = KeyPartIdentifier;
        threshold: i32 = SplitKeyThreshold;
        method: SplitKeyMethod = SplitKeyMethod;
        prime_field_size: Option<BigInteger> = PrimeFieldSize;
        key_block: KeyBlock = KeyBlock;
    }
}

structure! {
    /// A symmetric key (KMIP 2.1, 2.9).
    pub struct SymmetricKey {
        key_block: KeyBlock = KeyBlock;
    }
}

structure! {
    /// Attributes to make objects with (KMIP 1.4, 2.2.6).
    pub struct Template {
        attributes: Option<AttributeList> = Attribute;
    }
}

macro_rules! managed_objects {
    ($($(#[doc = $doc:literal])* $name:ident in $range:expr;)*) => {
        /// An object of any type. The item's tag tells the type.
        #[derive(Clone, Debug, PartialEq)]
        #[allow(clippy::large_enum_variant, reason = "one lives at a time; a box would cost each an allocation")]
        pub enum ManagedObject { $($(#[doc = $doc])* $name($name),)* }

        impl ManagedObject {
            /// The type of the object.
            pub fn object_type(&self) -> ObjectType {
                match self { $(Self::$name(_) => ObjectType::$name,)* }
            }

            /// The tags that an object may stand under.
            pub const TAGS: &'static [Tag] = &[$(Tag::$name,)*];

            /// The object types that a version defines.
            pub fn types_in(version: Version) -> Vec<ObjectType> {
                let mut types = Vec::new();
                $(if ($range).has(version) { types.push(ObjectType::$name); })*
                types
            }
        }

        #[cfg(feature = "sample")]
        impl crate::sample::Sample for ManagedObject {
            fn sample(dice: &mut crate::sample::Dice) -> Self {
                match dice.one_of(&Self::types_in(dice.version)).unwrap_or_default() {
                    $(ObjectType::$name => Self::$name(crate::sample::Sample::sample(dice)),)*
                    other => unreachable!("{other:?} has no row"),
                }
            }
        }

        /// The object stands under the tag of its type, whatever tag the field names.
        impl Field for ManagedObject {
            fn write(&self, _: Tag, out: &mut dyn Sink) {
                match self { $(Self::$name(object) => object.put(Tag::$name, out),)* }
            }

            fn read(tag: Tag, src: &mut dyn Source) -> Result<Self> {
                match src.peek() {
                    $(Some(Tag::$name) if ($range).has(src.version()) => Value::take(Tag::$name, src).map(Self::$name),)*
                    _ => {
                        let follows = Self::TAGS.iter().find(|object| src.follows(**object));
                        Err(missing(src, follows.copied().unwrap_or(tag)))
                    }
                }
            }

            fn absent(tag: Tag, src: &dyn Source) -> Result<Self> {
                Err(missing(src, tag))
            }
        }
    };
}
use crate::declare::Versions as _;

managed_objects! {
    /// A certificate.
    Certificate in V1_0..;
    /// A symmetric key.
    SymmetricKey in V1_0..;
    /// A public key.
    PublicKey in V1_0..;
    /// A private key.
    PrivateKey in V1_0..;
    /// A part of a key.
    SplitKey in V1_0..;
    /// A template.
    Template in V1_0..V2_0;
    /// A password or seed.
    SecretData in V1_0..;
    /// Opaque data.
    OpaqueObject in V1_0..;
    /// A PGP key.
    PGPKey in V1_2..;
    /// A certificate request.
    CertificateRequest in V2_0..;
}

impl Default for ManagedObject {
    fn default() -> Self {
        Self::SymmetricKey(SymmetricKey::default())
    }
}

impl ManagedObject {
    /// The key block, for the types that have one.
    pub fn key_block(&self) -> Option<&KeyBlock> {
        match self {
            Self::SymmetricKey(key) => Some(&key.key_block),
            Self::PublicKey(key) => Some(&key.key_block),
            Self::PrivateKey(key) => Some(&key.key_block),
            Self::SplitKey(key) => Some(&key.key_block),
            Self::SecretData(secret) => Some(&secret.key_block),
            Self::PGPKey(key) => Some(&key.key_block),
            _ => None,
        }
    }

    /// The key block, to change.
    pub fn key_block_mut(&mut self) -> Option<&mut KeyBlock> {
        match self {
            Self::SymmetricKey(key) => Some(&mut key.key_block),
            Self::PublicKey(key) => Some(&mut key.key_block),
            Self::PrivateKey(key) => Some(&mut key.key_block),
            Self::SplitKey(key) => Some(&mut key.key_block),
            Self::SecretData(secret) => Some(&mut secret.key_block),
            Self::PGPKey(key) => Some(&mut key.key_block),
            _ => None,
        }
    }
}
