//! One thread's connection: its session, and the handles of the keys that it has found, checked and proved.

use super::faults::{self, device};
use super::{Slot, TokenConfig, keys};
use crate::blob::{self, Blob, CANARY, CANARY_IDENTITY, NONCE_BYTES, TAG_BYTES};
use crate::{Entropy as _, Epoch, Error, Secret, SystemEntropy};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error as Pkcs11Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::ObjectHandle;
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot as SlotId;
use cryptoki::types::{AuthPin, Ulong};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What all connections share.
pub struct Shared {
    context: Pkcs11,
    config: TokenConfig,
    canaries: Mutex<BTreeMap<Epoch, Vec<u8>>>,
    /// The refusal of the PIN, if there was one: it is not tried again.
    refused: Mutex<Option<Error>>,
}

impl Shared {
    /// Loads and initialises the module.
    pub fn load(config: TokenConfig) -> Result<Self, Error> {
        let context = load(&config.module)?;
        Ok(Self { context, config, canaries: Mutex::default(), refused: Mutex::default() })
    }

    pub fn learn(&self, epoch: Epoch, canary: &[u8]) {
        self.canaries.lock().unwrap_or_else(PoisonError::into_inner).insert(epoch, canary.to_vec());
    }

    fn canary(&self, epoch: Epoch) -> Option<Vec<u8>> {
        self.canaries.lock().unwrap_or_else(PoisonError::into_inner).get(&epoch).cloned()
    }

    pub fn describe(&self) -> String {
        let name = match &self.config.slot {
            Slot::Label(label) => format!("labelled {label:?}"),
            Slot::Serial(serial) => format!("with serial number {serial}"),
            Slot::Number(number) => format!("in slot {number}"),
        };
        format!("token {name} through {}", self.config.module.display())
    }

    /// The slot that holds the configured token.
    fn slot(&self) -> Result<SlotId, Error> {
        find_slot(&self.context, &self.config.slot)
    }

    /// Logs in with the PIN, unless it was refused before.
    fn login(&self, session: &Session) -> Result<(), Error> {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = refused.as_ref() {
            return Err(error.clone());
        }
        let pin = String::from_utf8_lossy(self.config.pin.0.expose()).into_owned();
        match session.login(UserType::User, Some(&AuthPin::new(pin.into()))) {
            Ok(()) | Err(Pkcs11Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
            Err(error) => {
                let error = faults::login(&error);
                if matches!(error, Error::WrongPin | Error::PinLocked) {
                    *refused = Some(error.clone());
                }
                Err(error)
            }
        }
    }
}

/// Loads a module and initialises it; one that this process has initialised already is used as it is.
pub fn load(module: &std::path::Path) -> Result<Pkcs11, Error> {
    let failed = |why: String| Error::Module { path: module.into(), why };
    let context = Pkcs11::new(module).map_err(|error| failed(error.to_string()))?;
    match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Pkcs11Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(context),
        Err(error) => Err(failed(faults::code(&error))),
    }
}

pub fn find_slot(context: &Pkcs11, wanted: &Slot) -> Result<SlotId, Error> {
    let slots = context.get_slots_with_token().map_err(device("C_GetSlotList"))?;
    let (mut present, mut found) = (Vec::new(), Vec::new());
    for slot in slots {
        let Ok(info) = context.get_token_info(slot) else { continue };
        let fits = match wanted {
            Slot::Label(label) => info.label() == label,
            Slot::Serial(serial) => info.serial_number() == serial,
            Slot::Number(number) => slot.id() == *number,
        };
        if fits {
            found.push((slot, info.serial_number().to_owned()));
        } else if info.token_initialized() {
            present.push(format!("{:?}", info.label()));
        }
    }
    let wanted = match wanted {
        Slot::Label(label) => format!("labelled {label:?}"),
        Slot::Serial(serial) => format!("with serial number {serial:?}"),
        Slot::Number(number) => format!("in slot {number}"),
    };
    match found.as_slice() {
        [] => {}
        [(slot, _)] => return Ok(*slot),
        several => {
            let serials: Vec<_> = several.iter().map(|(_, serial)| serial.as_str()).collect();
            return Err(Error::TokenAmbiguous { wanted, serials: serials.join(", ") });
        }
    }
    let present = if present.is_empty() { "none".to_owned() } else { present.join(", ") };
    Err(Error::TokenMissing { wanted, present })
}

