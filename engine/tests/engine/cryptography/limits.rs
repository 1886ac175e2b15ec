//! How often and how much: Usage Limits, one-time pads, seeds of the generator, keys that stay inside.

use super::super::objects::{activate, create};
use super::*;
use keystead_engine::settings::Seeding;
use kmip_codec::attribute;

fn limited(total: i64, unit: UsageLimitsUnit) -> Attribute {
    Attribute::UsageLimits(UsageLimits { total, count: None, unit })
}

fn left(bench: &mut Bench, who: &Principal, id: &str) -> i64 {
    let request =
        GetAttributesRequest { unique_identifier: Some(id.into()), ..GetAttributesRequest::default() };
    let attributes = bench.ask(who, V2_1, request).unwrap().attributes;
    let count =
        attribute!(attributes.as_ref().unwrap().0, UsageLimits).next().and_then(|limits| limits.count);
    count.unwrap()
}

fn ecb() -> CryptographicParameters {
    mode(BlockCipherMode::ECB)
}

#[test]
fn bytes_are_spent_by_what_protects_and_by_nothing_else() {
    let (mut bench, ann) = (Bench::new(1), granted("ann", &[]));
    let limits = [limited(40, UsageLimitsUnit::Byte)];
    let id = symmetric(&mut bench, &ann, CryptographicAlgorithm::AES, &[7; 16], &limits);
    bench.ask(&ann, V2_1, encrypt(&id, ecb(), &[1; 16])).unwrap();
    assert_eq!(left(&mut bench, &ann, &id), 24);
    let mac = |data: &[u8]| MACRequest {
        unique_identifier: Some(id.as_str().into()),
        data: bytes(data),
        ..MACRequest::default()
    };
    bench.ask(&ann, V2_1, mac(&[1; 20])).unwrap();
    assert_eq!(left(&mut bench, &ann, &id), 4);
    assert_eq!(bench.ask(&ann, V2_1, encrypt(&id, ecb(), &[1; 16])), Err(ResultReason::PermissionDenied));
    assert_eq!(left(&mut bench, &ann, &id), 4, "a refusal spends nothing");
    let decrypt = DecryptRequest {
        unique_identifier: Some(id.as_str().into()),
        cryptographic_parameters: Some(ecb()),
        data: bytes(&[1; 32]),
        ..DecryptRequest::default()
    };
    bench.ask(&ann, V2_1, decrypt).unwrap();
    assert_eq!(left(&mut bench, &ann, &id), 4, "what is processed is not limited");
}

#[test]
fn parts_are_spent_as_they_come_and_a_use_counts_once() {
    let (mut bench, ann) = (Bench::new(1), granted("ann", &[]));
    for (unit, total, after_first, after_second) in
        [(UsageLimitsUnit::Byte, 24, 8, 8), (UsageLimitsUnit::Object, 1, 0, 0)]
    {
        let id = symmetric(&mut bench, &ann, CryptographicAlgorithm::AES, &[7; 16], &[limited(total, unit)]);
        let first = EncryptRequest { init_indicator: Some(true), ..encrypt(&id, ecb(), &[1; 16]) };
        let correlation = bench.ask(&ann, V2_1, first).unwrap().correlation_value;
        assert_eq!(left(&mut bench, &ann, &id), after_first, "{unit:?}");
        let next = EncryptRequest { correlation_value: correlation, ..encrypt(&id, ecb(), &[1; 16]) };
        let answer = bench.ask(&ann, V2_1, next);
        assert_eq!(answer.is_ok(), unit == UsageLimitsUnit::Object, "{unit:?}: {answer:?}");
        assert_eq!(left(&mut bench, &ann, &id), after_second, "{unit:?}");
    }
}

#[test]
fn limits_that_were_used_cannot_be_refilled() {
    let (mut bench, ann) = (Bench::new(1), granted("ann", &[]));
    let limits = [limited(16, UsageLimitsUnit::Byte)];
    let id = symmetric(&mut bench, &ann, CryptographicAlgorithm::AES, &[7; 16], &limits);
    let refill = || ModifyAttributeRequest {
        unique_identifier: Some(id.as_str().into()),
        attribute: SingleAttribute(Entry { index: None, attribute: limited(32, UsageLimitsUnit::Byte) }),
        current: None,
    };
    let answer = bench.ask(&ann, V1_4, refill()).unwrap();
    let shown = answer.attribute.map(|attribute| attribute.0.attribute);
    let full = UsageLimits { total: 32, count: Some(32), unit: UsageLimitsUnit::Byte };
    assert_eq!(shown, Some(Attribute::UsageLimits(full)), "the answer has the count");
    bench.ask(&ann, V2_1, encrypt(&id, ecb(), &[1; 16])).unwrap();
    assert_eq!(bench.ask(&ann, V2_1, refill()), Err(ResultReason::PermissionDenied));
    assert_eq!(left(&mut bench, &ann, &id), 16);
}

