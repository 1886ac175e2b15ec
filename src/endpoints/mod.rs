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
    waiting: Mutex<VecDeque<Waiting>>,
    /// How many may wait.
    notices_max: usize,
    posted: tokio::sync::Notify,
}

/// A notice that waits for its client.
pub struct Waiting {
    /// The notice.
    pub notice: Notice,
    /// How often it failed in a way that another notice might not.
    pub failures: u32,
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
            oldest.dropped();
        }
        waiting.push_back(Waiting { notice, failures: 0 });
        self.posted.notify_one();
    }

    /// The oldest notice, as soon as there is one.
    pub async fn next(&self) -> Waiting {
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
    pub fn put_back(&self, notice: Waiting) {
        let mut waiting = self.waiting();
        match waiting.len() < self.notices_max {
            true => waiting.push_front(notice),
            false => notice.dropped(),
        }
        self.posted.notify_one();
    }

    fn is_empty(&self) -> bool {
        self.waiting().is_empty()
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn dropped(&self) {
        let (client, object) = (&self.notice.to, &self.notice.object);
        tracing::warn!(%client, %object, "dropped the oldest notice: too many wait for this client");
    }
}
