//! A request of every operation, and what it needs before it.

use crate::objects::*;
use crate::world::{Bench, principal};
use bytes::Bytes;
use keystead_engine::rights::identity::{Fingerprint, Identity, Validity};
use keystead_engine::rights::principal::Principal;
use keystead_engine::settings::{Authority, AuthorityKey};
use keystead_engine::settings::{Put, Subscription, ToldChanges};
use kmip_codec::Version;
use kmip_codec::attributes::*;
use kmip_codec::enums::*;
use kmip_codec::item::ItemValue;
use kmip_codec::message::{Asynchronous, RequestItem, RequestMessage};
use kmip_codec::objects::{ManagedObject, SecretData};
use kmip_codec::operations::{Call as _, Operation, Request};
use kmip_codec::payloads::*;
use kmip_codec::value::{Data, DateTime, UniqueIdentifier};
use kmip_codec::version::{V1_0, V1_4, V2_0, V2_1};

/// A bench on which every operation can succeed: with an authority, a client that is told, and Interop.
pub fn bench() -> Bench {
    let mut bench = Bench::new(1);
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let certificate = Bytes::copy_from_slice(params.self_signed(&key).unwrap().der());
    bench.settings.anchors = vec![certificate.clone()];
    let key = AuthorityKey::File(key.serialize_der().into());
    bench.settings.authority = Some(Authority { certificate, key, days: 20 });
    bench.settings.interop = true;
    bench.settings.subscriptions = vec![Subscription {
        client: "ann".into(),
        notify: ToldChanges::All,
        put: vec![Put::New, Put::Replaced],
        ..Subscription::default()
    }];
    bench
}

pub fn ann() -> Principal {
    let validity = Some(Validity { from: 0, until: i64::from(u32::MAX) });
    let identity =
        Identity { fingerprint: Some(Fingerprint::of(b"ann")), validity, ..Identity::named("ann") };
    Principal { admin: true, weak_keys: true, identity, ..principal("ann", &[]) }
}

/// An operation that succeeds.
pub struct Row {
    pub operation: Operation,
    /// From which version on it succeeds as it is written here.
    pub since: Version,
    /// What it names, and the request; for operations that name nothing, an empty identifier.
    pub prepared: fn(&mut Bench, &Principal, Version) -> (String, Request),
    pub takes_placeholder: bool,
    pub sets_placeholder: bool,
    /// Whether anything is written.
    pub changes: bool,
}

type Prepared = fn(&mut Bench, &Principal, Version) -> (String, Request);

const fn row(operation: Operation, takes: bool, sets: bool, changes: bool, prepared: Prepared) -> Row {
    Row { operation, since: V1_0, prepared, takes_placeholder: takes, sets_placeholder: sets, changes }
}

const TAKES: bool = true;
const SETS: bool = true;
const CHANGES: bool = true;
const NOT: bool = false;

