//! What a request asks for when an object is made is what the object becomes, or the request is refused.

use super::objects::*;
use super::world::{Bench, principal};
use keystead::engine::rights::policy::Principal;
use kmip_codec::attributes::*;
use kmip_codec::enums::*;
use kmip_codec::item::ItemValue;
use kmip_codec::objects::{KeyBlock, ManagedObject, SymmetricKey};
use kmip_codec::payloads::*;
use kmip_codec::value::DateTime;
use kmip_codec::version::{V1_4, V2_0, V2_1};
use kmip_codec::{Tag, Version, attribute};

fn bench() -> (Bench, Principal) {
    (Bench::new(1), principal("owner", &[]))
}

/// An AES key that was made elsewhere.
pub fn sent(more: &[Attribute]) -> RegisterRequest {
    let key_block = KeyBlock {
        cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
        cryptographic_length: Some(128),
        ..bytes_block(KeyFormatType::Raw, &[7; 16])
    };
    let mut attributes = vec![Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt)];
    attributes.extend_from_slice(more);
    RegisterRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: attributes.into_iter().collect::<Attributes>().into(),
        object: ManagedObject::SymmetricKey(SymmetricKey { key_block }),
        ..RegisterRequest::default()
    }
}

/// A new key came with a thousand uses of which the total allows one: the count of the request was believed (4.59).
#[test]
fn the_count_of_new_usage_limits_is_their_total() {
    let (mut bench, who) = bench();
    let limits = UsageLimits { total: 1, count: Some(1000), unit: UsageLimitsUnit::Object };
    let limits = [Attribute::UsageLimits(limits)];
    let made = create(&mut bench, &who, &limits);
    let taken_in = text(&bench.ask(&who, V1_4, sent(&limits)).unwrap().unique_identifier);
    for id in [made, taken_in] {
        let attributes = attributes_of(&mut bench, &who, &id);
        assert_eq!(attribute!(attributes, UsageLimits).next().unwrap().count, Some(1));
    }
}

/// What an administrator gives to new objects are limits as well, and they start full.
#[test]
fn usage_limits_by_default_start_full() {
    let (mut bench, who) = bench();
    let admin = Principal { admin: true, ..who.clone() };
    let limits = UsageLimits { total: 5, count: None, unit: UsageLimitsUnit::Object };
    let defaults = ObjectDefaults {
        object_type: Some(ObjectType::SymmetricKey),
        attributes: AttributeList([Attribute::UsageLimits(limits)].into()),
        ..ObjectDefaults::default()
    };
    let defaults_information = Some(DefaultsInformation { defaults: vec![defaults] });
    bench.ask(&admin, V2_1, SetDefaultsRequest { defaults_information }).unwrap();
    let id = create(&mut bench, &who, &[]);
    let attributes = attributes_of(&mut bench, &who, &id);
    assert_eq!(attribute!(attributes, UsageLimits).next().unwrap().count, Some(5));
}

fn halves(common: &[Attribute], private: &[Attribute], public: &[Attribute]) -> CreateKeyPairRequest {
    let list = |mask, more: &[Attribute]| {
        let all = [Attribute::CryptographicUsageMask(mask)].into_iter().chain(more.iter().cloned());
        Some(all.collect::<Attributes>().into())
    };
    CreateKeyPairRequest {
        common: Some(common.iter().cloned().collect::<Attributes>().into()),
        private: list(CryptographicUsageMask::Sign, private),
        public: list(CryptographicUsageMask::Verify, public),
        ..CreateKeyPairRequest::default()
    }
}

fn algorithm(algorithm: CryptographicAlgorithm) -> Attribute {
    Attribute::CryptographicAlgorithm(algorithm)
}

fn curve(recommended_curve: RecommendedCurve) -> Attribute {
    Attribute::CryptographicDomainParameters(CryptographicDomainParameters {
        recommended_curve: Some(recommended_curve),
        ..CryptographicDomainParameters::default()
    })
}

