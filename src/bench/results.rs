//! Figures made of runs, and shown: as a table for people, in Markdown, as JSON.

use super::args::BenchCommand;
use super::drive::Run;
use super::figures::{Beside, Cost, Figures, Latency, Machine, Measured};
use super::process::{Memory, Process};
use super::tally::Part;
use super::workload::Workload;
use crate::admin::table::table;
use crate::client::Error;
use crate::text;
use std::path::{Path, PathBuf};

/// The latencies of what was counted.
pub fn latency(part: &Part) -> Latency {
    let at = |percent| (part.percentile(percent) * 10.0).round() / 10.0;
    Latency { p50: at(50.0), p90: at(90.0), p99: at(99.0), p99_9: at(99.9), max: at(100.0) }
}

/// The figures of a workload: those of the run with the median of the rates, and the errors of all runs.
pub fn measured(command: &BenchCommand, workload: Workload, connections: usize, runs: &[Run]) -> Measured {
    let mut ordered: Vec<&Run> = runs.iter().collect();
    ordered.sort_by(|a, b| a.per_second().total_cmp(&b.per_second()));
    let mut figures = named(command, workload, connections);
    for run in runs {
        for (kind, count) in &run.part.errors {
            *figures.errors.entry(kind.clone()).or_default() += count;
        }
        figures.runs_per_second.push(run.per_second());
    }
    let Some(median) = ordered.get(ordered.len() / 2) else { return figures };
    let operations = median.part.operations();
    let each = operations.max(1) as f64;
    let microseconds = |seconds: f64| seconds * 1e6 / each;
    figures.seconds = median.seconds;
    figures.operations = operations;
    figures.per_second = median.per_second();
    figures.latency_microseconds = latency(&median.part);
    figures.bytes = (median.part.bytes.0 as f64 / each, median.part.bytes.1 as f64 / each);
    figures.fairness = match workload {
        Workload::Storm => Some(median.part.percentile(100.0) / median.part.percentile(50.0).max(1e-9)),
        _ => least_by_median(&median.by_connection),
    };
    figures.client_cpu_microseconds = microseconds(median.own_cpu);
    figures.server = median.cpu.map(|(all, user, system, waited)| Cost {
        cpu_microseconds: microseconds(all),
        user_microseconds: microseconds(user),
        system_microseconds: microseconds(system),
        waited_microseconds: microseconds(waited),
        memory: command.pid.and_then(|pid| Process(pid).memory()).unwrap_or_default(),
        connection_bytes: None,
    });
    figures
}

/// The figures of connections that do nothing.
pub fn idle(command: &BenchCommand, connections: usize, (before, after): (Memory, Memory)) -> Measured {
    let grown = after.resident.saturating_sub(before.resident) as f64 / connections as f64;
    let cost = Cost { memory: after, connection_bytes: Some(grown), ..Cost::default() };
    Measured { server: Some(cost), ..named(command, Workload::Idle, connections) }
}

fn named(command: &BenchCommand, workload: Workload, connections: usize) -> Measured {
    Measured {
        workload: workload.name(),
        label: command.label.clone(),
        connections,
        population: command.population,
        each_once: command.each_once,
        kmip: command.kmip.to_string(),
        asked_per_second: command.rate,
        ..Measured::default()
    }
}

/// What the connection that was served least got, by the median.
fn least_by_median(by_connection: &[u64]) -> Option<f64> {
    let mut ordered = by_connection.to_vec();
    ordered.sort_unstable();
    let median = *ordered.get(ordered.len() / 2)?;
    let least = *ordered.first()?;
    (ordered.len() > 1 && median > 0).then(|| least as f64 / median as f64)
}

/// The figures of earlier runs, together. The machine is that of the first.
pub fn read(files: &[PathBuf]) -> Result<Figures, Error> {
    let mut all: Option<Figures> = None;
    for file in files {
        let figures = read_one(file)?;
        match &mut all {
            None => all = Some(figures),
            Some(all) => {
                all.measured.extend(figures.measured);
                all.beside.extend(figures.beside);
            }
        }
    }
    all.ok_or_else(|| Error::usage("no file is given", "name with --from what --json printed"))
}

fn read_one(file: &Path) -> Result<Figures, Error> {
    let wrong = |why: String| {
        Error::setup(format!("{}: {why}", text::path(file)), "name with --from what --json printed")
    };
    let bytes = text::read(file).map_err(|error| wrong(error.to_string()))?;
    let figures: Figures = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
    match figures.keystead_bench {
        super::figures::FORM => Ok(figures),
        other => Err(wrong(format!(
            "its figures are of form {other}, and this program reads form {}",
            super::figures::FORM
        ))),
    }
}

const HEAD: [&str; 12] = [
    "WORKLOAD", "CONN", "KEYS", "RATE/S", "P50", "P99", "P99.9", "MAX", "CPU/OP", "ECHO/S", "SHARE", "ERRORS",
];

/// The rows of all figures; times in microseconds.
fn rows(measured: &[Measured]) -> Vec<[String; 12]> {
    measured.iter().map(row).collect()
}

