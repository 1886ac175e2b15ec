//! The file as it is written: where a key stands in it, and what stands at a place. Keys are named as people write them,
//! such as `groups[1].members[0]`; rows are counted from 0.

use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// How much of a value is shown.
const SHOWN_MAX: usize = 80;

/// A text that is TOML.
pub struct Document<'t> {
    text: &'t str,
    root: Option<Spanned<DeTable<'t>>>,
}

impl<'t> Document<'t> {
    /// Of a text; where it is no TOML at all, places are lines and columns alone.
    pub fn new(text: &'t str) -> Self {
        Self { text, root: DeTable::parse(text).ok() }
    }

    /// `line L, column C`, counted from 1, of a byte.
    pub fn line_and_column(&self, at: usize) -> String {
        let before = self.text.get(..at.min(self.text.len())).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("line {line}, column {column}")
    }

    /// Where a key's value stands, else where the nearest that it would belong to does.
    pub fn place(&self, key: &str) -> usize {
        let mut key = key;
        loop {
            if let Some(found) = self.spans().into_iter().rev().find(|node| node.key == key) {
                return found.value.start;
            }
            match key.rfind(['.', '[']) {
                Some(end) => key = key.get(..end).unwrap_or_default(),
                None => return 0,
            }
        }
    }

    /// A value as the file has it; none for tables, for passwords, which may stand there in clear by mistake, and where the
    /// key is not there.
    pub fn value(&self, key: &str) -> Option<String> {
        if key.ends_with(".password") {
            return None;
        }
        let nodes = self.spans();
        let node = nodes.iter().rev().find(|node| node.key == key && !node.is_table)?;
        let line = self.text.get(node.value.clone())?.lines().next().unwrap_or_default();
        let shown: String = line.chars().take(SHOWN_MAX).collect();
        Some(if shown.len() < line.len() { format!("{shown}…") } else { shown })
    }

    /// The key at a byte: the innermost whose name or value stands there.
    pub fn key_at(&self, at: usize) -> Option<String> {
        let nodes = self.spans();
        let here = nodes.into_iter().filter(|node| node.value.contains(&at) || node.name.contains(&at));
        here.max_by_key(|node| node.key.len()).map(|node| node.key)
    }

    fn spans(&self) -> Vec<Node> {
        let mut nodes = Vec::new();
        if let Some(root) = &self.root {
            of_table(root.get_ref(), "", &mut nodes);
        }
        nodes
    }
}

struct Node {
    key: String,
    name: Range<usize>,
    value: Range<usize>,
    is_table: bool,
}

fn of_table(table: &DeTable<'_>, above: &str, nodes: &mut Vec<Node>) {
    for (name, value) in table {
        let dot = if above.is_empty() { "" } else { "." };
        of_value(&format!("{above}{dot}{}", name.get_ref()), name.span(), value, nodes);
    }
}

fn of_value(key: &str, name: Range<usize>, value: &Spanned<DeValue<'_>>, nodes: &mut Vec<Node>) {
    let is_table = match value.get_ref() {
        DeValue::Table(_) => true,
        DeValue::Array(rows) => rows.iter().any(|row| matches!(row.get_ref(), DeValue::Table(_))),
        _ => false,
    };
    nodes.push(Node { key: key.to_owned(), name: name.clone(), value: value.span(), is_table });
    match value.get_ref() {
        DeValue::Table(table) => of_table(table, key, nodes),
        DeValue::Array(rows) => {
            for (place, row) in rows.iter().enumerate() {
                of_value(&format!("{key}[{place}]"), row.span(), row, nodes);
            }
        }
        _ => {}
    }
}
