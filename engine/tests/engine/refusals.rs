//! The Result Reasons of 1.x are those of the error tables of the specification (KMIP 1.4, section 11).

use crate::support::checkout;
use keystead_engine::refusal::Cause;
use kmip_codec::enums::ResultReason;
use kmip_codec::operations::{OPERATION_ROWS, Operation};
use kmip_codec::version::V1_4;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Reasons of a table that nothing here leads to, and why.
const NEVER: &[(&str, &str)] = &[
    ("Index Out of Bounds", "attributes have no limit of instances"),
    ("Not Supported", "no such reason: Key Format Type Not Supported stands for it"),
    ("Cryptographic Failure?", "the question mark is the specification's; so is Cryptographic Failure"),
    ("Key Format Type and/or Key Compression Type Not Supported", "two reasons in one cell"),
    ("Not Extractble", "a misprint"),
    ("N/A", "no error"),
];

fn text() -> Option<String> {
    let beside = checkout().join("../shared/oasis");
    let cases = std::env::var_os("KEYSTEAD_OASIS").map_or(beside, PathBuf::from);
    std::fs::read_to_string(cases.join("../spec/kmip-1.4.md")).ok()
}

/// Letters and digits alone, in lower case.
fn plain(text: &str) -> String {
    text.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect()
}

/// The reasons of each table, by the heading over it.
fn tables(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let (mut tables, mut heading) = (BTreeMap::<String, BTreeSet<String>>::new(), None);
    for line in text.lines() {
        if let Some((number, title)) = line.split_once(char::is_whitespace)
            && number.strip_prefix("11.").is_some_and(|n| n.chars().all(|c| c.is_ascii_digit()))
        {
            heading = Some(plain(title).trim_end_matches("errors").to_owned());
        } else if line.starts_with("12 ") {
            heading = None;
        }
        let cells = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" |"));
        if let (Some(cells), Some(heading)) = (cells, &heading)
            && let Some((_, reason)) = cells.rsplit_once(" | ")
            && reason != "Result Reason"
        {
            tables.entry(heading.clone()).or_default().insert(reason.trim_end_matches('.').to_owned());
        }
    }
    tables
}

/// What an operation may fail for: for every cause there is.
fn reasons(operation: Operation) -> BTreeMap<String, Cause> {
    let name = |reason: ResultReason| plain(reason.name(V1_4).unwrap_or_default());
    Cause::ALL.iter().map(|cause| (name(cause.reason(V1_4, Some(operation))), *cause)).collect()
}

#[test]
fn reasons_of_1_x_stand_in_the_tables_of_the_specification() {
    let Some(text) = text() else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "no specification: set KEYSTEAD_OASIS");
        return eprintln!("SKIPPED: the specifications are not beside this checkout");
    };
    let tables = tables(&text);
    let mut compared = 0;
    for row in OPERATION_ROWS.iter().filter(|row| (row.is_in)(V1_4)) {
        let name = row.operation.name(V1_4).unwrap();
        let Some(table) = tables.get(&plain(name)) else { continue };
        let ours = reasons(row.operation);
        for reason in table.iter().filter(|reason| NEVER.iter().all(|(never, _)| never != reason)) {
            assert!(ours.contains_key(&plain(reason)), "{name}: nothing is answered with {reason}");
        }
        // Reasons that an operation has to itself stand in its own table.
        for cause in Cause::ALL {
            let own = cause.reason(V1_4, Some(row.operation));
            if own == cause.reason(V1_4, None) {
                continue;
            }
            let own = plain(own.name(V1_4).unwrap());
            assert!(table.iter().any(|reason| plain(reason) == own), "{name}: {cause:?} is {own}");
            compared += 1;
        }
    }
    assert!(compared > 30 && tables.len() > 35, "{compared} reasons, {} tables", tables.len());
}
