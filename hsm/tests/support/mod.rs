//! What tests with a token need: SoftHSM in a process of its own.
#![allow(dead_code, clippy::unwrap_used, reason = "each test takes what it needs, and stops where it stands")]

use keystead_hsm::token::{TokenSeed, init_token};
use keystead_hsm::{Epoch, MasterKeyRef, Pin, Secret, Site, Slot, SystemEntropy, TokenConfig};
use std::path::{Path, PathBuf};
use std::process::Command;

pub const E1: Epoch = Epoch(1);
pub const E2: Epoch = Epoch(2);

/// Names a module that takes the place of SoftHSM's.
const OTHER_MODULE: &str = "KEYSTEAD_TEST_MODULE";

/// kryoptic's module, which scripts/setup.sh builds; without it the test is left out, but not in CI.
pub fn kryoptic() -> Option<PathBuf> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("second-token/target/debug/deps");
    let is_it = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.starts_with("libkryoptic_pkcs11") && name.ends_with(".so")
    };
    let found = std::fs::read_dir(built).into_iter().flatten().flatten().map(|file| file.path()).find(is_it);
    let in_ci = std::env::var("CI").as_deref() == Ok("true");
    assert!(found.is_some() || !in_ci, "kryoptic is not built: scripts/setup.sh test");
    found
}

pub fn module() -> PathBuf {
    if let Some(other) = std::env::var_os(OTHER_MODULE) {
        return other.into();
    }
    let path = PathBuf::from("/usr/lib/softhsm/libsofthsm2.so");
    assert!(path.exists(), "{} is missing: apt install softhsm2", path.display());
    path
}

/// Runs a test in a process of its own, with a folder for its tokens.
pub fn isolated(name: &str, test: impl FnOnce(&Path)) {
    isolated_on(&module(), name, test);
}

/// The same with the token of another module.
pub fn isolated_on(module: &Path, name: &str, test: impl FnOnce(&Path)) {
    if let Some(folder) = std::env::var_os("KEYSTEAD_TEST_TOKENS") {
        return test(Path::new(&folder));
    }
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens");
    std::fs::create_dir(&tokens).unwrap();
    let config = folder.path().join("softhsm2.conf");
    let text = format!(
        "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
        tokens.display()
    );
    std::fs::write(&config, text).unwrap();
    let kryoptic = folder.path().join("kryoptic.conf");
    let database = tokens.join("token.sql");
    let text = format!("[[slots]]\nslot = 1\ndbtype = \"sqlite\"\ndbargs = {database:?}\n");
    std::fs::write(&kryoptic, text).unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env("SOFTHSM2_CONF", &config)
        .env("KRYOPTIC_CONF", &kryoptic)
        .env("KEYSTEAD_TEST_TOKENS", &tokens)
        .env(OTHER_MODULE, module)
        .env(keystead_faulty_module::MODULE, module)
        .env(keystead_faulty_module::SCRIPT, folder.path().join("script"))
        .status()
        .unwrap();
    assert!(status.success(), "{name} failed in its own process");
}

pub fn pin(text: &str) -> Pin {
    Pin::from_file_bytes(text.as_bytes().to_vec())
}

pub fn make(label: &str) {
    let seed = TokenSeed { label, officer_pin: &pin("87654321"), user_pin: &pin("123456") };
    init_token(&module(), &seed).unwrap();
}

pub fn config(label: &str) -> TokenConfig {
    TokenConfig::new(module(), Slot::Label(label.into()), pin("123456\n"))
}

/// A reference to a new key of the store with this number.
pub fn new_key(store: u8, epoch: Epoch) -> MasterKeyRef {
    MasterKeyRef::random(epoch, [store; 16], &Site::new(&[store; 32]), &mut SystemEntropy::default()).unwrap()
}

pub fn secret() -> Secret {
    Secret::new((0..32).collect())
}
