//! What every new object gets: identifier, dates, state, the attributes of the request, and those that the server
//! sets.

use crate::attributes::constraints;
use crate::attributes::rules;
use crate::context::Context;
use crate::cryptography::named;
use crate::lifecycle::effects;
use crate::material;
use crate::objects::attribute_set::AttributeSet;
use crate::objects::object::Object;
use crate::objects::references;
use crate::objects::rng;
use crate::objects::storage;
use crate::refusal::{Cause, OpResult, refuse};
use crate::rights::persona::Activation;
use crate::rights::weakness;
use kmip_codec::attributes::{Attribute, Attributes, Count, Digest, TemplateAttribute};
use kmip_codec::enums::*;
use kmip_codec::objects::{KeyBlock, ManagedObject};
use kmip_codec::operations::Operation;
use kmip_codec::value::DateTime;
use kmip_codec::version::V2_0;
use kmip_codec::{SecretBytes, Tag, attribute};
use std::collections::BTreeSet;

/// The Operation Policy Name of objects whose request names none.
const DEFAULT_POLICY: &str = "default";

/// The attributes that a request gives to a new object: those of its templates, then its own.
pub fn given(cx: &mut Context<'_, '_>, template: Option<TemplateAttribute>) -> OpResult<Attributes> {
    let template = template.unwrap_or_default();
    each_once(&template.attributes)?;
    let mut attributes = Attributes::default();
    for name in &template.names {
        attributes.0.extend(template_attributes(cx, name)?.0);
    }
    attributes.0.extend(template.attributes.0);
    references::in_attributes(cx, &mut attributes)?;
    Ok(attributes)
}

/// A request gives an attribute of one value once; over those of its templates it may. Of generators it may name several
/// to choose from.
fn each_once(given: &Attributes) -> OpResult<()> {
    for (at, attribute) in given.iter().enumerate() {
        let is_single = attribute.row().is_some_and(|row| row.count == Count::One)
            && attribute.tag() != Tag::RandomNumberGenerator;
        if is_single && given.iter().take(at).any(|before| before.tag() == attribute.tag()) {
            return refuse(Cause::SingleValued, format!("{} has one value", attribute.tag()));
        }
    }
    Ok(())
}

/// What a template holds (KMIP 1.4, 2.2.6): its attributes but for those of the template itself.
fn template_attributes(
    cx: &mut Context<'_, '_>,
    name: &kmip_codec::attributes::Name,
) -> OpResult<Attributes> {
    let filter = crate::search::Filter {
        attributes: [Attribute::Name(name.clone()), Attribute::ObjectType(ObjectType::Template)].into(),
        ..Default::default()
    };
    let found = crate::search::search(cx.draft, &filter, 0, 1, false)?;
    let Some(id) = found.identifiers.into_iter().next() else {
        return refuse(Cause::NotFound, format!("no template is named {:?}", name.value));
    };
    let template = cx.draft.object(&id, Operation::Get)?;
    let value = cx.draft.managed(&template)?;
    match value {
        ManagedObject::Template(template) => {
            let attributes = template.attributes.unwrap_or_default().0;
            Ok(Attributes(attributes.0.into_iter().filter(|entry| !is_name(&entry.attribute)).collect()))
        }
        _ => refuse(Cause::WrongType, format!("{:?} is not a template", name.value)),
    }
}

/// The name in a template is the template's own (KMIP 1.0 and 1.1 have it there).
pub fn is_name(attribute: &Attribute) -> bool {
    matches!(attribute, Attribute::Name(_))
}

/// A new object of this type with the attributes of the request. `made_here` tells apart what the server generated.
pub fn object(
    cx: &mut Context<'_, '_>,
    object_type: ObjectType,
    given: Attributes,
    made_here: bool,
) -> OpResult<Object> {
    inheriting(cx, object_type, Attributes::default(), given, made_here)
}

/// The same with attributes inherited from another object, which those of the request add to or override.
pub fn inheriting(
    cx: &mut Context<'_, '_>,
    object_type: ObjectType,
    inherited: Attributes,
    given: Attributes,
    made_here: bool,
) -> OpResult<Object> {
    let id = cx.new_identifier()?;
    cx.touched.push(id.clone());
    let mut object = new_object(cx, id, object_type);
    object.attributes.add_all(inherited.0.into_iter().map(|entry| entry.attribute));
    rng::choose(&given, made_here)?;
    let tags: BTreeSet<Tag> = given.iter().map(Attribute::tag).collect();
    take_in(cx, &mut object, given)?;
    tags.into_iter().try_for_each(|tag| rules::in_order(&object, tag))?;
    if made_here {
        constraints::fill(cx, &mut object)?;
    }
    effects::refill(&mut object);
    set_by_server(cx, &mut object, made_here);
    // Clients of 1.x expect it where they have not named one (KMIP 1.4, 3.18); later versions do not have it.
    if cx.version < V2_0 && !object.attributes.has_tag(Tag::OperationPolicyName) {
        object.attributes.set(Attribute::OperationPolicyName(DEFAULT_POLICY.to_owned()));
    }
    if cx.principal().persona.activation == Activation::Automatic
        && has_life_cycle(object_type)
        && !object.attributes.has_tag(Tag::ActivationDate)
    {
        object.attributes.set(Attribute::ActivationDate(DateTime(cx.now())));
    }
    object.apply_date_transitions(cx.now());
    Ok(object)
}

/// An object of the client that is nothing but of its type.
pub fn new_object(cx: &mut Context<'_, '_>, id: String, object_type: ObjectType) -> Object {
    let (owner, group) = (cx.principal().name.clone(), cx.principal().default_group.clone());
    let mut object = Object::new(id, owner, object_type);
    (object.group, object.created) = (group, cx.next_creation());
    object
}

