//! Operations that make, take in and give out managed objects.

use crate::attributes::TemplateAttribute;
use crate::declare::structure;
use crate::enums::*;
use crate::objects::{KeyWrappingSpecification, ManagedObject};
use crate::value::{Interval, UniqueIdentifier};
use crate::version::*;

structure! {
    /// Where an object may be stored, best first (KMIP 2.1, 7.33).
    pub struct ProtectionStorageMasks {
        masks: Vec<ProtectionStorageMask> = ProtectionStorageMask;
    }
}

structure! {
    /// Asks for a new symmetric key (KMIP 2.1, 6.1.8).
    pub struct CreateRequest {
        object_type: ObjectType = ObjectType;
        attributes: TemplateAttribute = TemplateAttribute in V1_0..V2_0, Attributes in V2_0..;
        protection_storage_masks: Option<ProtectionStorageMasks> = ProtectionStorageMasks in V2_0..;
    }
}

structure! {
    /// Names the new key.
    pub struct CreateResponse {
        object_type: ObjectType = ObjectType;
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        attributes: Option<TemplateAttribute> = TemplateAttribute in V1_0..V2_0;
    }
}

structure! {
    /// Asks for a new pair of keys (KMIP 2.1, 6.1.9).
    pub struct CreateKeyPairRequest {
        /// What both keys get.
        common: Option<TemplateAttribute> = CommonTemplateAttribute in V1_0..V2_0, CommonAttributes in V2_0..;
        /// What the private key gets.
        private: Option<TemplateAttribute> = PrivateKeyTemplateAttribute in V1_0..V2_0, PrivateKeyAttributes in V2_0..;
        /// What the public key gets.
        public: Option<TemplateAttribute> = PublicKeyTemplateAttribute in V1_0..V2_0, PublicKeyAttributes in V2_0..;
        common_protection_storage_masks: Option<ProtectionStorageMasks> = CommonProtectionStorageMasks in V2_0..;
        private_protection_storage_masks: Option<ProtectionStorageMasks> = PrivateProtectionStorageMasks in V2_0..;
        public_protection_storage_masks: Option<ProtectionStorageMasks> = PublicProtectionStorageMasks in V2_0..;
    }
}

structure! {
    /// Names the new keys.
    pub struct CreateKeyPairResponse {
        private_key: UniqueIdentifier = PrivateKeyUniqueIdentifier;
        public_key: UniqueIdentifier = PublicKeyUniqueIdentifier;
        private: Option<TemplateAttribute> = PrivateKeyTemplateAttribute in V1_0..V2_0;
        public: Option<TemplateAttribute> = PublicKeyTemplateAttribute in V1_0..V2_0;
    }
}

structure! {
    /// Hands an object to the server (KMIP 2.1, 6.1.43).
    pub struct RegisterRequest {
        object_type: ObjectType = ObjectType;
        attributes: TemplateAttribute = TemplateAttribute in V1_0..V2_0, Attributes in V2_0..;
        /// Stands under the tag of its type.
        object: ManagedObject = SymmetricKey;
        protection_storage_masks: Option<ProtectionStorageMasks> = ProtectionStorageMasks in V2_0..;
    }
}

structure! {
    /// Names the object.
    pub struct RegisterResponse {
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        attributes: Option<TemplateAttribute> = TemplateAttribute in V1_0..V2_0;
    }
}

structure! {
    /// Asks for a key that replaces another (KMIP 2.1, 6.1.46).
    pub struct ReKeyRequest {
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        /// From the Initial Date to the Activation Date of the new key, in seconds.
        offset: Option<Interval> = Offset;
        attributes: Option<TemplateAttribute> = TemplateAttribute in V1_0..V2_0, Attributes in V2_0..;
        protection_storage_masks: Option<ProtectionStorageMasks> = ProtectionStorageMasks in V2_0..;
    }
}

structure! {
    /// Names the new key.
    pub struct ReKeyResponse {
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        attributes: Option<TemplateAttribute> = TemplateAttribute in V1_0..V2_0;
    }
}

structure! {
    /// Asks for a pair that replaces another (KMIP 2.1, 6.1.47).
    pub struct ReKeyKeyPairRequest {
        private_key: Option<UniqueIdentifier> = PrivateKeyUniqueIdentifier;
        /// From the Initial Date to the Activation Date of the new pair, in seconds.
        offset: Option<Interval> = Offset;
        common: Option<TemplateAttribute> = CommonTemplateAttribute in V1_0..V2_0, CommonAttributes in V2_0..;
        private: Option<TemplateAttribute> = PrivateKeyTemplateAttribute in V1_0..V2_0, PrivateKeyAttributes in V2_0..;
        public: Option<TemplateAttribute> = PublicKeyTemplateAttribute in V1_0..V2_0, PublicKeyAttributes in V2_0..;
        common_protection_storage_masks: Option<ProtectionStorageMasks> = CommonProtectionStorageMasks in V2_0..;
        private_protection_storage_masks: Option<ProtectionStorageMasks> = PrivateProtectionStorageMasks in V2_0..;
        public_protection_storage_masks: Option<ProtectionStorageMasks> = PublicProtectionStorageMasks in V2_0..;
    }
}

structure! {
    /// Names the new pair.
    pub struct ReKeyKeyPairResponse {
        private_key: UniqueIdentifier = PrivateKeyUniqueIdentifier;
        public_key: UniqueIdentifier = PublicKeyUniqueIdentifier;
        private: Option<TemplateAttribute> = PrivateKeyTemplateAttribute in V1_0..V2_0;
        public: Option<TemplateAttribute> = PublicKeyTemplateAttribute in V1_0..V2_0;
    }
}

structure! {
    /// Asks for one object (KMIP 2.1, 6.1.19).
    pub struct GetRequest {
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        key_format_type: Option<KeyFormatType> = KeyFormatType;
        key_wrap_type: Option<KeyWrapType> = KeyWrapType in V1_4..;
        key_compression_type: Option<KeyCompressionType> = KeyCompressionType;
        key_wrapping_specification: Option<KeyWrappingSpecification> = KeyWrappingSpecification;
    }
}

structure! {
    /// The object.
    pub struct GetResponse {
        object_type: ObjectType = ObjectType;
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        /// Stands under the tag of its type.
        object: ManagedObject = SymmetricKey;
    }
}
