//! The command line of Keystead.

use clap::{Args, Parser, Subcommand};
use keystead::admin::{clients, explain, key, master, ready};
use keystead::arguments::listen_address;
use keystead::client::report;
use keystead::config::Config;
use keystead::exit::{self, Ends, Exit};
use keystead::listen::accept::Protocol;
use keystead::suite_b::SuiteB;
use keystead::{bench, check, dev, http, start, text};
use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Memory of this program; what C libraries need comes from libc.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A key-management server that speaks KMIP and keeps keys sealed under an HSM, and the commands to work with it.
#[derive(Parser)]
#[command(
    name = "keystead",
    version,
    max_term_width = 100,
    after_help = "Example: keystead dev --dir /tmp/keystead\nThe words are explained in docs/glossary.md.\nExit codes: 0 done; 2 wrong usage; the --help of each command tells its others."
)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a server from nothing, for trying out and for tests: makes what is missing in one folder
    Dev(DevCommand),
    /// Run a server
    Serve(ServeCommand),
    /// Make, list, read and end keys
    Key(key::KeyCommand),
    /// The master key in the HSM
    Master(master::MasterCommand),
    /// Certificates for clients
    Client(clients::ClientCommand),
    /// Why an exchange of a client failed, and what to do about it
    Explain(explain::ExplainCommand),
    /// Is a server ready, down to its HSM?
    Ready(ready::ReadyCommand),
    /// Read all of a store that no server has open, and say what of it is damaged
    Check(check::CheckCommand),
    /// Measure how fast a server is, beside what this machine could do at the most
    Bench(Box<bench::BenchCommand>),
}

#[derive(Args)]
#[command(after_help = dev_help())]
struct DevCommand {
    /// The folder for everything
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Where to listen for KMIP over TLS, instead of where DIR/keystead.toml says (127.0.0.1:5696 where it is made); port
    /// 0 takes a free one
    #[arg(long, value_name = "ADDR", value_parser = listen_address)]
    listen: Option<SocketAddr>,
    /// Where to listen for KMIP over HTTPS as well (POST /kmip: TTLV, JSON or XML); port 0 takes a free one
    #[arg(long, value_name = "ADDR", value_parser = listen_address)]
    https: Option<SocketAddr>,
    /// Speak TLS as this level of Suite B wants it, with certificates for it where they are made
    #[arg(long, value_name = "LEVEL")]
    suite_b: Option<SuiteB>,
}

#[derive(Args)]
#[command(after_help = serve_help())]
struct ServeCommand {
    /// The configuration (docs/configuration.md)
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

fn dev_help() -> String {
    format!(
        "Makes under DIR, where missing: a CA (ca.pem), certificates (server, client, admin: .pem and .key), a SoftHSM token, \
         the store, and keystead.toml; then serves. Started again on the same DIR it has the same keys; what was lost of DIR \
         since then is not made anew where something that is still there needs the old one.\nPrints `ready ADDR` when it \
         accepts connections, and `ready https://ADDR/kmip` for HTTPS. SIGTERM stops it; at SIGHUP it reads certificates, CA \
         and what the configuration says of clients again.\nWhoever loses DIR/tokens loses every key: there are no backups \
         yet.\nExample: keystead dev --dir /tmp/keystead\n{}.",
        exit::help()
    )
}

fn serve_help() -> String {
    format!(
        "Prints `ready ADDR` when it accepts connections, and `ready https://ADDR/kmip` for HTTPS. SIGTERM stops it: requests \
         under way end first. At SIGHUP it reads certificates, CA, revocation lists and what the configuration says of clients \
         again.\nExample: keystead serve --config /etc/keystead/keystead.toml\n{}.",
        exit::help()
    )
}

fn main() -> ExitCode {
    outlive_file_limit();
    let line = match CommandLine::try_parse() {
        Ok(line) => line,
        Err(error) => return report::command_line("keystead", error),
    };
    match line.command {
        Command::Dev(command) => exit::now(told(run_dev(&command))),
        Command::Serve(command) => exit::now(told(run_serve(&command))),
        Command::Key(command) => key::run(command),
        Command::Master(command) => master::run(&command),
        Command::Client(command) => clients::run(&command),
        Command::Explain(command) => explain::run(&command),
        Command::Ready(command) => ready::run(&command),
        Command::Check(command) => exit::now(check::run(&command, use_softhsm)),
        Command::Bench(command) => exit::now(bench::run(&command, use_softhsm)),
    }
}

/// Writes a line. Where nobody can read it, because its pipe is closed or its disk full, a server goes on all the same.
fn say(to: &mut impl std::io::Write, line: &str) {
    let _ = writeln!(to, "{line}").and_then(|()| to.flush());
}

/// Why a server ends, in words and in a number.
struct Failure(Exit, String);

impl<E: Ends + std::fmt::Display> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.exit(), error.to_string())
    }
}

