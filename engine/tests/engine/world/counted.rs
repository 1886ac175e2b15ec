//! Random bytes and the store as the engine of a test is given them, with what they cost.

use super::*;

/// What the engine was made to do, counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Effort {
    /// Runs of batches.
    pub runs: usize,
    /// Pairs, stretched passwords and opened containers.
    pub made: usize,
    /// Turns among the slow ones.
    pub turns: usize,
    /// Times that a batch asked for room, because it answers or changes much.
    pub rooms: usize,
    /// Draws of random bytes: each new object has one.
    pub draws: usize,
    /// Keys of the store that were visited.
    pub visited: usize,
    /// Records of the store that were read.
    pub read: usize,
}

thread_local! {
    static EFFORT: Cell<Effort> = const {
        Cell::new(Effort { runs: 0, made: 0, turns: 0, rooms: 0, draws: 0, visited: 0, read: 0 })
    };
}

pub(super) fn count(one: impl FnOnce(&mut Effort)) {
    let mut effort = EFFORT.get();
    one(&mut effort);
    EFFORT.set(effort);
}

/// What this thread has had done since it asked last.
pub fn effort() -> Effort {
    EFFORT.take()
}

/// Bytes that follow from a seed.
pub(super) struct Seeded<'s>(pub(super) &'s mut u64);

impl Entropy for Seeded<'_> {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), Need> {
        count(|effort| effort.draws += 1);
        for byte in out {
            *self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (*self.0 >> 33) as u8;
        }
        Ok(())
    }

    fn stir(&mut self, seed: &[u8]) {
        for byte in seed {
            *self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
}

/// The same for somebody who leaves at a draw.
pub(super) struct Leaving<'s> {
    pub(super) draws: usize,
    pub(super) told: Arc<AtomicBool>,
    pub(super) seed: &'s mut u64,
}

impl Entropy for Leaving<'_> {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), Need> {
        self.draws = self.draws.saturating_sub(1);
        self.told.store(self.draws == 0, Ordering::Relaxed);
        Seeded(self.seed).fill(out)
    }

    fn stir(&mut self, seed: &[u8]) {
        Seeded(self.seed).stir(seed);
    }
}

/// Counts what is read.
pub(super) struct Snapshot {
    pub(super) stored: Stored,
    /// At which read somebody leaves, and what tells that.
    pub(super) leaves: Option<(Cell<usize>, Arc<AtomicBool>)>,
}

impl View for Snapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Need> {
        count(|effort| effort.read += 1);
        if let Some((reads, told)) = &self.leaves {
            reads.set(reads.get().saturating_sub(1));
            told.store(reads.get() == 0, Ordering::Relaxed);
        }
        self.stored.get(key)
    }

    fn scan_from(
        &self,
        prefix: &[u8],
        direction: Direction,
        behind: Option<&[u8]>,
        visit: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), Need> {
        self.stored.scan_from(prefix, direction, behind, &mut |key| {
            count(|effort| effort.visited += 1);
            visit(key)
        })
    }
}
