//! Stores of older versions: their master keys have no random identifiers, their key-encryption keys no check values,
//! and no list authenticates their rows. Nothing of them is changed; the rows that are new are added in one commit, after
//! everything has been proved.

use super::job;
use super::plan::Plan;
use super::rows::{self, Rows};
use super::{Error, TENANT, commit};
use crate::KeyRing;
use keystead_engine::keyspace;
use keystead_engine::world::Vault as _;
use keystead_hsm::{Epoch, Error as HsmError, Kek, KekIdentity, MasterKeyRef, MasterKeys, SystemEntropy};
use keystead_store::{Database, FORMAT, FORMAT_KEY, Life, Order, Pair};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Adds what an older store lacks.
pub fn migrate(database: &Database, master: &dyn MasterKeys) -> Result<(), Error> {
    let rows = Rows::read(&*database.snapshot()?)?;
    let (store, epoch) = (rows.store_id()?, rows.epoch()?);
    rows.need(&rows::numbered(rows::KEY_CHECK_VALUE, epoch.0))?;
    rows.need(&rows::numbered(rows::KEK, super::FIRST_KEK))?;
    let mut writes: Vec<Pair> = Vec::new();
    for (number, key_check_value) in rows.numbered(rows::KEY_CHECK_VALUE) {
        let key = MasterKeyRef::legacy(Epoch(number));
        master.learn(&key, key_check_value);
        writes.push((rows::numbered(rows::MASTER_KEY, number), Some(key.encode())));
    }
    master.prove(epoch)?;
    let mut first = None;
    for (id, sealed) in rows.numbered(rows::KEK) {
        let kek = proved(database, master, KekIdentity { store, tenant: TENANT, id }, sealed)?;
        writes.push((rows::numbered(rows::CHECK, id), Some(kek.check_value().to_vec())));
        first.get_or_insert(kek);
    }
    let kek = first.ok_or_else(|| Error::Missing(rows::name(rows::KEK)))?;
    writes.extend(plan(database, &rows, epoch)?);
    writes.push((rows::LIST.to_vec(), Some(rows.with(&writes).list(&kek)?)));
    writes.push((FORMAT_KEY.to_vec(), Some(FORMAT.to_be_bytes().to_vec())));
    let upgraded =
        format!("format {} to {FORMAT}: check values of keys, and the list of rows", database.format()?);
    let entries = vec![job::entry_of(&job::at_start("StoreUpgrade"), "Success", upgraded)];
    commit(database, rows.expect_all(&writes), writes, entries)?;
    tracing::info!(
        "the store was made by an older version: its keys have check values now, and its rows a list"
    );
    Ok(())
}

/// A rotation that an older version was cut off at goes on, to a key with an identifier of its own unless the key is in
/// use already. The key that may have been made for it stays where it is.
fn plan(database: &Database, rows: &Rows, epoch: Epoch) -> Result<Option<Pair>, Error> {
    let Some(old) = rows.get(rows::PLAN) else { return Ok(None) };
    let wrong = || Error::Changed(rows::name(rows::PLAN));
    let numbers = u64::from_be_bytes(old.try_into().map_err(|_| wrong())?);
    let (from, to) = (Epoch((numbers >> 32) as u32), Epoch(numbers as u32));
    let key = if to == epoch {
        MasterKeyRef::legacy(to)
    } else if from == epoch && to > from {
        let site = super::site::of(database.life().map(Life::folder));
        MasterKeyRef::random(to, rows.store_id()?, &site, &mut SystemEntropy::default())?
    } else {
        return Err(wrong());
    };
    Ok(Some((rows::PLAN.to_vec(), Some(Plan { from, key }.encode()))))
}

/// Opens a KEK and proves it by what it has sealed: one object's metadata whose MAC it makes is proof enough. A store
/// without objects has nothing to lose; there the HSM must give the same KEK three times.
fn proved(
    database: &Database,
    master: &dyn MasterKeys,
    identity: KekIdentity,
    sealed: &[u8],
) -> Result<Kek, Error> {
    let kek = Arc::new(Kek::open_unchecked(master, identity.clone(), sealed)?);
    let ring = KeyRing::new(identity.id, BTreeMap::from([(identity.id, Arc::clone(&kek))]));
    let prefix = keyspace::object("");
    let (mut seen, mut fits) = (0_u64, false);
    database.snapshot()?.scan(&prefix, Order::Forward, &mut |key, metadata| {
        let id = key.get(prefix.len()..).and_then(|id| std::str::from_utf8(id).ok());
        if metadata.get(1..5) == Some(identity.id.to_be_bytes().as_slice()) {
            seen += 1;
            fits |= id.is_some_and(|id| ring.verify(id, metadata).is_ok());
        }
        if fits { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    drop(ring);
    if seen > 0 && !fits {
        return Err(HsmError::WrongKek(identity.id).into());
    }
    if seen == 0 {
        for _ in 0..2 {
            drop(Kek::open(master, identity.clone(), sealed, &kek.check_value())?);
        }
    }
    Arc::into_inner(kek).ok_or(Error::Conflict)
}
