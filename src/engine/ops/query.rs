//! Query (KMIP 2.1, 6.1.40): what this server is and can, from the tables that it works by.

use crate::engine::birth;
use crate::engine::context::{Context, Execute};
use crate::engine::refusal::Step;
use kmip_codec::Version;
use kmip_codec::enums::{
    DestroyAction, ObjectType, ProtectionStorageMask, QueryFunction, RNGMode, UnwrapMode,
};
use kmip_codec::item::ItemValue;
use kmip_codec::objects::ManagedObject;
use kmip_codec::operations::{OPERATION_ROWS, Operation};
use kmip_codec::payloads::{CapabilityInformation, ProtectionStorageMasks, QueryRequest, QueryResponse};

impl Execute for QueryRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> Step<QueryResponse> {
        let mut answer = QueryResponse::default();
        for function in self.functions {
            tell(&mut answer, function, cx);
        }
        Ok(answer)
    }
}

/// Adds what one function asks. Functions without an entry here are answered by their absence: no application
/// namespaces, extensions, attestation types, profiles, validations or registration methods.
fn tell(answer: &mut QueryResponse, function: QueryFunction, cx: &Context<'_, '_>) {
    match function {
        QueryFunction::QueryOperations => answer.operations = operations(cx),
        QueryFunction::QueryObjects => answer.object_types = object_types(cx.version),
        QueryFunction::QueryServerInformation => {
            answer.vendor_identification = Some(cx.settings().server_information.clone());
            answer.server_information = Some(ItemValue::default());
        }
        QueryFunction::QueryRNGs => answer.rng_parameters = vec![birth::generator()],
        QueryFunction::QueryCapabilities => answer.capability_information = vec![capabilities()],
        QueryFunction::QueryStorageProtectionMasks => {
            let masks = vec![ProtectionStorageMask::Software];
            answer.protection_storage_masks = Some(ProtectionStorageMasks { masks });
        }
        _ => {}
    }
}

fn operations(cx: &Context<'_, '_>) -> Vec<Operation> {
    let served = OPERATION_ROWS.iter().filter(|row| row.served && (row.is_in)(cx.version));
    let configured = |operation: &Operation| *operation != Operation::Interop || cx.settings().interop;
    served.map(|row| row.operation).filter(configured).collect()
}

/// The types of the version that this server takes in; split keys and PGP keys are not among them yet.
fn object_types(version: Version) -> Vec<ObjectType> {
    let mut types = ManagedObject::types_in(version);
    types.retain(|kind| super::register::TYPES.contains(kind));
    types
}

fn capabilities() -> CapabilityInformation {
    CapabilityInformation {
        streaming: Some(true),
        asynchronous: Some(true),
        attestation: Some(false),
        batch_undo: Some(true),
        batch_continue: Some(true),
        unwrap_mode: Some(UnwrapMode::NotProcessed),
        destroy_action: Some(DestroyAction::KeyMaterialDeleted),
        rng_mode: Some(RNGMode::NonSharedInstantiation),
        ..CapabilityInformation::default()
    }
}