/// A private RSA and a public EC half gave a pair whose public half said EC and held RSA (6.1.9, table 191).
#[test]
fn the_halves_of_a_pair_do_not_contradict_each_other() {
    let (mut bench, who) = bench();
    let (rsa, ec) = (algorithm(CryptographicAlgorithm::RSA), algorithm(CryptographicAlgorithm::EC));
    let length = Attribute::CryptographicLength;
    let refused = [
        halves(&[], std::slice::from_ref(&rsa), std::slice::from_ref(&ec)),
        halves(std::slice::from_ref(&ec), std::slice::from_ref(&rsa), &[]),
        halves(std::slice::from_ref(&rsa), &[length(2048)], &[length(3072)]),
        halves(
            std::slice::from_ref(&ec),
            &[curve(RecommendedCurve::P_256)],
            &[curve(RecommendedCurve::P_384)],
        ),
        halves(&[ec.clone(), curve(RecommendedCurve::P_256), length(384)], &[], &[]),
    ];
    for request in refused {
        for version in [V1_4, V2_1] {
            let refused = bench.ask(&who, version, request.clone()).unwrap_err();
            assert_eq!(refused, wrong_value(version), "{request:?}");
        }
    }
}

/// What one half alone says holds for both.
#[test]
fn what_one_half_of_a_pair_says_holds_for_both() {
    let (mut bench, who) = bench();
    let said = [algorithm(CryptographicAlgorithm::EC), curve(RecommendedCurve::P_256)];
    let parameters = |padding| {
        let padding_method = Some(padding);
        Attribute::CryptographicParameters(CryptographicParameters { padding_method, ..Default::default() })
    };
    let (one, other) = (parameters(PaddingMethod::PSS), parameters(PaddingMethod::PKCS1V1_5));
    let public = [said.as_slice(), std::slice::from_ref(&other)].concat();
    let request = halves(&[], std::slice::from_ref(&one), &public);
    let made = bench.ask(&who, V2_1, request).unwrap();
    for id in [made.private_key, made.public_key] {
        let attributes = attributes_of(&mut bench, &who, &text(&id));
        let held = |wanted: &Attribute| attributes.iter().any(|attribute| attribute == wanted);
        assert!(said.iter().all(held), "{attributes:?}");
        let parameters = attributes.iter().filter(|a| a.tag() == Tag::CryptographicParameters);
        assert_eq!(parameters.cloned().collect::<Vec<_>>(), [one.clone(), other.clone()]);
    }
}

/// The length in the request was overwritten with that of the old pair.
#[test]
fn a_new_pair_may_be_longer_than_the_old_one() {
    let (mut bench, who) = bench();
    let length = Attribute::CryptographicLength;
    let rsa = [algorithm(CryptographicAlgorithm::RSA), length(2048)];
    let id = bench.ask(&who, V2_1, halves(&rsa, &[], &[])).unwrap().private_key;
    let list = |bits| Some([length(bits)].into());
    let again = ReKeyKeyPairRequest { private_key: Some(id), ..ReKeyKeyPairRequest::default() };
    let torn = ReKeyKeyPairRequest { private: list(2048), public: list(3072), ..again.clone() };
    assert_eq!(bench.ask(&who, V2_1, torn).map(drop), Err(ResultReason::InvalidField));
    let longer = ReKeyKeyPairRequest { common: list(2048), private: list(3072), public: list(3072), ..again };
    let made = bench.ask(&who, V2_1, longer).unwrap();
    for id in [made.private_key, made.public_key] {
        let unique_identifier = Some(id);
        let object =
            bench.ask(&who, V2_1, GetRequest { unique_identifier, ..Default::default() }).unwrap().object;
        assert_eq!(object.key_block().unwrap().cryptographic_length, Some(3072));
    }
}

fn format(format: KeyFormatType) -> Attribute {
    Attribute::KeyFormatType(format)
}

fn got(bench: &mut Bench, who: &Principal, id: &str) -> KeyFormatType {
    let request = GetRequest { unique_identifier: Some(id.into()), ..GetRequest::default() };
    bench.ask(who, V2_1, request).unwrap().object.key_block().unwrap().key_format_type
}

/// The formats of the digests of an object.
fn digests(bench: &mut Bench, who: &Principal, id: &str) -> Vec<Option<KeyFormatType>> {
    attribute!(attributes_of(bench, who, id), Digest).map(|digest| digest.key_format_type).collect()
}

