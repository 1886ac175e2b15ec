//! The tables agree with the names and numbers of the specifications, version by version, both ways.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stderr, reason = "a test")]

use kmip_codec::enums::*;
use kmip_codec::operations::Operation;
use kmip_codec::version::VERSIONS;
use kmip_codec::{Tag, Version};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

type Names = BTreeMap<String, u64>;
type Rows = &'static [(u32, &'static str, fn(Version) -> bool)];

/// Every enumeration of ours, under its name in the specification.
macro_rules! rows {
    ($($name:ident $(as $spec:literal)?),* $(,)?) => {
        vec![$((spec_name!($name $(, $spec)?), $name::ROWS)),*]
    };
}

macro_rules! spec_name {
    ($name:ident) => {
        stringify!($name)
    };
    ($name:ident, $spec:literal) => {
        $spec
    };
}

fn enumerations() -> Vec<(&'static str, Rows)> {
    rows![
        AdjustmentType, AlternativeNameType, AsynchronousIndicator, AttestationType, BatchErrorContinuationOption,
        BlockCipherMode, CancellationResult, CertificateRequestType, CertificateType, ClientRegistrationMethod,
        CredentialType, CryptographicAlgorithm, DRBGAlgorithm, DataReference as "Data", DerivationMethod,
        DestroyAction, DigitalSignatureAlgorithm, EncodingOption, EndpointRole, FIPS186Variation, HashingAlgorithm,
        InteropFunction, ItemType, KeyCompressionType, KeyFormatType, KeyRoleType, KeyValueLocationType, KeyWrapType,
        LinkType, MaskGenerator, NISTKeyType, NameType, ObjectGroupMember, ObjectType, Operation, PaddingMethod,
        ProcessingStage, ProfileName, ProtectionLevel, PutFunction, QueryFunction, RNGAlgorithm, RNGMode,
        RecommendedCurve, ResultReason, ResultStatus, RevocationReasonCode, RotateNameType, SecretDataType,
        ShreddingAlgorithm, SplitKeyMethod, State, TicketType, UniqueIdentifierReference as "UniqueIdentifier",
        UnwrapMode, UsageLimitsUnit, ValidationAuthorityType, ValidationType, ValidityIndicator, WrappingMethod,
    ]
}

fn masks() -> Vec<(&'static str, Rows)> {
    rows![CryptographicUsageMask, ProtectionStorageMask, StorageStatusMask]
}

fn names() -> Option<Map<String, Value>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/oasis");
    let cases = std::env::var_os("KEYSTEAD_OASIS").map_or(beside, PathBuf::from);
    let text = std::fs::read_to_string(cases.join("../spec/names.json")).ok()?;
    match serde_json::from_str(&text).unwrap() {
        Value::Object(map) => Some(map),
        other => panic!("{other}"),
    }
}

/// Names that the list has without the underscore that the profiles put for a character such as `^`, and the cases have.
const WITHOUT_UNDERSCORE: &[(&str, &str)] = &[
    ("PolynomialSharingGF216", "PolynomialSharingGF2_16"),
    ("PolynomialSharingGF28", "PolynomialSharingGF2_8"),
];

fn numbers(value: &Value) -> Names {
    let whole = |name: &str| {
        let row = WITHOUT_UNDERSCORE.iter().find(|(without, _)| *without == name);
        row.map_or(name, |(_, name)| *name).to_owned()
    };
    let names = value.as_object().unwrap().iter();
    names.map(|(name, number)| (whole(name), number.as_u64().unwrap())).collect()
}

fn ours(rows: Rows, version: Version) -> Names {
    let rows = rows.iter().filter(|row| (row.2)(version));
    rows.map(|row| (row.1.to_owned(), u64::from(row.0))).collect()
}

/// An attribute is in no version that does not have its tag.
#[test]
fn attributes_are_no_older_than_their_tags() {
    for row in kmip_codec::attributes::ATTRIBUTE_ROWS {
        for version in VERSIONS.into_iter().filter(|version| (row.is_in)(*version)) {
            assert!(row.tag.is_in(version), "{} in {version}", row.name);
        }
    }
}

#[test]
fn the_tables_are_those_of_the_specifications() {
    let Some(names) = names() else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "names.json is missing: set KEYSTEAD_OASIS");
        return eprintln!("SKIPPED: names.json is not beside this checkout");
    };
    for version in VERSIONS {
        let of = &names[&version.to_string()];
        for (kind, tables) in [("enums", enumerations()), ("masks", masks())] {
            let theirs = of[kind].as_object().unwrap();
            for name in theirs.keys() {
                assert!(tables.iter().any(|(table, _)| table == name), "no table for {name} of {version}");
            }
            for (name, rows) in tables {
                let wanted = theirs.get(name).map(numbers).unwrap_or_default();
                assert_eq!(ours(rows, version), wanted, "{name} in {version}");
            }
        }
        let tags: Names = Tag::ALL
            .iter()
            .filter(|tag| tag.is_in(version))
            .map(|tag| (tag.name().unwrap().to_owned(), u64::from(tag.0)))
            .collect();
        assert_eq!(tags, numbers(&of["tags"]), "tags in {version}");
    }
}
