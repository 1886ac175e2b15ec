//! Stores of older formats: they get their new format, and their audit, an entry a key, is taken over into blocks, when the store is opened. Each step is one
//! commit: a block comes, the entries that it holds go. The block tells how far it is and where the old chain ended, so that the next
//! start goes on from wherever this one was cut off.

use super::audit_log::{self, NODE_KEY};
use super::database::{FORMAT_KEY, format_of, format_when_open};
use super::guard::Guard;
use super::{Error, Order, Pair, Snapshot, Transaction};
use keystead_records::audit::{self, Block, Body, Entries, NodeId, old};
use old::Carried;
use std::ops::ControlFlow;

/// The most entries of one block, and the most bytes that they have.
const ENTRIES_MAX: usize = 4096;
const BYTES_MAX: usize = 1024 * 1024;

/// Takes over what there is to take over, and nothing else: in a store whose audit is in blocks, only what a start that was cut off
/// has left.
pub fn take_over(guard: &Guard) -> Result<(), Error> {
    let snapshot = guard.snapshot()?;
    let Some(format) = format_of(&*snapshot)? else { return Ok(()) };
    let target = format_when_open(format);
    let node = snapshot.get(NODE_KEY)?.and_then(|node| node.try_into().ok());
    let carried = match node {
        None if target != format => Some(Carried { end: end(&*snapshot)?, ..Carried::default() }),
        None => None,
        Some(node) => left(&*snapshot, node)?,
    };
    drop(snapshot);
    // The first commit says the format, and which node it is: from now on older versions refuse the store.
    let mut first = Vec::new();
    if target != format {
        first.push((FORMAT_KEY.to_vec(), Some(target.to_be_bytes().to_vec())));
    }
    let Some(mut carried) = carried else {
        return if first.is_empty() { Ok(()) } else { guard.commit(first.into()) };
    };
    let node = match node {
        Some(node) => node,
        None => {
            let node = audit_log::new_node()?;
            first.push((NODE_KEY.to_vec(), Some(node.to_vec())));
            node
        }
    };
    if carried.end.next > carried.done.next {
        tracing::info!(entries = carried.end.next - carried.done.next, "taking the audit over into blocks");
    }
    loop {
        let snapshot = guard.snapshot()?;
        let step = Step::read(&*snapshot, &mut carried)?;
        let (mut head, _) = audit_log::head(&*snapshot, node)?;
        drop(snapshot);
        let mut writes = std::mem::take(&mut first);
        if !step.taken.is_empty() {
            let (key, block) = head.append(&Body::taken_over(&step.entries, &carried), None);
            writes.push((key, Some(block)));
            writes.extend(step.taken);
        }
        if writes.is_empty() {
            return Ok(());
        }
        guard.commit(Transaction { expects: Vec::new(), writes })?;
        for broken in std::mem::take(&mut carried.broken) {
            tracing::error!(
                entry = broken.at,
                why = broken.why(),
                "the audit is broken; it is taken over as it is"
            );
        }
    }
}

/// Where the old chain ends, by its last entry.
fn end(snapshot: &dyn Snapshot) -> Result<old::Chain, Error> {
    let mut end = old::Chain::default();
    snapshot.scan(old::PREFIX, Order::Backward, &mut |key, value| {
        let (before, after) = (end, end.after(key, value));
        end = after;
        if after == before { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(end)
}

/// How far a start was that was cut off: what the last block says, where that is of entries that were taken over.
fn left(snapshot: &dyn Snapshot, node: NodeId) -> Result<Option<Carried>, Error> {
    let (_, last) = audit_log::head(snapshot, node)?;
    let carried = last.as_deref().and_then(Block::read).and_then(|block| audit::taken_over(&block));
    Ok(carried.map(|carried| Carried { broken: Vec::new(), ..carried }))
}

/// Entries that are taken over in one commit.
struct Step {
    entries: Entries,
    /// Their keys, which go.
    taken: Vec<Pair>,
}

impl Step {
    fn read(snapshot: &dyn Snapshot, carried: &mut Carried) -> Result<Self, Error> {
        let mut step = Self { entries: Entries::default(), taken: Vec::new() };
        let mut bytes = 0;
        snapshot.scan(old::PREFIX, Order::Forward, &mut |key, value| {
            let (entry, broken) = carried.done.follow(key, value);
            carried.broken.extend(broken);
            entry.iter().for_each(|entry| step.entries.push(entry));
            step.taken.push((key.to_vec(), None));
            bytes += value.len();
            let is_full = step.taken.len() >= ENTRIES_MAX || bytes >= BYTES_MAX;
            if is_full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(step)
    }
}