/// A format that was asked for was overwritten with the usual one in silence (4.26).
#[test]
fn new_keys_have_the_format_that_is_asked_for() {
    use KeyFormatType as Format;
    let (mut bench, who) = bench();
    let id = create(&mut bench, &who, &[format(Format::TransparentSymmetricKey)]);
    assert_eq!(got(&mut bench, &who, &id), Format::TransparentSymmetricKey);
    let both = [Some(Format::TransparentSymmetricKey), Some(Format::Raw)];
    assert_eq!(digests(&mut bench, &who, &id), both);
    let attributes = attributes_of(&mut bench, &who, &id);
    assert_eq!(attribute!(attributes, KeyFormatType).next(), Some(&Format::TransparentSymmetricKey));
    // A replacement has the usual one unless its request says otherwise.
    let again = ReKeyRequest { unique_identifier: Some(id.as_str().into()), ..ReKeyRequest::default() };
    let again = text(&bench.ask(&who, V2_1, again).unwrap().unique_identifier);
    assert_eq!(got(&mut bench, &who, &again), Format::Raw);
    assert_eq!(digests(&mut bench, &who, &again), [Some(Format::Raw)]);

    let rsa = [algorithm(CryptographicAlgorithm::RSA), Attribute::CryptographicLength(2048)];
    let request = halves(&rsa, &[format(Format::PKCS_8)], &[format(Format::X_509)]);
    let made = bench.ask(&who, V2_1, request).unwrap();
    for (id, wanted) in [(made.private_key, Format::PKCS_8), (made.public_key, Format::X_509)] {
        let id = text(&id);
        assert_eq!(got(&mut bench, &who, &id), wanted);
        assert_eq!(digests(&mut bench, &who, &id), [Some(wanted), Some(Format::PKCS_1)]);
    }
}

#[test]
fn formats_that_a_new_key_cannot_have_are_refused() {
    use KeyFormatType as Format;
    let (mut bench, who) = bench();
    let refused = Err(ResultReason::FeatureNotSupported);
    let pkcs8 = format(Format::PKCS_8);
    let key = bench.ask(&who, V2_1, aes(std::slice::from_ref(&pkcs8)));
    assert_eq!(key.map(drop), refused);
    let attributes = [Attribute::CryptographicLength(128), format(Format::TransparentSymmetricKey)].into();
    let secret =
        CreateRequest { object_type: ObjectType::SecretData, attributes, ..CreateRequest::default() };
    assert_eq!(bench.ask(&who, V2_1, secret).map(drop), refused);
    let rsa = [algorithm(CryptographicAlgorithm::RSA), pkcs8];
    assert_eq!(bench.ask(&who, V2_1, halves(&rsa, &[], &[])).map(drop), refused);
    let parts = |wanted| CreateSplitKeyRequest {
        object_type: ObjectType::SplitKey,
        parts: 2,
        threshold: 2,
        method: SplitKeyMethod::XOR,
        attributes: aes(&[format(wanted)]).attributes,
        ..CreateSplitKeyRequest::default()
    };
    assert_eq!(bench.ask(&who, V2_1, parts(Format::TransparentSymmetricKey)).map(drop), refused);
    bench.ask(&who, V2_1, parts(Format::Raw)).unwrap();
}

fn generator(rng_algorithm: RNGAlgorithm, drbg_algorithm: Option<DRBGAlgorithm>) -> Attribute {
    let parameters = RngParameters { rng_algorithm, drbg_algorithm, ..RngParameters::default() };
    Attribute::RandomNumberGenerator(parameters)
}