/// Says why a server failed, if it did; gives the exit code.
fn told(result: Result<(), Failure>) -> u8 {
    let Err(Failure(exit, why)) = result else { return Exit::Stopped.code() };
    say(&mut std::io::stderr(), &format!("keystead: {}", text::lines(&why)));
    exit.code()
}

fn run_dev(command: &DevCommand) -> Result<(), Failure> {
    let absolute = std::path::absolute(&command.dir);
    let folder =
        absolute.map_err(|why| Failure(Exit::System, format!("{}: {why}", command.dir.display())))?;
    let templates = dev::Wishes { listen: command.listen, https: command.https, suite_b: command.suite_b };
    let prepared = dev::prepare(&folder, templates, use_softhsm)?;
    let tokens = folder.join("tokens");
    let warning = format!(
        "keystead: the master key is in the SoftHSM token under {}. Whoever loses it loses every key: there are no backups yet.",
        tokens.display()
    );
    say(&mut std::io::stderr(), &warning);
    serve(prepared.config.clone(), move |config| {
        if let Some(address) = templates.listen {
            config.listen = vec![address];
        }
        if let Some(address) = templates.https {
            config.https.listen = vec![address];
        }
        config.tls.suite_b = templates.suite_b.or(config.tls.suite_b);
    })
}

fn run_serve(command: &ServeCommand) -> Result<(), Failure> {
    serve(command.config.clone(), |_| {})
}

/// Runs a server by this file, with what the command line says instead.
fn serve(file: PathBuf, amend: impl Fn(&mut Config) + Send + Sync + 'static) -> Result<(), Failure> {
    let mut config = Config::read(&file)?;
    amend(&mut config);
    if let Some(file) = &config.hsm.softhsm_config {
        use_softhsm(file);
    }
    // Whatever is made from here on is for this user alone.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let filter = config.log.filter().map_err(|why| Failure(Exit::Configuration, why))?;
    let colours = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt::layer().fmt_fields(keystead::logged::fields());
    // Lines that cannot be written are lost; to complain of it would be to write once more, and to panic.
    let log = log.log_internal_errors(false).with_writer(std::io::stderr).with_ansi(colours);
    let (filter, handle) = tracing_subscriber::reload::Layer::new(filter);
    tracing_subscriber::registry().with(filter).with(log).init();
    let log_by = Box::new(move |filter| handle.reload(filter).map_err(|error| error.to_string()));
    let source = start::Source { file, amend: Box::new(amend), log_by };
    run(&config, source)
}

fn run(config: &Config, source: start::Source) -> Result<(), Failure> {
    return_large_memory();
    if let Err(error) = no_core_dumps() {
        tracing::warn!(%error, "core dumps could not be switched off");
    }
    keystead_hsm::try_locked_memory();
    config.weaknesses().iter().for_each(|text| tracing::warn!("{text}"));
    start::run(config, source, |addresses| {
        for (address, protocol) in addresses {
            match protocol {
                Protocol::Kmip => say(&mut std::io::stdout(), &format!("ready {address}")),
                Protocol::Https => {
                    say(&mut std::io::stdout(), &format!("ready https://{address}{}", http::PATH));
                }
            }
        }
    })?;
    Ok(())
}

/// Tells SoftHSM which configuration to read, which says where its tokens are; its only way to be told is the environment.
#[allow(unsafe_code, reason = "the environment is read by C")]
fn use_softhsm(file: &Path) {
    // SAFETY: called at the start of `main`, before any other thread runs, so that nobody reads the environment now.
    unsafe { std::env::set_var("SOFTHSM2_CONF", file) };
}

/// Who writes beyond the limit of a file's size is told so by an error; the signal beside it would end the process without a word.
#[allow(unsafe_code, reason = "a C interface")]
fn outlive_file_limit() {
    // SAFETY: ignores a signal, which no code of this process waits for, before there is another thread.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
}

/// A core dump would hold keys.
fn no_core_dumps() -> Result<(), rustix::io::Errno> {
    let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    rustix::process::setrlimit(rustix::process::Resource::Core, none)?;
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
}

/// From how many bytes on a piece of memory goes back to the system as soon as it is free: large answers, never small ones.
#[cfg(target_env = "gnu")]
const RETURNED_BYTES: i32 = 256 * 1024;

/// Has large pieces of memory that C libraries free (the PKCS#11 module) returned to the system. By itself glibc keeps them, in as many
/// arenas as there are threads, once one of their size has been freed; `ALLOCATOR` returns what Rust frees.
#[cfg(target_env = "gnu")]
#[allow(unsafe_code, reason = "glibc's C interface")]
fn return_large_memory() {
    // SAFETY: sets a number within glibc, before the server has other threads.
    let is_set = unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, RETURNED_BYTES) };
    debug_assert_eq!(is_set, 1, "glibc knows the parameter");
}

/// Another libc than glibc returns them by itself.
#[cfg(not(target_env = "gnu"))]
fn return_large_memory() {}
