//! Master keys in software, for unit tests and for people who try Keystead without any PKCS#11 module. They protect
//! nothing from who can read the disk, which is why every way to them says danger.

use crate::blob::{self, Blob, KEY_CHECK_VALUE, NONCE_BYTES};
use crate::{Entropy as _, Epoch, Error, MasterKeyRef, MasterKeys, Secret, SystemEntropy};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Master keys in memory, or in files that anybody who reads the disk can read.
pub struct Software {
    folder: Option<PathBuf>,
    /// By what names the file of each: its label, or its name in the folder.
    keys: Mutex<BTreeMap<String, Secret>>,
    known: Mutex<BTreeMap<Epoch, (MasterKeyRef, Vec<u8>)>>,
}

/// What the names of files begin with.
const FILE_PREFIX: &str = "danger-";

/// A key that is not whole yet.
const HALF: &str = "half";

impl Software {
    /// Keys that are gone with the process.
    pub fn in_memory() -> Self {
        Self { folder: None, keys: Mutex::default(), known: Mutex::default() }
    }

    /// Keys in clear in a folder. Only for trying things out.
    pub fn danger_in_folder(folder: &Path) -> Result<Self, Error> {
        let failed = |error: std::io::Error| Error::Software(format!("{}: {error}", folder.display()));
        let mut keys = BTreeMap::new();
        // It is made with the first key.
        let entries = match std::fs::read_dir(folder) {
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => None,
            entries => Some(entries.map_err(failed)?),
        };
        for entry in entries.into_iter().flatten() {
            let path = entry.map_err(failed)?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if let Some(name) = name.strip_prefix(FILE_PREFIX) {
                keys.insert(name.to_owned(), Secret::new(std::fs::read(&path).map_err(failed)?));
            }
        }
        Ok(Self { folder: Some(folder.into()), keys: Mutex::new(keys), known: Mutex::default() })
    }

    fn keys(&self) -> MutexGuard<'_, BTreeMap<String, Secret>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.join(format!("{FILE_PREFIX}{name}")))
    }

    fn known(&self, epoch: Epoch) -> Result<(MasterKeyRef, Vec<u8>), Error> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&epoch).cloned().ok_or(Error::KeyMissing(epoch))
    }

    fn with_key<T>(
        &self,
        key: &MasterKeyRef,
        work: impl FnOnce(&LessSafeKey) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let keys = self.keys();
        let secret = keys.get(&name(key)).ok_or(Error::KeyMissing(key.epoch))?;
        let key = UnboundKey::new(&AES_256_GCM, secret.expose())
            .map_err(|_| Error::Format("a key has 32 bytes"))?;
        work(&LessSafeKey::new(key))
    }

    fn seal_with(&self, key: &MasterKeyRef, identity: &[u8], plain: &Secret) -> Result<Vec<u8>, Error> {
        let mut nonce = [0; NONCE_BYTES];
        SystemEntropy::default().fill(&mut nonce)?;
        let mut sealed = plain.expose().to_vec();
        self.with_key(key, |ready| {
            let aad = Aad::from(blob::associated(key.epoch, identity));
            let nonce = Nonce::assume_unique_for_key(nonce);
            let done = ready.seal_in_place_append_tag(nonce, aad, &mut sealed);
            done.map_err(|_| Error::Format("sealing failed"))
        })?;
        Ok(blob::assemble(key.epoch, &nonce, &sealed))
    }

    fn make(&self, key: &MasterKeyRef) -> Result<(), Error> {
        let (name, secret) = (name(key), Secret::random(32, &mut SystemEntropy::default())?);
        if let (Some(folder), Some(path)) = (&self.folder, self.path(&name)) {
            let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.map_err(|error| Error::Software(format!("{}: {error}", folder.display())))?;
            // Whole or not at all.
            let half = folder.join(HALF);
            let file =
                std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&half);
            let written = file
                .and_then(|mut file| file.write_all(secret.expose()).and_then(|()| file.sync_all()))
                .and_then(|()| std::fs::rename(&half, &path));
            written.map_err(|error| Error::Software(format!("{}: {error}", path.display())))?;
        }
        self.keys().insert(name, secret);
        Ok(())
    }
}

/// The name of a key. Those of older versions were called after their epoch alone.
fn name(key: &MasterKeyRef) -> String {
    if key.is_legacy() { format!("master-{}", key.epoch) } else { format!("{}-{}", key.label, key.id_text()) }
}

impl MasterKeys for Software {
    fn create(&self, key: &MasterKeyRef) -> Result<Vec<u8>, Error> {
        if !self.keys().contains_key(&name(key)) {
            self.make(key)?;
        }
        let key_check_value =
            self.seal_with(key, &key.key_check_identity(), &Secret::new(KEY_CHECK_VALUE.to_vec()))?;
        self.learn(key, &key_check_value);
        Ok(key_check_value)
    }

    fn learn(&self, key: &MasterKeyRef, key_check_value: &[u8]) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(key.epoch, (key.clone(), key_check_value.to_vec()));
    }

    fn prove(&self, epoch: Epoch) -> Result<(), Error> {
        let (key, key_check_value) = self.known(epoch)?;
        match self.open(&key.key_check_identity(), &key_check_value) {
            Ok(secret) if secret.expose() == KEY_CHECK_VALUE => Ok(()),
            Ok(_) | Err(Error::Tampered) => Err(Error::WrongToken(epoch)),
            Err(other) => Err(other),
        }
    }

    fn seal(&self, epoch: Epoch, identity: &[u8], plain: &Secret) -> Result<Vec<u8>, Error> {
        self.seal_with(&self.known(epoch)?.0, identity, plain)
    }

    fn open(&self, identity: &[u8], sealed: &[u8]) -> Result<Secret, Error> {
        let blob = Blob::parse(sealed)?;
        let mut buffer = zeroize::Zeroizing::new(blob.sealed.to_vec());
        self.with_key(&self.known(blob.epoch)?.0, |key| {
            let aad = Aad::from(blob::associated(blob.epoch, identity));
            let nonce = Nonce::assume_unique_for_key(blob.nonce);
            let opened = key.open_in_place(nonce, aad, &mut buffer).map_err(|_| Error::Tampered)?;
            Ok(Secret::new(opened.to_vec()))
        })
    }

    fn destroy(&self, epoch: Epoch) -> Result<(), Error> {
        let name = name(&self.known(epoch)?.0);
        self.keys().remove(&name).ok_or(Error::KeyMissing(epoch))?;
        match self.path(&name).map(std::fs::remove_file) {
            Some(Err(error)) => Err(Error::Software(error.to_string())),
            _ => Ok(()),
        }
    }

    fn holds(&self, epoch: Epoch) -> Result<bool, Error> {
        let name = name(&self.known(epoch)?.0);
        Ok(self.keys().contains_key(&name))
    }

    fn labels(&self) -> Result<Vec<String>, Error> {
        let label = |name: &String| name.rsplit_once('-').map(|(label, _)| label.to_owned());
        Ok(self.keys().keys().filter_map(label).collect())
    }

    fn random(&self, out: &mut [u8]) -> Result<(), Error> {
        SystemEntropy::default().fill(out)
    }

    fn describe(&self) -> String {
        "SOFTWARE master keys (danger: not protected by any HSM)".to_owned()
    }
}
