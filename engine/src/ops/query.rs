//! Query (KMIP 2.1, 6.1.40): what this server is and can, from the tables that it works by. What the operator states
//! stands in [`server_information`](crate::query::server_information).

use crate::attributes::constraints;
use crate::context::{Context, Execute};
use crate::objects::rng;
use crate::objects::storage;
use crate::query::profiles;
use crate::refusal::OpResult;
use crate::rights::attestation::TYPES;
use kmip_codec::Version;
use kmip_codec::enums::{DestroyAction, ObjectType, QueryFunction, RNGMode, ShreddingAlgorithm, UnwrapMode};
use kmip_codec::objects::ManagedObject;
use kmip_codec::operations::{OPERATION_ROWS, Operation};
use kmip_codec::payloads::{CapabilityInformation, ProtectionStorageMasks, QueryRequest, QueryResponse};

impl Execute for QueryRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<QueryResponse> {
        let mut answer = QueryResponse::default();
        let asked = |function: &QueryFunction| self.functions.contains(function);
        // Each once, in the order of the enumeration: where both are asked for, the map has the last word on extensions.
        ANSWERS.iter().filter(|(function, _)| asked(function)).for_each(|(_, tell)| tell(&mut answer, cx));
        if self.functions.contains(&QueryFunction::QueryDefaultsInformation) {
            let all = constraints::defaults_for(cx, self.object_groups.as_ref())?;
            answer.defaults_information = Some(all).filter(|all| !all.defaults.is_empty());
        }
        Ok(answer)
    }
}

/// Adds what one function asks for.
type Tell = fn(&mut QueryResponse, &Context<'_, '_>);

/// Every function with its answer. Where this server has nothing to tell (application namespaces), the
/// answer is empty, as the clause wants.
const ANSWERS: &[(QueryFunction, Tell)] = &[
    (QueryFunction::QueryOperations, |answer, cx| answer.operations = operations(cx)),
    (QueryFunction::QueryObjects, |answer, cx| answer.object_types = object_types(cx.version)),
    (QueryFunction::QueryServerInformation, |answer, cx| {
        let about = &cx.settings().about;
        answer.vendor_identification = Some(about.vendor.clone());
        answer.server_information = Some(about.server_information(cx.principal().weak_keys));
    }),
    (QueryFunction::QueryExtensionList, |answer, cx| {
        answer.extension_information = cx.settings().about.extensions(false);
    }),
    (QueryFunction::QueryExtensionMap, |answer, cx| {
        answer.extension_information = cx.settings().about.extensions(true);
    }),
    (QueryFunction::QueryAttestationTypes, |answer, cx| {
        answer.attestation_types = if cx.settings().attests { TYPES.to_vec() } else { Vec::new() };
    }),
    (QueryFunction::QueryRNGs, |answer, cx| answer.rng_parameters = rng::all(cx.settings())),
    (QueryFunction::QueryProfiles, |answer, cx| answer.profile_information = profiles::announced(cx)),
    (QueryFunction::QueryValidations, |answer, cx| {
        answer.validation_information = cx.settings().about.validations();
    }),
    (QueryFunction::QueryCapabilities, |answer, cx| {
        answer.capability_information = vec![capabilities(cx)];
    }),
    (QueryFunction::QueryClientRegistrationMethods, |answer, cx| {
        answer.client_registration_methods = cx.settings().registration.methods();
    }),
    (QueryFunction::QueryStorageProtectionMasks, |answer, _| {
        let masks = vec![storage::MASK];
        answer.protection_storage_masks = Some(ProtectionStorageMasks { masks });
    }),
];

/// The operations that are served, and those that are sent to clients, as far as the configuration wants them.
fn operations(cx: &Context<'_, '_>) -> Vec<Operation> {
    let rows = OPERATION_ROWS.iter().filter(|row| (row.is_in)(cx.version) && cx.settings().offers(row));
    rows.map(|row| row.operation).collect()
}

/// The types of the version that this server takes in.
fn object_types(version: Version) -> Vec<ObjectType> {
    let mut types = ManagedObject::types_in(version);
    types.retain(|kind| crate::objects::intake::TYPES.contains(kind));
    types
}

/// What is on, and, where the operator lets it be told, how: wrapped keys are kept wrapped, the record of a destroyed
/// key is deleted, nothing is overwritten, and the generator is a matter of threads, not of clients.
fn capabilities(cx: &Context<'_, '_>) -> CapabilityInformation {
    let features = &cx.settings().features;
    let (unwrap, destroy, shred) = match cx.settings().about.details {
        true => {
            (UnwrapMode::NotProcessed, DestroyAction::KeyMaterialDeleted, ShreddingAlgorithm::Unsupported)
        }
        false => (UnwrapMode::Unspecified, DestroyAction::Unspecified, ShreddingAlgorithm::Unspecified),
    };
    CapabilityInformation {
        streaming: Some(features.streaming),
        asynchronous: Some(features.asynchronous),
        attestation: Some(cx.settings().attests),
        batch_undo: Some(features.batch_undo),
        batch_continue: Some(features.batch_continue),
        unwrap_mode: Some(unwrap),
        destroy_action: Some(destroy),
        shredding_algorithm: Some(shred),
        rng_mode: Some(RNGMode::Unspecified),
        // What is required to be Quantum Safe is, or is refused.
        quantum_safe: Some(true),
    }
}
