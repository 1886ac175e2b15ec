//! From a configuration to a running server, and back to nothing when it is told to stop.

mod capacity;
mod follow;
mod reload;
mod signals;

pub use reload::Source;

use crate::admission::Admission;
use crate::authenticate::Authenticator;
use crate::authority::Loaded;
use crate::config::{AuditReads, Config, TlsConfig, VaultMode};
use crate::endpoints::{self, DialContext, Endpoints};
use crate::engine::query::server_information::{Registration, ServerInformation};
use crate::engine::settings::{Authority, Settings};
use crate::engine::settings::{Place, Transports};
use crate::executor::{Executor, Registrar, Signer, StoreOwners};
use crate::explain::{Bounds, Memory};
use crate::jobs;
use crate::listen::accept::{Listener, ListenerContext, Protocol};
use crate::listen::descriptors::{self, TooFew};
use crate::listen::{self, Caps, TlsFiles};
use crate::regular;
use crate::server::Server;
use crate::session::Limits;
use crate::softhsm;
use crate::store::{self, Claim, Database};
use crate::suite_b::SuiteB;
use crate::swap::Swap;
use crate::vault::{self, Hierarchy, KekCaching};
use keystead_hsm::{Entropy as _, MasterKeys, Pin, Slot, Software, SystemEntropy, Token, TokenConfig};
use signals::{Signals, stoppable};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;
use zeroize::Zeroizing;

use reload::{Ends, Reload, Running};

/// How long the store may take to close. A server that never stops is worse than one whose store is closed by its next start.
const CLOSE_WITHIN: Duration = Duration::from_secs(15);

