//! When the PIN is tried. Tokens lock after a few wrong tries, so a PIN that was never accepted is tried once. One that
//! was accepted in this run is refused by a token that is half gone, or by another token in its place: it is tried again,
//! after the module was initialised anew, at growing intervals, a bounded number of times, and never when the token says
//! that it is the last try.

use super::faults::{self, Fault};
use super::{Pin, module::Module, progress};
use crate::Error;
use cryptoki::error::{Error as Pkcs11Error, RvError};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long after each refusal of a PIN that was accepted before it is tried again; after the last one it is not.
pub const AGAIN_AFTER: [Duration; 3] =
    [Duration::from_secs(2), Duration::from_secs(60), Duration::from_secs(600)];

/// The PIN, and how it fared.
pub struct Login {
    pin: Pin,
    again_after: [Duration; 3],
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Whether the token has taken it in this run.
    accepted: bool,
    /// The refusals since then.
    refusals: usize,
    last: Option<Refusal>,
}

struct Refusal {
    error: Error,
    at: Instant,
    /// Of the module.
    generation: u64,
}

impl Login {
    pub fn new(pin: Pin, again_after: [Duration; 3]) -> Self {
        Self { pin, again_after, state: Mutex::default() }
    }

    /// Logs the process in through this session, which is of this generation of the module.
    pub fn login(
        &self,
        module: &Module,
        slot: Slot,
        session: &Session,
        generation: u64,
    ) -> Result<(), Fault> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.may_try(generation, &self.again_after)?;
        if state.last.is_some() {
            let info = module.context().get_token_info(slot).map_err(faults::at("C_GetTokenInfo"))?;
            if info.user_pin_final_try() || info.user_pin_locked() {
                return Err(Fault::Final(Error::PinLocked));
            }
        }
        let pin = String::from_utf8_lossy(self.pin.0.expose()).into_owned();
        let done = session.login(UserType::User, Some(&AuthPin::new(pin.into())));
        progress::call_is_over();
        match done {
            Ok(()) | Err(Pkcs11Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {
                *state = State { accepted: true, ..State::default() };
                Ok(())
            }
            Err(error) => Err(state.refused(error, generation, &self.again_after)),
        }
    }
}

impl State {
    /// Whether the PIN may be tried now.
    fn may_try(&self, generation: u64, again_after: &[Duration]) -> Result<(), Fault> {
        let Some(last) = &self.last else { return Ok(()) };
        let wait = self.refusals.checked_sub(1).and_then(|before| again_after.get(before));
        let Some(wait) = wait.filter(|_| self.accepted) else {
            return Err(Fault::Final(last.error.clone()));
        };
        let left = wait.saturating_sub(last.at.elapsed());
        match Error::PinDoubted(left.as_secs() + 1) {
            error if !left.is_zero() => Err(Fault::Final(error)),
            error if last.generation == generation => Err(Fault::Doubtful(error)),
            _ => Ok(()),
        }
    }

    fn refused(&mut self, error: Pkcs11Error, generation: u64, again_after: &[Duration]) -> Fault {
        let told = match &error {
            Pkcs11Error::Pkcs11(RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange, _) => {
                Error::WrongPin
            }
            Pkcs11Error::Pkcs11(RvError::PinLocked | RvError::PinExpired, _) => Error::PinLocked,
            Pkcs11Error::Pkcs11(RvError::UserPinNotInitialized, _) => Error::NoPin,
            _ => return faults::at("C_Login")(error),
        };
        self.refusals += 1;
        let again = self.accepted.then(|| again_after.get(self.refusals - 1)).flatten();
        tracing::error!(accepted_before = self.accepted, again_after = ?again, "the HSM refused the PIN");
        self.last = Some(Refusal { error: told.clone(), at: Instant::now(), generation });
        Fault::Final(again.map_or(told, |again| Error::PinDoubted(again.as_secs())))
    }
}
