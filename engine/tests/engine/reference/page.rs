//! What all pages are made of: tables, versions, clauses.

use kmip_codec::Version;
use kmip_codec::clauses::Clause;
use kmip_codec::enums::TABLES;
use kmip_codec::version::{V1_0, V2_1, VERSIONS};

/// The head of a page.
pub fn head(title: &str, text: &str) -> String {
    format!(
        "<!-- Made by engine/tests/engine/reference from the tables. Do not edit: `make reference` writes it anew. -->\n\n\
         # {title}\n\n{text}\n"
    )
}

/// A table.
pub fn table(columns: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = line(&columns.iter().map(|column| (*column).to_owned()).collect::<Vec<_>>());
    text += &line(&vec!["---".to_owned(); columns.len()]);
    rows.into_iter().for_each(|cells| text += &line(&cells));
    text
}

/// The versions of a row: `all`, `from 1.2`, `1.0 to 1.4`.
pub fn versions(is_in: impl Fn(Version) -> bool) -> String {
    let has: Vec<Version> = VERSIONS.into_iter().filter(|version| is_in(*version)).collect();
    match (has.first(), has.last()) {
        (Some(first), Some(last)) if *first == V1_0 && *last == V2_1 => "all".to_owned(),
        (Some(first), Some(last)) if *last == V2_1 => format!("from {first}"),
        (Some(first), Some(last)) if first == last => format!("{first} alone"),
        (Some(first), Some(last)) => format!("{first} to {last}"),
        _ => "none".to_owned(),
    }
}

/// A clause in every version that has it: `1.0: 4.10; 1.1 to 1.4: 4.11; 2.0: 6.1.19`.
pub fn clauses(clause: Clause) -> String {
    let mut spans: Vec<(Version, Version, &str)> = Vec::new();
    for version in VERSIONS {
        let Some(number) = clause.number(version) else { continue };
        match spans.last_mut().filter(|span| span.2 == number) {
            Some(span) => span.1 = version,
            None => spans.push((version, version, number)),
        }
    }
    let spell = |(first, last, number): &(Version, Version, &str)| match first == last {
        true => format!("{first}: {number}"),
        false => format!("{first} to {last}: {number}"),
    };
    spans.iter().map(spell).collect::<Vec<_>>().join("; ")
}

/// A type of Rust without what tells how often it occurs, linked where a page has it; and how often.
pub fn occurrence(ty: &str) -> (String, &'static str) {
    let ty: String = ty.chars().filter(|c| !c.is_whitespace()).collect();
    let inside = |outer: &str| ty.strip_prefix(outer).and_then(|rest| rest.strip_suffix('>'));
    match (inside("Option<"), inside("Vec<")) {
        (Some(inner), _) => (linked(inner), "at most once"),
        (_, Some(inner)) => (linked(inner), "any number"),
        _ => (linked(&ty), "once"),
    }
}

/// Words for the types that have no page; enumerations have one.
pub fn linked(ty: &str) -> String {
    if TABLES.iter().any(|table| table.name == ty) {
        return format!("[{ty}](enumerations.md#{})", ty.to_lowercase());
    }
    let word = match ty {
        "CalledFunction" => "[PKCS11Function](enumerations.md#pkcs11function), or an Integer",
        "i32" => "Integer",
        "i64" => "Long Integer",
        "bool" => "Boolean",
        "String" => "Text String",
        "SecretText" => "Text String (secret)",
        "Bytes" => "Byte String",
        "SecretBytes" => "Byte String (secret)",
        "DateTime" => "Date-Time",
        "BigInteger" => "Big Integer",
        "ItemValue" => "any",
        "ManagedObject" => "the object, under the tag of its type",
        other => other,
    };
    word.to_owned()
}

/// The first sentence of a row's own words, with the clause behind it left out: it has its own column.
pub fn words(doc: &str) -> &str {
    let doc = doc.trim();
    doc.rfind(" (")
        .filter(|_| doc.ends_with(")."))
        .and_then(|at| doc.get(..at))
        .unwrap_or(doc.trim_end_matches('.'))
}
