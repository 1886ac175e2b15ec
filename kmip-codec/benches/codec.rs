//! Reading and writing typical messages.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

use criterion::{Criterion, criterion_group, criterion_main};
use kmip_codec::attributes::{Attribute, AttributeFilter, Name};
use kmip_codec::enums::{CryptographicAlgorithm, CryptographicUsageMask, ObjectType};
use kmip_codec::message::RequestMessage;
use kmip_codec::operations::Request;
use kmip_codec::payloads::{CreateRequest, GetRequest, LocateRequest};
use kmip_codec::version::{V1_4, V2_1};
use std::hint::black_box;

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

fn codec(criterion: &mut Criterion) {
    for (name, request) in requests() {
        for version in [V1_4, V2_1] {
            let message = RequestMessage::new(version, vec![request.clone().into()]);
            let bytes = message.to_bytes();
            criterion.bench_function(&format!("write {name} {version}"), |b| {
                b.iter(|| black_box(&message).to_bytes())
            });
            criterion.bench_function(&format!("read {name} {version}"), |b| {
                b.iter(|| RequestMessage::from_bytes(black_box(&bytes)).unwrap());
            });
        }
    }
}

criterion_group!(benches, codec);
criterion_main!(benches);
