//! Rotation of the master key: PREPARE, ACTIVATE, REWRAP, VERIFY, RETIRE. Each step is written down in the store
//! before the next begins and can be repeated, so that a rotation that was interrupted goes on at the next start, or with
//! the next `keystead master rotate`. The plan names the new key by a random identifier before it is made, so that a key
//! that was made and not yet used is found again. One rotation runs at a time.
//! Records are not touched: only the KEKs, a handful, are sealed anew. Readers choose the key that a blob names, so
//! that everything can be read at every step.
//!
//! The audit has, beside the start and the end of what an administrator asked for: `Resumed` and `Failed` where a start of
//! the server goes on with it, `Activated` in the commit that makes a key the current one, and `Retired` in the commit
//! behind which nothing is under the key of before. The rows that are sealed anew between these two have no entries of
//! their own.
//!
//! The retired key stays in the token: copies of the store from before the rotation need it.

use super::job::RunningJob;
use super::plan::Plan;
use super::rows;
use super::{Error, Hierarchy, commit, site};
use keystead_hsm::{Epoch, Error as HsmError, Kek, MasterKeyRef, MasterKeys, SystemEntropy, epoch_of};
use keystead_records::audit::Entry;
use keystead_store::{Database, Life};
use serde::{Deserialize, Serialize};

/// The master key as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MasterStatus {
    /// What holds the keys.
    pub token: String,
    /// The epoch that new KEKs are sealed under.
    pub epoch: u32,
    /// Every epoch of this store whose key the token holds.
    pub in_token: Vec<u32>,
    /// How many KEKs there are, by the epoch that they are sealed under.
    pub keks: Vec<KekCount>,
    /// The epoch that a rotation is on its way to.
    pub rotating_to: Option<u32>,
    /// The rotation that runs at this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<RunningJob>,
}

/// How many KEKs are under an epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KekCount {
    /// The epoch.
    pub epoch: u32,
    /// How many.
    pub count: usize,
}

/// What a rotation did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RotationReport {
    /// The epoch before.
    pub from: u32,
    /// The epoch now.
    pub to: u32,
    /// How many KEKs were sealed anew.
    pub rewrapped: usize,
    /// How many KEKs are still under the old epoch: 0, or the rotation is not done.
    pub left_behind: usize,
}

/// What the audit calls a rotation, as the administrative operation is called.
pub const OPERATION: &str = "MasterRotate";

/// How often another identifier is planned where several keys have the one that was.
const IDENTIFIERS_MAX: usize = 10;

impl Hierarchy {
    /// How the master key stands.
    pub fn status(&self) -> Result<MasterStatus, Error> {
        let (rows, running) = self.jobs.looked_at(|| self.rows());
        let (rows, mut keks) = (rows?, Vec::<KekCount>::new());
        for (_, sealed) in rows.numbered(rows::KEK) {
            let epoch = epoch_of(sealed)?.0;
            match keks.iter_mut().find(|count| count.epoch == epoch) {
                Some(count) => count.count += 1,
                None => keks.push(KekCount { epoch, count: 1 }),
            }
        }
        let mut in_token = Vec::new();
        for (epoch, _) in rows.numbered(rows::MASTER_KEY) {
            if self.master.holds(Epoch(epoch))? {
                in_token.push(epoch);
            }
        }
        Ok(MasterStatus {
            token: self.describe(),
            epoch: rows.epoch()?.0,
            in_token,
            keks,
            rotating_to: rows.plan()?.map(|plan| plan.key.epoch.0),
            running,
        })
    }

    /// Rotates to a new master key. `start` is the audit entry of who asked for it; a second one is told the name. Blocks for
    /// as long as the HSM takes.
    pub fn rotate(&self, start: &Entry) -> Result<RotationReport, Error> {
        let _job = self.jobs.begin("the rotation of the master key", start)?;
        if self.rows()?.plan()?.is_none() {
            self.prepare()?;
        }
        self.resume_rotation()?.ok_or(Error::Conflict)
    }

    /// PREPARE: writes down where the rotation goes, and which key it will make.
    fn prepare(&self) -> Result<(), Error> {
        self.jobs.step("PREPARE: writing down the plan".to_owned());
        let rows = self.rows()?;
        let from = rows.epoch()?;
        let (to, site) = (Epoch(from.0 + 1), site::of(self.database.life().map(Life::folder)));
        let key = MasterKeyRef::random(to, rows.store_id()?, &site, &mut SystemEntropy::default())?;
        tracing::info!(%from, %to, id = key.id_text(), "rotating the master key");
        // No key is made yet; what is made has its entry.
        self.change(&rows, vec![(rows::PLAN.to_vec(), Some(Plan { from, key }.encode()))], Vec::new())
    }

    /// Goes on with a rotation that was cut off. That it does, and that it could not, is in the audit.
    pub(super) fn resume_at_start(&self) -> Result<(), Error> {
        let Some(plan) = self.rows()?.plan()? else { return Ok(()) };
        let what = format!("epoch {} to {}, key {}", plan.from, plan.key.epoch, plan.key.label);
        commit(&self.database, Vec::new(), Vec::new(), self.jobs.entry("Resumed", what))?;
        self.resume_rotation().map(drop).inspect_err(|error| {
            let entry = self.jobs.entry("Failed", error.to_string());
            // Where the store is what fails, the log has it alone.
            let _ = commit(&self.database, Vec::new(), Vec::new(), entry);
        })
    }