/// Why the server did not start, or did not stop as it should.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The HSM.
    #[error(transparent)]
    Hsm(#[from] keystead_hsm::Error),
    /// The token that the configuration names is not there.
    #[error("the HSM has no token {wanted}; it has: {present}. Correct `{key}`, or make the token first")]
    NoToken {
        /// The key that names it.
        key: &'static str,
        /// What was looked for.
        wanted: String,
        /// The tokens that are there.
        present: String,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The key hierarchy.
    #[error(transparent)]
    Vault(#[from] vault::Error),
    /// The sockets.
    #[error(transparent)]
    Listen(#[from] listen::Error),
    /// The system lets this process open too little.
    #[error(transparent)]
    Descriptors(#[from] TooFew),
    /// The authority of `[certify]`.
    #[error(transparent)]
    Authority(#[from] crate::authority::Error),
    /// The PIN could not be read from its file.
    #[error(
        "cannot read the PIN of the HSM from hsm.pin_file, {}: {why}. Put the PIN of the token's user there, for the user of \
         the server alone to read (mode 0600), or name another file", path.display()
    )]
    PinFile {
        /// Which.
        path: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// The PIN could not be read from a file descriptor.
    #[error(
        "cannot read the PIN of the HSM from hsm.pin_descriptor, {number}: {why}. Who starts the server has to open it: in a \
         shell, `keystead serve --config FILE {number}< PIN-FILE`; or say hsm.pin_file instead"
    )]
    PinDescriptor {
        /// Which.
        number: i32,
        /// What the system said.
        why: std::io::Error,
    },
    /// What it says of clients does not fit together.
    #[error("the configuration is wrong about clients: {0}")]
    Clients(String),
    /// The runtime or the signals.
    #[error("cannot start: {0}")]
    System(#[from] std::io::Error),
}

/// Runs a server until it is told to stop (SIGTERM or SIGINT). `ready` is called once it accepts connections.
/// What can be read anew is read from `source` at SIGHUP.
pub fn run(
    config: &Config,
    source: Source,
    ready: impl FnOnce(&[(SocketAddr, Protocol)]),
) -> Result<(), Error> {
    // Judged first: clients that would not be what the configuration says are told before anything is opened.
    let authenticator = Arc::new(Authenticator::new(config).map_err(Error::Clients)?);
    let reload = Reload::new(source, config.clone());
    descriptors::raise();
    descriptors::enough()?;
    let runtime = capacity::runtime(config)?;
    // A signal that is not heard yet ends the process.
    let mut signals = Signals::new_in(&runtime)?;
    // Bound first: a port in use is told before anything is opened.
    let listener = runtime.block_on(Listener::bind(&config.listen, &config.https.listen))?;
    let files = tls_files(&config.tls);
    let tls = listen::tls(&files)?;
    let ends = Ends::begin(&tls, &config.listen);
    authenticator.trust(Arc::<listen::Verifier>::clone(&tls.verifier));
    let (server, owners) = stoppable(&runtime, || server(config, &listener.addresses(), &authenticator))??;
    let (stop, stopping) = watch::channel(false);
    let connector = endpoints::connector(&files, &tls.verifier)?;
    let dial = Arc::new(DialContext::new(server.executor(), connector, limits(config), stopping.clone()));
    let context = Arc::new(ListenerContext {
        tls: Swap::new(tls),
        authenticator: Arc::clone(&authenticator),
        service: Arc::clone(&server),
        executor: Arc::clone(server.executor()),
        limits: limits(config),
        caps: caps(config)?,
        stopping,
    });
    let patience = Duration::from_secs(config.limits.stop_seconds);
    runtime.block_on(async {
        ready(&listener.addresses());
        act_unasked(Arc::clone(&dial), Duration::from_secs(config.limits.date_check_seconds));
        tokio::spawn(ends.watch(Arc::clone(&context)));
        tokio::spawn(descriptors::keep_raised());
        tokio::task::spawn_blocking(move || owners.tell_misnamed());
        tokio::spawn(follow::follow(
            signals.hangup,
            reload,
            Running { authenticator, context: Arc::clone(&context), dial },
        ));
        let delay = Duration::from_millis(config.asynchronous.delay_milliseconds);
        let executor = Arc::clone(server.executor());
        let working = tokio::spawn(jobs::carry_out_asynchronous(executor, delay, context.stopping.clone()));
        let running = tokio::spawn(listener.run(context, patience));
        signals::to_stop(&mut signals.terminated, &mut signals.interrupted).await;
        tracing::info!("stopping");
        let _ = stop.send(true);
        let _ = running.await;
        let _ = timeout(patience, working).await;
    });
    runtime.shutdown_timeout(Duration::from_secs(1));
    // The last owner closes the store: what was handed over is committed, the journal taken in.
    store::close_within(server, CLOSE_WITHIN)?;
    tracing::info!("stopped");
    Ok(())
}

/// A server that nobody can reach, for measuring what it does with messages.
pub fn without_sockets(config: &Config) -> Result<Arc<Server>, Error> {
    let authenticator = Arc::new(Authenticator::new(config).map_err(Error::Clients)?);
    Ok(server(config, &[], &authenticator)?.0)
}

/// The server on its open store, with the master keys in hand.
fn server(
    config: &Config,
    addresses: &[(SocketAddr, Protocol)],
    authenticator: &Arc<Authenticator>,
) -> Result<(Arc<Server>, Arc<StoreOwners>), Error> {
    let authority = crate::authority::load(config)?;
    let claim = Claim::take(config.store.opening(), &config.store.path)?;
    if let Some(file) = &config.hsm.softhsm_config {
        softhsm::keep_whole_and_tell(file);
    }
    let master = master_keys(config)?;
    tracing::info!(token = %master.describe(), "using master keys");
    Hierarchy::judge(&claim, &master)?;
    let database = Arc::new(Hierarchy::open_store(claim)?);
    let hierarchy = Arc::new(Hierarchy::open(Arc::clone(&database), master, keep(config))?);
    let owners = Arc::new(StoreOwners::of(&database));
    authenticator.owners(Arc::<StoreOwners>::clone(&owners));
    Ok((server_over(config, addresses, authenticator, authority, (database, hierarchy))?, owners))
}

/// The server on a store that is open, whatever engine it stands on.
pub fn server_over(
    config: &Config,
    addresses: &[(SocketAddr, Protocol)],
    authenticator: &Arc<Authenticator>,
    authority: Loaded,
    open: (Arc<Database>, Arc<Hierarchy>),
) -> Result<Arc<Server>, Error> {
    let transports = transports(config, addresses);
    let registrar = registrar(&config.tls);
    let settings = settings(config, authority, transports);
    let durable_reads = config.audit.reads == AuditReads::Durable;
    let mailboxes = Endpoints::new(&config.endpoints, config.limits.notices);
    let told = (mailboxes, memory(config)?);
    let admission = Arc::new(Admission::new(&capacity::caps(config)));
    let executor =
        Executor::new(open, Arc::clone(authenticator), settings, durable_reads, registrar, told, admission);
    Ok(Arc::new(Server::new(Arc::new(executor))))
}

fn tls_files(tls: &TlsConfig) -> TlsFiles<'_> {
    let (certificate, key, ca) = (&tls.certificate, &tls.key, &tls.ca);
    let second = tls.second_certificate.as_deref().zip(tls.second_key.as_deref());
    TlsFiles {
        certificate,
        key,
        second,
        ca,
        crls: &tls.crl,
        crl_grace_seconds: tls.crl_grace_seconds,
        only_1_3: tls.minimum == "1.3",
        suite_b: tls.suite_b,
    }
}

/// What signs and judges the certificates of clients.
fn registrar(tls: &TlsConfig) -> Registrar {
    Registrar {
        suite_b: tls.suite_b,
        signer: tls.ca_key.clone().map(|key| Signer { certificate: tls.ca.clone(), key }),
        days: tls.client_days,
    }
}

/// Begins to tell clients what concerns them, and to rotate keys when they are due.
fn act_unasked(context: Arc<DialContext>, date_check: Duration) {
    let executor = &context.executor;
    for mailbox in executor.endpoints().iter().filter(|mailbox| mailbox.endpoint.address.is_some()) {
        tokio::spawn(endpoints::dial(Arc::clone(&context), Arc::clone(mailbox)));
    }
    tokio::spawn(jobs::follow_dates(Arc::clone(executor), date_check));
    tokio::spawn(jobs::rotate(Arc::clone(executor), date_check));
}

/// What the configuration says to the engine.
fn settings(
    config: &Config,
    (authority, anchors): (Option<Authority>, Vec<bytes::Bytes>),
    transports: Transports,
) -> Settings {
    Settings {
        batch_items_max: config.limits.batch_items,
        answer_bytes_max: config.limits.answer_bytes,
        change_bytes_max: config.limits.change_bytes,
        looked_at_max: config.limits.searched_objects,
        located_items_max: config.limits.located_items,
        interop: config.interop,
        authority,
        anchors,
        about: ServerInformation {
            extensions: config.extensions.clone(),
            validations: config.validations.clone(),
            ..config.server.clone()
        },
        features: config.features,
        transports,
        attests: !config.attestation.is_empty(),
        has_token: config.hsm.danger_software_keys.is_none(),
        registration: Registration {
            passwords: config.credentials.iter().any(|credential| credential.username.is_some()),
            signs: config.tls.ca_key.is_some(),
        },
        on_the_fly: config.object_groups.iter().filter_map(|group| group.template().ok()).collect(),
        work_milliseconds_max: config.limits.work_milliseconds,
        rsa_bits_max: config.limits.rsa_bits,
        pbkdf2_iterations_max: config.limits.pbkdf2_iterations,
        asynchronous_max: config.asynchronous.requests,
        asynchronous_answer_seconds: config.asynchronous.answer_seconds,
        tickets_max: config.limits.tickets,
        ticket_seconds_max: config.limits.ticket_seconds,
        seeding: config.rng.seeding,
        seed_bytes_max: config.rng.seed_bytes_max,
        withheld: config.objects.withheld().unwrap_or_default(),
        danger_reuse_one_time_pads: config.objects.danger_reuse_one_time_pads,
        subscriptions: config.endpoints.iter().map(|row| row.subscription(&config.groups)).collect(),
    }
}

/// How the server is reached, for Query's profiles.
fn transports(config: &Config, addresses: &[(SocketAddr, Protocol)]) -> Transports {
    let sockets = addresses.iter().filter(|(_, protocol)| *protocol == Protocol::Https);
    let mut https: Vec<_> = sockets.map(|(address, _)| Place { uri: None, port: address.port() }).collect();
    if !https.is_empty() && !config.https.public.is_empty() {
        https.clone_from(&config.https.public);
    }
    https.dedup();
    Transports { https, suite_b: config.tls.suite_b.map(SuiteB::bits) }
}

/// Where exchanges are kept for `keystead explain`; its fingerprints are of this run alone.
fn memory(config: &Config) -> Result<Memory, keystead_hsm::Error> {
    let explain = &config.explain;
    if !explain.enabled {
        return Ok(Memory::off());
    }
    let mut key = Zeroizing::new([0; 32]);
    SystemEntropy::default().fill(key.as_mut())?;
    let bounds = Bounds { exchanges: explain.exchanges, clients: explain.clients, bytes: explain.bytes };
    Ok(Memory::new(bounds, &key))
}

fn keep(config: &Config) -> KekCaching {
    match config.vault.mode {
        VaultMode::Cached => KekCaching::Cached(Duration::from_secs(config.vault.cache_seconds)),
        VaultMode::Strict => KekCaching::Strict,
    }
}

fn limits(config: &Config) -> Limits {
    let limits = &config.limits;
    Limits {
        handshake: Duration::from_secs(limits.handshake_seconds),
        idle: Duration::from_secs(limits.idle_seconds),
        message: Duration::from_secs(limits.message_seconds),
        write: Duration::from_secs(limits.write_seconds),
        connection: Duration::from_secs(limits.connection_seconds),
        message_bytes_max: limits.message_bytes,
    }
}

/// How many connections there may be; asked when all that the server keeps open is open.
fn caps(config: &Config) -> Result<Caps, TooFew> {
    // A thread that talks to the token may open its files, and be replaced while it hangs.
    let others = 2 * config.hsm.workers + config.endpoints.len();
    let limits = &config.limits;
    Ok(Caps {
        connections: descriptors::connections(limits.connections, Caps::handshakes, others)?,
        per_address: limits.connections_per_address,
        per_client: limits.connections_per_client,
    })
}

/// The door to the master keys: the token, or, for who asked for danger by name, files.
pub(crate) fn master_keys(config: &Config) -> Result<Arc<dyn MasterKeys>, Error> {
    let hsm = &config.hsm;
    if let Some(folder) = &hsm.danger_software_keys {
        tracing::warn!("DANGER: master keys are in files; whoever reads the disk reads every key");
        return Ok(Arc::new(Software::danger_in_folder(folder)?));
    }
    let (call_timeout, workers) = (Duration::from_secs(hsm.call_timeout_seconds), hsm.workers);
    Ok(Arc::new(token(config, workers, call_timeout)?))
}

/// The token that the configuration names, with so many threads that talk to it.
pub(crate) fn token(config: &Config, workers: usize, call_timeout: Duration) -> Result<Token, Error> {
    let hsm = &config.hsm;
    let (key, slot) = match (&hsm.token, &hsm.serial, hsm.slot) {
        (Some(label), _, _) => ("hsm.token", Slot::Label(label.clone())),
        (_, Some(serial), _) => ("hsm.serial", Slot::Serial(serial.clone())),
        (_, _, number) => ("hsm.slot", Slot::Number(number.unwrap_or_default())),
    };
    let pin = pin(config)?;
    let module = hsm.module.clone().unwrap_or_default();
    let token = TokenConfig { workers, call_timeout, ..TokenConfig::new(module, slot, pin) };
    Token::connect(token).map_err(|error| match error {
        keystead_hsm::Error::TokenMissing { wanted, present } => Error::NoToken { key, wanted, present },
        other => other.into(),
    })
}

/// The PIN comes from a file or a descriptor; never from the command line or the environment, where others see it.
fn pin(config: &Config) -> Result<Pin, Error> {
    let number = config.hsm.pin_descriptor.unwrap_or_default();
    let read = match &config.hsm.pin_file {
        Some(path) => regular::read(path)
            .map(|bytes| bytes.to_vec())
            .and_then(must_be_a_pin)
            .map_err(|why| Error::PinFile { path: path.clone(), why }),
        // What the starter has opened may be a pipe: it is read once.
        None => std::fs::read(format!("/dev/fd/{number}"))
            .and_then(must_be_a_pin)
            .map_err(|why| Error::PinDescriptor { number, why }),
    };
    read.map(Pin::from_file_bytes)
}

/// Refuses an empty PIN: the token would count it among the wrong ones.
fn must_be_a_pin(bytes: Vec<u8>) -> std::io::Result<Vec<u8>> {
    if bytes.iter().all(|byte| b"\r\n".contains(byte)) {
        return Err(std::io::Error::other("it is empty"));
    }
    Ok(bytes)
}
