//! What waits for the clients that are told without asking, a mailbox each.

use crate::config::EndpointConfig;
use crate::engine::notifications::notification::Notification;
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

/// A notification that waits for its client.
pub struct Waiting {
    /// The notification.
    pub notification: Notification,
    /// How often it failed in a way that another notification might not.
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

    /// Puts notifications into their mailboxes.
    pub fn post(&self, notifications: Vec<Notification>) {
        for notification in notifications {
            if let Some(mailbox) = self.of(&notification.to) {
                mailbox.post(notification);
            }
        }
    }
}

impl Mailbox {
    fn post(&self, notification: Notification) {
        let mut waiting = self.waiting();
        if waiting.len() >= self.notices_max
            && let Some(oldest) = waiting.pop_front()
        {
            oldest.dropped();
        }
        waiting.push_back(Waiting { notification, failures: 0 });
        self.posted.notify_one();
    }

    /// The oldest notification, as soon as there is one.
    pub async fn next(&self) -> Waiting {
        loop {
            let posted = self.posted.notified();
            let notification = self.waiting().pop_front();
            match notification {
                Some(notification) => return notification,
                None => posted.await,
            }
        }
    }

    /// Puts back a notification that could not be sent.
    pub fn put_back(&self, notification: Waiting) {
        let mut waiting = self.waiting();
        match waiting.len() < self.notices_max {
            true => waiting.push_front(notification),
            false => notification.dropped(),
        }
        self.posted.notify_one();
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting().is_empty()
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn dropped(&self) {
        let (client, object) = (&self.notification.to, &self.notification.object);
        tracing::warn!(%client, %object, "dropped the oldest notice: too many wait for this client");
    }
}
