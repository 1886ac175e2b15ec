//! A token that fails: each return code of the table at each call site, once and lastingly, answers that are lost, that
//! are late or never come, nothing found, flipped bits; the token away and back, and another one in its place. Nothing is
//! ever opened wrongly or called changed that was not, and within 5 s of the fault's end all works again.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test: it stops where it stands, and tells its size"
)]

#[path = "faults/calls.rs"]
mod calls;
#[path = "faults/sessions.rs"]
mod sessions;
mod support;
#[path = "faults/unsuited.rs"]
mod unsuited;

use calls::{CODES, LOSE_MODULE, LOSE_SESSION, SESSION_COUNT, SITES};
use keystead_hsm::{
    Epoch, Error, Kek, KekIdentity, MasterKeyRef, MasterKeys as _, Secret, SystemEntropy, Token, TokenConfig,
};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use support::*;

/// How long it may take to serve again.
const HEALED_WITHIN: Duration = Duration::from_secs(5);

/// The module of ours: Cargo leaves it beside the test, or in its folder.
fn faulty() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let name = "libkeystead_faulty_module.so";
    let found = test.ancestors().skip(1).take(2).map(|folder| folder.join(name)).find(|path| path.exists());
    found.expect("the faulty module is not built")
}

/// A token with a key, and what is sealed under it.
struct Bench {
    token: Token,
    key: MasterKeyRef,
    sealed: Vec<u8>,
    kek: (Vec<u8>, [u8; 32]),
    turn: u32,
}

fn identity() -> KekIdentity {
    KekIdentity { store: [7; 16], tenant: 0, id: 1 }
}

/// What the module does from now on.
fn write_script(text: &str) {
    let script = PathBuf::from(std::env::var_os(keystead_faulty_module::SCRIPT).unwrap());
    let half = script.with_extension("half");
    std::fs::write(&half, text).unwrap();
    std::fs::rename(&half, &script).unwrap();
}

fn quick() -> TokenConfig {
    TokenConfig {
        module: faulty(),
        workers: 1,
        call_timeout: Duration::from_secs(2),
        renew_interval: Duration::from_millis(5),
        pin_again_after: [20, 60, 100].map(Duration::from_millis),
        ..config("one")
    }
}

impl Bench {
    fn new(config: TokenConfig) -> Self {
        make("one");
        Self::of(config)
    }

    /// Of the token that is there.
    fn of(config: TokenConfig) -> Self {
        let token = Token::connect(config).unwrap();
        let key = new_key(7, E1);
        token.create(&key).unwrap();
        let sealed = token.seal(E1, b"id", &secret()).unwrap();
        let (row, kek) = Kek::generate(&token, E1, identity(), &mut SystemEntropy::default()).unwrap();
        Self { token, key, sealed, kek: (row, kek.check_value()), turn: 0 }
    }

    /// Each script is another one, so that calls are counted anew.
    fn fail(&mut self, script: &str) {
        self.turn += 1;
        write_script(&format!("{script}\n# {}\n", self.turn));
    }

    /// Does what there is to do. Each may fail; none may give anything wrong. What was sealed is given back.
    fn work(&self, what: &str) -> Vec<Vec<u8>> {
        match self.token.open(b"id", &self.sealed) {
            Ok(opened) => assert!(opened.is_same(&secret()), "{what}: opened wrongly"),
            Err(error) => assert_ne!(error, Error::Tampered, "{what}: called changed"),
        }
        let kek = Kek::open(&self.token, identity(), &self.kek.0, &self.kek.1);
        assert_ne!(kek.err(), Some(Error::Tampered), "{what}: called changed");
        let _ = self.token.prove(E1);
        let _ = self.token.random(&mut [0; 16]);
        self.token.seal(E1, b"other", &secret()).into_iter().collect()
    }

