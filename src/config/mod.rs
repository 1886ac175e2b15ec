//! The configuration: one structure, read at start and at SIGHUP. What it does not have, what can never work or match,
//! and what contradicts itself is refused with file, line, column, key, what was found and what is expected.

mod attestation;
mod check;
mod clients;
mod endpoints;
mod limits;
mod log;
mod numbers;
mod paths;
mod sections;
mod store;
mod texts;
mod weaknesses;
mod wrong;

pub use attestation::AttestationConfig;
pub use endpoints::EndpointConfig;
pub use limits::LimitsConfig;
pub use log::LogConfig;
pub use sections::*;
pub use store::StoreConfig;
pub use wrong::ConfigError;

use crate::engine::query::server_information::{Extension, Features, ServerInformation, Validation};
use crate::regular;
use keystead_base::document::Document;
use keystead_base::toml_error::of_toml;
use serde::Deserialize;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;
use wrong::Wrong;

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
    pub server: ServerInformation,
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

impl Config {
    /// Reads and checks a file.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = regular::read_to_string(path).map_err(|why| match why.kind() {
            ErrorKind::NotFound => ConfigError::Missing { path: path.into() },
            _ => ConfigError::Unreadable { path: path.into(), why },
        })?;
        let document = Document::new(&text);
        let wrong = |why: String| ConfigError::Wrong { path: path.into(), why };
        let mut config: Self = toml::from_str(&text).map_err(|error| wrong(of_toml(&error, &document)))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        config.settle(&folder).map_err(|error| wrong(error.placed(&document)))?;
        Ok(config)
    }

    /// Checks it, and gives each value its one form.
    fn settle(&mut self, folder: &Path) -> Result<(), Wrong> {
        check::check(self)?;
        clients::settle(self)?;
        paths::settle(self, folder)
    }
}
