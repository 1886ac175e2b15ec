//! The changes of a batch before they are committed: reads go through to the store, writes are only collected.
//!
//! [`Draft::object`] is the only way to an object, and it asks the policy first, so that no operation can forget
//! to. What a draft has read and written becomes one transaction that fails as a whole when another was faster.

mod clients;
mod find;
pub(in crate::engine) mod kept;

use crate::engine::keys;
use crate::engine::need::Need;
use crate::engine::objects::object::Object;
use crate::engine::refusal::{Cause, Halt, Refusal, Step, refuse, unless_damaged};
use crate::engine::rights::grant::Grant;
use crate::engine::rights::identity::{CertificatePath, Identity};
use crate::engine::rights::persona::Names;
use crate::engine::rights::policy::{self, Principal};
use crate::engine::rotation;
use crate::engine::world::{OpenError, ValueIdentity, World};
use kmip_codec::operations::Operation;
use kmip_codec::{SecretBytes, attribute};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

/// A write of the transaction: a key and its new value, `None` to delete it.
pub type Write = (Vec<u8>, Option<Vec<u8>>);

/// What a draft comes to.
#[derive(Debug, Default, PartialEq)]
pub struct Changes {
    /// Keys whose value must still be this one (`None`: absent) when the changes are applied.
    pub expects: Vec<Write>,
    /// What to write.
    pub writes: Vec<Write>,
}

/// The changes collected so far; a copy of it is a savepoint.
#[derive(Clone, Default)]
struct Pending {
    objects: BTreeMap<String, Object>,
    sealed: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    names: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// What a later request will ask for.
    kept: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// What the ticket of the message still allows.
    grant: Option<Grant>,
}

/// Which objects come first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Age {
    /// The ones made last.
    #[default]
    NewestFirst,
    /// The ones made first.
    OldestFirst,
}

/// An undo point.
pub struct Savepoint(Pending);

