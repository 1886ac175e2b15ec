//! A managed object as the engine holds it: who may use it, its attributes, and where its value lies.

use crate::lifecycle::states;
use crate::objects::attribute_set::AttributeSet;
use crate::rights::identity::Identity;
use kmip_codec::attributes::{Attribute, AttributeList, Attributes, Entry};
use kmip_codec::declare::Value as _;
use kmip_codec::enums::{CryptographicAlgorithm, LinkType, ObjectType, RecommendedCurve, State};
use kmip_codec::value::{DateTime, UniqueIdentifier};
use kmip_codec::version::STORED;
use kmip_codec::wire::BinarySink;
use kmip_codec::{Tag, attribute};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// A managed object without its value. Copies share everything until one of them is changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Object(Arc<Fields>);

/// How the indexes of the store list an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Listing {
    /// As versions up to format 4 did, with an entry for each index value, until the object is changed.
    #[default]
    Apart,
    /// With one entry for its type and state, and one for each group.
    Together {
        /// Whether it holds the claims on all its names: they take the place of their entries among the objects of its owner.
        holds_names: bool,
    },
}

/// What an object has.
#[derive(Clone, Debug, PartialEq)]
pub struct Fields {
    /// Unique Identifier: a UUID, never used again, or what the object was imported under.
    pub id: String,
    /// What takes the place of the identifier in the keys of the store, where a client chose that: objects of several owners
    /// may have the same.
    pub place: Option<String>,
    /// The principal that made it.
    pub owner: String,
    /// The group of clients that shares it.
    pub group: Option<String>,
    /// When it was made, in nanoseconds since 1970: the order of Locate.
    pub created: u64,
    /// Which sealed record holds the value.
    pub generation: u32,
    /// Whether it is in the archive.
    pub archived: bool,
    /// Whether a value is stored; that of a key kept elsewhere is its key block without the key.
    pub has_value: bool,
    /// Whether usage was allocated, so that its limits are fixed.
    pub allocated: bool,
    /// Which split a part comes from, where the server made it: the identifier of its first part.
    pub split: Option<String>,
    /// What its owner was made from when it asked for automatic rotation: it is rotated as that.
    pub rotated_as: Option<Identity>,
    /// From when its Rotate Interval counts, in seconds since 1970, where its Initial Date was in the future when the server looked.
    pub rotates_from: Option<i64>,
    /// How the indexes list it.
    pub listing: Listing,
    /// Whether a row beside its record says that it was got: Fresh is false among its attributes, and true in the record. It is
    /// not stored.
    pub served_beside: bool,
    /// Its attributes.
    pub attributes: AttributeSet,
}

impl Deref for Object {
    type Target = Fields;

    fn deref(&self) -> &Fields {
        &self.0
    }
}

/// What is shared with others is copied first.
impl DerefMut for Object {
    fn deref_mut(&mut self) -> &mut Fields {
        Arc::make_mut(&mut self.0)
    }
}

impl From<Fields> for Object {
    fn from(fields: Fields) -> Self {
        Self(Arc::new(fields))
    }
}

impl Object {
    /// An object that is nothing but of its type.
    pub fn new(id: String, owner: String, object_type: ObjectType) -> Self {
        let mut attributes = AttributeSet::default();
        attributes.set(Attribute::UniqueIdentifier(id.as_str().into()));
        attributes.set(Attribute::ObjectType(object_type));
        Fields {
            id,
            place: None,
            owner,
            group: None,
            created: 0,
            generation: 0,
            archived: false,
            has_value: true,
            allocated: false,
            split: None,
            rotated_as: None,
            rotates_from: None,
            listing: Listing::Together { holds_names: false },
            served_beside: false,
            attributes,
        }
        .into()
    }

    /// What it is known by in the store: its identifier, or what takes the place of that.
    pub fn place(&self) -> &str {
        self.place.as_deref().unwrap_or(&self.id)
    }

    /// The object type.
    pub fn object_type(&self) -> ObjectType {
        attribute!(self.attributes, ObjectType).next().copied().unwrap_or_default()
    }

