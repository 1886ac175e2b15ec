//! Work with master keys in one session: the keys that it has found are checked and proved before they are used.

use super::connection::{Known, Shared};
use super::faults::{Class, Fault, at};
use super::keys::{self, Unfit};
use crate::blob::{self, Blob, KEY_CHECK_VALUE, NONCE_BYTES, TAG_BYTES};
use crate::{Entropy as _, Epoch, Error, MasterKeyRef, Secret, SystemEntropy};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::ObjectHandle;
use cryptoki::session::Session as RawSession;
use cryptoki::types::Ulong;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A session that is logged in.
pub struct Session {
    shared: Arc<Shared>,
    raw: RawSession,
    /// The generation of the module that it belongs to.
    pub generation: u64,
    /// Keys that were found, checked and proved in this session.
    keys: BTreeMap<Epoch, ObjectHandle>,
}

impl Session {
    /// Opens a session and logs in.
    pub fn open(shared: &Arc<Shared>, generation: u64) -> Result<Self, Fault> {
        let (module, slot) = (&shared.module, shared.slot()?);
        // Closed by hand: its number may be that of another session once the module was initialised anew.
        let raw = module.context().open_rw_session_no_drop(slot).map_err(at("C_OpenSession"))?;
        let session = Self { shared: Arc::clone(shared), raw, generation, keys: BTreeMap::new() };
        if let Err(fault) = shared.login.login(module, slot, &session.raw, generation) {
            session.close(generation);
            return Err(fault);
        }
        tracing::info!(token = %shared.describe(), "connected to the HSM");
        Ok(session)
    }

    /// Closes it, unless its module was initialised anew since. False where the token may count it still.
    pub fn close(self, generation: u64) -> bool {
        let is_over = |fault: Fault| matches!(fault.class(), Some(Class::Session | Class::Token));
        self.generation != generation
            || self.raw.close().map_err(at("C_CloseSession")).map_or_else(is_over, |()| true)
    }

    /// The handle of a key: found by its identifier, checked, and proved.
    fn key(&mut self, epoch: Epoch) -> Result<ObjectHandle, Fault> {
        if let Some(handle) = self.keys.get(&epoch) {
            return Ok(*handle);
        }
        let known = self.shared.known(epoch)?;
        let mut missing = Error::KeyMissing(epoch);
        for handle in keys::find(&self.raw, &known.key)? {
            if let Some(unfit) = keys::unfit(&self.raw, handle)? {
                missing = unfit.found(epoch);
            } else if self.proves(handle, &known)? {
                self.keys.insert(epoch, handle);
                return Ok(handle);
            } else {
                missing = Error::WrongToken(epoch);
            }
        }
        // A token whose files are gone finds nothing, and says that all is well.
        Err(Fault::Doubtful(missing))
    }

    /// Whether a key opens the key check value. A token that does not open what it has sealed this moment is in trouble, and
    /// proves nothing.
    fn proves(&self, handle: ObjectHandle, known: &Known) -> Result<bool, Fault> {
        let blob = Blob::parse(&known.key_check_value)?;
        let associated = blob::associated(known.key.epoch, &known.key.key_check_identity());
        match decrypt(&self.raw, handle, &blob, &associated) {
            Ok(secret) => is_key_check_value(&secret).map(|()| true),
            Err(fault) if !fault.may_be_the_blob() => Err(fault),
            Err(fault) => {
                let probe = Secret::random(32, &mut SystemEntropy::default())?;
                let works = self.round_trip(handle, known.key.epoch, b"keystead/probe/1", &probe);
                works.map_err(|_| fault)?;
                match decrypt(&self.raw, handle, &blob, &associated) {
                    Ok(secret) => is_key_check_value(&secret).map(|()| true),
                    Err(fault) if fault.may_be_the_blob() => Ok(false),
                    Err(fault) => Err(fault),
                }
            }
        }
    }

    /// Seals, and opens again what was sealed.
    fn round_trip(
        &self,
        handle: ObjectHandle,
        epoch: Epoch,
        identity: &[u8],
        plain: &Secret,
    ) -> Result<Vec<u8>, Fault> {
        let mut nonce = [0; NONCE_BYTES];
        SystemEntropy::default().fill(&mut nonce)?;
        let associated = blob::associated(epoch, identity);
        let sealed = encrypt(&self.raw, handle, &mut nonce, &associated, plain)?;
        let sealed = blob::assemble(epoch, &nonce, &sealed);
        if decrypt(&self.raw, handle, &Blob::parse(&sealed)?, &associated)?.is_same(plain) {
            return Ok(sealed);
        }
        Err(garbled("what it has just sealed"))
    }

    /// Opens a secret of 32 bytes again and again for this long, under a key of the session; gives how often.
    pub fn open_for(&mut self, time: Duration) -> Result<u64, Fault> {
        let key = keys::temporary(&self.raw)?;
        let plain = Secret::random(32, &mut SystemEntropy::default())?;
        let sealed = self.round_trip(key, Epoch(1), b"keystead/speed/1", &plain)?;
        let (blob, associated) = (Blob::parse(&sealed)?, blob::associated(Epoch(1), b"keystead/speed/1"));
        let (begin, mut count) = (Instant::now(), 0);
        while begin.elapsed() < time {
            decrypt(&self.raw, key, &blob, &associated)?;
            count += 1;
        }
        self.raw.destroy_object(key).map_err(at("C_DestroyObject"))?;
        Ok(count)
    }

