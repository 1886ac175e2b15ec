//! Reading the cases: files of request and response messages in KMIP's XML, with variables.

use std::fs;
use std::path::{Path, PathBuf};

/// An element: a tag, and a value or items.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub tag: String,
    /// `type`, where there is one.
    pub kind: Option<String>,
    pub value: String,
    pub items: Vec<Node>,
}

impl Node {
    pub fn parse(text: &str) -> Self {
        let document = roxmltree::Document::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        Self::from(document.root_element())
    }

    fn from(element: roxmltree::Node<'_, '_>) -> Self {
        let name = element.tag_name().name();
        let tag = match element.attribute("tag") {
            Some(number) => format!("{name}:{}", number.to_lowercase()),
            None => name.to_owned(),
        };
        Self {
            tag,
            kind: element.attribute("type").map(str::to_owned),
            value: element.attribute("value").unwrap_or_default().to_owned(),
            items: element.children().filter(roxmltree::Node::is_element).map(Self::from).collect(),
        }
    }

    /// A text item.
    pub fn text(tag: &str, value: &str) -> Self {
        let kind = Some("TextString".to_owned());
        Self { tag: tag.to_owned(), kind, value: value.to_owned(), items: Vec::new() }
    }

    /// The same with other values.
    pub fn with_values(&self, replace: &dyn Fn(&Self) -> String) -> Self {
        let items = self.items.iter().map(|item| item.with_values(replace)).collect();
        Self { tag: self.tag.clone(), kind: self.kind.clone(), value: replace(self), items }
    }

    /// The first node of this tag, however deep.
    pub fn find(&self, tag: &str) -> Option<&Self> {
        if self.tag == tag {
            return Some(self);
        }
        self.items.iter().find_map(|item| item.find(tag))
    }

    pub fn item(&self, tag: &str) -> Option<&Self> {
        self.items.iter().find(|item| item.tag == tag)
    }

    pub fn all<'a>(&'a self, tag: &'a str) -> impl Iterator<Item = &'a Self> {
        self.items.iter().filter(move |item| item.tag == tag)
    }

    /// Every node below, this one included.
    pub fn walk(&self, visit: &mut dyn FnMut(&Self)) {
        visit(self);
        self.items.iter().for_each(|item| item.walk(visit));
    }

    /// The XML of the node, with values passed through `replace`.
    pub fn to_xml(&self, replace: &dyn Fn(&Self) -> String) -> String {
        let (name, tag) = match self.tag.split_once(':') {
            Some((name, number)) => (name, format!(" tag=\"{number}\"")),
            None => (self.tag.as_str(), String::new()),
        };
        match &self.kind {
            Some(kind) if kind != "Structure" => {
                format!("<{name}{tag} type=\"{kind}\" value=\"{}\"/>\n", escape(&replace(self)))
            }
            _ => {
                let items: String = self.items.iter().map(|item| item.to_xml(replace)).collect();
                format!("<{name}{tag}>\n{items}</{name}>\n")
            }
        }
    }
}

fn escape(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// One exchange.
#[derive(Clone, Debug)]
pub struct OpResult {
    /// Which client sends, where the prose says so.
    pub client: Option<char>,
    pub request: Node,
    pub response: Node,
}

/// One file.
#[derive(Debug)]
pub struct Case {
    /// `1.2/SKLC-M-1-12`.
    pub name: String,
    pub version: String,
    /// `SKLC`, `TC-91`, `TC-ECC`.
    pub family: String,
    pub steps: Vec<OpResult>,
    /// Messages that do not come in pairs: what the server is to send.
    pub irregular: bool,
}

impl Case {
    /// Its name without the version.
    pub fn stem(&self) -> &str {
        self.name.split_once('/').unwrap().1
    }

    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let text = rooted(&text);
        let document =
            roxmltree::Document::parse(text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (mut client, mut requests, mut steps, mut irregular) = (None, Vec::new(), Vec::new(), false);
        for node in document.root_element().children() {
            if let Some(text) = node.text().filter(|_| node.is_text()) {
                client = text.split("[Client-").nth(1).and_then(|rest| rest.chars().next()).or(client);
            }
            match node.tag_name().name() {
                "RequestMessage" => requests.push((client, Node::from(node))),
                "ResponseMessage" => match requests.pop() {
                    // An answer is that of the request before it, so that steps in disorder (1.0/TC-DERIVEKEY-4-10
                    // destroys a key before it revokes it, and expects both to succeed) come in order.
                    Some((client, request)) => {
                        steps.push(OpResult { client, request, response: Node::from(node) });
                    }
                    None => irregular = true,
                },
                _ => {}
            }
        }
        irregular |= !requests.is_empty();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let version = path.parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
        let mut case =
            Self { name: format!("{version}/{stem}"), version, family: family(stem), steps, irregular };
        super::misprints::put_right(&mut case);
        case
    }

    /// Whether any request asks for one of these operations.
    pub fn asks_for(&self, operations: &[&str]) -> bool {
        self.steps.iter().flat_map(|step| step.request.all("BatchItem")).any(|item| {
            item.item("Operation").is_some_and(|operation| operations.contains(&operation.value.as_str()))
        })
    }
}

/// The document of a file without the prose that some have before their root.
fn rooted(text: &str) -> &str {
    let start = ["<KMIP>", "<KmipTestCase", "<KMIP "].iter().filter_map(|root| text.find(root)).min();
    &text[start.unwrap_or(0)..]
}

/// The family of a case: the words before its number; of the `TC-` cases of the usage guides, with the number.
fn family(stem: &str) -> String {
    let parts: Vec<&str> = stem.split('-').collect();
    match parts.as_slice() {
        ["TC", second, ..] => format!("TC-{second}"),
        [first, second, ..] if second.len() > 1 && !second.starts_with(|c: char| c.is_ascii_digit()) => {
            format!("{first}-{second}")
        }
        [first, ..] => (*first).to_owned(),
        [] => String::new(),
    }
}

/// Where the cases are, if they are.
pub fn folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/oasis");
    let folder = std::env::var_os("KEYSTEAD_OASIS").map_or(beside, PathBuf::from);
    folder.is_dir().then_some(folder)
}

/// All cases, in order.
pub fn read_all(folder: &Path) -> Vec<Case> {
    let mut paths = Vec::new();
    for version in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|p| p.is_dir()) {
        let files = fs::read_dir(version).unwrap().map(|entry| entry.unwrap().path());
        paths.extend(files.filter(|path| path.extension().is_some_and(|extension| extension == "xml")));
    }
    paths.sort();
    paths.iter().map(|path| Case::read(path)).collect()
}
