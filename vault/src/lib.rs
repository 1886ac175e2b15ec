//! The key hierarchy of one store: which master key is in use, the KEKs sealed under it, and those held open.
//!
//! The engine gets a [`KeyRing`], which opens and seals with the KEKs that it has and asks for the ones that it lacks;
//! those are opened in the HSM, off the async runtime. In `cached` mode an opened KEK stays in locked memory for a
//! bounded time; in `strict` mode it lives for the requests that had come before the HSM was asked, so that for each request that
//! needs a key the HSM is asked after it has come.

mod audit_key;
pub mod clock;
mod damage;
mod first;
mod job;
mod migration;
mod plan;
mod ring;
mod rotation;
mod rows;
mod site;
mod stored;

pub use damage::Damage;
pub use job::RunningJob;
pub use ring::{Keks, KeyRing};
pub use rotation::{MasterStatus, RotationReport};
pub use stored::Stored;

use job::Jobs;
use keystead_hsm::{Epoch, Error as HsmError, Kek, KekIdentity, MasterKeys};
use keystead_records::audit::Entry;
use keystead_store::{Claim, Database, Error as StoreError, Outcome, Pair, Submission, has_list, is_blank};
use ring::Opened;
use rows::Rows;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The one tenant.
const TENANT: u32 = 0;

/// The number of the KEK that a first start makes.
const FIRST_KEK: u32 = 1;

/// How long opened KEKs are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KekCaching {
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
    /// A master key that the HSM lacks, or that is not what it should be.
    #[error(
        "{error}. The HSM has to have it labelled {label}, with the CKA_ID {id}. If nothing is wrong with the HSM, the store may be \
         that of another HSM: look at `store.path`"
    )]
    MasterKey {
        /// What is wrong.
        error: HsmError,
        /// CKA_LABEL.
        label: String,
        /// CKA_ID, hexadecimal.
        id: String,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store does not hold what it once held. Nothing is made in its place.
    #[error(
        "the store lacks a part that every store has from its first start: {0}. It was lost, and nothing is made in its \
         place, for the keys of this store hang on it. {ADVICE}"
    )]
    Missing(String),
    /// Rows of the hierarchy are not as Keystead wrote them.
    #[error("the store was changed by something else than Keystead: {0}. {ADVICE}")]
    Changed(String),
    /// There is a store file without anything in it, where a store has been.
    #[error("the store is empty, and it was not always: {evidence}. {ADVICE}")]
    Emptied {
        /// What tells of the earlier life.
        evidence: String,
    },
    /// The token has a master key of a store that is not there.
    #[error(
        "there is no store here, and the HSM holds a master key that was made for one at this very place of this machine \
         ({label}). If the disk with the store is not mounted, mount it; if the store is lost, put back a copy. {advice}"
    )]
    Gone {
        /// The label of the key.
        label: String,
        /// How to make a new store all the same.
        advice: String,
    },
    /// A job of this kind is under way.
    #[error("{0}. Wait until it is done; `keystead master status` says how far it is")]
    Running(RunningJob),
    /// A store of an older format is only read.
    #[error(
        "the store has an older format, and this version has not had it open yet: start the server once, which brings it to the \
         present format, or read it without the HSM"
    )]
    Older,
    /// A thread that was to open a key-encryption key did not come back.
    #[error("{0}")]
    Failed(String),
    /// Somebody else changed the hierarchy at the same time.
    #[error("the hierarchy was changed by somebody else at the same time: try again")]
    Conflict,
}

/// What to do about a store that is not whole.
const ADVICE: &str = "Move the folder of the store away and keep it, and put back a copy (docs/configuration.md, Copies of \
                      the store)";

/// The hierarchy of an open store.
pub struct Hierarchy {
    database: Arc<Database>,
    master: Arc<dyn MasterKeys>,
    keep: KekCaching,
    store_id: [u8; 16],
    /// The KEK that new records are sealed under.
    current: u32,
    opened: Mutex<Opened>,
    /// The records that were found damaged.
    damage: Arc<Damage>,
    jobs: Jobs,
}

