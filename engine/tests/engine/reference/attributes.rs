//! Attributes, each with its rules.

use super::page::{clauses, head, linked, table, versions, words};
use kmip_codec::attributes::{ATTRIBUTE_ROWS, AttributeRow, Count, SetBy};
use kmip_codec::clauses::Clause;
use kmip_codec::enums::ObjectType;
use kmip_codec::version::V2_1;

pub fn page() -> String {
    let mut text = head(
        "Attributes",
        &format!(
            "All {} attributes of KMIP 1.0 to 2.1 are kept, found by Locate and given back. In 2.x an attribute stands \
             under its tag, in 1.x under its name. Besides them an object may have any attributes of vendors and \
             applications (`x-` and `y-` names in 1.x). Who breaks a rule of this table is refused, and no attribute \
             is sent to a client in a version that does not have it.",
            ATTRIBUTE_ROWS.len()
        ),
    );
    text += "\n";
    let columns = ["attribute", "type", "versions", "how many", "first set by", "a client may", "for"];
    text += &table(&columns, ATTRIBUTE_ROWS.iter().map(rules));
    text += "\n## What they mean\n\n";
    text +=
        &table(&["attribute", "tag", "name in 1.x", "meaning", "clause"], ATTRIBUTE_ROWS.iter().map(meaning));
    text
}

fn rules(row: &AttributeRow) -> Vec<String> {
    let may = match (row.modifiable, row.deletable) {
        (true, true) => "modify, delete",
        (true, false) => "modify",
        (false, true) => "delete",
        (false, false) => "read",
    };
    let set_by = match row.set_by {
        SetBy::Server => "server",
        SetBy::Client => "client",
        SetBy::Both => "either",
    };
    vec![
        row.tag.to_string(),
        linked(row.value),
        versions(row.is_in),
        if row.count == Count::One { "one" } else { "many" }.to_owned(),
        set_by.to_owned(),
        may.to_owned(),
        objects(row.objects),
    ]
}

fn objects(types: &[ObjectType]) -> String {
    let names: Vec<&str> = types.iter().filter_map(|kind| kind.name(V2_1)).collect();
    if names.is_empty() { "all objects".to_owned() } else { names.join(", ") }
}

fn meaning(row: &AttributeRow) -> Vec<String> {
    let name = if (row.is_in)(V2_1) && versions(row.is_in).starts_with("from 2") { "" } else { row.name };
    vec![
        row.tag.to_string(),
        format!("0x{:06X}", row.tag.0),
        name.to_owned(),
        words(row.doc).to_owned(),
        clauses(Clause::Attribute(row.tag)),
    ]
}
