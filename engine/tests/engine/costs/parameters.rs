//! What a client chooses and the server has to work for: sizes of primes, parts, keys and data, numbers of iterations. Each is in
//! the table, as a request that is well in it and that is repeated, or made larger, until the whole is too much. It is refused before
//! it is done, with both values, and takes its turn where it takes long.

use crate::objects::*;
use crate::openssl::OpenSsl;
use crate::support::costly;
use crate::world::{self, Bench, principal};
use keystead_engine::refusal::Cause;
use keystead_engine::rights::principal::Principal;
use kmip_codec::attributes::*;
use kmip_codec::enums::*;
use kmip_codec::message::{RequestItem, RequestMessage};
use kmip_codec::objects::*;
use kmip_codec::operations::{Call as _, Request};
use kmip_codec::payloads::*;
use kmip_codec::value::{BigInteger, Data, UniqueIdentifier};
use kmip_codec::version::V2_1;

pub(super) type Prepared = fn(&mut Bench, &Principal) -> Vec<Request>;

/// What is asked for, with what is there before; the work that one request may have, in milliseconds; about how many such items that
/// is, and whether they take a turn.
pub(super) struct Row(
    pub(super) &'static str,
    pub(super) Prepared,
    pub(super) u64,
    pub(super) usize,
    pub(super) bool,
);

/// With 10,000 iterations.
const ROWS: &[Row] = &[
    Row("iterations of PBKDF2", |bench, who| vec![pbkdf2(&secret(bench, who, 32))], 1000, 2, false),
    Row("primes to be tested", |_, _| vec![split(16, 3, Some(2203))], 200, 2, true),
    Row("products of a split", |bench, who| vec![split_of(&secret(bench, who, 400), 100)], 200, 2, true),
    Row("data, for each block", |bench, who| vec![long_data(&secret(bench, who, 32))], 400, 2, true),
    Row("salt, for each block", |bench, who| vec![long_salt(&secret(bench, who, 32))], 400, 2, true),
    Row("data that is referred to", |_, _| vec![referred()], 100, 76, true),
    Row("attributes that are sent", |_, _| vec![aes(&many(500, vendor)).into_request()], 40, 22, true),
    Row("attributes that are named", |bench, who| vec![named(bench, who, 1_000)], 40, 38, true),
    Row("attributes that are there", |bench, who| vec![listed(bench, who, 2_000)], 40, 53, true),
    Row("attributes that are looked for", |bench, who| vec![sought(bench, who, 1_000)], 40, 27, true),
    Row(
        "uses of RSA keys",
        |bench, who| rsa(bench, who).map(|key| sign(&key)).into_iter().collect(),
        100,
        97,
        true,
    ),
];

/// An object of so many attributes.
fn large(bench: &mut Bench, who: &Principal, count: usize) -> Option<UniqueIdentifier> {
    let before = std::mem::replace(&mut bench.settings.work_milliseconds_max, 100_000);
    let id = create(bench, who, &many(count, vendor));
    bench.settings.work_milliseconds_max = before;
    Some(id.as_str().into())
}

fn named(bench: &mut Bench, who: &Principal, count: usize) -> Request {
    let reference =
        |number| AttributeReference::Vendor { vendor: "x".into(), name: format!("number {number}") };
    let unique_identifier = Some(create(bench, who, &[]).as_str().into());
    GetAttributesRequest { unique_identifier, references: (0..count).map(reference).collect() }.into_request()
}

fn listed(bench: &mut Bench, who: &Principal, count: usize) -> Request {
    GetAttributeListRequest { unique_identifier: large(bench, who, count) }.into_request()
}

fn sought(bench: &mut Bench, who: &Principal, count: usize) -> Request {
    large(bench, who, count);
    let filter = vec![vendor(count - 1); count].into_iter().collect();
    LocateRequest { attributes: Some(AttributeFilter(filter)), ..LocateRequest::default() }.into_request()
}

pub(super) fn secret(bench: &mut Bench, who: &Principal, bytes: usize) -> String {
    let request = costly::secret(SecretDataType::Seed, KeyFormatType::Opaque, &vec![7; bytes]);
    text(&bench.ask(who, V2_1, request).unwrap().unique_identifier)
}

