//! One thread's connection: what is done when a call fails. The work itself is in `session.rs`.

use super::faults::{self, Class, Fault};
use super::login::Login;
use super::module::Module;
use super::session::Session;
use super::workers::Value;
use super::{Slot, TokenConfig};
use crate::{Epoch, Error, MasterKeyRef};
use cryptoki::context::Pkcs11;
use cryptoki::slot::Slot as SlotId;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A key of which the store has told, with the blob that proves it.
#[derive(Clone)]
pub struct Known {
    pub key: MasterKeyRef,
    pub key_check_value: Vec<u8>,
}

/// What all connections share.
pub struct Shared {
    pub module: Arc<Module>,
    pub login: Login,
    slot: Slot,
    renew_interval: Duration,
    /// How many threads want a session.
    workers: usize,
    /// How many sessions there are.
    sessions: AtomicUsize,
    /// Whether the module has failed to close one, which the token may count still.
    unclosed: AtomicBool,
    /// Whether the log has that there are too few.
    told: AtomicBool,
    known: Mutex<BTreeMap<Epoch, Known>>,
}

impl Shared {
    /// Loads and initialises the module.
    pub fn load(config: TokenConfig) -> Result<Self, Error> {
        let TokenConfig { module, slot, pin, renew_interval, pin_again_after, workers, .. } = config;
        let (module, login) = (Module::load(&module)?, Login::new(pin, pin_again_after));
        Ok(Self {
            module,
            login,
            slot,
            renew_interval,
            workers,
            sessions: AtomicUsize::new(0),
            unclosed: AtomicBool::new(false),
            told: AtomicBool::new(false),
            known: Mutex::default(),
        })
    }

    /// Counts a session, for as long as what is returned lives.
    fn count_session(self: &Arc<Self>) -> Counted {
        self.sessions.fetch_add(1, Ordering::SeqCst);
        Counted(Arc::clone(self))
    }

    fn tell_of_too_few(&self) {
        let sessions = self.sessions.load(Ordering::SeqCst);
        if sessions > 0 && !self.told.swap(true, Ordering::SeqCst) {
            tracing::warn!(
                sessions,
                hsm.workers = self.workers,
                "the HSM gives fewer sessions than hsm.workers; the threads that have one do the work. Lower hsm.workers, or \
                 let the HSM give more"
            );
        }
    }

    /// Whether no thread has a session, and one that the module could not close may be counted. Told once.
    fn has_lost_all(&self) -> bool {
        self.sessions.load(Ordering::SeqCst) == 0 && self.unclosed.swap(false, Ordering::SeqCst)
    }

    pub fn learn(&self, key: &MasterKeyRef, key_check_value: &[u8]) {
        let known = Known { key: key.clone(), key_check_value: key_check_value.to_vec() };
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(key.epoch, known);
    }

    pub fn known(&self, epoch: Epoch) -> Result<Known, Fault> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&epoch).cloned().ok_or(Fault::Final(Error::KeyMissing(epoch)))
    }

    pub fn describe(&self) -> String {
        let module: PathBuf = self.module.path().into();
        format!("token {} through {}", self.slot.describe(), module.display())
    }

    /// The slot that holds the configured token.
    pub fn slot(&self) -> Result<SlotId, Fault> {
        find_slot(self.module.context(), &self.slot)
    }
}

/// One of the sessions, among those that are counted.
pub struct Counted(Arc<Shared>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.sessions.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The slot with this token. That there is none is believed of a module that was initialised anew.
pub fn find_slot(context: &Pkcs11, wanted: &Slot) -> Result<SlotId, Fault> {
    let slots = context.get_slots_with_token().map_err(faults::at("C_GetSlotList"))?;
    let (mut present, mut found) = (Vec::new(), Vec::new());
    for slot in slots {
        let Ok(info) = context.get_token_info(slot).map_err(faults::at("C_GetTokenInfo")) else { continue };
        let fits = match wanted {
            Slot::Label(label) => info.label() == label,
            Slot::Serial(serial) => info.serial_number() == serial,
            Slot::Number(number) => slot.id() == *number,
        };
        if fits {
            found.push((slot, info.serial_number().to_owned()));
        } else if info.token_initialized() {
            present.push(match wanted {
                Slot::Label(_) => format!("{:?}", info.label()),
                Slot::Serial(_) => {
                    format!("{:?} with the serial number {:?}", info.label(), info.serial_number())
                }
                Slot::Number(_) => format!("{:?} in slot {}", info.label(), slot.id()),
            });
        }
    }
    let wanted = wanted.describe();
    match found.as_slice() {
        [(slot, _)] => Ok(*slot),
        [] => {
            let present = if present.is_empty() { "none".to_owned() } else { present.join(", ") };
            Err(Fault::Doubtful(Error::TokenMissing { wanted, present }))
        }
        several => {
            let serials: Vec<_> = several.iter().map(|(_, serial)| serial.as_str()).collect();
            Err(Fault::Doubtful(Error::TokenAmbiguous { wanted, serials: serials.join(", ") }))
        }
    }
}

/// What is tried against a failure, the stronger one behind the weaker.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Remedy {
    /// Nothing yet.
    None,
    /// A new session.
    Session,
    /// The module initialised anew.
    Module,
}

