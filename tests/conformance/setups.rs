//! The servers that the cases need: what an answer says of a server's own configuration (its groups, generators,
//! profiles …) differs between cases, so each such family runs against a server configured for it. The rest, nearly
//! all, share the first.

use super::case::{Case, Node};
use super::{owner, personas};
use crate::support::clock::Clock;
use crate::support::dev::Dev;
use keystead::engine::query::profiles::{Needs, PROFILES};
use kmip_codec::enums::ItemType;
use kmip_codec::version::V2_1;
use std::collections::BTreeSet;
use std::path::Path;

/// A configuration and the cases that want it.
pub struct Setup {
    /// What the folder of the server is called.
    pub name: &'static str,
    /// Which cases run against it; a case runs against the first setup that wants it, from the end of the table.
    wants: fn(&Case) -> bool,
    /// Words of the configuration of `dev` and what they become; words for none are added at its end.
    changes: fn(&[&Case]) -> Vec<(String, String)>,
}

/// The setup whose server goes by a clock of its own.
const CLOCKED: &str = "clocked";

/// A server, with the clock that it goes by where that is not the machine's.
pub struct Server {
    pub dev: Dev,
    pub clock: Option<Clock>,
}

/// Every setup; the first is for all cases that no other wants.
pub const SETUPS: &[Setup] = &[
    Setup { name: "plain", wants: |_| true, changes: groups_of_two },
    Setup {
        name: "strict",
        // What a profile promises to clients without a grant is proven without one.
        wants: |case| {
            PROFILES
                .iter()
                .any(|profile| profile.needs == Needs::Nothing && profile.is_proven_by(case.stem()))
        },
        changes: |_| vec![("weak_keys = true".to_owned(), "weak_keys = false".to_owned())],
    },
    Setup {
        name: "seeded",
        // Three generators: that of keys, the same with seeds, the token's.
        wants: |case| ["/CS-RNG-O-1-", "/TC-Q-RNGS-4-"].iter().any(|name| case.name.contains(name)),
        changes: |_| added("[rng]\nseeding = \"accept\""),
    },
    Setup {
        name: "seeded-in-part",
        wants: |case| case.name.contains("/CS-RNG-O-2-"),
        changes: |_| added("[rng]\nseeding = \"accept\"\nseed_bytes_max = 16"),
    },
    Setup {
        name: "not-seeded",
        wants: |case| case.name.contains("/CS-RNG-O-4-"),
        changes: |_| added("[rng]\nseeding = \"refuse\""),
    },
    Setup {
        name: "pads",
        wants: |case| ["/TC-OTP-4-", "/TC-OTP-5-"].iter().any(|name| case.name.contains(name)),
        changes: |_| {
            let changed =
                "[objects]\nwithheld = [\"OneTimePad\"]\ndanger_reuse_one_time_pads = true".to_owned();
            vec![("[objects]".to_owned(), changed)]
        },
    },
    Setup {
        name: "reticent",
        wants: |case| case.name.contains("TC-Q-CAP-1"),
        changes: |_| {
            added("[server]\ndetails = false\n[features]\nstreaming = false\nasynchronous = false\n")
        },
    },
    Setup {
        name: "patient",
        wants: |case| case.family == "TC-32",
        // What it cancels must not have begun yet.
        changes: |_| added("[asynchronous]\ndelay_milliseconds = 1000\n"),
    },
    Setup {
        name: "groups",
        wants: |case| case.family == "TC-151",
        changes: |_| {
            added(
                "[[object_groups]]\nname = \"default\"\nalgorithm = \"AES\"\nlength = 256\n\
                 usage = [\"Encrypt\", \"Decrypt\"]\n",
            )
        },
    },
    Setup { name: "constrained", wants: |case| case.name.contains("TC-MD-24-"), changes: by_administrators },
    Setup {
        name: "told",
        // TC-121 and QS-M-1 want a server that says that it sends.
        wants: |case| {
            ["TC-NP", "TC-121"].contains(&case.family.as_str())
                || ["TC-Q-S2C", "/QS-M-1-"].iter().any(|name| case.name.contains(name))
        },
        changes: super::told::configured,
    },
    Setup {
        name: "stated",
        wants: |case| case.name.contains("TC-122") || case.name.contains("TC-Q-VAL-1"),
        changes: stated,
    },
    Setup {
        name: "credentials",
        wants: |case| ["TC-111", "TC-112"].contains(&case.family.as_str()),
        changes: personas::told_by_credentials,
    },
    Setup {
        name: "public",
        wants: |case| case.name.contains("TC-Q-PROF"),
        // Two ways to one server: TC-Q-PROF-3 has two ports for its profiles.
        changes: |_| {
            let place =
                |port| format!("[[https.public]]\nuri = \"https://SERVER-NAME:5696/kmip\"\nport = {port}\n");
            added(&(place(5696) + &place(65524)))
        },
    },
    Setup {
        name: "registering",
        wants: |case| case.name.contains("CREG"),
        changes: personas::registered_by_password,
    },
    Setup {
        name: "attesting",
        wants: |case| ["TC-Q-CAP-2-", "TC-Q-CAP-3-"].iter().any(|name| case.name.contains(name)),
        changes: |_| attesting(),
    },
    Setup { name: "leases", wants: |case| case.name == "1.0/TC-95-10", changes: personas::leases },
    Setup {
        name: "listened-to",
        wants: |case| ["MSGENC", "/TC-LOGIN-1-"].iter().any(|name| case.name.contains(name)),
        changes: |_| listened_to(),
    },
    Setup { name: "suite-b-128", wants: |case| case.name.contains("SUITEB-128"), changes: |_| listened_to() },
    Setup { name: "suite-b-192", wants: |case| case.name.contains("SUITEB-192"), changes: |_| listened_to() },
    // Its cases let a date pass.
    Setup { name: CLOCKED, wants: |case| case.family == "TC-92", changes: |_| Vec::new() },
    Setup { name: "certifying", wants: |case| case.family == "TC-134", changes: certifying },
];