/// A generator that the server does not have was asked for, and another one used in silence (4.46).
#[test]
fn new_keys_come_from_a_generator_that_is_asked_for() {
    let (mut bench, who) = bench();
    let other = generator(RNGAlgorithm::ANSIX9_31, None);
    let hash = generator(RNGAlgorithm::DRBG, Some(DRBGAlgorithm::Hash));
    let ours = generator(RNGAlgorithm::DRBG, Some(DRBGAlgorithm::CTR));
    let rsa = algorithm(CryptographicAlgorithm::EC);
    for version in [V1_4, V2_0, V2_1] {
        for wrong in [&other, &hash] {
            let key = bench.ask(&who, version, aes(std::slice::from_ref(wrong)));
            assert_eq!(key.map(drop), Err(ResultReason::FeatureNotSupported));
            let pair = bench.ask(&who, version, halves(&[rsa.clone(), wrong.clone()], &[], &[]));
            assert_eq!(pair.map(drop), Err(ResultReason::FeatureNotSupported));
        }
    }
    for fine in [
        vec![ours.clone()],
        vec![other.clone(), ours.clone()],
        vec![generator(RNGAlgorithm::Unspecified, None)],
    ] {
        let id = create(&mut bench, &who, &fine);
        let attributes = attributes_of(&mut bench, &who, &id);
        let held: Vec<_> = attribute!(attributes, RandomNumberGenerator).collect();
        assert_eq!(held.len(), 1);
        assert_eq!(held[0].cryptographic_length, Some(256), "it says all that is known");
    }
    // What was made elsewhere came from one generator, whichever it was.
    bench.ask(&who, V2_1, sent(std::slice::from_ref(&other))).unwrap();
    let two = bench.ask(&who, V2_1, sent(&[other, ours])).map(drop);
    assert_eq!(two, Err(ResultReason::AttributeSingleValued));
}

/// An attribute of vendor y given with a new object was taken; adding it was refused (4.60).
#[test]
fn vendors_attributes_are_checked_at_birth() {
    let (mut bench, who) = bench();
    let of = |vendor: &str| {
        let value = Some(ItemValue::TextString("anything".into()));
        Attribute::Vendor(VendorAttribute { vendor: vendor.into(), name: "tag".into(), value })
    };
    for version in [V1_4, V2_1] {
        let made = bench.ask(&who, version, aes(&[of("y")])).map(drop);
        let reason =
            if version < V2_0 { ResultReason::PermissionDenied } else { ResultReason::AttributeReadOnly };
        assert_eq!(made, Err(reason));
        assert_eq!(bench.ask(&who, version, sent(&[of("y")])).map(drop), Err(reason));
    }
    let id = create(&mut bench, &who, &[of("Example_1.com")]);
    for vendor in ["bad vendor!", "a b!", "", "größe"] {
        let made = bench.ask(&who, V2_1, aes(&[of(vendor)])).map(drop);
        assert_eq!(made, Err(wrong_value(V2_1)), "{vendor:?}");
        let attribute = of(vendor).into();
        let add = AddAttributeRequest { unique_identifier: Some(id.as_str().into()), attribute };
        assert_eq!(bench.ask(&who, V2_1, add).map(drop), Err(ResultReason::InvalidField), "{vendor:?}");
    }
}

/// Data were left to the server to make up, for a namespace that it does not know, and it took that for data (4.4).
#[test]
fn application_data_are_not_left_to_the_server() {
    let (mut bench, who) = bench();
    let of = |data: Option<&str>| {
        let data = data.map(str::to_owned);
        let information = ApplicationSpecificInformation { namespace: "ssl".into(), data };
        Attribute::ApplicationSpecificInformation(information)
    };
    let refused = Err(ResultReason::ApplicationNamespaceNotSupported);
    let id = create(&mut bench, &who, &[of(Some("www.example.com"))]);
    for version in [V1_4, V2_1] {
        assert_eq!(bench.ask(&who, version, aes(&[of(None)])).map(drop), refused);
        assert_eq!(bench.ask(&who, version, sent(&[of(None)])).map(drop), refused);
        let (unique_identifier, attribute) = (Some(id.as_str().into()), of(None).into());
        let add = AddAttributeRequest { unique_identifier, attribute };
        assert_eq!(bench.ask(&who, version, add.clone()).map(drop), refused);
        let AddAttributeRequest { unique_identifier, attribute } = add;
        let modify = ModifyAttributeRequest { unique_identifier, attribute, current: None };
        assert_eq!(bench.ask(&who, version, modify).map(drop), refused);
    }
    let set = SetAttributeRequest { unique_identifier: Some(id.into()), attribute: of(None).into() };
    assert_eq!(bench.ask(&who, V2_1, set).map(drop), refused);
}

