//! The shares against a plain model of them: one list of who holds, one of who waits, and nothing kept beside them.

use super::*;

/// Who holds or waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Entry {
    client: usize,
    level: usize,
    number: usize,
    amount: usize,
}

/// The rules of [`shares`](crate::admission::shares), each time from the lists alone.
struct Model {
    marks: Vec<Mark>,
    allowance: usize,
    held: Vec<Entry>,
    waiting: Vec<Entry>,
    /// The clients that wait at each level, in the order of their turns.
    turns: Vec<Vec<usize>>,
}

impl Model {
    fn held_by(&self, client: usize) -> usize {
        self.held.iter().filter(|entry| entry.client == client).map(|entry| entry.amount).sum()
    }

    fn charged(&self) -> usize {
        (0..5).map(|client| self.held_by(client).saturating_sub(self.allowance)).sum()
    }

    /// What one more share of a client counts towards the total, where the client may hold it.
    fn charge(&self, entry: &Entry) -> Option<usize> {
        let held = self.held_by(entry.client);
        let after = held + entry.amount;
        let charge = after.saturating_sub(self.allowance) - held.saturating_sub(self.allowance);
        (after <= self.marks[entry.level].client).then_some(charge)
    }

    fn take(&mut self, entry: Entry) {
        let is_first = self.turns[entry.level].is_empty();
        let has_room = |charge| self.charged() + charge <= self.marks[entry.level].total;
        if entry.amount == 0 || (is_first && self.charge(&entry).is_some_and(has_room)) {
            self.held.push(entry);
        } else {
            self.waiting.push(entry);
            if !self.turns[entry.level].contains(&entry.client) {
                self.turns[entry.level].push(entry.client);
            }
        }
        self.serve();
    }

    fn serve(&mut self) {
        for level in (0..self.marks.len()).rev() {
            let (mut place, mut is_blocked) = (0, false);
            while let Some(client) = self.turns[level].get(place).copied() {
                let first = self.waiting.iter().position(|one| (one.client, one.level) == (client, level));
                let first = first.unwrap();
                let charge = self.charge(&self.waiting[first]);
                let has_room = |charge| self.charged() + charge <= self.marks[level].total;
                match charge {
                    Some(charge) if charge == 0 || (!is_blocked && has_room(charge)) => {
                        let entry = self.waiting.remove(first);
                        self.held.push(entry);
                        self.turns[level].remove(place);
                        if self.waiting.iter().any(|one| (one.client, one.level) == (client, level)) {
                            self.turns[level].push(client);
                        }
                    }
                    Some(_) => (place, is_blocked) = (place + 1, true),
                    None => place += 1,
                }
            }
        }
    }

    fn give_up(&mut self, number: usize) {
        let place = self.waiting.iter().position(|one| one.number == number).unwrap();
        let gone = self.waiting.remove(place);
        let is_of_queue = |one: &Entry| (one.client, one.level) == (gone.client, gone.level);
        if !self.waiting.iter().any(is_of_queue) {
            self.turns[gone.level].retain(|client| *client != gone.client);
        }
        self.serve();
    }

    /// One gives back all beyond this amount; it goes where that is all.
    fn shrink(&mut self, number: usize, amount: usize) {
        let one = self.held.iter_mut().find(|one| one.number == number).unwrap();
        one.amount = one.amount.min(amount);
        self.held.retain(|one| one.number != number || amount > 0);
        self.serve();
    }

    /// Who holds how much, and who waits.
    fn state(&self) -> (Vec<(usize, usize)>, Vec<usize>) {
        let mut held: Vec<_> = self.held.iter().map(|one| (one.number, one.amount)).collect();
        held.sort_unstable();
        (held, self.waiting.iter().map(|one| one.number).collect())
    }
}

fn state(trial: &Trial) -> (Vec<(usize, usize)>, Vec<usize>) {
    let mut held: Vec<_> = trial.held.iter().map(|one| (one.number, one.what.amount())).collect();
    held.sort_unstable();
    (held, trial.waiting.iter().map(|one| one.number).collect())
}

/// Does one step in both.
fn step_both(trial: &mut Trial, model: &mut Model, step: &OpResult) {
    match *step {
        OpResult::Take { client, level, amount } => {
            let level = level % trial.marks.len();
            let amount = amount.min(trial.marks[level].client).min(trial.marks[level].total);
            model.take(Entry { client, level, number: trial.begun, amount });
        }
        OpResult::GiveUp(place) if !trial.waiting.is_empty() => {
            model.give_up(trial.waiting[place % trial.waiting.len()].number);
        }
        OpResult::GiveBack(place) if !trial.held.is_empty() => {
            model.shrink(trial.held[place % trial.held.len()].number, 0);
        }
        OpResult::Shrink(place) if !trial.held.is_empty() => {
            model.shrink(trial.held[place % trial.held.len()].number, 1);
        }
        _ => {}
    }
    trial.step(step);
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(11),
        ..ProptestConfig::default()
    })]

    /// After each step the same ones hold the same, and the same ones wait.
    #[test]
    fn shares_are_those_of_a_plain_model(
        steps in prop::collection::vec(step(), 1..150),
        allowance in 0..4_usize,
        levels in 1..4_usize,
    ) {
        let marks: Vec<Mark> = (1..=levels).map(|level| Mark { total: 8 * level, client: 5 * level }).collect();
        let turns = vec![Vec::new(); levels];
        let mut model = Model { marks: marks.clone(), allowance, held: Vec::new(), waiting: Vec::new(), turns };
        let mut trial = Trial::new(marks, allowance);
        for step in &steps {
            step_both(&mut trial, &mut model, step);
            prop_assert_eq!(state(&trial), model.state());
        }
    }
}