/// Cases that begin where another one ends, each with an object of its own: the part of its name, and the other case.
const BEGINNINGS: &[(&str, &str)] =
    &[("/TC-OTP-SETUP-", ""), ("/TC-OTP-3-", "1.3/TC-OTP-SETUP-2-13"), ("/TC-OTP-", "1.3/TC-OTP-SETUP-1-13")];

/// Puts the steps of the beginnings before those of the cases that need them.
pub fn begin(cases: &mut [Case]) {
    let mut beginnings = Vec::new();
    for (place, case) in cases.iter().enumerate() {
        let row = BEGINNINGS.iter().find(|(part, _)| case.name.contains(part));
        let first = row.and_then(|(_, first)| cases.iter().find(|case| case.name == *first));
        beginnings.extend(first.map(|first| (place, first.steps.clone())));
    }
    for (place, mut steps) in beginnings {
        steps.append(&mut cases[place].steps);
        cases[place].steps = steps;
    }
}

/// The authority that signs in TC-134, with the name that the cases print.
fn certifying(_: &[&Case]) -> Vec<(String, String)> {
    let mut params = rcgen::CertificateParams::default();
    let name = [
        (rcgen::DnType::CountryName, "US"),
        (rcgen::DnType::OrganizationName, "TEST"),
        (rcgen::DnType::OrganizationalUnitName, "OASIS"),
        (rcgen::DnType::CommonName, "KMIP"),
    ];
    params.distinguished_name = rcgen::DistinguishedName::new();
    let printable = |value: &str| rcgen::DnValue::PrintableString(value.try_into().unwrap());
    name.into_iter().for_each(|(kind, value)| params.distinguished_name.push(kind, printable(value)));
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let written =
        [("certify.pem", params.self_signed(&key).unwrap().pem()), ("certify.key", key.serialize_pem())];
    let absolute = |(name, text): (&str, String)| {
        let path = folder.join(format!("{}-{name}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        (format!("{name:?}"), format!("{:?}", path.to_str().unwrap()))
    };
    written.map(absolute).into()
}

/// Tags and the keys that they become.
type Keys = &'static [(&'static str, &'static str)];

/// What an operator states, as tag and key of the configuration: taken from the cases, for no statement of theirs is ours.
const STATED: &[(&str, &str, Keys)] = &[
    (
        "ExtensionInformation",
        "extensions",
        &[("ExtensionName", "name"), ("ExtensionTag", "tag"), ("ExtensionType", "type")],
    ),
    (
        "ValidationInformation",
        "validations",
        &[
            ("ValidationAuthorityType", "authority"),
            ("ValidationAuthorityCountry", "country"),
            ("ValidationAuthorityURI", "authority_uri"),
            ("ValidationVersionMajor", "version_major"),
            ("ValidationType", "type"),
            ("ValidationLevel", "level"),
            ("ValidationCertificateIdentifier", "certificate"),
            ("ValidationCertificateURI", "certificate_uri"),
        ],
    ),
];

/// The statements that the answers of these cases hold, each once and in full.
fn stated(cases: &[&Case]) -> Vec<(String, String)> {
    let mut tables = BTreeSet::new();
    for response in cases.iter().flat_map(|case| &case.steps).map(|step| &step.response) {
        response.walk(&mut |node| {
            let row = STATED.iter().find(|row| row.0 == node.tag && node.items.len() == row.2.len());
            tables.extend(row.map(|(_, section, keys)| {
                let keys =
                    keys.iter().map(|(tag, key)| format!("{key} = {}\n", toml(node.item(tag).unwrap())));
                format!("[[{section}]]\n{}", keys.collect::<String>())
            }));
        });
    }
    added(&tables.into_iter().collect::<String>())
}

/// The value of a node as TOML; an extension's type, a number in 1.x, by its name.
fn toml(node: &Node) -> String {
    match (node.tag.as_str(), node.kind.as_deref()) {
        ("ExtensionType", _) => {
            let name = ItemType(node.value.parse().unwrap()).name(V2_1);
            format!("{:?}", name.unwrap())
        }
        (_, Some("Integer")) => node.value.clone(),
        _ => format!("{:?}", node.value),
    }
}

/// A client that gets keys with a quote of its TPM alone: Query says that the server judges them.
fn attesting() -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-attestation.pem", std::process::id()));
    std::fs::write(&path, crate::support::tpm::Tpm::new().public_pem).unwrap();
    let value = "00".repeat(32);
    added(&format!(
        "[[attestation]]\nclient = \"host\"\nkey = {:?}\nregisters = {{ \"7\" = \"{value}\" }}\n",
        path.to_str().unwrap()
    ))
}

/// A client that turns its connection around and is told then: Query lists Notify and Put where there is one.
fn listened_to() -> Vec<(String, String)> {
    added("[[endpoints]]\nclient = \"listener\"\n")
}

/// Constraints are set by administrators, and the client of the case is one; Interop is served.
fn by_administrators(cases: &[&Case]) -> Vec<(String, String)> {
    let names: Vec<String> = cases.iter().map(|case| format!("{:?}", owner(case))).collect();
    let admins = format!("names = [\"admin\", {}]", names.join(", "));
    let mut changes = groups_of_two(cases);
    changes.push(("names = [\"admin\"]".to_owned(), admins));
    changes
}

/// Words at the end of the configuration.
fn added(words: &str) -> Vec<(String, String)> {
    vec![(String::new(), words.to_owned())]
}

/// The setup of a case, as its place in the table.
pub fn of(case: &Case) -> usize {
    SETUPS.iter().rposition(|setup| (setup.wants)(case)).unwrap_or_default()
}

impl Setup {
    /// Starts the server for these cases, in a folder of its own; one that is called so in a level of Suite B.
    pub fn start(&self, folder: &Path, cases: &[&Case]) -> Server {
        if self.name == CLOCKED
            && let Some(clock) = Clock::new(folder)
        {
            let log = std::fs::File::create(folder.join("clocked.log")).unwrap();
            return Server { dev: Dev::by_clock(&folder.join(self.name), &clock, log), clock: Some(clock) };
        }
        let changes = (self.changes)(cases);
        let changes: Vec<_> = changes.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
        let folder = folder.join(self.name);
        let dev = match self.name.strip_prefix("suite-b-") {
            Some(level) => Dev::suite_b_configured(&folder, level, &changes),
            None => Dev::configured(&folder, &changes),
        };
        Server { dev, clock: None }
    }
}

/// Puts the two clients of each TC-314 case into one group.
fn groups_of_two(cases: &[&Case]) -> Vec<(String, String)> {
    let pairs = cases.iter().filter(|case| case.family == "TC-314").map(|case| {
        let owner = owner(case);
        format!("[[groups]]\nname = \"{owner}\"\nmembers = [\"{owner}-A\", \"{owner}-B\"]\ndefault = true\n")
    });
    vec![(String::new(), pairs.collect::<Vec<_>>().join("\n"))]
}
