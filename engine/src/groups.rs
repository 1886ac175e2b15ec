//! Members of an Object Group (KMIP 2.1, 6.1.28 and 4.35): which one is the default, and keys that are made when a group
//! has no fresh one left.

use crate::context::Context;
use crate::draft::Age;
use crate::material;
use crate::objects::creation;
use crate::objects::raw::KeyMaterialSpec;
use crate::refusal::OpResult;
use crate::search::{self, Filter, Found};
use kmip_codec::attribute;
use kmip_codec::attributes::Attribute;
use kmip_codec::enums::{ObjectGroupMember, ObjectType, SecretDataType};

/// Looks for members of the group that a filter names; `None` where it names none or does not ask for a kind of member.
pub fn members(
    cx: &mut Context<'_, '_>,
    filter: &Filter,
    offset: usize,
    maximum: usize,
    count_all: bool,
) -> OpResult<Option<Found>> {
    let Some(group) = attribute!(filter.attributes, ObjectGroup).next().cloned() else { return Ok(None) };
    // The oldest comes first: a group is a queue.
    let filter = Filter { order: Age::OldestFirst, ..filter.clone() };
    match filter.group_member {
        Some(ObjectGroupMember::GroupMemberFresh) => {
            let found = search::search(cx.draft, &filter, offset, maximum, count_all)?;
            if !found.identifiers.is_empty() || offset > 0 || maximum == 0 {
                return Ok(Some(found));
            }
            let identifiers: Vec<String> = made(cx, &filter, &group)?.into_iter().collect();
            Ok(Some(Found { located: Some(identifiers.len()), identifiers }))
        }
        Some(ObjectGroupMember::GroupMemberDefault) => default(cx, filter, &group).map(Some),
        _ => Ok(None),
    }
}

/// The default member: each is it in turn, for each client on its own, from the oldest to the newest and again.
fn default(cx: &mut Context<'_, '_>, filter: Filter, group: &str) -> OpResult<Found> {
    let last = cx.draft.default_member(group)?;
    let again = last.is_some();
    let next = Filter { behind: last, ..filter };
    let mut found = search::search(cx.draft, &next, 0, 1, false)?;
    if found.identifiers.is_empty() && again {
        found = search::search(cx.draft, &Filter { behind: None, ..next }, 0, 1, false)?;
    }
    if let Some(id) = found.identifiers.first()
        && let Some(member) = cx.draft.visible(id)?
    {
        cx.draft.put_default_member(group, (member.created, member.place()))?;
    }
    Ok(Found { located: Some(found.identifiers.len()), ..found })
}

/// A new key for the group, where the configuration has one for it and the filter would find it.
fn made(cx: &mut Context<'_, '_>, filter: &Filter, group: &str) -> OpResult<Option<String>> {
    let template = cx.settings().on_the_fly.iter().find(|template| template.group == group);
    let Some(template) = template else { return Ok(None) };
    let given = [
        Attribute::ObjectGroup(group.to_owned()),
        Attribute::CryptographicAlgorithm(template.algorithm),
        Attribute::CryptographicLength(template.length),
        Attribute::CryptographicUsageMask(template.usage),
    ];
    let object = creation::object(cx, ObjectType::SymmetricKey, given.into(), true)?;
    if !filter.matches(&object, cx.now()) {
        cx.touched.retain(|id| *id != object.id);
        return Ok(None);
    }
    let wanted = KeyMaterialSpec::by(cx, &object, SecretDataType::Seed)?;
    let key = material::random(cx.entropy, wanted.algorithm, wanted.bytes)?;
    wanted.store(cx, object, key).map(Some)
}
