//! What Locate matches: fields of structures, limits that are large enough, dates that are not set.

use super::objects::*;
use super::world::{Bench, principal, response};
use keystead_engine::rights::principal::Principal;
use kmip_codec::attributes::*;
use kmip_codec::enums::*;
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::message::RequestMessage;
use kmip_codec::operations::Call as _;
use kmip_codec::payloads::*;
use kmip_codec::value::DateTime;
use kmip_codec::version::{V1_4, V2_1};
use kmip_codec::wire::Encoding;
use kmip_codec::{Tag, Version};

/// What is found, in every encoding: a filter in part must come through each of them.
fn located(bench: &mut Bench, who: &Principal, version: Version, wanted: &[Attribute]) -> Vec<String> {
    let attributes = Some(AttributeFilter(wanted.iter().cloned().collect()));
    let request = LocateRequest { attributes, ..LocateRequest::default() };
    let message = RequestMessage::new(version, vec![request.into_request().into()]);
    let mut found = Encoding::ALL.map(|encoding| {
        let message = RequestMessage::decode(encoding, &message.encode(encoding)).unwrap();
        let item = bench.run(who, &message).pop().unwrap();
        response::<LocateRequest>(item.response).unique_identifiers
    });
    assert!(found[0] == found[1] && found[0] == found[2], "{found:?}");
    std::mem::take(&mut found[0]).iter().map(text).collect()
}

fn part(tag: Tag, fields: &[(Tag, ItemValue)]) -> Attribute {
    let fields = fields.iter().map(|(tag, value)| Item { tag: *tag, value: value.clone() }).collect();
    Attribute::Partial(PartialAttribute { tag, fields })
}

fn named(value: &str) -> Attribute {
    part(Tag::Name, &[(Tag::NameValue, ItemValue::TextString(value.into()))])
}

fn total(total: i64) -> Attribute {
    part(Tag::UsageLimits, &[(Tag::UsageLimitsTotal, ItemValue::LongInteger(total))])
}

/// Filters with what they are about: each finds the object, and would not if its value were the other one.
fn filters(id: &str, other: &str) -> Vec<(&'static str, Attribute, Attribute)> {
    let linked = |id: &str| (Tag::LinkedObjectIdentifier, ItemValue::TextString(id.into()));
    let link_type = |kind: LinkType| (Tag::LinkType, ItemValue::Enumeration(kind.0));
    let mode = |mode| {
        let block_cipher_mode = Some(mode);
        Attribute::CryptographicParameters(CryptographicParameters {
            block_cipher_mode,
            ..Default::default()
        })
    };
    let masked = |digest| {
        let mask_generator_hashing_algorithm = Some(digest);
        Attribute::CryptographicParameters(CryptographicParameters {
            mask_generator_hashing_algorithm,
            ..Default::default()
        })
    };
    let limits = |total, unit| Attribute::UsageLimits(UsageLimits { total, count: None, unit });
    let revoked = |code| Attribute::RevocationReason(RevocationReason { code, message: None });
    vec![
        ("Link, identifier", part(Tag::Link, &[linked(other)]), part(Tag::Link, &[linked(id)])),
        (
            "Link, type",
            part(Tag::Link, &[link_type(LinkType::ParentLink)]),
            part(Tag::Link, &[link_type(LinkType::ChildLink)]),
        ),
        ("Name, value", named("cbc"), named("ecb")),
        ("Cryptographic Parameters", mode(BlockCipherMode::CBC), mode(BlockCipherMode::ECB)),
        (
            "Cryptographic Parameters, digest",
            masked(HashingAlgorithm::SHA_256),
            masked(HashingAlgorithm::SHA_1),
        ),
        ("Usage Limits, total", total(9), total(11)),
        ("Usage Limits", limits(10, UsageLimitsUnit::Byte), limits(10, UsageLimitsUnit::Object)),
        (
            "Revocation Reason, code",
            revoked(RevocationReasonCode::Superseded),
            revoked(RevocationReasonCode::KeyCompromise),
        ),
    ]
}

/// A Link without its type, or Cryptographic Parameters with the mode alone, made the message invalid or found nothing.
#[test]
fn some_fields_of_a_structure_will_do() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let other = create(&mut bench, &ann, &[]);
    let id = create(
        &mut bench,
        &ann,
        &[
            Attribute::Name(Name::text("cbc")),
            Attribute::Link(Link { kind: LinkType::ParentLink, linked: other.as_str().into() }),
            Attribute::UsageLimits(UsageLimits { total: 10, count: None, unit: UsageLimitsUnit::Byte }),
            Attribute::CryptographicParameters(CryptographicParameters {
                block_cipher_mode: Some(BlockCipherMode::CBC),
                padding_method: Some(PaddingMethod::PKCS5),
                mask_generator_hashing_algorithm: Some(HashingAlgorithm::SHA_256),
                ..CryptographicParameters::default()
            }),
        ],
    );
    bench.ask(&ann, V2_1, activate(&id)).unwrap();
    let reason = RevocationReason {
        code: RevocationReasonCode::Superseded,
        message: Some("a newer one is there".into()),
    };
    let unique_identifier = Some(id.as_str().into());
    let request = RevokeRequest { unique_identifier, revocation_reason: reason, ..RevokeRequest::default() };
    bench.ask(&ann, V2_1, request).unwrap();
    let rows = filters(&id, &other);
    for version in [V1_4, V2_1] {
        for (what, right, wrong) in &rows {
            let found = located(&mut bench, &ann, version, std::slice::from_ref(right));
            assert_eq!(found, [id.as_str()], "{what} in {version}");
            assert!(located(&mut bench, &ann, version, std::slice::from_ref(wrong)).is_empty(), "{what}");
        }
    }
    let both = [named("cbc"), total(10), part(Tag::Link, &[])];
    assert_eq!(located(&mut bench, &ann, V2_1, &both), [id]);
}

#[test]
fn the_generator_is_enough() {
    let (mut bench, ann) = (Bench::new(2), principal("ann", &[]));
    let id = create(&mut bench, &ann, &[]);
    let of = |rng_algorithm| RngParameters { rng_algorithm, ..RngParameters::default() };
    let made_by = |algorithm| [Attribute::RandomNumberGenerator(of(algorithm))];
    assert_eq!(located(&mut bench, &ann, V2_1, &made_by(RNGAlgorithm::DRBG)), [id]);
    assert!(located(&mut bench, &ann, V2_1, &made_by(RNGAlgorithm::ANSIX9_31)).is_empty());
}

/// The largest date means that there is none: alone it finds the objects without the attribute, as the end of a range those
/// too.
#[test]
fn the_largest_date_is_none() {
    let (mut bench, ann) = (Bench::new(3), principal("ann", &[]));
    let ends = |at| Attribute::DeactivationDate(DateTime(at));
    let (soon, late) = (bench.now + 10, bench.now + 1000);
    let never = create(&mut bench, &ann, &[]);
    bench.now += 1;
    let short = create(&mut bench, &ann, &[ends(soon)]);
    bench.now += 1;
    let long = create(&mut bench, &ann, &[ends(late)]);
    let mut find = |wanted: &[Attribute]| located(&mut bench, &ann, V2_1, wanted);
    assert_eq!(find(&[ends(i64::MAX)]), [never.as_str()]);
    assert_eq!(find(&[ends(soon + 1), ends(i64::MAX)]), [long.as_str(), &never]);
    assert_eq!(find(&[ends(soon), ends(late)]), [long, short]);
}
