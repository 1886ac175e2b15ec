//! What is read from a node, and how it is shown.

use super::super::case::Node;
use std::collections::HashSet;

/// What tells entries of a list apart: the tag, and the name of an attribute.
pub(super) fn label(node: &Node) -> String {
    match attribute_name(node) {
        Some(name) => format!("{} {name:?}", node.tag),
        None => node.tag.clone(),
    }
}

/// The name of a 1.x attribute.
pub(super) fn attribute_name(node: &Node) -> Option<String> {
    (node.tag == "Attribute").then(|| node.item("AttributeName").map(|name| name.value.clone())).flatten()
}

/// Index 0 may be left out.
pub(super) fn index(node: &Node) -> i64 {
    node.item("AttributeIndex").and_then(|index| number(&index.value)).unwrap_or(0)
}

pub(super) fn kind(node: &Node) -> &str {
    node.kind.as_deref().unwrap_or("Structure")
}

pub(super) fn number(text: &str) -> Option<i64> {
    match text.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// The names of a mask in any order, with either separator.
pub(super) fn bits(text: &str) -> HashSet<String> {
    text.split([' ', '|']).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

pub(super) fn show(node: &Node) -> String {
    match &node.kind {
        Some(kind) if kind != "Structure" => format!("{} {:?}", node.tag, node.value),
        _ => format!("{}{{{}}}", node.tag, node.items.iter().map(show).collect::<Vec<_>>().join(" ")),
    }
}

/// Object Group and `y-` attributes may be the server's.
pub(super) fn is_server_own(node: &Node) -> bool {
    attribute_name(node).is_some_and(|name| name == "Object Group" || name.starts_with("y-"))
}

/// Two CK_INFO of PKCS#11, the only output that a case has: maker, description and versions of the library are
/// information about the server; the layout and the flags between them are not.
pub(super) fn is_same_info(expected: &str, got: &str) -> bool {
    let flags = 2 * (2 + 32)..2 * (2 + 32 + 8);
    expected.len() == 2 * 76 && got.len() == expected.len() && got.get(flags.clone()) == expected.get(flags)
}
