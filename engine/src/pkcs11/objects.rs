//! Objects: finding them, and reading their attributes. What a client may see here is what it may see by Locate and Get
//! Attributes; a certificate is read as by Get, and a secret value never.

use super::application::HANDLES_MAX;
use super::attributes::{self, Named, Value};
use super::sessions::session;
use super::{Call, Returned, code};
use crate::draft::{Age, Draft};
use crate::keyspace::Index;
use crate::objects::index::index_value;
use crate::objects::object::Object;
use crate::refusal::{Interrupt, OpResult};
use crate::work;
use kmip_codec::attributes::{Attribute, Name};
use kmip_codec::enums::{ObjectType, PKCS11ReturnCode};
use kmip_codec::objects::ManagedObject;
use kmip_codec::operations::Operation;
use std::ops::ControlFlow;

/// How many of the objects that were found stand in the audit entry.
const AUDITED_MAX: usize = 16;

/// C_FindObjectsInit: looks for the objects now; C_FindObjects hands them out, the oldest first.
pub fn find_init(call: &mut Call<'_, '_, '_>) -> Returned {
    let handle = call.input.ulong()?;
    if call.application.session(handle)?.found.is_some() {
        return Err(code::OPERATION_ACTIVE.into());
    }
    let template = Named::read_all(&mut call.input)?;
    if template.iter().any(|named| !named.is_known()) {
        return Err(code::ATTRIBUTE_TYPE_INVALID.into());
    }
    let label = template.iter().find_map(Named::label);
    let index = label.and_then(|label| index_value(&Attribute::Name(Name::text(label))));
    let is_logged_in = call.application.is_logged_in;
    let mut identifiers = Vec::new();
    let mut visit = |draft: &mut Draft<'_>, object: Object| -> OpResult<ControlFlow<()>> {
        draft.take_time(work::pairs(template.len(), object.attributes.count()))?;
        if is_visible(&object, is_logged_in) && template.iter().all(|named| named.fits(&object)) {
            identifiers.push(object.id.clone());
        }
        let is_enough = identifiers.len() > HANDLES_MAX;
        Ok(if is_enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    };
    call.cx.draft.candidates(
        &[index.unwrap_or((Index::All, Vec::new()))],
        (Age::OldestFirst, None),
        &mut visit,
    )?;
    call.cx.touched.extend(identifiers.iter().take(AUDITED_MAX).cloned());
    let found: Returned<Vec<u64>> = identifiers.into_iter().map(|id| call.application.handle(id)).collect();
    let mut found = found?;
    found.reverse();
    call.application.session(handle)?.found = Some(found);
    Ok(())
}

/// C_FindObjects.
pub fn find(call: &mut Call<'_, '_, '_>) -> Returned {
    let handle = call.input.ulong()?;
    let most = call.input.ulong()?;
    call.input.end()?;
    let Some(found) = &mut call.application.session(handle)?.found else {
        return Err(code::OPERATION_NOT_INITIALIZED.into());
    };
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let given = found.split_off(found.len().saturating_sub(most));
    call.output.count(given.len());
    given.iter().rev().for_each(|handle| call.output.ulong(*handle));
    Ok(())
}

/// C_FindObjectsFinal.
pub fn find_final(call: &mut Call<'_, '_, '_>) -> Returned {
    let session = session(call)?;
    if session.found.take().is_none() {
        return Err(code::OPERATION_NOT_INITIALIZED.into());
    }
    Ok(call.input.end()?)
}

/// Whether the object is there for an application in this state.
fn is_visible(object: &Object, is_logged_in: bool) -> bool {
    attributes::is_shown(object) && (is_logged_in || !attributes::is_private(object))
}

/// C_GetAttributeValue: every attribute that can be had, and a code that tells whether one could not.
pub fn attribute_value(call: &mut Call<'_, '_, '_>) -> Returned {
    session(call)?;
    let handle = call.input.ulong()?;
    let template = Named::read_all(&mut call.input)?;
    let object = visible(call, handle)?.ok_or(code::OBJECT_HANDLE_INVALID)?;
    call.cx.take_time(work::pairs(template.len(), object.attributes.count()))?;
    let mut worst = PKCS11ReturnCode::OK;
    call.output.count(template.len());
    for named in &template {
        let read = match named.number {
            attributes::VALUE => value(call, &object)?,
            number => attributes::read(&object, number).ok_or(code::ATTRIBUTE_TYPE_INVALID),
        };
        let read =
            read.and_then(
                |value| {
                    if named.has_room_for(&value) { Ok(value) } else { Err(code::BUFFER_TOO_SMALL) }
                },
            );
        worst = read.as_ref().err().copied().unwrap_or(worst);
        attributes::write(named.number, read.as_ref().ok(), named.room.is_some(), &mut call.output);
    }
    if worst == PKCS11ReturnCode::OK { Ok(()) } else { Err(worst.into()) }
}

/// The object with this handle, if it is still there for the application.
pub fn visible(call: &mut Call<'_, '_, '_>, handle: u64) -> Returned<Option<Object>> {
    let Ok(id) = call.application.object(handle) else { return Ok(None) };
    call.cx.touched.push(id.clone());
    let object = readable(call, &id, Operation::GetAttributes)?;
    Ok(object.filter(|object| is_visible(object, call.application.is_logged_in)))
}

/// The object, if the client may do this with it.
fn readable(call: &mut Call<'_, '_, '_>, id: &str, operation: Operation) -> OpResult<Option<Object>> {
    match call.cx.draft.object(id, operation) {
        Ok(object) => Ok(Some(object)),
        Err(Interrupt::Refused(_)) => Ok(None),
        Err(halt) => Err(halt),
    }
}

/// CKA_VALUE: that of a certificate; those of secret and private objects stay here.
fn value(call: &mut Call<'_, '_, '_>, object: &Object) -> OpResult<Result<Value, PKCS11ReturnCode>> {
    if object.object_type() != ObjectType::Certificate {
        return Ok(Err(code::ATTRIBUTE_SENSITIVE));
    }
    let Some(object) = readable(call, &object.id, Operation::Get)? else {
        return Ok(Err(code::ATTRIBUTE_SENSITIVE));
    };
    Ok(match call.cx.draft.managed(&object)? {
        ManagedObject::Certificate(certificate) => Ok(Value::Bytes(certificate.value.to_vec())),
        _ => Err(code::ATTRIBUTE_TYPE_INVALID),
    })
}
