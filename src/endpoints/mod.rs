//! Clients as servers: where each client of `[[endpoints]]` is told what concerns it (KMIP 2.1, 6.2). Either the server
//! calls it ([`dial`]), or it turns its own connection around (Set Endpoint Role).
//!
//! A notice waits in the mailbox of its client, which is bounded: the oldest gives way. Posting never waits, so that no
//! request is ever held up by a client that does not listen. What waits holds no secret, and does not outlive the
//! server.

mod deliver;
mod dial;

pub use deliver::{Delivery, deliver};
pub use dial::{Line, connector, dial};

use crate::config::EndpointConfig;
use crate::engine::telling::notice::Notice;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The mailboxes of all endpoints.
#[derive(Default)]
pub struct Endpoints {
    mailboxes: Vec<Arc<Mailbox>>,
}

/// What waits for one client.
pub struct Mailbox {
    /// Its configuration.
    pub endpoint: EndpointConfig,
    waiting: Mutex<VecDeque<Notice>>,
    /// How many may wait.
    notices_max: usize,
    posted: tokio::sync::Notify,
}

impl Endpoints {
    /// Empty mailboxes.
    pub fn new(endpoints: &[EndpointConfig], notices_max: usize) -> Self {
        let mailbox = |endpoint: &EndpointConfig| {
            let (waiting, posted) = (Mutex::default(), tokio::sync::Notify::new());
            Arc::new(Mailbox { endpoint: endpoint.clone(), waiting, notices_max, posted })
        };
        Self { mailboxes: endpoints.iter().map(mailbox).collect() }
    }

    /// Every mailbox.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Mailbox>> {
        self.mailboxes.iter()
    }

    /// The mailbox of a client.
    pub fn of(&self, client: &str) -> Option<&Arc<Mailbox>> {
        self.mailboxes.iter().find(|mailbox| mailbox.endpoint.client == client)
    }

    /// Puts notices into their mailboxes.
    pub fn post(&self, notices: Vec<Notice>) {
        for notice in notices {
            if let Some(mailbox) = self.of(&notice.to) {
                mailbox.post(notice);
            }
        }
    }
}

impl Mailbox {
    fn post(&self, notice: Notice) {
        let mut waiting = self.waiting();
        if waiting.len() >= self.notices_max
            && let Some(oldest) = waiting.pop_front()
        {
            let (client, object) = (&oldest.to, &oldest.object);
            tracing::warn!(%client, %object, "dropped the oldest notice: too many wait for this client");
        }
        waiting.push_back(notice);
        self.posted.notify_one();
    }

    /// The oldest notice, as soon as there is one.
    pub async fn next(&self) -> Notice {
        loop {
            let posted = self.posted.notified();
            let notice = self.waiting().pop_front();
            match notice {
                Some(notice) => return notice,
                None => posted.await,
            }
        }
    }

    /// Puts back a notice that could not be sent.
    pub fn put_back(&self, notice: Notice) {
        let mut waiting = self.waiting();
        if waiting.len() < self.notices_max {
            waiting.push_front(notice);
        }
        self.posted.notify_one();
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Notice>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
