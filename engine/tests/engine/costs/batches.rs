//! A batch of n items costs what n items cost: it is run a few times, each item a few times, and nothing that it has collected
//! is copied for an item.

use crate::objects::*;
use crate::world::{self, Bench, Effort, principal};
use keystead_engine::refusal::Cause;
use keystead_engine::rights::principal::Principal;
use kmip_codec::attributes::*;
use kmip_codec::enums::*;
use kmip_codec::message::{RequestItem, RequestMessage};
use kmip_codec::operations::{Call as _, Request};
use kmip_codec::payloads::*;
use kmip_codec::version::V2_1;

const UNDO: BatchErrorContinuationOption = BatchErrorContinuationOption::Undo;
const CONTINUE: BatchErrorContinuationOption = BatchErrorContinuationOption::Continue;

fn batch(option: BatchErrorContinuationOption, requests: Vec<Request>) -> RequestMessage {
    let mut message = RequestMessage::new(V2_1, requests.into_iter().map(RequestItem::from).collect());
    message.header.batch_error_continuation_option = Some(option);
    message
}

fn pair(algorithm: CryptographicAlgorithm, bits: i32) -> Request {
    let half = |mask| Some([Attribute::CryptographicUsageMask(mask)].into());
    let common = [Attribute::CryptographicAlgorithm(algorithm), Attribute::CryptographicLength(bits)];
    CreateKeyPairRequest {
        common: Some(common.into()),
        private: half(CryptographicUsageMask::Sign),
        public: half(CryptographicUsageMask::Verify),
        ..CreateKeyPairRequest::default()
    }
    .into_request()
}

fn ec() -> Request {
    pair(CryptographicAlgorithm::EC, 256)
}

/// What a batch takes that is not committed.
fn effort(bench: &mut Bench, who: &Principal, message: &RequestMessage) -> Effort {
    world::effort();
    let outcome = bench.decide(who, message);
    assert!(
        outcome.item_outcomes.iter().all(|item| item.status == ResultStatus::Success),
        "{:?}",
        outcome.item_outcomes
    );
    world::effort()
}

/// The whole batch was run anew for each pair: 400 pairs took 400 runs and 80,000 items.
#[test]
fn pairs_are_made_together() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    for option in [BatchErrorContinuationOption::Stop, CONTINUE, UNDO] {
        let items = |effort: &Effort| effort.draws / 2;
        for n in [10, 100, 400] {
            let took = effort(&mut bench, &ann, &batch(option, vec![ec(); n]));
            assert_eq!(took.made, n, "{option:?}: as many pairs as are wanted");
            // One of them to learn that it changes much, and one that it takes long.
            assert!(took.runs <= 8 + took.rooms + took.turns, "{option:?}: {} runs for {n}", took.runs);
            assert!(took.rooms <= 1 && took.turns <= 1);
            assert!(items(&took) <= 5 * n, "{option:?}: {} items for {n}", items(&took));
        }
    }
}

/// One behind the other, where each needs what the one before gives.
#[test]
fn what_is_behind_a_pair_has_it() {
    let (mut bench, ann) = (Bench::new(2), principal("ann", &[]));
    let activate = || ActivateRequest::default().into_request();
    let requests = (0..50).flat_map(|_| [ec(), activate()]).collect();
    let took = effort(&mut bench, &ann, &batch(UNDO, requests));
    assert!(took.made == 50 && took.runs <= 6, "{} {}", took.made, took.runs);
}

/// What no item comes to is made for at most as many as were wanted before, and a first few.
#[test]
fn little_is_made_for_nothing() {
    let (mut bench, ann) = (Bench::new(3), principal("ann", &[]));
    let nothing =
        GetRequest { unique_identifier: Some("nothing".into()), ..Default::default() }.into_request();
    for wanted in [0, 1, 5, 40] {
        let mut requests = vec![ec(); wanted];
        requests.push(nothing.clone());
        requests.extend(vec![ec(); 500]);
        world::effort();
        let outcome = bench.decide(&ann, &batch(BatchErrorContinuationOption::Stop, requests));
        assert_eq!(outcome.item_outcomes.len(), wanted + 1);
        let made = world::effort().made;
        assert!(made - wanted <= wanted.max(8), "{made} were made for {wanted}");
    }
}

