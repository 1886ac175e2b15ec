//! Which keys are meant: by identifier, by name, by filters.

use super::{Failure, Result};
use crate::client::{Client, Error};
use crate::near;
use crate::text::printable;
use kmip_codec::Version;
use kmip_codec::attribute;
use kmip_codec::attributes::{Attribute, AttributeFilter, Attributes, Name};
use kmip_codec::enums::State;
use kmip_codec::operations::Call as _;
use kmip_codec::payloads::{GetAttributesRequest, LocateRequest};
use kmip_codec::value::UniqueIdentifier;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// How much of a name that was not found is shown.
const SHOWN_CHARS: usize = 200;

/// How many keys one message asks about.
const BATCH: usize = 50;

/// A key with its attributes.
pub type Described = (String, Attributes);

/// The identifier of the one key that is meant. What looks like an identifier of ours is tried as one first, anything else
/// as a name: a question about an identifier that does not exist is a refusal, which the server records.
pub fn one(client: &mut Client, text: &str) -> Result<String> {
    let known = if is_uuid(text) { Some(identified(client, text)) } else { None };
    if let Some(Ok(())) = known {
        return Ok(text.to_owned());
    }
    let mut all = located(client, vec![Attribute::Name(Name::text(text))], None)?.into_iter();
    match (all.next(), all.next()) {
        (Some(id), None) => Ok(id),
        (Some(first), Some(second)) => Err(Failure::NoSuchKey(format!(
            "`{text}` means {} keys, among them {first} and {second}: give an identifier",
            2 + all.count()
        ))),
        (None, _) => match known.unwrap_or_else(|| identified(client, text)) {
            Ok(()) => Ok(text.to_owned()),
            Err(Error::Refused(refusal)) if refusal.is_not_found() => {
                let once = destroyed(client, text)?.map_or_else(String::new, |id| {
                    format!(": the last one of that name, {id}, is destroyed; `keystead key show {id}` tells of it")
                });
                let shown = printable(text, SHOWN_CHARS);
                Err(Failure::NoSuchKey(format!("no key has the identifier or the name `{shown}`{once}")))
            }
            Err(error) => Err(error.into()),
        },
    }
}

/// The last key of a name that is destroyed: the server looks for those only where their state is asked for.
fn destroyed(client: &mut Client, name: &str) -> Result<Option<String>> {
    for state in [State::Destroyed, State::DestroyedCompromised] {
        let filters = vec![Attribute::Name(Name::text(name)), Attribute::State(state)];
        if let Some(id) = located(client, filters, Some(1))?.into_iter().next() {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// Whether there is an object of this identifier.
fn identified(client: &mut Client, id: &str) -> std::result::Result<(), Error> {
    client.call(GetAttributesRequest { unique_identifier: Some(id.into()), ..state_alone() }).map(drop)
}

/// Eight, four, four, four and twelve hexadecimal digits.
fn is_uuid(text: &str) -> bool {
    let groups: Vec<_> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn state_alone() -> GetAttributesRequest {
    let references = vec![kmip_codec::attributes::AttributeReference::Tag(kmip_codec::Tag::State)];
    GetAttributesRequest { references, ..GetAttributesRequest::default() }
}

/// Every attribute of a key.
pub fn attributes(client: &mut Client, id: &str) -> Result<Attributes> {
    let answer = client.call(all_of(id))?;
    Ok(answer.attributes.unwrap_or_default().0)
}

fn all_of(id: &str) -> GetAttributesRequest {
    GetAttributesRequest { unique_identifier: Some(id.into()), ..GetAttributesRequest::default() }
}

/// The keys that pass all filters, with their attributes, in the order of the server.
pub fn list(
    client: &mut Client,
    name: Option<String>,
    group: Option<String>,
    state: Option<State>,
    limit: Option<i32>,
) -> Result<Vec<Described>> {
    let filters = [
        name.map(|name| Attribute::Name(Name::text(name))),
        group.map(Attribute::ObjectGroup),
        state.map(Attribute::State),
    ];
    let ids = located(client, filters.into_iter().flatten().collect(), limit)?;
    let mut described = Vec::with_capacity(ids.len());
    for some in ids.chunks(BATCH) {
        describe(client, some, &mut described)?;
    }
    Ok(described)
}

/// A key that vanishes between the two questions ends the batch; it is left out, and the rest is asked again.
fn describe(client: &mut Client, ids: &[String], into: &mut Vec<Described>) -> Result<()> {
    let mut left = ids;
    while !left.is_empty() {
        let mut answers = client.batch(left.iter().map(|id| all_of(id).into_request()))?;
        let mut read = 0;
        for id in left {
            match answers.take::<GetAttributesRequest>() {
                Ok(answer) => into.push((id.clone(), answer.attributes.unwrap_or_default().0)),
                Err(Error::Refused(refusal)) if refusal.is_not_found() => break,
                Err(error) => return Err(error.into()),
            }
            read += 1;
        }
        left = if read == left.len() { &[] } else { left.get(read + 1..).unwrap_or_default() };
    }
    Ok(())
}

fn located(client: &mut Client, filters: Vec<Attribute>, limit: Option<i32>) -> Result<Vec<String>> {
    let attributes = AttributeFilter(filters.into_iter().collect());
    let found = client.call(LocateRequest {
        maximum_items: limit,
        attributes: Some(attributes),
        ..LocateRequest::default()
    })?;
    let text = |identifier| match identifier {
        UniqueIdentifier::Text(text) => Some(text),
        _ => None,
    };
    Ok(found.unique_identifiers.into_iter().filter_map(text).collect())
}

/// The first name of a key.
pub fn name(attributes: &Attributes) -> Option<&str> {
    attribute!(attributes, Name).next().map(|name| name.value.as_str())
}

/// A row of an enumeration: number, name, and whether a version has it.
type Row = (u32, &'static str, fn(Version) -> bool);

/// The value of an enumeration that is named as the standard does, or in small letters and dashes.
pub fn named(text: &str, rows: &[Row]) -> std::result::Result<u32, String> {
    let found = rows.iter().find(|row| plain(row.1) == plain(text));
    found.map(|row| row.0).ok_or_else(|| {
        let names: Vec<_> = rows.iter().map(|row| dashed(row.1)).collect();
        format!("not one of {}{}", names.join(", "), near::hint(text, names.iter().map(String::as_str)))
    })
}

/// A name of the standard in small letters and dashes: `pre-active`, `ca-compromise`.
fn dashed(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut text = String::new();
    for (place, letter) in letters.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|before| letters.get(before));
        let after = letters.get(place + 1);
        let is_first = before.is_some_and(|c| c.is_lowercase()) || after.is_some_and(|c| c.is_lowercase());
        if letter.is_uppercase() && place > 0 && is_first {
            text.push('-');
        }
        text.extend(letter.to_lowercase());
    }
    text
}

/// A name without what people spell differently.
pub fn plain(name: &str) -> String {
    name.replace(['-', '_', ' '], "").to_ascii_lowercase()
}

/// Seconds since 1970 of a time like 2026-01-31T12:00:00Z.
pub fn time(text: &str) -> std::result::Result<i64, String> {
    let time = OffsetDateTime::parse(text, &Rfc3339);
    time.map(OffsetDateTime::unix_timestamp).map_err(|_| "not a time like 2026-01-31T12:00:00Z".to_owned())
}
