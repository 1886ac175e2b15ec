//! LUKS2 volumes in files.

use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What opens a volume before it is enrolled.
pub const PASSPHRASE: &str = "first passphrase";

/// A volume in a file, with one keyslot.
pub struct Luks {
    /// The file.
    pub file: PathBuf,
    /// A key file with the passphrase.
    pub key_file: PathBuf,
}

impl Luks {
    /// A new volume in this folder.
    pub fn new(folder: &Path) -> Self {
        let (file, key_file) = (folder.join("volume.img"), folder.join("passphrase"));
        fs::write(&key_file, PASSPHRASE).unwrap();
        fs::File::create(&file).unwrap().set_len(18 << 20).unwrap();
        let luks = Self { file, key_file };
        let format =
            ["luksFormat", "-q", "--type", "luks2", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"];
        luks.cryptsetup(&[&format[..], &["--key-file", luks.key_file.to_str().unwrap()]].concat());
        luks
    }

    /// Runs cryptsetup on the volume, which must succeed.
    pub fn cryptsetup(&self, args: &[&str]) -> String {
        let output = Command::new("cryptsetup").args(args).arg(&self.file).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Whether this passphrase opens the volume.
    pub fn opens(&self, passphrase: &[u8]) -> bool {
        let args = ["open", "--test-passphrase", "--disable-external-tokens", "--key-file", "-"];
        let mut command = Command::new("cryptsetup");
        let mut child =
            command.args(args).arg(&self.file).stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(passphrase).unwrap();
        child.wait().unwrap().success()
    }

    /// The LUKS UUID.
    pub fn uuid(&self) -> String {
        self.cryptsetup(&["luksUUID"]).trim().to_owned()
    }

    /// The numbers of the keyslots.
    pub fn keyslots(&self) -> Vec<String> {
        self.metadata()["keyslots"].as_object().unwrap().keys().cloned().collect()
    }

    /// A keyslot as the header has it.
    pub fn keyslot(&self, number: &str) -> Value {
        self.metadata()["keyslots"][number].clone()
    }

    /// Every token.
    pub fn tokens(&self) -> Vec<Value> {
        self.metadata()["tokens"].as_object().unwrap().values().cloned().collect()
    }

    fn metadata(&self) -> Value {
        serde_json::from_str(&self.cryptsetup(&["luksDump", "--dump-json-metadata"])).unwrap()
    }
}

/// A folder with a `cryptsetup` that kills whoever calls it, once, at the n-th call: before it does what it is asked,
/// or after it has.
pub fn killing_cryptsetup(folder: &Path, at: u32, after: bool) -> PathBuf {
    let kill = "if is_due; then kill -9 $PPID; fi";
    let (before, behind) = if after { ("", kill) } else { ("if is_due; then kill -9 $PPID; exit 1; fi", "") };
    wrapped_cryptsetup(folder, &format!("at={at}; {before}"), behind)
}

/// A folder with a `cryptsetup` that finds the header being written by another process at the n-th call, after it has
/// read every key that it was given.
pub fn contended_cryptsetup(folder: &Path, at: u32) -> PathBuf {
    let read = "for key; do case $key in /dev/fd/*) cat \"$key\" >/dev/null;; esac; done";
    let words = "Device volume.img: concurrent LUKS2 metadata update. Aborting operation.";
    wrapped_cryptsetup(
        folder,
        &format!("at={at}; if is_due; then {read}; echo '{words}' >&2; exit 1; fi"),
        "",
    )
}

/// A folder with a `cryptsetup` that does more, before and after. `is_due` tells whether this is call `$at`.
pub fn wrapped_cryptsetup(folder: &Path, before: &str, after: &str) -> PathBuf {
    let bin = tempfile::Builder::new().prefix("bin").tempdir_in(folder).unwrap().keep();
    let real = Command::new("sh").args(["-c", "command -v cryptsetup"]).output().unwrap();
    let (real, calls) = (String::from_utf8(real.stdout).unwrap(), bin.join("calls").display().to_string());
    let script = format!(
        "#!/bin/sh\necho >>{calls}\nis_due() {{ [ \"$(wc -l <{calls})\" -eq \"$at\" ]; }}\n{before}\n\
         {} \"$@\"\ncode=$?\n{after}\nexit $code\n",
        real.trim()
    );
    fs::write(bin.join("cryptsetup"), script).unwrap();
    fs::set_permissions(bin.join("cryptsetup"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    bin
}
