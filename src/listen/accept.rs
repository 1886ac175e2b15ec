//! Accepts connections, does the TLS handshake, and hands what has come in to a session.

use super::log_throttle::LogThrottle;
use super::slots::{ConnectionSlots, Full, PendingHandshake};
use super::verifier::{Noted, Shown};
use super::{Caps, Error, Evicted, Slot, Tls, Trust, TurnedAway, hello};
use crate::authenticate::{self, Authenticator};
use crate::endpoints;
use crate::executor::Executor;
use crate::http;
use crate::session::{self, Limits, Peer, Service, Socket};
use crate::swap::Swap;
use axum::Router;
use rustix::io::Errno;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How long to wait before accepting again when that has failed: at first, and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// How many connections the kernel keeps for the server until it accepts them; `net.core.somaxconn` (4,096 by default) bounds it too.
/// Beyond that the kernel drops what a client sends, which comes again after 1 s, then after 2 s more: a storm of clients is not to wait so.
const BACKLOG: u32 = 65_535;

/// Listens at an address, for as many connections at once as the kernel lets wait. The runtime of tokio must be entered.
pub fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// What is spoken behind TLS.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Protocol {
    /// TTLV, message after message.
    Kmip,
    /// HTTP, a message a request.
    Https,
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
            let socket = bind(address);
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
    pub async fn run<S: Service>(self, listener: Arc<ListenerContext<S>>, patience: Duration) {
        let (guard, mut ended) = mpsc::channel::<()>(1);
        let mut accepting = Vec::new();
        let slots = Arc::new(ConnectionSlots::new(listener.caps));
        for (socket, protocol) in self.sockets {
            let (listener, router) = (Arc::clone(&listener), http::router::<S>());
            let socket_context = SocketContext { listener, protocol, router };
            accepting.push(tokio::spawn(accept(socket, socket_context, Arc::clone(&slots), guard.clone())));
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
pub struct ListenerContext<S> {
    /// TLS, as a connection that begins finds it.
    pub tls: Swap<Tls>,
    /// Who is who.
    pub authenticator: Arc<Authenticator>,
    /// What answers.
    pub service: S,
    /// What makes the messages for a client that answers itself.
    pub executor: Arc<Executor>,
    /// Time limits.
    pub limits: Limits,
    /// How many connections.
    pub caps: Caps,
    /// Turns true when the server stops.
    pub stopping: watch::Receiver<bool>,
}

/// A door as one socket has it.
struct SocketContext<S> {
    listener: Arc<ListenerContext<S>>,
    protocol: Protocol,
    /// What is where over HTTP.
    router: Router,
}

impl<S> Clone for SocketContext<S> {
    fn clone(&self) -> Self {
        Self { listener: Arc::clone(&self.listener), protocol: self.protocol, router: self.router.clone() }
    }
}

async fn accept<S: Service>(
    socket: TcpListener,
    socket_context: SocketContext<S>,
    slots: Arc<ConnectionSlots>,
    guard: mpsc::Sender<()>,
) {
    let mut stopping = socket_context.listener.stopping.clone();
    let (mut failures, mut pause) = (LogThrottle::default(), PAUSE.0);
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            _ = stopping.wait_for(|stopping| *stopping) => return,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                if let Some(times) = failures.count(Instant::now()) {
                    tracing::warn!(%error, times, "cannot accept connections; {}", advice(&error));
                }
                tokio::time::sleep(pause).await;
                pause = PAUSE.1.min(pause * 2);
                continue;
            }
        };
        pause = PAUSE.0;
        let (pending, evicted) = match slots.begin(address.ip()).await {
            Ok(begun) => begun,
            Err(full) => {
                drop(stream);
                slots.log.refused(address, None, full);
                let why = TurnedAway::by_slots(full, &Noted::default(), &Trust::default());
                socket_context.listener.service.turned_away(address, why);
                continue;
            }
        };
        let (socket_context, slots, guard) = (socket_context.clone(), Arc::clone(&slots), guard.clone());
        tokio::spawn(async move {
            connection(stream, address, &socket_context, (&slots, pending, evicted)).await;
            drop(guard);
        });
    }
}

/// What to do when a connection cannot be accepted.
fn advice(error: &std::io::Error) -> &'static str {
    match Errno::from_io_error(error) {
        Some(Errno::MFILE) => {
            "allow the server more open files: LimitNOFILE= in the unit of systemd, `ulimit -n`"
        }
        Some(Errno::NFILE) => "the whole machine has too many open files: see fs.file-max",
        _ => "trying again",
    }
}

