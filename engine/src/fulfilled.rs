//! What was made and fetched for a batch: it is run again with that, until it needs nothing more.
//!
//! A run that meets work which is only slow notes it and goes on, so that one more run has all of it: the items behind are
//! tried as if the undecided one had failed, and what comes of that run is thrown away. What a run notes ahead is no more than
//! what was made before, and a first few: a batch of n key pairs runs some log n times, and what turns out to be wanted by
//! nobody is at most about as much as what was used.

use crate::administration::protocol::AdminRequest;
use crate::need::{CertificateRequest, Container, KeyPair, Need, Outside, PairKind, Pbkdf2Params, Supply};
use crate::refusal::{Interrupt, OpResult, Refusal};
use crate::rights::principal::Principal;
use crate::settings::Settings;
pub use crate::work::Thread;
use crate::work::{self, Foreseen};
use keystead_crypto::pkcs12::{Contents, Unopened};
use kmip_codec::SecretBytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How many fulfilled needs the first run notes.
const FIRST_NOTED: usize = 8;

/// What a container comes to: opened once, shared by all runs.
type Opened = Result<Arc<Contents>, Unopened>;

/// A certificate that TLS takes of a client.
#[derive(Clone, Debug)]
pub struct Credential {
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// Who its holder is.
    pub holder: Principal,
    /// The pair, where it was made for the client.
    pub pair: Option<KeyPair>,
}

/// What was made for a batch so far, to be used when it runs again.
#[derive(Default, Debug)]
pub struct Fulfilled {
    pairs: Vec<KeyPair>,
    /// Which of them the present run has used.
    used: Vec<bool>,
    /// Found by the fingerprint of what they were made from: what a password was may have changed between two runs.
    stretched: Vec<(SecretBytes, SecretBytes)>,
    opened: Vec<(SecretBytes, Opened)>,
    credentials: Vec<(CertificateRequest, Result<Credential, Refusal>)>,
    outside: Vec<(AdminRequest, Result<serde_json::Value, Refusal>)>,
    /// Which of those the present run has used: what is asked twice is done twice.
    outside_used: Vec<usize>,
    /// What the present run lacks, with the fingerprint of what has one.
    lacking: Vec<(Option<SecretBytes>, Supply)>,
    /// The slow work that the items of the present run want, whether it is done already or not.
    wanted: Work,
    /// Where the run is done.
    thread: Thread,
    /// What is plain of the run before it begins.
    foreseen: Foreseen,
    /// Whether the run may hold much in memory.
    has_room: bool,
    /// Raised when whoever asked has left.
    abandoned: Arc<AtomicBool>,
}

/// Slow work, counted.
#[derive(Clone, Copy, Debug, Default)]
struct Work {
    iterations: u64,
    /// Bytes of stretched passwords.
    stretched: u64,
    rsa_bits: u64,
}

impl Fulfilled {
    /// Nothing yet, for a run that begins on this thread.
    pub fn on(thread: Thread) -> Self {
        Self { thread, ..Self::default() }
    }

    /// The same, of a batch of which this is plain.
    pub fn foreseeing(self, foreseen: Foreseen) -> Self {
        Self { foreseen, ..self }
    }

    /// What is plain of the run before it begins.
    pub fn foreseen(&self) -> Foreseen {
        self.foreseen
    }

    /// Lets the next runs keep a processor for longer, on another thread.
    pub fn take_turn(&mut self) {
        self.thread = self.thread.slower();
    }

    /// Where the next run is done.
    pub fn thread(&self) -> Thread {
        self.thread
    }

    /// Lets the next runs hold much in memory.
    pub fn take_room(&mut self) {
        self.has_room = true;
    }

    /// Holds so many bytes of what the run answers and changes, beside what was made for it; or the need for room.
    pub fn hold(&self, bytes: usize) -> OpResult<()> {
        let contents = self.opened.iter().filter_map(|(_, opened)| opened.as_ref().ok());
        let made = self.stretched.iter().map(|(_, key)| key.len()).sum::<usize>()
            + contents.map(|contents| contents.length()).sum::<usize>();
        match bytes + made > work::HELD_AT_ONCE && !self.has_room {
            true => Err(Interrupt::Need(Need::Room)),
            false => Ok(()),
        }
    }

    /// Adds a pair for the next run.
    pub fn add(&mut self, pair: KeyPair) {
        self.pairs.push(pair);
    }

    /// Adds a stretched password.
    pub fn add_stretched(&mut self, pbkdf2_params: &Pbkdf2Params, key: SecretBytes) {
        self.stretched.push((pbkdf2_params.fingerprint(), key));
    }

    /// Adds a container, opened, or why it does not open.
    pub fn add_opened(&mut self, container: &Container, opened: Opened) {
        self.opened.push((container.fingerprint(), opened));
    }

    /// The next pair of this kind, or the need for one.
    pub fn pair(&mut self, kind: PairKind, settings: &Settings) -> OpResult<KeyPair> {
        if let PairKind::Rsa(bits) = kind {
            let (wanted, most) = (self.wanted.rsa_bits + u64::from(bits), settings.rsa_bits_max);
            work::within(wanted, most, "makes RSA key pairs of", "bits together")?;
            self.wanted.rsa_bits = wanted;
        }
        self.used.resize(self.pairs.len(), false);
        let mut left = self.pairs.iter().zip(&mut self.used);
        match left.find(|(pair, used)| !**used && pair.kind == kind) {
            Some((pair, used)) => {
                *used = true;
                Ok(pair.clone())
            }
            None => Err(Interrupt::Need(Supply::KeyPair(kind).into())),
        }
    }

