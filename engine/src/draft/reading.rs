//! How a draft reads the store, and what that costs: every row comes through here, and counts by its bytes, so that no operation
//! has to think of it.

use super::{Age, Draft, Stored, identity};
use crate::changes::Deferred;
use crate::keyspace::{self, Index, Scope};
use crate::material;
use crate::objects::object::Object;
use crate::refusal::{Cause, Interrupt, OpResult, Refusal, refuse};
use crate::work::{self, Meter};
use crate::world::OpenError;
use kmip_codec::SecretBytes;
use kmip_codec::objects::ManagedObject;
use std::ops::ControlFlow;

/// How many objects are remembered that were only read: an operation reads an object more than once, and a pair has two.
const RECENT_MAX: usize = 4;

/// An object, and how many bytes its record has.
type Sized = (Option<Object>, usize);

impl Draft<'_> {
    /// Bounds what the draft asks of a processor, as a request is; what is done within another request counts with that.
    pub fn bound_time(&mut self, meter: Meter) {
        self.meter.get_or_insert(meter);
    }

    /// Takes the bound away: what a request must be followed by is done whatever it costs. How much was asked for so far, in
    /// microseconds.
    pub fn unbound_time(&mut self) -> u64 {
        self.meter.take().map_or(0, |meter| meter.asked())
    }

    /// Takes time of a processor, so many microseconds as far as can be told; or the need for a turn.
    pub fn take_time(&self, microseconds: u64) -> OpResult<()> {
        self.meter.as_ref().map_or(Ok(()), |meter| meter.take(microseconds, self.world.settings))
    }

    /// The same for what has a bound of another kind, and is not refused for it.
    pub(super) fn take_time_beside(&self, microseconds: u64) -> OpResult<()> {
        self.meter.as_ref().map_or(Ok(()), |meter: &Meter| meter.take_beside(microseconds))
    }

    /// Collects a row. How much a request changes has a bound of its own.
    pub(super) fn put_row(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) -> OpResult<()> {
        self.take_time_beside(work::bytes(value.as_ref().map_or(0, Vec::len)))?;
        self.pending.put_row(key, value);
        Ok(())
    }

    /// Opens the value of an object that [`object`](Self::object) has given.
    pub fn value(&mut self, object: &Object) -> OpResult<SecretBytes> {
        let key = keyspace::sealed(object.place(), object.generation);
        let Some(sealed) = self.read_row(&key)? else { return Err(self.damaged(&object.id)) };
        self.world.vault.open(&identity(object), &sealed).map_err(|error| self.opened(error, &object.id))
    }

    /// A row that is to be opened or read, as the draft has it. Remembered only where it is written: many are looked through.
    pub(super) fn read_row(&self, key: &[u8]) -> OpResult<Option<Vec<u8>>> {
        let row = match self.pending.row(key) {
            Some(pending) => pending.clone(),
            None => self.world.view.get(key).map_err(Interrupt::Need)?,
        };
        self.take_read(row.as_ref().map_or(0, Vec::len))?;
        Ok(row)
    }

    /// Takes the time that it takes to read a row of so many bytes. That it was fetched counts also where the rest is refused.
    fn take_read(&self, bytes: usize) -> OpResult<()> {
        self.take_time(work::fetching(bytes))?;
        self.take_time(work::bytes(bytes))
    }

    /// Opens and reads the value of an object that the policy has let through.
    pub fn managed(&mut self, object: &Object) -> OpResult<ManagedObject> {
        if !object.has_value {
            return refuse(Cause::NoKeyValue, "the server keeps the attributes of this object alone");
        }
        material::decode(&self.value(object)?)
    }

    /// The object as the draft has it, unchecked.
    pub(super) fn load(&mut self, place: &str) -> OpResult<Option<Object>> {
        if let Some((known, bytes)) = self.known(place) {
            self.take_time(work::bytes(bytes))?;
            return Ok(known);
        }
        let stored = self.read(place)?;
        let object = stored.as_ref().map(|(object, _)| object.clone());
        self.recent.truncate(RECENT_MAX - 1);
        self.recent.push_front((place.to_owned(), stored));
        Ok(object)
    }

    /// The same of one of many, which is not remembered. How many are looked at has a bound of its own, in which the size of
    /// ordinary ones is.
    pub(super) fn glance(&self, place: &str) -> OpResult<Option<Object>> {
        let (object, bytes) = match self.known(place) {
            Some(known) => known,
            None => match self.fetch(place)? {
                None => (None, 0),
                Some(record) => (Some(self.verified(place, &record)?), record.len()),
            },
        };
        let (ordinary, beyond) = work::glance(bytes);
        self.take_time_beside(ordinary)?;
        self.take_time(beyond)?;
        Ok(object)
    }

    /// What the draft has of an object without reading it.
    fn known(&self, place: &str) -> Option<Sized> {
        if let Some(slot) = self.pending.slot(place) {
            return Some(slot.as_ref().map_or((None, 0), |(object, bytes)| (Some(object.clone()), *bytes)));
        }
        let recent = || self.recent.iter().find(|(known, _)| known == place).map(|(_, stored)| stored);
        let stored = self.stored.get(place).or_else(recent)?;
        Some(stored.as_ref().map_or((None, 0), |(object, record)| (Some(object.clone()), record.len())))
    }

    /// The object in the store.
    fn read(&self, place: &str) -> OpResult<Stored> {
        let record = self.fetch(place)?;
        self.take_read(record.as_ref().map_or(0, Vec::len))?;
        let Some(record) = record else { return Ok(None) };
        let object = self.verified(place, &record)?;
        self.take_time(work::attributes(object.attributes.count(), record.len()))?;
        Ok(Some((object, record)))
    }

    fn fetch(&self, place: &str) -> OpResult<Option<Vec<u8>>> {
        self.world.view.get(&keyspace::object(place)).map_err(Interrupt::Need)
    }

    /// The object of a record, once its MAC is right.
    fn verified(&self, place: &str, record: &[u8]) -> OpResult<Object> {
        let metadata = self.world.vault.verify(place, record).map_err(|error| self.opened(error, place))?;
        let mut object = Object::decode(metadata).map_err(|_| self.damaged(place))?;
        self.look_whether_served(&mut object)?;
        Ok(object)
    }

    /// Remembers what the store has of an object that is to be written: the transaction holds only where it still has that. What was
    /// only read is not expected: the request is done as if before what changes it meanwhile, at the time of its snapshot.
    pub(super) fn expect(&mut self, place: &str) -> OpResult<()> {
        if !self.stored.contains_key(place) {
            let recent = self.recent.iter().position(|(known, _)| known == place);
            let stored = match recent.and_then(|at| self.recent.remove(at)) {
                Some((_, stored)) => stored,
                None => self.read(place)?,
            };
            self.stored.insert(place.to_owned(), stored);
        }
        Ok(())
    }

    /// The same of an object whose identifier was just made: that there is none is not read, and the transaction holds only where
    /// there is none.
    pub fn expect_nothing(&mut self, place: &str) {
        self.stored.insert(place.to_owned(), None);
    }

    /// A record that does not open is told to the client as damaged; which one, the log says.
    pub(super) fn opened(&self, error: OpenError, id: &str) -> Interrupt {
        match error {
            OpenError::Need(need) => Interrupt::Need(need),
            OpenError::Tampered => self.damaged(id),
        }
    }

    pub(super) fn damaged(&self, id: &str) -> Interrupt {
        self.world.vault.note_damage(id);
        let text = "what the server has stored of it is damaged: it was changed, or belongs elsewhere. The server's log names it";
        Refusal::new(Cause::Damaged, text).into()
    }

    pub(super) fn read_name(&mut self, claim: &[u8]) -> OpResult<Option<Vec<u8>>> {
        match self.pending.row(claim) {
            Some(pending) => Ok(pending.clone()),
            None => self.read_tracked(claim),
        }
    }

    /// Reads a key of the store that is to be written, and remembers what it was.
    pub(super) fn read_tracked(&mut self, key: &[u8]) -> OpResult<Option<Vec<u8>>> {
        if let Some(seen) = self.seen.get(key) {
            return Ok(seen.clone());
        }
        let value = self.world.view.get(key).map_err(Interrupt::Need)?;
        self.take_time_beside(work::fetching(value.as_ref().map_or(0, Vec::len)))?;
        self.seen.insert(key.to_owned(), value.clone());
        Ok(value)
    }
}

