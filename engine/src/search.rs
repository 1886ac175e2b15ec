//! Which objects match the attributes of a Locate (KMIP 2.1, 6.1.28).
//!
//! The filter is ANDed. An attribute that the server does not know matches nothing, never everything: a filter
//! that was ignored would hand out the wrong key.

mod conditions;

use crate::draft::{Age, Draft};
use crate::keyspace::{self, Index};
use crate::lifecycle::states;
use crate::objects::index::index_value;
use crate::objects::object::Object;
use crate::refusal::OpResult;
use conditions::Conditions;
use kmip_codec::attribute;
use kmip_codec::attributes::{Attribute, Attributes};
use kmip_codec::enums::{ObjectGroupMember, StorageStatusMask};
use kmip_codec::value::UniqueIdentifier;
use std::ops::ControlFlow;

/// What to look for.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Attributes that an object must have, ANDed.
    pub attributes: Attributes,
    /// Which stores to look in; on-line objects alone when absent.
    pub storage: Option<StorageStatusMask>,
    /// Which members of the group named in the attributes.
    pub group_member: Option<ObjectGroupMember>,
    /// Which objects come first.
    pub order: Age,
    /// Only what comes behind the object of this creation time and identifier.
    pub behind: Option<(u64, String)>,
}

/// What was found: identifiers in the order of the filter, from `offset` on, at most `maximum`; and how many match in all.
pub struct Found {
    /// The identifiers.
    pub identifiers: Vec<String>,
    /// How many objects match, where all were looked at.
    pub located: Option<usize>,
}

/// Looks for objects. `count_all` goes on counting behind the last one returned.
pub fn search(
    draft: &mut Draft<'_>,
    filter: &Filter,
    offset: usize,
    maximum: usize,
    count_all: bool,
) -> OpResult<Found> {
    let mut identifiers = Vec::new();
    let mut matches = 0;
    let mut broke = false;
    let now = draft.world().now.seconds();
    let conditions = Conditions::of(&filter.attributes);
    let mut visit = |draft: &mut Draft<'_>, object: Object| {
        if filter.selects(&conditions, &object, now, |price| draft.take_time(price))? {
            if matches >= offset && identifiers.len() < maximum {
                identifiers.push(object.id.clone());
            }
            matches += 1;
        }
        broke = identifiers.len() == maximum && !count_all;
        Ok(if broke { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    };
    match filter.plan() {
        Plan::Object(id) => {
            if let Some(object) = draft.visible(&id)? {
                let _ = visit(draft, object)?;
            }
        }
        Plan::Indexes(indexes) => {
            draft.candidates(&indexes, (filter.order, filter.behind.as_ref()), &mut visit)?;
        }
    }
    Ok(Found { identifiers, located: (!broke).then_some(matches) })
}

/// Where the objects of a filter are to be found.
enum Plan {
    /// It can only be this one.
    Object(String),
    /// They have one of these index values.
    Indexes(Vec<(Index, Vec<u8>)>),
}

/// The index value of an attribute in a filter; none for one that leaves a part open, which no index value does.
fn index_value_of_filter(attribute: &Attribute) -> Option<(Index, Vec<u8>)> {
    match attribute {
        Attribute::ApplicationSpecificInformation(info) if info.data.is_none() => None,
        attribute => index_value(attribute),
    }
}

impl Filter {
    /// Where to look: at the one object that is named, or through the index of the most telling attribute.
    fn plan(&self) -> Plan {
        const BEST_FIRST: [Index; 8] = [
            Index::Name,
            Index::AlternativeName,
            Index::Link,
            Index::Application,
            Index::Vendor,
            Index::ObjectGroup,
            Index::State,
            Index::ObjectType,
        ];
        if let Some(UniqueIdentifier::Text(id)) = attribute!(self.attributes, UniqueIdentifier).next() {
            return Plan::Object(id.clone());
        }
        let values: Vec<_> = self.attributes.iter().filter_map(index_value_of_filter).collect();
        let best = BEST_FIRST.iter().find_map(|best| values.iter().find(|(index, _)| index == best));
        let Some(found) = best else { return Plan::Indexes(vec![(Index::All, Vec::new())]) };
        let mut indexes = vec![found.clone()];
        if found.0 == Index::ObjectGroup && self.group_member == Some(ObjectGroupMember::GroupMemberFresh) {
            indexes = vec![(Index::FreshMember, found.1.clone())];
        }
        if found.0 == Index::State {
            // Their dates may have moved them to the state since they were stored.
            indexes.push((Index::State, keyspace::PENDING.to_vec()));
        }
        Plan::Indexes(indexes)
    }

    /// Whether the object is one that is looked for.
    pub fn matches(&self, object: &Object, now: i64) -> bool {
        let free = |_| Ok(());
        self.selects(&Conditions::of(&self.attributes), object, now, free).unwrap_or(false)
    }

    /// The same with the conditions of its attributes, after the price of it is paid.
    fn selects(
        &self,
        conditions: &Conditions<'_>,
        object: &Object,
        now: i64,
        pay: impl FnOnce(u64) -> OpResult<()>,
    ) -> OpResult<bool> {
        if !self.is_stored_right(conditions, object, now) || !self.group_member_matches(object) {
            return Ok(false);
        }
        let concerned = conditions.concerned(object);
        pay(concerned.price())?;
        Ok(concerned.hold())
    }

    /// Destroyed and archived objects are found only when asked for; a filter on the state asks for destroyed ones.
    fn is_stored_right(&self, conditions: &Conditions<'_>, object: &Object, now: i64) -> bool {
        let mask = self.storage.unwrap_or(StorageStatusMask::OnLineStorage);
        let destroyed = object.state_at(now).is_some_and(states::is_destroyed);
        if destroyed {
            return conditions.names_destroyed || mask.contains(StorageStatusMask::DestroyedStorage);
        }
        let place = if object.archived {
            StorageStatusMask::ArchivalStorage
        } else {
            StorageStatusMask::OnLineStorage
        };
        mask.contains(place)
    }

    fn group_member_matches(&self, object: &Object) -> bool {
        match self.group_member {
            Some(ObjectGroupMember::GroupMemberFresh) => {
                attribute!(object.attributes, Fresh).any(|fresh: &bool| *fresh)
            }
            _ => true,
        }
    }
}
