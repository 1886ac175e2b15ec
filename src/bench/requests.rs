//! What is asked: the requests of each operation, and which key each is about.

use super::answer::{Expected, KEY_BYTES};
use super::frame::{self, Frame};
use super::population::{Population, by_name};
use super::workload::Operation;
use crate::client::batch_item_id;
use bytes::Bytes;
use kmip_codec::Version;
use kmip_codec::attributes::{
    ApplicationSpecificInformation, Attribute, Attributes, CryptographicParameters, Name,
};
use kmip_codec::enums::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask, KeyFormatType, ObjectType, QueryFunction,
};
use kmip_codec::message::{RequestItem, RequestMessage};
use kmip_codec::objects::{KeyBlock, KeyMaterial, KeyValue, ManagedObject, PlainKeyValue, SymmetricKey};
use kmip_codec::operations::{Call as _, Request};
use kmip_codec::payloads::*;
use kmip_codec::value::Data;
use kmip_codec::version::V2_1;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// How long what is encrypted is.
pub const PLAINTEXT_BYTES: usize = 64;

/// How long the tag of what is encrypted is.
pub const TAG_BYTES: usize = 16;

/// The nonce of every Encrypt. Nothing is kept of what is encrypted, and nothing secret is.
const NONCE: [u8; 12] = [0; 12];

/// Random numbers from a seed (SplitMix64): they choose keys, and are no secrets.
#[derive(Clone)]
pub struct Dice(u64);

impl Dice {
    /// Numbers that begin with this seed.
    pub fn new(seed: u64, stream: u64) -> Self {
        Self(seed ^ stream.wrapping_mul(0xD6E8_FEB8_6659_FD93))
    }

    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }
}

/// What all connections of a run share.
pub struct Shared {
    /// The version of KMIP.
    pub version: Version,
    /// The keys.
    pub population: Arc<Population>,
    /// Where no key is asked for twice: the next one.
    pub each_once: Option<AtomicUsize>,
    /// The name of the next object that is made has this number.
    pub made: AtomicU64,
    /// What tells the names of this run from those of others.
    pub run: u64,
    /// Keys to activate, and the next one of them.
    pub inactive: (Vec<String>, AtomicUsize),
    /// How long requests and answers of an echo are.
    pub echo_bytes: (usize, usize),
}

impl Shared {
    /// Of runs against TLS echo, which has no keys.
    pub fn of_echo(echo_bytes: (usize, usize)) -> Self {
        Self {
            version: V2_1,
            population: Arc::default(),
            each_once: None,
            made: AtomicU64::new(0),
            run: 0,
            inactive: (Vec::new(), AtomicUsize::new(0)),
            echo_bytes,
        }
    }

    /// The keys to activate that nobody has taken.
    pub fn left_inactive(&self) -> Vec<String> {
        let (keys, next) = &self.inactive;
        keys.iter().skip(next.load(Ordering::Relaxed)).cloned().collect()
    }

    /// The name of an object that this run makes.
    pub fn made_name(&self) -> String {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        format!("{}-{:016x}-{number:010}", self.population.prefix, self.run)
    }
}

/// The requests of one connection.
pub struct Requests {
    shared: Arc<Shared>,
    dice: Dice,
    place: usize,
    name: String,
    inactive: usize,
    frames: Vec<(Operation, Frame)>,
}

impl Requests {
    /// Requests whose keys are drawn from this stream of the seed.
    pub fn new(shared: Arc<Shared>, seed: u64, stream: u64) -> Self {
        Self {
            shared,
            dice: Dice::new(seed, stream),
            place: 0,
            name: String::new(),
            inactive: 0,
            frames: Vec::new(),
        }
    }

    /// Which of these operations comes next, by their shares.
    pub fn choose(&mut self, mix: &[(u64, Operation)]) -> Operation {
        let mut left = match mix {
            [(_, only)] => return *only,
            _ => self.dice.below(100),
        };
        for (share, operation) in mix {
            match left.checked_sub(*share) {
                Some(rest) => left = rest,
                None => return *operation,
            }
        }
        Operation::Get
    }

    /// Chooses the key that the next requests are about. False where all were asked for.
    pub fn draw(&mut self, operation: Operation) -> bool {
        let count = self.shared.population.identifiers.len();
        if operation == Operation::Activate {
            self.inactive = self.shared.inactive.1.fetch_add(1, Ordering::Relaxed);
            return self.inactive < self.shared.inactive.0.len();
        }
        match &self.shared.each_once {
            Some(next) if count > 0 => self.place = next.fetch_add(1, Ordering::Relaxed),
            _ => self.place = usize::try_from(self.dice.below(count as u64)).unwrap_or_default(),
        }
        self.place < count || count == 0
    }

