//! The cache of objects: it saves work, and nothing that was decided since is missed.

use super::objects::*;
use super::world::{Bench, principal};
use kmip_codec::attributes::{Attribute, Name, RevocationReason};
use kmip_codec::enums::*;
use kmip_codec::message::RequestMessage;
use kmip_codec::operations::Call as _;
use kmip_codec::payloads::*;
use kmip_codec::version::V2_1;

fn get(id: &str) -> GetRequest {
    GetRequest { unique_identifier: Some(id.into()), ..GetRequest::default() }
}

#[test]
fn what_is_remembered_is_nobodys_right_and_no_older_state() {
    let (mut bench, ann, bob) = (Bench::new(1), principal("ann", &[]), principal("bob", &[]));
    let id = create(&mut bench, &ann, &[Attribute::Name(Name::text("key"))]);
    bench.ask(&ann, V2_1, activate(&id)).unwrap();
    for _ in 0..2 {
        bench.ask(&ann, V2_1, get(&id)).unwrap();
        let others = bench.ask(&bob, V2_1, get(&id)).unwrap_err();
        assert_eq!(others, bench.ask(&bob, V2_1, get("never-made")).unwrap_err());
    }
    let compromised = RevocationReason { code: RevocationReasonCode::KeyCompromise, message: None };
    let revoke = RevokeRequest {
        unique_identifier: Some(id.as_str().into()),
        revocation_reason: compromised,
        ..RevokeRequest::default()
    };
    bench.ask(&ann, V2_1, revoke).unwrap();
    let state = |bench: &mut Bench| {
        let asked = GetAttributesRequest {
            unique_identifier: Some(id.as_str().into()),
            ..GetAttributesRequest::default()
        };
        let answer = bench.ask(&ann, V2_1, asked).unwrap();
        kmip_codec::attribute!(answer.attributes.unwrap().0, State).next().copied()
    };
    assert_eq!(state(&mut bench), Some(State::Compromised));
    bench.ask(&ann, V2_1, destroy(&id)).unwrap();
    assert_eq!(state(&mut bench), Some(State::DestroyedCompromised));
    assert!(bench.ask(&ann, V2_1, get(&id)).is_err());
}

/// What it takes to read an object, in allocations: most of a Get that does not find it in the cache.
#[test]
fn an_object_that_is_remembered_is_not_read_anew() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let id = create(&mut bench, &ann, &[Attribute::Name(Name::text("key"))]);
    let message = RequestMessage::new(V2_1, vec![get(&id).into_request().into()]);
    let mut allocations = || allocation_counter::measure(|| drop(bench.decide(&ann, &message))).count_total;
    // Nothing is committed in between: the record stays as it is.
    let (first, second, third) = (allocations(), allocations(), allocations());
    assert!(
        second + 20 < first && second == third,
        "{first} allocations, {second} and {third} when it is remembered"
    );
}
