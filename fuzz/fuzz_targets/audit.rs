//! The audit as it may stand in a store or a journal that somebody has written to: a block, the entries of one, an entry by itself
//! and one of older versions. They are read or not; nothing panics, and what is read is written again as it stands.
#![no_main]

use keystead::audit::{Block, Encoded, Entries, Entry, Follower, Head, Kind, Read, old};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(block) = Block::read(bytes) {
        let _ = block.is_whole();
        read(block.header.kind, block.header.count, &block.raw().unwrap_or_default());
    }
    let (count, raw) = bytes.split_first().map_or((0, bytes), |(count, raw)| (u32::from(*count), raw));
    for kind in [Kind::Entries, Kind::TakenOver] {
        read(kind, count, raw);
    }
    if let Some(entry) = Encoded::read(bytes) {
        let entries: Entries = vec![entry.to_entry()].into();
        assert!(entries.bodies().eq([bytes]), "one form alone");
    }
    let _ = old::decode(bytes);
    let _ = old::Chain::default().follow(b"l\0\0\0\0\0\0\0\0", bytes);
    let mut follower = Follower::new(*b"somenode", &[]);
    follower.follow(b"Bsomenode\0\0\0\0\0\0\0\0", bytes, &mut |_, _| {}, &mut |_| {});
});

/// What is read goes into a block, and comes back from it.
fn read(kind: Kind, count: u32, raw: &[u8]) {
    let Some(read) = Read::new(kind, count, raw) else { return };
    let entries: Vec<Entry> = read.entries();
    assert_eq!(entries.len(), count as usize);
    for body in keystead::audit::Body::of(&entries.clone().into()) {
        let (_, block) = Head::new(*b"somenode").append(&body, None);
        let block = Block::read(&block).expect("a block of ours");
        let raw = block.raw().expect("of ours");
        let again = Read::new(block.header.kind, block.header.count, &raw).expect("entries of ours");
        assert!(block.is_whole() && block.describes(&again) && again.entries() == entries);
    }
}