    /// The request of an operation, about the key that was drawn.
    pub fn frame(&mut self, operation: Operation) -> &[u8] {
        self.name = match operation {
            Operation::Locate => self.shared.population.name(self.place),
            Operation::Create | Operation::Register => self.shared.made_name(),
            _ => String::new(),
        };
        let text = match operation {
            Operation::Get | Operation::GetAttributes | Operation::Encrypt => {
                identifier(&self.shared, self.place)
            }
            Operation::Activate => {
                self.shared.inactive.0.get(self.inactive).map(String::as_str).unwrap_or_default()
            }
            _ => &self.name,
        };
        let at =
            match self.frames.iter().position(|(of, frame)| *of == operation && frame.takes(text.as_bytes()))
            {
                Some(at) => at,
                None => {
                    let frame = match operation {
                        Operation::Echo => {
                            Frame::of_bytes(frame::echo(self.shared.echo_bytes.0, self.shared.echo_bytes.1))
                        }
                        _ => Frame::new(self.shared.version, request(operation, text), text.as_bytes()),
                    };
                    // Identifiers of another length each have a frame; few lengths are met.
                    self.frames.truncate(64);
                    self.frames.push((operation, frame));
                    self.frames.len() - 1
                }
            };
        self.frames.get_mut(at).map(|(_, frame)| frame.with(text.as_bytes())).unwrap_or_default()
    }

    /// What must come back to it.
    pub fn expected(&self, operation: Operation) -> Expected<'_> {
        let population = &self.shared.population;
        let id = match operation {
            Operation::Activate => self.shared.inactive.0.get(self.inactive).map(String::as_str),
            _ => population.identifiers.get(self.place).map(String::as_str),
        };
        Expected {
            identifier: id.map(str::as_bytes),
            digest: population.digests.get(&self.place).map(Vec::as_slice),
        }
    }
}

fn identifier(shared: &Shared, place: usize) -> &str {
    shared.population.identifiers.get(place).map(String::as_str).unwrap_or_default()
}

/// The request of an operation about an identifier or a name.
fn request(operation: Operation, text: &str) -> Request {
    let unique_identifier = Some(text.into());
    match operation {
        Operation::GetAttributes => {
            GetAttributesRequest { unique_identifier, references: Vec::new() }.into_request()
        }
        Operation::Locate => by_name(text),
        Operation::Create => create(text),
        Operation::Register => register(text),
        Operation::Activate => ActivateRequest { unique_identifier }.into_request(),
        Operation::Encrypt => encrypt(text),
        Operation::Query => query().into_request(),
        Operation::Get | Operation::Echo => {
            GetRequest { unique_identifier, ..GetRequest::default() }.into_request()
        }
    }
}

/// Asks what every version of KMIP can ask, and every client may.
pub fn query() -> QueryRequest {
    QueryRequest { functions: vec![QueryFunction::QueryServerInformation], ..QueryRequest::default() }
}

/// The attributes of a key: its name, and five others as the keys of volumes have them. It is in no Object Group: the first Get of a
/// group's member is a change, as `Locate` and `Get` choose by it among the members.
fn attributes(name: &str) -> Attributes {
    let volume =
        ApplicationSpecificInformation { namespace: "LUKS".to_owned(), data: Some("volume".to_owned()) };
    [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt),
        Attribute::Name(Name::text(name)),
        Attribute::ApplicationSpecificInformation(volume),
        Attribute::ContactInformation("keystead bench".to_owned()),
    ]
    .into()
}

/// A request for a key of this name.
pub fn create(name: &str) -> Request {
    CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: attributes(name).into(),
        ..CreateRequest::default()
    }
    .into_request()
}

/// The same for a key that the client brings. It is the same key each time, and protects nothing.
fn register(name: &str) -> Request {
    let value = PlainKeyValue {
        key_material: KeyMaterial::Bytes([0x5A; KEY_BYTES].as_slice().into()),
        attributes: None,
    };
    let key_block = KeyBlock {
        key_format_type: KeyFormatType::Raw,
        key_compression_type: None,
        key_value: Some(KeyValue::Plain(value)),
        cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
        cryptographic_length: Some(256),
        key_wrapping_data: None,
    };
    RegisterRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: attributes(name).into(),
        object: ManagedObject::SymmetricKey(SymmetricKey { key_block }),
        protection_storage_masks: None,
    }
    .into_request()
}

fn encrypt(id: &str) -> Request {
    let parameters = CryptographicParameters {
        block_cipher_mode: Some(BlockCipherMode::GCM),
        tag_length: i32::try_from(TAG_BYTES).ok(),
        ..CryptographicParameters::default()
    };
    EncryptRequest {
        unique_identifier: Some(id.into()),
        cryptographic_parameters: Some(parameters),
        data: Some(Data::Bytes([0; PLAINTEXT_BYTES].as_slice().into())),
        iv_counter_nonce: Some(Bytes::from_static(&NONCE)),
        ..EncryptRequest::default()
    }
    .into_request()
}

/// Items of one message, told apart by their place.
pub fn numbered(requests: Vec<Request>) -> Vec<RequestItem> {
    let many = requests.len() > 1;
    let item = |(place, request)| RequestItem {
        unique_batch_item_id: many.then(|| batch_item_id(place)),
        ..RequestItem::from(request)
    };
    requests.into_iter().enumerate().map(item).collect()
}

/// A message whose items are done in their order.
pub fn message(version: Version, items: Vec<RequestItem>) -> RequestMessage {
    let in_order = items.len() > 1;
    let mut message = RequestMessage::new(version, items);
    message.header.batch_order_option = in_order.then_some(true);
    message
}