pub const ROWS: &[Row] = &[
    row(Operation::Create, NOT, SETS, CHANGES, |_, _, _| (String::new(), aes(&[]).into_request())),
    row(Operation::CreateKeyPair, NOT, SETS, CHANGES, |_, _, _| (String::new(), new_pair().into_request())),
    row(Operation::Register, NOT, SETS, CHANGES, |_, _, _| {
        (String::new(), register(secret(b"a secret")).into_request())
    }),
    row(Operation::ReKey, TAKES, SETS, CHANGES, |bench, who, _| {
        on(key(bench, who), |unique_identifier| ReKeyRequest { unique_identifier, ..Default::default() })
    }),
    row(Operation::DeriveKey, NOT, SETS, CHANGES, |bench, who, _| {
        let base = stored(bench, who, secret(b"a base"));
        let hashing = CryptographicParameters {
            hashing_algorithm: Some(HashingAlgorithm::SHA_256),
            ..Default::default()
        };
        let request = DeriveKeyRequest {
            object_type: ObjectType::SymmetricKey,
            unique_identifiers: vec![base.as_str().into()],
            derivation_method: DerivationMethod::HASH,
            derivation_parameters: DerivationParameters {
                cryptographic_parameters: Some(hashing),
                ..Default::default()
            },
            attributes: [
                Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
                Attribute::CryptographicLength(128),
                Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
            ]
            .into(),
        };
        (base, request.into_request())
    }),
    row(Operation::Certify, TAKES, SETS, CHANGES, |bench, who, _| {
        on(pair(bench, who).1, |unique_identifier| CertifyRequest { unique_identifier, ..Default::default() })
    }),
    row(Operation::ReCertify, TAKES, SETS, CHANGES, |bench, who, _| {
        on(certificate(bench, who), |unique_identifier| ReCertifyRequest {
            unique_identifier,
            ..Default::default()
        })
    }),
    row(Operation::Locate, NOT, SETS, NOT, |bench, who, _| {
        let id = key(bench, who);
        let found = locate(Attribute::UniqueIdentifier(id.as_str().into()));
        (id, found)
    }),
    row(Operation::Check, TAKES, NOT, NOT, |bench, who, _| {
        on(key(bench, who), |unique_identifier| CheckRequest { unique_identifier, ..Default::default() })
    }),
    // What is got is not fresh any more.
    row(Operation::Get, TAKES, NOT, CHANGES, |bench, who, _| {
        on(key(bench, who), |unique_identifier| GetRequest { unique_identifier, ..Default::default() })
    }),
    row(Operation::GetAttributes, TAKES, NOT, NOT, |bench, who, _| {
        on(key(bench, who), |unique_identifier| GetAttributesRequest {
            unique_identifier,
            ..Default::default()
        })
    }),
    row(Operation::GetAttributeList, TAKES, NOT, NOT, |bench, who, _| {
        on(key(bench, who), |unique_identifier| GetAttributeListRequest { unique_identifier })
    }),
    row(Operation::AddAttribute, TAKES, NOT, CHANGES, |bench, who, _| {
        let attribute = Attribute::ObjectGroup("shelf".into());
        on(key(bench, who), |unique_identifier| AddAttributeRequest {
            unique_identifier,
            attribute: attribute.into(),
        })
    }),
    row(Operation::ModifyAttribute, TAKES, NOT, CHANGES, |bench, who, _| {
        on(key(bench, who), |unique_identifier| ModifyAttributeRequest {
            unique_identifier,
            attribute: note("second").into(),
            ..Default::default()
        })
    }),
    row(Operation::DeleteAttribute, TAKES, NOT, CHANGES, |bench, who, version| {
        let named = Some(AttributeReference::Vendor { vendor: "x".into(), name: "note".into() });
        let (name, reference) = if version < V2_0 { (named, None) } else { (None, named) };
        on(key(bench, who), |unique_identifier| DeleteAttributeRequest {
            unique_identifier,
            name,
            reference,
            ..Default::default()
        })
    }),
    row(Operation::ObtainLease, TAKES, NOT, NOT, |bench, who, _| {
        on(key(bench, who), |unique_identifier| ObtainLeaseRequest { unique_identifier })
    }),
    row(Operation::GetUsageAllocation, TAKES, NOT, CHANGES, |bench, who, _| {
        let limits = UsageLimits { total: 100, count: None, unit: UsageLimitsUnit::Byte };
        let limited = with(bench, who, &[Attribute::UsageLimits(limits)]);
        on(limited, |unique_identifier| GetUsageAllocationRequest {
            unique_identifier,
            usage_limits_count: 1,
        })
    }),
    row(Operation::Activate, TAKES, NOT, CHANGES, |bench, who, _| {
        on(create(bench, who, &[]), |unique_identifier| ActivateRequest { unique_identifier })
    }),
    row(Operation::Revoke, TAKES, NOT, CHANGES, |bench, who, _| {
        on(key(bench, who), |unique_identifier| RevokeRequest {
            unique_identifier,
            revocation_reason: RevocationReason { code: RevocationReasonCode::Superseded, message: None },
            ..Default::default()
        })
    }),
    row(Operation::Destroy, TAKES, NOT, CHANGES, |bench, who, _| {
        on(create(bench, who, &[]), |unique_identifier| DestroyRequest { unique_identifier })
    }),
    row(Operation::Archive, TAKES, NOT, CHANGES, |bench, who, _| {
        on(key(bench, who), |unique_identifier| ArchiveRequest { unique_identifier })
    }),
    row(Operation::Recover, TAKES, SETS, CHANGES, |bench, who, _| {
        let id = key(bench, who);
        bench.ask(who, V2_1, ArchiveRequest { unique_identifier: Some(id.as_str().into()) }).unwrap();
        on(id, |unique_identifier| RecoverRequest { unique_identifier })
    }),
    row(Operation::Validate, NOT, NOT, NOT, |bench, who, _| {
        let id = certificate(bench, who);
        let unique_identifiers = vec![id.as_str().into()];
        (id, ValidateRequest { unique_identifiers, ..Default::default() }.into_request())
    }),
    row(Operation::Query, NOT, NOT, NOT, |_, _, _| {
        let functions = vec![QueryFunction::QueryOperations];
        (String::new(), QueryRequest { functions, ..Default::default() }.into_request())
    }),
    row(Operation::Cancel, NOT, NOT, CHANGES, |bench, who, version| {
        let asynchronous_correlation_value = waiting(bench, who, version);
        (String::new(), CancelRequest { asynchronous_correlation_value }.into_request())
    }),
    // Its answer is given once.
    row(Operation::Poll, NOT, NOT, CHANGES, |bench, who, version| {
        let asynchronous_correlation_value = waiting(bench, who, version);
        bench.work();
        (String::new(), PollRequest { asynchronous_correlation_value }.into_request())
    }),
    row(Operation::ReKeyKeyPair, TAKES, SETS, CHANGES, |bench, who, _| {
        on(pair(bench, who).0, |private_key| ReKeyKeyPairRequest { private_key, ..Default::default() })
    }),
    row(Operation::DiscoverVersions, NOT, NOT, NOT, |_, _, _| {
        (String::new(), DiscoverVersionsRequest::default().into_request())
    }),
    row(Operation::Encrypt, TAKES, NOT, NOT, |bench, who, _| {
        on(key(bench, who), |unique_identifier| EncryptRequest {
            unique_identifier,
            cryptographic_parameters: ecb(),
            data: block(),
            ..Default::default()
        })
    }),
    // The first part of more: what comes of it is kept for the next.
    Row {
        since: V1_4,
        ..row(Operation::Encrypt, TAKES, NOT, CHANGES, |bench, who, _| {
            on(key(bench, who), |unique_identifier| EncryptRequest {
                unique_identifier,
                cryptographic_parameters: ecb(),
                data: block(),
                init_indicator: Some(true),
                ..Default::default()
            })
        })
    },
    row(Operation::Decrypt, TAKES, NOT, NOT, |bench, who, _| {
        on(key(bench, who), |unique_identifier| DecryptRequest {
            unique_identifier,
            cryptographic_parameters: ecb(),
            data: block(),
            ..Default::default()
        })
    }),
    row(Operation::Sign, TAKES, NOT, NOT, |bench, who, _| {
        let id = pair(bench, who).0;
        move_to(bench, who, &id, State::Active);
        on(id, |unique_identifier| SignRequest {
            unique_identifier,
            cryptographic_parameters: sha256(),
            data: block(),
            ..Default::default()
        })
    }),
    row(Operation::SignatureVerify, TAKES, NOT, NOT, |bench, who, _| {
        let id = pair(bench, who).1;
        move_to(bench, who, &id, State::Active);
        on(id, |unique_identifier| SignatureVerifyRequest {
            unique_identifier,
            cryptographic_parameters: sha256(),
            data: block(),
            signature_data: Some(Bytes::from_static(&[0; 64])),
            ..Default::default()
        })
    }),
    row(Operation::MAC, TAKES, NOT, NOT, |bench, who, _| {
        on(mac_key(bench, who), |unique_identifier| MACRequest {
            unique_identifier,
            data: block(),
            ..Default::default()
        })
    }),
    row(Operation::MACVerify, TAKES, NOT, NOT, |bench, who, _| {
        on(mac_key(bench, who), |unique_identifier| MACVerifyRequest {
            unique_identifier,
            data: block(),
            mac_data: Some(Bytes::from_static(&[0; 32])),
            ..Default::default()
        })
    }),
    row(Operation::RNGRetrieve, NOT, NOT, NOT, |_, _, _| {
        (String::new(), RNGRetrieveRequest { data_length: 8 }.into_request())
    }),
    // What a seed has stirred stays so: it is no object, and takes no entropy away.
    row(Operation::RNGSeed, NOT, NOT, NOT, |_, _, _| {
        (String::new(), RNGSeedRequest { data: block().unwrap() }.into_request())
    }),
    row(Operation::Hash, NOT, NOT, NOT, |_, _, _| {
        let cryptographic_parameters = sha256().unwrap();
        (
            String::new(),
            HashRequest { cryptographic_parameters, data: block(), ..Default::default() }.into_request(),
        )
    }),
    // Without an identifier a new key is made and split.
    row(Operation::CreateSplitKey, NOT, SETS, CHANGES, |bench, who, _| {
        on(key(bench, who), |unique_identifier| CreateSplitKeyRequest {
            object_type: ObjectType::SplitKey,
            unique_identifier,
            parts: 3,
            threshold: 2,
            method: SplitKeyMethod::PolynomialSharingGF2_8,
            ..Default::default()
        })
    }),
    row(Operation::JoinSplitKey, NOT, SETS, CHANGES, |bench, who, _| {
        let request = CreateSplitKeyRequest {
            object_type: ObjectType::SplitKey,
            unique_identifier: Some(key(bench, who).as_str().into()),
            parts: 3,
            threshold: 2,
            method: SplitKeyMethod::PolynomialSharingGF2_8,
            ..Default::default()
        };
        let unique_identifiers = bench.ask(who, V2_1, request).unwrap().unique_identifiers;
        let object_type = ObjectType::SymmetricKey;
        (
            String::new(),
            JoinSplitKeyRequest { object_type, unique_identifiers, ..Default::default() }.into_request(),
        )
    }),
    row(Operation::Import, NOT, SETS, CHANGES, |bench, who, version| {
        let id = key(bench, who);
        let export = ExportRequest { unique_identifier: Some(id.as_str().into()), ..Default::default() };
        let exported = bench.ask(who, version, export).unwrap();
        let request = ImportRequest {
            unique_identifier: exported.unique_identifier,
            object_type: (version >= V2_0).then_some(exported.object_type),
            replace_existing: Some(true),
            attributes: exported.attributes,
            object: exported.object,
            ..Default::default()
        };
        (id, request.into_request())
    }),
    row(Operation::Export, TAKES, SETS, NOT, |bench, who, _| {
        on(key(bench, who), |unique_identifier| ExportRequest { unique_identifier, ..Default::default() })
    }),
    row(Operation::Log, NOT, NOT, NOT, |_, _, _| {
        (String::new(), LogRequest { log_message: "rack 7 was moved".into() }.into_request())
    }),
    row(Operation::Login, NOT, NOT, CHANGES, |_, _, _| {
        (String::new(), LoginRequest::default().into_request())
    }),
    row(Operation::Logout, NOT, NOT, CHANGES, |bench, who, _| {
        let ticket = bench.ask(who, V2_1, LoginRequest::default()).unwrap().ticket;
        (String::new(), LogoutRequest { ticket }.into_request())
    }),
    row(Operation::DelegatedLogin, NOT, NOT, CHANGES, |_, _, _| {
        let operations = Some(Operations { operations: vec![Operation::Get] });
        let rights = Rights { rights: vec![Right { operations, ..Default::default() }] };
        (String::new(), DelegatedLoginRequest { rights, ..Default::default() }.into_request())
    }),
    row(Operation::AdjustAttribute, TAKES, NOT, CHANGES, |bench, who, _| {
        let value = Some(ItemValue::Integer(7));
        let count = VendorAttribute { vendor: "x".into(), name: "count".into(), value };
        on(with(bench, who, &[Attribute::Vendor(count)]), |unique_identifier| AdjustAttributeRequest {
            unique_identifier,
            reference: AttributeReference::Vendor { vendor: "x".into(), name: "count".into() },
            adjustment_type: AdjustmentType::Increment,
            adjustment_value: None,
        })
    }),
    row(Operation::SetAttribute, TAKES, NOT, CHANGES, |bench, who, _| {
        on(key(bench, who), |unique_identifier| SetAttributeRequest {
            unique_identifier,
            attribute: note("second").into(),
        })
    }),
    row(Operation::SetEndpointRole, NOT, NOT, NOT, |_, _, _| {
        (String::new(), SetEndpointRoleRequest { endpoint_role: EndpointRole::Server }.into_request())
    }),
    row(Operation::PKCS_11, NOT, NOT, CHANGES, |_, _, _| {
        let request = PKCS11Request {
            function: PKCS11Function::C_Initialize.into(),
            input_parameters: Some(vec![1].into()),
            ..Default::default()
        };
        (String::new(), request.into_request())
    }),
    row(Operation::Interop, NOT, NOT, NOT, |_, _, _| {
        let request = InteropRequest { function: InteropFunction::Begin, identifier: "a case".into() };
        (String::new(), request.into_request())
    }),
    row(Operation::ReProvision, NOT, SETS, CHANGES, |_, _, _| {
        (String::new(), crate::credentials::bringing().into_request())
    }),
    row(Operation::SetDefaults, NOT, NOT, CHANGES, |_, _, _| {
        (String::new(), SetDefaultsRequest::default().into_request())
    }),
    row(Operation::SetConstraints, NOT, NOT, CHANGES, |_, _, _| {
        let object_types = Some(ObjectTypes { object_types: vec![ObjectType::SymmetricKey] });
        let attributes = Some(AttributeList([Attribute::CryptographicLength(256)].into()));
        let constraints = vec![Constraint { object_types, attributes, ..Default::default() }];
        (
            String::new(),
            SetConstraintsRequest { constraints: Some(Constraints { constraints }) }.into_request(),
        )
    }),
    row(Operation::GetConstraints, NOT, NOT, NOT, |_, _, _| {
        (String::new(), GetConstraintsRequest {}.into_request())
    }),
    row(Operation::QueryAsynchronousRequests, NOT, NOT, NOT, |_, _, _| {
        (String::new(), QueryAsynchronousRequestsRequest::default().into_request())
    }),
    row(Operation::Process, NOT, NOT, CHANGES, |bench, who, version| {
        let asynchronous_correlation_value = waiting(bench, who, version);
        (String::new(), ProcessRequest { asynchronous_correlation_value }.into_request())
    }),
    row(Operation::Ping, NOT, NOT, NOT, |_, _, _| (String::new(), PingRequest {}.into_request())),
];

