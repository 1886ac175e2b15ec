//! Asks for keys: all keys of a volume on all servers at once, again and again until the time is over.
//!
//! A passing failure is tried again, a refusal is not; and a refusal decides nothing as long as another server, or
//! another key, may still answer. The network is often not up yet when a volume is to be opened.

use super::error::{Error, Result};
use super::news::News;
use super::volume_key;
use keystead_client::{Cause, Client, Error as ClientError, Race, ServerAddress, Settings, Unreachable};
use kmip_codec::SecretBytes;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The shortest and the longest pause between two tries.
const PAUSE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(2));

/// How long to wait for a server that can be reached.
#[derive(Clone, Copy)]
pub struct Patience {
    end: Instant,
    retries: bool,
}

impl Patience {
    /// Tries until this moment.
    pub fn until(end: Instant) -> Self {
        Self { end, retries: true }
    }

    /// One try, with the usual time limit.
    pub fn once(limit: Duration) -> Self {
        Self { end: Instant::now() + limit, retries: false }
    }

    /// When everything ends.
    pub fn end(self) -> Instant {
        self.end
    }

    /// Whether there is time for another try after this pause.
    fn allows(self, pause: Duration) -> bool {
        self.retries && Instant::now() + pause < self.end
    }
}

/// A key on a server.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    /// The server.
    pub server: ServerAddress,
    /// The key's unique identifier.
    pub uid: String,
    /// Whether it is asked for when those that are not have failed, or take their time.
    pub is_behind: bool,
}

/// The keys of these servers, the preferred one first, as the answers come.
pub struct Fetch {
    places: Vec<Place>,
    race: Race<Place, Result<SecretBytes>>,
    failures: BTreeMap<usize, Failure>,
    retries: bool,
    news: News,
}

/// What a place said last, and how often.
struct Failure {
    error: Error,
    times: u32,
}

impl Fetch {
    /// Begins. The keys of one server are asked for at once; the second server is asked after 300 ms, or when the
    /// first has failed, all others after 1 s.
    pub fn start(settings: &Settings, places: Vec<Place>, patience: Patience) -> Self {
        let with = |is_behind| places.iter().filter(move |place| place.is_behind == is_behind);
        let mut ranks: Vec<(bool, &ServerAddress)> = Vec::new();
        for place in with(false).chain(with(true)) {
            if !ranks.contains(&(place.is_behind, &place.server)) {
                ranks.push((place.is_behind, &place.server));
            }
        }
        let of = |place: &Place| ranks.iter().position(|rank| *rank == (place.is_behind, &place.server));
        let rank = |place: &Place| of(place).unwrap_or(0);
        let mut runners: Vec<_> = places.iter().map(|place| (rank(place), place.clone())).collect();
        runners.sort_by_key(|(rank, _)| *rank);
        let places = runners.iter().map(|(_, place)| place.clone()).collect();
        let settings = settings.clone();
        let race = Race::new(runners, patience.end(), move |place: &Place, tell: &dyn Fn(_)| {
            pursue(&settings, place, patience, tell);
        });
        Self { places, race, failures: BTreeMap::new(), retries: patience.retries, news: News::default() }
    }

    /// The next key, and where it is from; `None` when no other can come.
    pub fn next_key(&mut self) -> Option<(usize, Place, SecretBytes)> {
        while let Some((at, result)) = self.race.next() {
            match result {
                Ok(key) => return self.places.get(at).map(|place| (at, place.clone(), key)),
                Err(error) => self.failed(at, error),
            }
        }
        None
    }

    /// A key was no good, or there was none: others may come.
    pub fn failed(&mut self, at: usize, error: Error) {
        let next = match self.retries && error.may_pass() {
            true => Some("trying again"),
            // What ends everything is told at the end.
            false => (self.race.running() > 1).then_some("waiting for the others"),
        };
        if let (Some(place), Some(next)) = (self.places.get(at), next) {
            self.news.tell(&place.server, &error, next);
        }
        let times = self.failures.get(&at).map_or(0, |failure| failure.times) + 1;
        self.failures.insert(at, Failure { error, times });
    }

    /// Why there is no key: what each place said last.
    pub fn into_error(mut self) -> Error {
        let mut all: Vec<Failure> = Vec::new();
        for (at, place) in self.places.iter().enumerate() {
            all.push(self.failures.remove(&at).unwrap_or_else(|| {
                let (server, cause) = (place.server.clone(), Cause::Late);
                let error = ClientError::Unreachable(vec![Unreachable { server, cause }]).into();
                Failure { error, times: 1 }
            }));
        }
        if all.len() == 1
            && let Some(only) = all.pop()
        {
            return only.into_error();
        }
        super::news::summary(all.into_iter().map(|failure| (failure.error, failure.times)))
    }
}

impl Failure {
    fn into_error(self) -> Error {
        if self.times == 1 {
            return self.error;
        }
        super::news::summary([(self.error, self.times)].into_iter())
    }
}

/// Asks one server for one key until it has said yes or no, or the time is over.
fn pursue(settings: &Settings, place: &Place, patience: Patience, tell: &dyn Fn(Result<SecretBytes>)) {
    let mut pause = PAUSE.0;
    loop {
        let mut each = settings.with_servers(vec![place.server.clone()]);
        each.limits.total = each.limits.total.min(patience.end().saturating_duration_since(Instant::now()));
        let result = volume_key::fetch(&mut Client::new(each), &place.uid);
        let may_pass = matches!(&result, Err(error) if error.may_pass());
        tell(result);
        let wait = jittered(pause);
        if !may_pass || !patience.allows(wait) {
            return;
        }
        std::thread::sleep(wait);
        pause = (pause * 2).min(PAUSE.1);
    }
}

/// Between half of the pause and all of it, so that hosts that lost a server together do not come back together.
fn jittered(pause: Duration) -> Duration {
    let mut random = [0; 1];
    // Without randomness the pause is the full one.
    let share = aws_lc_rs::rand::fill(&mut random).map_or(255, |()| random.first().copied().unwrap_or(255));
    pause / 2 + pause * u32::from(share) / 510
}

/// The first good answer for one key, from whichever server.
pub fn fetch_one(settings: &Settings, uid: &str, patience: Patience) -> Result<SecretBytes> {
    let place =
        |server: &ServerAddress| Place { server: server.clone(), uid: uid.to_owned(), is_behind: false };
    let mut fetch = Fetch::start(settings, settings.servers.iter().map(place).collect(), patience);
    match fetch.next_key() {
        Some((_, _, key)) => Ok(key),
        None => Err(fetch.into_error()),
    }
}
