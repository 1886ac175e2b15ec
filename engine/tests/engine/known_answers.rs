//! Known answers for what `keystead_crypto` offers: the vectors of Project Wycheproof, which hold the attacks too, and those
//! of NIST and the RFCs for each algorithm by its name in KMIP.

mod asymmetric;
mod derivations;
mod listed;
mod symmetric;
#[cfg(feature = "tr31")]
mod tr31;

use wycheproof::TestResult;

/// Whether what was found is what the vector wants; an acceptable one may go either way.
fn judge(set: &str, id: usize, comment: &str, wanted: TestResult, found: bool) {
    match wanted {
        TestResult::Valid => assert!(found, "{set} {id} is valid: {comment}"),
        TestResult::Invalid => assert!(!found, "{set} {id} is not valid: {comment}"),
        TestResult::Acceptable => {}
    }
}