fn on<R: kmip_codec::operations::Call>(
    id: String,
    request: impl FnOnce(Option<UniqueIdentifier>) -> R,
) -> (String, Request) {
    let request = request(Some(id.as_str().into())).into_request();
    (id, request)
}

pub fn locate(attribute: Attribute) -> Request {
    let attributes = Some(AttributeFilter([attribute].into()));
    let storage_status_mask = Some(StorageStatusMask::OnLineStorage | StorageStatusMask::ArchivalStorage);
    LocateRequest { attributes, storage_status_mask, ..LocateRequest::default() }.into_request()
}

/// An Active key of an algorithm for these uses, with more attributes.
fn made(
    bench: &mut Bench,
    who: &Principal,
    algorithm: CryptographicAlgorithm,
    uses: CryptographicUsageMask,
    more: &[Attribute],
) -> String {
    let mut attributes = vec![
        Attribute::CryptographicAlgorithm(algorithm),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(uses),
        Attribute::ActivationDate(DateTime(1)),
        note("first"),
    ];
    attributes.extend_from_slice(more);
    let attributes = attributes.into_iter().collect::<Attributes>().into();
    let request =
        CreateRequest { object_type: ObjectType::SymmetricKey, attributes, ..CreateRequest::default() };
    text(&bench.ask(who, V2_1, request).unwrap().unique_identifier)
}

