//! What a request is priced at before it is done (`engine/src/work.rs`), beside what it takes: of every operation, on ordinary
//! objects and on such with thousands of attributes, and of what is long in other ways.
//!
//! ```text
//! cargo bench --bench work [PART OF A NAME ...]
//! ```
//!
//! The prices are those of a slow machine. They are good where they are between a tenth of the time and ten times it, and where
//! four times as much takes about four times as long: the last column is the time of the larger one by that of the smaller one.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    dead_code,
    unused_imports,
    reason = "a benchmark: it stops where it stands, prints figures, and uses a part of what the tests have"
)]

#[path = "../engine/tests/engine/credentials.rs"]
mod credentials;
#[path = "../engine/tests/engine/objects.rs"]
mod objects;
#[path = "../engine/tests/engine/every_operation/rows.rs"]
mod rows;
#[path = "../engine/tests/engine/world.rs"]
mod world;

use kmip_codec::attributes::*;
use kmip_codec::enums::*;
use kmip_codec::message::{RequestItem, RequestMessage};
use kmip_codec::operations::{Call as _, Request};
use kmip_codec::payloads::*;
use kmip_codec::value::DateTime;
use kmip_codec::version::V2_1;
use objects::*;
use rows::{ROWS, ann, bench};
use std::time::Duration;
use world::Bench;

/// How often each is done: the shortest time counts.
const TIMES: usize = 7;

/// How many attributes an object has beside its own.
const FEW: usize = 250;

fn main() {
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str()));
    println!("{:<44} {:>10} {:>10} {:>8} {:>8}", "what", "price us", "took us", "price/it", "grown");
    for row in ROWS {
        let prepared = |attributes: &[Attribute]| {
            let mut bench = bench();
            let (_, request) = (row.prepared)(&mut bench, &ann(), V2_1);
            bench.enrich(&ann(), attributes);
            (bench, request)
        };
        let kinds: [(&str, Make); 2] = [("vendors'", vendor), ("links", link)];
        let name = format!("{:?}", row.operation);
        if is_wanted(&name) {
            tell(&name, measure(prepared(&[])), None);
        }
        for (kind, attribute) in kinds {
            let name = format!("{:?} with {FEW} {kind}", row.operation);
            if is_wanted(&name) {
                let of = |count: usize| measure(prepared(&(0..count).map(attribute).collect::<Vec<_>>()));
                tell(&name, of(FEW), Some(of(4 * FEW)));
            }
        }
    }
    for (name, prepared) in LONG {
        if is_wanted(name) {
            tell(name, measure(prepared(FEW)), Some(measure(prepared(4 * FEW))));
        }
    }
}

/// Price and time, or nothing where it is refused.
type Figures = Option<(u64, Duration)>;

fn measure((mut bench, request): (Bench, Request)) -> Figures {
    bench.settings.work_milliseconds_max = u64::MAX / 1000;
    bench.settings.answer_bytes_max = usize::MAX / 2;
    let message = RequestMessage::new(V2_1, vec![RequestItem::from(request)]);
    let mut figures = None;
    for _ in 0..TIMES {
        let outcome = bench.decide(&ann(), &message);
        if outcome.item_outcomes[0].cause.is_some() {
            return None;
        }
        let shortest = figures.map_or(Duration::MAX, |(_, took)| took);
        figures = Some((outcome.asked, bench.took.min(shortest)));
    }
    figures
}

fn tell(name: &str, small: Figures, large: Option<Figures>) {
    let Some((price, took)) = small else { return println!("{name:<44}    refused") };
    let microseconds = took.as_secs_f64() * 1e6;
    let ratio = price as f64 / microseconds;
    let grown = match large {
        None => String::new(),
        Some(None) => "refused".to_owned(),
        Some(Some((_, large))) => format!("{:.1}", large.as_secs_f64() / took.as_secs_f64()),
    };
    println!("{name:<44} {price:>10} {microseconds:>10.0} {ratio:>8.1} {grown:>8}");
}

/// A request that is long, or what it is about.
type Long = fn(usize) -> (Bench, Request);

const LONG: &[(&str, Long)] = &[
    ("Create, attributes that are sent", |count| (bench(), aes(&many(count, vendor)).into_request())),
    ("GetAttributes, attributes that are named", |count| {
        let mut bench = bench();
        let id = create(&mut bench, &ann(), &[]);
        bench.enrich(&ann(), &many(count, vendor));
        let references = many(count, vendor).iter().map(Attribute::reference).collect();
        (
            bench,
            GetAttributesRequest { unique_identifier: Some(id.as_str().into()), references }.into_request(),
        )
    }),
    ("Query, functions", |count| {
        let functions = vec![QueryFunction::QueryOperations; count];
        (bench(), QueryRequest { functions, ..QueryRequest::default() }.into_request())
    }),
    ("Locate, 100 objects, dates", |count| {
        locate(0, many(count, |_| Attribute::DestroyDate(DateTime(i64::MAX))))
    }),
    ("Locate, 100 objects, parameters", |count| locate(0, many(count, parameters))),
    ("Locate, 100 objects of 50, vendors'", |count| locate(50, many(count, vendor))),
    ("Locate, 100 objects, bytes of a text", |count| {
        locate(0, vec![Attribute::ContactInformation("x".repeat(count * 900))])
    }),
    ("Locate, objects", |count| {
        let mut bench = bench();
        (0..count / 10).for_each(|_| drop(create(&mut bench, &ann(), &[])));
        (bench, LocateRequest::default().into_request())
    }),
    ("Locate, objects of 50", |count| {
        let mut bench = bench();
        (0..count / 10).for_each(|_| drop(create(&mut bench, &ann(), &[])));
        bench.enrich(&ann(), &many(50, vendor));
        (bench, LocateRequest::default().into_request())
    }),
];

/// A search among a hundred objects, all of which have so many of each kind of attribute and the contact.
fn locate(each: usize, filter: Vec<Attribute>) -> (Bench, Request) {
    let mut bench = bench();
    (0..100).for_each(|_| drop(create(&mut bench, &ann(), &[])));
    let contact = Attribute::ContactInformation("x".repeat(1000));
    let more = [many(each, vendor), vec![contact, parameters(ALL_FIELDS)]].concat();
    bench.enrich(&ann(), &more);
    let attributes = Some(AttributeFilter(filter.into_iter().collect()));
    (bench, LocateRequest { attributes, ..LocateRequest::default() }.into_request())
}