async fn connection<S: Service>(
    stream: TcpStream,
    address: SocketAddr,
    socket_context: &SocketContext<S>,
    (slots, pending, evicted): (&ConnectionSlots, PendingHandshake, Evicted),
) {
    let listener = &socket_context.listener;
    let (tls, shown) = (listener.tls.get(), Arc::<Shown>::default());
    // What is done once, or by few connections, is on the heap meanwhile: those that wait for a message have no room for it.
    let entered = Box::pin(enter(stream, socket_context, &tls, &shown, evicted)).await;
    let noted = shown.noted();
    let mut stream = match entered {
        Ok(stream) => stream,
        Err(ended) => {
            // Given back first: another may wait for it.
            drop(pending);
            return listener.service.turned_away(address, ended.why(&noted, &tls.trust));
        }
    };
    drop(shown);
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let presented = match listener.authenticator.enter(chain, authenticate::Shown::ByClient) {
        Ok(presented) => presented,
        Err(refused) => {
            // A session that is taken up again has shown its chain in another handshake.
            let chain = chain.iter().map(|one| one.clone().into_owned()).collect();
            let why = TurnedAway::by_gate(&refused, &Noted { chain, ..noted }, &tls.trust);
            return listener.service.turned_away(address, why);
        }
    };
    let can_reverse_roles = matches!(socket_context.protocol, Protocol::Kmip);
    let (principal, watch) = (presented.principal(), Some(stream.get_ref().0.watch()));
    let peer = Arc::new(Peer { address, principal, presented, can_reverse_roles, watch });
    let client = &peer.principal.name;
    let (slot, evicted) = match pending.establish(client).await {
        Ok((slot, evicted, owners)) => {
            slots.log.evicted(&owners, client);
            (Arc::new(slot), evicted)
        }
        Err(full) => {
            slots.log.refused(address, Some(client), full);
            session::close_now(&mut stream).await;
            return listener.service.turned_away(address, TurnedAway::by_slots(full, &noted, &tls.trust));
        }
    };
    tracing::debug!(peer = %address, principal = %client, "connected");
    // Given back last, when the descriptor is closed.
    let last = Arc::clone(&slot);
    let served = serve(stream, (slot, evicted), peer, socket_context).await;
    drop(last);
    if let Err(error) = served {
        let error = crate::text::of_stream(&error);
        tracing::debug!(peer = %address, error, "a connection broke");
    }
}

/// Serves a connection until it ends; one whose ends change their roles is handed to what tells clients.
async fn serve<S: Service>(
    stream: Box<TlsStream<Socket>>,
    slot: (Arc<Slot>, Evicted),
    peer: Arc<Peer>,
    socket_context: &SocketContext<S>,
) -> std::io::Result<()> {
    let listener = &socket_context.listener;
    let (service, ends) = (listener.service.clone(), (listener.limits, listener.stopping.clone()));
    match socket_context.protocol {
        Protocol::Https => {
            Box::pin(http::serve(&socket_context.router, stream, slot, peer, service, ends)).await
        }
        Protocol::Kmip => match session::serve(stream, slot, peer, service, ends).await? {
            session::Ended::RoleReversed(reversed) => {
                Box::pin(endpoints::take_over(&listener.executor, reversed)).await
            }
            session::Ended::Closed => Ok(()),
        },
    }
}

/// How a handshake ended that came to nothing.
enum Ended {
    Failed(std::io::Error),
    Late,
    Evicted,
}

impl Ended {
    fn why(&self, noted: &Noted, trust: &Trust) -> TurnedAway {
        match self {
            Self::Failed(error) => TurnedAway::by_handshake(error, noted, trust),
            Self::Late => TurnedAway::by_time(noted, trust),
            Self::Evicted => TurnedAway::by_slots(Full::Evicted, noted, trust),
        }
    }
}

/// Does the handshake. What the client shows is noted, to be told if it is turned away.
async fn enter<S>(
    stream: TcpStream,
    socket_context: &SocketContext<S>,
    tls: &Tls,
    shown: &Arc<Shown>,
    mut evicted: Evicted,
) -> Result<Box<TlsStream<Socket>>, Ended> {
    let _ = stream.set_nodelay(true);
    let config = match socket_context.protocol {
        Protocol::Kmip => &tls.kmip,
        Protocol::Https => &tls.https,
    };
    let handshake = shown.during(async {
        let mut first = [0; hello::LOOKED_AT];
        let length = stream.peek(&mut first).await?;
        shown.begins_with(first.get(..length).unwrap_or_default());
        TlsAcceptor::from(Arc::clone(config)).accept(Socket::new(stream)).await
    });
    let handshake = tokio::select! {
        handshake = timeout(socket_context.listener.limits.handshake, handshake) => handshake,
        () = evicted.wait() => return Err(Ended::Evicted),
    };
    match handshake {
        // What is moved from one asynchronous function into another counts in the memory of each.
        Ok(Ok(stream)) => Ok(Box::new(stream)),
        Ok(Err(error)) => Err(Ended::Failed(error)),
        Err(_) => Err(Ended::Late),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nobody accepts here: the kernel alone answers. What has no room there would be answered by nobody.
    #[tokio::test]
    async fn a_storm_of_connections_waits_in_the_kernel() {
        let listener = bind(([127, 0, 0, 1], 0).into()).unwrap();
        let address = listener.local_addr().unwrap();
        let connect = |_| std::net::TcpStream::connect_timeout(&address, Duration::from_secs(20));
        let all: Result<Vec<_>, _> = (0..500).map(connect).collect();
        assert_eq!(all.unwrap().len(), 500);
    }
}
