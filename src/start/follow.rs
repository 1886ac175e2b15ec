//! SIGHUP after SIGHUP: one reload at a time, and none is forgotten. A file system that does not answer can keep one busy; then
//! the log says so, at once where another is asked for.

use super::reload::{Reload, Running};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::signal::unix::Signal;
use tokio::sync::mpsc;
use tokio::time::sleep;

/// After this time a reload is said to take long, again and again.
const LONG: Duration = Duration::from_secs(10);

/// Reads everything again at each SIGHUP.
pub async fn follow(mut hangup: Signal, reload: Reload, running: Running) {
    let (ask, asked) = mpsc::channel(1);
    let hear = async move {
        while hangup.recv().await.is_some() {
            // One that waits is as good as many.
            let _ = ask.try_send(());
        }
    };
    let running = Arc::new(running);
    let again = move |mut reload: Reload| {
        reload.again(&running);
        reload
    };
    tokio::join!(hear, one_at_a_time(asked, reload, again, LONG, &tell));
}

fn tell(since: Duration) {
    let seconds = since.as_secs();
    tracing::warn!(
        "SIGHUP: the reload before has been under way for {seconds} s: a file of the configuration is on a file system that does \
         not answer. What was before goes on; all is read again when it is done"
    );
}

/// Does the work each time it is asked for. Who asks while it is under way is told for how long it has been, and it is done
/// once more.
async fn one_at_a_time<T: Send + 'static>(
    mut asked: mpsc::Receiver<()>,
    mut state: T,
    work: impl Fn(T) -> T + Clone + Send + 'static,
    long: Duration,
    tell: &impl Fn(Duration),
) {
    let mut once_more = false;
    while once_more || asked.recv().await.is_some() {
        once_more = false;
        let (work, began) = (work.clone(), Instant::now());
        let mut done = tokio::task::spawn_blocking(move || work(state));
        let done = loop {
            tokio::select! {
                done = &mut done => break done,
                Some(()) = asked.recv() => {
                    once_more = true;
                    tell(began.elapsed());
                }
                () = sleep(long) => tell(began.elapsed()),
            }
        };
        match done {
            Ok(back) => state = back,
            Err(error) => return tracing::error!(%error, "SIGHUP is not heard any more: restart the server"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::sync::mpsc as blocking;

    /// The work hangs; another is asked for, and a third. They are told, and done as one when it goes on.
    #[tokio::test]
    async fn who_asks_while_one_hangs_is_told_and_not_forgotten() {
        let (ask, asked) = mpsc::channel(1);
        let (go_on, hangs) = blocking::channel::<()>();
        let (began, mut begun) = mpsc::unbounded_channel();
        let hangs = Arc::new(Mutex::new(hangs));
        let work = move |count: u32| {
            began.send(count).unwrap();
            hangs.lock().unwrap().recv().unwrap();
            count + 1
        };
        let told = Arc::new(Mutex::new(0));
        let notifications = Arc::clone(&told);
        let tell = move |_| *notifications.lock().unwrap() += 1;
        let never = Duration::from_secs(3600);
        let all = tokio::spawn(async move { one_at_a_time(asked, 0, work, never, &tell).await });
        ask.send(()).await.unwrap();
        assert_eq!(begun.recv().await, Some(0));
        for count in 1..=2 {
            ask.send(()).await.unwrap();
            while *told.lock().unwrap() < count {
                tokio::task::yield_now().await;
            }
        }
        go_on.send(()).unwrap();
        assert_eq!(begun.recv().await, Some(1), "it is done once more");
        go_on.send(()).unwrap();
        drop(ask);
        all.await.unwrap();
        assert_eq!(begun.try_recv().ok(), None, "and not twice more");
    }

    #[tokio::test]
    async fn what_takes_long_is_told_without_being_asked() {
        let (ask, asked) = mpsc::channel(1);
        let (go_on, hangs) = blocking::channel::<()>();
        let hangs = Arc::new(Mutex::new(hangs));
        let work = move |()| hangs.lock().unwrap().recv().unwrap();
        let tell = move |_| go_on.send(()).unwrap_or_default();
        ask.send(()).await.unwrap();
        drop(ask);
        one_at_a_time(asked, (), work, Duration::from_millis(1), &tell).await;
    }
}
