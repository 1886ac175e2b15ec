//! Openings of key-encryption keys in the HSM: however many requests wait for one, the HSM is asked once, and all hear
//! what came of it. In strict mode that is so of requests that have come before the HSM is asked: whoever comes later waits for the
//! next opening, so that for each request the HSM was asked after it had come.

use super::{Error, Executor};
use crate::admission::Client;
use crate::vault::{self, KeyRing};
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

    /// Lets nobody join this one any more. Another of the same key stays.
    fn close(&self, id: u32, opening: &Opening) {
        let mut to_join = self.to_join();
        if to_join.get(&id).is_some_and(|known| Arc::ptr_eq(known, opening)) {
            to_join.remove(&id);
        }
    }
}

impl Executor {
    /// Adds this key to the keys of a run that is going to need it, so that it does not run in vain until it finds that out; or tells why
    /// it cannot be opened, which is nothing to a run that turns out to do without it.
    pub(super) async fn open_ahead(self: &Arc<Self>, id: u32, ring: &mut KeyRing) -> Option<(u32, Error)> {
        match self.kek(id).await {
            Ok(kek) => {
                ring.add(kek);
                None
            }
            Err(error) => Some((id, error)),
        }
    }

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
                    self.open_kek(id, &opening).await
                }
            };
            // Also where the HSM was never asked: a failure is not for those who come later.
            self.openings.close(id, &opening);
            opened
        });
        opened.await.clone().map_err(Error::Keys)
    }

    /// Asks the HSM. It is nobody's own: no client's other work is before it.
    async fn open_kek(self: &Arc<Self>, id: u32, opening: &Opening) -> Result<Arc<Kek>, Arc<vault::Error>> {
        let (executor, opening) = (Arc::clone(self), Arc::clone(opening));
        let load = move || {
            if executor.hierarchy.is_strict() {
                executor.openings.close(id, &opening);
            }
            executor.hierarchy.load(id)
        };
        let opened = self.run_outside(&Client::Server, load).await;
        opened.unwrap_or_else(|panic| Err(vault::Error::Failed(panic.to_string()))).map_err(Arc::new)
    }
}
