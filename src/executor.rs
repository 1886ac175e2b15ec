//! The one way to run the engine: against a snapshot until it needs nothing, then one commit of what it changed with
//! the audit entries of that, again where another was faster; then the notifications.
//!
//! ```text
//! work --> run (snapshot, needs) --> commit (changes + entries; reads: the journal) --> notifications
//!            ^                          |
//!            +-------- conflict --------+
//! ```
//!
//! Requests, asynchronous work, rotation, notifications and administration all go through [`Executor::run`]. It alone
//! chooses what blocks where.

mod adapters;
mod administration;
mod commit;
pub mod entries;
mod openings;
mod owners;
mod readiness;
mod registrar;
mod run;
mod shared;

pub use crate::clock::now;
pub use adapters::StoreView;
pub use commit::Error;
pub use owners::StoreOwners;
pub use registrar::{Registrar, Signer};

use crate::admission::{Admission, Bytes, Reservation};
use crate::audit::Entries;
use crate::authenticate::Authenticator;
use crate::crypto::drbg::Seeds;
use crate::endpoints::mailbox::Endpoints;
use crate::engine::asynchronous::Waiting;
use crate::engine::changes::Changes;
use crate::engine::notifications::notification::Notification;
use crate::engine::settings::Settings;
use crate::explain::Memory;
use crate::store::{self, Database};
use crate::vault::Hierarchy;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// What a run of the engine comes to. Nothing of it has an effect before it is committed.
#[derive(Debug)]
pub struct Effects<T> {
    /// What to commit.
    pub changes: Changes,
    /// What to enter in the audit, in the same commit.
    pub entries: Entries,
    /// What to tell clients, once the changes are durable.
    pub notifications: Vec<Notification>,
    /// What to return, once the changes are durable.
    pub result: T,
    /// How much memory the result takes until it is written to its client.
    pub bytes: Bytes,
}

/// What a run of the engine came to.
pub struct Done<T> {
    /// The result.
    pub result: T,
    /// The room that it takes, to be held until it is written.
    pub room: Reservation,
}

impl<T> Effects<T> {
    /// What changes nothing and is not entered.
    pub fn none(result: T) -> Self {
        Self {
            changes: Changes::default(),
            entries: Entries::default(),
            notifications: Vec::new(),
            result,
            bytes: 0,
        }
    }
}

/// What the engine is run with.
pub struct Executor {
    database: Arc<Database>,
    hierarchy: Arc<Hierarchy>,
    openings: openings::Openings,
    shared: shared::SharedThreads,
    authenticator: Arc<Authenticator>,
    settings: Settings,
    /// What clients have sent for the generator.
    seeds: Seeds,
    registrar: Registrar,
    /// Whether the audit entries of reads wait for the disk's sync.
    durable_reads: bool,
    admission: Arc<Admission>,
    /// What waits for the clients that are told without asking.
    endpoints: Endpoints,
    /// What `keystead explain` tells of.
    memory: Memory,
    /// When the server started, in milliseconds since 1970.
    started: u64,
    /// The number of the next request.
    requests: AtomicU64,
    /// Asynchronous requests that were accepted, and that their worker has not heard of yet.
    accepted: Mutex<Vec<Waiting>>,
    /// Wakes that worker.
    has_accepted: Notify,
}

impl Executor {
    /// An executor on an open store.
    pub fn new(
        (database, hierarchy): (Arc<Database>, Arc<Hierarchy>),
        authenticator: Arc<Authenticator>,
        settings: Settings,
        durable_reads: bool,
        registrar: Registrar,
        (endpoints, memory): (Endpoints, Memory),
        admission: Arc<Admission>,
    ) -> Self {
        let started = now().milliseconds();
        Self {
            database,
            hierarchy,
            openings: openings::Openings::default(),
            shared: shared::SharedThreads::default(),
            authenticator,
            settings,
            seeds: Seeds::default(),
            registrar,
            durable_reads,
            admission,
            endpoints,
            memory,
            requests: AtomicU64::new(started),
            started,
            accepted: Mutex::default(),
            has_accepted: Notify::new(),
        }
    }

    /// What the configuration says to the engine.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What admits work and the bytes of messages.
    pub fn admission(&self) -> &Arc<Admission> {
        &self.admission
    }

    /// Who is who.
    pub fn authenticator(&self) -> &Arc<Authenticator> {
        &self.authenticator
    }

    /// What `keystead explain` tells of.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// When the server started, in milliseconds since 1970.
    pub fn started(&self) -> u64 {
        self.started
    }

    /// The number of a request: what log, audit and messages call it by. No two starts give the same.
    pub fn next_request(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed)
    }

    /// The mailboxes of the clients that are told without asking.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The store as it stands now.
    pub fn view(&self) -> Result<StoreView, store::Error> {
        StoreView::of(&self.database)
    }

    /// The asynchronous requests that were accepted since this was asked last, as soon as there are any.
    pub async fn accepted(&self) -> Vec<Waiting> {
        loop {
            let has_accepted = self.has_accepted.notified();
            let accepted = std::mem::take(&mut *self.accepted.lock().unwrap_or_else(PoisonError::into_inner));
            if !accepted.is_empty() {
                return accepted;
            }
            has_accepted.await;
        }
    }

    /// Tells the worker of asynchronous requests what was accepted.
    fn tell_accepted(&self, accepted: Vec<Waiting>) {
        if !accepted.is_empty() {
            self.accepted.lock().unwrap_or_else(PoisonError::into_inner).extend(accepted);
            self.has_accepted.notify_one();
        }
    }
}
