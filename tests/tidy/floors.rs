//! The floors of the house: a module imports what stands below it, and nothing above, so that no part is in a circle with another.
#![allow(clippy::indexing_slicing, reason = "a test: it stops where it stands")]

use super::{root, sources};
use std::collections::{BTreeMap, BTreeSet};

/// The engine, from the ground up. A row is one module with all that is in it, but for what has a row of its own; or a few that
/// know each other. It imports the rows above it in this list.
const ENGINE: &[&str] = &[
    // What is wanted of the outside, and what is told a client.
    "changes",
    "rights::identity rights::names rights::reference rights::joiners",
    "administration::protocol",
    "need",
    "refusal",
    // What stands in the store, and who clients are.
    "keyspace",
    "objects::attribute_set",
    "lifecycle::states",
    "notifications::notes",
    "rights::persona",
    "rights::attestation",
    "rights::principal",
    // What the engine is given.
    "query::server_information",
    "settings",
    "work",
    "world",
    // One object, and who may use it.
    "objects::object",
    "objects::freshness",
    "objects::stored",
    "rights::grant",
    "rights::policy",
    "rights::credentials::record",
    "rights::tickets::record",
    "batch_results",
    "asynchronous::record",
    "lifecycle::rotation",
    "attributes::rules",
    "attributes::shown",
    "lifecycle",
    "objects::index",
    "material",
    "fulfilled",
    "rights::weakness",
    // The changes of a batch, and what looks through the store.
    "draft",
    "item_outcome",
    "search",
    "owners",
    "rights::credentials",
    "notifications::notification",
    "notifications::object_facts",
    // What an operation works with.
    "context",
    "rights::tickets",
    "cryptography",
    "query",
    "objects::references",
    "objects::rng",
    "objects::storage",
    "objects::usage",
    "attributes::constraints",
    "objects::creation",
    "objects::raw",
    "objects::pair",
    "objects::splitting",
    "objects::derivation",
    "objects::rekey",
    "objects::wrapping",
    "objects::container",
    "objects::intake",
    "objects::release",
    "objects::imported",
    "certificates",
    "groups",
    "pkcs11",
    "administration",
    "asynchronous",
    // A batch reaches the operations through the trait that they implement.
    "dispatch",
    "batch",
    "asynchronous::done",
    "notifications::push",
    "rotation",
    "ops",
    "soundness",
];

/// The parts of the server, from the ground up. Who accepts connections stands highest: it knows all that a connection may come to.
const HOUSE: &[&str] = &[
    "swap",
    "suite_b",
    "admission",
    "pki",
    "authenticate::password",
    "config",
    "authority",
    "authenticate",
    "listen",
    "session",
    "http",
    "explain",
    "endpoints::mailbox",
    "executor",
    "endpoints",
    "jobs",
    "server",
    "listen::accept",
];

/// The commands and what only they use: they may import every part of the server, and none of those imports them.
const COMMANDS: &[&str] = &["admin", "bench", "check", "dev", "exit", "logged", "softhsm", "start", "unlock"];

/// A module by its path in its package.
type Path = Vec<String>;

#[test]
fn the_engine_imports_nothing_from_a_floor_above() {
    let wrong = imports_up("engine/src", ENGINE, &[]);
    assert!(wrong.is_empty(), "an import leads up the floors of tests/tidy/floors.rs:\n{}", wrong.join("\n"));
}

#[test]
fn the_parts_of_the_server_import_nothing_from_a_floor_above() {
    let wrong = imports_up("src", HOUSE, COMMANDS);
    assert!(wrong.is_empty(), "an import leads up the floors of tests/tidy/floors.rs:\n{}", wrong.join("\n"));
}

/// The imports within the sources of a package that lead up, and the modules that have no row.
fn imports_up(folder: &str, rows: &[&str], commands: &[&str]) -> Vec<String> {
    let modules = modules(folder);
    let mut floors = BTreeMap::new();
    for (floor, row) in rows.iter().enumerate() {
        for name in row.split(' ') {
            let path: Path = name.split("::").map(str::to_owned).collect();
            assert!(modules.contains_key(&path), "{name} has a row and is no module");
            assert!(floors.insert(path, floor).is_none(), "{name} has two rows");
        }
    }
    let floor_of = |module: &Path| (1..=module.len()).rev().find_map(|length| floors.get(&module[..length]));
    let is_command = |module: &Path| module.first().is_some_and(|name| commands.contains(&name.as_str()));
    let mut wrong = Vec::new();
    for (module, text) in &modules {
        if *module == ["main"] || *module == ["lib"] || is_command(module) {
            continue;
        }
        // A folder that only holds others has no floor.
        let Some(floor) = floor_of(module) else {
            let only_declares = code(text).lines().all(|line| line.is_empty() || line.contains("mod "));
            if !only_declares {
                wrong.push(format!("{}: it has no row", module.join("::")));
            }
            continue;
        };
        for import in imports(module, text, &modules) {
            if is_command(&import) || floor_of(&import).is_some_and(|other| other > floor) {
                wrong.push(format!("{} imports {}", module.join("::"), import.join("::")));
            }
        }
    }
    wrong
}