fn with(bench: &mut Bench, who: &Principal, more: &[Attribute]) -> String {
    let uses = CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt;
    made(bench, who, CryptographicAlgorithm::AES, uses, more)
}

fn key(bench: &mut Bench, who: &Principal) -> String {
    with(bench, who, &[])
}

fn mac_key(bench: &mut Bench, who: &Principal) -> String {
    let uses = CryptographicUsageMask::MACGenerate | CryptographicUsageMask::MACVerify;
    made(bench, who, CryptographicAlgorithm::HMAC_SHA256, uses, &[])
}

fn certificate(bench: &mut Bench, who: &Principal) -> String {
    let unique_identifier = Some(pair(bench, who).1.as_str().into());
    let request = CertifyRequest { unique_identifier, ..CertifyRequest::default() };
    text(&bench.ask(who, V2_1, request).unwrap().unique_identifier)
}

fn new_pair() -> CreateKeyPairRequest {
    let half = |mask| Some([Attribute::CryptographicUsageMask(mask)].into());
    CreateKeyPairRequest {
        common: Some(
            [
                Attribute::CryptographicAlgorithm(CryptographicAlgorithm::EC),
                Attribute::CryptographicLength(256),
            ]
            .into(),
        ),
        private: half(CryptographicUsageMask::Sign),
        public: half(CryptographicUsageMask::Verify),
        ..CreateKeyPairRequest::default()
    }
}

