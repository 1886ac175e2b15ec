//! The configuration: one structure, read once. A key that it does not have is refused with its name and line.

mod attestation;
mod endpoints;
mod limits;
mod log;
mod sections;

pub use attestation::AttestationConfig;
pub use endpoints::EndpointConfig;
pub use limits::LimitsConfig;
pub use log::LogConfig;
pub use sections::*;

use crate::engine::statements::about::{About, Extension, Features, Validation};
use crate::engine::statements::profiles::Place;
use serde::Deserialize;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// `keystead.toml`. Paths that are not absolute start at the folder of the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Addresses to listen on.
    #[serde(default = "sections::listen")]
    pub listen: Vec<SocketAddr>,
    /// Whether the operation Interop is served: for interoperability tests, never in production.
    #[serde(default)]
    pub interop: bool,
    /// KMIP over HTTPS.
    #[serde(default)]
    pub https: HttpsConfig,
    /// Certificates.
    pub tls: TlsConfig,
    /// Where objects and audit are kept.
    pub store: StoreConfig,
    /// What holds the master keys.
    pub hsm: HsmConfig,
    /// The keys of the hierarchy.
    #[serde(default)]
    pub vault: VaultConfig,
    /// What is asked of clients.
    #[serde(default)]
    pub limits: LimitsConfig,
    /// Requests that are answered later.
    #[serde(default)]
    pub asynchronous: AsynchronousConfig,
    /// Groups of clients.
    #[serde(default)]
    pub groups: Vec<GroupConfig>,
    /// Single clients.
    #[serde(default)]
    pub clients: Vec<ClientConfig>,
    /// Personas beside the built-in ones.
    #[serde(default)]
    pub personas: Vec<PersonaConfig>,
    /// Clients that must prove the state of their platform.
    #[serde(default)]
    pub attestation: Vec<AttestationConfig>,
    /// What clients may show beside their certificate.
    #[serde(default)]
    pub credentials: Vec<CredentialConfig>,
    /// Objects.
    #[serde(default)]
    pub objects: ObjectsConfig,
    /// Keys that are made for Object Groups.
    #[serde(default)]
    pub object_groups: Vec<ObjectGroupConfig>,
    /// The generator of random bytes.
    #[serde(default)]
    pub rng: RngConfig,
    /// The authority that makes certificates.
    #[serde(default)]
    pub certify: CertifyConfig,
    /// The audit.
    #[serde(default)]
    pub audit: AuditConfig,
    /// The log.
    #[serde(default)]
    pub log: LogConfig,
    /// What is kept for `keystead explain`.
    #[serde(default)]
    pub explain: ExplainConfig,
    /// Administrators.
    #[serde(default)]
    pub admin: AdminConfig,
    /// Who the server is, for Query.
    #[serde(default)]
    pub server: About,
    /// What is switched off.
    #[serde(default)]
    pub features: Features,
    /// Clients that are told what concerns them.
    #[serde(default)]
    pub endpoints: Vec<EndpointConfig>,
    /// Tags of the operator's own, for Query.
    #[serde(default)]
    pub extensions: Vec<Extension>,
    /// Validations by an authority, for Query.
    #[serde(default)]
    pub validations: Vec<Validation>,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is not there.
    #[error(
        "there is no configuration {}: `keystead dev --dir DIR` writes one into its folder; docs/configuration.md explains \
         every key", path.display()
    )]
    Missing {
        /// Which.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error(
        "cannot read the configuration {}: {why}. Name a text file that the user of the server may read",
        path.display()
    )]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// The file is not what it must be.
    #[error("the configuration {} is wrong: {why}", path.display())]
    Wrong {
        /// Which.
        path: PathBuf,
        /// Line, column and what is wrong there.
        why: String,
    },
}

