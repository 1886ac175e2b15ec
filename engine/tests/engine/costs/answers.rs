//! An answer has a longest length: the item that would make it longer fails, and what fails has no effect.

use crate::objects::*;
use crate::world::{Bench, granted, principal};
use keystead_engine::batch::Outcome;
use keystead_engine::refusal::Cause;
use keystead_engine::rights::principal::Principal;
use kmip_codec::attributes::*;
use kmip_codec::enums::*;
use kmip_codec::message::{RequestItem, RequestMessage};
use kmip_codec::objects::{ManagedObject, OpaqueObject};
use kmip_codec::operations::{Call as _, Request};
use kmip_codec::payloads::*;
use kmip_codec::value::Data;
use kmip_codec::version::V2_1;

const OPTIONS: [BatchErrorContinuationOption; 3] = [
    BatchErrorContinuationOption::Stop,
    BatchErrorContinuationOption::Continue,
    BatchErrorContinuationOption::Undo,
];

fn batch(option: BatchErrorContinuationOption, requests: Vec<Request>) -> RequestMessage {
    let mut message = RequestMessage::new(V2_1, requests.into_iter().map(RequestItem::from).collect());
    message.header.batch_error_continuation_option = Some(option);
    message
}

fn opaque(bench: &mut Bench, who: &Principal, bytes: usize) -> String {
    let object =
        ManagedObject::OpaqueObject(OpaqueObject { value: vec![7; bytes].into(), ..Default::default() });
    let request = RegisterRequest { object_type: ObjectType::OpaqueObject, object, ..Default::default() };
    text(&bench.ask(who, V2_1, request).unwrap().unique_identifier)
}

fn get(id: &str) -> Request {
    GetRequest { unique_identifier: Some(id.into()), ..GetRequest::default() }.into_request()
}

/// What the audit says is what the answer says.
fn agrees(outcome: &Outcome) {
    assert_eq!(outcome.item_outcomes.len(), outcome.response.items.len());
    for (item_outcome, item) in outcome.item_outcomes.iter().zip(&outcome.response.items) {
        let reason = item.result_reason.filter(|_| item.result_status == ResultStatus::OperationFailed);
        assert_eq!((item_outcome.status, item_outcome.reason), (item.result_status, reason));
    }
}

/// 100 Gets of an object of 3 MiB were an answer of 300 MB, held twice; here both are smaller.
#[test]
fn many_large_answers_are_never_held_together() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let id = opaque(&mut bench, &ann, 3 << 16);
    bench.settings.answer_bytes_max = 1 << 20;
    for option in OPTIONS {
        let message = batch(option, vec![get(&id); 100]);
        let mut outcome = None;
        let memory = allocation_counter::measure(|| outcome = Some(bench.decide(&ann, &message)));
        let outcome = outcome.unwrap();
        agrees(&outcome);
        assert!(memory.bytes_max < 4 << 20, "{option:?}: {} bytes", memory.bytes_max);
        let length = outcome.response.to_bytes().len();
        assert!(length < (1 << 20) + 100 * 512, "{option:?}: {length}");
        let of = |status| outcome.response.items.iter().filter(|item| item.result_status == status).count();
        let (given, failed) = (of(ResultStatus::Success), of(ResultStatus::OperationFailed));
        let expected = match option {
            BatchErrorContinuationOption::Stop => (5, 1),
            BatchErrorContinuationOption::Continue => (5, 95),
            _ => (0, 1),
        };
        assert_eq!((given, failed), expected, "{option:?}");
        let reasons = outcome.response.items.iter().filter_map(|item| item.result_reason);
        assert!(reasons.into_iter().all(|reason| reason == ResultReason::ResponseTooLarge));
    }
}