/// The connection of one thread.
pub struct Connection {
    shared: Arc<Shared>,
    session: Option<Session>,
    keys: BTreeMap<Epoch, ObjectHandle>,
}

impl Connection {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared, session: None, keys: BTreeMap::new() }
    }

    /// Connects, if it is not connected.
    pub fn check(&mut self) -> Result<(), Error> {
        self.session().map(|_| ())
    }

    fn session(&mut self) -> Result<&Session, Error> {
        if self.session.is_none() {
            self.keys.clear();
            let slot = self.shared.slot()?;
            let session = self.shared.context.open_rw_session(slot).map_err(device("C_OpenSession"))?;
            self.shared.login(&session)?;
            tracing::info!(token = %self.shared.describe(), "connected to the HSM");
            self.session = Some(session);
        }
        self.session.as_ref().ok_or(Error::Busy("no session"))
    }

    /// Does a call; where the session is lost, connects anew and does it once more.
    fn with_session<T>(
        &mut self,
        call: &'static str,
        mut work: impl FnMut(&Session) -> Result<T, Pkcs11Error>,
    ) -> Result<T, Error> {
        match work(self.session()?) {
            Err(error) if faults::is_lost_session(&error) => {
                self.reconnect(&error);
                work(self.session()?).map_err(device(call))
            }
            other => other.map_err(device(call)),
        }
    }

    fn reconnect(&mut self, error: &Pkcs11Error) {
        tracing::warn!(error = faults::code(error), "the session with the HSM is lost; connecting again");
        self.session = None;
        self.keys.clear();
    }

    /// The handle of a key: found, checked, and proved with its canary where the store has told it.
    fn key(&mut self, epoch: Epoch) -> Result<ObjectHandle, Error> {
        if let Some(handle) = self.keys.get(&epoch) {
            return Ok(*handle);
        }
        let label = keys::label(&self.shared.config.label_prefix, epoch);
        let found = self.with_session("C_FindObjects", |session| keys::find(session, &label))?;
        let handle = match found.as_slice() {
            [handle] => *handle,
            [] => return Err(self.missing(epoch)),
            many => return Err(Error::KeyAmbiguous { label, count: many.len() }),
        };
        keys::check(self.session()?, handle, epoch)?;
        if let Some(canary) = self.shared.canary(epoch) {
            self.prove_handle(epoch, handle, &canary)?;
        }
        self.keys.insert(epoch, handle);
        Ok(handle)
    }

    /// "Nothing found" is believed only of a token that still answers for itself: a token whose files are gone finds
    /// nothing, and says that all is well.
    fn missing(&mut self, epoch: Epoch) -> Error {
        let slot = match self.shared.slot() {
            Ok(slot) => slot,
            Err(error) => return error,
        };
        match self.shared.context.get_token_info(slot) {
            Ok(_) => Error::KeyMissing(epoch),
            Err(error) => device("C_GetTokenInfo")(error),
        }
    }

    fn prove_handle(&mut self, epoch: Epoch, handle: ObjectHandle, canary: &[u8]) -> Result<(), Error> {
        let blob = Blob::parse(canary)?;
        let associated = blob::associated(epoch, CANARY_IDENTITY);
        let opened = decrypt(self.session()?, handle, &blob, &associated);
        match opened {
            Ok(secret) if secret.expose() == CANARY => Ok(()),
            Ok(_) => Err(Error::WrongToken(epoch)),
            Err(error) if faults::is_lost_session(&error) => Err(device("C_Decrypt")(error)),
            Err(error) => {
                tracing::warn!(%epoch, error = faults::code(&error), "the canary does not open");
                Err(Error::WrongToken(epoch))
            }
        }
    }

    pub fn prove(&mut self, epoch: Epoch) -> Result<(), Error> {
        let canary = self.shared.canary(epoch).ok_or(Error::KeyMissing(epoch))?;
        match self.prove_once(epoch, &canary) {
            Err(Error::Device { .. }) => {
                self.session = None;
                self.prove_once(epoch, &canary)
            }
            other => other,
        }
    }

    fn prove_once(&mut self, epoch: Epoch, canary: &[u8]) -> Result<(), Error> {
        self.session()?;
        let handle = self.key(epoch)?;
        self.prove_handle(epoch, handle, canary)
    }

    pub fn epochs(&mut self) -> Result<Vec<Epoch>, Error> {
        let prefix = self.shared.config.label_prefix.clone();
        let epochs = self.with_session("C_FindObjects", |session| keys::epochs(session, &prefix))?;
        for epoch in &epochs {
            self.key(*epoch)?;
        }
        Ok(epochs)
    }

    pub fn create(&mut self, epoch: Epoch) -> Result<Vec<u8>, Error> {
        let label = keys::label(&self.shared.config.label_prefix, epoch);
        if !self.with_session("C_FindObjects", |session| keys::find(session, &label))?.is_empty() {
            return Err(Error::KeyExists(epoch));
        }
        self.with_session("C_GenerateKey", |session| keys::generate(session, &label, epoch))?;
        tracing::info!(%epoch, "made a master key in the HSM");
        let associated = blob::associated(epoch, CANARY_IDENTITY);
        self.seal(epoch, &associated, &Secret::new(CANARY.to_vec()))
    }

    pub fn seal(&mut self, epoch: Epoch, associated: &[u8], plain: &Secret) -> Result<Vec<u8>, Error> {
        let mut nonce = [0; NONCE_BYTES];
        SystemEntropy::default().fill(&mut nonce)?;
        let handle = self.key(epoch)?;
        match encrypt(self.session()?, handle, &mut nonce, associated, plain) {
            Ok(sealed) => Ok(blob::assemble(epoch, &nonce, &sealed)),
            Err(error) if faults::is_lost_session(&error) => {
                self.reconnect(&error);
                let handle = self.key(epoch)?;
                let sealed = encrypt(self.session()?, handle, &mut nonce, associated, plain);
                Ok(blob::assemble(epoch, &nonce, &sealed.map_err(device("C_Encrypt"))?))
            }
            Err(error) => Err(device("C_Encrypt")(error)),
        }
    }

    pub fn open(&mut self, associated: &[u8], sealed: &[u8]) -> Result<Secret, Error> {
        let blob = Blob::parse(sealed)?;
        let handle = self.key(blob.epoch)?;
        let error = match decrypt(self.session()?, handle, &blob, associated) {
            Ok(secret) => return Ok(secret),
            Err(error) => error,
        };
        if faults::is_lost_session(&error) {
            self.reconnect(&error);
            let handle = self.key(blob.epoch)?;
            return match decrypt(self.session()?, handle, &blob, associated) {
                Ok(secret) => Ok(secret),
                Err(error) => Err(self.judge(blob.epoch, &error)),
            };
        }
        Err(self.judge(blob.epoch, &error))
    }

    /// A blob did not open: tampering, or the device? The canary of the same key decides, whatever the code was.
    fn judge(&mut self, epoch: Epoch, error: &Pkcs11Error) -> Error {
        let code = faults::code(error);
        match self.prove(epoch) {
            Ok(()) => Error::Tampered,
            Err(Error::KeyMissing(_)) => Error::Device { call: "C_Decrypt", code },
            Err(other) => other,
        }
    }

    pub fn destroy(&mut self, epoch: Epoch) -> Result<(), Error> {
        let handle = self.key(epoch)?;
        self.session()?.destroy_object(handle).map_err(device("C_DestroyObject"))?;
        self.keys.remove(&epoch);
        Ok(())
    }

    pub fn random(&mut self, length: usize) -> Result<Secret, Error> {
        self.with_session("C_GenerateRandom", |session| {
            let mut bytes = vec![0; length];
            session.generate_random_slice(&mut bytes)?;
            Ok(Secret::new(bytes))
        })
    }
}

const TAG_BITS: u64 = TAG_BYTES as u64 * 8;

fn encrypt(
    session: &Session,
    key: ObjectHandle,
    nonce: &mut [u8; NONCE_BYTES],
    associated: &[u8],
    plain: &Secret,
) -> Result<Vec<u8>, Pkcs11Error> {
    // Some HSMs choose the nonce themselves and leave it in the parameter block, which is this buffer.
    let params = GcmParams::new(nonce, associated, Ulong::from(TAG_BITS))?;
    session.encrypt(&Mechanism::AesGcm(params), key, plain.expose())
}

fn decrypt(
    session: &Session,
    key: ObjectHandle,
    blob: &Blob<'_>,
    associated: &[u8],
) -> Result<Secret, Pkcs11Error> {
    let mut nonce = blob.nonce;
    let params = GcmParams::new(&mut nonce, associated, Ulong::from(TAG_BITS))?;
    session.decrypt(&Mechanism::AesGcm(params), key, blob.sealed).map(Secret::new)
}
