//! The KEKs that are held open, each until its time is over, as a set that requests share: it is made anew when a KEK comes or goes,
//! and not for each request.

use super::Keks;
use keystead_hsm::Kek;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

/// The KEKs, with the ends of their time.
#[derive(Default)]
pub struct Opened {
    keks: Arc<Keks>,
    ends: BTreeMap<u32, Instant>,
    /// When the first of them ends.
    next: Option<Instant>,
}

impl Opened {
    /// Holds a KEK open until then, also where it is there already.
    pub fn keep(&mut self, id: u32, kek: &Arc<Kek>, until: Instant) {
        Arc::make_mut(&mut self.keks).insert(id, Arc::clone(kek));
        self.ends.insert(id, until);
        self.next = self.ends.values().min().copied();
    }

    /// Those whose time is not over. The others are let go: what was their memory is wiped when the last request that has them ends.
    pub fn now(&mut self) -> &Arc<Keks> {
        let now = Instant::now();
        if self.next.is_some_and(|next| next <= now) {
            self.ends.retain(|_, end| *end > now);
            let ends = &self.ends;
            Arc::make_mut(&mut self.keks).retain(|id, _| ends.contains_key(id));
            self.next = self.ends.values().min().copied();
        }
        &self.keks
    }
}