/// The connection of one thread.
pub struct Connection {
    shared: Arc<Shared>,
    session: Option<(Session, Counted)>,
}

impl Connection {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared, session: None }
    }

    /// Does a piece of work, connecting first where there is no session. Where it fails, what the table of classes says
    /// is done about it, and the work is done once more; at the most twice. A session in which something failed is not
    /// used again.
    pub fn run<T>(&mut self, mut work: impl FnMut(&mut Session) -> Result<T, Fault>) -> Result<T, Error> {
        let mut tried = Remedy::None;
        loop {
            let (fault, generation) = match self.attempt(&mut work) {
                Ok(done) => return Ok(done),
                Err(failed) => failed,
            };
            let remedy = match fault.class() {
                None | Some(Class::Pin | Class::Configuration) => return Err(fault.into_error()),
                // Only those of ours that are lost come back so.
                Some(Class::NoSession) if self.shared.has_lost_all() => Remedy::Module,
                Some(Class::NoSession) => {
                    self.shared.tell_of_too_few();
                    return Err(Error::NoSession);
                }
                Some(Class::Passing) if tried != Remedy::None => return Err(fault.into_error()),
                Some(Class::Token) => Remedy::Module,
                Some(_) if tried == Remedy::None => Remedy::Session,
                Some(_) => Remedy::Module,
            };
            if tried == Remedy::Module {
                return Err(fault.into_error());
            }
            tracing::warn!(error = %fault.into_error(), "the HSM failed; connecting again");
            if remedy == Remedy::Module {
                self.shared.module.renew(generation, self.shared.renew_interval)?;
            }
            tried = remedy;
        }
    }

    /// One attempt, and the generation of the module that it was made in.
    fn attempt<T>(
        &mut self,
        work: &mut impl FnMut(&mut Session) -> Result<T, Fault>,
    ) -> Result<T, (Fault, u64)> {
        let module = Arc::clone(&self.shared.module);
        let inside = module.enter();
        let done = self.session(inside.generation).and_then(work);
        done.map_err(|fault| {
            // What is final says nothing against the session: a blob was changed, say.
            if !matches!(fault, Fault::Final(_)) {
                self.close(inside.generation);
            }
            (fault, inside.generation)
        })
    }

    fn session(&mut self, generation: u64) -> Result<&mut Session, Fault> {
        if self.session.as_ref().is_some_and(|(session, _)| session.generation != generation) {
            self.close(generation);
        }
        if self.session.is_none() {
            let session = Session::open(&self.shared, generation)?;
            self.session = Some((session, self.shared.count_session()));
        }
        self.session.as_mut().map(|(session, _)| session).ok_or(Fault::Final(Error::Busy("no session")))
    }

    fn close(&mut self, generation: u64) {
        if let Some((session, _counted)) = self.session.take()
            && !session.close(generation)
        {
            self.shared.unclosed.store(true, Ordering::SeqCst);
        }
    }
}

impl Value for Connection {
    /// Whether it has a session again. What fails otherwise is told to those whose work it takes.
    fn recovers(&mut self) -> bool {
        let module = Arc::clone(&self.shared.module);
        let inside = module.enter();
        match self.session(inside.generation) {
            Ok(_) => true,
            Err(fault) => fault.class() != Some(Class::NoSession),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let module = Arc::clone(&self.shared.module);
        let inside = module.enter();
        self.close(inside.generation);
    }
}
