//! The profiles that Query names (KMIP 1.4, 2.1.19; 2.1, 7.31 and 11.41): a row each, with what it needs of the
//! configuration and the OASIS cases that prove it. A profile is named where the configuration has what it needs; the
//! conformance tests run the cases of every row, in every version that names it.

use crate::context::Context;
use crate::query::server_information::Features;
use kmip_codec::Version;
use kmip_codec::enums::{CryptographicAlgorithm, ProfileName};
use kmip_codec::operations::{OPERATION_ROWS, OperationRow};
use kmip_codec::payloads::{ProfileInformation, ProfileVersion};
use kmip_codec::version::{V1_0, V2_0, VERSIONS};

/// A profile of servers.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    /// Its name in 1.x, before the version; none where 1.x does not have it.
    pub name_1: Option<&'static str>,
    /// Its name in 2.x.
    pub name_2: Option<&'static str>,
    /// What it needs of the configuration.
    pub needs: Needs,
    /// What the names of the cases begin with that prove it.
    pub cases: &'static [&'static str],
}

/// What a profile needs of the configuration, or of what it grants to the client that asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Needs {
    /// Nothing but what is always there.
    Nothing,
    /// Keys that are weak by today's measure, which the cases use.
    WeakKeys,
    /// KMIP over HTTPS.
    Https,
    /// TLS of this level of Suite B, by its number.
    SuiteB(u16),
    /// Every operation of the version, and nothing switched off.
    Everything,
}

use Needs::{Everything, Https, Nothing, SuiteB, WeakKeys};

const fn row(
    name_1: &'static str,
    name_2: &'static str,
    needs: Needs,
    cases: &'static [&'static str],
) -> Profile {
    Profile { name_1: Some(name_1), name_2: Some(name_2), needs, cases }
}