/// The reason for the value of an attribute of a new object.
fn wrong_value(version: Version) -> ResultReason {
    if version < V2_0 { ResultReason::InvalidField } else { ResultReason::InvalidAttributeValue }
}

/// A key could begin to process before it was Active, and protect after its end (4.40 and 4.41).
#[test]
fn dates_stand_in_their_order() {
    let (mut bench, who) = bench();
    let at = |seconds: i64| DateTime(1_800_000_000 + seconds);
    let pairs = [
        [Attribute::ActivationDate(at(10)), Attribute::ProcessStartDate(at(9))],
        [Attribute::DeactivationDate(at(10)), Attribute::ProtectStopDate(at(11))],
    ];
    for version in [V1_4, V2_1] {
        for [first, second] in &pairs {
            let both = [first.clone(), second.clone()];
            let wrong = Err(wrong_value(version));
            assert_eq!(bench.ask(&who, version, aes(&both)).map(drop), wrong);
            assert_eq!(bench.ask(&who, version, sent(&both)).map(drop), wrong);
            for [held, added] in [[first, second], [second, first]] {
                let id = create(&mut bench, &who, std::slice::from_ref(held));
                let add = AddAttributeRequest {
                    unique_identifier: Some(id.as_str().into()),
                    attribute: added.clone().into(),
                };
                assert_eq!(bench.ask(&who, version, add).map(drop), Err(ResultReason::InvalidField));
            }
        }
    }
    let fine = [
        Attribute::ActivationDate(at(10)),
        Attribute::ProcessStartDate(at(10)),
        Attribute::ProtectStopDate(at(20)),
        Attribute::DeactivationDate(at(20)),
    ];
    let id = create(&mut bench, &who, &fine);
    let later = Attribute::ActivationDate(at(11)).into();
    let modify = ModifyAttributeRequest {
        unique_identifier: Some(id.as_str().into()),
        attribute: later,
        current: None,
    };
    assert_eq!(bench.ask(&who, V2_1, modify).map(drop), Err(ResultReason::InvalidField));
    let sooner = Attribute::DeactivationDate(at(19)).into();
    let set = SetAttributeRequest { unique_identifier: Some(id.as_str().into()), attribute: sooner };
    assert_eq!(bench.ask(&who, V2_1, set).map(drop), Err(ResultReason::InvalidAttributeValue));
    let adjust = AdjustAttributeRequest {
        unique_identifier: Some(id.into()),
        reference: AttributeReference::Tag(Tag::ProtectStopDate),
        adjustment_type: AdjustmentType::Increment,
        adjustment_value: None,
    };
    assert_eq!(bench.ask(&who, V2_1, adjust).map(drop), Err(ResultReason::InvalidField));
}

/// What the server itself does to the dates stands in nobody's way: a key may be activated after its Process Start Date,
/// ended before its Protect Stop Date, and then replaced.
#[test]
fn activation_end_and_replacement_go_on_whatever_the_dates() {
    let (mut bench, who) = bench();
    let (start, stop) = (DateTime(bench.now + 10), DateTime(bench.now + 1000));
    let id =
        create(&mut bench, &who, &[Attribute::ProcessStartDate(start), Attribute::ProtectStopDate(stop)]);
    bench.now += 100;
    bench.ask(&who, V2_1, activate(&id)).unwrap();
    bench.ask(&who, V2_1, revoke(&id, RevocationReasonCode::CessationOfOperation)).unwrap();
    let again = ReKeyRequest { unique_identifier: Some(id.into()), ..ReKeyRequest::default() };
    bench.ask(&who, V2_1, again).unwrap();
}

/// It had eight bytes (4.56).
#[test]
fn short_unique_identifiers_are_whole_digests() {
    let (mut bench, who) = bench();
    let id = create(&mut bench, &who, &[]);
    let attributes = attributes_of(&mut bench, &who, &id);
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, id.as_bytes());
    assert_eq!(attribute!(attributes, ShortUniqueIdentifier).next().unwrap().as_ref(), digest.as_ref());
}

