//! What the records of a store take: bytes of keys and of values, by kind and, of index entries, by index.

use crate::engine::keyspace;
use crate::keyspace::{Kind, ROWS};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// The owners of records that are there for the audit alone.
const AUDIT: &[&str] = &["audit", "store::audit_log", "store::journal"];

/// Records of one kind.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Count {
    /// How many.
    pub count: u64,
    /// Bytes of keys and values.
    pub bytes: u64,
    /// Bytes of their keys.
    pub key_bytes: u64,
    /// Bytes of their values.
    pub value_bytes: u64,
}

impl Count {
    /// One record more.
    pub fn add(&mut self, key: &[u8], value: &[u8]) {
        self.count += 1;
        self.key_bytes += key.len() as u64;
        self.value_bytes += value.len() as u64;
        self.bytes = self.key_bytes + self.value_bytes;
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, bytes, key_bytes, value_bytes } = self;
        let mean = bytes.checked_div(*count).unwrap_or_default();
        write!(f, "{count}, {bytes} bytes (keys {key_bytes}, values {value_bytes}, each {mean} on average)")
    }
}

/// What a store takes.
#[derive(Debug, Default, Serialize)]
pub struct Space {
    /// Index entries, by index.
    pub indexes: BTreeMap<String, Count>,
    /// Bytes of all records but those of the audit, by object.
    pub bytes_an_object: Option<u64>,
    /// The length of the engine's file, and how much of that is on the disk.
    pub file: Option<File>,
}

/// The file of an engine.
#[derive(Debug, Serialize)]
pub struct File {
    /// Its length. Engines make a file longer than what is in it.
    pub bytes: u64,
    /// What it takes on the disk.
    pub disk_bytes: u64,
}

impl Space {
    /// Counts a record, where it is an entry of an index.
    pub fn add(&mut self, key: &[u8], value: &[u8]) {
        if let Some(index) = keyspace::index_of(key) {
            self.indexes.entry(index).or_default().add(key, value);
        }
    }

    /// Completes it when all records are counted.
    pub fn complete(&mut self, records: &BTreeMap<&'static str, Count>, file: Option<&Path>) {
        let is_audit = |name: &str| ROWS.iter().any(|row| row.name == name && AUDIT.contains(&row.owner));
        let bytes: u64 =
            records.iter().filter(|(name, _)| !is_audit(name)).map(|(_, count)| count.bytes).sum();
        let objects = Kind::Object.row().and_then(|row| records.get(row.name));
        self.bytes_an_object = objects.and_then(|objects| bytes.checked_div(objects.count));
        let found = file.and_then(|file| std::fs::metadata(file).ok()).filter(std::fs::Metadata::is_file);
        self.file = found.map(|found| File { bytes: found.len(), disk_bytes: found.blocks() * 512 });
    }

    /// For people, a line each.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (index, count) in &self.indexes {
            let _ = writeln!(text, "index {index}: {count}");
        }
        if let Some(bytes) = self.bytes_an_object {
            let _ = writeln!(text, "all records but the audit: {bytes} bytes an object");
        }
        if let Some(File { bytes, disk_bytes }) = &self.file {
            let _ = writeln!(text, "file of the engine: {bytes} bytes long, {disk_bytes} bytes on the disk");
        }
        text
    }
}
