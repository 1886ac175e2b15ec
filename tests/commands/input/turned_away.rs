//! Who is turned away before there is a client to speak of: log and `keystead explain` name the certificate and the true
//! cause, and each piece of advice, followed to the letter, lets the client in.

mod certificates;
mod chains;
mod generated;
mod lab;
mod proofs;
mod tls;

pub use lab::{CLIENT, Lab};

use keystead::listen::Reason;

/// Where each reason is met, by a client that is turned away for it.
const TESTS: &[&str] = &[
    include_str!("turned_away/certificates.rs"),
    include_str!("turned_away/chains.rs"),
    include_str!("turned_away/proofs.rs"),
    include_str!("turned_away/tls.rs"),
    include_str!("../../server/peers/slots.rs"),
    include_str!("../../server/principals/dates.rs"),
    include_str!("../../server/principals/lists.rs"),
    include_str!("../../server/principals/rolled.rs"),
];

#[test]
fn each_reason_is_met_by_a_test() {
    for reason in Reason::ALL {
        let quoted = format!("\"{reason:?}\"");
        assert!(
            TESTS.iter().any(|test| test.contains(&quoted)),
            "no client is turned away for {quoted} in a test"
        );
    }
}
