//! Batches: order, Stop, Continue, Undo, the ID placeholder; random ones against a model.

use super::objects::*;
use super::undone::must_be_bare;
use super::world::{Bench, answer, principal, response};
use bytes::Bytes;
use keystead_engine::rights::principal::Principal;
use kmip_codec::attributes::{Attribute, Name};
use kmip_codec::enums::*;
use kmip_codec::message::{RequestItem, RequestMessage};
use kmip_codec::operations::{Call as _, Request};
use kmip_codec::payloads::*;
use kmip_codec::value::UniqueIdentifier;
use kmip_codec::version::{V1_4, V2_1};
use std::collections::BTreeSet;

/// Numbers that follow from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

/// Which object an item names.
#[derive(Clone, Copy, Debug)]
enum Target {
    Placeholder,
    /// One of the model, by its place.
    Known(usize),
    Nothing,
}

#[derive(Clone, Copy, Debug)]
enum OpResult {
    Create(Option<usize>),
    Locate(usize),
    Activate(Target),
    Destroy(Target),
    Get(Target),
}

/// What the model knows of an object.
#[derive(Clone, Debug)]
struct Thing {
    id: Option<String>,
    name: Option<usize>,
    state: State,
}

/// The simplest thing that says what a batch must do.
#[derive(Clone, Debug, Default)]
struct Model {
    things: Vec<Thing>,
    placeholder: Option<usize>,
}

impl Model {
    fn holder(&self, name: usize) -> Option<usize> {
        self.things.iter().position(|thing| thing.name == Some(name) && thing.state != State::Destroyed)
    }

    fn target(&self, target: Target) -> Option<usize> {
        match target {
            Target::Placeholder => self.placeholder,
            Target::Known(place) => Some(place),
            Target::Nothing => None,
        }
    }

    /// Does a step; whether it succeeds.
    fn apply(&mut self, step: OpResult) -> bool {
        let change = |thing: &mut Thing, to: State| {
            let allowed = thing.state == State::PreActive;
            if allowed {
                thing.state = to;
            }
            allowed
        };
        match step {
            OpResult::Create(Some(name)) if self.holder(name).is_some() => {
                self.placeholder = None;
                false
            }
            OpResult::Create(name) => {
                self.placeholder = Some(self.things.len());
                self.things.push(Thing { id: None, name, state: State::PreActive });
                true
            }
            OpResult::Locate(name) => {
                self.placeholder = self.holder(name);
                true
            }
            OpResult::Activate(target) => {
                self.target(target).is_some_and(|place| change(&mut self.things[place], State::Active))
            }
            OpResult::Destroy(target) => {
                self.target(target).is_some_and(|place| change(&mut self.things[place], State::Destroyed))
            }
            OpResult::Get(target) => {
                self.target(target).is_some_and(|place| self.things[place].state != State::Destroyed)
            }
        }
    }

    /// What a batch must answer; the model is then as the store must be.
    fn run(&mut self, steps: &[OpResult], option: BatchErrorContinuationOption) -> Vec<ResultStatus> {
        let start = self.clone();
        let mut statuses = Vec::new();
        for step in steps {
            if self.apply(*step) {
                statuses.push(ResultStatus::Success);
                continue;
            }
            if option == BatchErrorContinuationOption::Undo {
                statuses.fill(ResultStatus::OperationUndone);
                *self = start.clone();
            }
            statuses.push(ResultStatus::OperationFailed);
            if option != BatchErrorContinuationOption::Continue {
                break;
            }
        }
        self.placeholder = None;
        statuses
    }
}

fn named(name: usize) -> Attribute {
    Attribute::Name(Name::text(format!("key {name}")))
}

fn locate(attributes: &[Attribute]) -> LocateRequest {
    let list = kmip_codec::attributes::AttributeFilter(attributes.iter().cloned().collect());
    LocateRequest { attributes: Some(list), ..LocateRequest::default() }
}

