//! A semaphore that is fair to clients.

use super::client::{Client, Kept};
use super::shares::{Mark, Share, Shares};
use std::sync::Arc;

/// A number of permits, and how many of them one client may hold. Permits are given round robin among the clients that wait,
/// and in the order of coming within one client.
#[derive(Clone)]
pub struct FairSemaphore(Arc<Shares>);

/// A permit; given back when dropped.
pub struct Permit {
    _share: Share,
}

impl FairSemaphore {
    /// So many permits in all, and for one client. Where clients keep their accounts of them is told too.
    pub fn new(permits: usize, per_client: usize, kept: Kept) -> Self {
        Self(Shares::new(vec![Mark { total: permits.max(1), client: per_client.max(1) }], 0, kept))
    }

    /// A permit, when it is this client's turn. Who waits leaves the queue when the future is dropped.
    pub async fn acquire(&self, client: &Client) -> Permit {
        Permit { _share: self.0.take(client, 0, 1).await }
    }

    /// How many permits are held.
    pub fn held(&self) -> usize {
        self.0.held().charged
    }

    /// How many permits this client holds.
    pub fn held_by(&self, client: &Client) -> usize {
        self.0.held_by(client)
    }

    /// How many wait for a permit.
    pub fn waiting(&self) -> usize {
        self.0.held().waiting
    }
}
