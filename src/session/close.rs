//! How a connection is closed.

use super::Limits;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;
use zeroize::Zeroizing;

/// Says that nothing follows, if the peer still listens; where it was refused, what it goes on to write is read.
pub(super) async fn close(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    limits: &Limits,
    refused: bool,
) {
    let _ = timeout(limits.write, stream.shutdown()).await;
    if refused {
        read_out(stream, limits).await;
    }
}

/// Says that nothing follows, where that can be said at once: another waits for the connection to be closed.
pub async fn close_now(stream: &mut (impl AsyncWrite + Unpin)) {
    let _ = timeout(Duration::ZERO, stream.shutdown()).await;
}

/// How much of what follows a message that was refused is read and thrown away.
pub const DISCARDED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// How long a peer that has been refused may pause before the connection is closed.
const PAUSE: Duration = Duration::from_millis(500);

/// Reads on for a bounded while, and throws away what comes. A connection that is closed while its peer writes is reset, and
/// the peer never reads the answer that is already on its way.
async fn read_out(stream: &mut (impl AsyncRead + Unpin), limits: &Limits) {
    let mut buffer = Zeroizing::new(vec![0; 16 * 1024]);
    let all = async {
        let mut rest = DISCARDED_BYTES_MAX;
        while let Ok(Ok(length @ 1..)) = timeout(PAUSE, stream.read(&mut buffer)).await {
            rest = rest.saturating_sub(length);
            if rest == 0 {
                break;
            }
        }
    };
    let _ = timeout(limits.message, all).await;
}
