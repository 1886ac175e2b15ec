//! Operations that make, return and change managed objects.

use crate::attributes::TemplateAttribute;
use crate::declare::structure;
use crate::enums::*;
use crate::objects::{KeyWrappingSpecification, ManagedObject};
use crate::value::UniqueIdentifier;
use crate::version::*;

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
    /// Where an object may be stored, best first (KMIP 2.1, 7.33).
    pub struct ProtectionStorageMasks {
        masks: Vec<ProtectionStorageMask> = ProtectionStorageMask;
    }
}

structure! {
    /// Asks for one object (KMIP 2.1, 6.1.19).
    pub struct GetRequest {
        /// The ID placeholder when absent.
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
        object: ManagedObject = SymmetricKey;
    }
}
