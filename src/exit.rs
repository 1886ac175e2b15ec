//! What the exit code of a server says: the one table, for `--help`, docs/configuration.md and units of systemd.

use crate::config::ConfigError;
use crate::{dev, listen, start, store, vault};
use std::io::Write as _;

/// Why a server ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// It was told to stop.
    Stopped,
    /// Something else; the message says what.
    Failed,
    /// The command line is wrong.
    Usage,
    /// The configuration, or a file that it names.
    Configuration,
    /// The PIN was refused, or is locked.
    Pin,
    /// Store or token are damaged, incomplete or of two servers.
    Damaged,
    /// The HSM does not answer, or the token is not there.
    HsmAway,
    /// An address cannot be had.
    Address,
    /// The store is in use by another process.
    StoreInUse,
    /// The system gives the process too little.
    System,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Why.
    pub exit: Exit,
    /// The number.
    pub code: u8,
    /// Why, for people.
    pub meaning: &'static str,
    /// Whether starting again may help without anybody doing anything.
    pub may_pass: bool,
}

const fn row(exit: Exit, code: u8, may_pass: bool, meaning: &'static str) -> Row {
    Row { exit, code, meaning, may_pass }
}

/// Every exit code of `keystead serve` and `keystead dev`.
pub const ROWS: &[Row] = &[
    row(Exit::Stopped, 0, false, "stopped when told to"),
    row(Exit::Failed, 1, true, "failed otherwise"),
    row(Exit::Usage, 2, false, "wrong usage"),
    row(
        Exit::Configuration,
        10,
        false,
        "the configuration is wrong, or a file that it names, or how the HSM is set up",
    ),
    row(Exit::Pin, 11, false, "the HSM refused the PIN, or it is locked: each try counts"),
    row(Exit::Damaged, 12, false, "store or token is damaged, incomplete, or that of another server"),
    row(Exit::HsmAway, 13, true, "the HSM does not answer, or the token is not there"),
    row(Exit::Address, 14, true, "an address to listen on cannot be had"),
    row(Exit::StoreInUse, 15, true, "the store is in use by another process"),
    row(Exit::System, 16, true, "the system gives too little: disk, open files"),
];

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        ROWS.iter().find(|row| row.exit == self).map_or(1, |row| row.code)
    }
}

/// `0 stopped when told to; 1 …`, as `--help` ends with.
pub fn help() -> String {
    let all: Vec<String> = ROWS.iter().map(|row| format!("{} {}", row.code, row.meaning)).collect();
    format!(
        "Exit codes: {}. For a unit of systemd: RestartPreventExitStatus={}",
        all.join("; "),
        never_again()
    )
}

/// The codes after which starting again does not help: `2 10 11 12`.
pub fn never_again() -> String {
    let codes = ROWS.iter().filter(|row| !row.may_pass && row.exit != Exit::Stopped);
    codes.map(|row| row.code.to_string()).collect::<Vec<_>>().join(" ")
}

/// Ends a process that uses a PKCS#11 module, at once: without exit handlers, for those of the module take down what a thread that
/// is inside of it still needs, and the process would end by a signal. Whatever was written is out first; the log holds nothing back.
#[allow(unsafe_code, reason = "a C interface")]
pub fn now(code: u8) -> ! {
    let _ = std::io::stdout().flush();
    let _ = std::io::stderr().flush();
    // SAFETY: takes a number and ends the process; nothing of it runs any more.
    unsafe { libc::_exit(code.into()) }
}

/// An error that ends a server.
pub trait Ends {
    /// Why it ends.
    fn exit(&self) -> Exit;
}

impl Ends for ConfigError {
    fn exit(&self) -> Exit {
        Exit::Configuration
    }
}

