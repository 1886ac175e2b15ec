//! Which objects match the attributes of a Locate (KMIP 2.1, 6.1.28).
//!
//! The filter is ANDed. An attribute that the server does not know matches nothing, never everything: a filter
//! that was ignored would hand out the wrong key.

use crate::engine::draft::{Age, Draft};
use crate::engine::keys::{self, Index};
use crate::engine::lifecycle::states;
use crate::engine::objects::intake;
use crate::engine::objects::object::{self, Object};
use crate::engine::refusal::Step;
use crate::engine::work;
use kmip_codec::attributes::{Attribute, Attributes};
use kmip_codec::enums::{ObjectGroupMember, State, StorageStatusMask};
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::value::UniqueIdentifier;
use kmip_codec::{Tag, attribute};
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
) -> Step<Found> {
    let mut identifiers = Vec::new();
    let mut matches = 0;
    let mut broke = false;
    let now = draft.world().now.seconds();
    let mut visit = |draft: &mut Draft<'_>, object: Object| {
        draft.take_time(work::pairs(filter.attributes.len(), object.attributes.count()))?;
        if filter.matches(&object, now) {
            if matches >= offset && identifiers.len() < maximum {
                identifiers.push(object.id);
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
        attribute => object::index_value(attribute),
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
            indexes.push((Index::State, keys::PENDING.to_vec()));
        }
        Plan::Indexes(indexes)
    }

    /// Whether the object is one that is looked for.
    pub fn matches(&self, object: &Object, now: i64) -> bool {
        self.is_stored_right(object, now)
            && self.group_member_matches(object)
            && self.attributes.iter().all(|wanted| self.has(object, wanted))
    }

    /// Destroyed and archived objects are found only when asked for; a filter on the state asks for destroyed ones.
    fn is_stored_right(&self, object: &Object, now: i64) -> bool {
        let mask = self.storage.unwrap_or(StorageStatusMask::OnLineStorage);
        let destroyed = object.state_at(now).is_some_and(states::is_destroyed);
        if destroyed {
            let by_state =
                attribute!(self.attributes, State).any(|state: &State| states::is_destroyed(*state));
            return by_state || mask.contains(StorageStatusMask::DestroyedStorage);
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

    fn has(&self, object: &Object, wanted: &Attribute) -> bool {
        if let Some(date) = date_of(wanted) {
            let range = self.date_range(wanted.tag(), date);
            let of_object =
                object.attributes.iter().filter(|have| have.tag() == wanted.tag()).find_map(date_of);
            return range.contains(&of_object.unwrap_or(UNDEFINED));
        }
        object.attributes.iter().any(|have| satisfies(have, wanted) || intake::is_same(object, have, wanted))
    }

    /// One instance of a date means that date; two mean everything between them, both included. The largest date is that
    /// of objects without the attribute.
    fn date_range(&self, tag: Tag, date: i64) -> std::ops::RangeInclusive<i64> {
        let dates = self.attributes.iter().filter(|a| a.tag() == tag).filter_map(date_of);
        let (from, to) = dates.fold((date, date), |(from, to), date| (from.min(date), to.max(date)));
        from..=to
    }
}

/// The date of an attribute that an object does not have: the largest that there is.
const UNDEFINED: i64 = i64::MAX;

/// Whether an attribute of an object is what a filter asks for; of a structure, in the fields that the filter gives.
fn satisfies(have: &Attribute, wanted: &Attribute) -> bool {
    match (have, wanted) {
        (Attribute::CryptographicUsageMask(have), Attribute::CryptographicUsageMask(wanted)) => {
            have.contains(*wanted)
        }
        (Attribute::Vendor(_) | Attribute::Unknown(_), _) => have == wanted,
        (have, wanted) if have.tag() == wanted.tag() => {
            have == wanted
                || matches!(wanted.to_item(), Some(ItemValue::Structure(fields))
                if has_fields(have.to_item(), &fields))
        }
        _ => false,
    }
}

fn has_fields(have: Option<ItemValue>, wanted: &[Item]) -> bool {
    let Some(ItemValue::Structure(have)) = have else { return false };
    wanted.iter().all(|wanted| have.iter().any(|have| have.tag == wanted.tag && is_enough(have, wanted)))
}

/// Usage Limits are enough where they are as large as wanted; any other field is the one that is wanted.
fn is_enough(have: &Item, wanted: &Item) -> bool {
    match (&have.value, &wanted.value) {
        (ItemValue::LongInteger(value), ItemValue::LongInteger(least))
            if matches!(have.tag, Tag::UsageLimitsTotal | Tag::UsageLimitsCount) =>
        {
            value >= least
        }
        (have, wanted) => have == wanted,
    }
}

/// The seconds of a date attribute.
fn date_of(attribute: &Attribute) -> Option<i64> {
    match attribute {
        Attribute::InitialDate(date)
        | Attribute::ActivationDate(date)
        | Attribute::ProcessStartDate(date)
        | Attribute::ProtectStopDate(date)
        | Attribute::DeactivationDate(date)
        | Attribute::DestroyDate(date)
        | Attribute::CompromiseOccurrenceDate(date)
        | Attribute::CompromiseDate(date)
        | Attribute::ArchiveDate(date)
        | Attribute::LastChangeDate(date)
        | Attribute::OriginalCreationDate(date)
        | Attribute::RotateDate(date) => Some(date.0),
        _ => None,
    }
}
