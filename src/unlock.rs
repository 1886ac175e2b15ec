//! `keystead-unlock`: as it is built for work on the project and for its tests.

use std::process::ExitCode;

fn main() -> ExitCode {
    keystead_unlock::run()
}
