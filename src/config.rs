//! The configuration: one structure, read once. A key that it does not have is refused with its name and line.

use crate::store::Engine;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// `keystead.toml`. Paths that are not absolute start at the folder of the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Addresses to listen on.
    #[serde(default = "defaults::listen")]
    pub listen: Vec<SocketAddr>,
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
    /// Groups of clients.
    #[serde(default)]
    pub groups: Vec<GroupConfig>,
    /// Objects.
    #[serde(default)]
    pub objects: ObjectsConfig,
    /// The audit.
    #[serde(default)]
    pub audit: AuditConfig,
    /// The log.
    #[serde(default)]
    pub log: LogConfig,
    /// Administrators.
    #[serde(default)]
    pub admin: AdminConfig,
}

/// `[admin]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdminConfig {
    /// Who may rotate master keys and enrol clients: common names of certificates, or `sha256:` and the fingerprint.
    #[serde(default)]
    pub names: Vec<String>,
}

/// `[tls]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// The server's certificate, PEM, its chain behind it.
    pub certificate: PathBuf,
    /// The server's private key, PEM.
    pub key: PathBuf,
    /// The CA whose clients are let in, PEM.
    pub ca: PathBuf,
    /// The key of that CA, for `keystead client add`; the server itself does not read it.
    pub ca_key: Option<PathBuf>,
    /// `"1.2"` or `"1.3"`: the oldest TLS that is spoken.
    #[serde(default = "defaults::tls_minimum")]
    pub minimum: String,
}

/// `[store]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreConfig {
    /// `"redb"`, `"sled"`, or `"memory"` for tests.
    #[serde(default)]
    pub engine: Engine,
    /// The folder.
    pub path: PathBuf,
}

/// `[hsm]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HsmConfig {
    /// The PKCS#11 module.
    pub module: Option<PathBuf>,
    /// The label of the token.
    pub token: Option<String>,
    /// Its serial number, instead of the label.
    pub serial: Option<String>,
    /// Its slot, instead of the label.
    pub slot: Option<u64>,
    /// The file that holds the PIN.
    pub pin_file: Option<PathBuf>,
    /// A file descriptor, inherited from who starts the server, that the PIN is read from.
    pub pin_descriptor: Option<i32>,
    /// How many threads talk to the token.
    #[serde(default = "defaults::hsm_workers")]
    pub workers: usize,
    /// How long a call may take.
    #[serde(default = "defaults::hsm_timeout")]
    pub call_timeout_seconds: u64,
    /// SoftHSM's own configuration, for `dev`: sets SOFTHSM2_CONF.
    pub softhsm_config: Option<PathBuf>,
    /// Master keys in files that anybody who reads the disk can read. Only for trying things out.
    pub danger_software_keys: Option<PathBuf>,
}

/// `[vault]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VaultConfig {
    /// `"cached"` keeps key-encryption keys in locked memory for a while; `"strict"` asks the HSM at every request.
    pub mode: VaultMode,
    /// How long they are kept.
    pub cache_seconds: u64,
}

/// The modes of the vault.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VaultMode {
    /// In locked memory for a bounded time.
    Cached,
    /// For one request.
    Strict,
}

/// `[limits]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Connections in all.
    pub connections: usize,
    /// Connections from one address.
    pub connections_per_address: usize,
    /// The longest message.
    pub message_bytes: usize,
    /// The most items of a batch.
    pub batch_items: usize,
    /// The most identifiers that one Locate returns.
    pub located_items: usize,
    /// For the TLS handshake.
    pub handshake_seconds: u64,
    /// From the first byte of a message to its last.
    pub message_seconds: u64,
    /// For writing an answer.
    pub write_seconds: u64,
    /// Between two messages.
    pub idle_seconds: u64,
    /// For requests under way when the server stops.
    pub stop_seconds: u64,
}

/// `[[groups]]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupConfig {
    /// What the group is called.
    pub name: String,
    /// Common names of certificates, or `sha256:` and the fingerprint.
    #[serde(default)]
    pub members: Vec<String>,
    /// Whether what its members make belongs to the group.
    #[serde(default)]
    pub default: bool,
    /// Whether its members may learn that an object of others exists.
    #[serde(default)]
    pub disclose: bool,
    /// Whether its members may have weak keys.
    #[serde(default)]
    pub weak_keys: bool,
}

