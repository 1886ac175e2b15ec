//! Finding objects.

use crate::attributes::{AttributeFilter, TemplateAttribute};
use crate::declare::structure;
use crate::enums::{ObjectGroupMember, StorageStatusMask};
use crate::value::UniqueIdentifier;
use crate::version::*;

structure! {
    /// Finds objects by attribute (KMIP 2.1, 6.1.28).
    pub struct LocateRequest {
        maximum_items: Option<i32> = MaximumItems;
        offset_items: Option<i32> = OffsetItems in V1_3..;
        storage_status_mask: Option<StorageStatusMask> = StorageStatusMask;
        object_group_member: Option<ObjectGroupMember> = ObjectGroupMember in V1_1..;
        /// Of attributes that are structures some fields will do.
        attributes: Option<AttributeFilter> = Attribute in V1_0..V2_0, Attributes in V2_0..;
        /// Where some 1.x clients put their filter; it counts like the bare attributes.
        template_attribute: Option<TemplateAttribute> = TemplateAttribute in V1_0..V2_0;
    }
}

structure! {
    /// What was found, newest first.
    pub struct LocateResponse {
        located_items: Option<i32> = LocatedItems in V1_3..;
        unique_identifiers: Vec<UniqueIdentifier> = UniqueIdentifier;
    }
}
