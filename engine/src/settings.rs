//! What the configuration says to the engine.

mod told;
mod transports;

pub use told::{Put, Subscription, ToldChanges};
pub use transports::{Place, Transports};

use crate::query::server_information::{Features, Registration, ServerInformation};
use kmip_codec::SecretBytes;
use kmip_codec::enums::{CryptographicAlgorithm, CryptographicUsageMask};
use kmip_codec::operations::{Operation, OperationRow};

/// What becomes of seeds that clients send for the generator (KMIP 2.1, 6.1.50 allows all three).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Seeding {
    /// None of their bytes is taken, and the answer says so.
    #[default]
    Ignore,
    /// They are mixed into the generator, beside the system's entropy.
    Accept,
    /// They are refused.
    Refuse,
}

/// How many bytes of a seed are taken where the configuration does not say: the strength of the generator, twice.
pub const SEED_BYTES_MAX: usize = 64;

/// The authority that signs certificates for clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// Its certificate, DER.
    pub certificate: bytes::Bytes,
    /// Its key.
    pub key: AuthorityKey,
    /// For how many days certificates are valid.
    pub days: u32,
}

/// Where the key of the authority is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthorityKey {
    /// In a file of the operator's: PKCS#8 DER.
    File(SecretBytes),
    /// A managed private key.
    Object(String),
}

/// The symmetric keys that are made for a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnTheFly {
    /// The Object Group.
    pub group: String,
    /// The algorithm of the keys.
    pub algorithm: CryptographicAlgorithm,
    /// Their length in bits.
    pub length: i32,
    /// What they may do.
    pub usage: CryptographicUsageMask,
}

/// What the configuration says to the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The most items of a batch.
    pub batch_items_max: usize,
    /// The most bytes of TTLV that the items of an answer have, those that failed apart.
    pub answer_bytes_max: usize,
    /// The most bytes that one request changes: values, attributes, and what is kept for later.
    pub change_bytes_max: usize,
    /// The most objects that one request looks at to find others among them.
    pub looked_at_max: usize,
    /// The most identifiers that one Locate returns.
    pub located_items_max: usize,
    /// The most work of a processor that one request asks for, as far as it can be told before it is done, in milliseconds.
    pub work_milliseconds_max: u64,
    /// The most bits that the RSA key pairs have together that one request makes.
    pub rsa_bits_max: u64,
    /// The most iterations of PBKDF2, over all blocks of its output, and of PKCS#12 containers that one request wants.
    pub pbkdf2_iterations_max: u64,
    /// The most asynchronous requests of one client whose answers it has not had.
    pub asynchronous_max: usize,
    /// How long their answers are kept.
    pub asynchronous_answer_seconds: u32,
    /// The longest that a ticket is good.
    pub ticket_seconds_max: u32,
    /// The most tickets of one client.
    pub tickets_max: usize,
    /// What becomes of seeds that clients send.
    pub seeding: Seeding,
    /// How many bytes of a seed are taken.
    pub seed_bytes_max: usize,
    /// The algorithms whose keys never leave the server.
    pub withheld: Vec<CryptographicAlgorithm>,
    /// Whether a one-time pad may encrypt more than once.
    pub danger_reuse_one_time_pads: bool,
    /// Whether Interop is served, which no production server does.
    pub interop: bool,
    /// The authority that signs the certificates of Certify.
    pub authority: Option<Authority>,
    /// The certificates, DER, that chains of Validate must lead to.
    pub anchors: Vec<bytes::Bytes>,
    /// The keys that are made for groups that have no fresh one left.
    pub on_the_fly: Vec<OnTheFly>,
    /// What clients are told without asking.
    pub subscriptions: Vec<Subscription>,
    /// What the operator states about the server.
    pub about: ServerInformation,
    /// What may be switched off.
    pub features: Features,
    /// How the server is reached.
    pub transports: Transports,
    /// How clients come to certificates.
    pub registration: Registration,
    /// Whether any client must prove the state of its platform.
    pub attests: bool,
    /// Whether master keys are made by a token.
    pub has_token: bool,
}

impl Settings {
    /// Whether clients may ask for an operation, or are asked, as the configuration has it.
    pub fn offers(&self, row: &OperationRow) -> bool {
        (row.served || row.sent)
            && match row.operation {
                Operation::PKCS_11 => cfg!(feature = "pkcs11"),
                Operation::Interop => self.interop,
                Operation::Notify | Operation::Put | Operation::SetEndpointRole => {
                    !self.subscriptions.is_empty()
                }
                _ => true,
            }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            batch_items_max: 1000,
            answer_bytes_max: 16 << 20,
            change_bytes_max: 32 << 20,
            looked_at_max: 2_000_000,
            located_items_max: 100_000,
            work_milliseconds_max: 10_000,
            rsa_bits_max: 262_144,
            pbkdf2_iterations_max: 10_000_000,
            asynchronous_max: 64,
            asynchronous_answer_seconds: 3600,
            ticket_seconds_max: 86_400,
            tickets_max: 64,
            seeding: Seeding::Ignore,
            seed_bytes_max: SEED_BYTES_MAX,
            withheld: Vec::new(),
            danger_reuse_one_time_pads: false,
            interop: false,
            authority: None,
            anchors: Vec::new(),
            on_the_fly: Vec::new(),
            subscriptions: Vec::new(),
            about: ServerInformation::default(),
            features: Features::default(),
            transports: Transports::default(),
            registration: Registration::default(),
            attests: false,
            has_token: false,
        }
    }
}
