//! What is compared with what: the attributes of an object, the lists of a request, a filter and the objects among which it
//! looks. The price, and what is copied, grow with the lists and not with their squares, for every operation; who asks honestly of
//! an object with thousands of attributes is served.

use crate::every_operation::{ann, bench, rows::ROWS};
use crate::objects::*;
use crate::world::{self, Bench, granted};
use keystead_engine::need::Need;
use keystead_engine::rights::principal::Principal;
use kmip_codec::attributes::*;
use kmip_codec::enums::*;
use kmip_codec::message::{RequestItem, RequestMessage};
use kmip_codec::operations::{Call as _, Request};
use kmip_codec::payloads::*;
use kmip_codec::value::{Data, DateTime};
use kmip_codec::version::V2_1;

/// What an item comes to: its price in microseconds, and how often memory is allocated for it.
#[derive(Clone, Copy, Debug)]
struct Cost {
    price: u64,
    allocations: u64,
}

/// The cost of one request; none where it is refused.
fn cost(bench: &mut Bench, who: &Principal, request: &Request) -> Option<Cost> {
    let message = RequestMessage::new(V2_1, vec![RequestItem::from(request.clone())]);
    let mut outcome = None;
    let measured = allocation_counter::measure(|| outcome = Some(bench.decide(who, &message)));
    let outcome = outcome?;
    let is_done = outcome.item_outcomes[0].cause.is_none();
    is_done.then_some(Cost { price: outcome.asked, allocations: measured.count_total })
}

/// What grows by `once` with so many grows by about twice that with twice as many.
fn must_be_linear(what: &str, [none, once, twice]: [u64; 3], beside: u64) {
    let (first, both) = (once.saturating_sub(none), twice.saturating_sub(none));
    assert!(10 * both <= 23 * first + 10 * beside, "{what}: {none}, {once}, {twice}");
}

/// Looking for a key with 1,400 links was priced at 10 ms, of which it takes 0.1.
#[test]
fn an_object_costs_what_its_attributes_are_and_not_their_square() {
    let mut counted = 0;
    for (place, row) in ROWS.iter().enumerate() {
        let attribute = if place % 2 == 0 { vendor } else { link };
        let mut bench = bench();
        let (_, request) = (row.prepared)(&mut bench, &ann(), V2_1);
        // What it allocates again and again, such as pools, is there after the first time.
        let _ = cost(&mut bench, &ann(), &request);
        let Some(none) = cost(&mut bench, &ann(), &request) else { continue };
        bench.enrich(&ann(), &many(60, attribute));
        let Some(once) = cost(&mut bench, &ann(), &request) else { continue };
        let more: Vec<Attribute> = (60..120).map(attribute).collect();
        bench.enrich(&ann(), &more);
        let Some(twice) = cost(&mut bench, &ann(), &request) else { continue };
        counted += usize::from(once.price > none.price + 20);
        let what = format!("{:?}", row.operation);
        must_be_linear(&format!("price of {what}"), [none.price, once.price, twice.price], 10);
        let allocations = [none.allocations, once.allocations, twice.allocations];
        must_be_linear(&format!("allocations of {what}"), allocations, 100);
    }
    assert!(counted > 20, "only {counted} operations read an object that can be made large");
}

/// What is asked of a key again and again.
fn with_key(base: &str) -> [Request; 5] {
    let id = || Some(base.into());
    let parameters = CryptographicParameters {
        hashing_algorithm: Some(HashingAlgorithm::SHA_256),
        ..CryptographicParameters::default()
    };
    let derive = DeriveKeyRequest {
        object_type: ObjectType::SymmetricKey,
        unique_identifiers: vec![base.into()],
        derivation_method: DerivationMethod::HMAC,
        derivation_parameters: DerivationParameters {
            cryptographic_parameters: Some(parameters),
            derivation_data: vec![b"data".as_slice().into()],
            ..DerivationParameters::default()
        },
        attributes: [
            Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
            Attribute::CryptographicLength(256),
            Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
        ]
        .into(),
    };
    let encrypt = EncryptRequest {
        unique_identifier: id(),
        cryptographic_parameters: Some(CryptographicParameters {
            block_cipher_mode: Some(BlockCipherMode::CTR),
            random_iv: Some(true),
            ..CryptographicParameters::default()
        }),
        data: Some(Data::Bytes(vec![0; 16].into())),
        ..EncryptRequest::default()
    };
    [
        GetRequest { unique_identifier: id(), ..GetRequest::default() }.into_request(),
        GetAttributesRequest {
            unique_identifier: id(),
            references: vec![AttributeReference::Tag(kmip_codec::Tag::State)],
        }
        .into_request(),
        CheckRequest { unique_identifier: id(), ..CheckRequest::default() }.into_request(),
        encrypt.into_request(),
        derive.into_request(),
    ]
}

