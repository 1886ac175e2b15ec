//! The clauses that the tables name are those of the specifications: the heading under the number is the name of what it
//! is said to be about.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test")]

use kmip_codec::attributes::ATTRIBUTE_ROWS;
use kmip_codec::clauses::{Clause, Topic};
use kmip_codec::operations::OPERATION_ROWS;
use kmip_codec::version::{V2_0, VERSIONS};
use kmip_codec::{Tag, Version};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Headings that are spelt in another way than the tables spell what they are about.
const OTHER_NAMES: &[(&str, &[&str])] = &[
    ("hash", &["hash"]),
    ("createsplitkey", &["createsplitkeyerrors"]),
    ("joinsplitkey", &["joinsplitkeyerrors"]),
];

/// The headings of a specification by number.
fn headings(version: Version) -> Option<BTreeMap<String, Vec<String>>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/oasis");
    let cases = std::env::var_os("KEYSTEAD_OASIS").map_or(beside, PathBuf::from);
    let text = std::fs::read_to_string(cases.join(format!("../spec/kmip-{version}.md"))).ok()?;
    let mut headings: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in text.lines() {
        let line = line.trim_start_matches('#').trim();
        let Some((number, title)) = line.split_once(char::is_whitespace) else { continue };
        if number.contains('.') && number.chars().all(|c| c.is_ascii_digit() || c == '.') {
            headings.entry(number.to_owned()).or_default().push(plain(title));
        }
    }
    Some(headings)
}

/// Letters and digits alone, in lower case; the page number of a table of contents goes with its dots.
fn plain(text: &str) -> String {
    text.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect()
}

fn is_about(headings: &BTreeMap<String, Vec<String>>, number: &str, names: &[String]) -> bool {
    headings.get(number).is_some_and(|titles| titles.iter().any(|title| names.contains(title)))
}

#[test]
fn numbers_are_those_of_the_specifications() {
    for version in VERSIONS {
        let Some(headings) = headings(version) else {
            assert!(
                std::env::var("CI").as_deref() != Ok("true"),
                "the specifications are missing: set KEYSTEAD_OASIS"
            );
            return eprintln!("SKIPPED: the specifications are not beside this checkout");
        };
        for row in OPERATION_ROWS.iter().filter(|row| (row.is_in)(version)) {
            let name = plain(row.operation.name(version).unwrap());
            let number = Clause::Operation(row.operation).number(version).unwrap();
            assert!(
                is_about(&headings, number, std::slice::from_ref(&name)),
                "{name} in {version}: {number}"
            );
            let errors = Clause::Errors(row.operation).number(version).unwrap();
            let mut names = vec![name.clone(), format!("errorhandling{name}")];
            names.extend(
                OTHER_NAMES
                    .iter()
                    .filter(|other| other.0 == name)
                    .flat_map(|other| other.1)
                    .map(|n| (*n).to_owned()),
            );
            assert!(is_about(&headings, errors, &names), "errors of {name} in {version}: {errors}");
        }
        for row in ATTRIBUTE_ROWS.iter().filter(|row| (row.is_in)(version)) {
            let Some(number) = Clause::Attribute(row.tag).number(version) else {
                // 1.4 has tags for the parts of certificate names and says nothing about them.
                assert!(row.name.starts_with("Certificate ") && version < V2_0, "{} in {version}", row.name);
                continue;
            };
            let names = [plain(row.name), "certificateattributes".to_owned()];
            assert!(is_about(&headings, number, &names), "{} in {version}: {number}", row.name);
        }
        for topic in Topic::ALL {
            let number = Clause::Topic(*topic).number(version);
            assert!(number.is_none_or(|number| headings.contains_key(number)), "{topic:?} in {version}");
        }
    }
    assert_eq!(Clause::Attribute(Tag::Attribute).number(V2_0), None);
}
