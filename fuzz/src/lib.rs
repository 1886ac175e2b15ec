//! A server without sockets for fuzzing: the engine on a store in memory, keys in software, a clock that stands still.
//! What a target asks is decided and never committed, so that every input meets the same world.

use keystead::engine::batch;
use keystead::engine::fulfilled::Fulfilled;
use keystead::engine::need::{Need, Supply};
use keystead::engine::rights::identity::{ClientRef, Fingerprint, Identity};
use keystead::engine::rights::principal::{Clients, Principal};
use keystead::engine::settings::{Authority, AuthorityKey, Settings};
use keystead::engine::world::{Entropy, Now, World};
use keystead::pki::{Ca, Curve, make_ca};
use keystead::store::{self, MemoryStore, Store as _, Transaction};
use keystead::vault::{KeyRing, Stored};
use keystead_hsm::{Epoch, Kek, KekIdentity, MasterKeyRef, MasterKeys as _, Software, SystemEntropy};
use kmip_codec::attributes::{Attribute, Attributes};
use kmip_codec::enums::*;
use kmip_codec::message::{RequestItem, RequestMessage, ResponseMessage};
use kmip_codec::objects::{
    KeyBlock, KeyMaterial, KeyValue, ManagedObject, PlainKeyValue, SecretData, SymmetricKey,
};
use kmip_codec::operations::{Call, Request};
use kmip_codec::payloads::RegisterRequest;
use kmip_codec::value::{DateTime, UniqueIdentifier};
use kmip_codec::version::V2_1;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Seconds since 1970.
const NOW: i64 = 1_700_000_000;

/// The material of the symmetric key that there is.
pub const KEY: [u8; 32] = [7; 32];

/// The world of a target.
pub struct Bench {
    store: MemoryStore,
    ring: KeyRing,
    settings: Settings,
    client: Principal,
    /// A symmetric key for everything, Active.
    pub key: String,
    /// A password, Active.
    pub password: String,
    /// How many messages had their effect: each makes other identifiers.
    age: u64,
}

impl Default for Bench {
    fn default() -> Self {
        let master = Software::in_memory();
        master.create(&MasterKeyRef::legacy(Epoch(1))).expect("a master key");
        let identity = KekIdentity { store: [1; 16], tenant: 0, id: 1 };
        let kek = Kek::generate(&master, Epoch(1), identity, &mut SystemEntropy::default()).expect("a KEK").1;
        let settings = Settings {
            pbkdf2_iterations_max: 1000,
            located_items_max: 100,
            authority: Some(authority()),
            interop: true,
            ..Settings::default()
        };
        let mut this = Self {
            store: MemoryStore::default(),
            ring: KeyRing::new(1, BTreeMap::from([(1, Arc::new(kek))])),
            settings,
            client: Principal { name: "one".to_owned(), weak_keys: true, ..Principal::default() },
            key: String::new(),
            password: String::new(),
            age: 1,
        };
        let (algorithm, length) = (Some(CryptographicAlgorithm::AES), Some(256));
        let key_block = KeyBlock {
            cryptographic_algorithm: algorithm,
            cryptographic_length: length,
            ..block(KeyFormatType::Raw, &KEY)
        };
        this.key = this.registered(ManagedObject::SymmetricKey(SymmetricKey { key_block }));
        let (secret_data_type, key_block) =
            (SecretDataType::Password, block(KeyFormatType::Opaque, b"correct horse"));
        this.password =
            this.registered(ManagedObject::SecretData(SecretData { secret_data_type, key_block }));
        this
    }
}

impl Bench {
    /// The answer to a message; none where it needs what a fuzzer does not wait for.
    pub fn decide(&self, message: &RequestMessage) -> Option<ResponseMessage> {
        self.outcome(message).map(|outcome| outcome.response)
    }

