//! The style of the project, as far as a machine can see it.
#![allow(clippy::unwrap_used, reason = "a test: it stops where it stands")]

#[path = "tidy/floors.rs"]
mod floors;

use std::fs;
use std::path::{Path, PathBuf};

/// Tables may be longer than other files, and what tests the codec's.
const TABLES: &[&str] = &[
    "enums/",
    "tags.rs",
    "attributes/table.rs",
    "operations.rs",
    "payloads/",
    "every_operation/rows.rs",
    "kmip-codec/tests/",
];

/// What a file may have in lines, tables and tests apart.
const FILE_LINES_MAX: usize = 400;

/// What a function may have in lines.
const FUNCTION_LINES_MAX: usize = 60;

/// Words that must not stand in a folder, because it does nothing of the kind.
const PURE: &[(&str, &[&str])] = &[
    ("engine/src", &["tokio::", "std::fs", "std::net", "SystemTime", "Instant::", "std::thread", "redb::"]),
    ("kmip-codec/src", &["tokio", "std::fs", "std::net", "SystemTime", "Instant::", "serde"]),
    ("hsm/src", &["kmip", "tokio", "std::net"]),
];

/// The folders of the packages.
const PACKAGES: &[&str] = &[
    "",
    "base",
    "client",
    "crypto",
    "engine",
    "hsm",
    "hsm/faulty-module",
    "kmip-codec",
    "records",
    "store",
    "unlock",
    "vault",
];

/// Files that stand at a C border.
const UNSAFE: &[&str] = &[
    "hsm/src/contexts.rs",
    "hsm/src/locked.rs",
    "hsm/src/secret.rs",
    "hsm/faulty-module/src/forward.rs",
    "client/src/output.rs",
    "client/src/terminal.rs",
    "crypto/src/cipher.rs",
    "crypto/src/digest.rs",
    "crypto/src/drbg.rs",
    "crypto/src/keygen/small_rsa.rs",
    "crypto/src/mac.rs",
    "crypto/src/pkcs12.rs",
    "crypto/src/pkey.rs",
    "crypto/src/x509.rs",
    "src/exit.rs",
    "src/main.rs",
];

/// Names that the project once had for what KMIP, PKI or Rust have a noun of their own for; each with that noun.
const RENAMED: &[(&str, &str)] = &[
    ("Deed", "ItemOutcome"),
    ("Door", "ListenerContext"),
    ("Entrance", "SocketContext"),
    ("Halt", "Interrupt"),
    ("InParts", "Streamed"),
    ("Ledger", "CredentialStore"),
    ("Newcomer", "PendingHandshake"),
    ("Notice", "Notification"),
    ("Outfit", "ResolvedPersona"),
    ("Seldom", "LogThrottle"),
    ("Stretch", "Pbkdf2Params"),
    ("Supplies", "Fulfilled, or the variant of Need"),
    ("Turned", "RoleReversed"),
    ("Wardrobe", "PersonaRegistry"),
    ("Wish", "CertTemplate"),
    ("birth", "creation"),
    ("canary", "key check value"),
    ("deed", "item_outcome"),
    ("gate", "authenticator"),
    ("until_met", "run_until_fulfilled"),
    ("wish", "template"),
    ("witness", "object_facts"),
];

/// Where such a word stands all the same: in a name of another thing, or in bytes that are stored.
const RENAMED_ELSEWHERE: &[(&str, &str)] = &[("Supplies", "Need::Supplies"), ("Supplies", "Supplies(")];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for folder in
        PACKAGES.iter().flat_map(|package| ["src", "tests"].map(|part| root().join(package).join(part)))
    {
        collect(&folder, &mut files);
    }
    assert!(files.len() > 100, "only {} files were found", files.len());
    let name = |path: &Path| path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
    files.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    // Not every package has tests of its own.
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

#[test]
fn files_and_functions_are_short() {
    let mut long = Vec::new();
    for (name, text) in sources() {
        let lines = text.lines().count();
        if lines > FILE_LINES_MAX && !TABLES.iter().any(|table| name.contains(table)) {
            long.push(format!("{name}: {lines} lines"));
        }
        long.extend(
            long_functions(&text).into_iter().map(|(line, lines)| format!("{name}:{line}: {lines} lines")),
        );
    }
    assert!(long.is_empty(), "too long:\n{}", long.join("\n"));
}

