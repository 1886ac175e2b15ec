//! Threads that hang, and threads that cannot do the work.

use super::super::progress::call_is_over;
use super::*;

impl Value for u32 {
    fn recovers(&mut self) -> bool {
        false
    }
}

fn workers(threads: usize) -> Workers<u32> {
    Workers::start(threads, Duration::from_millis(100), Box::new(|| 7))
}

/// Threads with values from 0 on.
fn numbered(threads: usize, timeout: Duration) -> Workers<u32> {
    let made = AtomicUsize::new(0);
    let make = move || u32::try_from(made.fetch_add(1, Ordering::SeqCst)).unwrap_or(0);
    Workers::start(threads, timeout, Box::new(make))
}

/// A call that hangs costs its caller the time limit, and nobody else.
#[test]
fn a_hanging_call_is_written_off_and_its_thread_replaced() {
    let workers = workers(1);
    let (release, hang) = bounded::<()>(0);
    let stuck = workers.call(move |_| {
        let _ = hang.recv();
        Ok(())
    });
    assert_eq!(stuck, Err(Error::Timeout(Duration::from_millis(100))));
    assert_eq!(workers.call(|value| Ok(*value)), Ok(7));
    drop(release);
    for _ in 0..100 {
        if workers.inner.written_off.load(Ordering::Acquire) == 0 {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("a thread that came back still counts as hanging");
}

/// Whatever the numbers of threads, and of those that can do the work: it is done, none by the others.
#[test]
fn threads_that_cannot_do_the_work_leave_it_to_those_that_can() {
    for threads in [1, 2, 4, 8, 16] {
        for able in [1, threads / 4, threads / 2, threads].into_iter().filter(|able| *able > 0) {
            let workers = numbered(threads, Duration::from_secs(10));
            let able = u32::try_from(able).unwrap_or(1);
            let work = || {
                for _ in 0..20 {
                    let done = workers.call(move |value| {
                        std::thread::sleep(Duration::from_micros(100));
                        if *value < able { Ok(()) } else { Err(Error::NoSession) }
                    });
                    assert_eq!(done, Ok(()), "{threads} threads, {able} able");
                }
            };
            std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(work))));
        }
    }
}

/// Where no thread can, the work waits for one until its time is over, and leaves nothing behind.
#[test]
fn work_that_no_thread_can_do_is_told_at_its_deadline() {
    let limit = Duration::from_millis(200);
    let workers = numbered(3, limit);
    for _ in 0..3 {
        let began = Instant::now();
        assert_eq!(workers.call(|_| Err::<(), _>(Error::NoSession)), Err(Error::NoSession));
        assert!(began.elapsed() >= limit);
        assert!(workers.inner.queue().jobs.is_empty());
    }
}

/// Work of many calls has the time limit for each of them; and an end.
#[test]
fn the_time_limit_is_that_of_one_call() {
    let workers = workers(1);
    let of_calls = |calls: u32| {
        workers.call(move |_| {
            for _ in 0..calls {
                std::thread::sleep(Duration::from_millis(50));
                call_is_over();
            }
            Ok(())
        })
    };
    assert_eq!(of_calls(8), Ok(()));
    assert!(matches!(of_calls(60), Err(Error::Timeout(_))));
}

/// Threads are replaced up to the bound, then calls fail at once.
#[test]
fn beyond_the_bound_calls_fail_fast() {
    let workers = workers(1);
    let (release, hang) = bounded::<()>(0);
    for _ in 0..WRITTEN_OFF_MAX {
        let hang = hang.clone();
        let stuck = workers.call(move |_| {
            let _ = hang.recv();
            Ok(())
        });
        assert!(matches!(stuck, Err(Error::Timeout(_))));
    }
    let started = Instant::now();
    assert!(matches!(workers.call(|value| Ok(*value)), Err(Error::Busy(_))));
    assert!(started.elapsed() < Duration::from_millis(100));
    drop(release);
}