/// The date stayed when the object had come back (4.5).
#[test]
fn the_archive_date_goes_with_the_archive() {
    let (mut bench, who) = bench();
    let id = create(&mut bench, &who, &[]);
    let unique_identifier = Some(id.as_str().into());
    bench.ask(&who, V2_1, ArchiveRequest { unique_identifier: unique_identifier.clone() }).unwrap();
    let date = |bench: &mut Bench| attribute!(attributes_of(bench, &who, &id), ArchiveDate).next().is_some();
    assert!(date(&mut bench));
    bench.ask(&who, V2_1, RecoverRequest { unique_identifier }).unwrap();
    assert!(!date(&mut bench));
}

fn masks(masks: &[ProtectionStorageMask]) -> Option<ProtectionStorageMasks> {
    Some(ProtectionStorageMasks { masks: masks.to_vec() })
}

/// Storage in hardware was asked for and not even read (7.33).
#[test]
fn keys_are_stored_as_asked_or_not_made() {
    use ProtectionStorageMask as Mask;
    let (mut bench, who) = bench();
    let hardware = [Mask::Hardware];
    let validated = [Mask::Software | Mask::Validated];
    let either = [Mask::Hardware, Mask::Software];
    let tries = [(&hardware[..], false), (&validated[..], false), (&either[..], true), (&[], true)];
    for (wanted, fine) in tries {
        let id = create(&mut bench, &who, &[]);
        let (protection_storage_masks, refused) =
            (masks(wanted), Err(ResultReason::ProtectionStorageUnavailable));
        let outcome = if fine { Ok(()) } else { refused };
        let request =
            CreateRequest { protection_storage_masks: protection_storage_masks.clone(), ..aes(&[]) };
        assert_eq!(bench.ask(&who, V2_1, request).map(drop), outcome, "{wanted:?}");
        let request =
            RegisterRequest { protection_storage_masks: protection_storage_masks.clone(), ..sent(&[]) };
        assert_eq!(bench.ask(&who, V2_1, request).map(drop), outcome, "{wanted:?}");
        let parts = CreateSplitKeyRequest {
            object_type: ObjectType::SplitKey,
            parts: 2,
            threshold: 2,
            method: SplitKeyMethod::XOR,
            attributes: aes(&[]).attributes,
            protection_storage_masks: protection_storage_masks.clone(),
            ..CreateSplitKeyRequest::default()
        };
        assert_eq!(bench.ask(&who, V2_1, parts).map(drop), outcome, "{wanted:?}");
        let unique_identifier = Some(id.as_str().into());
        let again = ReKeyRequest { unique_identifier, protection_storage_masks, ..ReKeyRequest::default() };
        assert_eq!(bench.ask(&who, V2_1, again).map(drop), outcome, "{wanted:?}");
    }
}

#[test]
fn each_half_of_a_pair_is_stored_as_asked() {
    use ProtectionStorageMask as Mask;
    let (mut bench, who) = bench();
    let (hardware, software) = (masks(&[Mask::Hardware]), masks(&[Mask::Software]));
    let (private, public) =
        (ResultReason::PrivateProtectionStorageUnavailable, ResultReason::PublicProtectionStorageUnavailable);
    let tries = [
        (hardware.clone(), None, None, Err(private)),
        (hardware.clone(), software.clone(), None, Err(public)),
        (hardware.clone(), software.clone(), software.clone(), Ok(())),
        (None, hardware.clone(), None, Err(private)),
        (software, None, hardware, Err(public)),
    ];
    let old = pair(&mut bench, &who).0;
    for (common, private, public, outcome) in tries {
        let request = CreateKeyPairRequest {
            common_protection_storage_masks: common.clone(),
            private_protection_storage_masks: private.clone(),
            public_protection_storage_masks: public.clone(),
            ..halves(&[algorithm(CryptographicAlgorithm::EC)], &[], &[])
        };
        assert_eq!(bench.ask(&who, V2_1, request).map(drop), outcome);
        let request = ReKeyKeyPairRequest {
            private_key: Some(old.as_str().into()),
            common_protection_storage_masks: common,
            private_protection_storage_masks: private,
            public_protection_storage_masks: public,
            ..ReKeyKeyPairRequest::default()
        };
        assert_eq!(bench.ask(&who, V2_1, request).map(drop), outcome);
    }
}
