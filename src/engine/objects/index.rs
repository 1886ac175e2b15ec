//! What an object is found by: its entries in the indexes of the store, and the names that it claims.

use crate::engine::keyspace::{self, Index, Scope};
use crate::engine::lifecycle::rotation;
use crate::engine::objects::object::{Object, encoded};
use kmip_codec::attribute;
use kmip_codec::attributes::Attribute;
use kmip_codec::enums::State;

impl Object {
    /// Whose objects it is listed among.
    pub fn scopes(&self) -> Vec<Scope> {
        let owner = Scope::Owner(self.owner.clone());
        std::iter::once(owner).chain(self.group.clone().map(Scope::Group)).collect()
    }

    /// The names it claims while it lives.
    pub fn name_claims(&self) -> Vec<Vec<u8>> {
        if self.is_destroyed() {
            return Vec::new();
        }
        attribute!(self.attributes, Name).map(|name| self.name_claim(name)).collect()
    }

    /// The claim on a name, for its owner.
    pub fn name_claim(&self, name: &kmip_codec::attributes::Name) -> Vec<u8> {
        keyspace::name(&self.owner, &name_value(name))
    }

    /// Every index entry of the object, in all its scopes, and that of its rotation.
    pub fn index_entries(&self) -> Vec<Vec<u8>> {
        let values = self.index_values();
        let entry = |scope: &Scope, (index, value): &(Index, Vec<u8>)| {
            keyspace::index_entry(scope, *index, value, self.created, self.place())
        };
        let scopes = self.scopes();
        let entries = scopes.iter().flat_map(|scope| values.iter().map(move |value| entry(scope, value)));
        entries.chain(rotation::due(self).map(|due| keyspace::rotation(due, self.place()))).collect()
    }

    fn index_values(&self) -> Vec<(Index, Vec<u8>)> {
        let mut values = vec![(Index::All, Vec::new())];
        values.extend(self.place.is_some().then(|| (Index::Imported, self.id.clone().into_bytes())));
        values.extend(self.attributes.iter().filter_map(index_value));
        if attribute!(self.attributes, Fresh).next() == Some(&true) {
            let groups = attribute!(self.attributes, ObjectGroup);
            values.extend(groups.map(|group| (Index::FreshMember, group.clone().into_bytes())));
        }
        if self.may_move_by_date() {
            values.push((Index::State, keyspace::PENDING.to_vec()));
        }
        values.sort();
        values.dedup();
        values
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
