//! A PKCS#11 module in this process: loaded once, entered by each call, and initialised anew when the token came back
//! from being away. After C_Finalize all sessions and handles are dead, and the standard leaves open what becomes of
//! calls that are under way; so it waits until nobody is inside, and those who come then wait for it.

use super::{faults, progress};
use crate::Error;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error as Pkcs11Error, RvError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

/// How long an initialisation waits for calls that are under way.
const QUIET_WITHIN: Duration = Duration::from_secs(1);

/// The modules that are loaded: C_Finalize of one user is that of all.
static LOADED: Mutex<BTreeMap<PathBuf, Weak<Module>>> = Mutex::new(BTreeMap::new());

/// A loaded module.
pub struct Module {
    path: PathBuf,
    context: Pkcs11,
    gate: Mutex<Gate>,
    changed: Condvar,
}

struct Gate {
    /// How many calls are under way.
    inside: usize,
    /// Whether somebody initialises it.
    renewing: bool,
    /// How often it was initialised; sessions and handles are of one generation.
    generation: u64,
    renewed: Option<Instant>,
}

/// A call is under way, for as long as this lives.
pub struct Inside<'m> {
    module: &'m Module,
    /// The generation that it is in.
    pub generation: u64,
}

impl Module {
    /// Loads and initialises the module, or gives the one that is loaded.
    pub fn load(path: &Path) -> Result<Arc<Self>, Error> {
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(module) = loaded.get(path).and_then(Weak::upgrade) {
            return Ok(module);
        }
        let gate = Gate { inside: 0, renewing: false, generation: 0, renewed: None };
        let (context, gate) = (load(path)?, Mutex::new(gate));
        let module = Arc::new(Self { path: path.into(), context, gate, changed: Condvar::new() });
        loaded.insert(path.into(), Arc::downgrade(&module));
        Ok(module)
    }

    /// The functions. Call them inside.
    pub fn context(&self) -> &Pkcs11 {
        &self.context
    }

    /// Where it was loaded from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn gate(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes inside, when nobody initialises it.
    pub fn enter(&self) -> Inside<'_> {
        let mut gate = self.gate();
        while gate.renewing {
            gate = self.changed.wait(gate).unwrap_or_else(PoisonError::into_inner);
        }
        gate.inside += 1;
        Inside { module: self, generation: gate.generation }
    }

    /// Initialises the module anew, unless somebody has since the generation `seen`, or did less than `interval` ago.
    /// Waits for calls that are under way; where one hangs, nothing is done and it says so.
    pub fn renew(&self, seen: u64, interval: Duration) -> Result<(), Error> {
        let mut gate = self.gate();
        while gate.renewing {
            gate = self.changed.wait(gate).unwrap_or_else(PoisonError::into_inner);
        }
        if gate.generation != seen || gate.renewed.is_some_and(|at| at.elapsed() < interval) {
            return Ok(());
        }
        gate.renewing = true;
        let waited = self.changed.wait_timeout_while(gate, QUIET_WITHIN, |gate| gate.inside > 0);
        let (mut gate, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        let result = if timeout.timed_out() {
            Err(Error::Busy("a call into it hangs, so that it cannot be initialised anew"))
        } else {
            drop(gate);
            let initialised = self.initialise_anew();
            gate = self.gate();
            gate.generation += 1;
            gate.renewed = Some(Instant::now());
            initialised
        };
        gate.renewing = false;
        self.changed.notify_all();
        result
    }

    fn initialise_anew(&self) -> Result<(), Error> {
        tracing::warn!(module = %self.path.display(), "initialising the PKCS#11 module anew");
        if let Err(error) = self.context.clone().finalize() {
            tracing::warn!(error = faults::code(&error), "C_Finalize failed");
        }
        progress::call_is_over();
        initialise(&self.context).map_err(faults::told("C_Initialize"))
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.module.gate().inside -= 1;
        self.module.changed.notify_all();
    }
}

/// Loads a module and initialises it; one that this process has initialised already is used as it is.
pub fn load(path: &Path) -> Result<Pkcs11, Error> {
    let told = |error: &Pkcs11Error| match error {
        // It cannot be used by several threads.
        Pkcs11Error::Pkcs11(RvError::CantLock | RvError::NeedToCreateThreads, _) => {
            Error::Unsuited { call: "C_Initialize", code: faults::code(error) }
        }
        _ => Error::NotInitialised { path: path.into(), code: faults::code(error) },
    };
    let context = Pkcs11::new(path).map_err(|error| match &error {
        // It was loaded, and C_GetFunctionList failed.
        Pkcs11Error::Pkcs11(..) => told(&error),
        other => Error::Module { path: path.into(), why: other.to_string() },
    })?;
    initialise(&context).map_err(|error| told(&error))?;
    Ok(context)
}

fn initialise(context: &Pkcs11) -> Result<(), Pkcs11Error> {
    match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Err(Pkcs11Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(()),
        other => other,
    }
}
