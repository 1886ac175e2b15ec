//! Any bytes on a connection of HTTPS are answered or end it, and what is answered is HTTP; nothing panics or stands
//! still.
#![no_main]

use keystead::engine::rights::policy::Principal;
use keystead::http;
use keystead::session::{Answer, Limits, Peer, Received, Service, Turned};
use kmip_codec::Error;
use kmip_codec::message::{RequestMessage, ResponseMessage};
use kmip_codec::value::DateTime;
use kmip_codec::version::V2_1;
use kmip_codec::wire::Encoding;
use libfuzzer_sys::fuzz_target;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
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

    fn turned_away(&self, _: SocketAddr, _: String) {}

    async fn take_over<S: AsyncRead + AsyncWrite + Unpin + Send>(&self, _: Turned<S>) -> std::io::Result<()> {
        panic!("HTTP does not turn around")
    }
}

fn empty(encoding: Encoding, unreadable: Option<Error>) -> Answer {
    let answer = ResponseMessage::new(V2_1, DateTime(0), Vec::new());
    Answer { bytes: answer.encode(encoding).into(), unreadable, turn: None }
}

fuzz_target!(|bytes: &[u8]| {
    let limit = Duration::from_secs(2);
    let limits =
        Limits { handshake: limit, idle: limit, message: limit, write: limit, message_bytes_max: 1000 };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let peer = Arc::new(Peer { address, principal: Arc::new(Principal::default()), turnable: false });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let answered = runtime.block_on(async {
        let (ours, mut theirs) = tokio::io::duplex(1 << 20);
        let (_stop, stopping) = watch::channel(false);
        let served = http::serve(ours, peer, Reader, limits, stopping);
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
