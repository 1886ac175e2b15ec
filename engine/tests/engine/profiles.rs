//! Query names the profiles that the configuration has what it takes for, to the client that asks, and no others. That
//! their cases pass is shown in `tests/conformance`.

use super::world::{Bench, principal};
use keystead_engine::query::profiles::PROFILES;
use keystead_engine::rights::principal::Principal;
use keystead_engine::settings::Place;
use kmip_codec::Version;
use kmip_codec::enums::{CryptographicAlgorithm, ProfileName, QueryFunction};
use kmip_codec::payloads::{ProfileInformation, QueryRequest};
use kmip_codec::version::*;

fn told(bench: &mut Bench, who: &Principal, version: Version) -> Vec<ProfileInformation> {
    let request = QueryRequest { functions: vec![QueryFunction::QueryProfiles], ..QueryRequest::default() };
    bench.ask(who, version, request).unwrap().profile_information
}

fn names(told: &[ProfileInformation]) -> Vec<ProfileName> {
    told.iter().map(|information| information.name).collect()
}

fn granted() -> Principal {
    Principal { weak_keys: true, ..principal("ann", &[]) }
}

/// Every row has a name, no two the same, and each name is of the version of the message.
#[test]
fn every_row_has_its_names() {
    let mut all = Vec::new();
    for profile in PROFILES {
        let named: Vec<_> = VERSIONS.iter().filter_map(|version| profile.name(*version)).collect();
        assert!(!named.is_empty() && !profile.cases.is_empty(), "{profile:?}");
        all.extend(named.into_iter().filter(|name| name.is_in(V1_4)));
    }
    let count = all.len();
    all.sort_by_key(|name| name.0);
    all.dedup();
    assert_eq!(all.len(), count, "two rows have one name");
    let mut bench = Bench::new(1);
    for version in VERSIONS.into_iter().filter(|version| *version >= V1_3) {
        let told = told(&mut bench, &granted(), version);
        assert!(told.iter().all(|information| information.name.is_in(version)), "{version}");
        let numbers = |(major, minor): (u8, u8)| (i32::from(major), i32::from(minor));
        for information in told {
            let of = information.version.map(|of| (of.major, of.minor));
            assert_eq!(of, (version >= V2_0).then(|| numbers((version.major, version.minor))));
        }
    }
}

/// A client of 1.3 is told of 1.0 to 1.3, one of 1.4 of 1.4 as well.
#[test]
fn younger_profiles_are_kept_from_older_clients() {
    let mut bench = Bench::new(1);
    let of_1_4 = ProfileName::TapeLibraryServerKMIPV1_4;
    let (old, young) = (told(&mut bench, &granted(), V1_3), told(&mut bench, &granted(), V1_4));
    assert!(names(&old).contains(&ProfileName::TapeLibraryServerKMIPV1_0));
    assert!(!names(&old).contains(&of_1_4) && names(&young).contains(&of_1_4));
    assert!(names(&told(&mut bench, &granted(), V2_1)).contains(&ProfileName::TapeLibraryServer));
}

/// A profile whose transport is not there, or whose keys this client may not have, is not named.
#[test]
fn what_is_not_there_is_not_named() {
    let (mut bench, ann) = (Bench::new(1), granted());
    let https =
        [ProfileName::JSONServerKMIPV1_4, ProfileName::XMLServerKMIPV1_0, ProfileName::HTTPSServerKMIPV1_1];
    let plain = names(&told(&mut bench, &ann, V1_4));
    assert!(!https.iter().any(|name| plain.contains(name)));
    let uri = Some("https://kms.example.com/kmip".to_owned());
    bench.settings.transports.https =
        vec![Place { uri: uri.clone(), port: 443 }, Place { uri: None, port: 5697 }];
    let reached = told(&mut bench, &ann, V1_4);
    for name in https {
        let places: Vec<_> = reached.iter().filter(|information| information.name == name).collect();
        assert_eq!(places.len(), 2, "{name:?} once a place");
        assert_eq!((places[0].server_uri.as_ref(), places[0].server_port), (uri.as_ref(), Some(443)));
        assert_eq!((places[1].server_uri.as_ref(), places[1].server_port), (None, Some(5697)));
    }

    let levels = [
        (128, ProfileName::SuiteBMinLOS_128ServerKMIPV1_4),
        (192, ProfileName::SuiteBMinLOS_192ServerKMIPV1_4),
    ];
    for (bits, name) in levels {
        bench.settings.transports.suite_b = Some(bits);
        let named = names(&told(&mut bench, &ann, V1_4));
        let these: Vec<_> = levels.iter().filter(|(_, other)| named.contains(other)).collect();
        assert_eq!(these, [&(bits, name)]);
    }

    let foundry = ProfileName::SymmetricKeyFoundryServerKMIPV1_4;
    assert!(names(&told(&mut bench, &ann, V1_4)).contains(&foundry));
    assert!(
        !names(&told(&mut bench, &principal("bob", &[]), V1_4)).contains(&foundry),
        "3DES is not for all"
    );

    bench.settings.withheld = vec![CryptographicAlgorithm::OneTimePad];
    assert!(!told(&mut bench, &ann, V1_4).is_empty());
    bench.settings.withheld = vec![CryptographicAlgorithm::AES];
    assert!(told(&mut bench, &ann, V1_4).is_empty(), "no profile gets keys that stay here");
}

#[test]
fn places_are_checked() {
    let place = |uri: &str, port| Place { uri: Some(uri.to_owned()), port }.check();
    assert!(place("https://kms.example.com/kmip", 443).is_ok());
    for wrong in ["http://kms.example.com/kmip", "https://kms.example.com/", "kms.example.com"] {
        assert!(place(wrong, 443).is_err(), "{wrong}");
    }
    assert!(place("https://kms.example.com/kmip", 0).is_err());
}
