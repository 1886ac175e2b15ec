//! Master keys that do what a test tells them to: slow, refusing, wrong, or not there.

use keystead_hsm::{Epoch, Error, MasterKeyRef, MasterKeys, Secret, Software, epoch_of};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

/// Keys in memory, with what is done to them.
pub struct Meddled {
    pub keys: Arc<Software>,
    /// How long it takes to make a key, and to find one.
    pub create_takes: Duration,
    pub holds_takes: Duration,
    pub refuse_to_make: AtomicBool,
    pub refuse_to_seal: AtomicBool,
    /// One byte is opened wrongly.
    pub flip: AtomicBool,
    /// The epoch whose key is not there; 0 for none.
    pub lost: AtomicU32,
}

impl Default for Meddled {
    fn default() -> Self {
        let keys = Arc::new(Software::in_memory());
        let [create_takes, holds_takes] = [Duration::ZERO; 2];
        let [refuse_to_make, refuse_to_seal, flip] = [false; 3].map(AtomicBool::new);
        let lost = AtomicU32::new(0);
        Self { keys, create_takes, holds_takes, refuse_to_make, refuse_to_seal, flip, lost }
    }
}

impl Meddled {
    fn finds(&self, epoch: Epoch) -> Result<(), Error> {
        if self.lost.load(Ordering::Relaxed) == epoch.0 { Err(Error::KeyMissing(epoch)) } else { Ok(()) }
    }
}

fn refuses(told: &AtomicBool) -> Result<(), Error> {
    match told.load(Ordering::Relaxed) {
        true => Err(Error::Software("told to refuse".to_owned())),
        false => Ok(()),
    }
}

impl MasterKeys for Meddled {
    fn create(&self, key: &MasterKeyRef) -> Result<Vec<u8>, Error> {
        refuses(&self.refuse_to_make)?;
        std::thread::sleep(self.create_takes);
        self.keys.create(key)
    }
    fn learn(&self, key: &MasterKeyRef, key_check_value: &[u8]) {
        self.keys.learn(key, key_check_value);
    }
    fn prove(&self, epoch: Epoch) -> Result<(), Error> {
        self.finds(epoch)?;
        self.keys.prove(epoch)
    }
    fn seal(&self, epoch: Epoch, identity: &[u8], plain: &Secret) -> Result<Vec<u8>, Error> {
        refuses(&self.refuse_to_seal)?;
        self.keys.seal(epoch, identity, plain)
    }
    fn open(&self, identity: &[u8], sealed: &[u8]) -> Result<Secret, Error> {
        self.finds(epoch_of(sealed)?)?;
        let opened = self.keys.open(identity, sealed)?;
        let mut bytes = opened.expose().to_vec();
        bytes[7] ^= u8::from(self.flip.load(Ordering::Relaxed));
        Ok(Secret::new(bytes))
    }
    fn destroy(&self, epoch: Epoch) -> Result<(), Error> {
        self.keys.destroy(epoch)
    }
    fn holds(&self, epoch: Epoch) -> Result<bool, Error> {
        std::thread::sleep(self.holds_takes);
        Ok(self.finds(epoch).is_ok() && self.keys.holds(epoch)?)
    }
    fn labels(&self) -> Result<Vec<String>, Error> {
        self.keys.labels()
    }
    fn random(&self, out: &mut [u8]) -> Result<(), Error> {
        self.keys.random(out)
    }
    fn describe(&self) -> String {
        self.keys.describe()
    }
}