pub(super) fn derive(base: &str, method: DerivationMethod, bits: i32, with: DerivationParameters) -> Request {
    costly::derive(&base.into(), method, bits, with).into_request()
}

fn pbkdf2(base: &str) -> Request {
    let with = DerivationParameters {
        salt: Some(vec![1; 16].into()),
        iteration_count: Some(4_000),
        ..DerivationParameters::default()
    };
    derive(base, DerivationMethod::PBKDF2, 256, with)
}

/// 512 blocks of output, each of which goes over all of the data.
fn long_data(base: &str) -> Request {
    let derivation_data = vec![vec![1_u8; 70_000].as_slice().into()];
    let with = DerivationParameters { derivation_data, ..DerivationParameters::default() };
    derive(base, DerivationMethod::NIST800_108_C, 65_536, with)
}

fn long_salt(base: &str) -> Request {
    let with = DerivationParameters {
        salt: Some(vec![1; 70_000].into()),
        iteration_count: Some(1),
        ..DerivationParameters::default()
    };
    derive(base, DerivationMethod::PBKDF2, 65_536, with)
}

fn split(bytes: i32, parts: i32, exponent: Option<usize>) -> Request {
    // A Mersenne prime.
    let prime = exponent.map(|bits| {
        let mut prime = vec![0xff; bits.div_ceil(8)];
        prime[0] = (1 << (bits % 8)) - 1;
        BigInteger::from_unsigned(&prime)
    });
    CreateSplitKeyRequest {
        object_type: ObjectType::SplitKey,
        unique_identifier: None,
        parts,
        threshold: parts,
        method: match prime {
            Some(_) => SplitKeyMethod::PolynomialSharingPrimeField,
            None => SplitKeyMethod::PolynomialSharingGF2_8,
        },
        prime_field_size: prime,
        attributes: [
            Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
            Attribute::CryptographicLength(bytes * 8),
            Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
        ]
        .into(),
        ..CreateSplitKeyRequest::default()
    }
    .into_request()
}

fn split_of(id: &str, parts: i32) -> Request {
    let Request::CreateSplitKey(request) = split(16, parts, None) else { panic!() };
    CreateSplitKeyRequest {
        unique_identifier: Some(id.into()),
        attributes: Attributes::default().into(),
        ..request
    }
    .into_request()
}

fn hash(data: Data) -> Request {
    let hashing_algorithm = Some(HashingAlgorithm::SHA_256);
    let cryptographic_parameters = CryptographicParameters { hashing_algorithm, ..Default::default() };
    HashRequest { cryptographic_parameters, data: Some(data), ..HashRequest::default() }.into_request()
}

/// The 64 KiB of the item before.
fn referred() -> Request {
    hash(Data::Reference(DataReference::RNGRetrieve))
}

fn rsa(bench: &mut Bench, who: &Principal) -> Option<String> {
    let openssl = OpenSsl::new()?;
    openssl.run("genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key.pem").unwrap();
    openssl.run("pkcs8 -topk8 -nocrypt -in key.pem -outform DER -out key.pk8").unwrap();
    let key_block = KeyBlock {
        cryptographic_algorithm: Some(CryptographicAlgorithm::RSA),
        cryptographic_length: Some(2048),
        ..bytes_block(KeyFormatType::PKCS_8, &openssl.read("key.pk8"))
    };
    let object = ManagedObject::PrivateKey(PrivateKey { key_block });
    let attributes = [Attribute::CryptographicUsageMask(CryptographicUsageMask::Sign)].into();
    let request =
        RegisterRequest { object_type: ObjectType::PrivateKey, attributes, object, ..Default::default() };
    let id = text(&bench.ask(who, V2_1, request).unwrap().unique_identifier);
    bench.ask(who, V2_1, activate(&id)).unwrap();
    Some(id)
}