/// Reads through, writes into.
pub struct Draft<'a> {
    world: &'a World<'a>,
    principal: &'a Principal,
    pending: Pending,
    /// Objects as the store has them: what is expected and what index entries go away.
    stored: BTreeMap<String, Option<(Object, Vec<u8>)>>,
    /// Other keys as the store has them.
    seen: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl<'a> Draft<'a> {
    /// An empty draft for one principal.
    pub fn new(world: &'a World<'a>, principal: &'a Principal) -> Self {
        let (pending, stored, seen) = (Pending::default(), BTreeMap::new(), BTreeMap::new());
        Self { world, principal, pending, stored, seen }
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
    pub fn object(&mut self, id: &str, operation: Operation) -> Step<Object> {
        let Some(mut object) = self.find(id)? else {
            return Err(policy::not_found(id).into());
        };
        policy::authorise(self.principal, self.pending.grant.as_mut(), operation, &object)?;
        object.settle(self.world.now.seconds());
        Ok(object)
    }

    /// Collects a new or changed object; names must be free or its own, unless the persona lets objects share them:
    /// then the first one holds the claim.
    pub fn put(&mut self, mut object: Object) -> Step<()> {
        if object.rotated_as.is_none()
            && object.owner == self.principal.name
            && rotation::due(&object).is_some()
        {
            // Its keys are rotated whatever becomes of the certificate.
            let identity = self.principal.identity.clone();
            object.rotated_as =
                Some(Identity { validity: None, path: CertificatePath::default(), ..identity });
        }
        let before = self.load(object.place())?;
        if before.is_none() {
            policy::authorise_new(self.pending.grant.as_mut(), &object)?;
        }
        if let Some(before) = &before {
            self.check_stays_ended(before, &object)?;
        }
        let before = before.map(|old| old.name_claims()).unwrap_or_default();
        let after = object.name_claims();
        if after.iter().collect::<BTreeSet<_>>().len() < after.len() {
            return refuse(Cause::NameTaken, "the object has that name already");
        }
        for claim in before.iter().filter(|claim| !after.contains(claim)) {
            if self.read_name(claim)?.is_some_and(|holder| holder == object.place().as_bytes()) {
                self.pending.names.insert(claim.clone(), None);
            }
        }
        for claim in after.iter().filter(|claim| !before.contains(claim)) {
            if self.read_name(claim)?.is_some_and(|holder| holder != object.place().as_bytes()) {
                if self.principal.persona.names == Names::Free {
                    continue;
                }
                return refuse(Cause::NameTaken, "another object of this client has the name");
            }
            self.pending.names.insert(claim.clone(), Some(object.place().into()));
        }
        self.pending.objects.insert(object.place().to_owned(), object);
        Ok(())
    }

    /// Seals the value of an object under its present generation.
    pub fn put_value(&mut self, object: &Object, value: &SecretBytes) -> Step<()> {
        let sealed = self.world.vault.seal(&identity(object), value).map_err(Halt::Need)?;
        self.pending.sealed.insert(keys::sealed(object.place(), object.generation), Some(sealed));
        Ok(())
    }

    /// Drops the value of an object.
    pub fn drop_value(&mut self, object: &Object) {
        self.pending.sealed.insert(keys::sealed(object.place(), object.generation), None);
    }

    /// Opens the value of an object that [`object`](Self::object) has given.
    pub fn value(&mut self, object: &Object) -> Step<SecretBytes> {
        let key = keys::sealed(object.place(), object.generation);
        let sealed = match self.pending.sealed.get(&key) {
            Some(pending) => pending.clone(),
            None => self.world.view.get(&key).map_err(Halt::Need)?,
        };
        let Some(sealed) = sealed else { return Err(self.damaged(&object.id)) };
        self.world.vault.open(&identity(object), &sealed).map_err(|error| self.opened(error, &object.id))
    }

    /// The objects with one of these index values among those that the principal may see, each once, in order of
    /// creation, those changed by this draft included; until the visitor breaks.
    pub fn candidates(
        &mut self,
        indexes: &[(keys::Index, Vec<u8>)],
        (order, behind): (Age, Option<&(u64, String)>),
        visit: &mut dyn FnMut(&mut Self, Object) -> Step<ControlFlow<()>>,
    ) -> Step<()> {
        let mut found = BTreeSet::new();
        let scopes = self.scopes();
        let prefixes = indexes.iter().flat_map(|(index, value)| {
            scopes.iter().map(move |scope| keys::index_prefix(scope, *index, value))
        });
        for prefix in prefixes {
            let mut collect = |key: &[u8]| {
                if let Some((created, id)) = keys::entry_parts(key, prefix.len()) {
                    found.insert((created, id.to_owned()));
                }
                ControlFlow::Continue(())
            };
            self.world.view.scan(&prefix, &mut collect).map_err(Halt::Need)?;
        }
        found.extend(self.pending.objects.values().map(|o| (o.created, o.place().to_owned())));
        let mut found: Vec<_> = found.into_iter().collect();
        if order == Age::NewestFirst {
            found.reverse();
        }
        if let Some(last) = behind {
            found.retain(|one| if order == Age::OldestFirst { one > last } else { one < last });
        }
        for (_, id) in found {
            let found = unless_damaged(self.load(&id))?.and_then(|object| self.shown(object));
            let Some(object) = found else { continue };
            if visit(self, object)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// The object, if the principal may know of it; its state as the dates have it now.
    pub fn visible(&mut self, id: &str) -> Step<Option<Object>> {
        Ok(self.find(id)?.and_then(|object| self.shown(object)))
    }

    fn shown(&self, mut object: Object) -> Option<Object> {
        object.settle(self.world.now.seconds());
        policy::may_know(self.principal, self.pending.grant.as_ref(), &object).then_some(object)
    }

    fn scopes(&self) -> Vec<keys::Scope> {
        let own = keys::Scope::Owner(self.principal.name.clone());
        std::iter::once(own).chain(self.principal.groups.iter().cloned().map(keys::Scope::Group)).collect()
    }

    /// The objects that were made or changed so far, and what the store has of them.
    pub fn changed(&self) -> impl Iterator<Item = (&Object, Option<&Object>)> {
        self.pending.objects.values().map(|object| {
            let stored = self.stored.get(object.place()).and_then(Option::as_ref);
            (object, stored.map(|(object, _)| object))
        })
    }

    /// Whether the state of an object, as its dates have it now, is not the one that is stored.
    pub fn was_moved(&self, object: &Object) -> bool {
        let stored = self.stored.get(object.place()).and_then(Option::as_ref);
        stored.is_some_and(|(stored, _)| stored.stored_state() != object.stored_state())
    }

    /// Marks where to go back to.
    pub fn savepoint(&self) -> Savepoint {
        Savepoint(self.pending.clone())
    }

    /// Drops what was collected since.
    pub fn roll_back(&mut self, savepoint: Savepoint) {
        self.pending = savepoint.0;
    }

    /// Undoes what was collected since. What it has taken of a ticket stays taken: the operations were performed.
    pub fn undo(&mut self, savepoint: Savepoint) {
        let grant = self.pending.grant.take();
        self.pending = Pending { grant, ..savepoint.0 };
    }

    /// Whether nothing is to be written.
    pub fn is_empty(&self) -> bool {
        let Pending { objects, sealed, names, kept, grant: _ } = &self.pending;
        objects.is_empty() && sealed.is_empty() && names.is_empty() && kept.is_empty()
    }

    /// The transaction: objects, their index entries, names and values, with what must still hold.
    pub fn finish(self) -> Result<Changes, Need> {
        let mut changes = Changes::default();
        for (id, object) in &self.pending.objects {
            let stored = self.stored.get(id).and_then(Option::as_ref);
            let key = keys::object(id);
            changes.expects.push((key.clone(), stored.map(|(_, bytes)| bytes.clone())));
            changes.writes.push((key, Some(self.world.vault.protect(id, &object.encode())?)));
            let old = stored.map(|(object, _)| object.index_entries()).unwrap_or_default();
            let new = object.index_entries();
            changes.writes.extend(old.iter().filter(|e| !new.contains(e)).map(|e| (e.clone(), None)));
            changes
                .writes
                .extend(new.into_iter().filter(|e| !old.contains(e)).map(|e| (e, Some(Vec::new()))));
        }
        let keyed = self.pending.names.into_iter().chain(self.pending.kept);
        for (key, value) in keyed {
            changes.expects.push((key.clone(), self.seen.get(&key).cloned().flatten()));
            changes.writes.push((key, value));
        }
        changes.writes.extend(self.pending.sealed);
        Ok(changes)
    }

    /// The object as the draft has it, unchecked.
    fn load(&mut self, id: &str) -> Step<Option<Object>> {
        if let Some(object) = self.pending.objects.get(id) {
            return Ok(Some(object.clone()));
        }
        if let Some(stored) = self.stored.get(id) {
            return Ok(stored.as_ref().map(|(object, _)| object.clone()));
        }
        let stored = match self.world.view.get(&keys::object(id)).map_err(Halt::Need)? {
            None => None,
            Some(bytes) => {
                let metadata = self.world.vault.verify(id, &bytes).map_err(|error| self.opened(error, id))?;
                let object = Object::decode(&metadata).map_err(|_| self.damaged(id))?;
                Some((object, bytes))
            }
        };
        let object = stored.as_ref().map(|(object, _)| object.clone());
        self.stored.insert(id.to_owned(), stored);
        Ok(object)
    }

    /// A record that does not open is told to the client as damaged; which one, the log says.
    fn opened(&self, error: OpenError, id: &str) -> Halt {
        match error {
            OpenError::Need(need) => Halt::Need(need),
            OpenError::Tampered => self.damaged(id),
        }
    }

    fn damaged(&self, id: &str) -> Halt {
        self.world.vault.note_damage(id);
        let text = "what the server has stored of it is damaged: it was changed, or belongs elsewhere. The server's log names it";
        Refusal::new(Cause::Damaged, text).into()
    }

    fn read_name(&mut self, claim: &[u8]) -> Step<Option<Vec<u8>>> {
        match self.pending.names.get(claim) {
            Some(pending) => Ok(pending.clone()),
            None => self.see(claim),
        }
    }

    /// Reads a key of the store and remembers what it was.
    fn see(&mut self, key: &[u8]) -> Step<Option<Vec<u8>>> {
        if let Some(seen) = self.seen.get(key) {
            return Ok(seen.clone());
        }
        let value = self.world.view.get(key).map_err(Halt::Need)?;
        self.seen.insert(key.to_owned(), value.clone());
        Ok(value)
    }
}

/// What the value of an object is bound to.
pub(in crate::engine) fn identity(object: &Object) -> ValueIdentity<'_> {
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
