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
        let hash = keystead::authenticate::password_hash(password.as_bytes(), &[7; 16]);
        format!("[[credentials]]\nname = \"{who}\"\n{kind} = \"{who}\"\npassword = \"{hash}\"\n")
    });
    vec![(String::new(), [persona.to_owned()].into_iter().chain(clients).chain(credentials).collect())]
}

/// What was made for a new client (TC-CREG-1) is fetched by who installs it, with another certificate and the user name and
/// password of the case (TC-CREG-2).
pub fn registered_by_password(cases: &[&Case]) -> Vec<(String, String)> {
    let hash = keystead::authenticate::password_hash(b"one-time-password", &[7; 16]);
    let common = format!(
        "[[credentials]]\nname = \"one-time\"\nusername = \"one-time-user\"\npassword = \"{hash}\"\n\
         [[personas]]\nname = \"installers\"\nswitches = {{ credentials = \"identify\" }}\n"
    );
    let first = cases.iter().filter(|case| case.name.contains("TC-CREG-1-"));
    let groups = first.map(|case| {
        let (owner, installer) = (owner(case), installer(case));
        format!(
            "[[clients]]\nname = \"{installer}\"\npersona = \"installers\"\n[[groups]]\nname = \"{owner}\"\n\
             members = [\"{owner}\", \"{installer}/one-time\"]\ndefault = true\n"
        )
    });
    vec![(String::new(), std::iter::once(common).chain(groups).collect())]
}

/// The certificate of who installs the client of a case.
pub fn installer(case: &Case) -> String {
    format!("{}-installer", owner(case))
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
