//! The sections of the file, each with what it is when the file does not name it.

use crate::engine::rights::persona::Switches;
use crate::engine::settings::OnTheFly;
use crate::engine::settings::Place;
use crate::engine::settings::{SEED_BYTES_MAX, Seeding};
use crate::near;
use crate::suite_b::SuiteB;
use kmip_codec::enums::{CryptographicAlgorithm, CryptographicUsageMask};
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::PathBuf;

/// `[admin]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdminConfig {
    /// Who may rotate master keys and enrol clients: common names of certificates, or `sha256:` and the fingerprint.
    #[serde(default)]
    pub names: Vec<String>,
}

/// `[https]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpsConfig {
    /// Addresses to listen on for KMIP over HTTPS (POST /kmip); none for none.
    pub listen: Vec<SocketAddr>,
    /// Where clients reach that, for Query's profiles; the ports that it listens on where the file does not say.
    pub public: Vec<Place>,
}

/// `[tls]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// The server's certificate, PEM, its chain behind it.
    pub certificate: PathBuf,
    /// The server's private key, PEM.
    pub key: PathBuf,
    /// A second certificate, of another kind of key, for clients that do not take the first: RSA beside ECDSA.
    pub second_certificate: Option<PathBuf>,
    /// Its private key, PEM.
    pub second_key: Option<PathBuf>,
    /// The CA whose clients are let in, PEM.
    pub ca: PathBuf,
    /// Revocation lists of these CAs, PEM or DER: whose certificate stands on one is refused from its next message on.
    #[serde(default)]
    pub crl: Vec<PathBuf>,
    /// How long a list counts after its next update was due; after that nobody of its CA is let in.
    #[serde(default)]
    pub crl_grace_seconds: u64,
    /// The key of that CA, for `keystead client add` and Re-Provision; it is read for each use.
    pub ca_key: Option<PathBuf>,
    /// How long certificates of Re-Provision are valid, in days; without it they end when those end that they replace.
    pub client_days: Option<u32>,
    /// `"1.2"` or `"1.3"`: the oldest TLS that is spoken.
    #[serde(default = "tls_minimum")]
    pub minimum: String,
    /// `"128"` or `"192"`: TLS 1.2 with the suites, curves and certificates of this level of Suite B, and nothing else.
    pub suite_b: Option<SuiteB>,
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
    #[serde(default = "hsm_workers")]
    pub workers: usize,
    /// How long one call into the HSM may take, and how long work waits for a thread.
    #[serde(default = "hsm_timeout")]
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
    /// Whether its members may have and use what is weak.
    #[serde(default)]
    pub weak_keys: bool,
    /// The persona of its members.
    pub persona: Option<String>,
}

/// `[[clients]]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientConfig {
    /// The common name of its certificate, or `sha256:` and the fingerprint.
    pub name: String,
    /// Its persona, whatever its groups have.
    pub persona: String,
}

/// `[[personas]]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonaConfig {
    /// What it is called.
    pub name: String,
    /// The built-in persona that it starts from.
    #[serde(default = "standard")]
    pub based_on: String,
    /// What it does otherwise.
    #[serde(default)]
    pub switches: Switches,
}

/// `[[credentials]]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialConfig {
    /// What the audit and groups call it.
    pub name: String,
    /// The user name of a Username and Password credential.
    pub username: Option<String>,
    /// The Device Identifier of a Device credential, or its serial number where it has no identifier.
    pub device: Option<String>,
    /// The hash of the password, as `keystead client password` prints it.
    pub password: String,
    /// Which clients may show it, by the name in their certificate; every one when empty.
    #[serde(default)]
    pub clients: Vec<String>,
}

/// `[certify]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CertifyConfig {
    /// The certificate of the authority, PEM. Without one the server makes no certificates.
    pub certificate: Option<PathBuf>,
    /// Its private key, PKCS#8 PEM.
    pub key: Option<PathBuf>,
    /// Its private key as a managed object, instead of a file: it is used for the clients that may use it.
    pub object: Option<String>,
    /// For how many days certificates are valid where the client does not say.
    pub days: u32,
    /// Certificates, PEM, that chains of Validate may lead to, beside that of the authority.
    pub anchors: Vec<PathBuf>,
}

impl Default for CertifyConfig {
    fn default() -> Self {
        Self { certificate: None, key: None, object: None, days: 365, anchors: Vec::new() }
    }
}

/// `[objects]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ObjectsConfig {
    /// Lease Time of every object; 0 for none.
    pub lease_seconds: u32,
    /// Whether every client may have and use what is weak (RSA below 2048 bits, 3DES, ECB, …).
    pub weak_keys: bool,
    /// Algorithms, by their names in KMIP, whose keys are used in the server and never leave it.
    pub withheld: Vec<String>,
    /// Lets a one-time pad encrypt more than once, which breaks it. Only for tests of conformance.
    pub danger_reuse_one_time_pads: bool,
}

