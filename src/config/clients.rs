//! What the configuration says about clients: who is named, and whether each name can match, exists, and stands once.

use super::wrong::Wrong;
use super::{Config, GroupConfig};
use crate::engine::rights::identity::SHA256_PREFIX;
use crate::engine::rights::persona::{BUILT_IN, Credentials, Persona, built_in};
use crate::engine::rights::reference;
use crate::near;
use std::collections::{BTreeMap, HashMap};

/// Gives every entry its one form, and refuses what can never match or is said twice.
pub fn settle(config: &mut Config) -> Result<(), Wrong> {
    normalise(config)?;
    names_stand_once(config)?;
    personas_exist(config)?;
    credentials_can_be_shown(config)?;
    one_default_group(&config.groups)
}

fn normalise(config: &mut Config) -> Result<(), Wrong> {
    let mut entries: Vec<(String, &mut String)> = Vec::new();
    for (place, name) in config.admin.names.iter_mut().enumerate() {
        entries.push((format!("admin.names[{place}]"), name));
    }
    for (row, group) in config.groups.iter_mut().enumerate() {
        for (place, member) in group.members.iter_mut().enumerate() {
            entries.push((format!("groups[{row}].members[{place}]"), member));
        }
    }
    for (row, client) in config.clients.iter_mut().enumerate() {
        entries.push((format!("clients[{row}].name"), &mut client.name));
    }
    for (row, one) in config.attestation.iter_mut().enumerate() {
        entries.push((format!("attestation[{row}].client"), &mut one.client));
    }
    for (row, credential) in config.credentials.iter_mut().enumerate() {
        for (place, client) in credential.clients.iter_mut().enumerate() {
            entries.push((format!("credentials[{row}].clients[{place}]"), client));
        }
    }
    for (key, text) in entries {
        *text = reference::normalised(text).map_err(|why| Wrong::new(key, why))?;
    }
    config.endpoints.iter_mut().enumerate().try_for_each(|(row, one)| {
        // It is compared with names alone: it has the form of one.
        let read = reference::plain_name(&one.client);
        one.client = read.map_err(|why| Wrong::new(format!("endpoints[{row}].client"), why))?;
        Ok(())
    })
}

/// Two rows of one name would be merged, or one of them never be looked at.
fn names_stand_once(config: &Config) -> Result<(), Wrong> {
    let credentials = config.credentials.iter();
    let usernames = credentials.clone().map(|row| row.username.as_deref().unwrap_or_default());
    let devices = credentials.clone().map(|row| row.device.as_deref().unwrap_or_default());
    let tags: Vec<String> = config.extensions.iter().map(|row| format!("{:#x}", row.tag)).collect();
    let lists: Vec<(&str, &str, Vec<&str>)> = vec![
        ("groups", "name", config.groups.iter().map(|row| row.name.as_str()).collect()),
        ("clients", "name", config.clients.iter().map(|row| row.name.as_str()).collect()),
        ("personas", "name", config.personas.iter().map(|row| row.name.as_str()).collect()),
        ("attestation", "client", config.attestation.iter().map(|row| row.client.as_str()).collect()),
        ("endpoints", "client", config.endpoints.iter().map(|row| row.client.as_str()).collect()),
        ("credentials", "name", credentials.map(|row| row.name.as_str()).collect()),
        ("credentials", "username", usernames.collect()),
        ("credentials", "device", devices.collect()),
        ("object_groups", "name", config.object_groups.iter().map(|row| row.name.as_str()).collect()),
        ("extensions", "name", config.extensions.iter().map(|row| row.name.as_str()).collect()),
        ("extensions", "tag", tags.iter().map(String::as_str).collect()),
    ];
    for (table, key, names) in lists {
        let mut rows: HashMap<&str, usize> = HashMap::new();
        for (row, name) in names.into_iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            if let Some(first) = rows.insert(name, row) {
                let what = format!(
                    "{table}[{first}] has the same: put both into one, or give this another (rows are counted from 0)"
                );
                return Err(Wrong::new(format!("{table}[{row}].{key}"), what));
            }
        }
    }
    Ok(())
}

