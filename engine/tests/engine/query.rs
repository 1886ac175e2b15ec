//! What the server says of itself is so: every function has its answer in every version, and what is switched off is off.

use super::objects::*;
use super::world::{Bench, principal};
use keystead_engine::query::server_information::{Extension, Validation, WEAK_ALGORITHMS};
use keystead_engine::rights::principal::Principal;
use kmip_codec::Version;
use kmip_codec::enums::*;
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::message::{Asynchronous, RequestItem, RequestMessage, ResponseMessage};
use kmip_codec::operations::{Call as _, OPERATION_ROWS};
use kmip_codec::payloads::*;
use kmip_codec::version::*;

/// The answer as the client reads it: what its version does not have is left out on the wire.
fn query(bench: &mut Bench, who: &Principal, version: Version, functions: &[QueryFunction]) -> QueryResponse {
    let request = QueryRequest { functions: functions.to_vec(), ..QueryRequest::default() };
    let message = RequestMessage::new(version, vec![RequestItem::from(request.into_request())]);
    let bytes = bench.decide(who, &message).response.to_bytes();
    let item = ResponseMessage::from_bytes(&bytes).unwrap().items.remove(0);
    super::world::answer::<QueryRequest>(item).unwrap()
}

/// Every function that a version has can be asked, alone and with all others, and only what was asked is told.
#[test]
fn every_function_in_every_version() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    for version in VERSIONS {
        let all: Vec<QueryFunction> =
            (1..=0xE).map(QueryFunction).filter(|function| function.is_in(version)).collect();
        let whole = query(&mut bench, &ann, version, &all);
        assert!(whole.operations.contains(&kmip_codec::operations::Operation::Query));
        assert!(whole.object_types.contains(&ObjectType::SymmetricKey));
        assert_eq!(whole.vendor_identification.as_deref(), Some("Keystead"));
        let told = query(&mut bench, &ann, version, &[]);
        assert_eq!(told, QueryResponse::default());
        for function in all {
            let told = query(&mut bench, &ann, version, &[function, function]);
            assert_eq!(
                told.operations.is_empty(),
                function != QueryFunction::QueryOperations,
                "{function:?}"
            );
            assert_eq!(told.object_types.is_empty(), function != QueryFunction::QueryObjects);
            assert_eq!(told.rng_parameters.len(), usize::from(function == QueryFunction::QueryRNGs));
            let capable = function == QueryFunction::QueryCapabilities;
            assert_eq!(told.capability_information.len(), usize::from(capable));
        }
    }
}

/// An operation that is listed is dispatched; the ones that are not are refused as such.
#[test]
fn every_listed_operation_is_served() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    for version in VERSIONS {
        let listed = query(&mut bench, &ann, version, &[QueryFunction::QueryOperations]).operations;
        let served = OPERATION_ROWS.iter().filter(|row| row.served && (row.is_in)(version));
        for row in served.filter(|row| !listed.contains(&row.operation)) {
            let name = row.operation.name(version).unwrap();
            assert!(
                ["Interop", "SetEndpointRole"].contains(&name),
                "{name} is served in {version} and not listed"
            );
        }
    }
}

/// Server Information differs with who asks, and never says more of a client than its configuration does.
#[test]
fn weak_algorithms_are_told_to_those_who_may_have_them() {
    let mut bench = Bench::new(1);
    let (strict, weak) = (principal("ann", &[]), Principal { weak_keys: true, ..principal("bob", &[]) });
    for version in VERSIONS {
        for (who, granted) in [(&strict, false), (&weak, true)] {
            let told = query(&mut bench, who, version, &[QueryFunction::QueryServerInformation]);
            let item = Item { tag: WEAK_ALGORITHMS, value: ItemValue::Boolean(granted) };
            let information = told.server_information.unwrap();
            assert_eq!(information.vendor_specific, [item]);
            assert_eq!(information.standard.product.is_some(), version >= V2_0);
        }
    }
}