/// `[rng]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RngConfig {
    /// What becomes of seeds that clients send (RNG Seed): `"ignore"`, `"accept"` mixes them into the generator beside
    /// the system's entropy, `"refuse"`.
    pub seeding: Seeding,
    /// How many bytes of a seed are taken.
    pub seed_bytes_max: usize,
}

/// `[audit]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditConfig {
    /// `"written"`: the entries of reads are with the operating system before the answer, and synced about a second later.
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

/// `[asynchronous]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AsynchronousConfig {
    /// How long a request waits at least before it is done: for so long it can surely be cancelled.
    pub delay_milliseconds: u64,
    /// The most requests of one client whose answers it has not had.
    pub requests: usize,
    /// How long an answer is kept.
    pub answer_seconds: u32,
}

/// `[[object_groups]]`: where a client looks for a fresh member of an Object Group that has none, a symmetric key is made.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectGroupConfig {
    /// The Object Group.
    pub name: String,
    /// The Cryptographic Algorithm, as KMIP names it.
    pub algorithm: String,
    /// The Cryptographic Length, in bits.
    pub length: i32,
    /// The Cryptographic Usage Mask, by the names of its bits.
    pub usage: Vec<String>,
}

impl ObjectGroupConfig {
    /// What is made; otherwise the key and what is wrong with it.
    pub fn template(&self) -> Result<OnTheFly, (&'static str, String)> {
        let algorithm = CryptographicAlgorithm::by_name(&self.algorithm).map(CryptographicAlgorithm);
        let algorithm = algorithm.ok_or_else(|| {
            let near = near::hint(&self.algorithm, CryptographicAlgorithm::ROWS.iter().map(|row| row.1));
            ("algorithm", format!("KMIP has no algorithm of this name{near}"))
        })?;
        if self.usage.is_empty() {
            return Err((
                "usage",
                "it is empty, and the key could do nothing: name \"Encrypt\", say".to_owned(),
            ));
        }
        let mut usage = CryptographicUsageMask::default();
        for name in &self.usage {
            let bit = CryptographicUsageMask::by_name(name);
            let near = || near::hint(name, CryptographicUsageMask::ROWS.iter().map(|row| row.1));
            let bit = bit.ok_or_else(|| ("usage", format!("KMIP has no usage {name:?}{}", near())))?;
            usage = usage | CryptographicUsageMask(bit.cast_signed());
        }
        if let Some(why) = crate::engine::why_not_made(algorithm, self.length) {
            return Err(("length", why));
        }
        Ok(OnTheFly { group: self.name.clone(), algorithm, length: self.length, usage })
    }

    /// Whether the row makes sense; otherwise the key and what is wrong with it.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        self.template().map(drop)
    }
}

/// `[explain]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExplainConfig {
    /// Whether exchanges that failed or were odd are kept at all.
    pub enabled: bool,
    /// How many of each client.
    pub exchanges: usize,
    /// Of how many clients.
    pub clients: usize,
    /// In how many bytes, all together.
    pub bytes: usize,
}

impl Default for ExplainConfig {
    fn default() -> Self {
        Self { enabled: true, exchanges: 32, clients: 256, bytes: 16 * 1024 * 1024 }
    }
}

/// Every address, on KMIP's own port.
pub(super) fn listen() -> Vec<SocketAddr> {
    vec![SocketAddr::from(([0, 0, 0, 0], 5696))]
}

fn standard() -> String {
    crate::engine::rights::persona::STANDARD.to_owned()
}

fn tls_minimum() -> String {
    "1.2".to_owned()
}

fn hsm_workers() -> usize {
    2
}

fn hsm_timeout() -> u64 {
    5
}

impl Default for VaultConfig {
    fn default() -> Self {
        Self { mode: VaultMode::Cached, cache_seconds: 300 }
    }
}

impl Default for ObjectsConfig {
    fn default() -> Self {
        Self {
            lease_seconds: 3600,
            weak_keys: false,
            withheld: Vec::new(),
            danger_reuse_one_time_pads: false,
        }
    }
}

impl ObjectsConfig {
    /// The algorithms that are withheld, or the name of one that KMIP does not have.
    pub fn withheld(&self) -> Result<Vec<CryptographicAlgorithm>, String> {
        let known = |name: &String| match CryptographicAlgorithm::by_name(name) {
            Some(number) => Ok(CryptographicAlgorithm(number)),
            None => Err(name.clone()),
        };
        self.withheld.iter().map(known).collect()
    }
}

impl Default for RngConfig {
    fn default() -> Self {
        Self { seeding: Seeding::Ignore, seed_bytes_max: SEED_BYTES_MAX }
    }
}

impl Default for AuditConfig {
    fn default() -> Self {
        Self { reads: AuditReads::Written }
    }
}

impl Default for AsynchronousConfig {
    fn default() -> Self {
        Self { delay_milliseconds: 100, requests: 64, answer_seconds: 3600 }
    }
}