/// What a client means by an identifier. Those that clients choose (Import) are their own: several owners may have the same.
impl Draft<'_> {
    /// The object that a client means by an identifier, or that there is of it, whoever may use it: to tell an administrator
    /// what stood in the client's way, and for nothing else.
    pub(crate) fn danger_whoever_owns(&mut self, id: &str) -> OpResult<Option<Object>> {
        self.find(id)
    }

    /// The object that lies there, whoever owns it: to find as whom the server rotates it, and for nothing else.
    pub(crate) fn danger_at(&mut self, place: &str) -> OpResult<Option<Object>> {
        self.load(place)
    }

    /// Whether the identifier is that of an object of this principal's or of its groups.
    pub(crate) fn has(&mut self, id: &str) -> OpResult<bool> {
        Ok(self.find(id)?.is_some_and(|object| self.principal.shares(&object)))
    }

    /// The object that the principal means by an identifier, unchecked: its own or its groups'. Where there is none, that of
    /// others which has been given this identifier by the server, so that the policy can say what is to be said of it.
    pub(super) fn find(&mut self, id: &str) -> OpResult<Option<Object>> {
        let named = match self.load(id) {
            // Whose it is cannot be read any more: its owner is told, by the index; others hear what they hear of none.
            Err(Interrupt::Refused(damaged)) if damaged.cause == Cause::Damaged && !self.is_listed(id)? => {
                None
            }
            named => named?,
        };
        if named.as_ref().is_some_and(|object| self.principal.shares(object)) {
            return Ok(named);
        }
        if let Some(own) = self.load(&keyspace::imported(&self.principal.name, id))? {
            return Ok(Some(own));
        }
        // Of those that came under one identifier to several groups, the first: the later ones do not take its place.
        let groups: Vec<_> = self.principal.groups.iter().cloned().map(Scope::Group).collect();
        let listed: Vec<_> = groups.iter().map(|scope| (scope, (Index::Imported, id.as_bytes()))).collect();
        let mut found = None;
        self.in_order(&listed, (Age::OldestFirst, false, None), &mut |draft, (_, place)| {
            found = draft.load(place)?.filter(|object| draft.principal.shares(object));
            Ok(if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(found.or(named))
    }

    /// Whether the index lists an object among those that the principal may see.
    fn is_listed(&mut self, id: &str) -> OpResult<bool> {
        let (scopes, mut listed, mut passed) = (self.scopes(), false, 0);
        let all: Vec<_> = scopes.iter().map(|scope| (scope, (Index::All, &[][..]))).collect();
        self.in_order(&all, (Age::NewestFirst, false, None), &mut |_, (_, found)| {
            passed += 1;
            listed = found == id;
            Ok(if listed { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        self.take_time_beside(work::scanning(passed))?;
        Ok(listed)
    }
}

/// The end of freshness: an object is fresh until it is got for the first time.
impl Draft<'_> {
    /// Ends the freshness of an object that is being served. A member of a group is changed by it, in a commit: two clients
    /// that ask for fresh members at once must not get the same one. So is what is changed anyway; anything else
    /// has a deferred row.
    pub fn end_freshness(&mut self, mut object: Object) -> OpResult<()> {
        if !object.is_fresh() {
            return Ok(());
        }
        if object.is_group_member() || self.pending.slot(object.place()).is_some() {
            object.end_freshness();
            return self.put(object);
        }
        // It is read anew by who asks for it next.
        self.recent.retain(|(place, _)| place != object.place());
        self.pending.served.push(object);
        Ok(())
    }

    /// The rows of what was served for the first time; what is changed as well has it in its record.
    pub(super) fn served_rows(&self) -> Vec<Deferred> {
        let served = self.pending.served.iter().filter(|object| self.pending.slot(object.place()).is_none());
        served.map(|object| (keyspace::served(object.place()), object.served_as().into())).collect()
    }

    /// Looks whether a fresh object was served after all, in this draft or before it; then its freshness ends here.
    pub(super) fn look_whether_served(&self, object: &mut Object) -> OpResult<()> {
        if !object.is_fresh() {
            return Ok(());
        }
        let (key, row) = (keyspace::served(object.place()), object.served_as());
        let is_served = self.pending.served.iter().any(|served| served.place() == object.place())
            || self.world.view.has_deferred(&key, &row).map_err(Interrupt::Need)?;
        self.take_time_beside(work::fetching(row.len()))?;
        if is_served {
            object.end_freshness();
            object.served_beside = true;
        }
        Ok(())
    }
}