fn personas_exist(config: &Config) -> Result<(), Wrong> {
    let built_in: Vec<&str> = BUILT_IN.iter().map(|row| row.name).collect();
    for (row, persona) in config.personas.iter().enumerate() {
        if built_in.contains(&persona.name.as_str()) {
            let what =
                "a built-in persona has this name: choose another, and say based_on for where it starts from";
            return Err(Wrong::new(format!("personas[{row}].name"), what));
        }
        exists(&persona.based_on, &built_in, "built-in persona")
            .map_err(|what| Wrong::new(format!("personas[{row}].based_on"), what))?;
    }
    let own = config.personas.iter().map(|persona| persona.name.as_str());
    let all: Vec<&str> = built_in.iter().copied().chain(own).collect();
    for (row, client) in config.clients.iter().enumerate() {
        exists(&client.persona, &all, "persona")
            .map_err(|what| Wrong::new(format!("clients[{row}].persona"), what))?;
    }
    for (row, group) in config.groups.iter().enumerate() {
        let Some(persona) = &group.persona else { continue };
        exists(persona, &all, "persona")
            .map_err(|what| Wrong::new(format!("groups[{row}].persona"), what))?;
    }
    one_persona(config)
}

fn exists(name: &str, all: &[&str], what: &str) -> Result<(), String> {
    if all.contains(&name) {
        return Ok(());
    }
    Err(format!(
        "there is no such {what}{}; there are {}",
        near::hint(name, all.iter().copied()),
        all.join(", ")
    ))
}

/// Who has no entry of its own has the persona of its groups, which must agree.
fn one_persona(config: &Config) -> Result<(), Wrong> {
    let mut found: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    for (row, group) in config.groups.iter().enumerate() {
        let Some(persona) = group.persona.as_deref() else { continue };
        let own = |member: &String| config.clients.iter().any(|client| client.name == *member);
        for member in group.members.iter().filter(|member| !own(member)) {
            let before = found.insert(member, (&group.name, persona));
            if let Some((other, different)) = before.filter(|(_, different)| *different != persona) {
                let what = format!(
                    "{member:?} has the persona {different:?} by group {other:?}, and cannot have two: give it one of its \
                     own under [[clients]]"
                );
                return Err(Wrong::new(format!("groups[{row}].persona"), what));
            }
        }
    }
    Ok(())
}

/// A client that must show a credential needs one that it can show.
fn credentials_can_be_shown(config: &Config) -> Result<(), Wrong> {
    let own = config.clients.iter().enumerate();
    let own =
        own.map(|(row, client)| (format!("clients[{row}].persona"), &client.name, client.persona.as_str()));
    let has_own = |member: &String| config.clients.iter().any(|client| client.name == *member);
    let members = config.groups.iter().enumerate().filter_map(|(row, group)| {
        let persona = group.persona.as_deref()?;
        let members = group.members.iter().filter(|member| !has_own(member));
        Some(members.map(move |member| (format!("groups[{row}].persona"), member, persona)))
    });
    for (key, client, persona) in own.chain(members.flatten()) {
        let wants = wanted_credentials(config, persona);
        if matches!(wants, Credentials::Require | Credentials::Identify) && !can_show_one(config, client) {
            let what = format!(
                "this persona asks the client {client:?} for credentials ({wants}), and there are no [[credentials]] that it may show: \
                 add one, or give it another persona"
            );
            return Err(Wrong::new(key, what));
        }
    }
    Ok(())
}

/// How a persona takes credentials.
fn wanted_credentials(config: &Config, persona: &str) -> Credentials {
    let own = config.personas.iter().find(|own| own.name == persona);
    let base = built_in(own.map_or(persona, |own| own.based_on.as_str()));
    let base = base.map(|row| row.switches).unwrap_or_default();
    let own = own.map(|own| own.switches).unwrap_or_default();
    Persona::default().with(&base).with(&own).credentials
}

/// Whether a credential may be shown by this client. Whether a name and a fingerprint are of one certificate shows only
/// when that comes.
fn can_show_one(config: &Config, client: &str) -> bool {
    let is_fingerprint = |entry: &str| entry.starts_with(SHA256_PREFIX);
    let may_be = |entry: &String| entry == client || is_fingerprint(entry) != is_fingerprint(client);
    config.credentials.iter().any(|one| one.clients.is_empty() || one.clients.iter().any(may_be))
}

/// What a client makes belongs to one group.
fn one_default_group(groups: &[GroupConfig]) -> Result<(), Wrong> {
    let mut found: HashMap<&str, &str> = HashMap::new();
    for (row, group) in groups.iter().enumerate().filter(|(_, group)| group.default) {
        for member in &group.members {
            if let Some(other) = found.insert(member, &group.name).filter(|other| *other != group.name) {
                let what = format!(
                    "{member:?} is in the group {other:?} as well, which is a default, too: what it makes can belong to one \
                     of them only"
                );
                return Err(Wrong::new(format!("groups[{row}].default"), what));
            }
        }
    }
    Ok(())
}
