//! Any bytes on a connection of HTTPS are answered or end it, and what is answered is HTTP; nothing panics or stands
//! still.
#![no_main]

use keystead::admission::MemoryBudget;
use keystead::authenticate::{Authenticator, Shown};
use keystead::config::Config;
use keystead::http;
use keystead::listen::{Slot, TurnedAway};
use keystead::pki::{Ca, Curve, make_ca};
use keystead::session::{Answer, Limits, Peer, Received, Service};
use kmip_codec::Error;
use kmip_codec::message::{RequestMessage, ResponseMessage};
use kmip_codec::value::DateTime;
use kmip_codec::version::V2_1;
use kmip_codec::wire::Encoding;
use libfuzzer_sys::fuzz_target;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::watch;

/// Reads what it gets, and answers nothing.
#[derive(Clone)]
struct Reader;

impl Service for Reader {
    async fn answer(&self, peer: Arc<Peer>, received: Received) -> Answer {
        match RequestMessage::decode(received.encoding, &received.bytes) {
            Ok(_) => empty(received.encoding, None),
            Err(error) => self.refuse(&peer, received.encoding, error),
        }
    }

    fn refuse(&self, _: &Peer, encoding: Encoding, error: Error) -> Answer {
        empty(encoding, Some(error))
    }

    fn crowded(&self, _: &Peer, encoding: Encoding, _: &[u8]) -> Answer {
        empty(encoding, None)
    }

    fn memory(&self) -> &MemoryBudget {
        &MEMORY
    }

    fn turned_away(&self, _: SocketAddr, _: TurnedAway) {}
}

fn empty(encoding: Encoding, unreadable: Option<Error>) -> Answer {
    let answer = ResponseMessage::new(V2_1, DateTime(0), Vec::new());
    Answer { bytes: answer.encode(encoding).into(), unreadable, role_reversal: None, room: None }
}

static MEMORY: LazyLock<MemoryBudget> = LazyLock::new(|| MemoryBudget::new(1 << 20, 1 << 20));

/// The client whose connection it is.
static PEER: LazyLock<Arc<Peer>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let pair = make_ca("authority", Curve::P256).expect("an authority");
    let ca = Ca::from_pem(&pair.certificate, &pair.key).expect("an authority that signs");
    let client = ca.client("client", 1).expect("a certificate");
    let certificate = CertificateDer::from_pem_slice(client.certificate.as_bytes()).expect("a certificate");
    let authenticator = Authenticator::new(&config(folder.path(), &ca, &pair.certificate)).expect("a gate");
    let presented = authenticator.enter(&[certificate], Shown::ByClient).expect("a client that is let in");
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    Arc::new(Peer {
        address,
        principal: presented.principal(),
        presented,
        can_reverse_roles: false,
        watch: None,
    })
});

/// A configuration that says nothing of clients.
fn config(folder: &Path, ca: &Ca, certificate: &str) -> Config {
    let server = ca.server().expect("a certificate");
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("a file");
    write("ca.pem", certificate);
    write("server.pem", &server.certificate);
    write("server.key", &server.key);
    std::fs::create_dir(folder.join("keys")).expect("a folder");
    let text = "[tls]\ncertificate = \"server.pem\"\nkey = \"server.key\"\nca = \"ca.pem\"\n\
        [store]\npath = \"store\"\n[hsm]\ndanger_software_keys = \"keys\"\n";
    write("keystead.toml", text);
    Config::read(&folder.join("keystead.toml")).expect("a configuration")
}

fuzz_target!(|bytes: &[u8]| {
    let limit = Duration::from_secs(2);
    let limits = Limits {
        handshake: limit,
        idle: limit,
        message: limit,
        write: limit,
        connection: limit,
        message_bytes_max: 1000,
    };
    let peer = Arc::clone(&PEER);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let answered = runtime.block_on(async {
        let (ours, mut theirs) = tokio::io::duplex(1 << 20);
        let (_stop, stopping) = watch::channel(false);
        let router = http::router::<Reader>();
        let served = http::serve(&router, ours, Slot::alone(), peer, Reader, (limits, stopping));
        let talk = async {
            let mut answers = Vec::new();
            let _ = theirs.write_all(bytes).await;
            let _ = theirs.shutdown().await;
            let _ = theirs.read_to_end(&mut answers).await;
            answers
        };
        tokio::time::timeout(limit, async { tokio::join!(served, talk).1 }).await.expect("an end")
    });
    assert!(
        answered.is_empty() || answered.starts_with(b"HTTP/1."),
        "{}",
        String::from_utf8_lossy(&answered)
    );
});
