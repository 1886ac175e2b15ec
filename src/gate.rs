//! From a certificate to a principal: who somebody is, and what the configuration says about them.

mod attestation;
mod credentials;
mod personas;

pub use credentials::hash as password_hash;
pub use personas::ShownSwitch;

use crate::config::{Config, GroupConfig};
use crate::engine::refusal::{Cause, Refusal};
use crate::engine::rights::persona::Credentials;
use crate::engine::rights::policy::{Clients, Principal};
use attestation::Attestor;
use credentials::{Ledger, Proven};
use keystead_hsm::{Entropy as _, SystemEntropy};
use kmip_codec::SecretBytes;
use kmip_codec::message::RequestMessage;
use personas::Wardrobe;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// What the configuration says about clients.
pub struct Gate {
    config: Config,
    personas: Wardrobe,
    credentials: Ledger,
    attestor: Attestor,
}

/// How a client stands with the server, for `keystead client show`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The client.
    pub name: String,
    /// Whether the configuration names it: under `[[clients]]`, in a group, or as an administrator.
    pub configured: bool,
    /// Whether it may administer the server.
    pub admin: bool,
    /// Whether it may have weak keys.
    pub weak_keys: bool,
    /// The groups that it is in.
    pub groups: Vec<String>,
    /// The group that what it makes belongs to.
    pub default_group: Option<String>,
    /// Its persona.
    pub persona: String,
    /// Every switch of the persona.
    pub switches: Vec<ShownSwitch>,
}

impl Gate {
    /// A gate with what the configuration says; refuses what does not fit together.
    pub fn new(config: &Config) -> Result<Self, String> {
        let personas = Wardrobe::new(config.objects.lease_seconds, &config.personas)?;
        personas.check(config)?;
        let mut key = [0; 32];
        SystemEntropy::default().fill(&mut key).map_err(|error| error.to_string())?;
        let key = SecretBytes::from(key.as_slice());
        let credentials = Ledger::new(&config.credentials, &key)?;
        let attestor = Attestor::new(&config.attestation, &key)?;
        let gate = Self { config: config.clone(), personas, credentials, attestor };
        gate.check_credentials()?;
        Ok(gate)
    }

    /// Who the holder of this certificate is; TLS has checked the certificate itself. Refuses one that names nobody,
    /// or one that the configuration says two things about.
    pub fn admit(&self, certificate: &[u8]) -> Result<Principal, String> {
        let certified_until = ends(certificate);
        let fingerprint = fingerprint(certificate);
        // A certificate that the configuration lists by its fingerprint needs no name: it is called by that.
        let listed = || Some(format!("sha256:{fingerprint}")).filter(|listed| self.lists(listed));
        let name = name_of(certificate).or_else(listed).ok_or(
            "its certificate names nobody: it has no common name and no alternative name, and the configuration does not list \
             its fingerprint",
        )?;
        let principal = self.principal(&name, Some(&fingerprint))?;
        Ok(Principal { certified_until, ..principal })
    }

    /// Who sends this message: the holder of the certificate, or who its credential tells. Takes long.
    pub fn identify(
        &self,
        holder: &Arc<Principal>,
        message: &RequestMessage,
    ) -> Result<Arc<Principal>, Refusal> {
        let proven = self.credentials.judge(holder, message.header.authentication.as_ref())?;
        self.attested(holder, self.acting(holder, proven), message)
    }

    /// The same where no password must be hashed, because it was right last time: `None` where one must.
    pub fn recognise(&self, holder: &Arc<Principal>, message: &RequestMessage) -> Option<Arc<Principal>> {
        let proven = self.credentials.recognise(holder, message.header.authentication.as_ref())?;
        self.attested(holder, self.acting(holder, proven), message).ok()
    }

    /// The holder of a certificate with what a credential gives it, if it has shown one.
    fn acting(&self, holder: &Arc<Principal>, proven: Option<Proven>) -> Arc<Principal> {
        let Some(proven) = proven else { return Arc::clone(holder) };
        let holder = Principal { container_password: proven.container_password, ..Principal::clone(holder) };
        let Some(name) = proven.name else { return Arc::new(holder) };
        let groups: Vec<_> = self.groups(&name, None).collect();
        Arc::new(Principal {
            groups: groups.iter().map(|group| group.name.clone()).collect(),
            default_group: groups.iter().find(|group| group.default).map(|group| group.name.clone()),
            admin: false,
            certified_until: None,
            name,
            ..holder
        })
    }