impl Hierarchy {
    /// Refuses, of a folder that is claimed, what can be refused before a byte of it is written: a store that was lost, one of
    /// another token, one that is not whole. sled cannot be read without writing: of its stores that is found when they are open.
    pub fn judge(claim: &Claim, master: &Arc<dyn MasterKeys>) -> Result<(), Error> {
        let Some(database) = claim.read()? else {
            return if claim.is_new() {
                first::must_be_new(claim.life(), &**master).map(drop)
            } else {
                Ok(())
            };
        };
        let snapshot = database.snapshot()?;
        if is_blank(&*snapshot)? {
            return first::must_be_new(claim.life(), &**master).map(drop);
        }
        database.must_have_a_known_format()?;
        // Before the HSM is asked, which would be blamed for what it cannot have.
        first::must_belong_here(claim.life(), &*snapshot)?;
        if first::was_cut_off(&Rows::read(&*snapshot)?, &*snapshot)? {
            return Ok(());
        }
        if has_list(database.format()?) {
            drop(snapshot);
            Self::prove_what_is_there(Arc::new(database), Arc::clone(master), KekCaching::Strict)?;
        }
        Ok(())
    }

    /// Opens the store of a claimed folder, or makes it, unless it is not the one that belongs there.
    pub fn open_store(claim: Claim) -> Result<Database, Error> {
        let life = claim.life().cloned();
        claim.open_judged(|snapshot| first::must_belong_here(life.as_ref(), snapshot))
    }

    /// Refuses a store that is open to be read where it is not the one that belongs in its place.
    pub fn judge_place(database: &Database) -> Result<(), Error> {
        first::must_belong_here(database.life(), &*database.snapshot()?)
    }

    /// Refuses a folder without a store where the HSM has the master key of one that was there.
    pub fn judge_absence(folder: &Path, master: &dyn MasterKeys) -> Result<(), Error> {
        first::must_not_be_gone(Some(folder), &master.labels()?, String::new())
    }

    /// Opens the hierarchy: proves the master key of the store, its key-encryption key and its rows before anything else.
    /// Makes keys in a new store alone, and adds what a store of an older version lacks.
    pub fn open(
        database: Arc<Database>,
        master: Arc<dyn MasterKeys>,
        keep: KekCaching,
    ) -> Result<Self, Error> {
        Self::make_what_a_new_store_lacks(&database, &*master)?;
        if !has_list(database.format()?) {
            migration::migrate(&database, &*master)?;
        }
        let hierarchy = Self::prove_what_is_there(database, master, keep)?;
        hierarchy.open_journal()?;
        {
            let start = job::at_start(rotation::OPERATION);
            let _job = hierarchy.jobs.begin("the rotation of the master key", &start)?;
            hierarchy.resume_at_start()?;
        }
        hierarchy.database.has_lived(&hierarchy.store_id)?;
        Ok(hierarchy)
    }

    /// Opens the hierarchy of a store that is only read, and proves all of its keys; makes, resumes and writes nothing.
    pub fn open_for_reads(database: Arc<Database>, master: Arc<dyn MasterKeys>) -> Result<Self, Error> {
        if !has_list(database.format()?) {
            return Err(Error::Older);
        }
        let hierarchy = Self::prove_what_is_there(database, master, KekCaching::Strict)?;
        for (kek, _) in hierarchy.rows()?.numbered(rows::KEK) {
            hierarchy.load(kek)?;
        }
        Ok(hierarchy)
    }