fn request(model: &Model, step: OpResult) -> Request {
    let id = |target: Target| -> Option<UniqueIdentifier> {
        match target {
            Target::Placeholder => None,
            Target::Known(place) => Some(model.things[place].id.as_deref().unwrap().into()),
            Target::Nothing => Some("nothing".into()),
        }
    };
    match step {
        OpResult::Create(name) => aes(&name.map(named).into_iter().collect::<Vec<_>>()).into_request(),
        OpResult::Locate(name) => locate(&[named(name)]).into_request(),
        OpResult::Activate(target) => ActivateRequest { unique_identifier: id(target) }.into_request(),
        OpResult::Destroy(target) => DestroyRequest { unique_identifier: id(target) }.into_request(),
        OpResult::Get(target) => {
            GetRequest { unique_identifier: id(target), ..GetRequest::default() }.into_request()
        }
    }
}

fn step(dice: &mut Dice, known: usize) -> OpResult {
    let target = match dice.below(5) {
        0 if known > 0 => Target::Known(dice.below(known)),
        1 => Target::Nothing,
        _ => Target::Placeholder,
    };
    match dice.below(8) {
        0..=2 => OpResult::Create((dice.below(3) > 0).then(|| dice.below(6))),
        3 => OpResult::Locate(dice.below(6)),
        4 => OpResult::Activate(target),
        5 => OpResult::Destroy(target),
        _ => OpResult::Get(target),
    }
}

/// What is committed is exactly what the answers say, and the answers are what the model says.
#[test]
fn random_batches_do_what_the_model_does() {
    let options = [
        BatchErrorContinuationOption::Stop,
        BatchErrorContinuationOption::Continue,
        BatchErrorContinuationOption::Undo,
    ];
    let mut seen = BTreeSet::new();
    for seed in 0..40 {
        let (mut bench, ann, mut dice) = (Bench::new(seed), principal("ann", &[]), Dice(seed));
        let mut model = Model::default();
        for number in 0..12 {
            let version = if dice.below(2) == 0 { V1_4 } else { V2_1 };
            let option = options[dice.below(3)];
            let steps: Vec<OpResult> =
                (0..=dice.below(7)).map(|_| step(&mut dice, model.things.len())).collect();
            let what = format!("seed {seed}, batch {number} in {version}, {option:?}: {steps:?}");
            let requests = steps.iter().map(|step| request(&model, *step)).collect();
            let before = model.things.len();
            let expected = model.run(&steps, option);
            let items = bench.batch(&ann, version, option, requests);
            let statuses: Vec<_> = items.iter().map(|item| item.result_status).collect();
            assert_eq!(statuses, expected, "{what}");
            seen.extend(statuses.iter().map(|status| status.0));
            let made = items.into_iter().zip(&steps).filter(|(item, step)| {
                matches!(step, OpResult::Create(_)) && item.result_status == ResultStatus::Success
            });
            let made = made.map(|(item, _)| text(&answer::<CreateRequest>(item).unwrap().unique_identifier));
            for (thing, id) in model.things[before..].iter_mut().zip(made) {
                thing.id = Some(id);
            }
            compare(&mut bench, &ann, &model, &what);
        }
    }
    assert_eq!(seen.len(), 3, "every status but pending was met");
}

/// The store has the objects of the model in their states, and no others.
fn compare(bench: &mut Bench, who: &Principal, model: &Model, what: &str) {
    let mut living = BTreeSet::new();
    for thing in &model.things {
        let id = thing.id.as_deref().unwrap();
        assert_eq!(state_of(bench, who, id), thing.state, "{what}: {id}");
        living.extend((thing.state != State::Destroyed).then(|| id.to_owned()));
    }
    let found = bench.ask(who, V2_1, locate(&[])).unwrap().unique_identifiers;
    assert_eq!(found.iter().map(text).collect::<BTreeSet<_>>(), living, "{what}");
}

