//! A clock of its own for a server: libfaketime (Debian) tells it another time of day than the machine's. What measures
//! spans of time goes on by the real one.

use super::skip;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicI64, Ordering};

/// Where Debian puts the library.
const LIBRARIES: [&str; 2] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
];

/// A clock that a server reads, and a test moves.
pub struct Clock {
    library: &'static str,
    file: PathBuf,
    ahead: AtomicI64,
}

impl Clock {
    /// One that goes right. None, said aloud, where the library is not there.
    pub fn new(folder: &Path) -> Option<Self> {
        let Some(library) = LIBRARIES.into_iter().find(|library| Path::new(library).exists()) else {
            skip("libfaketime is not installed (scripts/setup.sh test)");
            return None;
        };
        let clock = Self { library, file: folder.join("clock"), ahead: AtomicI64::new(0) };
        clock.set(0);
        Some(clock)
    }

    /// Sets it: so many seconds before or after the machine's. It holds from the next look at it.
    pub fn set(&self, seconds: i64) {
        self.ahead.store(seconds, Ordering::SeqCst);
        let whole = self.file.with_extension("new");
        fs::write(&whole, format!("{seconds:+}\n")).unwrap();
        fs::rename(whole, &self.file).unwrap();
    }

    /// How many seconds it is before the machine's.
    pub fn ahead(&self) -> i64 {
        self.ahead.load(Ordering::SeqCst)
    }

    /// Lets this command go by it.
    pub fn drive(&self, command: &mut Command) {
        command.env("LD_PRELOAD", self.library).env("FAKETIME_TIMESTAMP_FILE", &self.file);
        // It is looked at each time; monotonic clocks and the times of files stay the machine's.
        for switch in
            ["FAKETIME_NO_CACHE", "FAKETIME_DONT_FAKE_MONOTONIC", "DONT_FAKE_MONOTONIC", "NO_FAKE_STAT"]
        {
            command.env(switch, "1");
        }
    }
}
