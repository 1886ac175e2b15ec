//! Operations on the attributes of an object.

use crate::attributes::{AttributeList, AttributeReference, SingleAttribute};
use crate::declare::structure;
use crate::value::UniqueIdentifier;
use crate::version::*;

structure! {
    /// Asks for attributes (KMIP 2.1, 6.1.20): those named, or all.
    pub struct GetAttributesRequest {
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        references: Vec<AttributeReference> = AttributeName in V1_0..V2_0, AttributeReference in V2_0..;
    }
}

structure! {
    /// The attributes that the object has.
    pub struct GetAttributesResponse {
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        attributes: Option<AttributeList> = Attribute in V1_0..V2_0, Attributes in V2_0..;
    }
}

structure! {
    /// Asks which attributes an object has (KMIP 2.1, 6.1.21).
    pub struct GetAttributeListRequest {
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
    }
}

structure! {
    /// Their names.
    pub struct GetAttributeListResponse {
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        references: Vec<AttributeReference> = AttributeName in V1_0..V2_0, AttributeReference in V2_0..;
    }
}

structure! {
    /// Adds an instance of an attribute (KMIP 2.1, 6.1.2).
    pub struct AddAttributeRequest {
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        attribute: SingleAttribute = Attribute in V1_0..V2_0, NewAttribute in V2_0..;
    }
}

structure! {
    /// What was added (1.x).
    pub struct AddAttributeResponse {
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        attribute: Option<SingleAttribute> = Attribute in V1_0..V2_0;
    }
}

structure! {
    /// Changes an instance of an attribute (KMIP 2.1, 6.1.34).
    pub struct ModifyAttributeRequest {
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        current: Option<SingleAttribute> = CurrentAttribute in V2_0..;
        attribute: SingleAttribute = Attribute in V1_0..V2_0, NewAttribute in V2_0..;
    }
}

structure! {
    /// The new value (1.x).
    pub struct ModifyAttributeResponse {
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        attribute: Option<SingleAttribute> = Attribute in V1_0..V2_0;
    }
}

structure! {
    /// Deletes attributes (KMIP 2.1, 6.1.13; KMIP 1.4, 4.16): an instance by index (1.x) or value (2.x), or all.
    pub struct DeleteAttributeRequest {
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        name: Option<AttributeReference> = AttributeName in V1_0..V2_0;
        index: Option<i32> = AttributeIndex in V1_0..V2_0;
        current: Option<SingleAttribute> = CurrentAttribute in V2_0..;
        reference: Option<AttributeReference> = AttributeReference in V2_0..;
    }
}

structure! {
    /// What was deleted (1.x).
    pub struct DeleteAttributeResponse {
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        attribute: Option<SingleAttribute> = Attribute in V1_0..V2_0;
    }
}

structure! {
    /// Sets an attribute, whether or not it has a value (KMIP 2.1, 6.1.51).
    pub struct SetAttributeRequest {
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        attribute: SingleAttribute = NewAttribute;
    }
}

structure! {
    /// Done.
    pub struct SetAttributeResponse {
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
    }
}
