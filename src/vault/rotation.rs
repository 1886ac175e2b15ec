//! Rotation of the master key: PREPARE, ACTIVATE, REWRAP, VERIFY, RETIRE. Each step is written down in the store
//! before the next begins and can be repeated, so that a rotation that was interrupted goes on at the next start.
//! Records are not touched: only the KEKs, a handful, are sealed anew. Readers choose the key that a blob names, so
//! that everything can be read at every step.
//!
//! The retired key stays in the token: copies of the store from before the rotation need it.

use super::{Error, Hierarchy, key};
use keystead_hsm::{Epoch, Error as HsmError, Kek, epoch_of};
use serde::{Deserialize, Serialize};

/// The master key as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MasterStatus {
    /// What holds the keys.
    pub token: String,
    /// The epoch that new KEKs are sealed under.
    pub epoch: u32,
    /// Every epoch whose key the token holds.
    pub in_token: Vec<u32>,
    /// How many KEKs there are, by the epoch that they are sealed under.
    pub keks: Vec<KekCount>,
    /// The epoch that a rotation is on its way to.
    pub rotating_to: Option<u32>,
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

impl Hierarchy {
    /// How the master key stands.
    pub fn status(&self) -> Result<MasterStatus, Error> {
        let mut keks: Vec<KekCount> = Vec::new();
        for (_, sealed) in self.numbered(key::KEK)? {
            let epoch = epoch_of(&sealed)?.0;
            match keks.iter_mut().find(|count| count.epoch == epoch) {
                Some(count) => count.count += 1,
                None => keks.push(KekCount { epoch, count: 1 }),
            }
        }
        Ok(MasterStatus {
            token: self.describe(),
            epoch: self.epoch()?.0,
            in_token: self.master.epochs()?.into_iter().map(|epoch| epoch.0).collect(),
            keks,
            rotating_to: self.rotation()?.map(|(_, to)| to.0),
        })
    }

    /// Rotates to a new master key. Blocks for as long as the HSM takes.
    pub fn rotate(&self) -> Result<RotationReport, Error> {
        if self.rotation()?.is_none() {
            self.prepare()?;
        }
        self.resume_rotation()?.ok_or(Error::Conflict)
    }

    /// PREPARE: writes down where the rotation goes. The key is made by the next step, which can be repeated.
    fn prepare(&self) -> Result<(), Error> {
        let from = self.epoch()?;
        let to = self.next_epoch(from)?;
        tracing::info!(%from, %to, "rotating the master key");
        self.write(vec![(key::ROTATION.to_vec(), None)], vec![(key::ROTATION.to_vec(), Some(plan(from, to)))])
    }

    /// Goes on with a rotation that was prepared; `None` where there is none.
    pub(super) fn resume_rotation(&self) -> Result<Option<RotationReport>, Error> {
        let Some((from, to)) = self.rotation()? else { return Ok(None) };
        let to = self.activate(from, to)?;
        let rewrapped = self.rewrap(to)?;
        let left_behind = self.left_behind(to)?;
        if left_behind == 0 {
            self.retire(from, to)?;
        }
        let report = RotationReport { from: from.0, to: to.0, rewrapped, left_behind };
        tracing::info!(?report, "rotated the master key");
        Ok(Some(report))
    }

    fn rotation(&self) -> Result<Option<(Epoch, Epoch)>, Error> {
        let Some(plan) = self.get(key::ROTATION)? else { return Ok(None) };
        let numbers: Option<[u8; 8]> = plan.try_into().ok();
        let numbers = u64::from_be_bytes(numbers.ok_or(Error::Missing("rotation plan"))?);
        let (from, to) = ((numbers >> 32) as u32, numbers as u32);
        Ok(Some((Epoch(from), Epoch(to))))
    }

    /// ACTIVATE: makes the new key, proves it, and seals everything new under it from now on. Returns its epoch.
    fn activate(&self, from: Epoch, to: Epoch) -> Result<Epoch, Error> {
        if self.epoch()? == to {
            return Ok(to);
        }
        let canary = match self.master.create(to) {
            Ok(canary) => canary,
            // A try that was interrupted made it, or another store on this token did, or a later state of this store
            // of which this is an old copy. Nobody can tell, so the key stays and the rotation goes past it.
            Err(HsmError::KeyExists(_)) => {
                let next = self.next_epoch(to)?;
                self.write(
                    vec![(key::ROTATION.to_vec(), Some(plan(from, to)))],
                    vec![(key::ROTATION.to_vec(), Some(plan(from, next)))],
                )?;
                return self.activate(from, next);
            }
            Err(error) => return Err(error.into()),
        };
        let (from, number) = (from.0.to_be_bytes().to_vec(), to.0);
        self.write(
            vec![(key::EPOCH.to_vec(), Some(from))],
            vec![
                (key::numbered(key::CANARY, number), Some(canary)),
                (key::EPOCH.to_vec(), Some(number.to_be_bytes().to_vec())),
            ],
        )?;
        Ok(to)
    }

    /// The epoch after this one and after all that the token holds.
    fn next_epoch(&self, present: Epoch) -> Result<Epoch, Error> {
        let last = self.master.epochs()?.last().copied().unwrap_or(present);
        Ok(Epoch(last.max(present).0 + 1))
    }

    /// REWRAP: seals every KEK that is under another epoch under the new one.
    fn rewrap(&self, to: Epoch) -> Result<usize, Error> {
        let mut rewrapped = 0;
        for (id, sealed) in self.numbered(key::KEK)? {
            if epoch_of(&sealed)? == to {
                continue;
            }
            let anew = Kek::reseal(&*self.master, to, &self.kek_identity(id), &sealed)?;
            let place = key::numbered(key::KEK, id);
            self.write(vec![(place.clone(), Some(sealed))], vec![(place, Some(anew))])?;
            rewrapped += 1;
        }
        Ok(rewrapped)
    }

    /// VERIFY: opens every KEK with the new key; counts those under another.
    fn left_behind(&self, to: Epoch) -> Result<usize, Error> {
        let mut left = 0;
        for (id, sealed) in self.numbered(key::KEK)? {
            Kek::open(&*self.master, self.kek_identity(id), &sealed)?;
            left += usize::from(epoch_of(&sealed)? != to);
        }
        Ok(left)
    }

    /// RETIRE: the rotation is done; the plan goes away.
    fn retire(&self, from: Epoch, to: Epoch) -> Result<(), Error> {
        self.write(vec![(key::ROTATION.to_vec(), Some(plan(from, to)))], vec![(key::ROTATION.to_vec(), None)])
    }
}

/// A rotation as the store keeps it.
fn plan(from: Epoch, to: Epoch) -> Vec<u8> {
    [from.0.to_be_bytes(), to.0.to_be_bytes()].concat()
}
