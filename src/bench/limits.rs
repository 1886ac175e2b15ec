//! What the machine could do at the most: TLS echo with the same bytes on as many connections, and synced appends.

use super::args::BenchCommand;
use super::drive::{Plan, Run, drive};
use super::echo::Credentials;
use super::figures::{Beside, Limit};
use super::process::Process;
use super::requests::Shared;
use super::results::latency;
use super::tally::Tally;
use super::wire::Target;
use super::workload::{Pattern, Workload};
use crate::client::{Cause, Error, ServerAddress, Settings};
use crate::pki::{Ca, Curve, make_ca};
use crate::text;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How long an append is: what a small change writes to a log.
const APPEND_BYTES: usize = 4096;

/// On how many connections the handshakes are made that a storm is compared with.
const STORM_CONNECTIONS: usize = 64;

/// The process at the other end, ended with this.
pub struct Echo {
    child: Child,
    /// Its end is the sign to end.
    _told: ChildStdin,
    target: Target,
}

impl Drop for Echo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Echo {
    /// Starts it, with the certificate that the command line names, or one that is made for it.
    pub fn start(command: &BenchCommand, settings: Option<&Settings>) -> Result<Self, Error> {
        let given = command.echo_cert.as_deref().zip(command.echo_key.as_deref()).zip(settings);
        let (credentials, tls, host) = match given {
            Some(((certificate, key), settings)) => {
                let credentials = Credentials {
                    certificate: read(certificate)?,
                    key: read(key)?,
                    clients: read(&settings.files.ca)?,
                };
                let host = settings.servers.first().map(|server| server.host.clone());
                (credentials, ClientConfig::clone(&settings.tls), host.unwrap_or_default())
            }
            None => made()?,
        };
        let failed = |why: &dyn std::fmt::Display| {
            Error::setup(format!("TLS echo cannot be started: {why}"), "measure without limits")
        };
        let program = std::env::current_exe().map_err(|error| failed(&error))?;
        let mut started = Command::new(program);
        started.args(["bench", "echo-server"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = started.spawn().map_err(|error| failed(&error))?;
        let (told, out) =
            child.stdin.take().zip(child.stdout.take()).ok_or_else(|| failed(&"it has no pipes"))?;
        let line = Zeroizing::new(serde_json::to_string(&credentials).unwrap_or_default() + "\n");
        let mut told = told;
        told.write_all(line.as_bytes()).map_err(|error| failed(&error))?;
        let mut ready = String::new();
        BufReader::new(out).read_line(&mut ready).map_err(|error| failed(&error))?;
        let address: SocketAddr = match ready.trim_end().strip_prefix("ready ").map(str::parse) {
            Some(Ok(address)) => address,
            _ => return Err(failed(&"it said why above")),
        };
        let server = ServerAddress { host, port: address.port() };
        let target = Target::at(server, address, &tls).map_err(|cause: Cause| failed(&cause))?;
        Ok(Self { child, _told: told, target })
    }

    /// Does with it what a workload did with the server: as many bytes there and back, on as many connections.
    pub async fn run(&self, workload: Workload, measured: &Run, plan: Plan) -> Result<Option<Run>, Error> {
        let Some(pattern) = workload.limit() else { return Ok(None) };
        let exchanges = match workload.pattern() {
            Some(Pattern::Session(operations)) => operations.len(),
            _ => 1,
        };
        let each = |bytes: u64| {
            let count = measured.part.operations().max(1) as f64 * exchanges as f64;
            (bytes as f64 / count).round() as usize
        };
        let echo_bytes = (each(measured.part.bytes.0), each(measured.part.bytes.1));
        let connections = match workload {
            Workload::Storm => plan.connections.min(STORM_CONNECTIONS),
            _ => plan.connections,
        };
        let plan = Plan { pattern, connections, rate: None, process: Some(Process(self.child.id())), ..plan };
        self.echo(echo_bytes, plan).await.map(Some)
    }

    /// Echoes of these lengths.
    pub async fn echo(&self, echo_bytes: (usize, usize), plan: Plan) -> Result<Run, Error> {
        drive(&self.target, &Arc::new(Shared::of_echo(echo_bytes)), plan).await
    }

    /// Its process.
    pub fn process(&self) -> Process {
        Process(self.child.id())
    }
}

/// The limit that several runs came to, beside the rate of the server.
pub fn limit(workload: Workload, runs: &[Run], per_second: f64) -> Option<Limit> {
    let mut ordered: Vec<&Run> = runs.iter().collect();
    ordered.sort_by(|a, b| a.per_second().total_cmp(&b.per_second()));
    let median = *ordered.get(ordered.len() / 2)?;
    let what = match workload.limit()? {
        Pattern::Steady(_) => "TLS echo of the same bytes",
        Pattern::Session([_]) => "connect, mutual TLS 1.3, an echo, close",
        Pattern::Session(_) => "connect, mutual TLS 1.3, two echoes, close",
    };
    let operations = median.part.operations().max(1) as f64;
    Some(Limit {
        what: what.to_owned(),
        per_second: median.per_second(),
        runs_per_second: runs.iter().map(Run::per_second).collect(),
        latency_microseconds: latency(&median.part),
        cpu_microseconds: median.cpu.map_or(0.0, |cpu| cpu.0 * 1e6 / operations),
        share: per_second / median.per_second().max(1e-9),
    })
}

fn read(path: &Path) -> Result<String, Error> {
    let failed = |why: String| {
        Error::setup(
            format!("{}: {why}", text::path(path)),
            "give the certificate and the key that TLS echo is to show",
        )
    };
    let bytes = text::read(path).map_err(|error| failed(error.to_string()))?;
    String::from_utf8(bytes.to_vec()).map_err(|error| failed(error.to_string()))
}

/// Certificates for one run: a CA, a server and a client, ECDSA on P-256 as those of `keystead dev`.
fn made() -> Result<(Credentials, ClientConfig, String), Error> {
    let failed = |why: &dyn std::fmt::Display| {
        Error::setup(format!("certificates for TLS echo: {why}"), "measure without limits")
    };
    let pair = make_ca("Keystead bench", Curve::P256).map_err(|error| failed(&error))?;
    let ca = Ca::from_pem(&pair.certificate, &pair.key).map_err(|error| failed(&error))?;
    let server = ca.server().map_err(|error| failed(&error))?;
    let client = ca.client("bench", 1).map_err(|error| failed(&error))?;
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(pair.certificate.as_bytes()).map_err(|error| failed(&error))?;
    roots.add(root).map_err(|error| failed(&error))?;
    let chain =
        CertificateDer::from_pem_slice(client.certificate.as_bytes()).map_err(|error| failed(&error))?;
    let key = PrivateKeyDer::from_pem_slice(client.key.as_bytes()).map_err(|error| failed(&error))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_root_certificates(roots).with_client_auth_cert(vec![chain], key))
        .map_err(|error| failed(&error))?;
    let credentials =
        Credentials { certificate: server.certificate, key: server.key, clients: pair.certificate };
    Ok((credentials, tls, "127.0.0.1".to_owned()))
}

/// Appends to a file in this folder, each of them synced, one after the other; the file is removed.
pub fn appends(folder: &Path, time: Duration) -> Result<Beside, Error> {
    let failed = |error: std::io::Error| {
        Error::setup(
            format!("{}: {error}", text::path(folder)),
            "give with --dir a folder that you may write in",
        )
    };
    let mut file = tempfile(folder).map_err(failed)?;
    let tally = Tally::new(1);
    let begin = Instant::now();
    while begin.elapsed() < time {
        let one = Instant::now();
        file.write_all(&[0; APPEND_BYTES]).and_then(|()| file.sync_data()).map_err(failed)?;
        tally.succeed(0, one.elapsed(), (0, 0));
    }
    let (part, seconds) = (tally.sum(), begin.elapsed().as_secs_f64());
    Ok(Beside {
        what: format!("append of {APPEND_BYTES} bytes with fdatasync"),
        at_once: 1,
        per_second: part.operations() as f64 / seconds,
        latency_microseconds: latency(&part),
    })
}

/// A file without a name: it goes with its last descriptor, however this process ends.
fn tempfile(folder: &Path) -> std::io::Result<std::fs::File> {
    let path = folder.join(format!(".keystead-bench-{}", std::process::id()));
    let file = std::fs::OpenOptions::new().write(true).create_new(true).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}
