//! What the variables and literals of a case stand for in one run.

use super::super::case::Node;
use std::collections::HashMap;

/// Bound by answers, used in requests.
#[derive(Default)]
pub struct Bindings {
    /// Variables, and literals that stand for identifiers.
    names: HashMap<String, String>,
    /// Bytes that the file prints and that came out otherwise.
    bytes: HashMap<String, String>,
    /// The bytes of the answers so far, with their tags.
    answered: Vec<(String, String)>,
}

impl Bindings {
    pub fn bind(&mut self, name: &str, value: &str) {
        self.names.entry(name.to_owned()).or_insert_with(|| value.to_owned());
    }

    /// Each request that goes on has a correlation value of its own, though the cases call them all the same.
    pub fn rebind(&mut self, name: &str, value: &str) {
        self.names.insert(name.to_owned(), value.to_owned());
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.names.get(name).map(String::as_str)
    }

    /// Notes that the bytes that a file prints came out as these.
    pub fn bind_bytes(&mut self, printed: &str, got: &str) {
        self.bytes.insert(printed.to_lowercase(), got.to_owned());
    }

    /// Notes the bytes of an answer.
    pub fn note(&mut self, answer: &Node) {
        answer.walk(&mut |node| {
            let entry = (node.tag.clone(), node.value.clone());
            if node.kind.as_deref() == Some("ByteString") && !self.answered.contains(&entry) {
                self.answered.push(entry);
            }
        });
    }

    /// The value to send for one that a file prints.
    pub fn to_send(&self, node: &Node) -> String {
        let by_name = self.get(&node.value).map(str::to_owned);
        let of_bytes = || match node.kind.as_deref() {
            Some("ByteString") => {
                self.bytes.get(&node.value.to_lowercase()).cloned().or_else(|| self.by_tag(&node.value))
            }
            _ => None,
        };
        by_name.or_else(of_bytes).unwrap_or_else(|| node.value.clone())
    }

    /// `$MAC_DATA` is the last MAC Data of the answers, `$DATA_0` the first Data.
    fn by_tag(&self, variable: &str) -> Option<String> {
        let name = variable.strip_prefix('$')?;
        let (name, place) = match name.rsplit_once('_') {
            Some((name, place)) if place.parse::<usize>().is_ok() => (name, place.parse().ok()),
            _ => (name, None),
        };
        let tag = name.replace('_', "");
        let mut values = self.answered.iter().filter(|(of, _)| of.eq_ignore_ascii_case(&tag));
        let found = match place {
            Some(place) => values.nth(place),
            None => values.next_back(),
        };
        found.map(|(_, value)| value.clone())
    }
}