/// Every module of a package with its text.
fn modules(folder: &str) -> BTreeMap<Path, String> {
    let path = |name: &str| {
        let name = name.strip_prefix(folder)?.strip_prefix('/')?.strip_suffix(".rs")?;
        Some(name.strip_suffix("/mod").unwrap_or(name).split('/').map(str::to_owned).collect())
    };
    assert!(root().join(folder).join("lib.rs").is_file());
    sources().into_iter().filter_map(|(name, text)| Some((path(&name)?, text))).collect()
}

/// The text without comments and without its tests.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The modules that a module imports or names.
fn imports(module: &Path, text: &str, modules: &BTreeMap<Path, String>) -> BTreeSet<Path> {
    let code = code(text);
    let mut named = Vec::new();
    for (start, _) in code.match_indices("use ") {
        let is_item = code[..start].rsplit('\n').next().is_none_or(|before| {
            let before = before.trim();
            before.is_empty() || before.starts_with("pub")
        });
        if let Some((tree, _)) = code[start + 4..].split_once(';').filter(|_| is_item) {
            named.extend(expanded(&tree.split_whitespace().collect::<Vec<_>>().join(" ")));
        }
    }
    for word in ["crate::", "super::", "self::"] {
        named.extend(code.match_indices(word).map(|(start, _)| path_at(&code[start..])));
    }
    let mut found = BTreeSet::new();
    for path in named {
        let (path, called) = path.split_once(" as ").unwrap_or((&path, ""));
        let Some(absolute) = absolute(module, path, modules) else { continue };
        let known = longest(&absolute, modules);
        // What is named through an imported module may be in a part of it that has a row of its own.
        if known == absolute {
            let called = if called.is_empty() { absolute.last().map_or("", String::as_str) } else { called };
            let through = format!("{called}::");
            for (start, _) in code.match_indices(&through) {
                if !code[..start].ends_with(|before: char| before.is_alphanumeric() || "_:".contains(before))
                {
                    let rest = path_at(&code[start + through.len()..]);
                    let whole = absolute.iter().cloned().chain(rest.split("::").map(str::to_owned)).collect();
                    found.insert(longest(&whole, modules));
                }
            }
        }
        found.insert(known);
    }
    found
}

/// Every path of a tree of `use`.
fn expanded(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((before, body)) = tree.split_once('{') else { return vec![tree.to_owned()] };
    let body = body.strip_suffix('}').unwrap_or(body);
    let (mut depth, mut parts, mut part) = (0, Vec::new(), String::new());
    for letter in body.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(std::mem::take(&mut part));
                continue;
            }
            _ => {}
        }
        part.push(letter);
    }
    parts.push(part);
    let parts = parts.iter().filter(|part| !part.trim().is_empty());
    parts.flat_map(|part| expanded(part)).map(|part| format!("{before}{part}")).collect()
}

/// The path with which a text begins.
fn path_at(text: &str) -> String {
    let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != ':');
    text[..end.unwrap_or(text.len())].trim_end_matches(':').to_owned()
}

/// A path from the root of the crate, if it is one of the crate.
fn absolute(module: &Path, path: &str, modules: &BTreeMap<Path, String>) -> Option<Path> {
    let mut parts =
        path.split("::").map(str::trim).filter(|part| *part != "self" || path == "self").peekable();
    let mut from = module.clone();
    match *parts.peek()? {
        "crate" => {
            parts.next();
            from.clear();
        }
        "super" => {
            while parts.next_if_eq(&"super").is_some() {
                from.pop();
            }
        }
        // A part of the module itself.
        first => {
            from.push(first.to_owned());
            if !modules.contains_key(&from) {
                return None;
            }
            parts.next();
        }
    }
    from.extend(parts.map(str::to_owned));
    Some(from)
}

/// The module in which a path ends.
fn longest(path: &Path, modules: &BTreeMap<Path, String>) -> Path {
    let length = (0..=path.len()).rev().find(|length| modules.contains_key(&path[..*length]));
    path[..length.unwrap_or_default()].to_vec()
}

/// Whatever the form of an import, it is seen.
#[test]
fn imports_are_seen_in_every_form() {
    let modules: BTreeMap<Path, String> = ["a", "a::b", "a::b::c", "d", "d::e"]
        .iter()
        .map(|name| (name.split("::").map(str::to_owned).collect(), String::new()))
        .collect();
    let module: Path = vec!["a".to_owned(), "b".to_owned()];
    for text in [
        "use crate::d::e::Thing;",
        "use crate::{a, d::{self, e::{One, Two}}};",
        "use super::super::d::e;",
        "pub use crate::d;\nfn f() { d::e::run() }",
        "use crate::d as other;\nfn f() -> other::e::Thing {}",
        "fn f() { crate::d::e::run() }",
    ] {
        let found = imports(&module, text, &modules);
        assert!(found.contains(&vec!["d".to_owned(), "e".to_owned()]), "{text}: {found:?}");
    }
    let found = imports(&module, "pub use c::Thing;\n// crate::d::e\n", &modules);
    assert_eq!(found, BTreeSet::from([["a", "b", "c"].map(str::to_owned).to_vec()]));
}
