//! Locate (KMIP 2.1, 6.1.28): finds objects by attribute, newest first.

use crate::context::{Context, Execute};
use crate::draft::Age;
use crate::groups;
use crate::objects::references;
use crate::refusal::{Cause, OpResult, refuse};
use crate::rights::persona::{LocateOrder, Templates};
use crate::search::{self, Filter};
use kmip_codec::Version;
use kmip_codec::attributes::Attributes;
use kmip_codec::enums::StorageStatusMask;
use kmip_codec::payloads::{LocateRequest, LocateResponse};
use kmip_codec::version::V1_3;

impl Execute for LocateRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<LocateResponse> {
        let maximum = count(self.maximum_items, "Maximum Items")?;
        let offset = count(self.offset_items, "Offset Items")?.unwrap_or(0);
        let counts = cx.version >= V1_3 && self.offset_items.is_some();
        let limit = maximum.unwrap_or(usize::MAX).min(cx.settings().located_items_max);
        let persona = cx.principal().persona;
        if self.template_attribute.is_some() && persona.locate_templates == Templates::Refuse {
            return refuse(Cause::InvalidField, "attributes of Locate stand in no Template-Attribute");
        }
        let mut attributes = self.attributes.map_or_else(Attributes::default, |filter| filter.0);
        attributes.0.extend(self.template_attribute.unwrap_or_default().attributes.0);
        references::in_attributes(cx, &mut attributes)?;
        let filter = Filter {
            attributes,
            storage: self.storage_status_mask.map(|mask| stores(mask, cx.version)),
            group_member: self.object_group_member,
            order: order(persona.locate_order, cx.version, maximum),
            behind: None,
        };
        let found = match groups::members(cx, &filter, offset, limit, counts)? {
            Some(members) => members,
            None => search::search(cx.draft, &filter, offset, limit, counts)?,
        };
        cx.placeholder = match found.identifiers.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        };
        cx.touched.extend(found.identifiers.iter().take(AUDITED_IDENTIFIERS_MAX).cloned());
        Ok(LocateResponse {
            located_items: found.located.filter(|_| counts).and_then(|items| i32::try_from(items).ok()),
            unique_identifiers: found.identifiers.into_iter().map(Into::into).collect(),
        })
    }
}

/// Which stores are meant: bits that the version does not define take nothing away from those that it does.
fn stores(mask: StorageStatusMask, version: Version) -> StorageStatusMask {
    let defined = StorageStatusMask::bits_in(version).iter().fold(0, |all, (bit, _)| all | bit.cast_signed());
    match mask.0 & defined {
        0 => mask,
        meant => StorageStatusMask(meant),
    }
}

/// The order is newest first (KMIP 2.1, 6.1.28). 1.3 does not fix one, and its test cases TC-OFFSET go through pages
/// from the oldest object on.
fn order(order: LocateOrder, version: Version, maximum: Option<usize>) -> Age {
    let pages = version == V1_3 && maximum.is_some();
    if pages || order == LocateOrder::OldestFirst { Age::OldestFirst } else { Age::NewestFirst }
}

/// A Locate of everything names this many objects in its audit entry, and no more.
const AUDITED_IDENTIFIERS_MAX: usize = 16;

fn count(value: Option<i32>, name: &'static str) -> OpResult<Option<usize>> {
    match value.map(usize::try_from) {
        None => Ok(None),
        Some(Ok(count)) => Ok(Some(count)),
        Some(Err(_)) => refuse(Cause::InvalidField, format!("{name} cannot be negative")),
    }
}
