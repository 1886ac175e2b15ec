//! The key hierarchy of one store: which master key is in use, the KEKs sealed under it, and those held open.
//!
//! The engine gets a [`KeyRing`], which opens and seals with the KEKs that it has and asks for the ones that it lacks;
//! those are opened in the HSM, off the async runtime. In `cached` mode an opened KEK stays in locked memory for a
//! bounded time; in `strict` mode it lives for one request, so that every request that needs a key asks the HSM.

mod damage;
mod ring;
mod rotation;

pub use damage::Damage;
pub use ring::KeyRing;
pub use rotation::{MasterStatus, RotationReport};

use crate::store::{Database, Error as StoreError, Order, Outcome, Pair, Submission};
use keystead_hsm::{Entropy as _, Epoch, Error as HsmError, Kek, KekIdentity, MasterKeys, SystemEntropy};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The one tenant.
const TENANT: u32 = 0;

/// Keys of the store that belong to the hierarchy.
mod key {
    pub const STORE_ID: &[u8] = b"vi";
    pub const EPOCH: &[u8] = b"ve";
    pub const CANARY: &[u8] = b"vc";
    pub const KEK: &[u8] = b"vk";
    pub const ROTATION: &[u8] = b"vr";

    pub fn numbered(prefix: &[u8], number: u32) -> Vec<u8> {
        [prefix, number.to_be_bytes().as_slice()].concat()
    }
}

/// How long opened KEKs are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keep {
    /// In locked memory, for this long.
    Cached(Duration),
    /// For one request.
    Strict,
}

