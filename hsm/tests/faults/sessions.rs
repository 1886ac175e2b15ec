//! A token that gives fewer sessions than there are threads, or none; and one that takes its time.

use super::*;

/// Work of eight callers at a time, none of which fails.
fn all_work(bench: &Bench, what: &str) {
    let work = || {
        for _ in 0..10 {
            let opened = bench.token.open(b"id", &bench.sealed);
            assert!(opened.as_ref().is_ok_and(|opened| opened.is_same(&secret())), "{what}: {opened:?}");
            bench.token.seal(E1, b"other", &secret()).unwrap();
        }
    };
    std::thread::scope(|scope| (0..8).for_each(|_| drop(scope.spawn(work))));
}

/// A token that gives fewer sessions than there are threads, as few as one: those that have one do all the work, and nothing
/// is taken from them. A module that were initialised anew would hang here.
#[test]
fn fewer_sessions_than_threads() {
    isolated("sessions::fewer_sessions_than_threads", |_| {
        make("one");
        for (threads, sessions) in
            [(2, 1), (4, 1), (5, 1), (6, 2), (8, 2), (16, 1), (16, 4), (16, 8), (16, 12)]
        {
            let what = format!("{threads} threads, {sessions} sessions");
            let limit = |sessions| format!("C_OpenSession * limit {sessions}\nC_Finalize * hang");
            write_script(&limit(sessions));
            let ten = Duration::from_secs(10);
            let mut bench = Bench::of(TokenConfig { workers: threads, call_timeout: ten, ..quick() });
            all_work(&bench, &what);
            // All but one are lost, and somebody else takes them.
            bench.fail(&format!("C_DecryptInit 1-{} return 0xB3\n{}", sessions - 1, limit(1)));
            all_work(&bench, &format!("{what}, then 1"));
            // The token was away, and gives one less than before when it is back.
            let fewer = usize::max(sessions - 1, 1);
            bench.fail(&format!("{LOSE_MODULE}\nC_OpenSession * limit {fewer}"));
            all_work(&bench, &format!("{what}, then {fewer}, of a module that was initialised anew"));
        }
    });
}

/// What waits for a session is done when there is one again; where there is none until its time is over, that is told.
#[test]
fn no_session_at_all() {
    isolated("sessions::no_session_at_all", |_| {
        let limit = Duration::from_secs(1);
        let mut bench = Bench::new(TokenConfig { workers: 4, call_timeout: limit, ..quick() });
        let none = "C_DecryptInit 1-4 return 0xB3\nC_OpenSession * limit 0\nC_Finalize * hang";
        bench.fail(none);
        for _ in 0..3 {
            assert_eq!(bench.token.prove(E1), Err(Error::NoSession));
        }
        assert!(matches!(
            Token::connect(TokenConfig { call_timeout: limit, ..quick() }),
            Err(Error::NoSession)
        ));
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| bench.token.prove(E1));
            std::thread::sleep(limit / 4);
            write_script("");
            assert_eq!(waits.join().unwrap(), Ok(()));
        });
        bench.heal("sessions are free again", &[]);
    });
}

/// The HSM takes most of the time limit for each call, and there are more than one for each thing that is done.
#[test]
fn the_time_limit_is_that_of_one_call() {
    isolated("sessions::the_time_limit_is_that_of_one_call", |_| {
        let limit = Duration::from_millis(500);
        let mut bench = Bench::new(TokenConfig { call_timeout: limit, workers: 4, ..quick() });
        let slow: String = SITES.iter().map(|(site, _)| format!("{site} * delay 90\n")).collect();
        bench.fail(&format!("C_OpenSession * limit 1\n{slow}"));
        let key = new_key(7, Epoch(2));
        bench.token.create(&key).unwrap();
        bench.token.seal(Epoch(2), b"id", &secret()).unwrap();
        assert!(bench.token.open(b"id", &bench.sealed).unwrap().is_same(&secret()));
    });
}

/// The session that the token counts is one of ours, which the module could not close.
#[test]
fn a_session_that_could_not_be_closed() {
    isolated("sessions::a_session_that_could_not_be_closed", |_| {
        let mut bench = Bench::new(quick());
        bench.fail("C_DecryptInit 1 return 0xB4\nC_CloseSession 1 return 0x5\nC_OpenSession * limit 1");
        bench.token.prove(E1).unwrap();
    });
}
