//! The audit as it stands in a store: which node this is, where its log ends, and all of it from the first entry on.

use super::guard::Guard;
use super::{Error, Order, Snapshot, Transaction};
use keystead_hsm::{Entropy as _, SystemEntropy};
use keystead_records::audit::{self, Block, Break, Entry, Follower, Head, MacKey, NodeId, Read, Where, old};
use keystead_records::keyspace::Kind;
use std::ops::ControlFlow;

/// The key that holds the identifier of this node. It is made once.
pub const NODE_KEY: &[u8] = Kind::Node.prefix();

/// The pair of a new identifier of a node.
pub fn new_node() -> Result<NodeId, Error> {
    let mut node = NodeId::default();
    SystemEntropy::default().fill(&mut node).map_err(|error| Error::Engine(error.to_string()))?;
    Ok(node)
}

/// The node that this store is of; where the store has none, it is made. Where it was lost, and there are blocks, it is theirs.
pub fn node(guard: &Guard) -> Result<NodeId, Error> {
    let snapshot = guard.snapshot()?;
    let kept = snapshot.get(NODE_KEY)?;
    if let Some(node) = kept.as_ref().and_then(|node| node.as_slice().try_into().ok()) {
        return Ok(node);
    }
    let found = first_node(&*snapshot)?;
    drop(snapshot);
    if kept.is_some() || found.is_some() {
        tracing::error!(
            "the store does not say any more which node it is of: its audit goes on where the blocks are"
        );
    }
    let node = found.map_or_else(new_node, Ok)?;
    let writes = vec![(NODE_KEY.to_vec(), Some(node.to_vec()))];
    guard.commit(Transaction { expects: Vec::new(), writes })?;
    Ok(node)
}

/// Whether the store says of which node it is, in the way that its blocks say it.
pub fn knows_its_node(snapshot: &dyn Snapshot) -> Result<bool, Error> {
    if first_node(snapshot)?.is_none() {
        return Ok(true);
    }
    let node = snapshot.get(NODE_KEY)?.and_then(|node| node.try_into().ok());
    let Some(node) = node else { return Ok(false) };
    Ok(head(snapshot, node)?.1.is_some())
}

fn first_node(snapshot: &dyn Snapshot) -> Result<Option<NodeId>, Error> {
    let mut node = None;
    snapshot.scan(audit::PREFIX, Order::Forward, &mut |key, _| {
        node = audit::parts_of(key).map(|(node, _)| node);
        if node.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(node)
}

/// The head of a node's log, and its last block. Behind blocks that cannot be read it goes on: that they are broken stays to be
/// seen, and nothing else stops.
pub fn head(snapshot: &dyn Snapshot, node: NodeId) -> Result<(Head, Option<Vec<u8>>), Error> {
    let (mut head, mut block, mut next) = (None, None, 0);
    snapshot.scan(&audit::prefix_of(node), Order::Backward, &mut |key, value| {
        let number = audit::parts_of(key).map(|(_, number)| number);
        next = next.max(number.map_or(0, |number| number.saturating_add(1)));
        let Some(last) = Block::read(value).filter(|_| number.is_some()) else {
            tracing::error!(
                key = hex::encode(key),
                "a block of the audit cannot be read: `keystead check` says more"
            );
            return ControlFlow::Continue(());
        };
        head = Some(Head { node, ..Head::behind(&last) });
        block = Some(value.to_vec());
        ControlFlow::Break(())
    })?;
    Ok((Head { block: next, ..head.unwrap_or(Head::new(node)) }, block))
}

/// What there is of an audit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// How many entries.
    pub entries: u64,
    /// How many blocks.
    pub blocks: u64,
    /// How many blocks at the ends of logs no MAC vouches for; 0 where there are no keys to tell.
    pub unproved: u64,
}

/// Reads the audit of all nodes, block by block, and what is not taken over into blocks yet. Hands the entries of each to `visit`,
/// with the number of the first, and each break to `broken`; goes on behind a break with what is there.
pub fn walk_blocks(
    snapshot: &dyn Snapshot,
    keys: &[MacKey],
    visit: &mut dyn FnMut(u64, &Read<'_>),
    broken: &mut dyn FnMut(Break),
) -> Result<(Extent, old::Chain), Error> {
    let (mut extent, mut done) = (Extent::default(), old::Chain::default());
    let mut follower: Option<Follower<'_>> = None;
    snapshot.scan(audit::PREFIX, Order::Forward, &mut |key, value| {
        extent.blocks += 1;
        let node = audit::parts_of(key).map_or_else(NodeId::default, |(node, _)| node);
        if let Some(before) = follower.take_if(|follower| follower.head().node != node) {
            extent.unproved += before.unproved();
        }
        let follower = follower.get_or_insert_with(|| Follower::new(node, keys));
        let mut each = |first: u64, read: &Read<'_>| {
            extent.entries += read.len() as u64;
            done = read.carried.as_ref().map_or(done, |carried| carried.done);
            visit(first, read);
        };
        follower.follow(key, value, &mut each, broken);
        ControlFlow::Continue(())
    })?;
    extent.unproved += follower.map_or(0, |follower| follower.unproved());
    Ok((extent, done))
}

/// The same, entry by entry.
pub fn walk(
    snapshot: &dyn Snapshot,
    keys: &[MacKey],
    visit: &mut dyn FnMut(u64, Entry),
    broken: &mut dyn FnMut(Break),
) -> Result<Extent, Error> {
    let mut each = |first: u64, read: &Read<'_>| {
        let mut number = first;
        read.each(|fields, objects| {
            visit(number, fields.to_entry(objects));
            number = number.saturating_add(1);
        });
    };
    let (mut extent, mut chain) = walk_blocks(snapshot, keys, &mut each, broken)?;
    snapshot.scan(old::PREFIX, Order::Forward, &mut |key, value| {
        let (entry, flaw) = chain.follow(key, value);
        if let Some(flaw) = flaw {
            broken(Break { at: Where::OldEntry(flaw.at), why: flaw.why() });
        }
        if let Some(entry) = entry {
            extent.entries += 1;
            visit(chain.next.saturating_sub(1), entry);
        }
        ControlFlow::Continue(())
    })?;
    Ok(extent)
}

/// Reads the whole audit, whose MACs are not looked at; tells the first break, where there is one.
pub fn verify(
    snapshot: &dyn Snapshot,
    visit: &mut dyn FnMut(u64, Entry),
) -> Result<Result<Extent, Break>, Error> {
    let mut first = None;
    let extent = walk(snapshot, &[], visit, &mut |broken| {
        first.get_or_insert(broken);
    })?;
    Ok(first.map_or(Ok(extent), Err))
}
