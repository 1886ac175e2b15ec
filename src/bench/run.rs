//! The command: what is measured in which order.

use super::args::BenchCommand;
use super::drive::{Plan, Run, drive};
use super::figures::{Beside, FORM, Figures, Latency, Machine, Measured};
use super::limits::{self, Echo};
use super::population::Population;
use super::process::Process;
use super::requests::{self, Dice, Shared};
use super::wire::Target;
use super::workload::{Operation, Pattern, Workload};
use super::{cold, echo, hsm, plot, preload, results};
use crate::admin::json_line;
use crate::client::report::{self, fail};
use crate::client::{Client, Error, Settings, exit};
use crate::config::Config;
use crate::{output, text};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::time::{SystemTime, UNIX_EPOCH};

/// The most keys that are made to be activated in a run, which ends before its time where they do not do.
const INACTIVE_MAX: usize = 30_000;

/// How many of them for a second of activating on a connection.
const INACTIVE_PER_SECOND: f64 = 500.0;

/// The bytes of a Get by identifier and of its answer in KMIP 2.1, where no workload tells others.
const GET_BYTES: (usize, usize) = (152, 312);

/// Files that are open beside the connections.
const OTHER_FILES: u64 = 64;

/// Measures, and tells; gives the exit code. `use_softhsm` tells SoftHSM which configuration to read.
pub fn run(command: &BenchCommand, use_softhsm: fn(&Path)) -> u8 {
    let failed = |error: Error| {
        let _ = fail(command.json, &error);
        error.exit_code()
    };
    if command.workloads == [Workload::EchoServer] {
        return echo::serve().map_or_else(failed, |()| exit::DONE);
    }
    match figures(command, use_softhsm).and_then(|figures| tell(command, &figures).map(|()| figures)) {
        Err(error) => failed(error),
        Ok(figures) if figures.measured.iter().any(Measured::is_lacking) => {
            report::warn(command.json, "some answers were wrong or missing: see the errors");
            exit::HERE
        }
        Ok(_) => exit::DONE,
    }
}

fn tell(command: &BenchCommand, figures: &Figures) -> Result<(), Error> {
    if let Some(file) = &command.svg {
        let written = std::fs::write(file, plot::svg(figures));
        written.map_err(|error| {
            Error::setup(
                format!("{}: {error}", text::path(file)),
                "name with --svg a file that you may write",
            )
        })?;
    }
    match (command.json, command.markdown) {
        (false, _) if figures.measured.is_empty() && figures.beside.is_empty() => Ok(()),
        (true, _) => output::say(&json_line(figures)),
        (_, true) => output::say(&results::markdown(figures)),
        _ => output::say(&results::shown(figures)),
    }
}

