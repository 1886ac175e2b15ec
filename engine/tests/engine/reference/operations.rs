//! Operations, each with its fields.

use super::page::{clauses, head, occurrence, table, versions, words};
use kmip_codec::clauses::Clause;
use kmip_codec::declare::FieldRow;
use kmip_codec::operations::{OPERATION_ROWS, Operation, OperationRow};
use kmip_codec::version::V2_1;

pub fn page() -> String {
    let served = OPERATION_ROWS.iter().filter(|row| row.served).count();
    let mut text = head(
        "Operations",
        &format!(
            "KMIP 1.0 to 2.1 have {} operations. Keystead serves {served} of them: what is *served* is performed and \
             announced by Query, what is *sent* goes from the server to clients, and what is *declared* can be read and \
             written by the codec and is refused by the server with Operation Not Supported.",
            OPERATION_ROWS.len()
        ),
    );
    text += "\n";
    text +=
        &table(&["operation", "number", "versions", "what it does", ""], OPERATION_ROWS.iter().map(summary));
    OPERATION_ROWS.iter().for_each(|row| text += &section(row));
    text
}

fn name(row: &OperationRow) -> &'static str {
    row.operation.name(V2_1).unwrap()
}

fn summary(row: &OperationRow) -> Vec<String> {
    vec![
        format!("[{}](#{})", name(row), name(row).to_lowercase()),
        format!("0x{:02X}", row.operation.0),
        versions(row.is_in),
        words(row.doc).to_owned(),
        standing(row).to_owned(),
    ]
}

fn standing(row: &OperationRow) -> &'static str {
    match (row.served, row.sent) {
        (true, _) => "served",
        (_, true) => "sent",
        _ => "declared",
    }
}

fn section(row: &OperationRow) -> String {
    let mut text = format!("\n## {}\n\n{}. {}.\n\n", name(row), words(row.doc), capital(standing(row)));
    text += &format!("- Versions: {}\n", versions(row.is_in));
    text += &format!("- Clause: {}\n", clauses(Clause::Operation(row.operation)));
    text += &format!("- Its errors: {}\n", clauses(Clause::Errors(row.operation)));
    if row.operation == Operation::PKCS_11 {
        text += "- Its functions: [pkcs11.md](pkcs11.md)\n";
    }
    text += &fields("Request", row.request, row);
    text += &fields("Answer", row.response, row);
    text
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn fields(what: &str, fields: &[FieldRow], row: &OperationRow) -> String {
    if fields.is_empty() {
        return format!("\n{what}: no fields.\n");
    }
    let lines = fields.iter().flat_map(|field| {
        let (ty, often) = occurrence(field.occurs);
        field.tags.iter().map(move |(tag, is_in)| {
            vec![tag.to_string(), ty.clone(), often.to_owned(), versions(|v| is_in(v) && (row.is_in)(v))]
        })
    });
    format!("\n{what}:\n\n{}", table(&["field", "type", "occurs", "versions"], lines))
}
