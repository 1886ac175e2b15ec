//! The figures of a run, as JSON has them; what `--from` reads again.

use super::cold::NEVER_SERVED;
use super::process::Memory;
use super::workload::Workload;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which form of figures this is.
pub const FORM: u32 = 1;

/// All figures of one call of the command.
#[derive(Clone, Serialize, Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// Which form of figures this is.
    pub keystead_bench: u32,
    /// Where they were taken.
    pub machine: Machine,
    /// One a workload and number of connections.
    pub measured: Vec<Measured>,
    /// What the machine can do without the server, apart from TLS echo, which stands with what it is compared with.
    pub beside: Vec<Beside>,
}

/// The machine of the client.
#[derive(Clone, Serialize, Deserialize, Default, PartialEq, Debug)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// Its processor.
    pub processor: String,
    /// How many of them, as the kernel counts.
    pub cores: usize,
    /// Its memory, in bytes.
    pub memory_bytes: u64,
    /// Its kernel.
    pub kernel: String,
    /// The version of Keystead.
    pub keystead: String,
}

/// One workload on so many connections.
#[derive(Clone, Serialize, Deserialize, Default, Debug)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// The workload.
    pub workload: String,
    /// The word that was given with `--label`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub label: Option<String>,
    /// How many connections at once.
    pub connections: usize,
    /// How many keys were asked for.
    pub population: usize,
    /// Whether none was asked for twice.
    pub each_once: bool,
    /// The version of KMIP.
    pub kmip: String,
    /// How often a second was asked for, where it was not as fast as answers came.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub asked_per_second: Option<u64>,
    /// How long it was measured.
    pub seconds: f64,
    /// How many requests, or sessions, succeeded.
    pub operations: u64,
    /// The same a second: the median of all runs.
    pub per_second: f64,
    /// The same of each run.
    pub runs_per_second: Vec<f64>,
    /// How long they took.
    pub latency_microseconds: Latency,
    /// What failed, by kind.
    pub errors: BTreeMap<String, u64>,
    /// The bytes of the messages of one, there and back.
    pub bytes: (f64, f64),
    /// The connection that was served least, by the median of all connections; of `storm`, the slowest client by the median.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fairness: Option<f64>,
    /// What it cost the server, where its process was given.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub server: Option<Cost>,
    /// The CPU that the client used for one, in microseconds.
    pub client_cpu_microseconds: f64,
    /// What the machine could do at the most.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub limit: Option<Limit>,
}

/// Latencies, in microseconds.
#[derive(Clone, Copy, Serialize, Deserialize, Default, Debug)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// The median.
    pub p50: f64,
    /// 90 of 100 are below.
    pub p90: f64,
    /// 99 of 100.
    pub p99: f64,
    /// 999 of 1000.
    pub p99_9: f64,
    /// The longest.
    pub max: f64,
}

/// What a server paid.
#[derive(Clone, Copy, Serialize, Deserialize, Default, Debug)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// CPU of one operation, in microseconds.
    pub cpu_microseconds: f64,
    /// That of it in its own code.
    pub user_microseconds: f64,
    /// That of it in the kernel.
    pub system_microseconds: f64,
    /// How long its threads waited for a processor, for one operation.
    pub waited_microseconds: f64,
    /// Its memory at the end.
    pub memory: Memory,
    /// What an idle connection takes of it, where that was measured, in bytes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub connection_bytes: Option<f64>,
}

/// What the machine could do at the most.
#[derive(Clone, Serialize, Deserialize, Default, Debug)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// What was done for it.
    pub what: String,
    /// How often a second: the median of all runs.
    pub per_second: f64,
    /// The same of each run.
    pub runs_per_second: Vec<f64>,
    /// How long they took.
    pub latency_microseconds: Latency,
    /// The CPU of the echo's process for one, in microseconds.
    pub cpu_microseconds: f64,
    /// The rate of the server by this one.
    pub share: f64,
}

/// What was measured without any server.
#[derive(Clone, Serialize, Deserialize, Default, Debug)]
#[serde(deny_unknown_fields)]
pub struct Beside {
    /// What.
    pub what: String,
    /// On so many connections, or by so many threads, at once.
    pub at_once: usize,
    /// How often a second.
    pub per_second: f64,
    /// How long one takes.
    pub latency_microseconds: Latency,
}

impl Measured {
    /// Whether something was asked for and not got. Who was not served in a storm came again, and counts once it was.
    pub fn is_lacking(&self) -> bool {
        match self.workload == Workload::Storm.name() {
            true => self.errors.contains_key(NEVER_SERVED),
            false => !self.errors.is_empty(),
        }
    }
}

impl Machine {
    /// This machine.
    pub fn here() -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let field = |text: &str, key: &str| {
            let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default().to_owned();
            line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
        };
        let kilobytes = field(&read("/proc/meminfo"), "MemTotal").replace(" kB", "").parse::<u64>();
        Self {
            processor: field(&read("/proc/cpuinfo"), "model name"),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            memory_bytes: kilobytes.unwrap_or_default() * 1024,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            keystead: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}
