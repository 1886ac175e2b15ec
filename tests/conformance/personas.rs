//! Personas that cases want: clients that share a certificate and are told apart by their credentials, where the wrong
//! one learns that it is denied (TC-111, TC-112); and leases (TC-95).

use super::case::Case;
use super::owner;

/// The users and devices of TC-111 and TC-112, each with its password.
const CREDENTIALS: &[(&str, &str, &str)] = &[
    ("username", "Fred", "password1"),
    ("username", "Barney", "secret2"),
    ("device", "devID2233", "secret"),
    ("device", "devID4444", "passwd"),
];

/// Each case's client is who its credential tells.
pub fn told_by_credentials(cases: &[&Case]) -> Vec<(String, String)> {
    let persona = "[[personas]]\nname = \"by-credential\"\n\
        switches = { credentials = \"identify\", disclose = true }\n";
    let clients = clients(cases, "by-credential");
    let credentials = CREDENTIALS.iter().map(|(kind, who, password)| {
        let hash = keystead::gate::password_hash(password.as_bytes(), &[7; 16]);
        format!("[[credentials]]\nname = \"{who}\"\n{kind} = \"{who}\"\npassword = \"{hash}\"\n")
    });
    vec![(String::new(), [persona.to_owned()].into_iter().chain(clients).chain(credentials).collect())]
}

/// Sixteen seconds, and no limit for keys that took the place of others (KMIP 1.0, 4.16).
pub fn leases(cases: &[&Case]) -> Vec<(String, String)> {
    let persona = "[[personas]]\nname = \"short-leases\"\n\
        switches = { lease_seconds = 16, replacement_lease_seconds = 0 }\n";
    let clients = clients(cases, "short-leases");
    vec![(String::new(), [persona.to_owned()].into_iter().chain(clients).collect())]
}

/// The clients of the cases, under one persona.
fn clients<'c>(cases: &'c [&Case], persona: &'c str) -> impl Iterator<Item = String> + 'c {
    cases
        .iter()
        .map(move |case| format!("[[clients]]\nname = \"{}\"\npersona = \"{persona}\"\n", owner(case)))
}
