//! Ways to stop a server and to start it again.

use crate::support::dev::Dev;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

/// How the server is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Once.
    Once,
    /// Three at once: one serves, and the others say that the store is in use.
    ThreeAtOnce,
    /// Killed before it serves, and started again.
    Killed(u64),
}

impl Start {
    pub const ALL: [Self; 6] = [
        Self::Once,
        Self::ThreeAtOnce,
        Self::Killed(20),
        Self::Killed(60),
        Self::Killed(120),
        Self::Killed(200),
    ];
}

/// The exit code of a start on a store that is in use (src/exit.rs).
const STORE_IN_USE: i32 = 15;

pub fn start(folder: &Path, how: Start) -> Dev {
    match how {
        Start::Once => {}
        Start::ThreeAtOnce => {
            let (dev, others) = Dev::race(folder, 3);
            for other in others {
                let told = String::from_utf8_lossy(&other.stderr);
                assert_eq!(other.status.code(), Some(STORE_IN_USE), "{told}");
                assert!(told.contains("in use"), "{told}");
            }
            return dev;
        }
        Start::Killed(milliseconds) => {
            let mut child = Dev::spawn(folder);
            sleep(Duration::from_millis(milliseconds));
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
    Dev::start_quietly(folder)
}

/// Tells the server to stop, which it does.
pub fn stop(mut dev: Dev) {
    dev.terminate();
    assert!(dev.wait().success());
}