fn figures(command: &BenchCommand, use_softhsm: fn(&Path)) -> Result<Figures, Error> {
    if !command.from.is_empty() {
        return results::read(&command.from);
    }
    // Before there is another thread: the module of the HSM reads the environment.
    let hsm = command.hsm.as_deref().map(|file| hsm::prepare(file, use_softhsm)).transpose()?;
    enough_files(command)?;
    let settings = match command.needs_server() {
        true => Some(asked(command)?),
        // Limits alone need no server; its certificates are used where they are given.
        false => command.client.settings().ok(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime
        .map_err(|error| Error::setup(format!("no threads: {error}"), "let this process have more"))?;
    let mut figures = runtime.block_on(measure(command, settings.as_ref()))?;
    figures.beside.extend(beside(command, hsm.as_ref())?);
    Ok(figures)
}

/// The settings of a server that answers this client; everything that is in the way is told before anything is measured.
fn asked(command: &BenchCommand) -> Result<Settings, Error> {
    let settings = command.client.settings()?;
    settings.files.warning().iter().for_each(|text| report::warn(command.json, text));
    let first = settings.servers.iter().take(1).cloned().collect();
    let settings = Settings { version: command.kmip, ..settings.with_servers(first) };
    Client::new(settings.clone()).call(requests::query())?;
    let idle = command.workloads.contains(&Workload::Idle);
    match command.pid {
        Some(pid) => Process(pid).check()?,
        None if idle => {
            return Err(Error::usage(
                "`idle` measures the memory of the server's process",
                "name it with --pid",
            ));
        }
        None => {}
    }
    Ok(settings)
}

/// Whether so many connections can be open.
fn enough_files(command: &BenchCommand) -> Result<(), Error> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // Where it cannot be raised, what there is may do.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    let wanted = command.connections.iter().max().copied().unwrap_or_default() as u64 + OTHER_FILES;
    match getrlimit(Resource::Nofile).current {
        Some(most) if most < wanted => Err(Error::setup(
            format!("this process may have {most} open files, and {wanted} are needed"),
            "raise the limit (`ulimit -n`), or ask for fewer --connections",
        )),
        _ => Ok(()),
    }
}

impl BenchCommand {
    fn needs_server(&self) -> bool {
        self.preload || self.workloads.iter().any(|workload| *workload != Workload::Limits)
    }

    fn plan(&self, pattern: Pattern, connections: usize) -> Plan {
        Plan {
            pattern,
            connections,
            warm_up: self.warm_up,
            duration: self.duration,
            rate: self.rate,
            seed: self.seed,
            process: self.pid.map(Process),
        }
    }
}

async fn measure(command: &BenchCommand, settings: Option<&Settings>) -> Result<Figures, Error> {
    let mut figures =
        Figures { keystead_bench: FORM, machine: Machine::here(), measured: Vec::new(), beside: Vec::new() };
    let mut population = Arc::new(Population { prefix: command.prefix.clone(), ..Population::default() });
    let target = match settings.filter(|_| command.needs_server()) {
        Some(settings) => Some(Target::new(settings).await?),
        None => None,
    };
    if let Some(target) = target.as_ref().filter(|_| command.preload) {
        let made = preload::preload(target, command).await?;
        if !command.json {
            let _ = writeln!(
                std::io::stderr(),
                "keystead: {made} keys of the population were made; they stay on the server"
            );
        }
    }
    if let Some(target) =
        target.as_ref().filter(|_| command.workloads.iter().any(|workload| workload.needs_population()))
    {
        population = Arc::new(Population::find(target, command).await?);
    }
    let wants_echo = command.limits || command.workloads.contains(&Workload::Limits);
    let echo = wants_echo.then(|| Echo::start(command, settings)).transpose()?;
    let mut site = target.map(|target| Site { command, target, population, inactive: Vec::new() });
    for workload in &command.workloads {
        for connections in &command.connections {
            match (&mut site, &echo) {
                (_, Some(echo)) if *workload == Workload::Limits => {
                    figures.beside.extend(alone(command, echo, *connections).await?);
                }
                (Some(site), echo) => {
                    let echo = echo.as_ref().filter(|_| command.limits);
                    figures.measured.push(site.measure(echo, *workload, *connections).await?);
                }
                _ => {}
            }
        }
    }
    Ok(figures)
}

/// A server with its keys.
struct Site<'a> {
    command: &'a BenchCommand,
    target: Target,
    population: Arc<Population>,
    /// Keys that are not active yet, left over from earlier runs.
    inactive: Vec<String>,
}

