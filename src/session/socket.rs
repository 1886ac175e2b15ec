//! The socket of a connection, its one timer, and whether its peer is still there: asked of the system, and not by reading, since
//! what the peer has sent already may wait unread before the end of its side.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvFlags, recv};
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{self, Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

/// A socket that can be watched while another reads and writes.
pub struct Socket(Arc<TcpStream>);

/// Watches a socket, and does not keep it open.
#[derive(Clone)]
pub struct Watch(Weak<TcpStream>);

/// How often it is looked whether the peer of a request is still there; most requests are answered before the first time.
const EVERY: Duration = Duration::from_millis(100);

/// For how long a peer may still read its answer that has said that it sends nothing more.
const PARTING: Duration = Duration::from_secs(2);

/// What the system knows of the other side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Side {
    Open,
    /// It sends nothing more, and may still read: one side of a connection does not tell of the other.
    HalfClosed,
    Gone,
}

impl Socket {
    /// The socket of a connection that was accepted.
    pub fn new(stream: TcpStream) -> Self {
        Self(Arc::new(stream))
    }

    /// What watches it.
    pub fn watch(&self) -> Watch {
        Watch(Arc::downgrade(&self.0))
    }
}

impl Watch {
    fn side(&self) -> Side {
        let Some(stream) = self.0.upgrade() else { return Side::Gone };
        let mut asked = [PollFd::new(&*stream, PollFlags::RDHUP)];
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        // What the system does not tell is no reason to give up a request.
        let Ok(1..) = poll(&mut asked, Some(&at_once)) else { return Side::Open };
        let [told] = asked.map(|asked| asked.revents());
        match told.intersects(PollFlags::ERR | PollFlags::HUP) {
            true => Side::Gone,
            false if told.contains(PollFlags::RDHUP) => Side::HalfClosed,
            false => Side::Open,
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            task::ready!(self.0.poll_read_ready(context))?;
            let (free, mut found) = (buffer.initialize_unfilled(), None);
            let read = self.0.try_io(Interest::READABLE, || {
                let (_, count) = recv(&*self.0, &mut *free, RecvFlags::empty())?;
                found = Some(count);
                // Nothing is left where more would have fitted: the system says when there is more, and is not asked before.
                match (1..free.len()).contains(&count) {
                    true => Err(io::ErrorKind::WouldBlock.into()),
                    false => Ok(()),
                }
            });
            match (found, read) {
                (Some(count), _) => {
                    buffer.advance(count);
                    return Poll::Ready(Ok(()));
                }
                (None, Err(error)) if error.kind() != io::ErrorKind::WouldBlock => {
                    return Poll::Ready(Err(error));
                }
                (None, _) => {}
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[io::IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        loop {
            task::ready!(self.0.poll_write_ready(context))?;
            match self.0.try_write_vectored(pieces) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// Nothing is held back.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(rustix::net::shutdown(&*self.0, rustix::net::Shutdown::Write).map_err(Into::into))
    }
}

/// Awaits work for a peer; nothing where the peer left first. Most is done before it is looked for the first time.
pub async fn unless_left<T>(
    watch: Option<&Watch>,
    timer: &mut Timer,
    mut work: impl Future<Output = T> + Unpin,
) -> Option<T> {
    let mut parting = None;
    loop {
        if let Some(done) = timer.until(&mut Deadline::After(EVERY), &mut work).await {
            return Some(done);
        }
        match watch.map_or(Side::Open, Watch::side) {
            Side::Open => parting = None,
            Side::HalfClosed if parting.get_or_insert_with(Instant::now).elapsed() < PARTING => {}
            Side::HalfClosed | Side::Gone => return None,
        }
    }
}

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
#[allow(clippy::unwrap_used, reason = "a test: it stops where it stands")]
mod tests {
    use super::*;
    use std::future::{pending, ready};
    use std::pin::pin;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio::time::sleep;

    async fn pair() -> (Socket, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let theirs = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (Socket::new(listener.accept().await.unwrap().0), theirs)
    }

    /// The side as soon as it is not open; what travels on loopback is there in a moment.
    async fn closed(watch: &Watch) -> Side {
        for _ in 0..500 {
            match watch.side() {
                Side::Open => sleep(Duration::from_millis(10)).await,
                side => return side,
            }
        }
        Side::Open
    }

    #[tokio::test]
    async fn a_peer_is_seen_to_leave_with_bytes_unread_before_it() {
        for unread in [0, 1, 100_000] {
            let (ours, mut theirs) = pair().await;
            theirs.write_all(&vec![7; unread]).await.unwrap();
            assert_eq!(ours.watch().side(), Side::Open);
            theirs.shutdown().await.unwrap();
            assert_eq!(closed(&ours.watch()).await, Side::HalfClosed, "{unread}");
            theirs.set_zero_linger().unwrap();
            drop(theirs);
            while ours.watch().side() == Side::HalfClosed {
                sleep(Duration::from_millis(10)).await;
            }
            assert_eq!(ours.watch().side(), Side::Gone, "{unread}");
        }
        let (ours, _theirs) = pair().await;
        let watch = ours.watch();
        drop(ours);
        assert_eq!(watch.side(), Side::Gone, "a watch keeps nothing open");
    }

    #[tokio::test]
    async fn work_goes_on_for_a_peer_that_is_there() {
        let (ours, theirs) = pair().await;
        let watch = ours.watch();
        let slow = async { sleep(3 * EVERY).await };
        assert_eq!(unless_left(Some(&watch), &mut Timer::default(), pin!(slow)).await, Some(()));
        theirs.set_zero_linger().unwrap();
        drop(theirs);
        assert_eq!(unless_left(Some(&watch), &mut Timer::default(), pending::<()>()).await, None);
    }

    #[tokio::test]
    async fn bytes_pass_both_ways() {
        let (mut ours, mut theirs) = pair().await;
        let sent = vec![0x5a; 3 << 20];
        let expected = sent.clone();
        let reads = tokio::spawn(async move {
            let mut got = vec![0; expected.len()];
            theirs.read_exact(&mut got).await.unwrap();
            assert_eq!(got, expected);
            theirs.write_all(&got).await.unwrap();
        });
        ours.write_all(&sent).await.unwrap();
        let mut back = Vec::new();
        ours.read_to_end(&mut back).await.unwrap();
        assert_eq!(back, sent);
        reads.await.unwrap();
    }

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