/// `[objects]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ObjectsConfig {
    /// Lease Time of every object; 0 for none.
    pub lease_seconds: u32,
    /// Whether every client may have weak keys (RSA below 2048 bits, 3DES, …).
    pub weak_keys: bool,
}

/// `[audit]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditConfig {
    /// `"written"`: the entries of reads are with the operating system before the answer, and synced within 50 ms.
    /// `"durable"`: they wait for the sync.
    pub reads: AuditReads,
}

/// When a read is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuditReads {
    /// When its entries are with the operating system.
    Written,
    /// When its entries are on disk.
    Durable,
}

/// `[log]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// `error`, `warn`, `info`, `debug` or `trace`, or a filter such as `keystead=debug`.
    pub level: String,
}

mod defaults {
    use super::*;

    pub fn listen() -> Vec<SocketAddr> {
        vec![SocketAddr::from(([0, 0, 0, 0], 5696))]
    }

    pub fn tls_minimum() -> String {
        "1.2".to_owned()
    }

    pub fn hsm_workers() -> usize {
        2
    }

    pub fn hsm_timeout() -> u64 {
        5
    }
}

impl Default for VaultConfig {
    fn default() -> Self {
        Self { mode: VaultMode::Cached, cache_seconds: 300 }
    }
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            connections: 20_000,
            connections_per_address: 10_000,
            message_bytes: 4 * 1024 * 1024,
            batch_items: 1000,
            located_items: 100_000,
            handshake_seconds: 5,
            message_seconds: 10,
            write_seconds: 10,
            idle_seconds: 600,
            stop_seconds: 8,
        }
    }
}

impl LimitsConfig {
    /// A limit of zero would let nobody in, or nothing end.
    fn check(&self) -> Result<(), String> {
        let numbers = [
            ("connections", self.connections),
            ("connections_per_address", self.connections_per_address),
            ("batch_items", self.batch_items),
            ("located_items", self.located_items),
        ];
        let times = [
            ("handshake_seconds", self.handshake_seconds),
            ("message_seconds", self.message_seconds),
            ("write_seconds", self.write_seconds),
            ("idle_seconds", self.idle_seconds),
        ];
        let zero = numbers.iter().find(|(_, value)| *value == 0).map(|(name, _)| *name);
        if let Some(name) = zero.or(times.iter().find(|(_, value)| *value == 0).map(|(name, _)| *name)) {
            return Err(format!("limits.{name} is 0: it must be at least 1"));
        }
        if self.message_bytes < MESSAGE_BYTES_MIN {
            return Err(format!(
                "limits.message_bytes is {}: at least {MESSAGE_BYTES_MIN}",
                self.message_bytes
            ));
        }
        Ok(())
    }
}

impl Default for ObjectsConfig {
    fn default() -> Self {
        Self { lease_seconds: 3600, weak_keys: false }
    }
}

impl Default for AuditConfig {
    fn default() -> Self {
        Self { reads: AuditReads::Written }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { level: "info".to_owned() }
    }
}

/// The least that the longest message may be set to: a request for a certificate with its chain fits.
const MESSAGE_BYTES_MIN: usize = 16 * 1024;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {}: {why}", path.display())]
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
        let text = std::fs::read_to_string(path)
            .map_err(|why| ConfigError::Unreadable { path: path.into(), why })?;
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
        if self.listen.is_empty() {
            return Err("listen is empty: name an address such as \"0.0.0.0:5696\"".to_owned());
        }
        if self.groups.iter().filter(|group| group.name.is_empty()).count() > 0 {
            return Err("a group has no name".to_owned());
        }
        self.limits.check()?;
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
            &mut hsm.module,
            &mut hsm.pin_file,
            &mut hsm.softhsm_config,
            &mut hsm.danger_software_keys,
        ];
        let needed = [&mut self.tls.certificate, &mut self.tls.key, &mut self.tls.ca, &mut self.store.path];
        for path in needed.into_iter().chain(optional.into_iter().flatten()) {
            *path = folder.join(&path);
        }
    }
}