    /// The answer to these requests, each done whatever became of the others.
    pub fn ask(&self, requests: Vec<Request>) -> Option<ResponseMessage> {
        let mut message = RequestMessage::new(V2_1, requests.into_iter().map(RequestItem::from).collect());
        message.header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Continue);
        self.decide(&message)
    }

    /// Registers an object that every target finds, to be used for everything.
    pub fn registered(&mut self, object: ManagedObject) -> String {
        let attributes = [
            Attribute::CryptographicUsageMask(CryptographicUsageMask(0x00ff_ffff)),
            Attribute::ActivationDate(DateTime(NOW)),
        ];
        let request = register(object, attributes.into_iter().collect());
        let message = RequestMessage::new(V2_1, vec![request.into()]);
        let answer = self.committed(&message);
        let Some(kmip_codec::operations::Response::Register(answer)) =
            answer.items.into_iter().find_map(|item| item.response)
        else {
            panic!("not registered")
        };
        match answer.unique_identifier {
            UniqueIdentifier::Text(id) => id,
            other => panic!("{other:?}"),
        }
    }

    /// The answer to a message that has its effect.
    pub fn committed(&mut self, message: &RequestMessage) -> ResponseMessage {
        let outcome = self.outcome(message).expect("what needs nothing");
        let transaction = Transaction { expects: outcome.changes.expects, writes: outcome.changes.writes };
        assert_eq!(self.store.commit(&transaction).expect("a store"), store::Outcome::Committed);
        self.age += 1;
        outcome.response
    }

    fn outcome(&self, message: &RequestMessage) -> Option<batch::Outcome> {
        let view = Stored(self.store.snapshot().expect("a snapshot"));
        let now = Now { nanoseconds: NOW.cast_unsigned() * 1_000_000_000 };
        let world = World {
            view: &view,
            vault: &self.ring,
            now,
            settings: &self.settings,
            clients: self,
            can_reverse_roles: true,
        };
        let mut fulfilled = Fulfilled::default();
        loop {
            match batch::run(&world, &self.client, message, &mut Counting(self.age), &mut fulfilled) {
                Ok(outcome) => return Some(outcome),
                Err(Need::Turn) => fulfilled.take_turn(),
                Err(Need::Supplies(lacking)) => {
                    for supply in lacking {
                        match supply {
                            Supply::Stretched(pbkdf2_params) => {
                                let key = pbkdf2_params.run().ok()?;
                                fulfilled.add_stretched(&pbkdf2_params, key);
                            }
                            Supply::Container(container) => {
                                let opened = container.open();
                                fulfilled.add_opened(&container, opened);
                            }
                            Supply::KeyPair(_) => return None,
                        }
                    }
                }
                Err(Need::Failed(why)) => panic!("{why}"),
                Err(_) => return None,
            }
        }
    }
}

impl Clients for Bench {
    fn principal(&self, identity: &Identity) -> Option<Principal> {
        let name = identity.name();
        Some(Principal { identity: identity.clone(), name, ..Principal::default() })
    }

    fn knows(&self, whom: &ClientRef) -> bool {
        whom.is_holder(&self.client.identity)
    }

    fn came_as(&self, _: &ClientRef) -> Option<String> {
        None
    }

    fn came_with(&self, _: &Fingerprint) -> Vec<(Fingerprint, String)> {
        Vec::new()
    }

    fn comes_in(&self, _: &ClientRef) -> Vec<Identity> {
        Vec::new()
    }

    fn stated(&self, _: &[u8]) -> Vec<String> {
        Vec::new()
    }

    fn lets_in(&self, _: &[u8]) -> Option<Principal> {
        None
    }

    fn holder(&self, name: &str) -> Result<Principal, String> {
        self.principal(&Identity::named(name)).ok_or_else(|| "nobody".to_owned())
    }

    fn administrators(&self) -> Vec<ClientRef> {
        Vec::new()
    }
}

/// A request to keep an object.
pub fn register(object: ManagedObject, attributes: Attributes) -> Request {
    let (object_type, attributes) = (object.object_type(), attributes.into());
    RegisterRequest { object_type, attributes, object, ..RegisterRequest::default() }.into_request()
}

/// A key block with these bytes as its material.
pub fn block(key_format_type: KeyFormatType, bytes: &[u8]) -> KeyBlock {
    let plain = PlainKeyValue { key_material: KeyMaterial::Bytes(bytes.into()), attributes: None };
    KeyBlock { key_format_type, key_value: Some(KeyValue::Plain(plain)), ..KeyBlock::default() }
}

fn authority() -> Authority {
    use rustls_pki_types::pem::PemObject as _;
    use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
    let pair = make_ca("authority", Curve::P256).expect("an authority");
    Ca::from_pem(&pair.certificate, &pair.key).expect("an authority that signs");
    let certificate = CertificateDer::from_pem_slice(pair.certificate.as_bytes()).expect("a certificate");
    let key = PrivatePkcs8KeyDer::from_pem_slice(pair.key.as_bytes()).expect("a key");
    let certificate = bytes::Bytes::copy_from_slice(&certificate);
    Authority { certificate, key: AuthorityKey::File(key.secret_pkcs8_der().into()), days: 30 }
}

/// Bytes that are the same in every run.
struct Counting(u64);

impl Entropy for Counting {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), Need> {
        for byte in out {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (self.0 >> 33) as u8;
        }
        Ok(())
    }

    fn stir(&mut self, _: &[u8]) {}
}
