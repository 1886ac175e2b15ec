//! Texts that say nothing where they are empty, and lists that do.

use super::Config;
use super::wrong::Wrong;

/// Refuses empty texts and lists: leaving a key out is how nothing is said.
pub fn check(config: &Config) -> Result<(), Wrong> {
    let blank = |text: &str| text.trim().is_empty() || text.chars().any(char::is_control);
    match texts(config).into_iter().find(|(_, text)| blank(text)) {
        Some((key, text)) if text.trim().is_empty() => {
            Err(Wrong::new(key, "it is empty: give it a text, or leave the key out where it has a default"))
        }
        Some((key, _)) => {
            Err(Wrong::new(key, "it has control characters, such as a line end: write it without"))
        }
        None => Ok(()),
    }
}

fn texts<'c>(config: &'c Config) -> Vec<(String, &'c str)> {
    let (server, hsm) = (&config.server, &config.hsm);
    let single = [
        ("server.vendor", Some(&server.vendor)),
        ("server.name", server.name.as_ref()),
        ("server.serial_number", server.serial_number.as_ref()),
        ("server.cluster", server.cluster.as_ref()),
        ("hsm.token", hsm.token.as_ref()),
        ("hsm.serial", hsm.serial.as_ref()),
        ("certify.object", config.certify.object.as_ref()),
    ];
    let mut all: Vec<(String, &'c str)> = Vec::new();
    let mut add = |key: String, text: Option<&'c String>| all.extend(text.map(|text| (key, text.as_str())));
    single.into_iter().for_each(|(key, text)| add(key.to_owned(), text));
    for (place, text) in server.failover.iter().enumerate() {
        add(format!("server.failover[{place}]"), Some(text));
    }
    for (row, group) in config.groups.iter().enumerate() {
        add(format!("groups[{row}].name"), Some(&group.name));
    }
    for (row, persona) in config.personas.iter().enumerate() {
        add(format!("personas[{row}].name"), Some(&persona.name));
    }
    for (row, group) in config.object_groups.iter().enumerate() {
        add(format!("object_groups[{row}].name"), Some(&group.name));
    }
    for (row, credential) in config.credentials.iter().enumerate() {
        add(format!("credentials[{row}].name"), Some(&credential.name));
        add(format!("credentials[{row}].username"), credential.username.as_ref());
        add(format!("credentials[{row}].device"), credential.device.as_ref());
    }
    for (row, endpoint) in config.endpoints.iter().enumerate() {
        add(format!("endpoints[{row}].server_name"), endpoint.server_name.as_ref());
    }
    for (row, extension) in config.extensions.iter().enumerate() {
        add(format!("extensions[{row}].name"), Some(&extension.name));
        add(format!("extensions[{row}].description"), extension.description.as_ref());
    }
    for (row, validation) in config.validations.iter().enumerate() {
        for (key, text) in [
            ("country", &validation.country),
            ("authority_uri", &validation.authority_uri),
            ("certificate", &validation.certificate),
            ("certificate_uri", &validation.certificate_uri),
            ("vendor_uri", &validation.vendor_uri),
        ] {
            add(format!("validations[{row}].{key}"), text.as_ref());
        }
        for (place, text) in validation.profiles.iter().enumerate() {
            add(format!("validations[{row}].profiles[{place}]"), Some(text));
        }
    }
    all
}
