//! A client that speaks bytes: what the runner needs to send messages that no typed client would.

use super::dev::Dev;
use keystead::pki::{Ca, Pair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{
    CipherSuite, ClientConfig, ClientConnection, ProtocolVersion, RootCertStore, StreamOwned,
    SupportedProtocolVersion,
};
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

/// A connection as one client.
pub struct Wire(pub StreamOwned<ClientConnection, TcpStream>);

/// Connects as a client of this name, with a certificate of the server's CA.
pub fn connect(server: &Dev, name: &str) -> Wire {
    let pair = ca(server).client(name, 1).unwrap();
    connect_with(server, Some(&pair))
}

/// The server's own CA.
pub fn ca(server: &Dev) -> Ca {
    let read = |file: &str| std::fs::read_to_string(server.folder.join(file)).unwrap();
    Ca::from_pem(&read("ca.pem"), &read("ca.key")).unwrap()
}

/// Connects to the HTTPS side as a client of this name.
pub fn https(server: &Dev, name: &str) -> Wire {
    let pair = ca(server).client(name, 1).unwrap();
    connect_to(server, &server.https, Some(&pair))
}

/// Connects with this certificate, or with none.
pub fn connect_with(server: &Dev, pair: Option<&Pair>) -> Wire {
    connect_to(server, &server.address, pair)
}

/// Connects to an address of the server with this certificate, or with none.
pub fn connect_to(server: &Dev, address: &str, pair: Option<&Pair>) -> Wire {
    connect_using(address, settings(server, pair, rustls::DEFAULT_VERSIONS))
}

/// TLS as a client of the server sets it up; sessions are resumed by connections that share it.
pub fn settings(
    server: &Dev,
    pair: Option<&Pair>,
    versions: &[&'static SupportedProtocolVersion],
) -> Arc<ClientConfig> {
    let ca_pem = std::fs::read_to_string(server.folder.join("ca.pem")).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots);
    let config = match pair {
        None => config.with_no_client_auth(),
        Some(pair) => {
            let chain = CertificateDer::pem_slice_iter(pair.certificate.as_bytes())
                .collect::<Result<_, _>>()
                .unwrap();
            config
                .with_client_auth_cert(chain, PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap())
                .unwrap()
        }
    };
    Arc::new(config)
}

/// Connects with these settings. The name of the server is checked.
pub fn connect_using(address: &str, config: Arc<ClientConfig>) -> Wire {
    connect_over(TcpStream::connect(address).unwrap(), config)
}

/// A socket to an address of the server that comes from another address of this machine, such as 127.0.0.2.
pub fn socket_from(source: &str, address: &str) -> TcpStream {
    let connect = async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(format!("{source}:0").parse().unwrap()).unwrap();
        socket.connect(address.parse().unwrap()).await.unwrap().into_std().unwrap()
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let socket = runtime.block_on(connect);
    socket.set_nonblocking(false).unwrap();
    socket
}

/// The same on a socket that is connected already.
pub fn connect_over(socket: TcpStream, config: Arc<ClientConfig>) -> Wire {
    let host = ServerName::try_from("localhost").unwrap();
    let tls = ClientConnection::new(config, host).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    socket.set_nodelay(true).unwrap();
    Wire(StreamOwned::new(tls, socket))
}

impl Wire {
    /// Sends one message and reads one.
    pub fn exchange(&mut self, message: &[u8]) -> io::Result<Vec<u8>> {
        self.send(message)?;
        self.receive()
    }

    /// Sends bytes.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)?;
        self.0.flush()
    }

    /// What the handshake came to.
    pub fn negotiated(&self) -> Option<(ProtocolVersion, CipherSuite)> {
        Some((self.0.conn.protocol_version()?, self.0.conn.negotiated_cipher_suite()?.suite()))
    }

    /// Whether the server has closed the connection, without a word.
    pub fn is_closed(&mut self) -> bool {
        !matches!(self.0.read(&mut [0; 1]), Ok(1..))
    }

    /// Whether the server has closed the connection already; nothing that it has sent may wait to be read.
    pub fn is_closed_now(&mut self) -> bool {
        self.0.sock.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let read = self.0.read(&mut [0; 1]);
        self.0.sock.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let is_open =
            |error: &io::Error| matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut);
        !read.as_ref().is_err_and(is_open)
    }

    /// Reads one message.
    pub fn receive(&mut self) -> io::Result<Vec<u8>> {
        let mut answer = vec![0; 8];
        self.0.read_exact(&mut answer)?;
        let length = u32::from_be_bytes(answer[4..8].try_into().unwrap()) as usize;
        answer.resize(8 + length, 0);
        self.0.read_exact(&mut answer[8..])?;
        Ok(answer)
    }
}
