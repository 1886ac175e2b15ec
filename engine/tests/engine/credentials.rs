//! The certificates with which clients log in: what one that has ended, or was replaced, is still good for.

use super::objects::*;
use super::world::{Bench, principal};
use keystead_engine::notifications::notification::{Notification, What};
use keystead_engine::rights::identity::{Fingerprint, Identity, Validity};
use keystead_engine::rights::principal::Principal;
use kmip_codec::enums::{CertificateType, ResultReason};
use kmip_codec::objects::Certificate;
use kmip_codec::payloads::ReProvisionRequest;
use kmip_codec::version::V2_1;

/// A client that brings itself another certificate.
pub fn bringing() -> ReProvisionRequest {
    let key = rcgen::KeyPair::generate().unwrap();
    let own = rcgen::CertificateParams::default().self_signed(&key).unwrap();
    let value = own.der().to_vec().into();
    let certificate = Certificate { certificate_type: CertificateType::X_509, value };
    ReProvisionRequest { certificate: Some(certificate), ..ReProvisionRequest::default() }
}

fn certified(until: i64) -> Principal {
    let validity = Some(Validity { from: 0, until });
    let fingerprint = Some(Fingerprint::of(b"old"));
    let identity = Identity { fingerprint, validity, ..Identity::named("ann") };
    Principal { identity, ..principal("ann", &[]) }
}

/// A connection may be older than the end of its certificate: that one begets no other.
#[test]
fn a_certificate_that_has_expired_is_not_replaced() {
    let mut bench = Bench::new(1);
    let (expired, good) = (certified(bench.now - 1), certified(bench.now + 1));
    assert_eq!(bench.ask(&expired, V2_1, bringing()), Err(ResultReason::AuthenticationNotSuccessful));
    assert!(bench.ask(&good, V2_1, bringing()).is_ok());
    let again = bench.ask(&good, V2_1, bringing());
    assert_eq!(again, Err(ResultReason::AuthenticationNotSuccessful), "it has ended");
}

/// Notices wait for a client; one whose certificate ends meanwhile does not get the key that they are about.
#[test]
fn nothing_is_put_to_a_certificate_that_has_ended() {
    let mut bench = Bench::new(1);
    let old = certified(bench.now + 1);
    let id = create(&mut bench, &old, &[]);
    let notification = Notification { to: "ann".into(), object: id, what: What::Put { replaced: None } };
    assert!(bench.push(&old, V2_1, &notification).message.is_some());
    bench.ask(&old, V2_1, bringing()).unwrap();
    let push = bench.push(&old, V2_1, &notification);
    assert!(push.message.is_none() && push.changes == Default::default());
    assert_eq!(push.item_outcome.reason, Some(ResultReason::AuthenticationNotSuccessful));
}
