//! One client attacks, another gets its key: how long a Get takes then, and by how much the server's memory grows.
//!
//! ```text
//! KEYSTEAD=path/of/a/server cargo bench --bench attacks [NAME ...]
//! ```
//!
//! Each attack meets a server of its own. The figures are to compare in one run on one machine; not a test. What is
//! aimed at on a machine of two cores: 99 of 100 Gets within 200 ms, and at most 300 MiB more memory.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark: it stops where it stands, and prints figures"
)]

mod attacks;
mod certificates;
#[allow(dead_code, reason = "tests take more of it")]
#[path = "../../tests/support/costly.rs"]
mod costly;
mod measure;
mod requests;
mod site;

use attacks::ATTACKS;
use measure::measure;
use site::Site;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long each attack is kept up.
const TIME: Duration = Duration::from_secs(15);

fn main() {
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    println!("{:<34} {:>8} {:>8} {:>8} {:>8} {:>9}", "attack", "Gets", "p50 ms", "p99 ms", "max ms", "+MiB");
    for attack in ATTACKS.iter().filter(|a| wanted.is_empty() || wanted.iter().any(|name| name == a.name)) {
        let site = Site::start(attack.configuration, attack.clients);
        let stop = AtomicBool::new(false);
        let prepared = (attack.prepare)(&site);
        let figures = std::thread::scope(|scope| {
            let good = site.good();
            let before = site.memory();
            for _ in 0..attack.connections {
                let (site, stop, prepared) = (&site, &stop, &prepared);
                scope.spawn(move || (attack.run)(site, prepared, stop));
            }
            let figures = measure(&site, good, TIME, attack.comes_anew, before);
            stop.store(true, Ordering::Relaxed);
            site.end();
            figures
        });
        println!("{:<34} {figures}", attack.name);
    }
}
