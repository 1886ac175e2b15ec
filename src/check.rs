//! `keystead check`: reads all of a store that no server has open, and says what is not sound. Not a byte of it is
//! written.

mod records;
mod report;
mod space;

use crate::audit::MacKey;
use crate::client::exit;
use crate::client::report::{Report as Failure, fail};
use crate::config::Config;
use crate::exit::{Ends as _, Exit};
use crate::start;
use crate::store::audit_log;
use crate::store::{self, Database};
use crate::vault::Hierarchy;
use clap::Args;
use records::Records;
use report::Report;
use space::Space;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

/// The store is sound.
const SOUND: u8 = 0;

/// The store is not sound.
const DAMAGED: u8 = 5;

/// A server has the store open.
const IN_USE: u8 = 6;

/// `keystead check`.
#[derive(Args, Debug)]
#[command(
    after_help = "Reads every record of the store and opens it with the keys in the HSM; compares the indexes with the objects \
both ways; follows the chain of the audit; reads the journal of reads, the rows of the key hierarchy and the file of the engine. \
The store is not written to (of sled's, a copy in the folder for temporary files is read). Stop the server first.\nExample: keystead check --config /etc/keystead/keystead.toml\nExit codes: 0 \
sound; 1 it could not be checked (configuration, HSM, rights); 2 wrong usage; 5 something is damaged or lost, so that `keystead serve` would \
not start (12) or would leave it out: standard output names it; 6 a server has the store open."
)]
pub struct CheckCommand {
    /// The configuration of the server
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Open no record: only read what is not sealed
    #[arg(long)]
    without_hsm: bool,
    /// Tell as well what the records take: bytes of keys and values by kind and by index, and the file of the engine
    #[arg(long)]
    space: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Why a store could not be checked.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Start(#[from] start::Error),
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Config(#[from] crate::config::ConfigError),
}

impl Error {
    fn is_damage(&self) -> bool {
        let exit = match self {
            Self::Start(error) => error.exit(),
            Self::Store(error) => error.exit(),
            Self::Config(error) => error.exit(),
        };
        exit == Exit::Damaged
    }
}

/// Checks, and tells; gives the exit code. `use_softhsm` tells SoftHSM which configuration to read.
pub fn run(command: &CheckCommand, use_softhsm: impl Fn(&std::path::Path)) -> u8 {
    let checked = Config::read(&command.config).map_err(Error::from).and_then(|config| {
        if let Some(file) = &config.hsm.softhsm_config {
            use_softhsm(file);
        }
        check(&config, command)
    });
    let report = match checked {
        Ok(report) => report,
        Err(error) => {
            let (kind, code) = match error {
                Error::Store(store::Error::InUse { .. }) => ("in-use", IN_USE),
                _ => ("setup", exit::HERE),
            };
            let _ = fail(command.json, Failure { kind, message: error.to_string(), code, reason: None });
            return code;
        }
    };
    let text = if command.json { serde_json::json!(report).to_string() } else { report.text() };
    // Nobody may be there to read it: the exit code tells all the same.
    let _ = writeln!(std::io::stdout(), "{text}");
    if report.sound { SOUND } else { DAMAGED }
}

/// What keeps `serve` from starting because of the store is damage here too, wherever it is met, and everything else is none.
fn check(config: &Config, command: &CheckCommand) -> Result<Report, Error> {
    let folder = &config.store.path;
    let mut report = Report { space: command.space.then(Space::default), ..Report::of(folder) };
    match read_all(config, command, &mut report) {
        Err(error) if error.is_damage() => {
            report.found("store", &folder.display().to_string(), &error.to_string());
        }
        read => read?,
    }
    report.sound = report.findings.is_empty();
    Ok(report)
}

fn read_all(config: &Config, command: &CheckCommand, report: &mut Report) -> Result<(), Error> {
    let (engine, folder) = (config.store.engine, &config.store.path);
    let database = Arc::new(open(config, command)?);
    match Hierarchy::judge_place(&database) {
        Err(error) if error.exit() == Exit::Damaged => {
            report.found("identity", &folder.display().to_string(), &error.to_string());
        }
        judged => judged.map_err(start::Error::from)?,
    }
    if let Err(why) = engine.check_pages(folder) {
        report.found("engine", &folder.display().to_string(), &why.to_string());
    }
    let hierarchy = match command.without_hsm {
        true => None,
        false => {
            let master = start::master_keys(config)?;
            match Hierarchy::open_for_reads(Arc::clone(&database), master) {
                Ok(hierarchy) => Some(hierarchy),
                Err(error) if error.exit() == Exit::Damaged => {
                    report.found("key hierarchy", &folder.display().to_string(), &error.to_string());
                    None
                }
                Err(error) => return Err(start::Error::from(error).into()),
            }
        }
    };
    report.proved = hierarchy.is_some();
    report.format = database.format()?;
    let snapshot = database.snapshot()?;
    // The journal is read first: its files are whole where those of the engine are not.
    check_journal(folder, report)?;
    Records::new(&*snapshot, hierarchy.as_ref(), report).walk()?;
    if let Some(space) = &mut report.space {
        space.complete(&report.records, engine.file().map(|file| folder.join(file)).as_deref());
    }
    let keys = hierarchy.as_ref().map(Hierarchy::audit_keys).transpose().map_err(start::Error::from)?;
    check_audit(&*snapshot, &keys.unwrap_or_default(), report)
}

/// Opens the store to read it. Where there is none, the token may tell of one.
fn open(config: &Config, command: &CheckCommand) -> Result<Database, Error> {
    let opened = Database::open_for_reads(config.store.opening(), &config.store.path);
    if matches!(opened, Err(store::Error::Absent { .. })) && !command.without_hsm {
        let master = start::master_keys(config)?;
        Hierarchy::judge_absence(&config.store.path, &*master).map_err(start::Error::from)?;
    }
    Ok(opened?)
}

fn check_audit(snapshot: &dyn store::Snapshot, keys: &[MacKey], report: &mut Report) -> Result<(), Error> {
    let mut breaks = Vec::new();
    let extent = audit_log::walk(snapshot, keys, &mut |_, _| {}, &mut |broken| breaks.push(broken))?;
    report.audit_entries = extent.entries;
    report.audit_macs = !keys.is_empty();
    if extent.unproved > 0 {
        let what = format!("no MAC vouches for the last {} blocks", extent.unproved);
        report.found("audit", "end", &what);
    }
    if !audit_log::knows_its_node(snapshot)? {
        report.found("node", "identifier", "it is not that of any block of the audit");
    }
    breaks.iter().for_each(|broken| report.found("audit", &broken.at.to_string(), broken.why));
    Ok(())
}

fn check_journal(folder: &std::path::Path, report: &mut Report) -> Result<(), Error> {
    for segment in store::read_journal(folder)? {
        report.journal_entries += segment.entries;
        if segment.damaged_bytes > 0 {
            let what = format!("{} bytes of it cannot be read", segment.damaged_bytes);
            report.found("journal of reads", &segment.path.display().to_string(), &what);
        }
    }
    Ok(())
}
