//! Closing a store takes no longer than it may: an engine that hangs does not keep the process from ending.

use super::Error;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// Drops what owns a store, which closes it, and waits for that no longer than this. What was acknowledged is on the disk
/// since it was; what hangs in an engine ends with the process, and so does the lock of the folder.
pub fn close_within<T: Send + 'static>(owner: T, limit: Duration) -> Result<(), Error> {
    let (tell, closed) = channel();
    let close = move || {
        drop(owner);
        let _ = tell.send(());
    };
    // Where no thread can be had, it has been dropped here.
    if std::thread::Builder::new().name("close".to_owned()).spawn(close).is_err() {
        return Ok(());
    }
    match closed.recv_timeout(limit) {
        Ok(()) => Ok(()),
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
            Err(Error::NotClosed { seconds: limit.as_secs() })
        }
    }
}
