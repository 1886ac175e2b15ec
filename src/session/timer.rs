//! The one timer of a connection.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

/// By when something must be done. Of what does not wait the clock is not asked: a time to wait begins when the first wait does.
#[derive(Clone, Copy, Debug)]
pub enum Deadline {
    /// By then.
    At(Instant),
    /// After so long a wait.
    After(Duration),
    /// Likewise, and by then in any case.
    AfterOrAt(Duration, Instant),
}

impl Deadline {
    /// When it is, once something waits.
    fn fixed(&mut self) -> Instant {
        let at = match *self {
            Self::At(at) => at,
            Self::After(wait) => Instant::now() + wait,
            Self::AfterOrAt(wait, end) => end.min(Instant::now() + wait),
        };
        *self = Self::At(at);
        at
    }
}

/// A timer for one deadline after another. To set it takes a lock that all connections share, so it is set only where there is
/// something to wait for, and one that stands at an earlier time than the next deadline stays there: when that time has come, it
/// is set anew.
pub struct Timer(Pin<Box<Sleep>>);

impl Default for Timer {
    /// One that has not been set.
    fn default() -> Self {
        Self(Box::pin(sleep_until(Instant::now())))
    }
}

impl Timer {
    /// Awaits work until a deadline; nothing where that has passed first. The work is pinned by the caller: what is moved into an
    /// asynchronous function counts twice in the memory of each connection.
    pub async fn until<T>(
        &mut self,
        deadline: &mut Deadline,
        mut work: impl Future<Output = T> + Unpin,
    ) -> Option<T> {
        poll_fn(|context| {
            if let Poll::Ready(done) = Pin::new(&mut work).poll(context) {
                return Poll::Ready(Some(done));
            }
            let deadline = deadline.fixed();
            if deadline < self.0.deadline() {
                self.0.as_mut().reset(deadline);
            }
            while self.0.as_mut().poll(context).is_ready() {
                if Instant::now() >= deadline {
                    return Poll::Ready(None);
                }
                self.0.as_mut().reset(deadline);
            }
            Poll::Pending
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};
    use std::pin::pin;

    /// Deadlines that come earlier and later than the one before; what ends well before or after its deadline is told apart.
    #[tokio::test]
    async fn each_deadline_is_kept() {
        const SOON: Duration = Duration::from_millis(5);
        const LATE: Duration = Duration::from_secs(3600);
        let (mut timer, begun) = (Timer::default(), Instant::now());
        assert_eq!(timer.until(&mut Deadline::At(begun), ready(1)).await, Some(1), "what is done is done");
        for (deadline, work) in [(LATE, SOON), (SOON, LATE), (LATE, SOON), (LATE, 3 * SOON), (2 * SOON, LATE)]
        {
            let begun = Instant::now();
            let done = timer.until(&mut Deadline::After(deadline), pin!(sleep_until(begun + work))).await;
            assert_eq!(done.is_some(), work < deadline, "{deadline:?} {work:?}");
            assert!(begun.elapsed() >= work.min(deadline), "{deadline:?} {work:?}");
        }
        assert_eq!(
            timer.until(&mut Deadline::AfterOrAt(LATE, begun), pending::<()>()).await,
            None,
            "a deadline that has passed"
        );
    }
}
