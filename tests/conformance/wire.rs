//! A client that speaks bytes: what the runner needs to send messages that no typed client would.

use super::support::dev::Dev;
use keystead::pki::Ca;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

/// A connection as one client.
pub struct Wire(StreamOwned<ClientConnection, TcpStream>);

/// Connects as a client of this name, with a certificate of the server's CA.
pub fn connect(server: &Dev, name: &str) -> Wire {
    let read = |file: &str| std::fs::read_to_string(server.folder.join(file)).unwrap();
    let (ca_pem, ca_key) = (read("ca.pem"), read("ca.key"));
    let pair = Ca::from_pem(&ca_pem, &ca_key).unwrap().client(name, 1).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap()).unwrap();
    let chain = vec![CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .unwrap();
    let host = ServerName::try_from("localhost").unwrap();
    let tls = ClientConnection::new(Arc::new(config), host).unwrap();
    let socket = TcpStream::connect(&server.address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    socket.set_nodelay(true).unwrap();
    Wire(StreamOwned::new(tls, socket))
}

impl Wire {
    /// Sends one message and reads one.
    pub fn exchange(&mut self, message: &[u8]) -> io::Result<Vec<u8>> {
        self.0.write_all(message)?;
        self.0.flush()?;
        let mut answer = vec![0; 8];
        self.0.read_exact(&mut answer)?;
        let length = u32::from_be_bytes(answer[4..8].try_into().unwrap()) as usize;
        answer.resize(8 + length, 0);
        self.0.read_exact(&mut answer[8..])?;
        Ok(answer)
    }
}