    /// The sender with what the holder of the certificate has proven of its platform, where it has to. It comes last: a
    /// proof is good once.
    fn attested(
        &self,
        holder: &Principal,
        sender: Arc<Principal>,
        message: &RequestMessage,
    ) -> Result<Arc<Principal>, Refusal> {
        if sender.unproven.is_none() {
            return Ok(sender);
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let judged = self.attestor.judge(&holder.name, &message.header, now);
        let unproven = judged.map_err(|why| Refusal::new(Cause::Internal, why))?;
        Ok(Arc::new(Principal { unproven, ..Principal::clone(&sender) }))
    }

    /// How the client of this name stands; `sha256:` and a fingerprint names one certificate.
    pub fn standing(&self, name: &str) -> Result<Standing, String> {
        let fingerprint = name.strip_prefix("sha256:");
        let principal = self.principal(name, fingerprint)?;
        let outfit = self.outfit(name, fingerprint)?;
        let disclosing = self.groups(name, fingerprint).find(|group| group.disclose);
        let listed = self.config.clients.iter().any(|client| client.name == name);
        Ok(Standing {
            configured: listed || principal.admin || !principal.groups.is_empty(),
            admin: principal.admin,
            weak_keys: principal.weak_keys,
            groups: principal.groups,
            default_group: principal.default_group,
            persona: outfit.name.clone(),
            switches: outfit.shown(disclosing.map(|group| group.name.as_str())),
            name: principal.name,
        })
    }

    fn principal(&self, name: &str, fingerprint: Option<&str>) -> Result<Principal, String> {
        let mine = || self.groups(name, fingerprint);
        let mut persona = self.outfit(name, fingerprint)?.persona;
        persona.disclose |= mine().any(|group| group.disclose);
        Ok(Principal {
            groups: mine().map(|group| group.name.clone()).collect(),
            default_group: mine().find(|group| group.default).map(|group| group.name.clone()),
            persona,
            weak_keys: self.config.objects.weak_keys || mine().any(|group| group.weak_keys),
            admin: is_listed(&self.config.admin.names, name, fingerprint),
            fingerprint: fingerprint.unwrap_or_default().to_owned(),
            certified_until: None,
            name: name.to_owned(),
            container_password: None,
            unproven: self.attestor.demand(name),
        })
    }

    /// Whether the configuration has this entry for a client.
    fn lists(&self, entry: &str) -> bool {
        let config = &self.config;
        let members = config.groups.iter().flat_map(|group| &group.members);
        let clients = config.clients.iter().map(|client| &client.name);
        members.chain(clients).chain(&config.admin.names).any(|listed| listed == entry)
    }

    fn groups(&self, name: &str, fingerprint: Option<&str>) -> impl Iterator<Item = &GroupConfig> {
        self.config.groups.iter().filter(move |group| is_listed(&group.members, name, fingerprint))
    }

    fn outfit(&self, name: &str, fingerprint: Option<&str>) -> Result<&personas::Outfit, String> {
        let own = |listed: &str| is_name(listed, name, fingerprint);
        let clients = self.config.clients.iter().filter(|client| own(&client.name));
        self.personas.of(name, clients, self.groups(name, fingerprint))
    }

    /// A client that must show a credential needs one that it can show.
    fn check_credentials(&self) -> Result<(), String> {
        let clients = self.config.clients.iter().map(|client| client.name.as_str());
        let members = self.config.groups.iter().flat_map(|group| group.members.iter().map(String::as_str));
        for name in clients.chain(members) {
            let fingerprint = name.strip_prefix("sha256:");
            let wants = self.outfit(name, fingerprint)?.persona.credentials;
            if matches!(wants, Credentials::Require | Credentials::Identify) && self.credentials.is_empty() {
                return Err(format!(
                    "the persona of client {name:?} asks for credentials ({wants}), and there are no [[credentials]]"
                ));
            }
        }
        Ok(())
    }
}

impl Clients for Gate {
    fn principal(&self, name: &str, fingerprint: &str) -> Principal {
        self.principal(name, Some(fingerprint)).unwrap_or_else(|why| {
            tracing::warn!(
                client = name,
                why,
                "the configuration says two things: this client has no groups"
            );
            Principal { name: name.to_owned(), fingerprint: fingerprint.to_owned(), ..Principal::default() }
        })
    }
}

/// People and hosts are listed by the common name of their certificate, or by its fingerprint.
fn is_listed(list: &[String], name: &str, fingerprint: Option<&str>) -> bool {
    list.iter().any(|listed| is_name(listed, name, fingerprint))
}

fn is_name(listed: &str, name: &str, fingerprint: Option<&str>) -> bool {
    listed == name || (fingerprint.is_some() && listed.strip_prefix("sha256:") == fingerprint)
}
/// The common name, else the first name of the alternative ones.
fn name_of(certificate: &[u8]) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let common = certificate.subject().iter_common_name().find_map(|name| name.as_str().ok());
    if let Some(name) = common.filter(|name| !name.is_empty()) {
        return Some(name.to_owned());
    }
    let alternative = certificate.subject_alternative_name().ok()??;
    alternative.value.general_names.iter().find_map(|name| match name {
        GeneralName::DNSName(name) | GeneralName::RFC822Name(name) | GeneralName::URI(name) => {
            Some((*name).to_owned())
        }
        _ => None,
    })
}

/// When a certificate ends, in seconds since 1970.
pub fn ends(certificate: &[u8]) -> Option<i64> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    Some(certificate.validity().not_after.timestamp())
}

/// SHA-256 of the certificate, in hex.
pub fn fingerprint(certificate: &[u8]) -> String {
    hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, certificate))
}
