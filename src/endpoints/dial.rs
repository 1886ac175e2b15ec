//! The connection that the server makes: to the address of the endpoint, with the server's own certificate. What
//! answers there must have a certificate that names the client.

use super::Mailbox;
use super::deliver::{Delivery, deliver};
use crate::authenticate::{Authenticator, Shown};
use crate::executor::Executor;
use crate::listen::{CalledVerifier, Error, TlsFiles, Verifier};
use crate::session::{Limits, Peer};
use crate::swap::Swap;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// How long to wait after the first failure; doubled with each that follows.
const WAIT_FIRST: Duration = Duration::from_secs(1);

/// The longest wait.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// What every call needs.
pub struct DialContext {
    /// What makes the messages.
    pub executor: Arc<Executor>,
    /// TLS with the server's certificate.
    pub tls: Swap<TlsConnector>,
    /// Who is who.
    pub authenticator: Arc<Authenticator>,
    /// Time limits.
    pub limits: Limits,
    /// Turns true when the server stops.
    pub stopping: watch::Receiver<bool>,
}

impl DialContext {
    /// What the calls of this server need.
    pub fn new(
        executor: &Arc<Executor>,
        connector: TlsConnector,
        limits: Limits,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        let authenticator = Arc::clone(executor.authenticator());
        Self { executor: Arc::clone(executor), tls: Swap::new(connector), authenticator, limits, stopping }
    }
}

/// TLS as a client: with the certificate of the server, and what judges those of its clients.
pub fn connector(files: &TlsFiles<'_>, verifier: &Arc<Verifier>) -> Result<TlsConnector, Error> {
    let failed = |why: rustls::Error| Error::Tls(why.to_string());
    let config = ClientConfig::builder_with_provider(files.provider())
        .with_protocol_versions(files.versions())
        .map_err(failed)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(CalledVerifier(Arc::clone(verifier))))
        .with_client_auth_cert(files.chain()?, files.private_key()?)
        .map_err(failed)?;
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Keeps a connection to the client of this mailbox, again and again, until the server stops. The first call is made at
/// once; after a connection that was idle, the next is made when something waits.
pub async fn dial(context: Arc<DialContext>, mailbox: Arc<Mailbox>) {
    let mut stopping = context.stopping.clone();
    let mut wait = WAIT_FIRST;
    loop {
        let mut delivered = false;
        let called = call(&context, &mailbox, &mut delivered).await;
        if delivered {
            wait = WAIT_FIRST;
        }
        let pause = async {
            match &called {
                Ok(()) => {
                    let notification = mailbox.next().await;
                    mailbox.put_back(notification);
                }
                Err(why) => {
                    let (client, seconds) = (&mailbox.endpoint.client, wait.as_secs());
                    tracing::warn!(%client, %why, "cannot tell a client; trying again in {seconds} s");
                    tokio::time::sleep(wait).await;
                }
            }
        };
        tokio::select! {
            () = pause => {}
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
        if called.is_err() {
            wait = (wait * 2).min(WAIT_MAX);
        }
    }
}

/// One connection from its beginning to its end.
async fn call(context: &DialContext, mailbox: &Mailbox, delivered: &mut bool) -> io::Result<()> {
    let endpoint = &mailbox.endpoint;
    let Some(address) = &endpoint.address else { return Ok(()) };
    let name = ServerName::try_from(endpoint.server_name().to_owned()).map_err(io::Error::other)?;
    let connect = async {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let peer = stream.peer_addr()?;
        Ok::<_, io::Error>((peer, context.tls.get().connect(name, stream).await?))
    };
    let late = |_| io::Error::new(io::ErrorKind::TimedOut, "no connection in time");
    let (peer, stream) = timeout(context.limits.handshake, connect).await.map_err(late)??;
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let presented = context.authenticator.enter(chain, Shown::ByEndpoint).map_err(|refused| {
        io::Error::other(format!("the certificate of {address} is not taken: {}", refused.why))
    })?;
    if presented.principal().name != endpoint.client {
        let why = format!("the certificate of {address} is not that of {:?}", endpoint.client);
        return Err(io::Error::other(why));
    }
    let delivery = Delivery {
        stream,
        peer: Arc::new(Peer {
            address: peer,
            principal: presented.principal(),
            presented,
            can_reverse_roles: false,
            watch: None,
        }),
        version: endpoint.version(),
        negotiable: endpoint.version.is_none(),
        limits: context.limits,
        memory: context.executor.admission().memory().clone(),
    };
    deliver(&context.executor, mailbox, delivery, context.stopping.clone(), delivered).await
}