/// Functions from their `fn` to the brace at the same depth; macros are tables.
fn long_functions(text: &str) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut long = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let body = line.trim_start();
        let is_function = body.split(" fn ").next().is_some_and(|before| {
            body.starts_with("fn ")
                || (body.contains(" fn ")
                    && before.split(' ').all(|word| word.starts_with("pub") || word == "async"))
        });
        let is_declaration = lines
            .iter()
            .skip(start)
            .find(|l| l.ends_with('{') || l.ends_with(';'))
            .is_some_and(|l| l.ends_with(';'));
        if !is_function || is_declaration {
            continue;
        }
        let indent = line.len() - body.len();
        let end = lines.iter().skip(start).position(|l| l.starts_with(&format!("{}}}", " ".repeat(indent))));
        if let Some(length) = end.filter(|length| *length > FUNCTION_LINES_MAX) {
            long.push((start + 1, length + 1));
        }
    }
    long
}

#[test]
fn pure_folders_stay_pure() {
    for (name, text) in sources() {
        for (folder, words) in PURE.iter().filter(|(folder, _)| name.starts_with(folder)) {
            let code = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect::<Vec<_>>()
                .join("\n");
            for word in *words {
                assert!(!code.contains(word), "{name}: {word} has no place in {folder}");
            }
        }
    }
}

#[test]
fn nothing_is_left_over() {
    // Put together, so that this file does not hold them.
    let words = [["TO", "DO"], ["FIX", "ME"], ["todo", "!("], ["unimplemented", "!("], ["#[ig", "nore"]]
        .map(|w| w.concat());
    for (name, text) in sources() {
        for word in &words {
            assert!(!text.contains(word.as_str()), "{name}: {word}");
        }
    }
}

#[test]
fn unsafe_stands_at_c_borders_alone() {
    let word = ["unsafe", " {"].concat();
    for (name, text) in sources() {
        assert!(!text.contains(&word) || UNSAFE.contains(&name.as_str()), "{name}: unsafe");
        assert_eq!(
            text.matches(&word).count() == 0,
            !text.contains(&["// SAF", "ETY:"].concat()),
            "{name}: unsafe without its reason"
        );
    }
}

#[test]
fn every_module_says_what_it_is() {
    for (name, text) in sources() {
        let first = text.lines().next().unwrap_or_default();
        assert!(first.starts_with("//!"), "{name} begins with {first:?}");
    }
}

/// The page of the crate lists the files that a Get enters: what, the folder, its files. scripts/way.sh holds the list against what is
/// run; that they are there, this does.
#[test]
fn the_files_on_the_way_of_a_get_are_there() {
    let page = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let mut listed = Vec::new();
    for line in page.lines().filter_map(|line| line.strip_prefix("//! ")) {
        let mut words = line.split_whitespace().skip(1);
        let Some(folder) = words.next().filter(|folder| folder.ends_with('/')) else { continue };
        listed.extend(words.filter(|word| word.ends_with(".rs")).map(|file| format!("{folder}{file}")));
    }
    assert!(listed.len() >= 15, "the page lists only {listed:?}");
    let gone: Vec<_> = listed.iter().filter(|file| !root().join(file).is_file()).collect();
    assert!(gone.is_empty(), "the page of src/lib.rs lists files that are not there: {gone:?}");
    let of_session = |file: &&String| file.as_str() == "src/session.rs";
    assert_eq!(listed.iter().filter(of_session).count(), 1, "{listed:?}");
}

/// The code alone: a comment may use a word in its everyday sense.
#[test]
fn renamed_things_stay_renamed() {
    let mut old = Vec::new();
    let is_ours = |name: &str| {
        let mut packages =
            PACKAGES.iter().filter(|package| !package.starts_with("hsm") && **package != "kmip-codec");
        packages.any(|package| Path::new(name).starts_with(Path::new(package).join("src")))
    };
    for (name, text) in sources().into_iter().filter(|(name, _)| is_ours(name)) {
        for (line, code) in text.lines().enumerate() {
            let code = code.split("//").next().unwrap_or_default();
            let words = code.split(|c: char| !c.is_alphanumeric() && c != '_');
            for word in words {
                let renamed = RENAMED.iter().find(|(before, _)| *before == word);
                let elsewhere =
                    RENAMED_ELSEWHERE.iter().any(|(before, within)| *before == word && code.contains(within));
                if let Some((before, now)) = renamed.filter(|_| !elsewhere) {
                    old.push(format!("{name}:{}: {before} is {now}", line + 1));
                }
            }
        }
    }
    assert!(old.is_empty(), "names of before:\n{}", old.join("\n"));
}