/// The map has tags and types, the list has not, and the map comes first where both are asked for.
#[test]
fn extensions_and_validations_are_told_as_configured() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    bench.settings.about.extensions = vec![Extension {
        name: "Rack".into(),
        tag: 0x54_0001,
        item_type: "TextString".into(),
        description: Some("where it stands".into()),
    }];
    let (list, map) = (QueryFunction::QueryExtensionList, QueryFunction::QueryExtensionMap);
    for version in VERSIONS.into_iter().filter(|version| *version >= V1_1) {
        let listed = query(&mut bench, &ann, version, &[list]).extension_information;
        assert_eq!(listed[0], ExtensionInformation { name: "Rack".into(), ..Default::default() });
        for asked in [&[map][..], &[list, map], &[map, list]] {
            let mapped = query(&mut bench, &ann, version, asked).extension_information;
            assert_eq!((mapped.len(), mapped[0].tag), (2, Some(0x54_0001)));
            assert_eq!(mapped[0].item_type.unwrap().0, ItemType::TextString);
            assert_eq!(mapped[0].description.is_some(), version >= V2_0);
        }
    }
    let validations = [QueryFunction::QueryValidations];
    assert!(query(&mut bench, &ann, V1_4, &validations).validation_information.is_empty());
    let toml = "authority = \"CommonCriteria\"\nversion_major = 3\ntype = \"Hardware\"\nlevel = 4";
    bench.settings.about.validations = vec![toml::from_str::<Validation>(toml).unwrap()];
    let told = query(&mut bench, &ann, V1_4, &validations).validation_information;
    assert_eq!((told[0].authority_type, told[0].level), (ValidationAuthorityType::CommonCriteria, 4));
}

/// Tags that are not a vendor's, and names that KMIP does not have, are refused before the server starts.
#[test]
fn statements_are_checked() {
    let extension = |tag, item_type: &str| Extension {
        name: "Rack".into(),
        tag,
        item_type: item_type.into(),
        description: None,
    };
    assert!(extension(0x54_FFFF, "Integer").check().is_ok());
    assert!(extension(0x42_0001, "Integer").check().is_err());
    assert!(extension(0x54_0001, "Text").check().is_err());
    let validation = |authority: &str, kind: &str| {
        let toml = format!("authority = {authority:?}\nversion_major = 2\ntype = {kind:?}\nlevel = 1");
        toml::from_str::<Validation>(&toml).unwrap().check()
    };
    assert!(validation("NISTCMVP", "Hardware").is_ok());
    assert!(validation("Somebody", "Hardware").is_err());
    assert!(validation("NISTCMVP", "Wetware").is_err());
}

/// A feature that is switched off is told so and refused.
#[test]
fn what_is_switched_off_is_off() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let mut message = RequestMessage::new(V2_1, vec![RequestItem::from(aes(&[]).into_request()); 2]);
    let refused = Some(ResultReason::FeatureNotSupported);
    for (option, off) in [
        (
            BatchErrorContinuationOption::Undo,
            (|bench| bench.settings.features.batch_undo = false) as fn(&mut Bench),
        ),
        (BatchErrorContinuationOption::Continue, |bench| bench.settings.features.batch_continue = false),
    ] {
        message.header.batch_error_continuation_option = Some(option);
        assert!(bench.run(&ann, &message).iter().all(|item| item.result_reason.is_none()));
        off(&mut bench);
        assert!(bench.run(&ann, &message).iter().any(|item| item.result_reason == refused));
    }
    message.header.batch_error_continuation_option = None;
    for (indicator, reason) in
        [(AsynchronousIndicator::Mandatory, refused), (AsynchronousIndicator::Optional, None)]
    {
        bench.settings.features.asynchronous = false;
        message.header.asynchronous_indicator = Some(Asynchronous(indicator));
        let item = bench.run(&ann, &message).remove(0);
        assert_eq!(item.result_reason, reason);
        assert_ne!(item.result_status, ResultStatus::OperationPending);
    }
    bench.settings.features.streaming = false;
    let hash = HashRequest {
        cryptographic_parameters: kmip_codec::attributes::CryptographicParameters {
            hashing_algorithm: Some(HashingAlgorithm::SHA_256),
            ..Default::default()
        },
        data: Some(kmip_codec::value::Data::Bytes(vec![1].into())),
        ..HashRequest::default()
    };
    assert!(bench.ask(&ann, V1_4, hash.clone()).is_ok());
    let part = HashRequest { init_indicator: Some(true), ..hash };
    assert_eq!(bench.ask(&ann, V1_4, part).unwrap_err(), ResultReason::FeatureNotSupported);
    let told =
        query(&mut bench, &ann, V1_4, &[QueryFunction::QueryCapabilities]).capability_information.remove(0);
    let off = Some(false);
    assert_eq!(
        (told.streaming, told.asynchronous, told.batch_undo, told.batch_continue),
        (off, off, off, off)
    );
}
