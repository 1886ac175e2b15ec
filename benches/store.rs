//! What the store costs as it grows: opening it after its process was killed, memory beside the cache, and what one commit
//! and one read take, in bytes and system calls. Rows are like those of keys with a name and five attributes; nothing in them
//! can be opened.
//!
//! ```text
//! cargo bench --bench store [KEYS]        or, without waiting for an optimised build:
//! cargo test --bench store -- [KEYS]
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark: it stops where it stands, and prints figures"
)]

use keystead::store::{Database, Engine, Opening, Outcome, Pair, RedbStore, Store as _, Submission};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Keys in one commit while the store is filled.
const FILLED_AT_ONCE: u64 = 5000;

/// The cache: small beside what the keys take, so that memory beside it is seen.
const CACHE_BYTES: usize = 64 << 20;

/// Among how many owners the keys are.
const OWNERS: u64 = 10;

/// How many requests write at a time.
const WRITERS: [u64; 3] = [1, 64, 256];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|one| !one.starts_with("--")).collect();
    match arguments.as_slice() {
        [fill, folder, keys] if fill == "fill" => fill_and_die(Path::new(folder), keys.parse().unwrap()),
        [keys] => measure(keys.parse().unwrap()),
        _ => [1000, 20_000].into_iter().for_each(measure),
    }
}

/// A number that is spread over all others, and the same each time.
fn spread(number: u64) -> u64 {
    let mixed =
        (number ^ (number >> 30)).wrapping_add(0x9E37_79B9_7F4A_7C15).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB)
}

/// The rows of a key with a name in one group: attributes, value, claim on the name, and two entries of indexes. They lie as those of
/// the server do: by the time in the identifier, or by the digest of the name.
fn rows(number: u64) -> Vec<Pair> {
    let id = format!(
        "{:08x}-{:04x}-7{:03x}-{:016x}",
        number >> 16,
        number & 0xffff,
        spread(number) & 0xfff,
        spread(number)
    );
    let key = |kind: u8, parts: &[&[u8]]| [&[kind, 0, 0, 0, 0][..], &parts.concat()].concat();
    let filled = |length: usize| (0..length as u64).map(|at| spread(number * 1000 + at) as u8).collect();
    let owner = spread(number % OWNERS).to_be_bytes().repeat(2);
    let newest_first = (u64::MAX - number).to_be_bytes();
    let name = spread(number).to_be_bytes().repeat(2);
    let entry = |index: u8, value: &[u8]| key(b'i', &[&owner, &[index], value, &newest_first, id.as_bytes()]);
    vec![
        (key(b'o', &[id.as_bytes()]), Some(filled(320))),
        (key(b's', &[id.as_bytes(), &[0; 5]]), Some(filled(145))),
        (key(b'i', &[&owner, &[1], &name]), Some([&number.to_be_bytes(), id.as_bytes()].concat())),
        (entry(11, &[2; 9]), Some(Vec::new())),
        (entry(12, &[3; 17]), Some(Vec::new())),
    ]
}

/// Fills a store, and ends as a killed process does.
fn fill_and_die(folder: &Path, keys: u64) {
    drop(Database::open(Engine::Redb, folder).unwrap());
    let store = RedbStore::open(folder).unwrap();
    for from in (0..keys).step_by(FILLED_AT_ONCE as usize) {
        let numbers = from..keys.min(from + FILLED_AT_ONCE);
        assert_eq!(
            store.commit(
                &numbers.flat_map(rows).collect::<BTreeMap<_, _>>().into_iter().collect::<Vec<_>>().into()
            ),
            Ok(Outcome::Committed)
        );
    }
    std::process::abort();
}

fn measure(keys: u64) {
    let folder =
        tempfile::tempdir_in(std::env::var("KEYSTEAD_BENCH_FOLDER").unwrap_or("/tmp".into())).unwrap();
    let begin = Instant::now();
    let mut command = Command::new(std::env::current_exe().unwrap());
    let filled = command.arg("fill").arg(folder.path()).arg(keys.to_string()).status().unwrap();
    assert!(!filled.success(), "it was to be killed");
    let bytes = std::fs::metadata(folder.path().join("store.redb")).unwrap().len();
    println!("{keys} keys: {bytes} bytes, {} a key, filled in {:?}", bytes / keys, begin.elapsed());
    let before = resident();
    let begin = Instant::now();
    let opening = Opening { engine: Engine::Redb, cache_bytes: CACHE_BYTES };
    let database = Arc::new(Database::open(opening, folder.path()).unwrap());
    println!(
        "  opened after a kill in {:?}, {} KiB more resident",
        begin.elapsed(),
        (resident() - before) / 1024
    );
    read(&database, keys);
    println!("  resident beside a full cache: {} KiB", (resident() as i64 - CACHE_BYTES as i64) / 1024);
    WRITERS.into_iter().for_each(|writers| write(&database, keys, writers));
    println!("  resident beside a full cache: {} KiB", (resident() as i64 - CACHE_BYTES as i64) / 1024);
    let begin = Instant::now();
    drop(database);
    println!("  closed in {:?}", begin.elapsed());
    let begin = Instant::now();
    drop(Database::open(opening, folder.path()).unwrap());
    println!("  opened again, and closed, in {:?}", begin.elapsed());
}

/// Reads keys at random.
fn read(database: &Database, keys: u64) {
    let (before, begin, reads) = (calls(), Instant::now(), 200_000);
    for number in 0..reads {
        let key = rows(spread(number) % keys).swap_remove(0).0;
        assert!(database.snapshot().unwrap().show(&key, &mut |_| {}).unwrap());
    }
    let (took, after) = (begin.elapsed(), calls());
    println!(
        "  a read: {:.2} us with making its key, {:.2} system calls that read",
        took.as_secs_f64() * 1e6 / reads as f64,
        (after["syscr"] - before["syscr"]) as f64 / reads as f64
    );
}

/// Writes new keys from so many threads for a while.
fn write(database: &Arc<Database>, keys: u64, writers: u64) {
    let (done, written) = (AtomicBool::new(false), AtomicU64::new(0));
    let next = AtomicU64::new(writers * 1_000_000);
    let (before, begin) = (calls(), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..writers {
            let (done, written, next) = (&done, &written, &next);
            scope.spawn(move || {
                loop {
                    if done.load(Ordering::Relaxed) {
                        break;
                    }
                    let number = keys + next.fetch_add(1, Ordering::Relaxed);
                    let submission = Submission { transaction: rows(number).into(), ..Submission::default() };
                    assert_eq!(database.commit_blocking(submission), Ok(Outcome::Committed));
                    written.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        std::thread::sleep(Duration::from_secs(3));
        done.store(true, Ordering::Relaxed);
    });
    let (after, written) = (calls(), written.into_inner() as f64);
    let each = |what: &str| (after[what] - before[what]) as f64 / written;
    println!(
        "  {writers} writers: {:.0} keys a second; of each {:.0} bytes in {:.1} calls are written, {:.2} calls read",
        written / begin.elapsed().as_secs_f64(),
        each("wchar"),
        each("syscw"),
        each("syscr")
    );
}

/// What `/proc/self/io` counts.
fn calls() -> BTreeMap<String, u64> {
    let text = std::fs::read_to_string("/proc/self/io").unwrap();
    let counted = text.lines().filter_map(|line| line.split_once(": "));
    counted.map(|(what, count)| (what.to_owned(), count.parse().unwrap())).collect()
}

/// Bytes of this process in memory.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}
