//! Enumerations and masks, each value with its number.

use super::page::{head, table, versions, words};
use kmip_codec::enums::{TABLES, Table};

pub fn page() -> String {
    let mut tables = TABLES.to_vec();
    tables.sort_by_key(|table| table.name);
    let mut text = head(
        "Enumerations and masks",
        "Every value is read and written in the versions that have it; a number without a name survives. What the server \
         does with algorithms, modes and digests is in [algorithms](algorithms.md), with operations in \
         [operations](operations.md).",
    );
    text += "\n";
    let contents = tables.iter().map(|table| format!("[{}](#{})", table.name, table.name.to_lowercase()));
    text += &contents.collect::<Vec<_>>().join(" · ");
    text += "\n";
    tables.iter().for_each(|table| text += &section(table));
    text
}

fn section(one: &Table) -> String {
    let rows = one
        .rows
        .iter()
        .map(|(number, name, is_in)| vec![(*name).to_owned(), format!("0x{number:X}"), versions(*is_in)]);
    format!("\n## {}\n\n{}.\n\n{}", one.name, words(one.doc), table(&["value", "number", "versions"], rows))
}
