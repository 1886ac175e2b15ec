//! `keystead-unlock`: as it is installed, static (`make dist`).

use std::process::ExitCode;

fn main() -> ExitCode {
    keystead_unlock::run()
}