impl Config {
    /// Reads and checks a file.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|why| match why.kind() {
            ErrorKind::NotFound => ConfigError::Missing { path: path.into() },
            _ => ConfigError::Unreadable { path: path.into(), why },
        })?;
        let wrong = |why: String| ConfigError::Wrong { path: path.into(), why };
        let mut config: Self = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        config.check().map_err(wrong)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        config.settle(&folder);
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        if !matches!(self.tls.minimum.as_str(), "1.2" | "1.3") {
            return Err(format!("tls.minimum is {:?}; it can be \"1.2\" or \"1.3\"", self.tls.minimum));
        }
        if self.tls.suite_b.is_some() && self.tls.minimum != "1.2" {
            return Err("tls.suite_b is defined for TLS 1.2: leave out tls.minimum or tls.suite_b".to_owned());
        }
        if self.listen.is_empty() {
            return Err("listen is empty: name an address such as \"0.0.0.0:5696\"".to_owned());
        }
        if self.groups.iter().filter(|group| group.name.is_empty()).count() > 0 {
            return Err("a group has no name".to_owned());
        }
        self.limits.check()?;
        self.log.filter()?;
        let explain = &self.explain;
        if explain.enabled && [explain.exchanges, explain.clients, explain.bytes].contains(&0) {
            return Err("a bound of [explain] is 0: say `enabled = false` to keep nothing".to_owned());
        }
        if self.asynchronous.requests == 0 || self.asynchronous.answer_seconds == 0 {
            return Err("asynchronous.requests and asynchronous.answer_seconds are at least 1".to_owned());
        }
        self.https.public.iter().try_for_each(Place::check)?;
        self.endpoints.iter().try_for_each(EndpointConfig::check)?;
        self.attestation.iter().try_for_each(AttestationConfig::check)?;
        self.extensions.iter().try_for_each(Extension::check)?;
        self.validations.iter().try_for_each(Validation::check)?;
        self.object_groups.iter().try_for_each(|group| group.template().map(drop))?;
        if let Err(name) = self.objects.withheld() {
            return Err(format!(
                "objects.withheld names {name:?}, which is no Cryptographic Algorithm of KMIP"
            ));
        }
        let hsm = &self.hsm;
        if hsm.workers == 0 || hsm.call_timeout_seconds == 0 {
            return Err("hsm.workers and hsm.call_timeout_seconds are at least 1".to_owned());
        }
        if hsm.danger_software_keys.is_some() {
            return Ok(());
        }
        if hsm.module.is_none() {
            return Err("hsm.module is missing: name the PKCS#11 module of your HSM".to_owned());
        }
        let tokens = [hsm.token.is_some(), hsm.serial.is_some(), hsm.slot.is_some()];
        if tokens.iter().filter(|named| **named).count() != 1 {
            return Err("name the token in one way: hsm.token, hsm.serial or hsm.slot".to_owned());
        }
        if hsm.pin_file.is_some() == hsm.pin_descriptor.is_some() {
            return Err("say where the PIN is: hsm.pin_file or hsm.pin_descriptor".to_owned());
        }
        Ok(())
    }

    /// Lets every path start at the folder of the file.
    fn settle(&mut self, folder: &Path) {
        let hsm = &mut self.hsm;
        let optional = [
            &mut self.tls.ca_key,
            &mut self.tls.second_certificate,
            &mut self.tls.second_key,
            &mut hsm.module,
            &mut hsm.pin_file,
            &mut hsm.softhsm_config,
            &mut hsm.danger_software_keys,
            &mut self.certify.certificate,
            &mut self.certify.key,
        ];
        let anchors = self.certify.anchors.iter_mut();
        let anchors = anchors.chain(self.attestation.iter_mut().map(|row| &mut row.key));
        let needed = [&mut self.tls.certificate, &mut self.tls.key, &mut self.tls.ca, &mut self.store.path];
        for path in needed.into_iter().chain(optional.into_iter().flatten()).chain(anchors) {
            *path = folder.join(&path);
        }
    }
}