fn secret(bytes: &[u8]) -> ManagedObject {
    let key_block = bytes_block(KeyFormatType::Raw, bytes);
    ManagedObject::SecretData(SecretData { secret_data_type: SecretDataType::Password, key_block })
}

fn register(object: ManagedObject) -> RegisterRequest {
    let uses = Attribute::CryptographicUsageMask(CryptographicUsageMask::DeriveKey);
    RegisterRequest {
        object_type: object.object_type(),
        attributes: [uses, Attribute::ActivationDate(DateTime(1))].into(),
        object,
        ..RegisterRequest::default()
    }
}

fn stored(bench: &mut Bench, who: &Principal, object: ManagedObject) -> String {
    text(&bench.ask(who, V2_1, register(object)).unwrap().unique_identifier)
}

/// A request that waits to be done.
fn waiting(bench: &mut Bench, who: &Principal, version: Version) -> Bytes {
    let unique_identifier = Some(key(bench, who).as_str().into());
    let archive = ArchiveRequest { unique_identifier }.into_request();
    let mut message = RequestMessage::new(version, vec![RequestItem::from(archive)]);
    let on = if version < V2_1 { AsynchronousIndicator::Optional } else { AsynchronousIndicator::Mandatory };
    message.header.asynchronous_indicator = Some(Asynchronous(on));
    bench.run(who, &message).pop().unwrap().asynchronous_correlation_value.unwrap()
}

fn ecb() -> Option<CryptographicParameters> {
    Some(CryptographicParameters { block_cipher_mode: Some(BlockCipherMode::ECB), ..Default::default() })
}

fn sha256() -> Option<CryptographicParameters> {
    let hashing_algorithm = Some(HashingAlgorithm::SHA_256);
    Some(CryptographicParameters { hashing_algorithm, ..Default::default() })
}

fn block() -> Option<Data> {
    Some(Data::Bytes([7; 16].as_slice().into()))
}
