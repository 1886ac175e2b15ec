//! One connection of the bench: TCP and TLS over tokio, a frame out, a frame in, with as few system calls as that takes.

use crate::client::{Cause, Error, ServerAddress, Settings, Unreachable};
use kmip_codec::Tag;
use kmip_codec::wire::frame_length;
use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use zeroize::Zeroize as _;

/// How long a connection may take to be there, and an answer to come.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// What a buffer has room for at first.
const BUFFER_BYTES: usize = 4096;

/// Where connections go to.
#[derive(Clone)]
pub struct Target {
    /// The server, for messages.
    pub server: ServerAddress,
    address: SocketAddr,
    name: ServerName<'static>,
    tls: TlsConnector,
}

impl Target {
    /// The first server of the settings. Its name is looked up once. No session is taken up again: each handshake is a full one.
    pub async fn new(settings: &Settings) -> Result<Self, Error> {
        let server = settings.servers.first().cloned();
        let server = server.ok_or_else(|| Error::usage("a server is not given", "use --server HOST:PORT"))?;
        let failed = |cause| Error::Unreachable(vec![Unreachable { server: server.clone(), cause }]);
        let address = lookup_host((server.host.as_str(), server.port)).await;
        let address = address.map_err(|error| failed(Cause::Name(error)))?.next();
        let address = address.ok_or_else(|| failed(Cause::Name(io::ErrorKind::NotFound.into())))?;
        Self::at(server.clone(), address, &settings.tls).map_err(failed)
    }

    /// A server at this address.
    pub fn at(server: ServerAddress, address: SocketAddr, tls: &ClientConfig) -> Result<Self, Cause> {
        let name = ServerName::try_from(server.certified_name().to_owned());
        let name = name.map_err(|error| Cause::Name(io::Error::new(io::ErrorKind::InvalidInput, error)))?;
        let mut tls = tls.clone();
        tls.resumption = Resumption::disabled();
        Ok(Self { server, address, name, tls: TlsConnector::from(Arc::new(tls)) })
    }
}

/// An open connection.
pub struct Connection {
    stream: TlsStream<TcpStream>,
    buffer: Vec<u8>,
    /// How many bytes of messages went out.
    pub sent: u64,
    /// How many came in.
    pub received: u64,
}

impl Connection {
    /// Connects and shakes hands.
    pub async fn open(target: &Target) -> Result<Self, Cause> {
        let opened = timeout(PATIENCE, async {
            let tcp = TcpStream::connect(target.address).await.map_err(Cause::Connect)?;
            tcp.set_nodelay(true).map_err(Cause::Connect)?;
            target.tls.connect(target.name.clone(), tcp).await.map_err(Cause::of_stream)
        });
        let stream = opened.await.unwrap_or(Err(Cause::Late))?;
        Ok(Self { stream, buffer: vec![0; BUFFER_BYTES], sent: 0, received: 0 })
    }

    /// Sends a message and waits for the one that comes back. It waits for ever: whoever calls has one timer for all.
    pub async fn exchange(&mut self, frame: &[u8]) -> super::frame::Exchanged<'_> {
        self.stream.write_all(frame).await.map_err(Cause::of_stream)?;
        self.stream.flush().await.map_err(Cause::of_stream)?;
        self.sent += u64::try_from(frame.len()).unwrap_or_default();
        let (mut filled, mut wanted) = (0, None);
        loop {
            let length = match wanted {
                Some(length) if filled >= length => break,
                Some(length) => length,
                None => 8,
            };
            if self.buffer.len() < length {
                self.buffer.resize(length, 0);
            }
            let room = self.buffer.get_mut(filled..).unwrap_or_default();
            match self.stream.read(room).await.map_err(Cause::of_stream)? {
                0 => return Err(Cause::Lost(io::ErrorKind::UnexpectedEof.into())),
                count => filled += count,
            }
            if let (None, Some(head)) = (wanted, self.buffer.get(..filled).and_then(<[u8]>::first_chunk)) {
                wanted = Some(frame_length(*head, Tag::ResponseMessage)?);
            }
        }
        let whole = wanted.filter(|length| *length == filled).ok_or(Cause::Mismatch)?;
        self.received += u64::try_from(whole).unwrap_or_default();
        Ok(self.buffer.get(..whole).unwrap_or_default())
    }

    /// Says goodbye and closes it.
    pub async fn close(mut self) {
        // A farewell that does not arrive harms nobody.
        let _ = self.stream.shutdown().await;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.buffer.zeroize();
    }
}
