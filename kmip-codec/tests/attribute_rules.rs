//! The rules of the table of attributes are those of the specifications, version by version: each "Attribute Rules" table
//! is read from their text and held against its row.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stderr, reason = "a test")]

use kmip_codec::attributes::{ATTRIBUTE_ROWS, AttributeRow, Count, SetBy};
use kmip_codec::version::{V1_3, V1_4, V2_0, VERSIONS};
use kmip_codec::{Tag, Version};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The cells of one table, by what stands in the first column.
type Rules = BTreeMap<String, String>;

/// Rows whose table has another title.
const TITLES: &[(Tag, &str)] = &[
    (Tag::Link, "Link Attribute Structure Rules"),
    (Tag::Comment, "Comment Rules"),
    (Tag::PKCS_12FriendlyName, "Friendly Name Attribute Rules"),
    (Tag::ProtectionStorageMask, "Protection Storage Mask Rules"),
];

/// Rows that have no table of rules in these versions, and why they are as they are.
const WITHOUT_TABLE: &[(Tag, &[Version], &str)] = &[
    (Tag::NISTKeyType, &[V2_0, kmip_codec::version::V2_1], "the clause has no rules: a client says it, once"),
    (Tag::KeyValueLocation, &[V2_0], "the clause has lost its table, which 1.4 and 2.1 have"),
];

/// The parts of the names in a certificate share one table from 2.0 on; 1.4 has none.
fn is_part_of_a_name(row: &AttributeRow) -> bool {
    let part = |before: &str| row.name.starts_with(before) && row.name != before.trim_end();
    part("Certificate Subject ") || part("Certificate Issuer ")
}

fn text(version: Version) -> Option<String> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/oasis");
    let cases = std::env::var_os("KEYSTEAD_OASIS").map_or(beside, PathBuf::from);
    std::fs::read_to_string(cases.join(format!("../spec/kmip-{version}.md"))).ok()
}

/// Every table of rules, by its title.
fn tables(text: &str) -> BTreeMap<String, Rules> {
    let (mut tables, mut rules) = (BTreeMap::new(), Rules::new());
    for line in text.lines() {
        let cells = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" |"));
        if let Some((name, value)) = cells.and_then(|cells| cells.split_once(" | ")) {
            if name == "SHALL always have a value" {
                rules.clear();
            }
            rules.insert(name.to_owned(), value.to_owned());
        }
        let title = line.strip_prefix("Table ").and_then(|line| line.split_once(": "));
        if let Some((_, title)) = title.filter(|_| rules.contains_key("Initially set by")) {
            tables.insert(title.to_owned(), std::mem::take(&mut rules));
        }
    }
    tables
}

fn is_yes(rules: &Rules, name: &str) -> bool {
    rules[name].starts_with("Yes")
}

/// What differs between a row and its table.
fn differences(row: &AttributeRow, rules: &Rules) -> Vec<String> {
    let first = &rules["Initially set by"];
    let set_by = match (first.contains("lient"), first.contains("erver")) {
        (true, true) => SetBy::Both,
        (true, false) => SetBy::Client,
        _ => SetBy::Server,
    };
    let count = if is_yes(rules, "Multiple instances permitted") { Count::Many } else { Count::One };
    let (modifiable, deletable) =
        (is_yes(rules, "Modifiable by client"), is_yes(rules, "Deletable by client"));
    let rows = [
        ("set by", format!("{:?}", row.set_by), format!("{set_by:?}")),
        ("count", format!("{:?}", row.count), format!("{count:?}")),
        ("modifiable", row.modifiable.to_string(), modifiable.to_string()),
        ("deletable", row.deletable.to_string(), deletable.to_string()),
    ];
    let differ = rows.into_iter().filter(|(_, ours, theirs)| ours != theirs);
    differ.map(|(what, ours, theirs)| format!("{what}: {ours}, and the specification has {theirs}")).collect()
}

/// Which objects may have it is asked of the newest version alone: the older ones are narrower, and the objects are the same.
fn applies(row: &AttributeRow, rules: &Rules) -> bool {
    let all = rules.get("Applies to Object Types").is_some_and(|types| types.starts_with("All"));
    row.set_by == SetBy::Server || row.objects.is_empty() == all
}

#[test]
fn rows_say_what_the_rules_of_the_specifications_say() {
    let mut compared = 0;
    for version in VERSIONS {
        let Some(text) = text(version) else {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "no text of {version}: set KEYSTEAD_OASIS");
            return eprintln!("SKIPPED: the specifications are not beside this checkout");
        };
        let tables = tables(&text);
        for row in ATTRIBUTE_ROWS.iter().filter(|row| (row.is_in)(version)) {
            let named = TITLES.iter().find(|(tag, _)| *tag == row.tag).map(|(_, title)| (*title).to_owned());
            let title = match named {
                Some(title) => title,
                None if is_part_of_a_name(row) && version >= V2_0 => "Certificate Attribute Rules".to_owned(),
                None => format!("{} Attribute Rules", row.name),
            };
            let Some(rules) = tables.get(&title) else {
                let known = WITHOUT_TABLE
                    .iter()
                    .any(|(tag, versions, _)| *tag == row.tag && versions.contains(&version));
                assert!(
                    known || (is_part_of_a_name(row) && version == V1_4),
                    "no table {title:?} in {version}"
                );
                continue;
            };
            let differ = differences(row, rules);
            assert!(differ.is_empty(), "{} in {version}: {}", row.name, differ.join("; "));
            let newest = version == *VERSIONS.last().unwrap();
            assert!(!newest || applies(row, rules), "{}: applies to other objects", row.name);
            compared += 1;
        }
        assert!(version > V1_3 || compared > 0);
    }
    assert!(compared > 300, "{compared} rows compared");
}
