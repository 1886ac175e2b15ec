//! `[[endpoints]]`: which clients the server tells what concerns them, where, and what.

use crate::engine::settings::{Put, Subscription, ToldChanges};
use crate::near;
use kmip_codec::Version;
use kmip_codec::enums::QueryFunction;
use kmip_codec::version::{V1_4, VERSIONS};
use rustls::pki_types::ServerName;
use serde::Deserialize;

/// What a client is asked where the configuration does not say: what it can and who it is.
const QUESTIONS: &[QueryFunction] =
    &[QueryFunction::QueryOperations, QueryFunction::QueryObjects, QueryFunction::QueryServerInformation];

/// `[[endpoints]]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointConfig {
    /// The client, as its certificate names it.
    pub client: String,
    /// Where it listens, `host:port`; without one it has to turn its own connection around (Set Endpoint Role).
    pub address: Option<String>,
    /// The name in its TLS certificate, where that is not the host of the address.
    pub server_name: Option<String>,
    /// The KMIP version to speak; without one, the newest that both have.
    pub version: Option<String>,
    /// Of which changes it is notified: `"none"`, `"others"` (that it did not make itself), `"all"`.
    #[serde(default)]
    pub notify: ToldChanges,
    /// Which objects are put: `"new"`, `"replaced"`.
    #[serde(default)]
    pub put: Vec<Put>,
    /// What it is asked when a connection begins; an empty list asks nothing.
    pub query: Option<Vec<String>>,
}

impl EndpointConfig {
    /// Whether the row makes sense; otherwise the key and what is wrong with it.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        if self.address.as_ref().is_some_and(|address| !has_port(address)) {
            return Err((
                "address",
                "this is no address: write host:port, such as \"host-a:5697\"".to_owned(),
            ));
        }
        if ServerName::try_from(self.server_name()).is_err() && self.address.is_some() {
            let key = if self.server_name.is_some() { "server_name" } else { "address" };
            return Err((
                key,
                "no certificate can have this name: write the name of a host, or its address".to_owned(),
            ));
        }
        if self.version.is_some() && self.spoken().is_none() {
            let all: Vec<String> = VERSIONS.iter().map(Version::to_string).collect();
            return Err(("version", format!("it can be {}", all.join(", "))));
        }
        let unknown = self.query.iter().flatten().find(|name| QueryFunction::by_name(name).is_none());
        match unknown {
            Some(name) => {
                let hint = near::hint(name, QueryFunction::ROWS.iter().map(|row| row.1));
                Err(("query", format!("KMIP has no Query Function {name:?}{hint}")))
            }
            None => Ok(()),
        }
    }

    /// The version to begin with.
    pub fn version(&self) -> Version {
        self.spoken().unwrap_or(V1_4)
    }

    /// The name that its certificate must have.
    pub fn server_name(&self) -> &str {
        let host = self.address.as_deref().and_then(|address| address.rsplit_once(':')).map(|(host, _)| host);
        let name = self.server_name.as_deref().or(host).unwrap_or_default();
        name.trim_start_matches('[').trim_end_matches(']')
    }

    /// What it is asked.
    pub fn query(&self) -> Vec<QueryFunction> {
        match &self.query {
            None => QUESTIONS.to_vec(),
            Some(names) => {
                names.iter().filter_map(|name| QueryFunction::by_name(name)).map(QueryFunction).collect()
            }
        }
    }

    /// What it is told, with the groups that name it.
    pub fn subscription(&self, groups: &[super::GroupConfig]) -> Subscription {
        let mine = groups.iter().filter(|group| group.members.contains(&self.client));
        Subscription {
            client: self.client.clone(),
            groups: mine.map(|group| group.name.clone()).collect(),
            notify: self.notify,
            put: self.put.clone(),
        }
    }

    fn spoken(&self) -> Option<Version> {
        let wanted = self.version.as_deref()?;
        VERSIONS.into_iter().find(|version| version.to_string() == wanted)
    }
}

fn has_port(address: &str) -> bool {
    address.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}