impl Site<'_> {
    /// One workload on so many connections: each run, and right behind it the same with the echo.
    async fn measure(
        &mut self,
        echo: Option<&Echo>,
        workload: Workload,
        connections: usize,
    ) -> Result<Measured, Error> {
        let command = self.command;
        let (mut runs, mut limits) = (Vec::new(), Vec::new());
        let process = command.pid.map(Process);
        for _ in 0..command.runs {
            let shared = self.shared(workload, connections).await?;
            let Some(pattern) = workload.pattern() else {
                // Without its process the command has ended before.
                let process = process.unwrap_or(Process(std::process::id()));
                let memory = cold::idle(&self.target, &shared, connections, process).await?;
                return Ok(results::idle(command, connections, memory));
            };
            let plan = command.plan(pattern, connections);
            let run = match workload {
                Workload::Storm => {
                    cold::storm(&self.target, &shared, connections, command.seed, process).await
                }
                _ => drive(&self.target, &shared, plan).await?,
            };
            self.inactive.extend(shared.left_inactive());
            if let Some(echo) = echo {
                limits.extend(echo.run(workload, &run, plan).await?);
            }
            runs.push(run);
        }
        let mut measured = results::measured(command, workload, connections, &runs);
        measured.limit = limits::limit(workload, &limits, measured.per_second);
        Ok(measured)
    }

    /// What the connections of a run share.
    async fn shared(&mut self, workload: Workload, connections: usize) -> Result<Arc<Shared>, Error> {
        let command = self.command;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(since.as_nanos()).unwrap_or_default();
        let mut shared = Shared {
            version: command.kmip,
            population: Arc::clone(&self.population),
            each_once: command.each_once.then(|| AtomicUsize::new(0)),
            made: AtomicU64::new(0),
            // Names that no other run has, whatever its seed.
            run: Dice::new(now, std::process::id().into()).next(),
            inactive: (Vec::new(), AtomicUsize::new(0)),
            echo_bytes: (0, 0),
        };
        if workload == Workload::Activate {
            let seconds = (command.warm_up + command.duration).as_secs_f64();
            let usual = (seconds * INACTIVE_PER_SECOND * connections.min(16) as f64).ceil() as usize;
            let count = if command.each_once { command.population } else { usual.clamp(1, INACTIVE_MAX) };
            let missing = count.saturating_sub(self.inactive.len());
            let names = (0..missing).map(|_| shared.made_name()).collect();
            self.inactive.extend(preload::inactive(&self.target, command.kmip, names).await?);
            shared.inactive.0 = std::mem::take(&mut self.inactive);
        }
        Ok(Arc::new(shared))
    }
}

/// TLS echo of a Get's bytes, and full handshakes, without a server.
async fn alone(command: &BenchCommand, echo: &Echo, connections: usize) -> Result<Vec<Beside>, Error> {
    let mut all = Vec::new();
    let kinds: [(String, Pattern); 2] = [
        (
            format!("TLS echo of {} and {} bytes", GET_BYTES.0, GET_BYTES.1),
            Pattern::Steady(&[(100, Operation::Echo)]),
        ),
        (
            "connect, mutual TLS 1.3, two echoes, close".to_owned(),
            Pattern::Session(&[Operation::Echo, Operation::Echo]),
        ),
    ];
    for (what, pattern) in kinds {
        let mut runs: Vec<Run> = Vec::new();
        for _ in 0..command.runs {
            let plan =
                Plan { rate: None, process: Some(echo.process()), ..command.plan(pattern, connections) };
            runs.push(echo.echo(GET_BYTES, plan).await?);
        }
        runs.sort_by(|a, b| a.per_second().total_cmp(&b.per_second()));
        let median = runs.get(runs.len() / 2);
        all.push(Beside {
            what,
            at_once: connections,
            per_second: median.map_or(0.0, Run::per_second),
            latency_microseconds: median.map_or(Latency::default(), |run| results::latency(&run.part)),
        });
    }
    Ok(all)
}

/// What the disk and the HSM can do.
fn beside(command: &BenchCommand, hsm: Option<&Config>) -> Result<Vec<Beside>, Error> {
    let mut all = Vec::new();
    if let Some(folder) = &command.dir {
        all.push(limits::appends(folder, command.duration)?);
    }
    if let Some(config) = hsm {
        all.extend(hsm::measure(config, command.duration)?);
    }
    Ok(all)
}
