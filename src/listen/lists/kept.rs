//! Which lists of before go on revoking when the files are read again: a reload takes no revocation away. Who can change the files
//! and cannot sign for a CA frees nobody so.

use super::issuers::{CaKey, Known};
use super::{RevocationList, SKEW_SECONDS};
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

/// Whether lists of the same key take the place of one: one of them that is for as much, and speaks for as many, or all of them by
/// revoking whom it revokes.
pub fn is_followed_by_own(
    one: &RevocationList,
    lists: &[Arc<RevocationList>],
    former: &HashSet<CaKey>,
    now: i64,
) -> bool {
    let is_former = |key: &&Vec<u8>| former.iter().any(|(_, gone)| gone == *key);
    let by: Vec<_> = one.signer.by.iter().filter(|key| !is_former(key)).collect();
    let of_key = lists.iter().map(|list| &**list).filter(|list| list.has_key_of(one));
    let speaking: Vec<_> = of_key.filter(|list| by.iter().all(|key| list.signer.by.contains(*key))).collect();
    speaking.iter().any(|list| is_made(list, now) && list.covers(one))
        || (!speaking.is_empty() && one.is_within(&speaking))
}

/// Whether a list is by another key that may speak now for the key of this one.
pub fn speaks(list: &RevocationList, one: &RevocationList, known: &Known, now: i64) -> bool {
    let id = one.id();
    let mut certifiers = BTreeSet::from([id.1.clone()]);
    certifiers.extend(known.certifiers.get(&id).into_iter().flatten().cloned());
    if !known.trusted.contains(&id) {
        certifiers.extend(one.signer.by.iter().cloned());
    }
    list.name == one.name && list.signer.is_good(now) && !list.signer.by.is_disjoint(&certifiers)
}

/// Whether lists take the place of one: of its key, or one by a key that may speak for that.
pub fn is_followed(one: &RevocationList, lists: &[Arc<RevocationList>], known: &Known, now: i64) -> bool {
    is_followed_by_own(one, lists, &known.former, now)
        || lists.iter().any(|list| speaks(list, one, known, now) && is_made(list, now) && list.covers(one))
}

fn is_made(list: &RevocationList, now: i64) -> bool {
    list.age.0 <= now.saturating_add(SKEW_SECONDS)
}

/// What the operator is told of one that goes on.
pub fn told(one: &RevocationList) -> String {
    format!(
        "tls.crl: {one} stays in force, since no list of the files takes its place: it goes on revoking until a list of that CA does, or \
         the server is restarted. Put the newest list of that CA there, unless its end is what you want"
    )
}
