//! The changes of a batch before they are committed: reads go through to the store, writes are only collected.
//!
//! [`Draft::object`] is the only way to an object, and it asks the policy first, so that no operation can forget
//! to. What a draft has read and written becomes one transaction that fails as a whole when another was faster.

mod callers;
mod candidates;
mod claims;
mod clients;
mod handing;
pub mod logins;
mod pending;
mod reading;
pub(crate) mod records;

pub use callers::still_let_in;
pub use candidates::Age;
pub use pending::{Position, Savepoint, Undone};

use crate::changes::Changes;
use crate::keyspace;
use crate::lifecycle::rotation;
use crate::need::Need;
use crate::objects::object::Object;
use crate::refusal::{Cause, Interrupt, OpResult, not_found, refuse};
use crate::rights::grant::Grant;
use crate::rights::identity::{CertificatePath, Identity};
use crate::rights::persona::Names;
use crate::rights::policy;
use crate::rights::principal::Principal;
use crate::work::{self, Meter};
use crate::world::{ValueIdentity, World};
use kmip_codec::operations::Operation;
use kmip_codec::{SecretBytes, attribute};
use pending::Pending;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Reads through, writes into.
pub struct Draft<'a> {
    world: &'a World<'a>,
    principal: &'a Principal,
    pending: Pending,
    /// The objects that are to be written, as the store has them: what is expected and what index entries go away.
    stored: BTreeMap<String, Stored>,
    /// Other keys that are to be written, as the store has them.
    seen: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// Rows that must stay as they are, beside those of who asks.
    relied_rows: BTreeSet<Vec<u8>>,
    /// Who else must still be let in, beside who asks.
    relied_identities: Vec<&'a Identity>,
    /// The objects that were read last.
    recent: VecDeque<(String, Stored)>,
    /// How many objects were looked at one after another.
    looked_at: usize,
    /// What the draft asks of a processor, where it is bounded.
    meter: Option<Meter>,
}

/// An object of the store with its record; `None` where there is none.
type Stored = Option<(Object, Vec<u8>)>;

/// The most that the attributes of one object may have, in bytes of their record.
const OBJECT_BYTES_MAX: usize = 1 << 20;

impl<'a> Draft<'a> {
    /// An empty draft for one principal.
    pub fn new(world: &'a World<'a>, principal: &'a Principal) -> Self {
        let (pending, recent) = (Pending::default(), VecDeque::new());
        let (stored, seen) = (BTreeMap::new(), BTreeMap::new());
        let (relied_rows, relied_identities) = (BTreeSet::new(), Vec::new());
        Self {
            world,
            principal,
            pending,
            stored,
            seen,
            relied_rows,
            relied_identities,
            recent,
            looked_at: 0,
            meter: None,
        }
    }

    /// The same within what a ticket allows.
    pub fn granted(world: &'a World<'a>, principal: &'a Principal, grant: Option<Grant>) -> Self {
        let mut draft = Self::new(world, principal);
        draft.pending.grant = grant;
        draft
    }

    /// What the ticket of the message still allows; `None` without a ticket.
    pub fn grant(&mut self) -> Option<&mut Grant> {
        self.pending.grant.as_mut()
    }

    /// What the draft is based on.
    pub fn world(&self) -> &'a World<'a> {
        self.world
    }

