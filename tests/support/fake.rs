//! A small KMIP server in the test's own process, for what a real one never does: hang, break off, talk nonsense.

use super::pki::Pki;
use keystead::client::ServerAddress;
use kmip_codec::Tag;
use kmip_codec::limits::ITEM_HEADER_BYTES;
use kmip_codec::message::{RequestMessage, ResponseItem, ResponseMessage};
use kmip_codec::value::DateTime;
use kmip_codec::wire::frame_length;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// How a connection goes.
pub enum Reply {
    /// These items answer.
    Items(Vec<ResponseItem>),
    /// These bytes, then the end.
    Bytes(Vec<u8>),
    /// Nothing for this long, then the end.
    Silence(Duration),
    /// The end at once.
    HangUp,
}

/// A running server; it ends with the test's process.
pub struct Fake {
    /// Where it listens.
    pub address: ServerAddress,
    connections: Arc<AtomicUsize>,
}

impl Fake {
    /// Answers each request with what `answer` makes of it.
    pub fn start(pki: &Pki, answer: impl Fn(RequestMessage) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_on(TcpListener::bind("127.0.0.1:0").unwrap(), pki, answer)
    }

    /// The same at a given place.
    pub fn start_on(
        listener: TcpListener,
        pki: &Pki,
        answer: impl Fn(RequestMessage) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let port = listener.local_addr().unwrap().port();
        let (config, answer) = (config(pki), Arc::new(answer));
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = connections.clone();
        thread::spawn(move || {
            for tcp in listener.incoming() {
                counter.fetch_add(1, Ordering::SeqCst);
                let (config, answer) = (config.clone(), answer.clone());
                thread::spawn(move || serve(tcp.unwrap(), config, &*answer));
            }
        });
        Self { address: ServerAddress { host: "127.0.0.1".to_owned(), port }, connections }
    }

    /// How many connections were made so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn config(pki: &Pki) -> Arc<ServerConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(pki.path("ca.pem")).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let clients =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().unwrap();
    let chain = vec![CertificateDer::from_pem_file(pki.path("server.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(pki.path("server.key")).unwrap();
    let builder =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(builder.with_client_cert_verifier(clients).with_single_cert(chain, key).unwrap())
}

/// Serves one connection until the client leaves or a reply ends it.
fn serve(tcp: TcpStream, config: Arc<ServerConfig>, answer: &dyn Fn(RequestMessage) -> Reply) {
    let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), tcp);
    while let Some(request) = read(&mut stream) {
        let version = request.version();
        let bytes = match answer(request) {
            Reply::Items(items) => ResponseMessage::new(version, DateTime(0), items).to_bytes(),
            Reply::Bytes(bytes) => {
                let _ = stream.write_all(&bytes);
                return;
            }
            Reply::Silence(time) => return thread::sleep(time),
            Reply::HangUp => return,
        };
        if stream.write_all(&bytes).is_err() {
            return;
        }
    }
}

fn read(stream: &mut StreamOwned<ServerConnection, TcpStream>) -> Option<RequestMessage> {
    let mut head = [0; ITEM_HEADER_BYTES];
    stream.read_exact(&mut head).ok()?;
    let mut frame = vec![0; frame_length(head, Tag::RequestMessage).unwrap()];
    let (start, body) = frame.split_at_mut(ITEM_HEADER_BYTES);
    start.copy_from_slice(&head);
    stream.read_exact(body).ok()?;
    Some(RequestMessage::from_bytes(&frame).unwrap())
}
