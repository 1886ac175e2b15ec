//! Looks at the store once a second: whether its files are at their place and its disk has room, and whether writes that
//! were refused can be taken again.

use super::guard::Guard;
use super::writer::Writer;
use super::{Error, Transaction};
use keystead_records::audit::Entries;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(1);

/// The watch goes on until this is dropped.
pub struct Watch(#[allow(dead_code, reason = "its end is what the thread waits for")] Sender<()>);

impl Watch {
    /// Starts the thread.
    pub fn start(guard: Arc<Guard>, writer: Writer) -> Result<(Self, JoinHandle<()>), Error> {
        let (sender, stop) = channel();
        let watch = move || {
            while stop.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                guard.look();
                if guard.health().trouble.is_some() {
                    // A commit of nothing shows whether writes are taken again; the guard notes it.
                    let _ = writer.submit_blocking(Transaction::default(), Entries::default(), None);
                }
            }
        };
        let thread = std::thread::Builder::new().name("watch".to_owned()).spawn(watch);
        Ok((Self(sender), thread.map_err(|error| Error::Engine(error.to_string()))?))
    }
}