impl Ends for keystead_hsm::Error {
    fn exit(&self) -> Exit {
        use keystead_hsm::Error as Hsm;
        match self {
            Hsm::WrongPin | Hsm::PinLocked => Exit::Pin,
            Hsm::Module { .. }
            | Hsm::TokenAmbiguous { .. }
            | Hsm::NoSoftHsmConfig { .. }
            | Hsm::NoPin
            | Hsm::Unsuited { .. } => Exit::Configuration,
            Hsm::TokenMissing { .. }
            | Hsm::NotInitialised { .. }
            | Hsm::NoTokens { .. }
            | Hsm::Timeout(_)
            | Hsm::Busy(_)
            | Hsm::NoSession
            | Hsm::PinDoubted(_)
            | Hsm::Entropy
            | Hsm::Device { .. } => Exit::HsmAway,
            Hsm::KeyMissing(_)
            | Hsm::KeyExists(_)
            | Hsm::WrongKek(_)
            | Hsm::KeyUnfit { .. }
            | Hsm::WrongToken(_)
            | Hsm::Tampered
            | Hsm::Format(_) => Exit::Damaged,
            Hsm::Software(_) => Exit::Failed,
        }
    }
}

impl Ends for store::Error {
    fn exit(&self) -> Exit {
        use store::Error as Store;
        match self {
            Store::InUse { .. } | Store::LockLost { .. } => Exit::StoreInUse,
            Store::Damaged { .. }
            | Store::Format { .. }
            | Store::NoFormat
            | Store::Lost { .. }
            | Store::OtherStore { .. }
            | Store::Moved { .. }
            | Store::NotOurs { .. } => Exit::Damaged,
            Store::OtherEngine { .. }
            | Store::NotAnew { .. }
            | Store::NoFolder { .. }
            | Store::WrongKind { .. } => Exit::Configuration,
            Store::File { .. }
            | Store::NoLock { .. }
            | Store::Temporary { .. }
            | Store::DiskFails
            | Store::Full
            | Store::TooLarge
            | Store::NoDescriptor
            | Store::ReadOnly { .. } => Exit::System,
            _ => Exit::Failed,
        }
    }
}

impl Ends for vault::Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Hsm(error) | Self::MasterKey { error, .. } => error.exit(),
            Self::Store(error) => error.exit(),
            Self::Missing(_) | Self::Changed(_) | Self::Emptied { .. } | Self::Gone { .. } => Exit::Damaged,
            _ => Exit::Failed,
        }
    }
}

impl Ends for start::Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Hsm(error) => error.exit(),
            Self::Store(error) => error.exit(),
            Self::Vault(error) => error.exit(),
            Self::NoToken { .. } => Exit::HsmAway,
            Self::Listen(listen::Error::Bind { .. }) => Exit::Address,
            Self::Listen(_)
            | Self::Authority(_)
            | Self::PinFile { .. }
            | Self::PinDescriptor { .. }
            | Self::Clients(_) => Exit::Configuration,
            Self::Descriptors(_) => Exit::System,
            Self::System(_) => Exit::Failed,
        }
    }
}

impl Ends for dev::Error {
    fn exit(&self) -> Exit {
        match self {
            Self::HalfPair { .. }
            | Self::TokenLost { .. }
            | Self::StoreLost { .. }
            | Self::PinLost { .. } => Exit::Damaged,
            Self::Hsm(error) => error.exit(),
            Self::Pki(_) | Self::NoSoftHsm(_) => Exit::Configuration,
            Self::Place { error } => error.exit(),
            Self::Folder { .. } => Exit::System,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_means_one_thing_and_the_client_commands_have_others() {
        let mut codes: Vec<u8> = ROWS.iter().map(|row| row.code).collect();
        codes.dedup();
        assert_eq!(codes.len(), ROWS.len());
        assert!(codes.is_sorted() && codes.iter().all(|code| *code < 3 || *code >= 10));
        assert_eq!(never_again(), "2 10 11 12");
    }

    /// Who starts a server again does so for what may pass, and not for what somebody has to set right.
    #[test]
    fn what_the_hsm_may_get_over_is_told_from_how_it_is_set_up() {
        use keystead_hsm::Error as Hsm;
        let device = Hsm::Device { call: "C_Login", code: String::new() };
        let passing = [Hsm::NoSession, Hsm::Entropy, Hsm::PinDoubted(1), Hsm::Busy(""), device];
        assert!(passing.iter().all(|error| error.is_passing() && error.exit() == Exit::HsmAway));
        let unsuited = Hsm::Unsuited { call: "C_EncryptInit", code: String::new() };
        assert!([Hsm::NoPin, unsuited].iter().all(|error| error.exit() == Exit::Configuration));
    }
}
