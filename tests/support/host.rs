//! A host with a LUKS2 volume, and a server in the test's process that keeps its key.

use super::fake::{Fake, Reply};
use super::keys::Keys;
use super::luks::{Luks, PASSPHRASE};
use super::pki::Pki;
use kmip_codec::enums::State;
use kmip_codec::message::RequestMessage;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A host with a volume, and a server that has its key.
pub struct Host {
    pub folder: tempfile::TempDir,
    pub pki: Pki,
    pub keys: Keys,
    pub fake: Fake,
    pub luks: Luks,
}

impl Host {
    /// With a server that does what it should.
    pub fn new() -> Self {
        Self::with(|keys, request| keys.answer(request))
    }

    /// With a server that answers like this.
    pub fn with(answer: impl Fn(&Keys, RequestMessage) -> Reply + Send + Sync + 'static) -> Self {
        Self::with_volume(answer, Luks::new)
    }

    /// With a volume of another kind.
    pub fn with_volume(
        answer: impl Fn(&Keys, RequestMessage) -> Reply + Send + Sync + 'static,
        volume: impl FnOnce(&Path) -> Luks,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pki = Pki::new(folder.path());
        let keys = Keys::default();
        let answering = keys.clone();
        let fake = Fake::start(&pki, move |request| answer(&answering, request));
        let luks = volume(folder.path());
        Self { folder, pki, keys, fake, luks }
    }

    /// A host whose volume is enrolled.
    pub fn enrolled() -> Self {
        let host = Self::new();
        host.finish("enrolment");
        host
    }

    /// Another server of the same CA that has the same keys.
    pub fn twin_server(&self) -> Fake {
        let keys = self.keys.clone();
        Fake::start(&self.pki, move |request| keys.answer(request))
    }

    /// Another server of the same CA that has no key.
    pub fn empty_server(&self) -> Fake {
        Fake::start(&self.pki, |request| Keys::default().answer(request))
    }

    /// Runs `keystead-unlock`, with another folder before `PATH` where one is given.
    pub fn unlock(&self, args: &[&str], path: Option<&Path>) -> Output {
        let server = self.fake.address.to_string();
        self.command(&[&["--server", &server], args].concat(), path).output().unwrap()
    }

    /// The same without a server on the command line, not started yet.
    pub fn command(&self, args: &[&str], path: Option<&Path>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keystead-unlock"));
        let old = std::env::var_os("PATH").unwrap();
        let folders = path.map(PathBuf::from).into_iter().chain(std::env::split_paths(&old));
        command.env("PATH", std::env::join_paths(folders).unwrap());
        for (option, file) in [("--cert", "client.pem"), ("--key", "client.key"), ("--ca", "ca.pem")] {
            command.arg(option).arg(self.pki.path(file));
        }
        command.args(args);
        command
    }

    /// Enrols the volume.
    pub fn enroll(&self, path: Option<&Path>) -> Output {
        let (volume, key) = (self.luks.file.to_str().unwrap(), self.luks.key_file.to_str().unwrap());
        self.unlock(&["enroll", volume, "--existing-key-file", key], path)
    }

    /// Tries whether the server's key opens the volume.
    pub fn opens(&self) -> Output {
        self.unlock(&["unlock", "--test-passphrase", self.luks.file.to_str().unwrap()], None)
    }

    /// The key of the volume as its passphrase, in a file.
    pub fn passphrase_file(&self) -> PathBuf {
        let file = self.folder.path().join("ours");
        std::fs::write(&file, self.unlock(&["get", "0"], None).stdout).unwrap();
        file
    }

    /// Enrolment ends well, and leaves what one that was never interrupted leaves.
    pub fn finish(&self, what: &str) {
        self.finish_with(what, 1);
    }

    /// The same where the server has so many keys.
    pub fn finish_with(&self, what: &str, keys: usize) {
        let done = self.enroll(None);
        assert!(done.status.success(), "{what}: {}", words(&done));
        let uid = String::from_utf8(done.stdout).unwrap();
        let promised = serde_json::json!({ "type": "keystead", "keyslots": ["1"], "v": 1, "uid": uid.trim(),
            "servers": [self.fake.address.to_string()], "volume": self.luks.uuid(), "state": "active" });
        assert_eq!(self.luks.tokens(), [promised], "{what}");
        assert_eq!(self.luks.keyslots(), ["0", "1"], "{what}");
        assert_eq!(self.keys.states(), vec![State::Active; keys], "{what}");
        assert!(self.luks.opens(PASSPHRASE.as_bytes()), "{what}: the passphrase is lost");
        let opens = self.opens();
        assert!(opens.status.success(), "{what}: {}", words(&opens));
    }
}

/// What the program said to people.
pub fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
