//! What an object is found by: its entries in the indexes of the store, and the names that it claims.

use crate::keyspace::{self, Index, Scope, TypeAndState};
use crate::lifecycle::rotation;
use crate::need::Need;
use crate::objects::object::{Listing, Object, encoded};
use crate::world::{Direction, View};
use kmip_codec::attribute;
use kmip_codec::attributes::Attribute;
use kmip_codec::enums::State;
use std::ops::ControlFlow;

/// The claim of an object's owner on a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claim {
    /// Its key.
    pub key: Vec<u8>,
    /// The key that versions up to format 4 gave it.
    pub older: Vec<u8>,
}

impl Object {
    /// Whose objects it is listed among.
    pub fn scopes(&self) -> Vec<Scope> {
        let owner = Scope::Owner(self.owner.clone());
        std::iter::once(owner).chain(self.group.clone().map(Scope::Group)).collect()
    }

    /// The names it claims while it lives.
    pub fn name_claims(&self) -> Vec<Claim> {
        if self.is_destroyed() {
            return Vec::new();
        }
        attribute!(self.attributes, Name).map(|name| self.name_claim(name)).collect()
    }

    /// The claim on a name, for its owner.
    pub fn name_claim(&self, name: &kmip_codec::attributes::Name) -> Claim {
        let value = name_value(name);
        Claim { key: keyspace::claim(&self.owner, &value), older: keyspace::older_claim(&self.owner, &value) }
    }

    /// Every index entry of the object, in all its scopes, and that of its rotation; each once.
    pub fn index_entries(&self) -> Vec<Vec<u8>> {
        let prefixes = match self.listing {
            Listing::Apart => self.prefixes_apart(),
            Listing::Together { holds_names } => self.prefixes_together(holds_names),
        };
        let entries = prefixes.into_iter().map(|prefix| keyspace::entry(&prefix, self.created, self.place()));
        let rotation = rotation::due(self).map(|due| keyspace::rotation(due, self.place()));
        let mut entries: Vec<_> = entries.chain(rotation).collect();
        entries.sort_unstable();
        entries.dedup();
        entries
    }

    /// What its entries begin with, where it is listed together.
    fn prefixes_together(&self, holds_names: bool) -> Vec<Vec<u8>> {
        let is_fresh = self.is_listed_fresh();
        let mut prefixes = Vec::new();
        for scope in self.scopes() {
            prefixes.push(keyspace::type_and_state_prefix(&scope, self.type_and_state()));
            let is_own = matches!(scope, Scope::Owner(_));
            for attribute in self.attributes.iter() {
                match attribute {
                    Attribute::State(_) | Attribute::ObjectType(_) => {}
                    Attribute::Name(_) if is_own && holds_names => {}
                    Attribute::ObjectGroup(group) => {
                        prefixes.push(keyspace::member_prefix(&scope, group.as_bytes(), is_fresh));
                    }
                    other => prefixes.extend(
                        index_value(other)
                            .map(|(index, value)| keyspace::index_prefix(&scope, index, &value)),
                    ),
                }
            }
            if self.place.is_some() {
                prefixes.push(keyspace::index_prefix(&scope, Index::Imported, self.id.as_bytes()));
            }
        }
        prefixes
    }

    /// The same where it is listed apart.
    fn prefixes_apart(&self) -> Vec<Vec<u8>> {
        let mut values = vec![(Index::All, Vec::new())];
        values.extend(self.place.is_some().then(|| (Index::Imported, self.id.clone().into_bytes())));
        values.extend(self.attributes.iter().filter_map(index_value));
        if self.is_listed_fresh() {
            let groups = attribute!(self.attributes, ObjectGroup);
            values.extend(groups.map(|group| (Index::FreshMember, group.clone().into_bytes())));
        }
        if self.may_move_by_date() {
            values.push((Index::State, keyspace::PENDING.to_vec()));
        }
        let scopes = self.scopes();
        let prefix = |scope, (index, value): &(Index, Vec<u8>)| keyspace::index_prefix(scope, *index, value);
        scopes.iter().flat_map(|scope| values.iter().map(move |value| prefix(scope, value))).collect()
    }

