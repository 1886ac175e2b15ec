//! Threads that take and give back at the same time: nobody waits for what is there, and never is there more than may be.

use super::*;
use std::cell::Cell;
use std::hint;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// Lets a moment pass, each time another, so that each order of the steps of two threads comes to be.
pub fn pause() {
    thread_local!(static MOMENT: Cell<u32> = const { Cell::new(1) });
    let moment = MOMENT.get().wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    MOMENT.set(moment);
    (0..moment >> 23).for_each(|_| hint::spin_loop());
}

/// How long a step may take before somebody is said to wait for ever: beyond all delays of a busy machine.
const FOR_EVER: Duration = Duration::from_secs(60);

fn in_time<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let done = runtime.block_on(async { timeout(FOR_EVER, work).await });
    done.expect("one waits for what is there")
}

/// Where the two threads of a meeting are: in which round each of them has come there. A thread that fails is nowhere behind.
#[derive(Default)]
struct Meeting {
    holding: AtomicUsize,
    waiting: AtomicUsize,
    served: AtomicUsize,
}

impl Meeting {
    fn until(place: &AtomicUsize, round: usize) {
        let mut turns = 0_u32;
        while place.load(Ordering::SeqCst) < round {
            turns += 1;
            if turns.is_multiple_of(256) { thread::yield_now() } else { hint::spin_loop() }
        }
    }
}

impl Drop for Failed<'_> {
    fn drop(&mut self) {
        let Meeting { holding, waiting, served } = self.0;
        [holding, waiting, served].into_iter().for_each(|place| place.store(usize::MAX, Ordering::SeqCst));
    }
}

struct Failed<'a>(&'a Meeting);

/// The story: one gives back the only permit while the other is about to wait for it. There are these two alone, so that nobody
/// else's giving back wakes whom that one has forgotten; from round to round, the one gives back a moment later.
#[test]
fn nobody_is_forgotten_that_begins_to_wait_while_another_gives_back() {
    const ROUNDS: usize = 10_000;
    const MOMENTS: usize = 500;
    for clients in [["a", "a"], ["a", "b"]] {
        let shares = Shares::new(vec![Mark { total: 1, client: 1 }], 0, Kept::Running);
        let meeting = Meeting::default();
        let [one, other] = clients.map(Client::named);
        let one_gives_back = || {
            let _failed = Failed(&meeting);
            for round in 1..=ROUNDS {
                let share = in_time(shares.take(&one, 0, 1));
                meeting.holding.store(round, Ordering::SeqCst);
                Meeting::until(&meeting.waiting, round);
                (0..round % MOMENTS).for_each(|_| hint::spin_loop());
                drop(share);
                Meeting::until(&meeting.served, round);
            }
        };
        let other_waits = || {
            let _failed = Failed(&meeting);
            for round in 1..=ROUNDS {
                Meeting::until(&meeting.holding, round);
                in_time(async {
                    meeting.waiting.store(round, Ordering::SeqCst);
                    shares.take(&other, 0, 1).await;
                });
                meeting.served.store(round, Ordering::SeqCst);
            }
        };
        thread::scope(|scope| {
            scope.spawn(one_gives_back);
            scope.spawn(other_waits);
        });
        let held = shares.held();
        assert_eq!((held.charged, held.waiting, held.charged_peak, held.client_peak), (0, 0, 1, 1));
    }
}

/// Messages of several clients, each of which takes as messages do: for the stages one after another, and gives back in between.
#[test]
fn many_messages_at_once_hold_no_more_than_may_be_and_all_end() {
    const THREADS: usize = 4;
    const MESSAGES: usize = 3000;
    let marks: Vec<Mark> = (1..=3).map(|level| Mark { total: 6 * level, client: 4 * level }).collect();
    let shares = Shares::new(marks, 2, Kept::Memory);
    thread::scope(|scope| {
        for place in 0..THREADS {
            let shares = &shares;
            let client = Client::named(["a", "b", "a", "c"][place]);
            scope.spawn(move || {
                for turn in 0..MESSAGES {
                    let amount = (turn * 7 + place) % 4 + 1;
                    in_time(async {
                        let mut message = shares.take(&client, 0, amount).await;
                        message.extend(1, amount).await;
                        message.shrink_to(amount);
                        let given_up = shares.take(&client, 1, 4);
                        let _ = timeout(Duration::ZERO, given_up).await;
                        let answer = shares.take(&client, 2, amount).await;
                        assert_eq!((message.amount(), answer.amount()), (amount, amount));
                    });
                }
            });
        }
    });
    let held = shares.held();
    assert_eq!((held.charged, held.waiting), (0, 0));
    assert!(held.charged_peak <= 18 && held.client_peak <= 12, "{held:?}");
    for client in ["a", "b", "c"].map(Client::named) {
        assert_eq!(shares.held_by(&client), 0);
    }
}

/// Whoever has the same name has the same account, in whichever place that is kept, and an account that nobody keeps is forgotten.
#[test]
fn a_name_has_one_account() {
    let shares = Shares::new(vec![Mark { total: 9, client: 2 }], 0, Kept::Memory);
    let others = Shares::new(vec![Mark { total: 9, client: 2 }], 0, Kept::Memory);
    let (one, same) = (Client::named("one"), Client::named("one"));
    let take = |shares: &Arc<Shares>, client: &Client| in_time(shares.take(client, 0, 1));
    let held = [take(&shares, &one), take(&shares, &same), take(&others, &one)];
    assert_eq!([shares.held_by(&one), others.held_by(&same)], [2, 1], "an account is that of its own shares");
    assert!(shares.take_now(&one, 0, 1).is_err());
    drop(held);
    drop((one, same));
    assert_eq!(shares.accounts(), 0, "an account is kept for nobody");
}
