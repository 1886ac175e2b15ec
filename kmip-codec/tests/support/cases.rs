//! The messages of the OASIS cases. They are not part of this project: they are read from `../shared/oasis` beside the
//! checkout, or from where `KEYSTEAD_OASIS` points.

use roxmltree::Node;
use std::fs;
use std::path::{Path, PathBuf};

/// A message of a case.
pub struct Message {
    /// Its file and where it stands there: `TC-NP-2-12`, 3.
    #[allow(dead_code, reason = "for tests that tell where they stand")]
    pub place: (String, usize),
    pub is_request: bool,
    pub xml: String,
}

/// The files, where the folder is; it must be in CI.
pub fn files() -> Option<Vec<PathBuf>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/oasis");
    let folder = std::env::var_os("KEYSTEAD_OASIS").map_or(beside, PathBuf::from);
    if !folder.is_dir() {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "the OASIS cases are missing: set KEYSTEAD_OASIS"
        );
        eprintln!("SKIPPED: the OASIS cases are not beside this checkout");
        return None;
    }
    let entries = |folder: &Path| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let folders: Vec<PathBuf> = entries(&folder);
    let mut files: Vec<PathBuf> =
        folders.iter().filter(|path| path.is_dir()).flat_map(|folder| entries(folder)).collect();
    files.sort();
    Some(files)
}

/// The messages of a file, in order.
pub fn messages(path: &Path) -> Vec<Message> {
    let text = fs::read_to_string(path).unwrap();
    let start = ["<KMIP>", "<KmipTestCase", "<KMIP "].iter().filter_map(|root| text.find(root)).min();
    let document = roxmltree::Document::parse(&text[start.unwrap()..]).unwrap();
    let stem = path.file_stem().unwrap().to_str().unwrap();
    let nodes = document.root_element().children().filter(|node| {
        node.is_element() && ["RequestMessage", "ResponseMessage"].contains(&node.tag_name().name())
    });
    nodes
        .enumerate()
        .map(|(at, node)| Message {
            place: (stem.to_owned(), at + 1),
            is_request: node.tag_name().name() == "RequestMessage",
            xml: bound(node),
        })
        .collect()
}

/// The XML of a node with its variables bound to plausible values.
fn bound(node: Node<'_, '_>) -> String {
    let name = node.tag_name().name();
    let tag = node.attribute("tag").map_or(String::new(), |tag| format!(" tag=\"{tag}\""));
    match node.attribute("type") {
        Some(kind) if kind != "Structure" => {
            let value = value(kind, node.attribute("value").unwrap_or_default());
            let value = value.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
            format!("<{name}{tag} type=\"{kind}\" value=\"{value}\"/>")
        }
        _ => {
            let items: String = node.children().filter(Node::is_element).map(bound).collect();
            format!("<{name}{tag}>{items}</{name}>")
        }
    }
}

fn value(kind: &str, value: &str) -> String {
    if !value.starts_with('$') {
        return value.to_owned();
    }
    match kind {
        "ByteString" => "00ff".to_owned(),
        "DateTime" => "2020-01-01T00:00:00Z".to_owned(),
        _ => value.to_owned(),
    }
}
