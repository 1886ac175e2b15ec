//! The attributes of a filter, made ready once for all objects that are looked at: dates of one tag are one range, what is
//! asked twice is asked once, and what is compared stands beside its like.

use crate::lifecycle::states;
use crate::material;
use crate::objects::object::{self, Object};
use crate::work;
use kmip_codec::Tag;
use kmip_codec::attributes::{Attribute, Attributes};
use kmip_codec::item::{Item, ItemValue};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

/// What an object must have, by tag.
pub struct Conditions<'f> {
    dates: BTreeMap<Tag, RangeInclusive<i64>>,
    values: BTreeMap<Tag, Wanted<'f>>,
    /// Whether a State is asked for that destroyed objects have.
    pub names_destroyed: bool,
}

/// What is wanted of one tag.
#[derive(Default)]
struct Wanted<'f> {
    values: Vec<Condition<'f>>,
    /// How many bytes they have together.
    bytes: usize,
}

impl Wanted<'_> {
    fn has_fields(&self) -> bool {
        self.values.iter().any(|condition| condition.fields.is_some())
    }
}

/// One attribute of a filter.
struct Condition<'f> {
    wanted: &'f Attribute,
    /// Of a structure, the fields that the filter gives.
    fields: Option<Vec<Item>>,
}

impl<'f> Conditions<'f> {
    /// Those of a filter.
    pub fn of(filter: &'f Attributes) -> Self {
        let mut all = Self { dates: BTreeMap::new(), values: BTreeMap::new(), names_destroyed: false };
        let mut seen = BTreeSet::new();
        for wanted in filter.iter() {
            match date_of(wanted) {
                Some(date) => all.add_date(wanted.tag(), date),
                None if !seen.insert(object::encoded(wanted)) => {}
                None => all.add_value(wanted),
            }
        }
        all
    }

    /// One instance of a date means that date; two mean everything between them, both included.
    fn add_date(&mut self, tag: Tag, date: i64) {
        let range = self.dates.entry(tag).or_insert(date..=date);
        *range = date.min(*range.start())..=date.max(*range.end());
    }

    fn add_value(&mut self, wanted: &'f Attribute) {
        self.names_destroyed |= matches!(wanted, Attribute::State(state) if states::is_destroyed(*state));
        let of_tag = self.values.entry(wanted.tag()).or_default();
        of_tag.bytes += wanted.length();
        of_tag.values.push(Condition { wanted, fields: fields_of(wanted) });
    }

    /// What of an object is held against them.
    pub fn concerned<'o>(&self, object: &'o Object) -> Concerned<'_, 'f, 'o> {
        let mut of_tags: BTreeMap<Tag, Vec<&'o Attribute>> = BTreeMap::new();
        for have in object.attributes.iter() {
            let tag = have.tag();
            if self.values.contains_key(&tag) || self.dates.contains_key(&tag) {
                of_tags.entry(tag).or_default().push(have);
            }
        }
        Concerned { conditions: self, object, of_tags }
    }
}

/// The attributes of one object beside the conditions that concern them.
pub struct Concerned<'c, 'f, 'o> {
    conditions: &'c Conditions<'f>,
    object: &'o Object,
    of_tags: BTreeMap<Tag, Vec<&'o Attribute>>,
}

impl Concerned<'_, '_, '_> {
    /// What it takes to compare them, in microseconds.
    pub fn price(&self) -> u64 {
        let of_tag = |(tag, wanted): (&Tag, &Wanted<'_>)| {
            let have = self.of_tags.get(tag).map_or(&[][..], Vec::as_slice);
            let count = wanted.values.len();
            // No more is compared than either has.
            let bytes: usize =
                have.iter().map(|have| wanted.bytes.min(count.saturating_mul(have.length()))).sum();
            let compared = match wanted.has_fields() {
                true => work::structures(have.len(), count),
                false => work::pairs(have.len(), count),
            };
            compared.saturating_add(work::comparing(bytes))
        };
        self.conditions.values.iter().map(of_tag).fold(0, u64::saturating_add)
    }

    /// Whether all conditions hold.
    pub fn hold(&self) -> bool {
        self.dates_hold() && self.conditions.values.iter().all(|(tag, wanted)| self.values_hold(*tag, wanted))
    }

    fn dates_hold(&self) -> bool {
        self.conditions.dates.iter().all(|(tag, range)| {
            let have = self.of_tags.get(tag).into_iter().flatten().find_map(|have| date_of(have));
            range.contains(&have.unwrap_or(UNDEFINED))
        })
    }

    fn values_hold(&self, tag: Tag, wanted: &Wanted<'_>) -> bool {
        let Some(have) = self.of_tags.get(&tag) else { return false };
        let fields: Vec<Option<Vec<Item>>> = match wanted.has_fields() {
            true => have.iter().filter(|have| has_known_fields(have)).map(|have| fields_of(have)).collect(),
            false => Vec::new(),
        };
        wanted.values.iter().all(|condition| {
            have.iter().any(|have| condition.is_met_by(self.object, have))
                || condition
                    .fields
                    .as_ref()
                    .is_some_and(|wanted| fields.iter().flatten().any(|have| has_fields(have, wanted)))
        })
    }
}

impl Condition<'_> {
    fn is_met_by(&self, object: &Object, have: &Attribute) -> bool {
        match (have, self.wanted) {
            (Attribute::CryptographicUsageMask(have), Attribute::CryptographicUsageMask(wanted)) => {
                have.contains(*wanted)
            }
            (have, wanted) => material::is_same(object, have, wanted),
        }
    }
}

/// The date of an attribute that an object does not have: the largest that there is.
const UNDEFINED: i64 = i64::MAX;

fn fields_of(attribute: &Attribute) -> Option<Vec<Item>> {
    match attribute.to_item() {
        Some(ItemValue::Structure(fields)) => Some(fields),
        _ => None,
    }
}

/// Whether a filter may name some of the fields: vendors' attributes are compared as a whole.
fn has_known_fields(attribute: &Attribute) -> bool {
    !matches!(attribute, Attribute::Vendor(_) | Attribute::Unknown(_))
}

fn has_fields(have: &[Item], wanted: &[Item]) -> bool {
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
