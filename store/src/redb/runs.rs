//! How a transaction's writes go into the B-tree: new keys that follow each other in one gap between keys that are there go in
//! together.
//!
//! One such run rewrites the leaf of its gap once and leaves full leaves behind; key by key, a leaf is split in halves that nothing
//! fills any more where keys come in order. The keys of objects come so, by the time in their identifiers.

use super::engine;
use crate::{Error, Pair};
use redb::{CursorError, Table};
use std::ops::Bound;

type Rows<'t> = Table<'t, &'static [u8], &'static [u8]>;

/// Writes all of them. They may come in any order; only where keys ascend are there runs.
pub fn write(table: &mut Rows<'_>, writes: &[Pair]) -> Result<(), Error> {
    let mut rest = writes;
    while let Some((write, behind)) = rest.split_first() {
        let count = match behind.first() {
            Some(next) if may_follow(write, next) => insert_run(table, rest)?,
            _ => 0,
        };
        if count == 0 {
            write_one(table, write)?;
        }
        rest = rest.get(count.max(1)..).unwrap_or_default();
    }
    Ok(())
}

fn write_one(table: &mut Rows<'_>, (key, value): &Pair) -> Result<(), Error> {
    match value {
        Some(value) => table.insert(key.as_slice(), value.as_slice()).map(drop),
        None => table.remove(key.as_slice()).map(drop),
    }
    .map_err(engine)
}

/// Whether two writes may be of one run: both put something there, and the second one stands behind the first.
fn may_follow((key, value): &Pair, (next, next_value): &Pair) -> bool {
    value.is_some() && next_value.is_some() && key < next
}

/// Inserts the first writes as one run, if the first two or more are new keys in one gap; how many they were.
fn insert_run(table: &mut Rows<'_>, writes: &[Pair]) -> Result<usize, Error> {
    let [(first, _), (second, _), ..] = writes else { return Ok(0) };
    let mut cursor = table.lower_bound_mut(Bound::Included(first.as_slice())).map_err(engine)?;
    let is_one_gap =
        cursor.peek_next().map_err(engine)?.is_none_or(|(key, _)| key.value() > second.as_slice());
    let mut count = 0;
    while let Some((key, Some(value))) = writes.get(count).filter(|_| is_one_gap) {
        match cursor.insert_before(key.as_slice(), value.as_slice()) {
            Ok(()) => count += 1,
            // It stands behind the next key that is there, is that key, or does not stand behind the one before it.
            Err(CursorError::UnorderedKey) => break,
            Err(CursorError::Storage(why)) => return Err(engine(why)),
            Err(why) => return Err(Error::Engine(why.to_string())),
        }
    }
    cursor.close().map_err(engine)?;
    Ok(count)
}
