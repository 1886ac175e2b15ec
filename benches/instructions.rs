//! Does an operation so many times, in this process and without a socket: for counting instructions (`scripts/instructions.sh`).
//!
//! ```text
//! instructions get|locate|create COUNT
//! ```
//!
//! Everything between a decrypted message and its answer is done as the server does it: the connection, decoding, who asks, the
//! engine, the store on disk (redb), the audit, encoding. What the client does and the pipe between the two is counted with it. The
//! master key is in software. The seed of what is asked is fixed.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark: it stops where it stands")]

use keystead::authenticate::Shown;
use keystead::config::Config;
use keystead::listen::Slot;
use keystead::pki::{Ca, Curve, make_ca};
use keystead::server::Server;
use keystead::session::{self, Limits, Peer};
use keystead::start;
use kmip_codec::attributes::{Attribute, AttributeFilter, Attributes, Name};
use kmip_codec::enums::{CryptographicAlgorithm, CryptographicUsageMask, ObjectType, ResultStatus};
use kmip_codec::message::{RequestItem, RequestMessage, ResponseItem, ResponseMessage};
use kmip_codec::operations::{Call as _, Request, Response};
use kmip_codec::payloads::{ActivateRequest, CreateRequest, GetRequest, LocateRequest};
use kmip_codec::value::UniqueIdentifier;
use kmip_codec::version::V2_1;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::sync::watch;

/// That of the program `keystead`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many keys there are.
const KEYS: usize = 200;

/// From one key that is asked for to the next: without a common divisor with the number of keys, so that all are met.
const STRIDE: usize = 77;

/// What a pipe holds between the client and the server, in bytes.
const PIPE_BYTES: usize = 64 * 1024;

/// Of a message: its tag, its type and its length.
const HEADER_BYTES: usize = 8;

const LIMITS: Limits = {
    const LONG: Duration = Duration::from_secs(3600);
    Limits {
        handshake: LONG,
        idle: LONG,
        message: LONG,
        write: LONG,
        connection: LONG,
        message_bytes_max: 1 << 20,
    }
};

const CONFIGURATION: &str = r#"
listen = ["127.0.0.1:0"]
[tls]
certificate = "server.pem"
key = "server.key"
ca = "ca.pem"
[store]
path = "store"
[hsm]
danger_software_keys = "keys"
"#;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (operation, count) = (arguments.next().unwrap(), arguments.next().unwrap().parse().unwrap());
    // One that was left behind by a run that was killed is made anew.
    let folder = std::env::temp_dir().join(format!("instructions-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir(&folder).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (server, peer) = {
        let _inside = runtime.enter();
        server(&folder)
    };
    // On the runtime's own thread, as connections are.
    let work = async move { tokio::spawn(async move { work(server, peer, &operation, count).await }).await };
    runtime.block_on(work).unwrap();
    drop(runtime);
    std::fs::remove_dir_all(&folder).unwrap();
}

async fn work(server: Arc<Server>, peer: Arc<Peer>, operation: &str, count: usize) {
    let (mut client, served) = tokio::io::duplex(PIPE_BYTES);
    let (stop, stopping) = watch::channel(false);
    tokio::spawn(session::serve(served, Slot::alone(), peer, server, (LIMITS, stopping)));
    let client = &mut client;
    let mut identifiers = Vec::new();
    for number in 0..KEYS {
        let id = made(&ask(client, create(&name(number))).await);
        ask(client, ActivateRequest { unique_identifier: Some(id.as_str().into()) }.into_request()).await;
        // The first Get of a key leaves a row as well; those that are counted leave none.
        ask(client, get(&id)).await;
        identifiers.push(id);
    }
    for turn in 0..count {
        let number = turn * STRIDE % KEYS;
        let request = match operation {
            "get" => get(identifiers.get(number).unwrap()),
            "locate" => locate(&name(number)),
            "create" => create(&format!("made-{turn:08}")),
            other => panic!("{other} is not get, locate or create"),
        };
        ask(client, request).await;
    }
    drop(stop);
}

/// A server on a new store, and a client of it.
fn server(folder: &Path) -> (Arc<Server>, Arc<Peer>) {
    let pair = make_ca("CA", Curve::P256).unwrap();
    let ca = Ca::from_pem(&pair.certificate, &pair.key).unwrap();
    let (client, shown) = (ca.client("client", 1).unwrap(), ca.server().unwrap());
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    write("ca.pem", &pair.certificate);
    write("server.pem", &shown.certificate);
    write("server.key", &shown.key);
    write("keystead.toml", CONFIGURATION);
    let file = folder.join("keystead.toml");
    let chain = [CertificateDer::from_pem_slice(client.certificate.as_bytes()).unwrap()];
    let server = start::without_sockets(&Config::read(&file).unwrap()).unwrap();
    let presented = server.executor().authenticator().enter(&chain, Shown::ByClient);
    let presented = presented.map_err(|refused| refused.why).unwrap();
    let principal = presented.principal();
    let address = ([127, 0, 0, 1], 1).into();
    let peer = Peer { address, presented, principal, can_reverse_roles: true, watch: None };
    (server, Arc::new(peer))
}

/// Sends a message as it comes out of TLS, and reads what goes into it.
async fn ask(client: &mut DuplexStream, request: Request) -> ResponseItem {
    let bytes = RequestMessage::new(V2_1, vec![RequestItem::from(request)]).to_bytes();
    client.write_all(&bytes).await.unwrap();
    let mut answer = vec![0; HEADER_BYTES];
    client.read_exact(&mut answer).await.unwrap();
    let length = u32::from_be_bytes(*answer.last_chunk().unwrap());
    answer.resize(HEADER_BYTES + usize::try_from(length).unwrap(), 0);
    client.read_exact(answer.get_mut(HEADER_BYTES..).unwrap()).await.unwrap();
    let item = ResponseMessage::from_bytes(&answer).unwrap().items.remove(0);
    assert_eq!(item.result_status, ResultStatus::Success, "{:?}", item.result_message);
    item
}

fn made(item: &ResponseItem) -> String {
    match &item.response {
        Some(Response::Create(created)) => match &created.unique_identifier {
            UniqueIdentifier::Text(id) => id.clone(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn name(number: usize) -> String {
    format!("key-{number:08}")
}

fn get(id: &str) -> Request {
    GetRequest { unique_identifier: Some(id.into()), ..GetRequest::default() }.into_request()
}

fn locate(name: &str) -> Request {
    LocateRequest {
        attributes: Some(AttributeFilter([Attribute::Name(Name::text(name))].into())),
        ..LocateRequest::default()
    }
    .into_request()
}

fn create(name: &str) -> Request {
    let attributes: Attributes = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt),
        Attribute::Name(Name::text(name)),
    ]
    .into();
    CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: attributes.into(),
        ..CreateRequest::default()
    }
    .into_request()
}
