//! The signals by which a server is told to stop, or to read its configuration again.

use crate::exit::{self, Exit};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What the server is told from outside.
pub struct Signals {
    pub terminated: Signal,
    pub interrupted: Signal,
    pub hangup: Signal,
}

impl Signals {
    /// Begins to hear.
    pub fn new_in(runtime: &Runtime) -> std::io::Result<Self> {
        let _inside = runtime.enter();
        Ok(Self {
            terminated: signal(SignalKind::terminate())?,
            interrupted: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }
}

/// Waits until the server is told to stop.
pub async fn to_stop(terminated: &mut Signal, interrupted: &mut Signal) {
    tokio::select! {
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
    }
}

/// Does what the start waits for, the HSM and the disk among it. The process ends when it is told to meanwhile: nothing has been
/// answered by then, and what is under way in the store is done whole or not at all, as where the power fails.
pub fn stoppable<T>(runtime: &Runtime, start: impl FnOnce() -> T) -> std::io::Result<T> {
    let mut signals = Signals::new_in(runtime)?;
    let told = runtime.spawn(async move {
        to_stop(&mut signals.terminated, &mut signals.interrupted).await;
        tracing::info!("stopped before the start was done");
        exit::now(Exit::Stopped.code());
    });
    let started = start();
    told.abort();
    Ok(started)
}
