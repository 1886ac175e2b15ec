//! The time limits of an HTTP connection, kept where its bytes pass: between messages, while one comes in, while an
//! answer goes out. They are those of `session`, which reads its frames itself.

use crate::listen::Slot;
use crate::session::Limits;
use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// Where an exchange is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Between two messages.
    Idle,
    /// A request has begun.
    Coming,
    /// The request is there whole, its answer not yet.
    Working,
    /// The answer is made and may be on its way.
    Answered,
}

/// The phase of a connection, and when it began; its slot is busy while it is not idle.
pub struct Pace {
    phase: Mutex<(Phase, Instant)>,
    slot: Arc<Slot>,
}

impl Pace {
    /// Of a connection that begins.
    pub fn new(slot: Arc<Slot>) -> Self {
        Self { phase: Mutex::new((Phase::Idle, Instant::now())), slot }
    }

    /// The request is there whole. `false` where the connection is to be closed for another, and nothing is done.
    pub fn received(&self) -> bool {
        let is_busy = self.slot.set_busy();
        self.enter(Phase::Working);
        is_busy
    }

    /// The answer is made.
    pub fn answered(&self) {
        self.enter(Phase::Answered);
    }

    /// The request has begun. `false` where the connection is to be closed for another.
    fn begun(&self) -> bool {
        let is_busy = self.slot.set_busy();
        self.enter(Phase::Coming);
        is_busy
    }

    /// The answer is written.
    fn written(&self) {
        self.enter(Phase::Idle);
        self.slot.set_idle();
    }

    /// Whether a request is under way that came whole.
    pub fn is_answering(&self) -> bool {
        matches!(self.now().0, Phase::Working | Phase::Answered)
    }

    /// Until when the request must be there whole that has begun.
    pub fn deadline(&self, limit: Duration) -> Instant {
        self.now().1 + limit
    }

    fn now(&self) -> (Phase, Instant) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, phase: Phase) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = (phase, Instant::now());
    }
}

/// A stream that breaks with a time-out where its peer is too slow.
pub struct Paced<S> {
    stream: S,
    pace: Arc<Pace>,
    limits: Limits,
    reading: Pin<Box<Sleep>>,
    writing: Option<Pin<Box<Sleep>>>,
}

impl<S> Paced<S> {
    /// A stream in this pace.
    pub fn new(stream: S, pace: Arc<Pace>, limits: Limits) -> Self {
        Self { stream, pace, limits, reading: Box::pin(sleep_until(Instant::now())), writing: None }
    }

    /// Whether the peer has sent too little for too long.
    fn check_reading(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        let (phase, since) = self.pace.now();
        let (limit, what): (Duration, _) = match phase {
            Phase::Idle => (self.limits.idle, "the peer says nothing more"),
            Phase::Coming => (self.limits.message, "the peer does not finish its message"),
            Phase::Working | Phase::Answered => return Ok(()),
        };
        let deadline = since + limit;
        if self.reading.deadline() != deadline {
            self.reading.as_mut().reset(deadline);
        }
        match self.reading.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::Error::new(io::ErrorKind::TimedOut, what)),
            Poll::Pending => Ok(()),
        }
    }

    /// Lets what was written wait for the peer only so long.
    fn check_writing<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.writing = None;
            return written;
        }
        let limit = self.limits.write;
        let waiting = self.writing.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + limit)));
        ready!(waiting.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the peer does not take its answer")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if read.is_pending() {
            self.check_reading(context)?;
        } else if buffer.filled().len() > before && self.pace.now().0 == Phase::Idle {
            let is_open = self.pace.begun();
            if !is_open {
                let why = "the connection was idle, and is closed for another";
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, why)));
            }
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.check_writing(context, written)
    }

    /// Answers go out from where they are: without this they would be copied into a buffer that is not wiped.
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.check_writing(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        if matches!(flushed, Poll::Ready(Ok(()))) && self.pace.now().0 == Phase::Answered {
            self.pace.written();
        }
        self.check_writing(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = Pin::new(&mut self.stream).poll_shutdown(context);
        self.check_writing(context, closed)
    }
}
