//! Openings of key-encryption keys in the HSM: however many requests wait for one, the HSM is asked once, and all hear
//! what came of it. In strict mode that is so of requests that have come before the HSM is asked: whoever comes later waits for the
//! next opening, so that for each request the HSM was asked after it had come.

use super::{Error, Executor};
use crate::admission::Client;
use crate::vault;
use keystead_hsm::Kek;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OnceCell;

/// What came of an opening, once it is over. A failure too is everybody's: who waits for a token that does not answer
/// waits for one call, and not for those of all before.
type Opening = Arc<OnceCell<Result<Arc<Kek>, Arc<vault::Error>>>>;

/// Those that may be joined, by the number of the key-encryption key.
#[derive(Default)]
pub(super) struct Openings(Mutex<BTreeMap<u32, Opening>>);

impl Openings {
    fn to_join(&self) -> MutexGuard<'_, BTreeMap<u32, Opening>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Executor {
    /// A key-encryption key, opened in the HSM unless it is open already.
    pub(super) async fn kek(self: &Arc<Self>, id: u32) -> Result<Arc<Kek>, Error> {
        let opening = Arc::clone(self.openings.to_join().entry(id).or_default());
        let opened = opening.get_or_init(|| async {
            // Another opening may have ended since this request found the key missing.
            let opened = match self.hierarchy.opened_kek(id) {
                Some(kek) => Ok(kek),
                None => {
                    // Whoever is ready to run on this runtime joins before the HSM is asked.
                    tokio::task::yield_now().await;
                    self.open_kek(id).await
                }
            };
            if !self.hierarchy.is_strict() {
                self.openings.to_join().remove(&id);
            }
            opened
        });
        opened.await.clone().map_err(Error::Keys)
    }

    /// Asks the HSM. It is nobody's own: no client's other work is before it.
    async fn open_kek(self: &Arc<Self>, id: u32) -> Result<Arc<Kek>, Arc<vault::Error>> {
        let executor = Arc::clone(self);
        let load = move || {
            if executor.hierarchy.is_strict() {
                executor.openings.to_join().remove(&id);
            }
            executor.hierarchy.load(id)
        };
        let opened = self.run_outside(&Client::Server, load).await;
        opened.unwrap_or_else(|panic| Err(vault::Error::Failed(panic.to_string()))).map_err(Arc::new)
    }
}
