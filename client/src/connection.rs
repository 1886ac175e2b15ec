//! One TCP and TLS connection to one server: a message out, a message in, each within a time limit.

use super::spoken::{LOOKED_AT, Spoken};
use super::{Cause, ServerAddress};
use kmip_codec::Tag;
use kmip_codec::limits::ITEM_HEADER_BYTES;
use kmip_codec::message::{RequestMessage, ResponseMessage};
use kmip_codec::wire::frame_length;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// An open connection.
pub(super) struct Connection {
    server: ServerAddress,
    stream: StreamOwned<ClientConnection, Timed>,
}

impl Connection {
    /// Connects and shakes hands before the deadline.
    pub fn open(server: &ServerAddress, tls: &Arc<ClientConfig>, deadline: Instant) -> Result<Self, Cause> {
        let name = ServerName::try_from(server.certified_name().to_owned())
            .map_err(|error| Cause::Name(io::Error::new(io::ErrorKind::InvalidInput, error)))?;
        let mut tls = ClientConnection::new(tls.clone(), name).map_err(Cause::Tls)?;
        let tcp = connect(&resolve(server, deadline)?, deadline)?;
        tcp.set_nodelay(true).map_err(Cause::Connect)?;
        let mut tcp = Timed { tcp, deadline, heard: Vec::new() };
        while tls.is_handshaking() {
            if let Err(error) = tls.complete_io(&mut tcp) {
                let end = tcp.hear_on();
                let other = Spoken::instead_of_tls(&tcp.heard);
                return Err(other.map_or_else(|| Cause::of_stream(end.unwrap_or(error)), Cause::Protocol));
            }
        }
        Ok(Self { server: server.clone(), stream: StreamOwned::new(tls, tcp) })
    }

    /// Who is at the other end.
    pub fn server(&self) -> &ServerAddress {
        &self.server
    }

    /// Whether the server has not hung up since the last answer. Bytes that nobody asked for count as hung up.
    pub fn is_open(&self) -> bool {
        let tcp = &self.stream.sock.tcp;
        let quiet = tcp.set_nonblocking(true).and_then(|()| tcp.peek(&mut [0]));
        let waiting = matches!(quiet, Err(error) if error.kind() == io::ErrorKind::WouldBlock);
        tcp.set_nonblocking(false).is_ok() && waiting
    }

    /// Sends a request and waits for its answer.
    pub fn exchange(
        &mut self,
        request: &RequestMessage,
        deadline: Instant,
    ) -> Result<ResponseMessage, Cause> {
        self.stream.sock.deadline = deadline;
        let bytes = Zeroizing::new(request.to_bytes());
        if let Err(error) = self.stream.write_all(&bytes).and_then(|()| self.stream.flush()) {
            return Err(self.farewell().unwrap_or_else(|| Cause::of_stream(error)));
        }
        let mut head = [0; ITEM_HEADER_BYTES];
        self.stream.read_exact(&mut head).map_err(Cause::of_stream)?;
        let length = match frame_length(head, Tag::ResponseMessage) {
            Ok(length) => length,
            Err(error) => return Err(self.in_another_protocol(&head).unwrap_or(error.into())),
        };
        let mut frame = Zeroizing::new(vec![0; length]);
        let (start, body) = frame.split_at_mut(ITEM_HEADER_BYTES);
        start.copy_from_slice(&head);
        self.stream.read_exact(body).map_err(Cause::of_stream)?;
        Ok(ResponseMessage::from_bytes(&frame)?)
    }

    /// What begins like this and is no KMIP. What comes behind it tells more; it may be that nothing comes.
    fn in_another_protocol(&mut self, head: &[u8]) -> Option<Cause> {
        let mut start = head.to_vec();
        while Spoken::is_unfinished(&start) {
            let mut more = [0];
            match self.stream.read(&mut more) {
                Ok(1) => start.extend(more),
                _ => break,
            }
        }
        Spoken::in_tls(&start).map(Cause::Protocol)
    }

    /// What the server said before it closed the connection against which a request was written.
    fn farewell(&mut self) -> Option<Cause> {
        let StreamOwned { conn, sock } = &mut self.stream;
        while conn.read_tls(sock).is_ok_and(|bytes| bytes > 0) {
            if let Err(error) = conn.process_new_packets() {
                return Some(Cause::Tls(error));
            }
        }
        None
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.stream.conn.send_close_notify();
        self.stream.sock.deadline = Instant::now() + Duration::from_millis(200);
        // A farewell that does not arrive harms nobody.
        let _ = self.stream.flush();
    }
}

/// The addresses of a name. The system's resolver has no time limit of ours, so it runs aside.
fn resolve(server: &ServerAddress, deadline: Instant) -> Result<Vec<SocketAddr>, Cause> {
    if let Ok(address) = server.host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, server.port)]);
    }
    let (tell, answer) = mpsc::channel();
    let target = (server.host.clone(), server.port);
    // The receiver is gone when the deadline passed: the late answer is dropped.
    thread::spawn(move || drop(tell.send(target.to_socket_addrs())));
    match answer.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        Ok(Ok(addresses)) => Ok(addresses.collect()),
        Ok(Err(error)) => Err(Cause::Name(error)),
        Err(_) => Err(Cause::Late),
    }
}

/// Connects to the first address that answers; each gets an even share of the time that is left.
fn connect(addresses: &[SocketAddr], deadline: Instant) -> Result<TcpStream, Cause> {
    let mut last = Cause::Name(io::Error::new(io::ErrorKind::NotFound, "no address"));
    for (place, address) in addresses.iter().enumerate() {
        let shares = u32::try_from(addresses.len() - place).unwrap_or(1);
        let share = deadline.saturating_duration_since(Instant::now()) / shares;
        if share.is_zero() {
            return Err(Cause::Late);
        }
        match TcpStream::connect_timeout(address, share) {
            Ok(tcp) => return Ok(tcp),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => last = Cause::Late,
            Err(error) => last = Cause::Connect(error),
        }
    }
    Err(last)
}

/// A socket whose reads and writes all end at one deadline, however slowly the bytes drip.
struct Timed {
    tcp: TcpStream,
    deadline: Instant,
    /// The first bytes that came.
    heard: Vec<u8>,
}

impl Timed {
    fn left(&self) -> io::Result<Option<Duration>> {
        match self.deadline.saturating_duration_since(Instant::now()) {
            Duration::ZERO => Err(io::ErrorKind::TimedOut.into()),
            left => Ok(Some(left)),
        }
    }
}

impl Timed {
    /// Reads as much more as it takes to judge what begins as it does. What ended it, where there was less.
    fn hear_on(&mut self) -> Option<io::Error> {
        while Spoken::is_unfinished(&self.heard) {
            match self.read(&mut [0]) {
                Ok(0) => return Some(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(error) => return Some(error),
            }
        }
        None
    }
}

impl Read for Timed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.tcp.set_read_timeout(self.left()?)?;
        let count = self.tcp.read(into)?;
        let room = LOOKED_AT.saturating_sub(self.heard.len()).min(count);
        self.heard.extend(into.iter().take(room));
        Ok(count)
    }
}

impl Write for Timed {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.tcp.set_write_timeout(self.left()?)?;
        self.tcp.write(from)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tcp.flush()
    }
}
