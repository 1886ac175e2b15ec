//! Accepts connections and does the TLS handshake; nothing of a connection is parsed before that has ended well.

use crate::gate::Gate;
use crate::http;
use crate::session::{self, Limits, Peer, Service};
use crate::suite_b::{self, SuiteB};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// Why the server cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An address cannot be had.
    #[error("cannot listen on {address}: {why}. Is another server running there?")]
    Bind {
        /// Which.
        address: SocketAddr,
        /// What the system said.
        why: std::io::Error,
    },
    /// A certificate or key cannot be used.
    #[error("{}: {why}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The TLS settings do not fit together.
    #[error("TLS: {0}")]
    Tls(String),
}

/// The files of TLS.
pub struct TlsFiles<'a> {
    /// The server's certificate and its chain.
    pub certificate: &'a Path,
    /// Its private key.
    pub key: &'a Path,
    /// The CA of the clients.
    pub ca: &'a Path,
    /// Whether TLS 1.2 is refused.
    pub only_1_3: bool,
    /// Whether only Suite B is spoken.
    pub suite_b: Option<SuiteB>,
}

impl TlsFiles<'_> {
    /// The cryptography of TLS.
    pub fn provider(&self) -> Arc<CryptoProvider> {
        Arc::new(self.suite_b.map_or_else(rustls::crypto::aws_lc_rs::default_provider, SuiteB::provider))
    }

    /// The versions of TLS that are spoken.
    pub fn versions(&self) -> &'static [&'static SupportedProtocolVersion] {
        const BOTH: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];
        const NEW: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];
        match self.suite_b {
            Some(_) => suite_b::VERSIONS,
            None if self.only_1_3 => NEW,
            None => BOTH,
        }
    }
}

/// TLS 1.2 and 1.3 with a client certificate required, and tickets, so that clients that come back are quick.
pub fn tls(files: &TlsFiles<'_>) -> Result<Arc<ServerConfig>, Error> {
    let provider = files.provider();
    let chain = certificates(files.certificate)?;
    let wrong = |path: &Path| {
        let path = path.to_owned();
        move |why: rustls::pki_types::pem::Error| Error::Certificate { path, why: why.to_string() }
    };
    let key = PrivateKeyDer::from_pem_file(files.key).map_err(wrong(files.key))?;
    let trusted = certificates(files.ca)?;
    if let Some(suite_b) = files.suite_b {
        suite_b.check(files.certificate, &chain)?;
        suite_b.check(files.ca, &trusted)?;
    }
    let verifier = client_verifier(files)?;
    let failed = |why: rustls::Error| Error::Tls(why.to_string());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(files.versions())
        .map_err(failed)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .map_err(failed)?;
    config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new().map_err(failed)?;
    config.send_tls13_tickets = 1;
    // Suite B names the suite to prefer; otherwise the client knows best.
    config.ignore_client_order = files.suite_b.is_some();
    Ok(Arc::new(config))
}

/// What judges the certificates of clients.
pub fn client_verifier(files: &TlsFiles<'_>) -> Result<Arc<dyn ClientCertVerifier>, Error> {
    let roots = Arc::new(roots(files.ca)?);
    WebPkiClientVerifier::builder_with_provider(roots, files.provider())
        .build()
        .map_err(|why| Error::Certificate { path: files.ca.into(), why: why.to_string() })
}

/// The CA certificates of a file, to trust.
pub fn roots(path: &Path) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        let added = roots.add(certificate);
        added.map_err(|why| Error::Certificate { path: path.into(), why: why.to_string() })?;
    }
    Ok(roots)
}

/// The certificates of a file; there is at least one.
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let wrong = |why: String| Error::Certificate { path: path.into(), why };
    let read: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(path).map_err(|why| wrong(why.to_string()))?.collect();
    match read {
        Ok(chain) if chain.is_empty() => Err(wrong("there is no certificate in it".to_owned())),
        Ok(chain) => Ok(chain),
        Err(why) => Err(wrong(why.to_string())),
    }
}

/// The same settings for HTTPS, which names its protocol in the handshake.
fn for_https(tls: &Arc<ServerConfig>) -> Arc<ServerConfig> {
    let mut config = ServerConfig::clone(tls);
    config.alpn_protocols = vec![http::ALPN.to_vec()];
    Arc::new(config)
}

/// What is spoken behind TLS.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Protocol {
    /// TTLV, message after message.
    Kmip,
    /// HTTP, a message a request.
    Https,
}

/// How many connections there may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Caps {
    /// In all.
    pub connections: usize,
    /// From one address.
    pub per_address: usize,
}

/// Listening sockets, not accepting yet.
pub struct Listener {
    sockets: Vec<(TcpListener, Protocol)>,
}

impl Listener {
    /// Binds every address: those for TTLV, those for HTTPS.
    pub async fn bind(kmip: &[SocketAddr], https: &[SocketAddr]) -> Result<Self, Error> {
        let kmip = kmip.iter().map(|address| (*address, Protocol::Kmip));
        let mut sockets = Vec::new();
        for (address, protocol) in kmip.chain(https.iter().map(|address| (*address, Protocol::Https))) {
            let socket = TcpListener::bind(address).await;
            sockets.push((socket.map_err(|why| Error::Bind { address, why })?, protocol));
        }
        Ok(Self { sockets })
    }

