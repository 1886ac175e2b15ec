//! Every record by itself, and the indexes against the objects, both ways.

use super::report::Report;
use crate::engine::need::Need;
use crate::engine::soundness::{self, Sound, Unsound};
use crate::engine::world::Vault;
use crate::keyspace::{Kind, ROWS};
use crate::store::{Error, Order, Snapshot};
use crate::vault::{Hierarchy, KeyRing};
use aws_lc_rs::digest::{SHA256, digest};
use std::collections::HashSet;
use std::io::{IsTerminal as _, Write as _};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// How often progress is told, on a terminal.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// What stands for a key in a set of many.
type Short = [u8; 16];

/// A walk over all records.
pub struct Records<'a> {
    snapshot: &'a dyn Snapshot,
    hierarchy: Option<&'a Hierarchy>,
    ring: Option<KeyRing>,
    report: &'a mut Report,
    /// What objects claim.
    claimed: HashSet<Short>,
    seen: u64,
    told: Instant,
}

impl<'a> Records<'a> {
    /// A walk that has not begun.
    pub fn new(snapshot: &'a dyn Snapshot, hierarchy: Option<&'a Hierarchy>, report: &'a mut Report) -> Self {
        let ring = hierarchy.map(Hierarchy::ring);
        Self { snapshot, hierarchy, ring, report, claimed: HashSet::new(), seen: 0, told: Instant::now() }
    }

    /// Judges every record; then whether each entry of an index is that of an object.
    pub fn walk(mut self) -> Result<(), Error> {
        let snapshot = self.snapshot;
        snapshot.scan(b"", Order::Forward, &mut |key, value| {
            self.judge(key, value);
            ControlFlow::Continue(())
        })?;
        for row in ROWS.iter().filter(|row| row.is_claimed) {
            snapshot.scan(row.prefix, Order::Forward, &mut |key, _| {
                if !self.claimed.contains(&short(key)) {
                    self.report.found(row.name, &shown(key), "no object has it");
                }
                ControlFlow::Continue(())
            })?;
        }
        Ok(())
    }

    fn judge(&mut self, key: &[u8], value: &[u8]) {
        self.tell();
        let name = Kind::of(key).and_then(Kind::row).map_or("unknown records", |row| row.name);
        self.report.records.entry(name).or_default().add(key, value);
        if let Some(space) = &mut self.report.space {
            space.add(key, value);
        }
        let judged = self.with_keys(|vault| soundness::examine(key, value, vault));
        match judged {
            Ok(sound) => self.follow(name, key, &sound),
            Err(unsound) => self.report.found(name, &shown(key), &unsound.to_string()),
        }
    }

    /// Whether all that a record claims is there, and whether the value of an object opens.
    fn follow(&mut self, name: &'static str, key: &[u8], sound: &Sound) {
        if Kind::of(key) == Some(Kind::Object) {
            self.claimed.extend(sound.claims.iter().chain(&sound.may_claim).map(|claim| short(claim)));
        }
        for claim in &sound.claims {
            match self.snapshot.get(claim) {
                Ok(Some(_)) => {}
                Ok(None) => self.report.found(name, &shown(key), &format!("{} is missing", shown(claim))),
                Err(error) => self.report.found(name, &shown(claim), &error.to_string()),
            }
        }
        let Some(object) = &sound.object else { return };
        if let Some((owner, flaw)) = object.misnamed() {
            self.report.owns_though(owner, &flaw);
        }
        let sealed = object.value_key().and_then(|key| Some((self.snapshot.get(&key).ok()??, key)));
        let Some((sealed, value_key)) = sealed else { return };
        let opened = self.with_keys(|vault| vault.map_or(Ok(()), |vault| object.open_value(&sealed, vault)));
        if let Err(unsound) = opened {
            self.report.found("values", &shown(&value_key), &unsound.to_string());
        }
    }

    /// Judges with the keys that are needed, opening those that are not open yet.
    fn with_keys<T>(
        &mut self,
        judge: impl Fn(Option<&dyn Vault>) -> Result<T, Unsound>,
    ) -> Result<T, Unsound> {
        loop {
            match (judge(self.ring.as_ref().map(|ring| ring as &dyn Vault)), self.hierarchy, &mut self.ring) {
                (Err(Unsound::Need(Need::Kek(kek))), Some(hierarchy), Some(ring)) => {
                    match hierarchy.load(kek) {
                        Ok(kek) => ring.add(kek),
                        Err(error) => return Err(Unsound::Need(Need::Failed(error.to_string()))),
                    }
                }
                (judged, ..) => return judged,
            }
        }
    }

    #[allow(clippy::print_stderr, reason = "this is the command line")]
    fn tell(&mut self) {
        self.seen += 1;
        if self.told.elapsed() >= TELL_EVERY && std::io::stderr().is_terminal() {
            self.told = Instant::now();
            eprint!("\r{} records", self.seen);
            let _ = std::io::stderr().flush();
        }
    }
}

fn short(key: &[u8]) -> Short {
    digest(&SHA256, key).as_ref().first_chunk().copied().unwrap_or_default()
}

/// A key as people can read it: its kind and what follows the tenant, as text where it is text.
fn shown(key: &[u8]) -> String {
    match key.split_first_chunk::<5>() {
        Some((head, rest)) if !rest.is_empty() && rest.iter().all(u8::is_ascii_graphic) => {
            format!("{} {}", char::from(head[0]), String::from_utf8_lossy(rest))
        }
        _ => hex::encode(key),
    }
}
