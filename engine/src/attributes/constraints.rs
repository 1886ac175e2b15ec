//! What administrators set for all new objects (KMIP 2.1, 6.1.52 and 6.1.53): what they must be, and what they get where
//! a request leaves it out.
//!
//! A constraint or default that names Object Groups is about the objects of these groups, and comes before those that
//! name none. Of several constraints that are equally narrow, an object must fulfil one.

use crate::attributes::rules;
use crate::context::Context;
use crate::cryptography::named;
use crate::material;
use crate::objects::object::Object;
use crate::objects::references;
use crate::refusal::{Cause, OpResult, refuse};
use crate::search::{self, Filter};
use kmip_codec::attribute;
use kmip_codec::attributes::{Attribute, AttributeList, Attributes};
use kmip_codec::declare::Value;
use kmip_codec::enums::{ObjectType, StorageStatusMask};
use kmip_codec::payloads::{
    Constraint, Constraints, DefaultsInformation, ObjectDefaults, ObjectGroups, ObjectTypes,
};
use kmip_codec::version::STORED;
use kmip_codec::wire::{BinarySink, BinarySource, Source as _};
use kmip_codec::{Tag, Version};
use std::collections::BTreeSet;

const CONSTRAINTS: &str = "constraints";
const DEFAULTS: &str = "defaults";

/// The most constraints or defaults that there may be: each new object is held against them.
const RULES_MAX: usize = 256;

/// The constraints.
pub fn constraints(cx: &mut Context<'_, '_>) -> OpResult<Constraints> {
    read(cx, CONSTRAINTS)
}

/// The defaults.
pub fn defaults(cx: &mut Context<'_, '_>) -> OpResult<DefaultsInformation> {
    read(cx, DEFAULTS)
}

/// The defaults that are for one of these groups, those for any group included. A group that is not known has none.
pub fn defaults_for(
    cx: &mut Context<'_, '_>,
    groups: Option<&ObjectGroups>,
) -> OpResult<DefaultsInformation> {
    let mut all = defaults(cx)?;
    if let Some(asked) = groups {
        for group in &asked.object_groups {
            if !is_known_group(cx, group)? {
                let text =
                    format!("no Object Group {group:?} is known: no object, default or constraint names it");
                return refuse(Cause::UnknownGroup, text);
            }
        }
        let asked: BTreeSet<&String> = asked.object_groups.iter().collect();
        all.defaults.retain(|one| {
            let own = one.object_groups.as_ref();
            own.is_none_or(|own| own.object_groups.iter().any(|group| asked.contains(group)))
        });
    }
    Ok(all)
}

/// Sets the constraints, or takes all away.
pub fn set_constraints(cx: &mut Context<'_, '_>, constraints: Option<&Constraints>) -> OpResult<()> {
    let lists = constraints.iter().flat_map(|all| &all.constraints).filter_map(|one| one.attributes.as_ref());
    known(lists, cx.version)?;
    write(cx, CONSTRAINTS, constraints.filter(|all| !all.constraints.is_empty()))
}

/// Sets the defaults, or takes all away.
pub fn set_defaults(cx: &mut Context<'_, '_>, defaults: Option<&DefaultsInformation>) -> OpResult<()> {
    let all = || defaults.iter().flat_map(|all| &all.defaults);
    known(all().map(|one| &one.attributes), cx.version)?;
    if all().any(|one| types(one).is_empty()) {
        return refuse(Cause::Missing, "Object Defaults need an Object Type");
    }
    write(cx, DEFAULTS, defaults.filter(|all| !all.defaults.is_empty()))
}

/// Only attributes that a client could give to a new object, and not too many of them.
fn known<'l>(lists: impl Iterator<Item = &'l AttributeList>, version: Version) -> OpResult<()> {
    for (number, list) in lists.enumerate() {
        if number >= RULES_MAX {
            let text =
                format!("there are more constraints or defaults than the {RULES_MAX} that a server may have");
            return refuse(Cause::Limit, text);
        }
        list.0.iter().try_for_each(|attribute| rules::may_be_given(attribute, version))?;
        if list.0.iter().any(references::is_in) {
            let text = "a Link refers to an item of this batch, and constraints and defaults last: name the object by its identifier";
            return refuse(Cause::InvalidField, text);
        }
    }
    Ok(())
}

fn read<T: Value + Default>(cx: &mut Context<'_, '_>, name: &str) -> OpResult<T> {
    let Some(bytes) = cx.draft.rule(name)? else { return Ok(T::default()) };
    let mut src = BinarySource::new(&bytes);
    src.set_version(STORED);
    match T::take(Tag::Constraints, &mut src) {
        Ok(rule) => Ok(rule),
        Err(_) => refuse(Cause::Internal, "what the administrators have set cannot be read"),
    }
}

fn write<T: Value>(cx: &mut Context<'_, '_>, name: &str, rule: Option<&T>) -> OpResult<()> {
    let bytes = rule.map(|rule| {
        let mut out = BinarySink::new(STORED);
        rule.put(Tag::Constraints, &mut out);
        out.finish()
    });
    cx.draft.put_rule(name, bytes.as_deref())
}

