//! A world for the engine: a store in memory, keys in software, a clock and entropy that a test sets.

// The file is part of other programs too, which name its path.
#[path = "world/answers.rs"]
mod answers;
#[path = "world/clients.rs"]
mod clients;
#[path = "world/counted.rs"]
mod counted;
#[path = "world/older.rs"]
mod older;
#[path = "world/supplied.rs"]
mod supplied;

use answers::speaks_the_standards_words;
#[allow(unused_imports, reason = "each program takes what it needs")]
pub use answers::{answer, response};
use base64ct::{Base64, Encoding as _};
#[allow(unused_imports, reason = "each program takes what it needs")]
pub use clients::{Known, granted, principal};
#[allow(unused_imports, reason = "each program takes what it needs")]
pub use counted::{Effort, effort};
use counted::{Leaving, Seeded, Snapshot, count};
use keystead_engine::administration::protocol::AdminRequest;
use keystead_engine::asynchronous;
use keystead_engine::batch::{self, Outcome};
use keystead_engine::changes::Changes;
use keystead_engine::fulfilled::{Credential, Fulfilled, Thread};
use keystead_engine::item_outcome::ItemOutcome;
use keystead_engine::need::{CertificateRequest, KeyPair, Need, PairKind, Supply};
use keystead_engine::notifications::notification::{self, Notification};
use keystead_engine::notifications::push::{self, Push};
use keystead_engine::refusal::Refusal;
use keystead_engine::rights::identity::{ClientRef, Fingerprint, Identity};
use keystead_engine::rights::principal::{Clients, Principal};
use keystead_engine::rotation::{self, Due};
use keystead_engine::settings::Settings;
use keystead_engine::settings::Subscription;
use keystead_engine::world::{Direction, Entropy, Now, View, World};
use keystead_hsm::{Epoch, Kek, KekIdentity, MasterKeyRef, MasterKeys as _, Software, SystemEntropy};
use keystead_store::{self as store, MemoryStore, Order, Store as _, Transaction};
use keystead_vault::{KeyRing, Stored};
use kmip_codec::Version;
use kmip_codec::attributes::Attribute;
use kmip_codec::enums::{
    BatchErrorContinuationOption, RecommendedCurve, ResultReason, ResultStatus, StorageStatusMask,
};
use kmip_codec::message::{RequestItem, RequestMessage, ResponseItem};
use kmip_codec::operations::{Call, Request, Response};
use kmip_codec::payloads::{AddAttributeRequest, LocateRequest};
use kmip_codec::value::UniqueIdentifier;
use kmip_codec::version::V2_1;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use supplied::{make, provided};

/// Everything that a batch may ask.
pub struct Bench {
    pub store: MemoryStore,
    ring: KeyRing,
    pub settings: Settings,
    /// Seconds since 1970.
    pub now: i64,
    seed: u64,
    /// Who is who, for tickets and what is done later.
    pub clients: Known,
    /// What administrative operations have done outside the engine.
    pub done_outside: Vec<AdminRequest>,
    /// The fingerprint of what the CA signs, in hex.
    pub signed: String,
    /// Why the server could not rotate objects by itself, in words.
    pub rotation_refusals: Vec<String>,
    /// How long the engine ran last, to compare with what it asked for beforehand.
    pub took: Duration,
}

impl Bench {
    pub fn new(seed: u64) -> Self {
        let master = Software::in_memory();
        master.create(&MasterKeyRef::legacy(Epoch(1))).unwrap();
        let identity = KekIdentity { store: [1; 16], tenant: 0, id: 1 };
        let kek = Kek::generate(&master, Epoch(1), identity, &mut SystemEntropy::default()).unwrap().1;
        let ring = KeyRing::new(1, BTreeMap::from([(1, Arc::new(kek))]));
        let settings = Settings::default();
        Self {
            store: MemoryStore::default(),
            ring,
            settings,
            now: 1_700_000_000,
            seed,
            clients: Known::default(),
            done_outside: Vec::new(),
            signed: "ab".repeat(32),
            rotation_refusals: Vec::new(),
            took: Duration::ZERO,
        }
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot { stored: Stored(self.store.snapshot().unwrap()), leaves: None }
    }