/// The slow work of a whole batch has a bound, not only that of an item.
#[test]
fn the_slow_work_of_a_request_is_bounded() {
    let (mut bench, ann) = (Bench::new(4), principal("ann", &[]));
    bench.settings.rsa_bits_max = 3 * 2048;
    let outcome = bench.decide(&ann, &batch(CONTINUE, vec![pair(CryptographicAlgorithm::RSA, 2048); 5]));
    let causes: Vec<_> = outcome.item_outcomes.iter().map(|item| item.cause).collect();
    assert_eq!(causes, [None, None, None, Some(Cause::Limit), Some(Cause::Limit)]);
    let message = outcome.response.items[3].result_message.clone().unwrap();
    assert!(message.contains("8192") && message.contains("6144"), "{message}");
    assert_eq!(world::effort().made, 3);
}

/// What it collects has a bound, in values and in attributes, and so have the attributes of one object.
#[test]
fn what_a_request_changes_is_bounded() {
    let (mut bench, ann) = (Bench::new(5), principal("ann", &[]));
    bench.settings.change_bytes_max = 100_000;
    let large = |bytes: usize| aes(&[note(&"x".repeat(bytes))]).into_request();
    for option in [BatchErrorContinuationOption::Stop, CONTINUE, UNDO] {
        let outcome = bench.decide(&ann, &batch(option, vec![large(20_000); 20]));
        let failed = outcome.item_outcomes.iter().find(|item| item.cause.is_some()).unwrap();
        assert_eq!(failed.cause, Some(Cause::Limit));
        let written: usize = outcome
            .changes
            .writes
            .iter()
            .map(|(key, value)| key.len() + value.as_ref().map_or(0, Vec::len))
            .sum();
        assert!(written < 110_000, "{option:?}: {written}");
        let made = outcome.item_outcomes.iter().filter(|item| item.status == ResultStatus::Success).count();
        assert_eq!(made, if option == UNDO { 0 } else { 4 }, "{option:?}");
    }
    bench.settings.change_bytes_max = 32 << 20;
    assert!(bench.ask(&ann, V2_1, aes(&[note(&"x".repeat(1 << 19))])).is_ok());
    assert_eq!(
        bench.ask(&ann, V2_1, aes(&[note(&"x".repeat(1 << 20))])),
        Err(ResultReason::ServerLimitExceeded)
    );
}

/// Each item copied all that the batch had collected: twice as many items took four times the bytes.
#[test]
fn a_batch_copies_nothing_for_an_item() {
    let (mut bench, ann) = (Bench::new(6), principal("ann", &[]));
    let id = create(&mut bench, &ann, &[note(&"x".repeat(100_000))]);
    let more = AddAttributeRequest {
        unique_identifier: Some(id.as_str().into()),
        attribute: Attribute::Name(Name::text("n")).into(),
    };
    for option in [CONTINUE, UNDO] {
        let mut bytes = |n: usize| {
            let requests = (0..n).map(|_| aes(&[]).into_request());
            let message = batch(option, requests.collect());
            let memory = allocation_counter::measure(|| drop(bench.decide(&ann, &message)));
            memory.bytes_total
        };
        // So few that none of them takes a turn.
        let (few, many) = (bytes(15), bytes(60));
        assert!(many < 5 * few, "{option:?}: {few} bytes for 15, {many} for 60");
        // One object that changes again and again is there once for each savepoint, not once for each change.
        let requests = vec![more.clone().into_request(); 60];
        let memory = allocation_counter::measure(|| drop(bench.decide(&ann, &batch(option, requests))));
        assert!(memory.bytes_max < 8_000_000, "{option:?}: {}", memory.bytes_max);
    }
}