    /// Whose draft it is.
    pub fn principal(&self) -> &'a Principal {
        self.principal
    }

    /// The object, if the principal may do this with it; its state as the dates have it now.
    pub fn object(&mut self, id: &str, operation: Operation) -> OpResult<Object> {
        let Some(mut object) = self.find(id)? else {
            return Err(not_found(id).into());
        };
        policy::authorise(self.principal, self.pending.grant.as_mut(), operation, &object)?;
        if self.pending.grant.as_ref().is_some_and(|grant| grant.is_lent) && logins::has(self, &object)? {
            return Err(not_found(id).into());
        }
        object.apply_date_transitions(self.world.now.seconds());
        Ok(object)
    }

    /// Collects a new or changed object; names must be free or its own, unless the persona lets objects share them:
    /// then the first one holds the claim.
    pub fn put(&mut self, object: Object) -> OpResult<()> {
        self.put_by(object, self.principal.persona.names)
    }

    /// The same by the rule of names of another owner.
    fn put_by(&mut self, mut object: Object, names: Names) -> OpResult<()> {
        if object.rotated_as.is_none()
            && object.owner == self.principal.name
            && rotation::due(&object).is_some()
        {
            // Its keys are rotated whatever becomes of the certificate.
            let identity = self.principal.identity.clone();
            object.rotated_as =
                Some(Identity { validity: None, path: CertificatePath::default(), ..identity });
        }
        if object.served_beside {
            // From now on its record says so.
            object.served_beside = false;
        }
        let before = self.load(object.place())?;
        self.expect(object.place())?;
        let bytes = check_size(before.as_ref(), &object)?;
        let is_first = self.pending.slot(object.place()).is_none();
        self.take_time(work::object(bytes, is_first))?;
        if before.is_none() {
            policy::authorise_new(self.pending.grant.as_mut(), &object)?;
        }
        if let Some(before) = &before {
            self.check_stays_ended(before, &object)?;
        }
        self.claim_names(before.as_ref(), &mut object, names)?;
        self.pending.put_object(object, bytes);
        self.check_room()
    }

    /// How many bytes are collected so far.
    pub fn pending_bytes(&self) -> usize {
        self.pending.bytes()
    }

    /// Refuses what one request changes beyond its bound.
    pub(crate) fn check_room(&self) -> OpResult<()> {
        let (bytes, most) = (self.pending.bytes(), self.world.settings.change_bytes_max);
        if bytes <= most {
            return Ok(());
        }
        let text =
            format!("with this the request changes {bytes} bytes, and one may change {most}: send several");
        refuse(Cause::Limit, text)
    }

    /// Seals the value of an object under its present generation.
    pub fn put_value(&mut self, object: &Object, value: &SecretBytes) -> OpResult<()> {
        self.take_time(work::bytes(value.len()))?;
        let sealed = self.world.vault.seal(&identity(object), value).map_err(Interrupt::Need)?;
        self.put_row(keyspace::sealed(object.place(), object.generation), Some(sealed))?;
        self.check_room()
    }

    /// Drops the value of an object.
    pub fn drop_value(&mut self, object: &Object) {
        self.pending.put_row(keyspace::sealed(object.place(), object.generation), None);
    }

    /// The object, if the principal may know of it; its state as the dates have it now.
    pub fn visible(&mut self, id: &str) -> OpResult<Option<Object>> {
        self.find(id)?.map_or(Ok(None), |object| self.shown(object))
    }

    fn shown(&self, mut object: Object) -> OpResult<Option<Object>> {
        let rights = self.pending.grant.as_ref().map_or(0, Grant::rights_count);
        self.take_time(work::pairs(rights, object.attributes.count()))?;
        object.apply_date_transitions(self.world.now.seconds());
        Ok(policy::may_know(self.principal, self.pending.grant.as_ref(), &object).then_some(object))
    }

    fn scopes(&self) -> Vec<keyspace::Scope> {
        let own = keyspace::Scope::Owner(self.principal.name.clone());
        std::iter::once(own)
            .chain(self.principal.groups.iter().cloned().map(keyspace::Scope::Group))
            .collect()
    }

    /// The objects that were made or changed so far, and what they were before.
    pub fn changed(&self) -> impl Iterator<Item = (Object, Option<Object>)> {
        let changed = self.pending.objects().map(|object| {
            let stored = self.stored.get(object.place()).and_then(Option::as_ref);
            (object.clone(), stored.map(|(object, _)| object.clone()))
        });
        let served = self.pending.served.iter().filter(|object| self.pending.slot(object.place()).is_none());
        changed.chain(served.map(|before| {
            let mut object = before.clone();
            object.end_freshness();
            (object, Some(before.clone()))
        }))
    }

    /// Whether the state of an object, as its dates have it now, is not the one that is stored.
    pub fn was_moved(&mut self, object: &Object) -> OpResult<bool> {
        let stored = self.load(object.place())?;
        Ok(stored.is_some_and(|stored| stored.stored_state() != object.stored_state()))
    }

    /// Whether nothing is to be written.
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// The transaction: objects, their index entries, names and values, with what must still hold, of who asks too.
    pub fn finish(self) -> Result<Changes, Need> {
        let mut changes = Changes { deferred: self.served_rows(), ..Changes::default() };
        if !self.pending.is_empty() {
            changes.expects = self.callers()?;
        }
        for object in self.pending.objects() {
            let id = object.place();
            let stored = self.stored.get(id).and_then(Option::as_ref);
            let key = keyspace::object(id);
            changes.expects.push((key.clone(), stored.map(|(_, bytes)| bytes.clone())));
            changes.writes.push((key, Some(self.world.vault.protect(id, &object.encode())?)));
            let (new, old) = (object.index_entries(), stored.map(|(object, _)| object.index_entries()));
            let old = old.unwrap_or_default();
            let only = |these: &[Vec<u8>], others: &[Vec<u8>]| {
                let gone = these.iter().filter(|entry| others.binary_search(entry).is_err());
                gone.cloned().collect::<Vec<_>>()
            };
            changes.writes.extend(only(&old, &new).into_iter().map(|entry| (entry, None)));
            changes.writes.extend(only(&new, &old).into_iter().map(|entry| (entry, Some(Vec::new()))));
            let was_served_beside = stored.is_some_and(|(object, _)| object.served_beside);
            changes.writes.extend(was_served_beside.then(|| (keyspace::served(id), None)));
        }
        for place in self.pending.removed() {
            let stored = self.stored.get(place).and_then(Option::as_ref);
            changes.expects.push((keyspace::object(place), stored.map(|(_, bytes)| bytes.clone())));
            let entries = stored.map(|(object, _)| object.index_entries()).unwrap_or_default();
            let keys = entries.into_iter().chain([keyspace::object(place), keyspace::served(place)]);
            changes.writes.extend(keys.map(|key| (key, None)));
        }
        for (key, value) in self.pending.into_rows() {
            if !keyspace::is_sealed(&key) {
                changes.expects.push((key.clone(), self.seen.get(&key).cloned().flatten()));
            }
            changes.writes.push((key, value));
        }
        Ok(changes)
    }
}

/// Refuses an object whose attributes grow beyond their bound. What an older server has stored may be changed and be ended.
fn check_size(before: Option<&Object>, object: &Object) -> OpResult<usize> {
    let bytes = object.length();
    if bytes <= OBJECT_BYTES_MAX || before.is_some_and(|before| bytes <= before.length()) {
        return Ok(bytes);
    }
    let text = format!(
        "the attributes of the object would have {bytes} bytes, and those of one may have {OBJECT_BYTES_MAX}: keep less \
         with it"
    );
    refuse(Cause::Limit, text)
}

/// What the value of an object is bound to.
pub(crate) fn identity(object: &Object) -> ValueIdentity<'_> {
    let algorithm = attribute!(object.attributes, CryptographicAlgorithm).next();
    let length = attribute!(object.attributes, CryptographicLength).next();
    ValueIdentity {
        id: object.place(),
        object_type: object.object_type().0,
        generation: object.generation,
        algorithm: algorithm.map_or(0, |a| a.0),
        length: length.map_or(0, |l| l.cast_unsigned()),
    }
}