    /// Goes on with a rotation that was prepared; `None` where there is none.
    pub(super) fn resume_rotation(&self) -> Result<Option<RotationReport>, Error> {
        let Some(plan) = self.rows()?.plan()? else { return Ok(None) };
        let (from, to) = (plan.from, plan.key.epoch);
        self.activate(plan)?;
        let rewrapped = self.rewrap(to)?;
        let left_behind = self.left_behind(to)?;
        if left_behind == 0 {
            self.retire(from, to)?;
        }
        let report = RotationReport { from: from.0, to: to.0, rewrapped, left_behind };
        tracing::info!(?report, "rotated the master key");
        Ok(Some(report))
    }

    /// ACTIVATE: makes the new key, proves it, and seals everything new under it from now on.
    fn activate(&self, plan: Plan) -> Result<(), Error> {
        let (rows, number) = (self.rows()?, plan.key.epoch.0);
        if rows.epoch()?.0 == number {
            return Ok(());
        }
        self.jobs.step(format!("ACTIVATE: making the master key of epoch {number}"));
        let (key, key_check_value) = make_key(&self.database, &*self.master, plan, |plan| {
            self.change(&self.rows()?, vec![(rows::PLAN.to_vec(), Some(plan.encode()))], Vec::new())
        })?;
        self.change(
            &self.rows()?,
            vec![
                (rows::numbered(rows::MASTER_KEY, number), Some(key.encode())),
                (rows::numbered(rows::KEY_CHECK_VALUE, number), Some(key_check_value)),
                (rows::EPOCH.to_vec(), Some(number.to_be_bytes().to_vec())),
            ],
            self.jobs.entry("Activated", format!("epoch {number}, key {}", key.label)),
        )
    }

    /// REWRAP: seals every KEK that is under another epoch under the new one.
    fn rewrap(&self, to: Epoch) -> Result<usize, Error> {
        let (ids, mut rewrapped) = (self.kek_ids()?, 0);
        for (turn, id) in ids.iter().enumerate() {
            self.jobs.step(format!("REWRAP: key-encryption key {} of {}", turn + 1, ids.len()));
            let (rows, place) = (self.rows()?, rows::numbered(rows::KEK, *id));
            let (sealed, check) = (rows.need(&place)?, rows.check(*id)?);
            if epoch_of(sealed)? == to {
                continue;
            }
            let anew = Kek::reseal(&*self.master, to, &self.kek_identity(*id), sealed, &check);
            let anew = anew.map_err(|error| rows.named(error))?;
            self.change(&rows, vec![(place, Some(anew))], Vec::new())?;
            rewrapped += 1;
        }
        Ok(rewrapped)
    }

    /// VERIFY: opens every KEK with the new key; counts those under another.
    fn left_behind(&self, to: Epoch) -> Result<usize, Error> {
        self.jobs.step("VERIFY: opening every key-encryption key".to_owned());
        let (rows, mut left) = (self.rows()?, 0);
        for (id, sealed) in rows.numbered(rows::KEK) {
            let opened = Kek::open(&*self.master, self.kek_identity(id), sealed, &rows.check(id)?);
            opened.map_err(|error| rows.named(error))?;
            left += usize::from(epoch_of(sealed)? != to);
        }
        Ok(left)
    }

    /// RETIRE: the rotation is done; the plan goes away.
    fn retire(&self, from: Epoch, to: Epoch) -> Result<(), Error> {
        self.jobs.step("RETIRE: the plan is done".to_owned());
        let rows = self.rows()?;
        let keks = rows.numbered(rows::KEK).count();
        let retired = format!("epoch {from}; key-encryption keys under epoch {to}: {keks}");
        self.change(&rows, vec![(rows::PLAN.to_vec(), None)], self.jobs.entry("Retired", retired))
    }

    fn kek_ids(&self) -> Result<Vec<u32>, Error> {
        Ok(self.rows()?.numbered(rows::KEK).map(|(id, _)| id).collect())
    }
}

/// Makes the key of a plan, or takes up the one that an attempt before has made. Where several keys have its identifier,
/// as when a copy of this store made one from the same plan, nobody can tell which is whose: all stay, and another
/// identifier is planned. Gives the key and its key check value.
pub(super) fn make_key(
    database: &Database,
    master: &dyn MasterKeys,
    mut plan: Plan,
    write: impl Fn(&Plan) -> Result<(), Error>,
) -> Result<(MasterKeyRef, Vec<u8>), Error> {
    for _ in 0..IDENTIFIERS_MAX {
        match master.create(&plan.key) {
            Err(HsmError::KeyExists(epoch)) => {
                let store = plan.key.store.ok_or(HsmError::KeyExists(epoch))?;
                plan.key = MasterKeyRef::random(
                    epoch,
                    store,
                    &site::of(database.life().map(Life::folder)),
                    &mut SystemEntropy::default(),
                )?;
                write(&plan)?;
            }
            made => return Ok((plan.key, made?)),
        }
    }
    Err(HsmError::KeyExists(plan.key.epoch).into())
}
