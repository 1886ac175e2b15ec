//! Work that keeps a processor busy for long: each on a thread of its own, of low priority, so that the system lets requests
//! go before.

use rustix::process::{getpriority_process, setpriority_process};
use std::thread;
use tokio::sync::oneshot;

/// How much less the system prefers such a thread, as `nice` counts: it gets about a tenth of a processor that others want too.
const NICENESS: i32 = 10;

/// Runs work on a thread of low priority. The thread ends with it: a priority that was lowered cannot be raised again without
/// privileges, and the threads of the runtime must not inherit it.
pub async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    let (sender, done) = oneshot::channel();
    let on_thread = move || {
        be_nice();
        // Nobody waits for it any more where this fails.
        let _ = sender.send(work());
    };
    let thread = thread::Builder::new().name("keystead-slow".to_owned()).spawn(on_thread);
    thread.map_err(|why| format!("no thread for work that takes long: {why}"))?;
    done.await.map_err(|_| "work that takes long ended in a panic".to_owned())
}

/// Lowers the priority of this thread: on Linux, 0 names the thread that asks.
fn be_nice() {
    let lowered = getpriority_process(None).and_then(|now| setpriority_process(None, now + NICENESS));
    if let Err(why) = lowered {
        tracing::debug!(%why, "the priority of a thread cannot be lowered");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_priority_is_lowered_for_the_work_and_for_nobody_else() {
        let now = || getpriority_process(None).unwrap();
        let before = now();
        assert_eq!(run(now).await.unwrap(), (before + NICENESS).min(19));
        assert_eq!(tokio::task::spawn_blocking(now).await.unwrap(), before);
        assert_eq!(now(), before);
    }

    #[tokio::test]
    async fn a_panic_is_an_error() {
        let failed = run(|| assert!(getpriority_process(None).is_err(), "on purpose")).await;
        assert!(failed.unwrap_err().contains("panic"));
    }
}
