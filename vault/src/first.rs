//! The first start of a new store: its identifier, its first master key and its first key-encryption key. This is the one
//! place that makes them, and it makes them where nothing tells of an earlier life alone: what is missing elsewhere was
//! lost.

use super::job;
use super::plan::Plan;
use super::rows::{self, Rows};
use super::{Error, FIRST_KEK, Hierarchy, TENANT, commit, site};
use keystead_hsm::{
    Entropy as _, Epoch, Kek, KekIdentity, MasterKeyRef, MasterKeys, SystemEntropy, is_of_site,
};
use keystead_records::audit;
use keystead_store::audit_log::NODE_KEY;
use keystead_store::{DRAINED_KEY, Database, FORMAT, FORMAT_KEY, Life, Order, STAMP_KEY, Snapshot, is_blank};
use std::ops::ControlFlow;
use std::path::Path;

/// Refuses to begin where something tells of an earlier life; gives the labels of the master keys in the token.
pub fn must_be_new(life: Option<&Life>, master: &dyn MasterKeys) -> Result<Vec<String>, Error> {
    if let Some(evidence) = life.and_then(Life::evidence) {
        return Err(Error::Emptied { evidence: evidence.to_owned() });
    }
    let labels = master.labels()?;
    if !life.is_some_and(Life::begins_anew) {
        must_not_be_gone(life.map(Life::folder), &labels, life.map(Life::advice).unwrap_or_default())?;
    }
    Ok(labels)
}

/// Refuses, before anything is committed to it, a store that is not the one that belongs in its place, and one that keeps
/// something where the operator asks for a new one.
pub fn must_belong_here(life: Option<&Life>, snapshot: &dyn Snapshot) -> Result<(), Error> {
    let Some(life) = life else { return Ok(()) };
    if is_blank(snapshot)? {
        return Ok(());
    }
    let rows = Rows::read(snapshot)?;
    if life.begins_anew() {
        let is_first = was_cut_off(&rows, snapshot)?;
        return Ok(life.must_not_begin_anew(!is_first && keeps_something(snapshot)?)?);
    }
    // A store that lacks its identifier is judged by what it lacks.
    rows.store_id().map_or(Ok(()), |store| Ok(life.must_be(&store)?))
}

/// Whether a store holds anything but the keys of the hierarchy and what is said of them.
fn keeps_something(snapshot: &dyn Snapshot) -> Result<bool, Error> {
    let mut keeps = false;
    snapshot.scan(b"", Order::Forward, &mut |key, _| {
        keeps = ![FORMAT_KEY, STAMP_KEY, DRAINED_KEY, NODE_KEY].contains(&key)
            && !key.starts_with(rows::PREFIX)
            && !key.starts_with(audit::PREFIX)
            && !key.starts_with(audit::old::PREFIX);
        if keeps { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(keeps)
}

/// Refuses a place without a store for which one of these master keys was made.
pub fn must_not_be_gone(folder: Option<&Path>, labels: &[String], advice: String) -> Result<(), Error> {
    let site = site::of(folder);
    match labels.iter().find(|label| is_of_site(label, &site)) {
        Some(label) => Err(Error::Gone { label: label.clone(), advice }),
        None => Ok(()),
    }
}

/// Writes down the identifier of a new store and which key will be its first master key.
pub fn begin(database: &Database, master: &dyn MasterKeys) -> Result<(), Error> {
    let labels = must_be_new(database.life(), master)?;
    let site = site::of(database.life().map(Life::folder));
    if !labels.is_empty() {
        tracing::warn!(
            "this store is new and empty, and the token has master keys of other stores already. If a store with keys was \
             to be opened, stop the server: `store.path` names another folder"
        );
    }
    let mut store = [0; 16];
    SystemEntropy::default().fill(&mut store)?;
    let key = MasterKeyRef::random(Epoch(1), store, &site, &mut SystemEntropy::default())?;
    let plan = Plan { from: Epoch(0), key };
    let rows = [(rows::STORE_ID, store.to_vec()), (rows::PLAN, plan.encode())];
    commit(
        database,
        rows.iter().map(|(key, _)| (key.to_vec(), None)).collect(),
        rows.iter().map(|(key, value)| (key.to_vec(), Some(value.clone()))).collect(),
        // Nothing is made yet; what is made has its entry.
        Vec::new(),
    )
}

/// Makes the keys of a first start that was begun.
pub fn finish(database: &Database, master: &dyn MasterKeys) -> Result<(), Error> {
    let rows = Rows::read(&*database.snapshot()?)?;
    let plan = rows.plan()?.ok_or_else(|| Error::Missing(rows::name(rows::PLAN)))?;
    let (key, key_check_value) = super::rotation::make_key(database, master, plan, |plan| {
        let (was, now) = (rows.expect(rows::STORE_ID), (rows::PLAN.to_vec(), Some(plan.encode())));
        commit(database, vec![was], vec![now], Vec::new())
    })?;
    let identity = KekIdentity { store: rows.store_id()?, tenant: TENANT, id: FIRST_KEK };
    let (sealed, kek) = Kek::generate(master, key.epoch, identity, &mut SystemEntropy::default())?;
    let number = key.epoch.0;
    let writes = vec![
        (rows::EPOCH.to_vec(), Some(number.to_be_bytes().to_vec())),
        (rows::numbered(rows::MASTER_KEY, number), Some(key.encode())),
        (rows::numbered(rows::KEY_CHECK_VALUE, number), Some(key_check_value)),
        (rows::numbered(rows::KEK, FIRST_KEK), Some(sealed)),
        (rows::numbered(rows::CHECK, FIRST_KEK), Some(kek.check_value().to_vec())),
        (rows::PLAN.to_vec(), None),
        (FORMAT_KEY.to_vec(), Some(FORMAT.to_be_bytes().to_vec())),
    ];
    // Read again: where the identifier of the key was taken, the plan names another one by now.
    let rows = Rows::read(&*database.snapshot()?)?;
    let made = format!("epoch {number}, key {}", key.label);
    let entries = vec![job::entry_of(&job::at_start("MasterCreate"), "Success", made)];
    super::change(database, &rows, (writes, entries), &kek)?;
    tracing::warn!(
        "made the first master key in {}. Whoever loses this token loses every key of this store: there are no backups yet",
        master.describe()
    );
    Ok(())
}

/// Whether rows are those of a first start that was cut off, in a store that holds nothing else.
pub fn was_cut_off(rows: &Rows, snapshot: &dyn Snapshot) -> Result<bool, Error> {
    let mut others = false;
    snapshot.scan(b"", Order::Forward, &mut |key, _| {
        others |= ![FORMAT_KEY, STAMP_KEY, NODE_KEY, rows::STORE_ID, rows::PLAN].contains(&key);
        if others { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(!others && rows.are_of_a_first_start() && rows.plan()?.is_some_and(|plan| plan.from == Epoch(0)))
}

/// So that `Hierarchy` need not know in which order.
impl Hierarchy {
    pub(super) fn make_what_a_new_store_lacks(
        database: &Database,
        master: &dyn MasterKeys,
    ) -> Result<(), Error> {
        let blank = is_blank(&*database.snapshot()?)?;
        if blank {
            begin(database, master)?;
        }
        let snapshot = database.snapshot()?;
        let cut_off = was_cut_off(&Rows::read(&*snapshot)?, &*snapshot)?;
        drop(snapshot);
        if cut_off { finish(database, master) } else { Ok(()) }
    }
}