    fn prove_what_is_there(
        database: Arc<Database>,
        master: Arc<dyn MasterKeys>,
        keep: KekCaching,
    ) -> Result<Self, Error> {
        let rows = Rows::read(&*database.snapshot()?)?;
        let store_id = rows.store_id()?;
        rows.compare_with_list()?;
        for (epoch, _) in rows.numbered(rows::KEY_CHECK_VALUE) {
            let (key, key_check_value) = rows.master_key(Epoch(epoch))?;
            master.learn(&key, key_check_value);
        }
        let (current, opened, damage, jobs) =
            (rows.list_kek()?, Mutex::default(), Arc::default(), Jobs::default());
        let hierarchy = Self { database, master, keep, store_id, current, opened, damage, jobs };
        rows.master_key(rows.epoch()?)?;
        hierarchy.prove()?;
        rows.prove_list(&*hierarchy.load(current)?)?;
        Ok(hierarchy)
    }

    /// Really opens the key check value of the present master key in the HSM.
    pub fn prove(&self) -> Result<(), Error> {
        let rows = self.rows()?;
        self.master.prove(rows.epoch()?).map_err(|error| rows.named(error))
    }

    /// Whether opened KEKs live for one request.
    pub fn is_strict(&self) -> bool {
        self.keep == KekCaching::Strict
    }

    /// A ring with every KEK, opened in the HSM now: those under master keys of earlier epochs too.
    pub fn ring_opened_anew(&self) -> Result<KeyRing, Error> {
        let rows = self.rows()?;
        let keks = rows.numbered(rows::KEK).map(|(id, _)| Ok((id, self.load(id)?)));
        Ok(KeyRing::new(self.current, keks.collect::<Result<Keks, Error>>()?))
    }

    /// The records that were found damaged.
    pub fn damage(&self) -> &Damage {
        &self.damage
    }

    /// Opens a KEK in the HSM, and compares it with its check value. Blocks.
    pub fn load(&self, id: u32) -> Result<Arc<Kek>, Error> {
        let rows = self.rows()?;
        let (sealed, check) = (rows.need(&rows::numbered(rows::KEK, id))?, rows.check(id)?);
        let open = || Kek::open(&*self.master, self.kek_identity(id), sealed, &check);
        let opened = match open() {
            Err(HsmError::WrongKek(_)) => open(),
            other => other,
        };
        let kek = Arc::new(opened.map_err(|error| rows.named(error))?);
        if let KekCaching::Cached(time) = self.keep {
            self.opened().keep(id, &kek, Instant::now() + time);
        }
        Ok(kek)
    }

    /// What holds the master keys.
    pub fn describe(&self) -> String {
        self.master.describe()
    }

    fn kek_identity(&self, id: u32) -> KekIdentity {
        KekIdentity { store: self.store_id, tenant: TENANT, id }
    }

    fn rows(&self) -> Result<Rows, Error> {
        Rows::read(&*self.database.snapshot()?)
    }

    /// Changes rows, and their list with them, with the audit entries of that.
    fn change(&self, rows: &Rows, writes: Vec<Pair>, entries: Vec<Entry>) -> Result<(), Error> {
        change(&self.database, rows, (writes, entries), &*self.load(self.current)?)
    }
}

/// Changes rows that were read before, and their list with them. Where anybody has changed a row since, the list is
/// another one, and nothing is written.
fn change(
    database: &Database,
    rows: &Rows,
    (mut writes, entries): (Vec<Pair>, Vec<Entry>),
    kek: &Kek,
) -> Result<(), Error> {
    let mut expects = rows.expect_all(&writes);
    expects.push(rows.expect(rows::LIST));
    writes.push((rows::LIST.to_vec(), Some(rows.with(&writes).list(kek)?)));
    commit(database, expects, writes, entries)
}

/// The one place of the hierarchy that commits: rows, together with the audit entries of what they mean.
fn commit(
    database: &Database,
    expects: Vec<Pair>,
    writes: Vec<Pair>,
    entries: Vec<Entry>,
) -> Result<(), Error> {
    let transaction = keystead_store::Transaction { expects, writes };
    match database.commit_blocking(Submission { transaction, entries: entries.into() })? {
        Outcome::Committed => Ok(()),
        Outcome::Conflict => Err(Error::Conflict),
    }
}