/// Takes in the attributes of the request.
fn take_in(cx: &Context<'_, '_>, object: &mut Object, given: Attributes) -> OpResult<()> {
    for attribute in given.iter() {
        rules::check_settable_at_creation(object, attribute, cx.version)?;
        if let Attribute::ObjectType(kind) = attribute
            && *kind != object.object_type()
        {
            return refuse(Cause::AttributeValue, "Object Type differs from that of the request");
        }
    }
    object.attributes.take_in(given.0.into_iter().map(|entry| entry.attribute));
    Ok(())
}

/// The attributes that the server sets on every new object.
pub fn set_by_server(cx: &Context<'_, '_>, object: &mut Object, made_here: bool) {
    let date = DateTime(cx.now());
    let short = short_identifier(&object.id);
    let held = &mut object.attributes;
    held.set(Attribute::InitialDate(date));
    held.set(Attribute::LastChangeDate(date));
    if made_here {
        held.set(Attribute::OriginalCreationDate(date));
        held.set(Attribute::RandomNumberGenerator(rng::of_keys()));
    }
    if has_life_cycle(attribute!(held, ObjectType).next().copied().unwrap_or_default()) {
        // A client that hands over a key may know that somebody has had it (4.24).
        if made_here || !held.has_tag(Tag::Fresh) {
            held.set(Attribute::Fresh(true));
        }
        held.set(Attribute::State(State::PreActive));
        protect(held);
    }
    held.set(Attribute::ShortUniqueIdentifier(short));
    held.set(Attribute::ProtectionStorageMask(storage::MASK));
    crate::lifecycle::lease::set(object, cx.principal().persona.lease_seconds);
}

/// Templates have no life cycle: they are attributes alone.
fn has_life_cycle(object_type: ObjectType) -> bool {
    object_type != ObjectType::Template
}

/// Sensitive and Extractable with their memory: Always Sensitive and Never Extractable.
fn protect(held: &mut AttributeSet) {
    let sensitive = attribute!(held, Sensitive).next().copied().unwrap_or(false);
    let extractable = attribute!(held, Extractable).next().copied().unwrap_or(true);
    held.set(Attribute::Sensitive(sensitive));
    held.set(Attribute::AlwaysSensitive(sensitive));
    held.set(Attribute::Extractable(extractable));
    held.set(Attribute::NeverExtractable(!extractable));
}

/// The SHA-256 of an identifier, which is short where identifiers are long (KMIP 2.1, 4.56).
fn short_identifier(id: &str) -> bytes::Bytes {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, id.as_bytes());
    bytes::Bytes::copy_from_slice(digest.as_ref())
}

/// The digest of an object's material (KMIP 2.1, 4.21).
pub fn digest(material: &SecretBytes, format: Option<KeyFormatType>) -> Attribute {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, material.expose());
    Attribute::Digest(Digest {
        hashing_algorithm: HashingAlgorithm::SHA_256,
        value: Some(bytes::Bytes::copy_from_slice(digest.as_ref())),
        key_format_type: format,
    })
}

/// Turns a new key into the format that is asked for, if any, and sets what the object says of it: the format, and the
/// digests of the key in it and in the usual one (KMIP 2.1, 4.26).
pub fn give_format(object: &mut Object, block: &mut KeyBlock) -> OpResult<()> {
    let usual = block.key_format_type;
    let wanted = attribute!(object.attributes, KeyFormatType).next().copied().unwrap_or(usual);
    object.attributes.set(Attribute::KeyFormatType(wanted));
    let mut digests: Vec<Attribute> = Vec::new();
    let in_usual = material::clear_material(block).map(|bytes| digest(&bytes, Some(usual)));
    if wanted != usual {
        if material::in_format(block, wanted).is_err() {
            return other_format(usual, wanted);
        }
        digests.extend(material::clear_material(block).map(|bytes| digest(&bytes, Some(wanted))));
    }
    digests.extend(in_usual);
    for digest in digests {
        object.attributes.add(digest);
    }
    Ok(())
}

/// Refuses another format than Raw for what has no other.
pub fn require_raw(object: &Object) -> OpResult<()> {
    match attribute!(object.attributes, KeyFormatType).find(|asked| **asked != KeyFormatType::Raw) {
        Some(wanted) => other_format(KeyFormatType::Raw, *wanted),
        None => Ok(()),
    }
}

fn other_format(usual: KeyFormatType, wanted: KeyFormatType) -> OpResult<()> {
    let text = format!("such an object is made as {usual:?}: it cannot be had as {wanted:?}");
    refuse(Cause::KeyFormat, text)
}

/// Refuses an algorithm that KMIP does not have: nothing that is said of such a key could be held against it.
fn must_be_known(object: &Object) -> OpResult<()> {
    let is_known =
        |said: &&CryptographicAlgorithm| CryptographicAlgorithm::ROWS.iter().any(|row| row.0 == said.0);
    match attribute!(object.attributes, CryptographicAlgorithm).find(|said| !is_known(said)) {
        Some(said) => refuse(
            Cause::InvalidField,
            format!("Cryptographic Algorithm is 0x{:x}, a value that KMIP does not have", said.0),
        ),
        None => Ok(()),
    }
}

/// Stores a new object with its value; from now on it is the ID placeholder.
pub fn store(cx: &mut Context<'_, '_>, object: Object, value: &ManagedObject) -> OpResult<String> {
    must_be_known(&object)?;
    named::check_object(&object)?;
    constraints::check(cx, &object)?;
    weakness::check_quantum_safe(&object)?;
    let id = object.id.clone();
    if object.has_value {
        let encoded = material::encode(value);
        cx.draft.put_value(&object, &encoded)?;
    }
    cx.draft.put(object)?;
    cx.placeholder = Some(id.clone());
    Ok(id)
}
