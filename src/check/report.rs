//! What a check has found.

use super::space::{Count, Space};
use crate::engine::rights::names::{self, Flaw};
use crate::text::printable;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// The most findings of one kind that are named; the others are counted.
const NAMED_MAX: usize = 1000;

/// The kind of the one record that says which format the store has.
const FORMAT: &str = "format";

/// How much of a name is shown.
const NAME_CHARS: usize = 256;

/// What a check comes to.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Whether nothing was found.
    pub sound: bool,
    /// The folder of the store.
    pub store: String,
    /// The format that the store has.
    pub format: u32,
    /// Whether the records were opened with the keys in the HSM.
    pub proved: bool,
    /// How many records there are of each kind, and their bytes.
    pub records: BTreeMap<&'static str, Count>,
    /// What they take, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub space: Option<Space>,
    /// How many entries the audit has.
    pub audit_entries: u64,
    /// Whether the MACs of its blocks were checked, which needs a key that the HSM seals.
    pub audit_macs: bool,
    /// Audit entries of reads that are in the journal alone.
    pub journal_entries: usize,
    /// How much was found of each kind.
    pub damaged: BTreeMap<&'static str, usize>,
    /// What was found.
    pub findings: Vec<Finding>,
    /// The owners of objects whose names are not taken for new clients. Nothing about them is unsound.
    pub misnamed_owners: BTreeMap<String, Misnamed>,
}

/// An owner whose name is not taken for new clients.
#[derive(Debug, Serialize)]
pub struct Misnamed {
    /// Why.
    pub why: String,
    /// How many objects it owns.
    pub objects: u64,
}

/// One thing that is not sound.
#[derive(Debug, Serialize)]
pub struct Finding {
    /// The kind of record.
    pub kind: &'static str,
    /// Which.
    pub record: String,
    /// What is wrong with it.
    pub what: String,
}

impl Report {
    /// Of the store in this folder, with nothing found.
    pub fn of(folder: &Path) -> Self {
        Self { store: folder.display().to_string(), ..Self::default() }
    }

    /// Adds what was found.
    pub fn found(&mut self, kind: &'static str, record: &str, what: &str) {
        let count = self.damaged.entry(kind).or_default();
        *count += 1;
        if *count <= NAMED_MAX {
            let record = record.escape_debug().to_string();
            self.findings.push(Finding { kind, record, what: what.to_owned() });
        }
    }

    /// Counts an object of an owner whose name is refused.
    pub fn owns_though(&mut self, owner: &str, flaw: &Flaw) {
        let quoted = names::quoted(owner);
        if self.misnamed_owners.len() < NAMED_MAX || self.misnamed_owners.contains_key(&quoted) {
            let row = self.misnamed_owners.entry(quoted);
            row.or_insert_with(|| Misnamed { why: flaw.to_string(), objects: 0 }).objects += 1;
        }
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for finding in &self.findings {
            let _ = writeln!(text, "damaged: {}: {}: {}", finding.kind, finding.record, finding.what);
        }
        for (kind, count) in self.damaged.iter().filter(|(_, count)| **count > NAMED_MAX) {
            let _ = writeln!(text, "damaged: {kind}: {count} in all");
        }
        if self.format > 0 {
            let _ = writeln!(text, "format of the store: {}", self.format);
        }
        for (kind, count) in self.records.iter().filter(|(kind, _)| **kind != FORMAT) {
            let _ = match self.space {
                Some(_) => writeln!(text, "{kind}: {count}"),
                None => writeln!(text, "{kind}: {}", count.count),
            };
        }
        text.extend(self.space.as_ref().map(Space::text));
        if self.audit_entries > 0 {
            let macs =
                if self.audit_macs { "MACs of its blocks checked" } else { "MACs of its blocks not checked" };
            let _ = writeln!(text, "entries of the audit: {} ({macs})", self.audit_entries);
        }
        for (owner, Misnamed { why, objects }) in &self.misnamed_owners {
            let owner = printable(owner, NAME_CHARS);
            let _ = writeln!(
                text,
                "note: {objects} objects belong to '{owner}', a name that is not taken for new clients ({why}): its certificate is \
                 let in as before, unless another client is called alike; `keystead client hand-over '{owner}' NAME` gives them \
                 to another name"
            );
        }
        let proved =
            if self.proved { "every record opened with the keys in the HSM" } else { "no record opened" };
        let verdict = match self.damaged.values().sum::<usize>() {
            0 => "sound".to_owned(),
            count => format!("{count} damaged"),
        };
        let _ = write!(text, "{}: {verdict} ({proved})", self.store);
        text
    }
}