const fn only_1(name: &'static str, needs: Needs, cases: &'static [&'static str]) -> Profile {
    Profile { name_1: Some(name), name_2: None, needs, cases }
}

const fn only_2(name: &'static str, needs: Needs, cases: &'static [&'static str]) -> Profile {
    Profile { name_1: None, name_2: Some(name), needs, cases }
}

/// The cases for which 1.x has no file of the Baseline profile: those of its use cases.
const BASELINE: &[&str] = &[
    "BL-M", "SKLC-M", "AKLC-M", "TC-3", "TC-4", "TC-5", "TC-6", "TC-7", "TC-8", "TC-9", "TC-121", "TC-I18N",
];

/// Every profile that this server may name. Those that are called after TLS 1.2 are not among them: they are about
/// cipher suites without forward secrecy, which this server does not speak.
pub const PROFILES: &[Profile] = &[
    row("BaselineServerBasic", "BaselineServer", WeakKeys, BASELINE),
    row("TapeLibraryServer", "TapeLibraryServer", Nothing, &["TL-M"]),
    row("SymmetricKeyLifecycleServer", "SymmetricKeyLifecycleServer", Nothing, &["SKLC-M"]),
    row("AsymmetricKeyLifecycleServer", "AsymmetricKeyLifecycleServer", Nothing, &["AKLC-M"]),
    row("BasicCryptographicServer", "BasicCryptographicServer", WeakKeys, &["CS-BC-M"]),
    row("AdvancedCryptographicServer", "AdvancedCryptographicServer", Nothing, &["CS-AC-M"]),
    row("RNGCryptographicServer", "RNGCryptographicServer", Nothing, &["CS-RNG-M"]),
    row("SymmetricKeyFoundryServer", "SymmetricKeyFoundryServer", WeakKeys, &["SKFF-M"]),
    row("OpaqueManagedObjectStoreServer", "OpaqueManagedObjectStoreServer", Nothing, &["OMOS-M"]),
    row(
        "StorageArrayWithSelfEncryptingDriveServer",
        "StorageArrayWithSelfEncryptingDriveServer",
        Nothing,
        &["SASED-M"],
    ),
    only_1("SuiteBMinLOS_128Server", SuiteB(128), &["SUITEB-128-M"]),
    only_1("SuiteBMinLOS_192Server", SuiteB(192), &["SUITEB-192-M"]),
    row("HTTPSServer", "HTTPSServer", Https, &["MSGENC-HTTPS-M"]),
    row("JSONServer", "JSONServer", Https, &["MSGENC-JSON-M"]),
    row("XMLServer", "XMLServer", Https, &["MSGENC-XML-M"]),
    row("CompleteServerBasic", "CompleteServer", Everything, &[""]),
    only_2("QuantumSafeServer", Nothing, &["QS-M"]),
    only_2("AESXTSServer", Nothing, &["AX-M"]),
    #[cfg(feature = "pkcs11")]
    only_2("PKCS_11Server", Nothing, &["PKCS11-M"]),
];

impl Profile {
    /// What it is called where its version is this: in 1.x the name has the version in it.
    pub fn name(&self, version: Version) -> Option<ProfileName> {
        let name = match version < V2_0 {
            true => format!("{}KMIPV1_{}", self.name_1?, version.minor),
            false => self.name_2?.to_owned(),
        };
        ProfileName::by_name(&name).map(ProfileName)
    }

    /// Whether this case is one of those that prove it.
    pub fn is_proven_by(&self, case: &str) -> bool {
        self.cases.iter().any(|start| case.starts_with(start))
    }
}

impl Needs {
    fn are_met(self, cx: &Context<'_, '_>, version: Version) -> bool {
        let transports = &cx.settings().transports;
        match self {
            Nothing => true,
            WeakKeys => cx.principal().weak_keys,
            Https => !transports.https.is_empty(),
            SuiteB(level) => transports.suite_b == Some(level),
            Everything => cx.principal().weak_keys && has_everything(cx, version),
        }
    }
}

/// Whether every operation of a version is there, and nothing switched off.
fn has_everything(cx: &Context<'_, '_>, version: Version) -> bool {
    let settings = cx.settings();
    let is_meant = |row: &&OperationRow| (row.is_in)(version);
    OPERATION_ROWS.iter().filter(is_meant).all(|row| settings.offers(row))
        && cfg!(feature = "tr31")
        && settings.authority.is_some()
        && settings.features == Features::default()
}

/// The profiles that a client of this version may rely on (KMIP 2.1, 6.1.40). Keys that never leave the server, one-time
/// pads apart, are what no profile expects.
pub fn announced(cx: &Context<'_, '_>) -> Vec<ProfileInformation> {
    if cx.settings().withheld.iter().any(|algorithm| *algorithm != CryptographicAlgorithm::OneTimePad) {
        return Vec::new();
    }
    let mut all = Vec::new();
    for profile in PROFILES {
        for version in versions(cx.version).filter(|version| profile.needs.are_met(cx, *version)) {
            let Some(name) = profile.name(version).filter(|name| name.is_in(cx.version)) else { continue };
            let information = ProfileInformation { name, version: number(version), ..Default::default() };
            match profile.needs {
                Https => all.extend(cx.settings().transports.https.iter().map(|place| ProfileInformation {
                    server_uri: place.uri.clone(),
                    server_port: Some(i32::from(place.port)),
                    ..information.clone()
                })),
                _ => all.push(information),
            }
        }
    }
    all
}

/// The versions whose profiles a message may name: in 1.x all up to its own, in 2.x its own.
fn versions(of: Version) -> impl Iterator<Item = Version> {
    let first = if of < V2_0 { V1_0 } else { of };
    VERSIONS.into_iter().filter(move |version| (first..=of).contains(version))
}

/// From 2.0 on the version stands beside the name.
fn number(version: Version) -> Option<ProfileVersion> {
    let (major, minor) = (i32::from(version.major), i32::from(version.minor));
    (version >= V2_0).then_some(ProfileVersion { major, minor })
}
