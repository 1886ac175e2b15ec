//! Which persona a client has, and where each of its switches comes from. What does not fit together is refused at start.

use crate::config::{ClientConfig, Config, GroupConfig, PersonaConfig};
use crate::engine::administration::protocol::ShownSwitch;
use crate::engine::rights::persona::{self, BUILT_IN, Persona, STANDARD, SWITCHES, Switches};
use std::collections::BTreeMap;

/// A persona with the origin of each switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedPersona {
    /// What it is called.
    pub name: String,
    /// Its switches.
    pub persona: Persona,
    /// Where each comes from, in the order of [`SWITCHES`].
    from: Vec<String>,
}

impl ResolvedPersona {
    /// `standard`, as the specification and `[objects]` have it.
    fn standard(lease_seconds: u32) -> Self {
        let from = vec!["the specification".to_owned(); SWITCHES.len()];
        let standard = Self { name: STANDARD.to_owned(), persona: Persona::default(), from };
        let leases = Switches { lease_seconds: Some(lease_seconds), ..Switches::NONE };
        standard.with(&leases, "objects.lease_seconds")
    }

    /// The persona with these switches set by `origin`.
    fn with(mut self, set: &Switches, origin: &str) -> Self {
        // A lease that was set for all keys is that of replacements too, unless they have their own.
        let set = Switches {
            replacement_lease_seconds: set.replacement_lease_seconds.or(set.lease_seconds),
            ..*set
        };
        self.persona = self.persona.with(&set);
        for (from, is_set) in self.from.iter_mut().zip(set.set()) {
            if is_set {
                origin.clone_into(from);
            }
        }
        self
    }

    /// Every switch with its value and origin. `disclosing` is the group that lets the client learn of foreign objects.
    pub fn shown(&self, disclosing: Option<&str>) -> Vec<ShownSwitch> {
        let values = self.persona.values();
        let rows = SWITCHES.iter().zip(values).zip(&self.from);
        let mut shown: Vec<ShownSwitch> = rows
            .map(|((switch, value), from)| ShownSwitch {
                switch: switch.name.to_owned(),
                value,
                from: from.clone(),
            })
            .collect();
        if let Some(group) = disclosing.filter(|_| !self.persona.disclose)
            && let Some(row) = shown.iter_mut().find(|row| row.switch == "disclose")
        {
            row.value = true.to_string();
            row.from = format!("group {group:?}");
        }
        shown
    }
}

/// Every persona, by its name.
#[derive(Clone, Debug, Default)]
pub struct PersonaRegistry(BTreeMap<String, ResolvedPersona>);

impl PersonaRegistry {
    /// The built-in personas and those of the configuration.
    pub fn new(lease_seconds: u32, own: &[PersonaConfig]) -> Result<Self, String> {
        let standard = ResolvedPersona::standard(lease_seconds);
        let mut all = BTreeMap::new();
        for row in BUILT_IN {
            let resolved = ResolvedPersona { name: row.name.to_owned(), ..standard.clone() };
            all.insert(row.name.to_owned(), resolved.with(&row.switches, &format!("persona {:?}", row.name)));
        }
        let mut registry = Self(all);
        for config in own {
            let base = persona::built_in(&config.based_on).and_then(|row| registry.0.get(row.name));
            let Some(base) = base.cloned() else {
                return Err(format!(
                    "persona {:?} is based on {:?}, which is not built in; there are {}",
                    config.name,
                    config.based_on,
                    built_in_names()
                ));
            };
            if config.name.is_empty() || registry.0.contains_key(&config.name) {
                return Err(format!(
                    "a persona cannot be called {:?}: the name is empty or taken",
                    config.name
                ));
            }
            let resolved = ResolvedPersona { name: config.name.clone(), ..base };
            let resolved = resolved.with(&config.switches, &format!("persona {:?}", config.name));
            registry.0.insert(config.name.clone(), resolved);
        }
        Ok(registry)
    }

    fn has(&self, name: &str, whose: &str) -> Result<(), String> {
        match self.0.contains_key(name) {
            true => Ok(()),
            false => Err(format!(
                "{whose} has the persona {name:?}, which does not exist; there are {}",
                self.0.keys().cloned().collect::<Vec<_>>().join(", ")
            )),
        }
    }

    /// Refuses personas that do not exist, and clients that would have two.
    pub fn check(&self, config: &Config) -> Result<(), String> {
        let mut named: BTreeMap<&str, ()> = BTreeMap::new();
        for client in &config.clients {
            self.has(&client.persona, &format!("client {:?}", client.name))?;
            if named.insert(&client.name, ()).is_some() {
                return Err(format!("client {:?} is configured twice", client.name));
            }
        }
        let mut by_member: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
        for group in &config.groups {
            let Some(persona) = &group.persona else { continue };
            self.has(persona, &format!("group {:?}", group.name))?;
            for member in group.members.iter().filter(|member| !named.contains_key(member.as_str())) {
                let before = by_member.insert(member, (&group.name, persona));
                if let Some((other, different)) = before.filter(|(_, other)| other != persona) {
                    return Err(two_personas(member, (other, different), (&group.name, persona)));
                }
            }
        }
        Ok(())
    }

    /// The persona of a client: the one of its own entry, else the one of its groups, else `standard`.
    pub fn of<'c>(
        &self,
        name: &str,
        clients: impl Iterator<Item = &'c ClientConfig>,
        groups: impl Iterator<Item = &'c GroupConfig>,
    ) -> Result<&ResolvedPersona, String> {
        let own = clients.map(|client| ("its own entry", client.persona.as_str()));
        let own = one(name, own)?;
        let shared = groups.filter_map(|group| Some((group.name.as_str(), group.persona.as_deref()?)));
        let persona = match own {
            Some(own) => own,
            None => one(name, shared)?.unwrap_or(STANDARD),
        };
        self.0.get(persona).ok_or_else(|| format!("there is no persona {persona:?}"))
    }
}

/// The one persona that all of these agree on.
fn one<'c>(name: &str, all: impl Iterator<Item = (&'c str, &'c str)>) -> Result<Option<&'c str>, String> {
    let mut found: Option<(&str, &str)> = None;
    for (whose, persona) in all {
        match found {
            Some(before) if before.1 != persona => return Err(two_personas(name, before, (whose, persona))),
            _ => found = Some((whose, persona)),
        }
    }
    Ok(found.map(|(_, persona)| persona))
}

fn two_personas(client: &str, one: (&str, &str), other: (&str, &str)) -> String {
    format!(
        "client {client:?} has the persona {:?} by {:?} and {:?} by {:?}: give it one under [[clients]]",
        one.1, one.0, other.1, other.0
    )
}

fn built_in_names() -> String {
    BUILT_IN.iter().map(|row| row.name).collect::<Vec<_>>().join(", ")
}