/// What can go wrong with the hierarchy.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The HSM.
    #[error(transparent)]
    Hsm(#[from] HsmError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store does not hold what it must.
    #[error("the store lacks its {0}: it is damaged, or was not written by Keystead")]
    Missing(&'static str),
    /// Somebody else changed the hierarchy at the same time.
    #[error("the hierarchy was changed by somebody else at the same time: try again")]
    Conflict,
}

/// The hierarchy of an open store.
pub struct Hierarchy {
    database: Arc<Database>,
    master: Arc<dyn MasterKeys>,
    keep: Keep,
    store_id: [u8; 16],
    /// The KEK that new records are sealed under.
    current: u32,
    opened: Mutex<BTreeMap<u32, (Arc<Kek>, Instant)>>,
    /// The records that were found damaged.
    damage: Arc<Damage>,
}

impl Hierarchy {
    /// Opens the hierarchy: proves the master key of the store before anything else, and makes what a new store lacks.
    pub fn open(database: Arc<Database>, master: Arc<dyn MasterKeys>, keep: Keep) -> Result<Self, Error> {
        let store_id = store_id(&database)?;
        let hierarchy = Self {
            database,
            master,
            keep,
            store_id,
            current: 1,
            opened: Mutex::default(),
            damage: Arc::default(),
        };
        hierarchy.learn_canaries()?;
        if hierarchy.get(key::EPOCH)?.is_none() {
            hierarchy.first_epoch()?;
        }
        hierarchy.master.prove(hierarchy.epoch()?)?;
        hierarchy.resume_rotation()?;
        if hierarchy.sealed_kek(hierarchy.current)?.is_none() {
            hierarchy.first_kek()?;
        }
        Ok(hierarchy)
    }

    /// Really opens the canary of the present master key in the HSM.
    pub fn prove(&self) -> Result<(), Error> {
        Ok(self.master.prove(self.epoch()?)?)
    }

    /// The KEKs that are open now, for one request.
    pub fn ring(&self) -> KeyRing {
        let now = Instant::now();
        let mut opened = self.opened();
        if let Keep::Cached(time) = self.keep {
            opened.retain(|_, (_, since)| now.duration_since(*since) < time);
        }
        let keks = opened.iter().map(|(id, (kek, _))| (*id, Arc::clone(kek))).collect();
        KeyRing::new(self.current, keks).noting(&self.damage)
    }

    /// A ring with the present KEK alone, opened in the HSM now.
    pub fn ring_opened_anew(&self) -> Result<KeyRing, Error> {
        let kek = self.load(self.current)?;
        Ok(KeyRing::new(self.current, BTreeMap::from([(self.current, kek)])))
    }

    /// The records that were found damaged.
    pub fn damage(&self) -> &Damage {
        &self.damage
    }

    /// Opens a KEK in the HSM. Blocks.
    pub fn load(&self, id: u32) -> Result<Arc<Kek>, Error> {
        let sealed = self.sealed_kek(id)?.ok_or(Error::Missing("key-encryption key"))?;
        let kek = Arc::new(Kek::open(&*self.master, self.kek_identity(id), &sealed)?);
        if matches!(self.keep, Keep::Cached(_)) {
            self.opened().insert(id, (Arc::clone(&kek), Instant::now()));
        }
        Ok(kek)
    }

    /// What holds the master keys.
    pub fn describe(&self) -> String {
        self.master.describe()
    }

    fn opened(&self) -> MutexGuard<'_, BTreeMap<u32, (Arc<Kek>, Instant)>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kek_identity(&self, id: u32) -> KekIdentity {
        KekIdentity { store: self.store_id, tenant: TENANT, id }
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.database.snapshot()?.get(key)?)
    }

    fn epoch(&self) -> Result<Epoch, Error> {
        let bytes = self.get(key::EPOCH)?.and_then(|bytes| bytes.try_into().ok());
        bytes.map(|bytes| Epoch(u32::from_be_bytes(bytes))).ok_or(Error::Missing("master-key epoch"))
    }

    fn sealed_kek(&self, id: u32) -> Result<Option<Vec<u8>>, Error> {
        self.get(&key::numbered(key::KEK, id))
    }

    /// Numbers and values of all keys with a prefix.
    fn numbered(&self, prefix: &[u8]) -> Result<Vec<(u32, Vec<u8>)>, Error> {
        let mut all = Vec::new();
        self.database.snapshot()?.scan(prefix, Order::Forward, &mut |key, value| {
            let number = key.get(prefix.len()..).and_then(|number| number.try_into().ok());
            all.extend(number.map(|number| (u32::from_be_bytes(number), value.to_vec())));
            ControlFlow::Continue(())
        })?;
        Ok(all)
    }

    fn write(&self, expects: Vec<Pair>, writes: Vec<Pair>) -> Result<(), Error> {
        commit(&self.database, expects, writes)
    }

    fn learn_canaries(&self) -> Result<(), Error> {
        for (epoch, canary) in self.numbered(key::CANARY)? {
            self.master.learn(Epoch(epoch), &canary);
        }
        Ok(())
    }

    /// Makes the first master key of a new store. A token that has keys of other stores gets the next number.
    fn first_epoch(&self) -> Result<(), Error> {
        let epoch = Epoch(self.master.epochs()?.last().map_or(1, |last| last.0 + 1));
        let canary = self.master.create(epoch)?;
        tracing::warn!(
            "made the first master key in {}. Whoever loses this token loses every key of this store: \
             there are no backups yet",
            self.master.describe()
        );
        if epoch > Epoch(1) {
            tracing::warn!(
                "this store is new and empty, and the token has master keys of other stores already. If a store with \
                 keys was to be opened, stop the server: `store.path` names another folder"
            );
        }
        self.write(
            vec![(key::EPOCH.to_vec(), None)],
            vec![
                (key::EPOCH.to_vec(), Some(epoch.0.to_be_bytes().to_vec())),
                (key::numbered(key::CANARY, epoch.0), Some(canary)),
            ],
        )
    }

    fn first_kek(&self) -> Result<(), Error> {
        let identity = self.kek_identity(self.current);
        let (sealed, _) =
            Kek::generate(&*self.master, self.epoch()?, identity, &mut SystemEntropy::default())?;
        let key = key::numbered(key::KEK, self.current);
        self.write(vec![(key.clone(), None)], vec![(key, Some(sealed))])
    }
}

/// The random identifier of a store, made with it.
fn store_id(database: &Database) -> Result<[u8; 16], Error> {
    if let Some(id) = database.snapshot()?.get(key::STORE_ID)? {
        return id.try_into().map_err(|_| Error::Missing("identifier"));
    }
    let mut id = [0; 16];
    SystemEntropy::default().fill(&mut id)?;
    commit(
        database,
        vec![(key::STORE_ID.to_vec(), None)],
        vec![(key::STORE_ID.to_vec(), Some(id.to_vec()))],
    )?;
    Ok(id)
}

fn commit(database: &Database, expects: Vec<Pair>, writes: Vec<Pair>) -> Result<(), Error> {
    let transaction = crate::store::Transaction { expects, writes };
    match database.commit_blocking(Submission { transaction, entries: Vec::new() })? {
        Outcome::Committed => Ok(()),
        Outcome::Conflict => Err(Error::Conflict),
    }
}
