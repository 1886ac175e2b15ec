//! What is wrong with a text of TOML, in words for people.

use crate::document::Document;
use crate::near;
use crate::text::printable;

/// How much is told of what is wrong in a text.
const TOLD_CHARS: usize = 500;

/// What the reader of TOML does not take of a text, in our words: place, key, what was found, what is wanted.
pub fn toml_error(text: &str, error: &toml::de::Error) -> String {
    printable(&of_toml(error, &Document::new(text)), TOLD_CHARS)
}

/// What the TOML reader does not take, in our words.
pub fn of_toml(error: &toml::de::Error, document: &Document<'_>) -> String {
    let at = error.span().map_or(0, |span| span.start);
    let place = document.line_and_column(at);
    let message = error.message().trim().replace('\n', "; ");
    let key = document.key_at(at).unwrap_or_default();
    if let Some(name) = message.strip_prefix("missing field ").map(|name| name.trim_matches('`')) {
        let dot = if key.is_empty() { "" } else { "." };
        return format!("{place}: {key}{dot}{name}: it is missing, and there is no default");
    }
    if let Some((found, known)) = unknown(&message) {
        let near = near::hint(&found, known.iter().map(String::as_str));
        return match message.starts_with("unknown field") {
            true => format!("{place}: {key}: unknown field{near}; there are {}", known.join(", ")),
            false => format!(
                "{place}: {key} = {found:?}: there is no such value{near}; it can be {}",
                known.join(", ")
            ),
        };
    }
    if key.is_empty() {
        return format!("{place}: this is no TOML: {message}");
    }
    let value = document.value(&key).map(|value| format!(" = {value}")).unwrap_or_default();
    format!("{place}: {key}{value}: {}", expected(&message))
}

/// The name that is not known, and those that are, of what serde says: all in backticks.
fn unknown(message: &str) -> Option<(String, Vec<String>)> {
    if !message.starts_with("unknown ") {
        return None;
    }
    let mut names = message.split('`').skip(1).step_by(2).map(str::to_owned);
    Some((names.next()?, names.collect()))
}

/// What serde expects, in words for people.
fn expected(message: &str) -> String {
    const WORDS: &[(&str, &str)] = &[
        ("path string", "a path, in quotes"),
        ("a string", "a text in quotes"),
        ("a sequence", "a list in [ ]"),
        ("a boolean", "true or false"),
        ("a map", "a table"),
        ("usize", "a whole number of at least 0"),
        ("u64", "a whole number of at least 0"),
        ("u32", "a whole number from 0 to 4294967295"),
        ("u16", "a whole number from 0 to 65535"),
        ("i32", "a whole number from -2147483648 to 2147483647"),
        ("i64", "a whole number"),
        ("socket address", "an address with its port, such as \"127.0.0.1:5696\" or \"[::1]:5696\""),
    ];
    if message.contains("socket address syntax") {
        return "an address with its port is wanted, such as \"127.0.0.1:5696\" or \"[::1]:5696\"".to_owned();
    }
    let Some((found, wanted)) = message.split_once(", expected ") else { return message.to_owned() };
    let word = WORDS.iter().find(|(theirs, _)| wanted.starts_with(theirs)).map(|(_, ours)| *ours);
    let wanted = match word {
        Some(word) => word,
        None if wanted.starts_with("struct ") => "a table",
        None => wanted,
    };
    format!("{wanted} is wanted, and this is {}", found.rsplit_once(": ").map_or(found, |(_, found)| found))
}