/// What had succeeded says that it was undone, and names the object of its request, where that is there: what it had made is
/// not (KMIP 2.1, 11.5; the OASIS case BL-M-2).
#[test]
fn undone_items_name_the_objects_that_are_there() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let id = create(&mut bench, &ann, &[]);
    let requests = vec![
        activate(&id).into_request(),
        aes(&[]).into_request(),
        ActivateRequest { unique_identifier: None }.into_request(),
        destroy("nothing").into_request(),
    ];
    let items = bench.batch(&ann, V2_1, BatchErrorContinuationOption::Undo, requests);
    for item in &items[..3] {
        must_be_bare(&mut bench, &ann, V2_1, item, "undone");
    }
    assert_eq!(text(&response::<ActivateRequest>(items[0].response.clone()).unique_identifier), id);
    assert_eq!((&items[1].response, &items[2].response), (&None, &None), "what they name is not there");
    assert_eq!(state_of(&mut bench, &ann, &id), State::PreActive);
}

/// A key whose name turns out to be taken was sealed before: nothing of it stays.
#[test]
fn a_refused_item_leaves_nothing() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    create(&mut bench, &ann, &[named(1)]);
    let item = RequestItem::from(aes(&[named(1)]).into_request());
    let outcome = bench.decide(&ann, &RequestMessage::new(V2_1, vec![item]));
    let reason = outcome.response.items[0].result_reason;
    assert_eq!(reason, Some(ResultReason::NonUniqueNameAttribute));
    assert!(outcome.changes.writes.is_empty());
}

/// A Locate that finds several empties the placeholder; one that finds one, and Recover, set it.
#[test]
fn locate_and_recover_set_the_placeholder() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let (first, second) = (create(&mut bench, &ann, &[named(1)]), create(&mut bench, &ann, &[named(2)]));
    let activate = || ActivateRequest { unique_identifier: None }.into_request();
    let option = BatchErrorContinuationOption::Continue;
    let recover = RecoverRequest { unique_identifier: Some(second.as_str().into()) }.into_request();
    let several = LocateRequest::default().into_request();
    let one = locate(&[named(1)]).into_request();
    let items =
        bench.batch(&ann, V2_1, option, vec![several, activate(), one, activate(), recover, activate()]);
    assert_eq!(items[1].result_reason, Some(ResultReason::ObjectNotFound));
    for (item, id) in [(3, &first), (5, &second)] {
        let activated = response::<ActivateRequest>(items[item].response.clone());
        assert_eq!(text(&activated.unique_identifier), *id);
    }
}

/// References of 2.x tell the halves of a pair apart.
#[test]
fn a_reference_to_a_public_key_is_not_one_to_the_private_key() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let half = |mask| Some([Attribute::CryptographicUsageMask(mask)].into());
    let pair = CreateKeyPairRequest {
        common: Some([Attribute::CryptographicAlgorithm(CryptographicAlgorithm::EC)].into()),
        private: half(CryptographicUsageMask::Sign),
        public: half(CryptographicUsageMask::Verify),
        ..CreateKeyPairRequest::default()
    };
    let by = |reference| {
        let unique_identifier = Some(UniqueIdentifier::Reference(reference));
        ActivateRequest { unique_identifier }.into_request()
    };
    let requests = vec![
        pair.into_request(),
        by(UniqueIdentifierReference::CreateKeyPairPublicKey),
        by(UniqueIdentifierReference::CreateKeyPairPrivateKey),
    ];
    let items = bench.batch(&ann, V2_1, BatchErrorContinuationOption::Stop, requests);
    let made = response::<CreateKeyPairRequest>(items[0].response.clone());
    for (item, id) in [(1, made.public_key), (2, made.private_key)] {
        assert_eq!(response::<ActivateRequest>(items[item].response.clone()).unique_identifier, id);
    }
}

