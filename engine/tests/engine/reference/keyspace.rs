//! The keys of the store, from their table.

use super::page::{head, table};
use keystead_records::keyspace::{Kept, ROWS, Row, Whose};

/// The page.
pub fn page() -> String {
    let text = "Every record of a store begins with one of these bytes. Numbers are big-endian; the tenant has 4 bytes, a digest is \
                the first 16 bytes of a SHA-256, a number of the audit or a time has 8 bytes, an epoch, a generation or the number of a \
                key-encryption key 4. `keystead check` counts the records by these names, and finds what has no row here.\n\n\
                *Sealed* values are encrypted under a key of the hierarchy; *authenticated* ones are readable and stand under a MAC of \
                such a key; *listed* ones are readable, and covered by a chain of hashes (the audit) or by the list of the hierarchy's \
                rows; *plain* ones are readable, and checked against others. Where several servers hold one population of objects, all \
                have the same *shared* records, and each has *its own* of the others.\n";
    let columns =
        ["begins with", "records", "then, in the key", "value", "kept", "in a backup", "whose", "module"];
    format!("{}\n{}", head("Keys of the store", text), table(&columns, ROWS.iter().map(cells)))
}

fn cells(row: &Row) -> Vec<String> {
    let kept = match row.kept {
        Kept::Sealed => "sealed",
        Kept::Authenticated => "authenticated",
        Kept::Listed => "listed",
        Kept::Plain => "plain",
    };
    let whose = match row.whose {
        Whose::Shared => "shared",
        Whose::Node => "its own",
    };
    let prefix = String::from_utf8_lossy(row.prefix);
    let in_backup = if row.in_backup { "yes" } else { "no" };
    vec![
        format!("`{prefix}`"),
        row.name.to_owned(),
        row.key.to_owned(),
        row.value.to_owned(),
        kept.to_owned(),
        in_backup.to_owned(),
        whose.to_owned(),
        format!("`{}`", row.owner),
    ]
}
