//! Import (KMIP 2.1, 6.1.25): takes in an object under the identifier and with the attributes that it has elsewhere.

use crate::context::{Context, Execute};
use crate::objects::container;
use crate::objects::imported;
use crate::objects::intake::{self, certificates};
use crate::objects::object::Object;
use crate::objects::references;
use crate::objects::wrapping::{self, Terms};
use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::attributes::Attributes;
use kmip_codec::enums::KeyWrapType;
use kmip_codec::objects::{KeyValue, ManagedObject};
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{ImportRequest, ImportResponse};
use kmip_codec::value::UniqueIdentifier;

impl Execute for ImportRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<ImportResponse> {
        intake::check_type(self.object_type.unwrap_or(self.object.object_type()), &self.object)?;
        let id = identifier(self.unique_identifier)?;
        cx.touched.push(id.clone());
        let replaced = replaced(cx, &id, self.replace_existing == Some(true))?;
        let mut given = self.attributes.unwrap_or_default().0;
        let mut value = self.object;
        references::in_value(cx, &mut value)?;
        if self.key_wrap_type == Some(KeyWrapType::NotWrapped) {
            unwrap(cx, &mut value, &mut given)?;
        }
        references::in_attributes(cx, &mut given)?;
        let (value, given, certificates) = container::unpacked(cx, value, given)?;
        let mut object = imported::object(cx, &id, replaced.as_ref(), given, &value)?;
        certificates::keep(cx, &mut object, certificates)?;
        imported::store(cx, object, replaced.as_ref(), &value)?;
        Ok(ImportResponse { unique_identifier: id.into() })
    }
}

/// Identifiers that other servers give out, and nothing that could be taken for anything else: not in the audit, and
/// not among the names of this server's own records.
fn identifier(id: UniqueIdentifier) -> OpResult<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
    match id {
        UniqueIdentifier::Text(id) if (1..=128).contains(&id.len()) && id.chars().all(is_plain) => Ok(id),
        UniqueIdentifier::Text(_) => refuse(
            Cause::InvalidField,
            "a Unique Identifier to import has 1 to 128 letters, digits, or any of - _ . :",
        ),
        _ => refuse(Cause::InvalidField, "Import takes the Unique Identifier itself, no reference to one"),
    }
}

/// The object that is to be replaced. What other clients have does not stand in the way, and shows in nothing: an identifier
/// that a client chooses is its own.
fn replaced(cx: &mut Context<'_, '_>, id: &str, may_replace: bool) -> OpResult<Option<Object>> {
    if !cx.draft.has(id)? {
        return Ok(None);
    }
    if !may_replace && cx.draft.visible(id)?.is_some() {
        return refuse(Cause::Exists, format!("the Unique Identifier {id:?} is in use"));
    }
    cx.draft.object(id, Operation::Import).map(Some)
}

/// The key in clear, and the attributes that were wrapped with it.
fn unwrap(cx: &mut Context<'_, '_>, value: &mut ManagedObject, given: &mut Attributes) -> OpResult<()> {
    let Some(block) = value.key_block_mut().filter(|block| block.key_wrapping_data.is_some()) else {
        return Ok(());
    };
    *block = wrapping::unwrapped(cx, block, &Terms::of(block, given.iter()))?;
    if let Some(KeyValue::Plain(plain)) = &mut block.key_value {
        given.0.extend(plain.attributes.take().unwrap_or_default().0.0);
    }
    Ok(())
}
