//! A client that listens: what the server sends to it, and what it answers.

use super::dev::Dev;
use super::wire::ca;
use kmip_codec::message::{RequestMessage, ResponseMessage};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// A listening client.
pub struct Endpoint {
    requests: Receiver<Option<RequestMessage>>,
    answers: Sender<Vec<u8>>,
}

/// A port that the configuration can name before the server starts.
pub fn bind() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

impl Endpoint {
    /// Answers as the client of this name, one connection after the other.
    pub fn serve(socket: TcpListener, server: &Dev, name: &str) -> Self {
        let tls = tls(server, name);
        let (ask, requests) = channel();
        let (answers, answered) = channel();
        thread::spawn(move || {
            for stream in socket.incoming() {
                let stream =
                    StreamOwned::new(ServerConnection::new(Arc::clone(&tls)).unwrap(), stream.unwrap());
                if exchange(stream, &ask, &answered).is_none() {
                    return;
                }
            }
        });
        Self { requests, answers }
    }

    /// The next message of the server.
    pub fn next(&self) -> RequestMessage {
        loop {
            let next = self.requests.recv_timeout(Duration::from_secs(20));
            if let Some(request) = next.expect("the server sends nothing") {
                return request;
            }
        }
    }

    /// Answers it.
    pub fn answer(&self, answer: &ResponseMessage) {
        self.answers.send(answer.to_bytes()).unwrap();
    }

    /// Ends the connection in the place of an answer.
    pub fn hang_up(&self) {
        self.answers.send(Vec::new()).unwrap();
    }

    /// Answers with these bytes.
    pub fn answer_bytes(&self, answer: &[u8]) {
        self.answers.send(answer.to_vec()).unwrap();
    }

    /// Whether the server sends nothing more for a while and keeps the connection.
    pub fn is_quiet(&self, time: Duration) -> bool {
        matches!(self.requests.recv_timeout(time), Err(RecvTimeoutError::Timeout))
    }
}

impl Endpoint {
    /// Whether no message comes for a while, whatever connections do.
    pub fn never_hears(&self, time: Duration) -> bool {
        let end = std::time::Instant::now() + time;
        loop {
            match self.requests.recv_timeout(end.saturating_duration_since(std::time::Instant::now())) {
                Ok(Some(_)) => return false,
                Ok(None) => {}
                Err(_) => return true,
            }
        }
    }
}

/// The messages of one connection; `None` once nobody wants to know.
fn exchange(
    mut stream: StreamOwned<ServerConnection, std::net::TcpStream>,
    ask: &Sender<Option<RequestMessage>>,
    answered: &Receiver<Vec<u8>>,
) -> Option<()> {
    while let Some(message) = read(&mut stream) {
        ask.send(Some(RequestMessage::from_bytes(&message).unwrap())).ok()?;
        let answer = answered.recv().ok()?;
        if answer.is_empty() || stream.write_all(&answer).and_then(|()| stream.flush()).is_err() {
            break;
        }
    }
    ask.send(None).ok()
}

fn read(stream: &mut impl Read) -> Option<Vec<u8>> {
    let mut message = vec![0; 8];
    stream.read_exact(&mut message).ok()?;
    let length = u32::from_be_bytes(message[4..8].try_into().unwrap()) as usize;
    message.resize(8 + length, 0);
    stream.read_exact(&mut message[8..]).ok()?;
    Some(message)
}

fn tls(server: &Dev, name: &str) -> Arc<ServerConfig> {
    let pair = ca(server).endpoint(name, 1).unwrap();
    let mut roots = RootCertStore::empty();
    let ca_pem = std::fs::read(server.folder.join("ca.pem")).unwrap();
    roots.add(CertificateDer::from_pem_slice(&ca_pem).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap(),
        );
    Arc::new(config.unwrap())
}
