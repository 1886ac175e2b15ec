//! LUKS2 volumes in files.

use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
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
    /// A new volume in this folder, with room for 15 keyslots of a short key: cryptsetup fills room for 32 with 16 MiB of random bytes,
    /// which every copy takes along, and spreads a key over as many hashes as it has bytes at each opening.
    pub fn new(folder: &Path) -> Self {
        Self::with(folder, 4, &["--type", "luks2", "--key-size", "256", "--luks2-keyslots-size", "2064384"])
    }

    /// The same with room for all 32 keyslots.
    pub fn roomy(folder: &Path) -> Self {
        Self::with(folder, 18, &["--type", "luks2"])
    }

    /// The same of this many MiB, made with these options.
    pub fn with(folder: &Path, mib: u64, options: &[&str]) -> Self {
        let (file, key_file) = (folder.join("volume.img"), folder.join("passphrase"));
        fs::write(&key_file, PASSPHRASE).unwrap();
        fs::File::create(&file).unwrap().set_len(mib << 20).unwrap();
        let luks = Self { file, key_file };
        let key_file = luks.key_file.to_str().unwrap();
        let fixed = ["luksFormat", "-q", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"];
        luks.cryptsetup(&[&fixed[..], options, &["--key-file", key_file]].concat());
        luks
    }

    /// The path as an argument.
    pub fn path(&self) -> &str {
        self.file.to_str().unwrap()
    }

    /// Adds a keyslot that another passphrase opens.
    pub fn add_keyslot(&self, passphrase: &str) {
        let file = self.file.with_extension("another");
        fs::write(&file, passphrase).unwrap();
        let fixed = ["luksAddKey", "-q", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"];
        let keys = ["--key-file", self.key_file.to_str().unwrap(), "--new-keyfile", file.to_str().unwrap()];
        self.cryptsetup(&[&fixed[..], &keys].concat());
    }

    /// Writes a token of any form, with this number where one is given.
    pub fn write_token(&self, token: &Value, number: Option<&str>) {
        let file = self.file.with_extension("token");
        fs::write(&file, token.to_string()).unwrap();
        let number = number.map_or(vec![], |number| vec!["--token-id", number, "--token-replace"]);
        let fixed = ["token", "import", "--disable-external-tokens", "--json-file", file.to_str().unwrap()];
        self.cryptsetup(&[&fixed[..], &number[..]].concat());
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
        uuid(&self.file)
    }

    /// How many segments the data has; 0 while the header is being written.
    pub fn segments(&self) -> usize {
        let args = ["luksDump", "--dump-json-metadata"];
        let dump = Command::new("cryptsetup").args(args).arg(&self.file).output().unwrap();
        let metadata: Value = serde_json::from_slice(&dump.stdout).unwrap_or_default();
        let segments = metadata["segments"].as_object();
        // Those that a re-encryption writes beside the data are named by their flags.
        segments.map_or(0, |all| all.values().filter(|one| one.get("flags").is_none()).count())
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
        metadata(&self.file)
    }
}

/// The LUKS UUID in the first header of a volume. Nobody needs to start cryptsetup, thousands of times, to read it.
pub fn uuid(volume: &Path) -> String {
    let text = String::from_utf8(bytes(volume, 168, 40)).unwrap();
    text.trim_end_matches('\0').to_owned()
}

/// The metadata in the first header of a volume: behind 4096 bytes, as text that ends with a zero.
pub fn metadata(volume: &Path) -> Value {
    let all = bytes(volume, 4096, 12 << 10);
    serde_json::from_slice(all.split(|byte| *byte == 0).next().unwrap()).unwrap()
}

fn bytes(volume: &Path, at: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    fs::File::open(volume).unwrap().read_exact_at(&mut bytes, at).unwrap();
    bytes
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
    let read = "for key; do case $key in /proc/self/fd/*) cat \"$key\" >/dev/null;; esac; done";
    let words = "Device volume.img: concurrent LUKS2 metadata update. Aborting operation.";
    wrapped_cryptsetup(
        folder,
        &format!("at={at}; if is_due; then {read}; echo '{words}' >&2; exit 1; fi"),
        "",
    )
}

/// A folder with a `cryptsetup` that does something else than it is asked in one step.
pub fn changed_cryptsetup(folder: &Path, step: &str, instead: &str) -> PathBuf {
    wrapped_cryptsetup(folder, &format!("if [ \"$1\" = {step} ]; then {instead}; fi"), "")
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