fn pad(bench: &mut Bench, who: &Principal, more: &[Attribute]) -> String {
    let key_block = bytes_block(KeyFormatType::Opaque, &[0xfc, 0x93, 0x2e]);
    let secret = SecretData { secret_data_type: SecretDataType::Password, key_block };
    let mut attributes = vec![Attribute::CryptographicAlgorithm(CryptographicAlgorithm::OneTimePad)];
    attributes.extend_from_slice(more);
    active(bench, who, ManagedObject::SecretData(secret), &attributes)
}

#[test]
fn a_one_time_pad_encrypts_one_message() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let generous = limited(1000, UsageLimitsUnit::Byte);
    let none = CryptographicParameters::default;
    for more in [&[][..], &[generous]] {
        let id = pad(&mut bench, &ann, more);
        let too_long = bench.ask(&ann, V2_1, encrypt(&id, none(), &[1; 4]));
        assert_eq!(too_long, Err(ResultReason::BadCryptographicParameters));
        let encrypted = plain(bench.ask(&ann, V2_1, encrypt(&id, none(), &[1, 2, 3])).unwrap().data);
        assert_eq!(encrypted, [0xfd, 0x91, 0x2d]);
        let again = bench.ask(&ann, V2_1, encrypt(&id, none(), &[1]));
        assert_eq!(again, Err(ResultReason::PermissionDenied), "{more:?}");
        let decrypt = DecryptRequest {
            unique_identifier: Some(id.as_str().into()),
            data: bytes(&encrypted),
            ..DecryptRequest::default()
        };
        assert_eq!(plain(bench.ask(&ann, V2_1, decrypt).unwrap().data), [1, 2, 3]);
    }
    bench.settings.danger_reuse_one_time_pads = true;
    let id = pad(&mut bench, &ann, &[]);
    assert!((0..2).all(|_| bench.ask(&ann, V2_1, encrypt(&id, none(), &[1])).is_ok()));
}

#[test]
fn a_withheld_key_is_used_and_never_given_out() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let id = pad(&mut bench, &ann, &[]);
    let get = || GetRequest { unique_identifier: Some(id.as_str().into()), ..GetRequest::default() };
    assert!(bench.ask(&ann, V2_1, get()).is_ok());
    bench.settings.withheld = vec![CryptographicAlgorithm::OneTimePad];
    assert_eq!(bench.ask(&ann, V2_1, get()), Err(ResultReason::PermissionDenied));
    assert!(bench.ask(&ann, V2_1, encrypt(&id, CryptographicParameters::default(), &[1])).is_ok());
}

#[test]
fn seeds_are_taken_as_the_configuration_says() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let seed = || RNGSeedRequest { data: Data::Bytes([5; 32][..].into()) };
    let rows = [
        (Seeding::Ignore, 64, Ok(0)),
        (Seeding::Accept, 64, Ok(32)),
        (Seeding::Accept, 16, Ok(16)),
        (Seeding::Refuse, 64, Err(ResultReason::PermissionDenied)),
    ];
    for (seeding, most, taken) in rows {
        (bench.settings.seeding, bench.settings.seed_bytes_max) = (seeding, most);
        assert_eq!(bench.ask(&ann, V2_1, seed()).map(|answer| answer.data_length), taken, "{seeding:?}");
    }
}

/// A key that only decrypts has nothing to allocate (2.1, 6.1.23).
#[test]
fn usage_is_allocated_of_keys_that_protect() {
    let (mut bench, ann) = (Bench::new(9), granted("ann", &[]));
    for (mask, allowed) in [
        (CryptographicUsageMask::Decrypt | CryptographicUsageMask::Verify, false),
        (CryptographicUsageMask::Decrypt | CryptographicUsageMask::Encrypt, true),
        (CryptographicUsageMask::WrapKey, true),
    ] {
        let more = [Attribute::CryptographicUsageMask(mask), limited(40, UsageLimitsUnit::Byte)];
        let id = create(&mut bench, &ann, &more);
        bench.ask(&ann, V2_1, activate(&id)).unwrap();
        let request =
            GetUsageAllocationRequest { unique_identifier: Some(id.as_str().into()), usage_limits_count: 8 };
        let refused = bench.ask(&ann, V2_1, request).err();
        assert_eq!(refused, (!allowed).then_some(ResultReason::PermissionDenied), "{mask:?}");
        assert_eq!(left(&mut bench, &ann, &id), if allowed { 32 } else { 40 });
    }
}