fn row(one: &Measured) -> [String; 12] {
    let Latency { p50, p99, p99_9, max, .. } = one.latency_microseconds;
    let name = match (&one.label, one.each_once) {
        (Some(label), false) => format!("{} ({label})", one.workload),
        (Some(label), true) => format!("{} ({label}, each once)", one.workload),
        (None, true) => format!("{} (each once)", one.workload),
        (None, false) => one.workload.clone(),
    };
    let is_idle = one.operations == 0 && one.server.is_some_and(|cost| cost.connection_bytes.is_some());
    let time = |value: f64| if is_idle { "-".to_owned() } else { short(value) };
    let cost = one.server.map(|cost| match cost.connection_bytes {
        Some(bytes) => format!("{:.1} KiB", bytes / 1024.0),
        None => short(cost.cpu_microseconds),
    });
    let none = || "-".to_owned();
    [
        name,
        one.connections.to_string(),
        one.population.to_string(),
        time(one.per_second),
        time(p50),
        time(p99),
        time(p99_9),
        time(max),
        cost.unwrap_or_else(none),
        one.limit.as_ref().map_or_else(none, |limit| short(limit.per_second)),
        one.limit.as_ref().map_or_else(none, |limit| format!("{:.0} %", limit.share * 100.0)),
        match one.errors.is_empty() {
            true => "0".to_owned(),
            false => one
                .errors
                .iter()
                .map(|(kind, count)| format!("{count} {kind}"))
                .collect::<Vec<_>>()
                .join(", "),
        },
    ]
}

fn beside(all: &[Beside]) -> Vec<[String; 6]> {
    let row = |one: &Beside| {
        let Latency { p50, p99, max, .. } = one.latency_microseconds;
        [one.what.clone(), one.at_once.to_string(), short(one.per_second), short(p50), short(p99), short(max)]
    };
    all.iter().map(row).collect()
}

const BESIDE_HEAD: [&str; 6] = ["WHAT THE MACHINE CAN DO", "AT ONCE", "RATE/S", "P50", "P99", "MAX"];

/// Three digits, or all of a whole number.
fn short(value: f64) -> String {
    match value {
        0.0 => "-".to_owned(),
        value if value < 10.0 => format!("{value:.2}"),
        value if value < 100.0 => format!("{value:.1}"),
        value => format!("{value:.0}"),
    }
}

/// For people.
pub fn shown(figures: &Figures) -> String {
    let mut text = String::new();
    if !figures.measured.is_empty() {
        text += &table(HEAD, rows(&figures.measured));
        text += "Times are in microseconds; CPU/OP is the server's CPU for one, and of idle its memory for a connection.\n";
    }
    if !figures.beside.is_empty() {
        text += &table(BESIDE_HEAD, beside(&figures.beside));
    }
    text
}

/// For a page.
pub fn markdown(figures: &Figures) -> String {
    let Machine { processor, cores, memory_bytes, kernel, keystead } = &figures.machine;
    let gib = *memory_bytes as f64 / f64::from(1 << 30);
    let mut text =
        format!("Machine: {processor}, {cores} cores, {gib:.1} GiB, Linux {kernel}; Keystead {keystead}.\n");
    if !figures.measured.is_empty() {
        text += "\n";
        text += &lines(&HEAD, rows(&figures.measured).iter().map(|row| row.as_slice()));
    }
    if !figures.beside.is_empty() {
        text += "\n";
        text += &lines(&BESIDE_HEAD, beside(&figures.beside).iter().map(|row| row.as_slice()));
    }
    text
}

fn lines<'r>(head: &[&str], rows: impl Iterator<Item = &'r [String]>) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let cell = |cell: &String| text::printable(cell, 80).replace('|', "\\|");
    let mut text = line(head.iter().map(|name| name.to_lowercase()).collect());
    text += &line(
        head.iter().enumerate().map(|(at, _)| if at == 0 { "---" } else { "---:" }.to_owned()).collect(),
    );
    rows.for_each(|row| text += &line(row.iter().map(cell).collect()));
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop where it stands")]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_as_they_were_written_and_others_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("figures.json");
        let one = Measured { workload: "get".to_owned(), per_second: 12.5, ..Measured::default() };
        let figures =
            Figures { keystead_bench: 1, machine: Machine::here(), measured: vec![one], beside: Vec::new() };
        std::fs::write(&file, serde_json::to_string(&figures).unwrap()).unwrap();
        let both = read(&[file.clone(), file.clone()]).unwrap();
        assert_eq!((both.measured.len(), both.measured[1].per_second), (2, 12.5));
        assert!(markdown(&both).contains("| get | 0 | 0 | 12.5 |"), "{}", markdown(&both));
        for wrong in ["{}", "", "{\"keystead_bench\": 2}"] {
            std::fs::write(&file, wrong).unwrap();
            assert!(
                read(std::slice::from_ref(&file)).unwrap_err().to_string().contains("figures.json"),
                "{wrong}"
            );
        }
        let later = serde_json::to_string(&Figures { keystead_bench: 2, ..figures }).unwrap();
        std::fs::write(&file, later).unwrap();
        assert!(read(&[file]).unwrap_err().to_string().contains("form 2"));
    }

    #[test]
    fn the_connection_that_is_served_least_is_told_by_the_median() {
        assert_eq!(least_by_median(&[100, 50, 100, 200]), Some(0.5));
        assert_eq!(least_by_median(&[7]), None);
        assert_eq!(least_by_median(&[0, 0, 0]), None);
    }
}
