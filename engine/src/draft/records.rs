//! What a draft keeps for later requests: asynchronous requests, data that comes in parts, tickets.

use super::Draft;
use crate::asynchronous::record::Record as AsynchronousRecord;
use crate::keyspace;
use crate::need::Need;
use crate::refusal::{Interrupt, OpResult};
use crate::rights::policy;
use crate::rights::tickets::record::Record;
use crate::work;
use crate::world::ValueIdentity;
use bytes::Bytes;
use kmip_codec::SecretBytes;
use kmip_codec::operations::Operation;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

impl Draft<'_> {
    /// What administrators have set for the whole server, by its name.
    pub fn rule(&mut self, name: &str) -> OpResult<Option<Vec<u8>>> {
        let Some(protected) = self.read_row(&keyspace::rule(name))? else { return Ok(None) };
        let id = rule_id(name);
        let rule = self.world.vault.verify(&id, &protected).map_err(|error| self.opened(error, &id))?;
        Ok(Some(rule.to_vec()))
    }

    /// Sets it, under a MAC like the attributes of objects, or takes it away.
    pub fn put_rule(&mut self, name: &str, rule: Option<&[u8]>) -> OpResult<()> {
        policy::authorise_server(self.principal)?;
        let key = keyspace::rule(name);
        self.read_tracked(&key)?;
        let protect = |rule| self.world.vault.protect(&rule_id(name), rule).map_err(Interrupt::Need);
        let protected = rule.map(protect).transpose()?;
        self.put_row(key, protected)?;
        Ok(())
    }

    /// Creation time and identifier of the member of a group that was the default of this client last.
    pub fn default_member(&mut self, group: &str) -> OpResult<Option<(u64, String)>> {
        let kept = self.read_row(&keyspace::default_member(&self.principal.name, group))?;
        let member = |bytes: &[u8]| {
            let (created, id) = bytes.split_first_chunk::<8>()?;
            Some((u64::from_be_bytes(*created), String::from_utf8(id.to_vec()).ok()?))
        };
        Ok(kept.as_deref().and_then(member))
    }

    /// Notes which member it is now.
    pub fn put_default_member(&mut self, group: &str, (created, id): (u64, &str)) -> OpResult<()> {
        let key = keyspace::default_member(&self.principal.name, group);
        self.read_tracked(&key)?;
        self.put_row(key, Some([&created.to_be_bytes(), id.as_bytes()].concat()))?;
        Ok(())
    }

    /// The asynchronous request at a place.
    pub fn asynchronous(&mut self, place: &[u8]) -> OpResult<Option<AsynchronousRecord>> {
        let Some(sealed) = self.read_row(&keyspace::asynchronous(place))? else { return Ok(None) };
        let id = asynchronous_id(place);
        let bytes = self.world.vault.open(&asynchronous_identity(&id), &sealed);
        let bytes = bytes.map_err(|error| self.opened(error, &id))?;
        let record = AsynchronousRecord::decode(&bytes);
        record.map(Some).ok_or_else(|| self.damaged(&id))
    }

    /// Keeps an asynchronous request, sealed: there may be keys in it; or drops it.
    pub fn put_asynchronous(&mut self, place: &[u8], record: Option<&AsynchronousRecord>) -> OpResult<()> {
        let (key, id) = (keyspace::asynchronous(place), asynchronous_id(place));
        self.read_tracked(&key)?;
        let sealed = match record {
            None => None,
            Some(record) => {
                let unwritable = || Interrupt::Need(Need::Failed("a record cannot be written".to_owned()));
                let bytes = record.encode().ok_or_else(unwritable)?;
                Some(self.world.vault.seal(&asynchronous_identity(&id), &bytes).map_err(Interrupt::Need)?)
            }
        };
        self.put_row(key, sealed)?;
        Ok(())
    }

    /// Puts an asynchronous request among those that wait, or takes it away.
    pub fn put_waiting(&mut self, submitted: u64, place: &[u8], waits: bool) -> OpResult<()> {
        let key = keyspace::waiting(submitted, place);
        self.read_tracked(&key)?;
        self.put_row(key, waits.then(Vec::new))?;
        Ok(())
    }

    /// The places of the asynchronous requests of this client.
    pub fn asynchronous_places(&self) -> OpResult<Vec<Vec<u8>>> {
        self.kept_behind(&keyspace::asynchronous(&keyspace::place(&self.principal.name, &[])), 16)
    }

    /// The keys of the tickets of this client.
    pub fn tickets(&self) -> OpResult<Vec<Vec<u8>>> {
        let prefix = keyspace::ticket(&keyspace::place(&self.principal.name, &[]));
        self.kept_behind(&prefix, prefix.len())
    }

    /// Keeps, sealed, the parts that an operation has so far; or drops them.
    pub fn keep_part(&mut self, correlation: &[u8], part: Option<(Operation, SecretBytes)>) -> OpResult<()> {
        let key = keyspace::part(&self.principal.name, correlation);
        self.read_tracked(&key)?;
        let is_kept = part.is_some();
        let sealed = match part {
            None => None,
            Some((operation, bytes)) => {
                let id = self.part_id(correlation);
                Some(self.world.vault.seal(&identity(&id, operation), &bytes).map_err(Interrupt::Need)?)
            }
        };
        self.put_row(key, sealed)?;
        if is_kept { self.check_room() } else { Ok(()) }
    }

    /// The parts that an operation of this client has so far.
    pub fn part(&mut self, correlation: &[u8], operation: Operation) -> OpResult<Option<SecretBytes>> {
        let key = keyspace::part(&self.principal.name, correlation);
        let Some(sealed) = self.read_row(&key)? else { return Ok(None) };
        let id = self.part_id(correlation);
        let part = self.world.vault.open(&identity(&id, operation), &sealed);
        part.map(Some).map_err(|error| self.opened(error, &id))
    }

    /// The correlation values of the operations of this client that have begun and not ended.
    pub fn parts(&self) -> OpResult<Vec<Bytes>> {
        let found = self.kept_behind(&keyspace::part(&self.principal.name, &[]), 0)?;
        Ok(found.into_iter().map(Bytes::from).collect())
    }

    /// What is kept under keys with this prefix, those of this draft included: the keys without the prefix but for its
    /// last bytes.
    pub(super) fn kept_behind(&self, prefix: &[u8], last: usize) -> OpResult<Vec<Vec<u8>>> {
        let mut found = BTreeSet::new();
        let mut collect = |key: &[u8]| {
            found.insert(key.to_vec());
            ControlFlow::Continue(())
        };
        self.world.view.scan(prefix, &mut collect).map_err(Interrupt::Need)?;
        for (key, value) in self.pending.rows(prefix) {
            if value.is_some() {
                found.insert(key.clone());
            } else {
                found.remove(key);
            }
        }
        self.take_time_beside(work::scanning(found.len()))?;
        let behind = |key: Vec<u8>| key.get(prefix.len() - last..).unwrap_or_default().to_vec();
        Ok(found.into_iter().map(behind).collect())
    }

    /// The record of a ticket.
    pub fn ticket(&mut self, key: &[u8]) -> OpResult<Option<Record>> {
        let Some(protected) = self.read_row(key)? else { return Ok(None) };
        let id = ticket_id(key);
        let record = self.world.vault.verify(&id, &protected).map_err(|error| self.opened(error, &id))?;
        let record = serde_json::from_slice(record).map_err(|_| self.damaged(&id))?;
        Ok(Some(record))
    }

    /// Writes or drops the record of a ticket.
    pub fn put_ticket(&mut self, key: Vec<u8>, record: Option<&Record>) -> OpResult<()> {
        self.read_tracked(&key)?;
        let protected = match record {
            None => None,
            Some(record) => {
                let failed = |error: serde_json::Error| Interrupt::Need(Need::Failed(error.to_string()));
                let bytes = serde_json::to_vec(record).map_err(failed)?;
                Some(self.world.vault.protect(&ticket_id(&key), &bytes).map_err(Interrupt::Need)?)
            }
        };
        self.put_row(key, protected)?;
        Ok(())
    }

    fn part_id(&self, correlation: &[u8]) -> String {
        format!("{}/{}", self.principal.name, hex::encode(correlation))
    }
}

/// What the record of a ticket is bound to: no identifier of an object has a slash.
pub(crate) fn ticket_id(key: &[u8]) -> String {
    format!("ticket/{}", hex::encode(key))
}

/// Parts are bound to their client and correlation value, and to their operation, which takes the place of a type.
fn identity(id: &str, operation: Operation) -> ValueIdentity<'_> {
    ValueIdentity { id, object_type: u32::MAX, generation: 0, algorithm: operation.0, length: 0 }
}

/// What the record of an asynchronous request is called.
pub(crate) fn asynchronous_id(place: &[u8]) -> String {
    format!("asynchronous/{}", hex::encode(place))
}

/// Asynchronous requests are bound to their client and correlation value.
pub(crate) fn asynchronous_identity(id: &str) -> ValueIdentity<'_> {
    ValueIdentity { id, object_type: u32::MAX - 1, generation: 0, algorithm: 0, length: 0 }
}

/// Identifiers of objects have no slash: none is like this.
pub(crate) fn rule_id(name: &str) -> String {
    format!("rule/{name}")
}
