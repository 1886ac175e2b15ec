//! What the tests of the engine share with those of the server.
#![allow(clippy::print_stderr, reason = "a test tells what it skips")]

#[path = "../../../tests/support/costly.rs"]
pub mod costly;
#[path = "../../../tests/support/skip.rs"]
mod skip;

pub use skip::skip;
use std::path::Path;

/// The folder of the whole project.
pub fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
