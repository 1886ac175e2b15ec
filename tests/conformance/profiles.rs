//! The profiles that the servers name, against the cases that prove them. KMIP 1.1 and 2.0 have no files: the cases of
//! their neighbours, sent in their version, take their place.

use super::case::{Case, Node};
use super::{Outcome, impossible};
use crate::support::dev::Dev;
use keystead::engine::query::profiles::PROFILES;
use kmip_codec::Version;
use kmip_codec::enums::QueryFunction;
use kmip_codec::message::{RequestItem, RequestMessage, ResponseMessage};
use kmip_codec::operations::{Call as _, Operation, Response};
use kmip_codec::payloads::QueryRequest;
use kmip_codec::version::{V1_4, V2_0, V2_1, VERSIONS};
use std::collections::BTreeSet;

/// Versions without files, and those of their neighbours: one of the two must pass, for 1.1 answers now as 1.0 does,
/// now as 1.2.
const NEIGHBOURS: &[(&str, &[&str])] = &[("1.1", &["1.0", "1.2"]), ("2.0", &["2.1"])];

/// A profile that a server has named: its place in the table, and its version.
pub type Named = (usize, Version);

/// What this server names, to clients of every version.
pub fn named(server: &Dev) -> BTreeSet<Named> {
    let mut named = BTreeSet::new();
    for version in [V1_4, V2_0, V2_1] {
        let query = QueryRequest { functions: vec![QueryFunction::QueryProfiles], ..QueryRequest::default() };
        let request = RequestMessage::new(version, vec![RequestItem::from(query.into_request())]);
        let mut wire = crate::support::wire::connect(server, "profiles");
        let answer = ResponseMessage::from_bytes(&wire.exchange(&request.to_bytes()).unwrap()).unwrap();
        let Some(Response::Query(answer)) = &answer.items[0].response else { panic!("{}", answer.to_xml()) };
        for information in &answer.profile_information {
            let mut rows = PROFILES.iter().enumerate().flat_map(|(place, profile)| {
                VERSIONS.map(|of| (place, of, profile.name(of) == Some(information.name)))
            });
            let is_same = |of: Version| match &information.version {
                Some(told) => (told.major, told.minor) == (i32::from(of.major), i32::from(of.minor)),
                None => of < V2_0,
            };
            let row = rows.find(|(_, of, same)| *same && is_same(*of));
            let (place, of, _) = row.unwrap_or_else(|| panic!("{information:?} is not in the table"));
            named.insert((place, of));
        }
    }
    named
}

/// Whether a case is one of those of a profile that was named.
pub fn proves(named: &BTreeSet<Named>, case: &Case) -> bool {
    let stem = case.stem();
    named
        .iter()
        .any(|(place, version)| version.to_string() == case.version && PROFILES[*place].is_proven_by(stem))
}

/// The cases of named profiles that failed and could have passed.
pub fn broken<'r>(named: &BTreeSet<Named>, results: &'r [Outcome]) -> Vec<&'r str> {
    let failed = results.iter().filter(|(case, result)| result.is_err() && proves(named, case));
    let passed_otherwise = |name: &str| {
        let same = |other: &str| {
            other != name && other.rsplit_once('-').unwrap().0 == name.rsplit_once('-').unwrap().0
        };
        results.iter().any(|(case, result)| result.is_ok() && same(&case.name))
    };
    let failed = failed.map(|(case, _)| case.name.as_str());
    let impossible = impossible::cases();
    let file = |name: &str| name.split_once('/').unwrap().1.to_owned();
    let is_impossible = |name: &str| impossible.iter().any(|other| file(other) == file(name));
    failed.filter(|name| !is_impossible(name) && !passed_otherwise(name)).collect()
}

/// Named profiles without any case.
pub fn pending_attestation(named: &BTreeSet<Named>, results: &[Outcome]) -> Vec<String> {
    let is_proven = |(place, version): &&Named| {
        results.iter().any(|(case, _)| proves(&BTreeSet::from([(*place, *version)]), case))
    };
    let without = named.iter().filter(|row| !is_proven(row));
    without.map(|(place, version)| format!("{:?}", PROFILES[*place].name(*version))).collect()
}

/// The cases of the neighbours in the versions that have no files.
pub fn carried_over(cases: &[Case]) -> Vec<Case> {
    let all = NEIGHBOURS.iter().flat_map(|(version, from)| {
        let near = cases.iter().filter(|case| from.contains(&case.version.as_str()));
        let of = VERSIONS.into_iter().find(|of| of.to_string() == *version).unwrap();
        let profiles = PROFILES.iter().filter(move |profile| profile.name(of).is_some());
        let proving = near.filter(move |case| {
            let name = case.stem();
            profiles.clone().any(|profile| profile.is_proven_by(name))
        });
        proving.filter(move |case| operations_are_in(of, case)).map(|case| carry(case, version))
    });
    all.collect()
}

/// Whether a version has every operation that a case asks for; a case of others says nothing about it.
fn operations_are_in(version: Version, case: &Case) -> bool {
    let mut all = true;
    for step in &case.steps {
        step.request.walk(&mut |node| {
            let is_foreign =
                |name| Operation::by_name(name).is_some_and(|number| !Operation(number).is_in(version));
            all &= node.tag != "Operation" || !is_foreign(&node.value);
        });
    }
    all
}

fn carry(case: &Case, version: &str) -> Case {
    let mut steps = case.steps.clone();
    let minor = version.rsplit_once('.').unwrap().1;
    for step in &mut steps {
        for message in [&mut step.request, &mut step.response] {
            in_version(&mut message.items[0], minor);
            with_format(message);
        }
    }
    let name = format!("{version}/{}", case.stem());
    Case { name, version: version.to_owned(), family: case.family.clone(), steps, irregular: case.irregular }
}

/// From 1.1 on a Digest says of which format it is; which, of a key that the server made, is not compared.
fn with_format(node: &mut Node) {
    let is_digest = node.item("DigestValue").is_some() && node.item("KeyFormatType").is_none();
    if is_digest {
        let kind = Some("Enumeration".to_owned());
        node.items.push(Node { tag: "KeyFormatType".into(), kind, value: "Raw".into(), items: Vec::new() });
    }
    node.items.iter_mut().for_each(with_format);
}

fn in_version(header: &mut Node, minor: &str) {
    for node in header.items.iter_mut().filter(|node| node.tag == "ProtocolVersion") {
        for node in node.items.iter_mut().filter(|node| node.tag == "ProtocolVersionMinor") {
            minor.clone_into(&mut node.value);
        }
    }
}
