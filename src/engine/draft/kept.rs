//! What a draft keeps for later requests: answers to poll for, data that comes in parts, tickets.

use super::{Draft, opened};
use crate::engine::keys;
use crate::engine::need::Need;
use crate::engine::refusal::{Halt, Step};
use crate::engine::tickets::Record;
use crate::engine::world::{OpenError, ValueIdentity};
use bytes::Bytes;
use kmip_codec::SecretBytes;
use kmip_codec::operations::Operation;
use std::ops::ControlFlow;

impl Draft<'_> {
    /// Keeps the answer of an asynchronous request for [`take_answer`](Self::take_answer).
    pub fn put_answer(&mut self, correlation: &[u8], answer: Vec<u8>) {
        let key = keys::pending_answer(&self.principal.name, correlation);
        self.seen.entry(key.clone()).or_insert(None);
        self.pending.kept.insert(key, Some(answer));
    }

    /// Takes a kept answer away; each is given once.
    pub fn take_answer(&mut self, correlation: &[u8]) -> Step<Option<Vec<u8>>> {
        let key = keys::pending_answer(&self.principal.name, correlation);
        let kept = self.kept(&key)?;
        if kept.is_some() {
            self.pending.kept.insert(key, None);
        }
        Ok(kept)
    }

    /// Keeps, sealed, the parts that an operation has so far; or drops them.
    pub fn keep_part(&mut self, correlation: &[u8], part: Option<(Operation, SecretBytes)>) -> Step<()> {
        let key = keys::part(&self.principal.name, correlation);
        self.see(&key)?;
        let sealed = match part {
            None => None,
            Some((operation, bytes)) => {
                let id = self.part_id(correlation);
                Some(self.world.vault.seal(&identity(&id, operation), &bytes).map_err(Halt::Need)?)
            }
        };
        self.pending.kept.insert(key, sealed);
        Ok(())
    }

    /// The parts that an operation of this client has so far.
    pub fn part(&mut self, correlation: &[u8], operation: Operation) -> Step<Option<SecretBytes>> {
        let key = keys::part(&self.principal.name, correlation);
        let Some(sealed) = self.kept(&key)? else { return Ok(None) };
        let id = self.part_id(correlation);
        let part = self.world.vault.open(&identity(&id, operation), &sealed);
        part.map(Some).map_err(|error| opened(error, &id))
    }

    /// The correlation values of the operations of this client that have begun and not ended.
    pub fn parts(&self) -> Step<Vec<Bytes>> {
        let prefix = keys::part(&self.principal.name, &[]);
        let mut found = Vec::new();
        let mut collect = |key: &[u8]| {
            found.extend(key.get(prefix.len()..).map(Bytes::copy_from_slice));
            ControlFlow::Continue(())
        };
        self.world.view.scan(&prefix, &mut collect).map_err(Halt::Need)?;
        Ok(found)
    }

    /// The record of a ticket.
    pub fn ticket(&mut self, key: &[u8]) -> Step<Option<Record>> {
        let Some(protected) = self.kept(key)? else { return Ok(None) };
        let id = ticket_id(key);
        let record = self.world.vault.verify(&id, &protected).map_err(|error| opened(error, &id))?;
        let record = serde_json::from_slice(&record).map_err(|_| opened(OpenError::Tampered, &id))?;
        Ok(Some(record))
    }

    /// Writes or drops the record of a ticket.
    pub fn put_ticket(&mut self, key: Vec<u8>, record: Option<&Record>) -> Step<()> {
        self.see(&key)?;
        let protected = match record {
            None => None,
            Some(record) => {
                let failed = |error: serde_json::Error| Halt::Need(Need::Failed(error.to_string()));
                let bytes = serde_json::to_vec(record).map_err(failed)?;
                Some(self.world.vault.protect(&ticket_id(&key), &bytes).map_err(Halt::Need)?)
            }
        };
        self.pending.kept.insert(key, protected);
        Ok(())
    }

    fn kept(&mut self, key: &[u8]) -> Step<Option<Vec<u8>>> {
        match self.pending.kept.get(key) {
            Some(pending) => Ok(pending.clone()),
            None => self.see(key),
        }
    }

    fn part_id(&self, correlation: &[u8]) -> String {
        format!("{}/{}", self.principal.name, hex::encode(correlation))
    }
}

/// What the record of a ticket is bound to: no identifier of an object has a slash.
fn ticket_id(key: &[u8]) -> String {
    format!("ticket/{}", hex::encode(key))
}

/// Parts are bound to their client and correlation value, and to their operation, which takes the place of a type.
fn identity(id: &str, operation: Operation) -> ValueIdentity<'_> {
    ValueIdentity { id, object_type: u32::MAX, generation: 0, algorithm: operation.0, length: 0 }
}