    /// The stretched password, or the need for it; `iterations` are those of all its blocks.
    pub fn stretched(
        &mut self,
        pbkdf2_params: &Pbkdf2Params,
        iterations: u64,
        settings: &Settings,
    ) -> OpResult<SecretBytes> {
        self.count_iterations(iterations, settings)?;
        let (wanted, most) =
            (self.wanted.stretched + pbkdf2_params.length as u64, settings.change_bytes_max as u64);
        work::within(wanted, most, "stretches passwords to", "bytes")?;
        self.wanted.stretched = wanted;
        let fingerprint = pbkdf2_params.fingerprint();
        match self.stretched.iter().find(|(made_from, _)| *made_from == fingerprint) {
            Some((_, key)) => Ok(key.clone()),
            None => Err(Interrupt::Need(Supply::Stretched(pbkdf2_params.clone()).into())),
        }
    }

    /// What is in a container, or the need to open it; `iterations` are those that can be seen.
    pub fn opened(
        &mut self,
        container: &Container,
        iterations: u64,
        settings: &Settings,
    ) -> OpResult<Opened> {
        self.count_iterations(iterations, settings)?;
        let fingerprint = container.fingerprint();
        match self.opened.iter().find(|(sealed, _)| *sealed == fingerprint) {
            Some((_, opened)) => {
                let opened = opened.clone();
                if let Ok(contents) = &opened {
                    self.count_iterations(contents.iterations.saturating_sub(iterations), settings)?;
                }
                Ok(opened)
            }
            None => Err(Interrupt::Need(Supply::Container(container.clone()).into())),
        }
    }

    fn count_iterations(&mut self, iterations: u64, settings: &Settings) -> OpResult<()> {
        let (wanted, most) =
            (self.wanted.iterations.saturating_add(iterations), settings.pbkdf2_iterations_max);
        work::within(wanted, most, "wants", "iterations together")?;
        self.wanted.iterations = wanted;
        Ok(())
    }

    /// Notes a need that is only slow, to go on with the next item. Anything else, and what is more than may be noted ahead, ends
    /// the run: the first is met before anything else where nothing was noted before it.
    pub fn note(&mut self, need: Need) -> Result<(), Need> {
        let fulfilled = match need {
            Need::Supplies(fulfilled) => fulfilled,
            // Met at once, and without effect.
            Need::Kek(_) | Need::Turn | Need::Room | Need::Abandoned => return Err(need),
            // Never ahead: it may have effects, or fail for what the items before it lack.
            _ if !self.lacking.is_empty() => return self.met(),
            other => return Err(other),
        };
        for supply in fulfilled {
            let fingerprint = supply.fingerprint();
            if fingerprint.is_none() || !self.lacking.iter().any(|(noted, _)| *noted == fingerprint) {
                self.lacking.push((fingerprint, supply));
            }
        }
        let made = self.pairs.len() + self.stretched.len() + self.opened.len();
        let bytes: usize = self.lacking.iter().map(|(_, supply)| supply.length()).sum();
        let is_enough = self.lacking.len() >= made.max(FIRST_NOTED) || bytes > work::HELD_AT_ONCE;
        if is_enough { self.met() } else { Ok(()) }
    }

    /// Whether the present run lacks something, so that nothing of it is kept.
    pub fn is_lacking(&self) -> bool {
        !self.lacking.is_empty()
    }

    /// Ends the run: with what it lacks, if it lacks something.
    pub fn met(&mut self) -> Result<(), Need> {
        match std::mem::take(&mut self.lacking) {
            lacking if lacking.is_empty() => Ok(()),
            lacking => Err(Need::Supplies(lacking.into_iter().map(|(_, supply)| supply).collect())),
        }
    }

    /// What is to be raised when whoever asked has left.
    pub fn abandoned(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.abandoned)
    }

    /// Ends the run where whoever asked has left.
    pub fn check_asked(&self) -> Result<(), Need> {
        if self.abandoned.load(Ordering::Relaxed) { Err(Need::Abandoned) } else { Ok(()) }
    }

    /// Adds a certificate, or why there is none.
    pub fn add_credential(&mut self, wanted: CertificateRequest, credential: Result<Credential, Refusal>) {
        self.credentials.push((wanted, credential));
    }

    /// The certificate that is wanted, or the need for it.
    pub fn credential(&self, wanted: &CertificateRequest) -> OpResult<Credential> {
        match self.credentials.iter().find(|(answered, _)| answered == wanted) {
            Some((_, credential)) => Ok(credential.clone()?),
            None => Err(Interrupt::Need(Need::Credential(wanted.clone()))),
        }
    }

    /// Adds what was done outside for an administrative request, or why it was not.
    pub fn add_outside(&mut self, request: AdminRequest, answer: Result<serde_json::Value, Refusal>) {
        self.outside.push((request, answer));
    }

    /// What was done outside for an administrative request, or the need for it.
    pub fn outside(&mut self, request: &AdminRequest) -> OpResult<serde_json::Value> {
        let used = &self.outside_used;
        let mut answered = self.outside.iter().enumerate();
        match answered.find(|(place, (asked, _))| asked == request && !used.contains(place)) {
            Some((place, (_, answer))) => {
                self.outside_used.push(place);
                Ok(answer.clone()?)
            }
            None => {
                let outside = Outside { request: request.clone(), start: None, expects: Vec::new() };
                Err(Interrupt::Need(Need::Outside(Box::new(outside))))
            }
        }
    }

    /// Starts a new run: everything may be used again.
    pub fn rewind(&mut self) {
        self.used.clear();
        self.outside_used.clear();
        self.lacking.clear();
        self.wanted = Work::default();
    }
}