fn sign(key: &str) -> Request {
    SignRequest {
        unique_identifier: Some(key.into()),
        cryptographic_parameters: Some(CryptographicParameters {
            padding_method: Some(PaddingMethod::PKCS1V1_5),
            hashing_algorithm: Some(HashingAlgorithm::SHA_256),
            ..CryptographicParameters::default()
        }),
        data: Some(Data::Bytes(b"x".as_slice().into())),
        ..SignRequest::default()
    }
    .into_request()
}

#[test]
fn what_a_client_chooses_is_bounded() {
    are_bounded(ROWS);
}

/// Of each row about so many are done, one at least; those behind are refused, with both values.
pub(super) fn are_bounded(rows: &[Row]) {
    for Row(what, prepared, milliseconds, most, takes_turns) in rows {
        let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
        let Some(request) = prepared(&mut bench, &ann).pop() else { continue };
        bench.settings.pbkdf2_iterations_max = 10_000;
        bench.settings.work_milliseconds_max = *milliseconds;
        let before = RNGRetrieveRequest { data_length: 65_536 }.into_request();
        let items = |count: usize| {
            let requests = std::iter::once(before.clone()).chain(vec![request.clone(); count]);
            let mut message = RequestMessage::new(V2_1, requests.map(RequestItem::from).collect());
            message.header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Continue);
            message
        };
        world::effort();
        let done = bench.decide(&ann, &items(1));
        assert_eq!(done.item_outcomes[1].cause, None, "{what}: one is done");
        let outcome = bench.decide(&ann, &items(most + 5));
        let turns = world::effort().turns;
        let causes: Vec<_> = outcome.item_outcomes.iter().skip(1).map(|item| item.cause).collect();
        let done = causes.iter().filter(|cause| cause.is_none()).count();
        assert!(done.abs_diff(*most) <= most / 20, "{what}: {done} were done, and about {most} may be");
        assert!(causes[done..].iter().all(|cause| *cause == Some(Cause::Limit)), "{what}: {causes:?}");
        let message = outcome.response.items.last().unwrap().result_message.clone().unwrap();
        let numbers = message.split(|one: char| !one.is_ascii_digit()).filter(|word| word.len() > 1).count();
        assert!(numbers >= 2, "{what}: both values are told: {message}");
        assert_eq!(turns > 0, *takes_turns, "{what}: {turns} turns");
    }
}

/// What needs more than all of it is refused alone, too.
#[test]
fn one_that_is_too_much_is_refused_before_it_is_done() {
    let (mut bench, ann) = (Bench::new(2), principal("ann", &[]));
    let id = secret(&mut bench, &ann, 8_000);
    let ask = |bench: &mut Bench, request: Request| {
        bench.decide(&ann, &RequestMessage::new(V2_1, vec![request.into()])).item_outcomes[0].cause
    };
    assert_eq!(ask(&mut bench, split_of(&id, 255)), Some(Cause::Limit), "255 x 255 products for each byte");
    let certificate = Certificate { certificate_type: CertificateType::X_509, value: vec![0; 10].into() };
    let chain = ValidateRequest { certificates: vec![certificate; 65], ..ValidateRequest::default() };
    assert_eq!(ask(&mut bench, chain.into_request()), Some(Cause::Limit));
    let names = ValidateRequest { unique_identifiers: vec![id.as_str().into(); 65], ..Default::default() };
    assert_eq!(ask(&mut bench, names.into_request()), Some(Cause::Limit));
}

/// Ordinary requests ask for no turn.
#[test]
fn ordinary_work_is_done_at_once() {
    let (mut bench, ann) = (Bench::new(3), principal("ann", &[]));
    let key = rsa(&mut bench, &ann);
    let base = secret(&mut bench, &ann, 32);
    let mut requests = vec![split(32, 5, None), split(32, 5, Some(521)), pbkdf2(&base)];
    requests.extend(key.map(|key| sign(&key)));
    requests.extend((0..20).map(|_| hash(Data::Bytes(vec![1; 10_000].into()))));
    world::effort();
    let outcome =
        bench.decide(&ann, &RequestMessage::new(V2_1, requests.into_iter().map(Into::into).collect()));
    assert!(outcome.item_outcomes.iter().all(|item| item.cause.is_none()), "{:?}", outcome.response.items);
    assert_eq!(world::effort().turns, 0);
}