    /// The state that is stored; dates may have moved it since: see [`state_at`](Self::state_at).
    pub fn stored_state(&self) -> Option<State> {
        attribute!(self.attributes, State).next().copied()
    }

    /// The state at a time, with the dates that have passed. Objects without a life cycle have none.
    pub fn state_at(&self, now: i64) -> Option<State> {
        let mut state = self.stored_state()?;
        let passed = |date: Option<i64>| date.is_some_and(|date| date <= now);
        if state == State::PreActive && passed(self.activation_date()) {
            state = State::Active;
        }
        if state == State::Active && passed(self.deactivation_date()) {
            state = State::Deactivated;
        }
        Some(state)
    }

    /// Stores the state that the dates have led to.
    pub fn apply_date_transitions(&mut self, now: i64) {
        let state = self.state_at(now);
        if let Some(state) = state.filter(|_| state != self.stored_state()) {
            self.attributes.set(Attribute::State(state));
        }
    }

    /// Whether nothing but attributes is left.
    pub fn is_destroyed(&self) -> bool {
        self.stored_state().is_some_and(states::is_destroyed)
    }

    /// Activation Date in seconds since 1970.
    pub fn activation_date(&self) -> Option<i64> {
        attribute!(self.attributes, ActivationDate).next().map(|date| date.0)
    }

    /// Deactivation Date in seconds since 1970.
    pub fn deactivation_date(&self) -> Option<i64> {
        attribute!(self.attributes, DeactivationDate).next().map(|date| date.0)
    }

    /// Notes that something changed now.
    pub fn touch(&mut self, now: i64) {
        self.attributes.set(Attribute::LastChangeDate(DateTime(now)));
    }

    /// Adds a link, or turns the one of this type to another object.
    pub fn link(&mut self, kind: LinkType, to: &str) {
        let link = Attribute::Link(kmip_codec::attributes::Link { kind, linked: UniqueIdentifier::from(to) });
        let reference = link.reference();
        let is_of_kind = |entry: &&Entry| matches!(&entry.attribute, Attribute::Link(l) if l.kind == kind);
        let index = self.attributes.instances(&reference).find(is_of_kind).and_then(|entry| entry.index);
        match index {
            Some(index) => {
                self.attributes.replace(index, link);
            }
            None => {
                self.attributes.add(link);
            }
        }
    }

    /// Adds a link beside those of its type.
    pub fn add_link(&mut self, kind: LinkType, to: &str) {
        let linked = UniqueIdentifier::from(to);
        self.attributes.add(Attribute::Link(kmip_codec::attributes::Link { kind, linked }));
    }

    /// The object that the link of this type names.
    pub fn linked(&self, kind: LinkType) -> Option<&str> {
        attribute!(self.attributes, Link).filter(|link| link.kind == kind).find_map(|link| {
            match &link.linked {
                UniqueIdentifier::Text(id) => Some(id.as_str()),
                _ => None,
            }
        })
    }

    /// Algorithm, length and curve that the attributes of a key, or of a half of a pair, ask for.
    pub fn asked(&self) -> (Option<CryptographicAlgorithm>, Option<i32>, Option<RecommendedCurve>) {
        let domain = attribute!(self.attributes, CryptographicDomainParameters).next();
        (
            attribute!(self.attributes, CryptographicAlgorithm).next().copied(),
            attribute!(self.attributes, CryptographicLength).next().copied(),
            domain.and_then(|domain| domain.recommended_curve),
        )
    }

    /// Whether another object has taken its place, whatever a client has done with its links since.
    pub fn is_replaced(&self) -> bool {
        let is_latest = attribute!(self.attributes, RotateLatest).next();
        is_latest == Some(&false) || self.linked(LinkType::ReplacementObjectLink).is_some()
    }
}

/// An attribute as bytes, equal for equal attributes.
pub fn encoded(attribute: &Attribute) -> Vec<u8> {
    let mut out = BinarySink::new(STORED);
    AttributeList(Attributes::from([attribute.clone()])).put(Tag::Attribute, &mut out);
    out.finish()
}