/// Answers could not be told apart, so nothing is done.
#[test]
fn the_same_item_identifier_twice_is_refused_whole() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let item = RequestItem {
        unique_batch_item_id: Some(Bytes::from_static(b"one")),
        ..RequestItem::from(aes(&[]).into_request())
    };
    let message = RequestMessage::new(V2_1, vec![item.clone(), item]);
    let outcome = bench.decide(&ann, &message);
    let reasons: Vec<_> = outcome.response.items.iter().map(|item| item.result_reason).collect();
    assert_eq!(reasons, [Some(ResultReason::InvalidField)]);
    assert!(outcome.changes.writes.is_empty());
}

/// The same refusal has the reason that the error table of its operation knows.
#[test]
fn reasons_are_those_of_the_table_of_the_operation() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let groups = [Attribute::ObjectGroup("a".into()), Attribute::ObjectGroup("b".into())];
    let id = create(&mut bench, &ann, &groups);
    let (gone, active) = (create(&mut bench, &ann, &[]), create(&mut bench, &ann, &[]));
    bench.ask(&ann, V2_1, destroy(&gone)).unwrap();
    bench.ask(&ann, V2_1, activate(&active)).unwrap();
    let on = |id: &str| Some(UniqueIdentifier::from(id));
    let modify = |attribute: Attribute| ModifyAttributeRequest {
        unique_identifier: on(&id),
        attribute: attribute.into(),
        ..Default::default()
    };
    let set = |attribute: Attribute| SetAttributeRequest {
        unique_identifier: on(&id),
        attribute: attribute.into(),
    };
    let add = |attribute: Attribute| AddAttributeRequest {
        unique_identifier: on(&id),
        attribute: attribute.into(),
    };
    let (state, group) = (Attribute::State(State::Active), Attribute::ObjectGroup("c".into()));
    let rows: Vec<(Request, ResultReason)> = vec![
        (modify(state.clone()).into_request(), ResultReason::AttributeReadOnly),
        (set(state.clone()).into_request(), ResultReason::ReadOnlyAttribute),
        (add(state).into_request(), ResultReason::ReadOnlyAttribute),
        (modify(group.clone()).into_request(), ResultReason::InvalidField),
        (set(group).into_request(), ResultReason::MultiValuedAttribute),
        (destroy(&active).into_request(), ResultReason::WrongKeyLifecycleState),
        (destroy("nothing").into_request(), ResultReason::ObjectNotFound),
        (
            GetRequest { unique_identifier: on(&gone), ..Default::default() }.into_request(),
            ResultReason::ObjectDestroyed,
        ),
        (
            ReKeyKeyPairRequest { private_key: on(&id), ..Default::default() }.into_request(),
            ResultReason::InvalidObjectType,
        ),
        (
            PollRequest { asynchronous_correlation_value: Bytes::from_static(b"none") }.into_request(),
            ResultReason::InvalidAsynchronousCorrelationValue,
        ),
        (LogoutRequest::default().into_request(), ResultReason::InvalidTicket),
    ];
    for (request, reason) in rows {
        let what = format!("{:?}", request.operation());
        let message = RequestMessage::new(V2_1, vec![RequestItem::from(request)]);
        let item = bench.run(&ann, &message).pop().unwrap();
        assert_eq!(item.result_reason, Some(reason), "{what}");
    }
}

/// As many items as the server takes are done; with one more nothing is, and the audit names them all.
#[test]
fn a_batch_has_only_so_many_items() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    bench.settings.batch_items_max = 3;
    let items = |count| vec![RequestItem::from(aes(&[]).into_request()); count];
    let most = bench.decide(&ann, &RequestMessage::new(V2_1, items(3)));
    assert!(most.response.items.iter().all(|item| item.result_status == ResultStatus::Success));
    let more = bench.decide(&ann, &RequestMessage::new(V2_1, items(4)));
    assert_eq!((more.response.items.len(), more.item_outcomes.len()), (1, 4));
    assert_eq!(more.response.items[0].result_status, ResultStatus::OperationFailed);
    assert!(more.changes.writes.is_empty());
}