    /// What a run of the engine sees.
    fn world<'b>(&'b self, view: &'b Snapshot) -> World<'b> {
        let now = Now { nanoseconds: self.now.cast_unsigned() * 1_000_000_000 };
        World {
            view,
            vault: &self.ring,
            now,
            settings: &self.settings,
            clients: &self.clients,
            can_reverse_roles: true,
        }
    }

    /// Runs the engine on the store as it is, again with what it needs until it needs nothing.
    fn until_met<T>(
        &mut self,
        who: &Principal,
        mut run: impl FnMut(&World<'_>, &mut dyn Entropy, &mut Fulfilled) -> Result<T, Need>,
    ) -> T {
        let (view, mut fulfilled, mut seed) = (self.snapshot(), Fulfilled::default(), self.seed);
        loop {
            count(|effort| effort.runs += 1);
            let begun = Instant::now();
            let ran = run(&self.world(&view), &mut Seeded(&mut seed), &mut fulfilled);
            self.took = begun.elapsed();
            match ran {
                Ok(result) => {
                    self.seed = seed;
                    return result;
                }
                Err(Need::Turn) => {
                    count(|effort| effort.turns += 1);
                    fulfilled.take_turn();
                }
                Err(Need::Room) => {
                    count(|effort| effort.rooms += 1);
                    fulfilled.take_room();
                }
                Err(Need::Supplies(lacking)) => lacking.into_iter().for_each(|one| make(one, &mut fulfilled)),
                Err(Need::Credential(wanted)) => {
                    let credential = provided(who, &wanted);
                    fulfilled.add_credential(wanted, credential);
                }
                Err(Need::Outside(outside)) => {
                    let answer = self.outside(&outside.request);
                    fulfilled.add_outside(outside.request, answer);
                }
                Err(need) => panic!("{need:?}"),
            }
        }
    }

    /// Runs a message without committing it.
    pub fn decide(&mut self, who: &Principal, message: &RequestMessage) -> Outcome {
        let outcome = self
            .until_met(who, |world, entropy, fulfilled| batch::run(world, who, message, entropy, fulfilled));
        outcome.response.items.iter().for_each(speaks_the_standards_words);
        outcome
    }

    /// Runs a message once on such a thread: what it needs to come to its end, if anything.
    pub fn once(&mut self, who: &Principal, message: &RequestMessage, thread: Thread) -> Option<Need> {
        let (view, mut fulfilled, mut seed) = (self.snapshot(), Fulfilled::on(thread), self.seed);
        batch::run(&self.world(&view), who, message, &mut Seeded(&mut seed), &mut fulfilled).err()
    }

    /// Runs a message once, for somebody who leaves at this draw of random bytes.
    pub fn abandoned(&mut self, who: &Principal, message: &RequestMessage, draw: usize) -> Option<Need> {
        let (view, mut fulfilled, mut seed) = (self.snapshot(), Fulfilled::default(), self.seed);
        fulfilled.take_turn();
        let mut entropy = Leaving { draws: draw, told: fulfilled.abandoned(), seed: &mut seed };
        batch::run(&self.world(&view), who, message, &mut entropy, &mut fulfilled).err()
    }

    /// The same for somebody who leaves at this read of the store.
    pub fn left_at_read(&mut self, who: &Principal, message: &RequestMessage, read: usize) -> Option<Need> {
        let (mut fulfilled, mut seed) = (Fulfilled::default(), self.seed);
        fulfilled.take_turn();
        let leaves = Some((Cell::new(read), fulfilled.abandoned()));
        let view = Snapshot { leaves, ..self.snapshot() };
        batch::run(&self.world(&view), who, message, &mut Seeded(&mut seed), &mut fulfilled).err()
    }

    /// What administrative operations do outside the engine: here it is only counted.
    fn outside(&mut self, request: &AdminRequest) -> Result<serde_json::Value, Refusal> {
        self.done_outside.push(request.clone());
        Ok(match request {
            AdminRequest::ClientAdd { name, .. } => serde_json::json!({
                "name": name, "fingerprint": self.signed, "not_after": self.now + 86_400, "by": "", "at": 0,
                "certificate": pem(format!("{name} {}", self.signed).as_bytes()),
            }),
            AdminRequest::ClientShow { name } => serde_json::json!({
                "name": name, "configured": true, "admin": false, "weak_keys": false, "groups": [],
                "default_group": null, "persona": "standard", "switches": [],
            }),
            AdminRequest::MasterRotate => serde_json::json!({"from": 1, "to": 2}),
            _ => serde_json::json!({}),
        })
    }

    /// Runs a message and commits what it changes.
    pub fn run(&mut self, who: &Principal, message: &RequestMessage) -> Vec<ResponseItem> {
        let outcome = self.decide(who, message);
        assert_eq!(outcome.item_outcomes.len(), outcome.response.items.len(), "an outcome an item");
        self.commit(outcome.changes);
        outcome.response.items
    }

    /// What doing this comes to, without committing it.
    fn perform(&mut self, waiting: &asynchronous::Waiting) -> asynchronous::done::Done {
        self.until_met(&Principal::default(), |world, entropy, fulfilled| {
            asynchronous::done::perform(world, waiting, entropy, fulfilled)
        })
    }

    fn first_waiting(&self) -> Option<asynchronous::Waiting> {
        asynchronous::waiting(&self.snapshot(), 1).unwrap().pop()
    }

    /// What doing the oldest that waits comes to, without committing it.
    pub fn would_do(&mut self) -> Vec<ItemOutcome> {
        let first = self.first_waiting().unwrap();
        self.perform(&first).item_outcomes
    }

    /// What that would change.
    pub fn changes_of_waiting(&mut self) -> Changes {
        let first = self.first_waiting().unwrap();
        self.perform(&first).changes
    }

    /// Does what waits, the oldest first, and commits it; returns what was done.
    pub fn work(&mut self) -> Vec<ItemOutcome> {
        let mut item_outcomes = Vec::new();
        while let Some(first) = self.first_waiting() {
            let done = self.perform(&first);
            self.commit(done.changes);
            item_outcomes.extend(done.item_outcomes);
        }
        item_outcomes
    }

    /// Looks at all that are to be rotated, so many at a time, for those that were made in the future; how many count from now.
    pub fn recount(&mut self, most: usize) -> usize {
        let (mut from_now, mut behind) = (0, None);
        loop {
            let looked = rotation::recount(&self.world(&self.snapshot()), behind.as_deref(), most).unwrap();
            self.commit(looked.changes);
            from_now += looked.from_now;
            behind = looked.behind;
            if behind.is_none() {
                return from_now;
            }
        }
    }

    /// Rotates what is due and commits it; returns what was done, and the notifications.
    pub fn rotate(&mut self) -> Vec<(ItemOutcome, Vec<Notification>)> {
        let mut all = Vec::new();
        let due = rotation::all_due(self.now, &self.snapshot()).unwrap();
        for Due { place: id, .. } in due {
            let done = self.until_met(&Principal::default(), |world, entropy, fulfilled| {
                rotation::perform(world, &id, entropy, fulfilled)
            });
            self.commit(done.changes);
            self.rotation_refusals.extend(done.refusal);
            all.extend(
                done.item_outcomes.into_iter().map(|item_outcome| (item_outcome, done.notifications.clone())),
            );
        }
        all
    }

    /// Commits changes.
    pub fn commit(&mut self, changes: Changes) {
        assert!(self.try_commit(changes));
    }

    /// Commits changes, unless others were faster.
    pub fn try_commit(&mut self, changes: Changes) -> bool {
        let deferred = changes.deferred.into_iter().map(|(key, value)| (key, Some(value)));
        let writes = changes.writes.into_iter().chain(deferred).collect();
        let transaction = Transaction { expects: changes.expects, writes };
        self.store.commit(&transaction).unwrap() == store::Outcome::Committed
    }

    /// The message of a notification.
    pub fn push(&mut self, to: &Principal, version: Version, notification: &Notification) -> Push {
        self.until_met(to, |world, entropy, _| push::push(world, to, version, notification, entropy))
    }

    /// Stores what dates have led to, and returns what is told of it.
    pub fn settle(&mut self, subscription: &Subscription) -> Vec<Notification> {
        let settled = notification::apply_dates(&self.world(&self.snapshot()), subscription).unwrap();
        self.commit(settled.changes);
        let mut notifications = settled.notifications;
        if settled.goes_on {
            notifications.extend(self.settle(subscription));
        }
        notifications
    }

    /// Gives all objects of a client that take them these attributes beside their own; returns which do.
    pub fn enrich(&mut self, who: &Principal, more: &[Attribute]) -> BTreeSet<String> {
        let most = std::mem::replace(&mut self.settings.work_milliseconds_max, u64::MAX / 1000);
        let storage = StorageStatusMask::OnLineStorage
            | StorageStatusMask::ArchivalStorage
            | StorageStatusMask::DestroyedStorage;
        let all = LocateRequest { storage_status_mask: Some(storage), ..LocateRequest::default() };
        let found = self.ask(who, V2_1, all).unwrap().unique_identifiers;
        let mut taken = BTreeSet::new();
        for id in found {
            let add = |attribute: &Attribute| {
                let request = AddAttributeRequest {
                    unique_identifier: Some(id.clone()),
                    attribute: attribute.clone().into(),
                };
                RequestItem::from(request.into_request())
            };
            for some in more.chunks(self.settings.batch_items_max) {
                let added = self.run(who, &RequestMessage::new(V2_1, some.iter().map(add).collect()));
                // What is archived or destroyed takes none.
                if added.iter().all(|item| item.result_status == ResultStatus::Success) {
                    taken.extend(match &id {
                        UniqueIdentifier::Text(id) => Some(id.clone()),
                        _ => None,
                    });
                }
            }
        }
        self.settings.work_milliseconds_max = most;
        taken
    }

    /// What is due for rotation with its owners, at most so many of each.
    pub fn due_by_owner(&self, most: usize, known: &[Due]) -> Vec<(String, Due)> {
        let is_known = |due: &Due| known.contains(due);
        rotation::due_by_owner(&self.world(&self.snapshot()), most, &is_known).unwrap()
    }

    /// Every value of the store.
    pub fn everything(&self, visit: &mut dyn FnMut(&[u8])) {
        let snapshot = self.store.snapshot().unwrap();
        let mut all = |_: &[u8], value: &[u8]| {
            visit(value);
            ControlFlow::Continue(())
        };
        store::Snapshot::scan(&*snapshot, &[], Order::Forward, &mut all).unwrap();
    }

    /// One request in one version.
    pub fn ask<R: Call>(
        &mut self,
        who: &Principal,
        version: Version,
        request: R,
    ) -> Result<R::Answer, ResultReason> {
        let message = RequestMessage::new(version, vec![RequestItem::from(request.into_request())]);
        let item = self.run(who, &message).pop().unwrap();
        answer::<R>(item)
    }

    /// A batch that goes on as its option says.
    pub fn batch(
        &mut self,
        who: &Principal,
        version: Version,
        option: BatchErrorContinuationOption,
        requests: Vec<Request>,
    ) -> Vec<ResponseItem> {
        let mut message = RequestMessage::new(version, requests.into_iter().map(RequestItem::from).collect());
        message.header.batch_error_continuation_option = Some(option);
        self.run(who, &message)
    }
}

fn pem(certificate: &[u8]) -> String {
    let text = Base64::encode_string(certificate);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}
