//! Reading and writing typical messages in each encoding, the largest that a server takes, and some that are made to cost.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "a benchmark")]

#[path = "../tests/support/exchanges.rs"]
mod exchanges;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use exchanges::RECEIVED;
use kmip_codec::attributes::{Attribute, AttributeFilter, Name};
use kmip_codec::enums::{CryptographicAlgorithm, CryptographicUsageMask, ObjectType};
use kmip_codec::message::RequestMessage;
use kmip_codec::operations::Request;
use kmip_codec::payloads::{CreateRequest, EncryptRequest, GetRequest, LocateRequest};
use kmip_codec::value::Data;
use kmip_codec::version::{V1_4, V2_1};
use kmip_codec::wire::Encoding;
use std::hint::black_box;
use std::time::Instant;

/// What a server takes by default (`limits.message_bytes`).
const LARGE: usize = 4 * 1024 * 1024;

fn requests() -> [(&'static str, Request); 3] {
    let attributes = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
        Attribute::Name(Name::text("volume")),
    ];
    let object_type = ObjectType::SymmetricKey;
    let create = CreateRequest { object_type, attributes: attributes.clone().into(), ..Default::default() };
    let filter = Some(AttributeFilter(attributes.into()));
    let id = Some("c1cc31d4-474c-4f97-942f-aadee1ba40fb".into());
    [
        ("get", Request::Get(GetRequest { unique_identifier: id, ..Default::default() })),
        ("create", Request::Create(create)),
        ("locate", Request::Locate(LocateRequest { attributes: filter, ..Default::default() })),
    ]
}

/// A request read and its answer written, as TTLV; and the tally: the nanoseconds and allocations of each half.
fn exchange(criterion: &mut Criterion) {
    let all = exchanges::all();
    for exchange in &all {
        criterion.bench_function(&format!("exchange {} {}", exchange.name, exchange.version), |b| {
            b.iter(|| (exchange.read(), exchange.write()));
        });
    }
    println!("exchange             read ns  allocations    write ns  allocations");
    for exchange in &all {
        let read = || drop(black_box(exchange.read()));
        let write = || drop(black_box(exchange.write()));
        println!(
            "{:<16}{} {:>8} {:>12} {:>11} {:>12}",
            exchange.name,
            exchange.version,
            nanoseconds(read),
            allocation_counter::measure(read).count_total,
            nanoseconds(write),
            allocation_counter::measure(write).count_total
        );
    }
}

/// The median of some runs.
fn nanoseconds(work: impl Fn()) -> u128 {
    const TIMES: u32 = 1000;
    let run = |_| {
        let begin = Instant::now();
        (0..TIMES).for_each(|_| work());
        begin.elapsed().as_nanos() / u128::from(TIMES)
    };
    let mut runs: Vec<u128> = (0..21).map(run).collect();
    runs.sort_unstable();
    runs.get(runs.len() / 2).copied().unwrap_or_default()
}

fn typical(criterion: &mut Criterion) {
    for (name, request) in requests() {
        for version in [V1_4, V2_1] {
            let message = RequestMessage::new(version, vec![request.clone().into()]);
            for encoding in Encoding::ALL {
                let bytes = message.encode(encoding);
                criterion.bench_function(&format!("write {name} {version} {encoding}"), |b| {
                    b.iter(|| black_box(&message).encode(encoding))
                });
                criterion.bench_function(&format!("read {name} {version} {encoding}"), |b| {
                    b.iter(|| RequestMessage::receive(encoding, black_box(&bytes), RECEIVED).unwrap());
                });
            }
        }
    }
}

/// One item with all the data that fits, and as many items as fit.
fn large(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("large");
    group.sample_size(10);
    for encoding in Encoding::ALL {
        let data = EncryptRequest {
            data: Some(Data::Bytes(vec![0x5a; LARGE / 2 - 512].into())),
            ..Default::default()
        };
        let one = RequestMessage::new(V2_1, vec![Request::Encrypt(data).into()]);
        let [(_, get), ..] = requests();
        let each = RequestMessage::new(V2_1, vec![get.clone().into(); 2]).encode(encoding).len()
            - RequestMessage::new(V2_1, vec![get.clone().into()]).encode(encoding).len();
        let many = RequestMessage::new(V2_1, vec![get.into(); (LARGE / each).min(20_000)]);
        for (name, message) in [("one item", one), ("many items", many)] {
            let bytes = message.encode(encoding);
            group.throughput(Throughput::Bytes(bytes.len() as u64));
            group.bench_function(format!("read {name} {encoding}"), |b| {
                b.iter_batched(
                    || &bytes,
                    |bytes| RequestMessage::receive(encoding, black_box(bytes), RECEIVED).unwrap(),
                    BatchSize::LargeInput,
                );
            });
        }
    }
}

/// Messages that fail in many places, each with a name that is near to many.
fn wrong(criterion: &mut Criterion) {
    for encoding in [Encoding::Json, Encoding::Xml] {
        let [(_, get), ..] = requests();
        for count in [1, 1000] {
            let right = RequestMessage::new(V2_1, vec![get.clone().into(); count]).encode(encoding);
            let text =
                String::from_utf8(right).unwrap().replace("UniqueIdentifier", "CryptographicUniqueIdentifer");
            criterion.bench_function(&format!("read {count} misspelt {encoding}"), |b| {
                b.iter(|| RequestMessage::receive(encoding, black_box(text.as_bytes()), RECEIVED).unwrap());
            });
        }
    }
}

/// What a fuzzer tries: right messages with a byte changed, left out or put in.
fn mutated(criterion: &mut Criterion) {
    for encoding in Encoding::ALL {
        let mut random = 7_u64;
        let mut next = |below: usize| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) as usize % below
        };
        let mut all = Vec::new();
        for (_, request) in requests() {
            let right = RequestMessage::new(V2_1, vec![request.into()]).encode(encoding);
            for _ in 0..200 {
                let (mut bytes, at) = (right.clone(), next(right.len()));
                match next(3) {
                    0 => drop(bytes.remove(at)),
                    1 => bytes.insert(at, 0x20 + next(95) as u8),
                    _ => bytes.splice(at..=at, [0x20 + next(95) as u8]).for_each(drop),
                }
                all.push(bytes);
            }
        }
        criterion.bench_function(&format!("read 600 mutated {encoding}"), |b| {
            b.iter(|| {
                for bytes in &all {
                    let _ = black_box(RequestMessage::receive(encoding, black_box(bytes), RECEIVED));
                }
            });
        });
    }
}

criterion_group!(benches, exchange, typical, large, wrong, mutated);
criterion_main!(benches);