    /// The fault is over: how long until all works again. What was sealed during the fault opens.
    fn heal(&mut self, what: &str, sealed: &[Vec<u8>]) -> Duration {
        self.fail("");
        let begin = Instant::now();
        loop {
            let opened = self.token.open(b"id", &self.sealed).and_then(|opened| {
                assert!(opened.is_same(&secret()), "{what}: opened wrongly");
                self.token.seal(E1, b"id", &secret())
            });
            match opened {
                Ok(_) => break,
                Err(error) => assert!(begin.elapsed() < HEALED_WITHIN, "{what}: does not heal: {error}"),
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        for blob in sealed {
            assert!(self.token.open(b"other", blob).unwrap().is_same(&secret()), "{what}: sealed wrongly");
        }
        begin.elapsed()
    }
}

#[test]
fn every_code_at_every_call() {
    isolated("every_code_at_every_call", |_| codes_at_calls());
}

/// kryoptic chooses other codes than SoftHSM, and locks the PIN after some wrong tries.
#[test]
fn every_code_at_every_call_of_a_second_token() {
    if let Some(module) = kryoptic() {
        isolated_on(&module, "every_code_at_every_call_of_a_second_token", |_| codes_at_calls());
    }
}

fn codes_at_calls() {
    let mut bench = Bench::new(quick());
    let changed = [&bench.sealed[..30], &[1], &bench.sealed[31..]].concat();
    assert_eq!(bench.token.open(b"id", &changed).err(), Some(Error::Tampered));
    assert_eq!(bench.token.open(b"another", &bench.sealed).err(), Some(Error::Tampered));
    let all = std::env::var_os("KEYSTEAD_SOAK").is_some();
    let (mut cells, mut longest) = (0, (Duration::ZERO, String::new()));
    for (place, (site, before)) in SITES.iter().enumerate() {
        for (index, code) in CODES.iter().enumerate() {
            // Work waits for a session as long as it may.
            if *code == SESSION_COUNT && *site != "C_OpenSession" && !all {
                continue;
            }
            let ways = [("1", "return"), ("*", "return"), ("1", "after"), ("1-2", "return"), ("2", "return")];
            for (way, (when, how)) in ways.iter().enumerate() {
                if !all && way != (place + index) % ways.len() {
                    continue;
                }
                let what = format!("{site} {when} {how} 0x{code:X}");
                bench.fail(&format!("{before}\n{what}"));
                if *site == "C_GenerateKey" {
                    let _ = bench.token.create(&new_key(7, Epoch(2)));
                }
                let sealed = bench.work(&what);
                let healed = bench.heal(&what, &sealed);
                longest = longest.max((healed, what));
                cells += 1;
            }
        }
    }
    println!("{cells} cells; the longest to heal: {} after {:?}", longest.1, longest.0);
    assert!(cells > SITES.len() * (CODES.len() - 1));
}

/// A key that was made and whose answer was lost is found again: there is one, and it is used.
#[test]
fn an_answer_that_is_lost_makes_no_second_key() {
    isolated("an_answer_that_is_lost_makes_no_second_key", |_| {
        let mut bench = Bench::new(quick());
        for (turn, code) in [0x30, 0x32, 0xB3, 0xE0, 0x190, 0x5].into_iter().enumerate() {
            let key = new_key(7, Epoch(10 + u32::try_from(turn).unwrap()));
            bench.fail(&format!("C_GenerateKey 1 after 0x{code:X}"));
            let key_check_value =
                bench.token.create(&key).unwrap_or_else(|_| bench.token.create(&key).unwrap());
            bench.token.learn(&key, &key_check_value);
            bench.token.prove(key.epoch).unwrap();
            let labels = bench.token.labels().unwrap();
            assert_eq!(labels.iter().filter(|label| **label == key.label).count(), 1, "0x{code:X}");
        }
    });
}

/// What the HSM opens wrongly behind its own check is never used, and a token that garbles is not called another one.
#[test]
fn a_flipped_bit_is_noticed() {
    isolated("a_flipped_bit_is_noticed", |_| {
        let mut bench = Bench::new(quick());
        for script in ["C_Decrypt * flip", "C_Decrypt 2 flip", "C_Encrypt * flip", "C_Encrypt 2 flip"] {
            bench.fail(script);
            for _ in 0..5 {
                match Kek::open(&bench.token, identity(), &bench.kek.0, &bench.kek.1) {
                    Ok(kek) => assert_eq!(kek.check_value(), bench.kek.1, "{script}"),
                    Err(error) => assert_ne!(error, Error::WrongToken(E1), "{script}"),
                }
                if let Ok((row, kek)) =
                    Kek::generate(&bench.token, E1, identity(), &mut SystemEntropy::default())
                {
                    bench.fail("");
                    Kek::open(&bench.token, identity(), &row, &kek.check_value()).unwrap();
                    bench.fail(script);
                }
            }
            bench.heal(script, &[]);
        }
    });
}

#[test]
fn nothing_found_slow_and_hanging() {
    isolated("nothing_found_slow_and_hanging", |_| {
        let limit = Duration::from_millis(500);
        let mut bench = Bench::new(TokenConfig { call_timeout: limit, workers: 2, ..quick() });
        for when in ["1", "1-2", "*"] {
            let what = format!("C_FindObjects {when} nothing");
            bench.fail(&format!("{LOSE_SESSION}\n{what}"));
            let sealed = bench.work(&what);
            bench.heal(&what, &sealed);
        }
        for (site, before) in SITES {
            let what = format!("{site} * delay 3");
            bench.fail(&format!("{before}\n{what}"));
            assert!(bench.token.open(b"id", &bench.sealed).unwrap().is_same(&secret()), "{what}");
            let what = format!("{site} 1 hang");
            bench.fail(&format!("{before}\n{what}"));
            let begin = Instant::now();
            let sealed = bench.work(&what);
            assert!(begin.elapsed() < Duration::from_secs(5), "{what}: callers waited {:?}", begin.elapsed());
            bench.heal(&what, &sealed);
        }
    });
}

/// A PIN that was accepted and is refused is tried a bounded number of times.
#[test]
fn a_refused_pin_is_tried_a_bounded_number_of_times() {
    isolated("a_refused_pin_is_tried_a_bounded_number_of_times", |_| {
        let mut bench = Bench::new(quick());
        // Refused once by mistake.
        bench.fail(&format!("{LOSE_MODULE}\nC_Login 1 return 0xA0"));
        assert!(matches!(bench.token.prove(E1), Err(Error::PinDoubted(_))));
        bench.heal("a PIN refused once", &[]);
        // Refused for good: three more tries, then none.
        bench.fail(&format!("{LOSE_MODULE}\nC_Login * return 0xA0"));
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_millis(600) {
            assert!(matches!(bench.token.prove(E1), Err(Error::PinDoubted(_) | Error::WrongPin)));
            std::thread::sleep(Duration::from_millis(1));
        }
        bench.fail("");
        assert_eq!(bench.token.prove(E1), Err(Error::WrongPin), "it is not tried any more");
    });
}

#[test]
fn a_refused_pin_rests_before_it_is_tried_again() {
    isolated("a_refused_pin_rests_before_it_is_tried_again", |_| {
        let hours = [1, 2, 3].map(|hours| Duration::from_secs(3600 * hours));
        let mut bench = Bench::new(TokenConfig { pin_again_after: hours, ..quick() });
        bench.fail(&format!("{LOSE_MODULE}\nC_Login 1 return 0xA0"));
        assert!(matches!(bench.token.prove(E1), Err(Error::PinDoubted(_))));
        bench.fail("");
        // It would be taken now, and nobody knows that.
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_millis(600) {
            assert!(matches!(bench.token.prove(E1), Err(Error::PinDoubted(_))));
            std::thread::sleep(Duration::from_millis(1));
        }
    });
}

fn aside(tokens: &Path) -> PathBuf {
    tokens.with_file_name("aside")
}

/// The files of the token go away and come back, as a card that is pulled or a network that is cut.
#[test]
fn a_token_that_comes_back_is_used_again() {
    isolated("a_token_that_comes_back_is_used_again", |tokens| {
        let mut bench = Bench::new(TokenConfig {
            renew_interval: Duration::from_secs(1),
            pin_again_after: [2, 60, 600].map(Duration::from_secs),
            ..quick()
        });
        bench.fail("");
        for round in 0..3 {
            std::fs::rename(tokens, aside(tokens)).unwrap();
            for _ in 0..20 {
                let what = format!("away, round {round}");
                assert!(bench.token.prove(E1).is_err(), "{what}");
                assert!(bench.token.seal(E1, b"id", &secret()).is_err(), "{what}");
                assert_ne!(bench.token.open(b"id", &bench.sealed).err(), Some(Error::Tampered), "{what}");
                std::thread::sleep(Duration::from_millis(20));
            }
            let _ = std::fs::remove_dir_all(tokens);
            std::fs::rename(aside(tokens), tokens).unwrap();
            bench.heal("back", &[]);
        }
    });
}

/// A token of the same label and PIN with other keys is told from the right one, whatever its keys are called.
#[test]
fn another_token_of_the_same_label_is_not_taken_for_the_right_one() {
    isolated("another_token_of_the_same_label_is_not_taken_for_the_right_one", |tokens| {
        let mut bench = Bench::new(TokenConfig { renew_interval: Duration::from_secs(1), ..quick() });
        bench.fail("");
        std::fs::rename(tokens, aside(tokens)).unwrap();
        std::fs::create_dir(tokens).unwrap();
        // Made by another process: this one has the module open.
        let made = std::process::Command::new("softhsm2-util")
            .args(["--init-token", "--free", "--label", "one", "--so-pin", "87654321", "--pin", "123456"])
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        std::thread::sleep(Duration::from_millis(1100));
        let empty = bench.token.prove(E1).err().unwrap();
        assert_eq!(empty, Error::KeyMissing(E1), "a token without the key");
        let other = Token::connect(quick()).unwrap();
        other.create(&bench.key).unwrap();
        drop(other);
        assert_eq!(bench.token.prove(E1).err(), Some(Error::WrongToken(E1)), "a key of the same identifier");
        assert!(bench.token.seal(E1, b"id", &secret()).is_err());
        assert_ne!(bench.token.open(b"id", &bench.sealed).err(), Some(Error::Tampered));
        std::fs::remove_dir_all(tokens).unwrap();
        std::fs::rename(aside(tokens), tokens).unwrap();
        bench.heal("the right one is back", &[]);
    });
}

/// A key that does not open its key check value seals nothing.
#[test]
fn nothing_is_sealed_without_proof() {
    isolated("nothing_is_sealed_without_proof", |_| {
        let mut bench = Bench::new(quick());
        bench.fail("");
        let key_check_value = bench.token.create(&bench.key).unwrap();
        let wrong = new_key(8, E1);
        bench.token.learn(&wrong, &key_check_value);
        assert!(
            bench.token.seal(E1, b"id", &Secret::new(vec![1; 32])).is_err(),
            "proved by another's canary"
        );
        bench.token.learn(&bench.key, &key_check_value);
        bench.heal("the right reference", &[]);
    });
}

/// What may pass by itself takes nothing from the other threads, however long it lasts.
#[test]
fn what_passes_ends_no_sessions() {
    isolated("what_passes_ends_no_sessions", |_| {
        let mut bench = Bench::new(quick());
        for code in [0x1, 0x2, 0x31, 0x50, 0x150, 0x200] {
            bench.fail(&format!("C_DecryptInit * return 0x{code:X}\nC_Finalize * hang"));
            assert!(matches!(bench.token.prove(E1), Err(Error::Device { .. })), "0x{code:X}");
            bench.heal("it has passed", &[]);
        }
    });
}

/// A module that never begins to work is waited for as long as a call may take.
#[test]
fn a_module_that_hangs_when_it_is_initialised() {
    isolated("a_module_that_hangs_when_it_is_initialised", |_| {
        write_script("C_Initialize * hang");
        make("one");
        let limit = Duration::from_millis(300);
        let connected = Token::connect(TokenConfig { call_timeout: limit, ..quick() });
        assert_eq!(connected.err(), Some(Error::Timeout(limit)));
        write_script("");
        Token::connect(quick()).unwrap();
    });
}
