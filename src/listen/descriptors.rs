//! File descriptors: each connection takes one, and what the store and the HSM open must never fail for the want of one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What is opened now and then beside connections: segments of the journal, files of certificates, connections that are
/// accepted only to be closed.
const NOW_AND_THEN: usize = 24;

/// What the server opens for itself at start: the store and its journal, the HSM, the runtime, its sockets.
const AT_START: usize = 20;

/// There are too few for any connection at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "this process may have {limit} open files and needs {own} for itself: allow more (LimitNOFILE= in the unit of systemd, \
     `ulimit -n` in a shell); a connection takes one"
)]
pub struct TooFew {
    limit: usize,
    own: usize,
}

/// Lets this process have as many as it may ask for: the usual limit is for programs that could not use more.
pub fn raise() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
}

/// Whether no further file can be opened now.
pub fn are_used_up() -> bool {
    let opened = std::fs::File::open("/dev/null").map_err(|why| why.raw_os_error());
    let none_left =
        [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE].map(|none| Some(none.raw_os_error()));
    opened.is_err_and(|why| none_left.contains(&why))
}

/// Raises the limit again where it was lowered while the server runs: what a process may ask for is its own to choose.
pub async fn keep_raised() {
    const EVERY: std::time::Duration = std::time::Duration::from_secs(1);
    loop {
        tokio::time::sleep(EVERY).await;
        let lowered = getrlimit(Resource::Nofile);
        if lowered.current != lowered.maximum {
            raise();
            tracing::warn!(
                from = lowered.current,
                to = lowered.maximum,
                "the limit of open files was lowered while the server runs; it is raised again"
            );
        }
    }
}

/// Whether there are enough to start at all. Asked first: what fails for the want of one later does not know why.
pub fn enough() -> Result<(), TooFew> {
    let Some(limit) = getrlimit(Resource::Nofile).current else { return Ok(()) };
    let (limit, own) = (usize::try_from(limit).unwrap_or(usize::MAX), open() + AT_START + NOW_AND_THEN);
    if limit > own { Ok(()) } else { Err(TooFew { limit, own }) }
}

/// How many connections there may be at once: as many as are wanted, or as fit, with the handshakes that may be pending
/// beside so many, beside what is open already and what else will be (`others`). It is told when those are fewer.
pub fn connections(
    wanted: usize,
    handshakes: impl Fn(usize) -> usize,
    others: usize,
) -> Result<usize, TooFew> {
    let Some(limit) = getrlimit(Resource::Nofile).current else { return Ok(wanted) };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let own = open() + NOW_AND_THEN + others;
    let room = limit.saturating_sub(own);
    let fits = |connections: &usize| connections.saturating_add(handshakes(*connections)) <= room;
    let fitting = (1..=wanted.min(room)).rev().find(fits).ok_or(TooFew { limit, own })?;
    if fitting < wanted {
        tracing::warn!(
            "this process may have {limit} open files: that is room for {fitting} connections at once beside {} pending \
             handshakes, not for the {wanted} of limits.connections. Allow {} files (LimitNOFILE= in the unit of systemd, \
             `ulimit -n` in a shell), or set limits.connections to {fitting}",
            handshakes(fitting),
            wanted.saturating_add(handshakes(wanted)).saturating_add(own)
        );
    }
    Ok(fitting)
}

/// How many are open now.
fn open() -> usize {
    const WHERE_NOBODY_TELLS: usize = 32;
    std::fs::read_dir("/proc/self/fd").map_or(WHERE_NOBODY_TELLS, Iterator::count)
}