/// The second use gave an answer that was too long: it is no use.
#[test]
fn what_is_too_long_to_be_answered_is_not_done() {
    let (mut bench, ann) = (Bench::new(2), granted("ann", &[]));
    bench.settings.answer_bytes_max = 20_000;
    let limits = UsageLimits { total: 100_000, count: None, unit: UsageLimitsUnit::Byte };
    let id = create(&mut bench, &ann, &[Attribute::UsageLimits(limits)]);
    bench.ask(&ann, V2_1, activate(&id)).unwrap();
    let encrypt = EncryptRequest {
        unique_identifier: Some(id.as_str().into()),
        cryptographic_parameters: Some(CryptographicParameters {
            block_cipher_mode: Some(BlockCipherMode::CTR),
            random_iv: Some(true),
            ..CryptographicParameters::default()
        }),
        data: Some(Data::Bytes(vec![0; 15_000].into())),
        ..EncryptRequest::default()
    };
    let left = |bench: &mut Bench| {
        let request =
            GetAttributesRequest { unique_identifier: Some(id.as_str().into()), ..Default::default() };
        let answer = bench.ask(&ann, V2_1, request).unwrap();
        answer.attributes.unwrap().0.iter().find_map(|attribute| match attribute {
            Attribute::UsageLimits(limits) => limits.count,
            _ => None,
        })
    };
    for (option, used) in OPTIONS.into_iter().zip([15_000, 30_000, 30_000]) {
        let outcome = bench.decide(&ann, &batch(option, vec![encrypt.clone().into_request(); 2]));
        agrees(&outcome);
        assert_eq!(outcome.item_outcomes[1].cause, Some(Cause::TooLarge), "{option:?}");
        assert_eq!(outcome.response.items[1].response, None, "{option:?}");
        bench.commit(outcome.changes);
        assert_eq!(left(&mut bench), Some(100_000 - used), "{option:?}");
    }
}

/// Whoever asks for what fits has it byte for byte: 100 Gets, and one of an object as long as an answer may be.
#[test]
fn what_fits_is_answered_as_before() {
    let (mut bench, ann) = (Bench::new(3), principal("ann", &[]));
    let id = opaque(&mut bench, &ann, 10_000);
    let alone = bench.run(&ann, &batch(OPTIONS[0], vec![get(&id)])).pop().unwrap();
    for option in OPTIONS {
        let items = bench.run(&ann, &batch(option, vec![get(&id); 100]));
        assert_eq!(items, vec![alone.clone(); 100], "{option:?}");
    }
    let length = alone.length(V2_1);
    bench.settings.answer_bytes_max = length;
    assert_eq!(bench.run(&ann, &batch(OPTIONS[0], vec![get(&id)])), vec![alone]);
    bench.settings.answer_bytes_max = length - 1;
    let outcome = bench.decide(&ann, &batch(OPTIONS[0], vec![get(&id)]));
    let message = outcome.response.items[0].result_message.clone().unwrap();
    let both = message.contains(&length.to_string()) && message.contains(&(length - 1).to_string());
    assert!(both, "{message}");
}

/// What answers or changes much says so before it holds more than a megabyte or one object; what is small never does.
#[test]
fn what_holds_much_asks_for_room() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let (small, large) = (opaque(&mut bench, &ann, 1 << 10), opaque(&mut bench, &ann, 3 << 20));
    let register = |bytes: usize| {
        let value = vec![7; bytes].into();
        let object = ManagedObject::OpaqueObject(OpaqueObject { value, ..Default::default() });
        let object_type = ObjectType::OpaqueObject;
        RegisterRequest { object_type, object, ..Default::default() }.into_request()
    };
    let rows = [
        (vec![get(&small); 100], 0),
        (vec![register(1 << 10); 100], 0),
        (vec![get(&large)], 1),
        (vec![get(&large); 4], 1),
        (vec![register(2 << 20)], 1),
        (vec![get(&small), register(900 << 10), register(900 << 10), get(&large)], 1),
    ];
    for (requests, rooms) in rows {
        let count = requests.len();
        crate::world::effort();
        let outcome = bench.decide(&ann, &batch(BatchErrorContinuationOption::Stop, requests));
        assert!(outcome.response.items.iter().all(|item| item.result_status == ResultStatus::Success));
        assert_eq!(crate::world::effort().rooms, rooms, "{count} items");
    }
}