    /// Entries are by the record alone, and do not know of the row beside it.
    fn is_listed_fresh(&self) -> bool {
        self.is_fresh() || self.served_beside
    }

    fn type_and_state(&self) -> TypeAndState {
        TypeAndState {
            moves_by_date: self.may_move_by_date(),
            state: self.stored_state(),
            object_type: self.object_type(),
        }
    }

    /// Whether a date can still move the object to another state.
    fn may_move_by_date(&self) -> bool {
        match self.stored_state() {
            Some(State::PreActive) => self.activation_date().is_some(),
            Some(State::Active) => self.deactivation_date().is_some(),
            _ => false,
        }
    }
}

/// What the lists begin with in which the store has the objects with an index value, among those of one owner or group: that of
/// objects that are listed apart, and those of the others. Of names, the claim stands beside them.
pub fn lists(view: &dyn View, scope: &Scope, (index, value): (Index, &[u8])) -> Result<Vec<Vec<u8>>, Need> {
    let mut lists = vec![keyspace::index_prefix(scope, index, value)];
    let member = |is_fresh| keyspace::member_prefix(scope, value, is_fresh);
    match index {
        Index::All | Index::State | Index::ObjectType => {
            let wanted = types_and_states(view, scope)?.into_iter().filter(|one| is_of(*one, index, value));
            lists.extend(wanted.map(|one| keyspace::type_and_state_prefix(scope, one)));
        }
        Index::ObjectGroup => lists.extend([member(false), member(true)]),
        Index::FreshMember => lists.push(member(true)),
        _ => {}
    }
    Ok(lists)
}

/// Whether objects of this type and state have an index value.
fn is_of(one: TypeAndState, index: Index, value: &[u8]) -> bool {
    match index {
        Index::ObjectType => value == one.object_type.0.to_be_bytes(),
        Index::State if value == keyspace::PENDING => one.moves_by_date,
        Index::State => one.state.is_some_and(|state| value == state_value(state)),
        _ => true,
    }
}

/// Every type and state of an object of this owner or group that is listed together: a look at the index for each.
pub fn types_and_states(view: &dyn View, scope: &Scope) -> Result<Vec<TypeAndState>, Need> {
    let prefix = keyspace::together_prefix(scope);
    let (mut found, mut behind) = (Vec::new(), None::<Vec<u8>>);
    loop {
        let mut next = None;
        view.scan_from(&prefix, Direction::Forward, behind.as_deref(), &mut |entry| {
            next = Some(entry.to_vec());
            ControlFlow::Break(())
        })?;
        let Some(entry) = next else { return Ok(found) };
        let one = TypeAndState::of(&entry, prefix.len());
        found.extend(one);
        let passed = |one| keyspace::behind_entries(&keyspace::type_and_state_prefix(scope, one));
        behind = Some(one.map_or(entry, passed));
    }
}

/// What an attribute is found by, for those that have an index.
pub fn index_value(attribute: &Attribute) -> Option<(Index, Vec<u8>)> {
    Some(match attribute {
        Attribute::Name(name) => (Index::Name, name_value(name)),
        Attribute::ObjectGroup(group) => (Index::ObjectGroup, group.clone().into_bytes()),
        Attribute::State(state) => (Index::State, state_value(*state)),
        Attribute::ObjectType(kind) => (Index::ObjectType, kind.0.to_be_bytes().to_vec()),
        Attribute::Link(_) => (Index::Link, encoded(attribute)),
        Attribute::ApplicationSpecificInformation(_) => (Index::Application, encoded(attribute)),
        Attribute::AlternativeName(_) => (Index::AlternativeName, encoded(attribute)),
        Attribute::Vendor(_) => (Index::Vendor, encoded(attribute)),
        _ => return None,
    })
}

/// The State index value of a state.
pub fn state_value(state: State) -> Vec<u8> {
    state.0.to_be_bytes().to_vec()
}

fn name_value(name: &kmip_codec::attributes::Name) -> Vec<u8> {
    let mut value = name.kind.0.to_be_bytes().to_vec();
    value.extend_from_slice(name.value.as_bytes());
    value
}