/// Refuses a new object that no constraint for it wants.
pub fn check(cx: &mut Context<'_, '_>, object: &Object) -> OpResult<()> {
    let all = constraints(cx)?.constraints;
    let mut narrow = narrowest(all.iter(), object, |one| {
        (one.object_types.as_ref().map_or(&[], |types| types.object_types.as_slice()), &one.object_groups)
    });
    let holds = |attribute: &Attribute| {
        object.attributes.iter().any(|held| material::is_same(object, held, attribute))
    };
    let fulfilled = |one: &&Constraint| one.attributes.iter().all(|list| list.0.iter().all(holds));
    if narrow.is_empty() || narrow.iter().any(fulfilled) {
        return Ok(());
    }
    let wanted = narrow.pop().and_then(|one| one.attributes.as_ref()).and_then(|list| {
        list.0.iter().find(|attribute| !holds(attribute)).map(|attribute| attribute.name().into_owned())
    });
    let text = format!("the constraints of this server want another {}", wanted.unwrap_or_default());
    refuse(Cause::Constraint, text)
}

/// Gives a new object what its request has left out.
pub fn fill(cx: &mut Context<'_, '_>, object: &mut Object) -> OpResult<()> {
    let all = defaults(cx)?.defaults;
    let mut missing = Attributes::default();
    for of_groups in [true, false] {
        let matching = all.iter().filter(|one| {
            one.object_groups.is_some() == of_groups && is_for(object, types(one), &one.object_groups)
        });
        for one in matching {
            let absent = |a: &&Attribute| {
                let reference = a.reference();
                !object.attributes.has(&reference) && !missing.iter().any(|m| m.is_called(&reference))
            };
            let found: Vec<Attribute> = one.attributes.0.iter().filter(absent).cloned().collect();
            found.into_iter().for_each(|attribute| missing.push(attribute));
        }
    }
    // The algorithm may be one of them, and decides which parameters are for the key.
    let (parameters, others): (Vec<_>, Vec<_>) =
        missing.0.into_iter().partition(|entry| entry.attribute.tag() == Tag::CryptographicParameters);
    for some in [others, parameters] {
        let passed_on: Vec<Attribute> =
            some.iter().filter_map(|entry| named::passed_on(object, &entry.attribute)).collect();
        object.attributes.add_all(passed_on);
    }
    Ok(())
}

/// The types that defaults are for: named alone, or as a list.
fn types(one: &ObjectDefaults) -> &[ObjectType] {
    match (&one.object_type, &one.object_types) {
        (Some(kind), _) => std::slice::from_ref(kind),
        (None, Some(ObjectTypes { object_types })) => object_types,
        (None, None) => &[],
    }
}

/// Whether a rule is about an object: of one of the types, or of any; in one of the groups, or in any.
fn is_for(object: &Object, types: &[ObjectType], groups: &Option<ObjectGroups>) -> bool {
    let mut held = attribute!(object.attributes, ObjectGroup);
    (types.is_empty() || types.contains(&object.object_type()))
        && groups.as_ref().is_none_or(|groups| held.any(|group| groups.object_groups.contains(group)))
}

type Scope<'r> = (&'r [ObjectType], &'r Option<ObjectGroups>);

/// The rules about an object: those that name one of its groups, or else those that name none.
fn narrowest<'r, T>(
    rules: impl Iterator<Item = &'r T> + Clone,
    object: &Object,
    scope: impl Fn(&'r T) -> Scope<'r>,
) -> Vec<&'r T> {
    let about = |of_groups: bool| {
        let matching = rules.clone().filter(|rule| {
            let (types, groups) = scope(rule);
            groups.is_some() == of_groups && is_for(object, types, groups)
        });
        matching.collect::<Vec<_>>()
    };
    let narrow = about(true);
    if narrow.is_empty() { about(false) } else { narrow }
}

/// Whether anything that the client may see knows of the group: an object, a rule of all clients, or the configuration.
fn is_known_group(cx: &mut Context<'_, '_>, group: &String) -> OpResult<bool> {
    let names =
        |groups: Option<&ObjectGroups>| groups.is_some_and(|named| named.object_groups.contains(group));
    let in_defaults = defaults(cx)?.defaults.iter().any(|one| names(one.object_groups.as_ref()));
    let in_constraints = constraints(cx)?.constraints.iter().any(|one| names(one.object_groups.as_ref()));
    if in_defaults || in_constraints || cx.settings().on_the_fly.iter().any(|made| made.group == *group) {
        return Ok(true);
    }
    let everywhere = StorageStatusMask::OnLineStorage
        | StorageStatusMask::ArchivalStorage
        | StorageStatusMask::DestroyedStorage;
    let filter = Filter {
        attributes: [Attribute::ObjectGroup(group.clone())].into(),
        storage: Some(everywhere),
        ..Filter::default()
    };
    Ok(!search::search(cx.draft, &filter, 0, 1, false)?.identifiers.is_empty())
}