    /// Where it listens for what: for a port of 0, the one that the system chose.
    pub fn addresses(&self) -> Vec<(SocketAddr, Protocol)> {
        let place =
            |(socket, protocol): &(TcpListener, Protocol)| Some((socket.local_addr().ok()?, *protocol));
        self.sockets.iter().filter_map(place).collect()
    }

    /// Accepts until `stopping` turns true, then lets the requests under way end, for at most `patience`.
    pub async fn run<S: Service>(self, door: Arc<Door<S>>, patience: Duration) {
        let (guard, mut ended) = mpsc::channel::<()>(1);
        let mut accepting = Vec::new();
        let places = Arc::new(Places::new(door.caps));
        for (socket, protocol) in self.sockets {
            let tls = match protocol {
                Protocol::Kmip => Arc::clone(&door.tls),
                Protocol::Https => for_https(&door.tls),
            };
            let entrance = Entrance { door: Arc::clone(&door), protocol, tls };
            accepting.push(tokio::spawn(accept(socket, entrance, Arc::clone(&places), guard.clone())));
        }
        for task in accepting {
            let _ = task.await;
        }
        drop(guard);
        if timeout(patience, ended.recv()).await.is_err() {
            tracing::warn!("some requests did not end in time; closing their connections");
        }
    }
}

/// What every connection goes through.
pub struct Door<S> {
    /// TLS.
    pub tls: Arc<ServerConfig>,
    /// Who is who.
    pub gate: Arc<Gate>,
    /// What answers.
    pub service: S,
    /// Time limits.
    pub limits: Limits,
    /// How many connections.
    pub caps: Caps,
    /// Turns true when the server stops.
    pub stopping: watch::Receiver<bool>,
}

/// A door as one socket has it.
struct Entrance<S> {
    door: Arc<Door<S>>,
    protocol: Protocol,
    tls: Arc<ServerConfig>,
}

impl<S> Clone for Entrance<S> {
    fn clone(&self) -> Self {
        Self { door: Arc::clone(&self.door), protocol: self.protocol, tls: Arc::clone(&self.tls) }
    }
}

async fn accept<S: Service>(
    socket: TcpListener,
    entrance: Entrance<S>,
    places: Arc<Places>,
    guard: mpsc::Sender<()>,
) {
    let mut stopping = entrance.door.stopping.clone();
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            _ = stopping.wait_for(|stopping| *stopping) => return,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: others will close some.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Some(place) = places.take(address.ip()) else {
            tracing::warn!(peer = %address, "too many connections; closing this one");
            continue;
        };
        let (entrance, guard) = (entrance.clone(), guard.clone());
        tokio::spawn(async move {
            connection(stream, address, &entrance).await;
            drop((place, guard));
        });
    }
}

async fn connection<S: Service>(stream: TcpStream, address: SocketAddr, entrance: &Entrance<S>) {
    let door = &entrance.door;
    let _ = stream.set_nodelay(true);
    let acceptor = TlsAcceptor::from(Arc::clone(&entrance.tls));
    let stream = match timeout(door.limits.handshake, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            door.service.turned_away(address, format!("the TLS handshake failed: {error}"));
            return tracing::info!(peer = %address, %error, "refused a connection in the TLS handshake");
        }
        Err(_) => {
            door.service.turned_away(address, "the TLS handshake took too long".to_owned());
            return tracing::info!(peer = %address, "closed a connection: the TLS handshake took too long");
        }
    };
    let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let admitted = certificate.ok_or_else(|| "it has no certificate".to_owned());
    let principal = match admitted.and_then(|certificate| door.gate.admit(certificate)) {
        Ok(principal) => principal,
        Err(why) => {
            tracing::warn!(peer = %address, why, "refused a connection");
            return door.service.turned_away(address, why);
        }
    };
    let turnable = matches!(entrance.protocol, Protocol::Kmip);
    let peer = Arc::new(Peer { address, principal: Arc::new(principal), turnable });
    tracing::debug!(peer = %address, principal = %peer.principal.name, "connected");
    let (service, stopping) = (door.service.clone(), door.stopping.clone());
    let served = match entrance.protocol {
        Protocol::Kmip => session::serve(stream, peer, service, door.limits, stopping).await,
        Protocol::Https => http::serve(stream, peer, service, door.limits, stopping).await,
    };
    if let Err(error) = served {
        tracing::debug!(peer = %address, %error, "a connection broke");
    }
}

/// The places for connections, in all and by address.
struct Places {
    all: Arc<Semaphore>,
    by_address: Arc<Mutex<HashMap<IpAddr, usize>>>,
    per_address: usize,
}

/// A place that is taken; given back when dropped.
struct Place {
    _one_of_all: OwnedSemaphorePermit,
    by_address: Arc<Mutex<HashMap<IpAddr, usize>>>,
    address: IpAddr,
}

impl Places {
    fn new(caps: Caps) -> Self {
        let all = Arc::new(Semaphore::new(caps.connections.min(Semaphore::MAX_PERMITS)));
        Self { all, by_address: Arc::default(), per_address: caps.per_address }
    }

    fn take(&self, address: IpAddr) -> Option<Place> {
        let one_of_all = Arc::clone(&self.all).try_acquire_owned().ok()?;
        let mut counts = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_default();
        if *count >= self.per_address {
            return None;
        }
        *count += 1;
        drop(counts);
        Some(Place { _one_of_all: one_of_all, by_address: Arc::clone(&self.by_address), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}
