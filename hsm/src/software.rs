//! Master keys in software, for unit tests and for people who try Keystead without any PKCS#11 module. They protect
//! nothing from who can read the disk, which is why every way to them says danger.

use crate::blob::{self, Blob, CANARY, CANARY_IDENTITY, NONCE_BYTES};
use crate::{Entropy as _, Epoch, Error, MasterKeys, Secret, SystemEntropy};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Master keys in memory, or in files that anybody who reads the disk can read.
pub struct Software {
    folder: Option<PathBuf>,
    keys: Mutex<BTreeMap<Epoch, Secret>>,
    canaries: Mutex<BTreeMap<Epoch, Vec<u8>>>,
}

impl Software {
    /// Keys that are gone with the process.
    pub fn in_memory() -> Self {
        Self { folder: None, keys: Mutex::default(), canaries: Mutex::default() }
    }

    /// Keys in clear in a folder. Only for trying things out.
    pub fn danger_in_folder(folder: &Path) -> Result<Self, Error> {
        let failed = |error: std::io::Error| Error::Software(format!("{}: {error}", folder.display()));
        std::fs::create_dir_all(folder).map_err(failed)?;
        let mut keys = BTreeMap::new();
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let number = name.strip_prefix("danger-master-").and_then(|number| number.parse().ok());
            if let Some(number) = number {
                keys.insert(Epoch(number), Secret::new(std::fs::read(&path).map_err(failed)?));
            }
        }
        Ok(Self { folder: Some(folder.into()), keys: Mutex::new(keys), canaries: Mutex::default() })
    }

    fn keys(&self) -> MutexGuard<'_, BTreeMap<Epoch, Secret>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, epoch: Epoch) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.join(format!("danger-master-{epoch}")))
    }

    fn with_key<T>(
        &self,
        epoch: Epoch,
        work: impl FnOnce(&LessSafeKey) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let keys = self.keys();
        let secret = keys.get(&epoch).ok_or(Error::KeyMissing(epoch))?;
        let key = UnboundKey::new(&AES_256_GCM, secret.expose())
            .map_err(|_| Error::Format("a key has 32 bytes"))?;
        work(&LessSafeKey::new(key))
    }
}

impl MasterKeys for Software {
    fn epochs(&self) -> Result<Vec<Epoch>, Error> {
        Ok(self.keys().keys().copied().collect())
    }

    fn create(&self, epoch: Epoch) -> Result<Vec<u8>, Error> {
        let secret = Secret::random(32, &mut SystemEntropy::default())?;
        if self.keys().contains_key(&epoch) {
            return Err(Error::KeyExists(epoch));
        }
        if let Some(path) = self.path(epoch) {
            let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
            let written =
                file.and_then(|mut file| file.write_all(secret.expose()).and_then(|()| file.sync_all()));
            written.map_err(|error| Error::Software(format!("{}: {error}", path.display())))?;
        }
        self.keys().insert(epoch, secret);
        let canary = self.seal(epoch, CANARY_IDENTITY, &Secret::new(CANARY.to_vec()))?;
        self.learn(epoch, &canary);
        Ok(canary)
    }

    fn learn(&self, epoch: Epoch, canary: &[u8]) {
        self.canaries.lock().unwrap_or_else(PoisonError::into_inner).insert(epoch, canary.to_vec());
    }

    fn prove(&self, epoch: Epoch) -> Result<(), Error> {
        let canaries = self.canaries.lock().unwrap_or_else(PoisonError::into_inner);
        let canary = canaries.get(&epoch).cloned().ok_or(Error::KeyMissing(epoch))?;
        drop(canaries);
        match self.open(CANARY_IDENTITY, &canary) {
            Ok(secret) if secret.expose() == CANARY => Ok(()),
            Ok(_) | Err(Error::Tampered) => Err(Error::WrongToken(epoch)),
            Err(other) => Err(other),
        }
    }

    fn seal(&self, epoch: Epoch, identity: &[u8], plain: &Secret) -> Result<Vec<u8>, Error> {
        let mut nonce = [0; NONCE_BYTES];
        SystemEntropy::default().fill(&mut nonce)?;
        let mut sealed = plain.expose().to_vec();
        self.with_key(epoch, |key| {
            let aad = Aad::from(blob::associated(epoch, identity));
            let nonce = Nonce::assume_unique_for_key(nonce);
            key.seal_in_place_append_tag(nonce, aad, &mut sealed).map_err(|_| Error::Format("sealing failed"))
        })?;
        Ok(blob::assemble(epoch, &nonce, &sealed))
    }

    fn open(&self, identity: &[u8], sealed: &[u8]) -> Result<Secret, Error> {
        let blob = Blob::parse(sealed)?;
        let mut buffer = zeroize::Zeroizing::new(blob.sealed.to_vec());
        self.with_key(blob.epoch, |key| {
            let aad = Aad::from(blob::associated(blob.epoch, identity));
            let nonce = Nonce::assume_unique_for_key(blob.nonce);
            let opened = key.open_in_place(nonce, aad, &mut buffer).map_err(|_| Error::Tampered)?;
            Ok(Secret::new(opened.to_vec()))
        })
    }

    fn destroy(&self, epoch: Epoch) -> Result<(), Error> {
        self.keys().remove(&epoch).ok_or(Error::KeyMissing(epoch))?;
        match self.path(epoch).map(std::fs::remove_file) {
            Some(Err(error)) => Err(Error::Software(error.to_string())),
            _ => Ok(()),
        }
    }

    fn random(&self, out: &mut [u8]) -> Result<(), Error> {
        SystemEntropy::default().fill(out)
    }

    fn describe(&self) -> String {
        "SOFTWARE master keys (danger: not protected by any HSM)".to_owned()
    }
}