    /// Proves the key of an epoch.
    pub fn prove(&mut self, epoch: Epoch) -> Result<(), Fault> {
        let known = self.shared.known(epoch)?;
        let handle = self.key(epoch)?;
        if self.proves(handle, &known)? {
            return Ok(());
        }
        Err(Fault::Doubtful(Error::WrongToken(epoch)))
    }

    /// Makes a key, or takes up the one that is there under its identifier; gives its key check value.
    pub fn create(&mut self, key: &MasterKeyRef) -> Result<Vec<u8>, Fault> {
        // Others under this identifier are not ours: SoftHSM leaves half a key behind where the process is killed.
        let mut fit = Vec::new();
        for handle in keys::find(&self.raw, key)? {
            match keys::unfit(&self.raw, handle)? {
                None => fit.push(handle),
                Some(Unfit::Otherwise(_)) => {}
                Some(untold) => return Err(Fault::Doubtful(untold.found(key.epoch))),
            }
        }
        let handle = match fit.as_slice() {
            [] => self.make(key)?,
            [handle] => *handle,
            _ => return Err(Fault::Final(Error::KeyExists(key.epoch))),
        };
        self.round_trip(handle, key.epoch, &key.key_check_identity(), &Secret::new(KEY_CHECK_VALUE.to_vec()))
    }

    fn make(&self, key: &MasterKeyRef) -> Result<ObjectHandle, Fault> {
        tracing::info!(epoch = %key.epoch, id = key.id_text(), "making a master key in the HSM");
        let handle = keys::generate(&self.raw, key)?;
        let unfit = keys::unfit(&self.raw, handle)?;
        unfit.map_or(Ok(handle), |unfit| Err(Fault::Final(unfit.made())))
    }

    /// Seals a secret. The key is proved at this moment: under a handle that names another key, nothing that is sealed
    /// could be opened later.
    pub fn seal(&mut self, epoch: Epoch, identity: &[u8], plain: &Secret) -> Result<Vec<u8>, Fault> {
        self.prove(epoch)?;
        let handle = self.key(epoch)?;
        let sealed = self.round_trip(handle, epoch, identity, plain)?;
        self.prove(epoch)?;
        Ok(sealed)
    }

    /// Opens a blob. If it does not open, the key check value of the same key decides whether the blob or the token is to blame.
    pub fn open_blob(&mut self, identity: &[u8], sealed: &[u8]) -> Result<Secret, Fault> {
        let blob = Blob::parse(sealed)?;
        let associated = blob::associated(blob.epoch, identity);
        let handle = self.key(blob.epoch)?;
        match decrypt(&self.raw, handle, &blob, &associated) {
            Err(fault) if fault.may_be_the_blob() => {}
            other => return other,
        }
        self.prove(blob.epoch)?;
        decrypt(&self.raw, handle, &blob, &associated).map_err(|fault| match fault.may_be_the_blob() {
            true => Fault::Final(Error::Tampered),
            false => fault,
        })
    }

    pub fn destroy(&mut self, epoch: Epoch) -> Result<(), Fault> {
        let handle = self.key(epoch)?;
        self.raw.destroy_object(handle).map_err(at("C_DestroyObject"))?;
        self.keys.remove(&epoch);
        Ok(())
    }

    pub fn holds(&self, epoch: Epoch) -> Result<bool, Fault> {
        Ok(!keys::find(&self.raw, &self.shared.known(epoch)?.key)?.is_empty())
    }

    pub fn labels(&self) -> Result<Vec<String>, Fault> {
        keys::labels(&self.raw)
    }

    pub fn random(&self, length: usize) -> Result<Secret, Fault> {
        let mut bytes = vec![0; length];
        self.raw.generate_random_slice(&mut bytes).map_err(at("C_GenerateRandom"))?;
        Ok(Secret::new(bytes))
    }
}

/// GCM has a tag, so what comes out otherwise was changed on the way here.
fn is_key_check_value(opened: &Secret) -> Result<(), Fault> {
    if opened.expose() == KEY_CHECK_VALUE { Ok(()) } else { Err(garbled("the key check value")) }
}

fn garbled(what: &str) -> Fault {
    let code = format!("{what} came out changed");
    Fault::Doubtful(Error::Device { call: "C_Decrypt", code })
}

const TAG_BITS: u64 = TAG_BYTES as u64 * 8;

fn encrypt(
    session: &RawSession,
    key: ObjectHandle,
    nonce: &mut [u8; NONCE_BYTES],
    associated: &[u8],
    plain: &Secret,
) -> Result<Vec<u8>, Fault> {
    // Some HSMs choose the nonce themselves and leave it in the parameter block, which is this buffer.
    let params = GcmParams::new(nonce, associated, Ulong::from(TAG_BITS)).map_err(at("C_EncryptInit"))?;
    session.encrypt(&Mechanism::AesGcm(params), key, plain.expose()).map_err(at("C_Encrypt"))
}

fn decrypt(
    session: &RawSession,
    key: ObjectHandle,
    blob: &Blob<'_>,
    associated: &[u8],
) -> Result<Secret, Fault> {
    let mut nonce = blob.nonce;
    let params =
        GcmParams::new(&mut nonce, associated, Ulong::from(TAG_BITS)).map_err(at("C_DecryptInit"))?;
    let opened = session.decrypt(&Mechanism::AesGcm(params), key, blob.sealed);
    opened.map(Secret::new).map_err(at("C_Decrypt"))
}
