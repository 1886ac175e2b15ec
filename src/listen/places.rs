//! How many connections there may be, in all and from one address.
//!
//! Who has not finished the TLS handshake is nobody yet: where there is no place left, the oldest of these gives way to
//! who comes. So peers that connect and say nothing keep nobody out. It has had [`GRACE`] before: where thousands come at
//! once, those in the midst of a handshake are not thrown out for others who would fare no better.

use super::Caps;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{Instant, timeout};

/// How long a handshake is left alone.
const GRACE: Duration = Duration::from_secs(2);

/// How long one that gives way may take to be gone.
const GONE: Duration = Duration::from_secs(1);

/// The places for connections, in all and by address.
pub struct Places {
    all: Arc<Semaphore>,
    taken: Arc<Mutex<Taken>>,
    per_address: usize,
    grace: Duration,
}

#[derive(Default)]
struct Taken {
    by_address: HashMap<IpAddr, usize>,
    /// Those in the handshake, in the order in which they came.
    newcomers: BTreeMap<u64, Newcomer>,
    next: u64,
}

struct Newcomer {
    address: IpAddr,
    since: Instant,
    give_way: oneshot::Sender<()>,
}

/// A place that is taken; given back when dropped.
pub struct Place {
    _one_of_all: OwnedSemaphorePermit,
    taken: Arc<Mutex<Taken>>,
    address: IpAddr,
    number: u64,
}

/// Is sent to who has to give way. Once it is dropped, nobody asks any more.
pub type GiveWay = oneshot::Receiver<()>;

impl Places {
    /// As many as the configuration lets there be.
    pub fn new(caps: Caps) -> Self {
        Self::leaving_alone(caps, GRACE)
    }

    fn leaving_alone(caps: Caps, grace: Duration) -> Self {
        let all = Arc::new(Semaphore::new(caps.connections.min(Semaphore::MAX_PERMITS)));
        Self { all, taken: Arc::default(), per_address: caps.per_address, grace }
    }

    /// A place for a connection from here, if there is one left or somebody gives way.
    pub async fn take(&self, address: IpAddr) -> Option<(Place, GiveWay)> {
        let one_of_all = match Arc::clone(&self.all).try_acquire_owned() {
            Ok(free) => free,
            Err(_) => {
                lock(&self.taken).turn_out(|newcomer| newcomer.since.elapsed() >= self.grace)?;
                // The other's descriptor is closed before this connection goes on: there are no more than places.
                timeout(GONE, Arc::clone(&self.all).acquire_owned()).await.ok()?.ok()?
            }
        };
        let mut taken = lock(&self.taken);
        if taken.by_address.get(&address).is_some_and(|count| *count >= self.per_address) {
            taken
                .turn_out(|newcomer| newcomer.address == address && newcomer.since.elapsed() >= self.grace)?;
        }
        let (number, give_way) = taken.enter(address);
        drop(taken);
        let place = Place { _one_of_all: one_of_all, taken: Arc::clone(&self.taken), address, number };
        Some((place, give_way))
    }
}

fn lock(taken: &Mutex<Taken>) -> MutexGuard<'_, Taken> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Taken {
    fn enter(&mut self, address: IpAddr) -> (u64, GiveWay) {
        let (give_way, asked) = oneshot::channel();
        let number = self.next;
        self.next += 1;
        *self.by_address.entry(address).or_default() += 1;
        self.newcomers.insert(number, Newcomer { address, since: Instant::now(), give_way });
        (number, asked)
    }

    /// Asks the oldest newcomer of these to give way; `None` where there is none.
    fn turn_out(&mut self, of: impl Fn(&Newcomer) -> bool) -> Option<()> {
        let oldest = self.newcomers.iter().find(|(_, newcomer)| of(newcomer)).map(|(number, _)| *number)?;
        let newcomer = self.newcomers.remove(&oldest)?;
        // One that is leaving by itself at this moment hears nothing; its place is free all the same.
        let _ = newcomer.give_way.send(());
        Some(())
    }
}

impl Place {
    /// The peer is known: it keeps its place. Not so where it was asked to give way in the same moment.
    pub fn keep(&self) -> bool {
        lock(&self.taken).newcomers.remove(&self.number).is_some()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        taken.newcomers.remove(&self.number);
        if let Some(count) = taken.by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                taken.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V6(std::net::Ipv6Addr::LOCALHOST);

    /// Whether it has been asked to give way.
    fn is_asked(give_way: &mut GiveWay) -> bool {
        give_way.try_recv().is_ok()
    }

    #[tokio::test]
    async fn the_oldest_newcomer_gives_way_and_who_is_known_stays() {
        let places = Arc::new(Places::leaving_alone(Caps { connections: 3, per_address: 3 }, Duration::ZERO));
        let (known, mut first) = places.take(HERE).await.unwrap();
        assert!(known.keep());
        let (old, mut second) = places.take(HERE).await.unwrap();
        let (young, mut third) = places.take(THERE).await.unwrap();
        let coming = tokio::spawn({
            let places = Arc::clone(&places);
            async move { places.take(HERE).await }
        });
        (&mut second).await.unwrap();
        assert!(!is_asked(&mut first) && !is_asked(&mut third) && !coming.is_finished());
        assert!(!old.keep(), "it was asked to give way");
        drop(old);
        let (came, _fourth) = coming.await.unwrap().unwrap();
        assert!(came.keep() && young.keep());
        assert!(places.take(THERE).await.is_none(), "all places are kept");
        drop(known);
        assert!(places.take(THERE).await.is_some());
    }

    #[tokio::test]
    async fn an_address_makes_room_among_its_own() {
        let places = Places::leaving_alone(Caps { connections: 10, per_address: 1 }, Duration::ZERO);
        let (_other, mut of_other) = places.take(THERE).await.unwrap();
        let (old, mut of_old) = places.take(HERE).await.unwrap();
        let (new, _of_new) = places.take(HERE).await.unwrap();
        assert!(is_asked(&mut of_old) && !is_asked(&mut of_other));
        drop(old);
        assert!(new.keep());
        assert!(places.take(HERE).await.is_none());
    }

    #[tokio::test]
    async fn a_handshake_that_has_just_begun_is_left_alone() {
        let places =
            Places::leaving_alone(Caps { connections: 1, per_address: 1 }, Duration::from_secs(3600));
        let (young, mut asked) = places.take(HERE).await.unwrap();
        assert!(places.take(THERE).await.is_none() && places.take(HERE).await.is_none());
        assert!(!is_asked(&mut asked) && young.keep());
    }
}
