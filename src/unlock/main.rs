//! `keystead-unlock`: the small binary for hosts and initramfs, which makes LUKS2 volumes open with keys of a server.
//!
//! It writes no key to any file and puts none on a command line: keys go through pipes. It never removes a keyslot,
//! and it leaves all cryptography of the volume to `cryptsetup`.
//!
//! ```text
//! enroll: key on the server -> token "adding" -> keyslot -> tried -> token "active"
//! unlock: token in the header -> key from a server, state checked -> cryptsetup open
//! ```
//!
//! Exit codes: 0 done; 1 something on this machine; 2 wrong usage; 3 no server could be reached in time; 4 the key
//! is refused, unknown or may not be used, or one side does not accept the other's certificate; 5 cryptsetup failed.

mod command;
mod cryptsetup;
mod enroll;
mod error;
mod header;
mod lock;
mod open;
mod passphrase;
mod server;
mod token;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::run()
}

/// Tells a person what goes on; standard output stays free for what programs read.
fn say(line: std::fmt::Arguments<'_>) {
    use std::io::Write as _;
    // Nobody may be there to read it: that must not stop a boot.
    let _ = writeln!(std::io::stderr(), "keystead-unlock: {line}");
}