/// A thousand items with a base key from which 1,400 others were derived: 85 were refused, 743 of Derive Key.
#[test]
fn batches_with_a_key_of_many_links_are_done() {
    let (mut bench, ann) = (Bench::new(1), granted("ann", &[]));
    let uses = CryptographicUsageMask::Encrypt | CryptographicUsageMask::DeriveKey;
    let base = aes(&[Attribute::CryptographicUsageMask(uses), Attribute::ActivationDate(DateTime(1))]);
    let base = text(&bench.ask(&ann, V2_1, base).unwrap().unique_identifier);
    bench.enrich(&ann, &many(1_400, link));
    for request in with_key(&base) {
        let name = request.operation();
        let message = |count: usize| {
            let mut message = RequestMessage::new(V2_1, vec![RequestItem::from(request.clone()); count]);
            message.header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Continue);
            message
        };
        // In the tests' build a thousand take long: what a hundred ask for is a tenth of it.
        let outcome = bench.decide(&ann, &message(100));
        let done = outcome.item_outcomes.iter().filter(|item| item.cause.is_none()).count();
        assert_eq!(done, 100, "{name:?}: {:?}", outcome.response.items.last());
        let most = bench.settings.work_milliseconds_max * 1000;
        assert!(10 * outcome.asked < most, "{name:?}: a hundred ask for {} microseconds", outcome.asked);
    }
}

/// A search of 4,000 dates over 2,000 objects took 78 s, and was counted as half a second.
#[test]
fn a_filter_is_made_ready_once() {
    let filters: [(&str, Make); 4] = [
        ("dates", |_| Attribute::DestroyDate(DateTime(i64::MAX))),
        ("states", |_| Attribute::State(State::PreActive)),
        ("parameters", parameters),
        ("vendors' attributes", vendor),
    ];
    for (name, attribute) in filters {
        let (mut bench, ann) = (Bench::new(2), granted("ann", &[]));
        (0..100).for_each(|_| drop(create(&mut bench, &ann, &[])));
        bench.enrich(&ann, &[0, 1, 2, ALL_FIELDS].map(parameters));
        let mut of = |count: usize| {
            let attributes = Some(AttributeFilter(many(count, attribute).into_iter().collect()));
            let request = LocateRequest { attributes, ..LocateRequest::default() }.into_request();
            // What is sent is copied and read for the item itself.
            let sent = DiscoverVersionsRequest::default().into_request();
            let _ = cost(&mut bench, &ann, &sent);
            cost(&mut bench, &ann, &request).unwrap()
        };
        let (few, many) = (of(10), of(2_010));
        let objects = 100;
        let grown = many.allocations.saturating_sub(few.allocations);
        assert!(
            grown < 2_000 * objects / 2,
            "{name}: {grown} allocations more for 2,000 attributes more, among {objects} objects"
        );
        let dearer = many.price - few.price;
        // Structures count twenty times: they are compared field by field.
        let compared = if name == "parameters" { 20 * (2_000 * 4 * objects / 200) } else { 0 };
        assert!(dearer <= 3_000 + 2 * compared, "{name}: {dearer} microseconds more");
        assert!(dearer >= compared, "{name}: {dearer} microseconds more");
    }
}

/// Texts of megabytes that are compared count by what is compared of them.
#[test]
fn what_is_compared_counts_by_its_bytes() {
    let (mut bench, ann) = (Bench::new(3), granted("ann", &[]));
    (0..20).for_each(|_| drop(create(&mut bench, &ann, &[])));
    let contact = |length: usize| Attribute::ContactInformation("x".repeat(length));
    bench.enrich(&ann, &[contact(40_000)]);
    let mut price = |length: usize| {
        let attributes = Some(AttributeFilter([contact(length)].into()));
        let request = LocateRequest { attributes, ..LocateRequest::default() };
        cost(&mut bench, &ann, &request.into_request()).unwrap().price
    };
    let (short, like, long) = (price(10), price(40_000), price(1_000_000));
    // 8 microseconds for each object that has as much; where the filter alone is long, what was sent counts.
    assert!((200 + 20 * 8..200 + 20 * 16 + 200).contains(&(like - short)), "{short} {like}");
    assert!(long - like < 1_000_000 / 200 + 5_000, "{like} {long}");
}

/// Whoever leaves during a search is not searched for any longer.
#[test]
fn a_search_ends_when_whoever_asked_has_left() {
    let (mut bench, ann) = (Bench::new(4), granted("ann", &[]));
    (0..100).for_each(|_| drop(create(&mut bench, &ann, &[])));
    let message = |request: Request| RequestMessage::new(V2_1, vec![RequestItem::from(request)]);
    let search = message(LocateRequest::default().into_request());
    world::effort();
    assert_eq!(bench.left_at_read(&ann, &search, 20), Some(Need::Abandoned));
    assert!((20..24).contains(&world::effort().read), "it read on");
    assert_eq!(bench.left_at_read(&ann, &search, 100_000), None, "who stays is answered");
}
