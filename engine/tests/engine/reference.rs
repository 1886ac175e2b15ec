//! The reference pages (`docs/reference/`), written from the tables of the protocol and from what the engine does when it
//! is asked. `make reference` writes them anew; without it the test fails where a page is not what the tables say.

mod algorithms;
mod attributes;
mod enumerations;
mod keys;
mod keyspace;
mod operations;
mod page;
mod pkcs11;

use crate::support::checkout;

/// What makes the text of a page.
type Page = fn() -> String;

const PAGES: &[(&str, Page)] = &[
    ("operations.md", operations::page),
    ("attributes.md", attributes::page),
    ("enumerations.md", enumerations::page),
    ("algorithms.md", algorithms::page),
    ("keys.md", keys::page),
    ("keyspace.md", keyspace::page),
    ("pkcs11.md", pkcs11::page),
];

#[test]
fn pages_say_what_the_tables_say() {
    let folder = checkout().join("docs/reference");
    let update = std::env::var_os("KEYSTEAD_REFERENCE_UPDATE").is_some();
    let mut stale = Vec::new();
    for (name, page) in PAGES {
        let (file, text) = (folder.join(name), page());
        if update {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&file, &text).unwrap();
        } else if std::fs::read_to_string(&file).unwrap_or_default() != text {
            stale.push(*name);
        }
    }
    assert!(
        stale.is_empty(),
        "{} in docs/reference: not what the tables say; `make reference` writes them anew",
        stale.join(", ")
    );
}
