//! The cases that cannot pass: the table of `docs/conformance.md`, which must be true. Every other case passes, and none
//! of these does.

use std::collections::BTreeSet;

const PAGE: &str = include_str!("../../docs/conformance.md");

/// The most rows of the table; more would need a very good reason each.
const ROWS_MAX: usize = 10;

/// The cases of the table.
pub fn cases() -> BTreeSet<&'static str> {
    let rows: Vec<&str> =
        PAGE.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).map(|row| row.0).collect();
    assert!(rows.len() <= ROWS_MAX, "{} cases are called impossible in docs/conformance.md", rows.len());
    rows.into_iter().collect()
}

/// What the table and a run say differently.
pub fn differences(ran: &BTreeSet<&str>, passed: &BTreeSet<&str>) -> Vec<String> {
    let impossible = cases();
    let unknown = ran.difference(passed).filter(|name| !impossible.contains(*name));
    let wrong = impossible.intersection(passed);
    unknown
        .map(|name| format!("{name} fails, and docs/conformance.md does not say why it must"))
        .chain(wrong.map(|name| format!("{name} passes, and docs/conformance.md says that it cannot")))
        .collect()
}
