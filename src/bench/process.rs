//! What `/proc` tells of a process: how much CPU it has used, and how much memory it has.

use crate::client::Error;
use serde::{Deserialize, Serialize};
use std::fs;

/// The kernel counts in hundredths of a second towards programs, on every platform (USER_HZ).
const TICKS_PER_SECOND: f64 = 100.0;

/// A process by its number.
#[derive(Clone, Copy)]
pub struct Process(pub u32);

/// CPU time that a process has used, in seconds.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub struct Cpu {
    /// In its own code.
    pub user: f64,
    /// In the kernel.
    pub system: f64,
    /// How long its threads that live were ready to run and had to wait for a processor.
    pub waited: f64,
    /// The same of running, to the nanosecond, and how many threads that is of.
    pub running: (f64, usize),
}

/// Memory of a process, in bytes.
#[derive(Clone, Copy, Default, Serialize, Deserialize, PartialEq, Debug)]
pub struct Memory {
    /// In RAM now.
    pub resident: u64,
    /// The same with what is shared with others counted by its share; none where the process does not let others look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proportional: Option<u64>,
}

impl Process {
    /// Whether there is such a process.
    pub fn check(self) -> Result<(), Error> {
        let what = format!("there is no process {} on this machine whose CPU time can be read", self.0);
        self.cpu()
            .map(drop)
            .ok_or_else(|| Error::usage(what, "give with --pid the number of the server's process"))
    }

    /// The CPU time that it has used.
    pub fn cpu(self) -> Option<Cpu> {
        let (user, system) = times(&fs::read_to_string(format!("/proc/{}/stat", self.0)).ok()?)?;
        let mut cpu = Cpu { user, system, ..Cpu::default() };
        for thread in fs::read_dir(format!("/proc/{}/task", self.0)).ok()?.flatten() {
            let text = fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
            let mut numbers =
                text.split_whitespace().map(|number| number.parse::<f64>().unwrap_or_default() / 1e9);
            cpu.running.0 += numbers.next().unwrap_or_default();
            cpu.waited += numbers.next().unwrap_or_default();
            cpu.running.1 += 1;
        }
        Some(cpu)
    }

    /// Its memory.
    pub fn memory(self) -> Option<Memory> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0)).ok()?;
        let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.0)).unwrap_or_default();
        Some(Memory {
            resident: kilobytes(&status, "VmRSS:")? * 1024,
            proportional: kilobytes(&rollup, "Pss:").map(|kb| kb * 1024),
        })
    }
}

impl Cpu {
    /// What was used since then: seconds in all, in its own code, in the kernel, and of waiting.
    pub fn since(&self, before: &Self) -> (f64, f64, f64, f64) {
        let (user, system) = (self.user - before.user, self.system - before.system);
        let ticks = user + system;
        // Of the same threads the scheduler's own count is finer than ticks of 10 ms.
        let fine = (self.running.1 == before.running.1).then_some(self.running.0 - before.running.0);
        let all = fine.filter(|fine| (fine - ticks).abs() <= 0.03 + ticks * 0.05).unwrap_or(ticks);
        (all, user, system, (self.waited - before.waited).max(0.0))
    }
}

/// User and system time in the text of `stat`, whose second field may hold anything.
fn times(stat: &str) -> Option<(f64, f64)> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11).map(|field| field.parse::<f64>().ok());
    Some((fields.next()?? / TICKS_PER_SECOND, fields.next()?? / TICKS_PER_SECOND))
}

fn kilobytes(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.starts_with(key))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop where it stands")]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_a_name_may_hold_brackets() {
        let own = Process(std::process::id());
        assert!(own.memory().unwrap().resident > 1 << 20);
        assert!(own.cpu().unwrap().running.1 > 0);
        assert!(Process(u32::MAX).check().is_err());
        let stat = "7 (a) b) c) S 1 2 3 4 5 6 7 8 9 10 250 150 0 0";
        assert_eq!(times(stat), Some((2.5, 1.5)));
        assert_eq!(kilobytes("VmRSS:\t  12 kB\n", "VmRSS:"), Some(12));
    }

    #[test]
    fn the_finer_count_is_taken_where_it_is_of_the_same_threads() {
        let before = Cpu { user: 1.0, system: 1.0, waited: 0.0, running: (2.0, 4) };
        let after = Cpu { user: 2.0, system: 1.5, waited: 0.25, running: (3.504, 4) };
        assert_eq!(after.since(&before), (1.504, 1.0, 0.5, 0.25));
        let others = Cpu { running: (3.504, 5), ..after };
        assert_eq!(others.since(&before).0, 1.5);
    }
}
