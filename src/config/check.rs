//! What fits together, beyond what each key may be: contradictions, and values that KMIP does not have.

use super::Config;
use super::wrong::Wrong;
use super::{EndpointConfig, ObjectGroupConfig, numbers, texts};
use crate::admission::PARTS;
use crate::authenticate::password;
use crate::engine::query::server_information::{Extension, Validation};
use crate::engine::settings::Place;
use crate::near;
use kmip_codec::enums::CryptographicAlgorithm;
use kmip_codec::limits::MESSAGE_BYTES_MAX;
use std::collections::HashSet;
use std::fmt::Display;

/// Refuses what can never work or take effect.
pub fn check(config: &Config) -> Result<(), Wrong> {
    numbers::check(config)?;
    texts::check(config)?;
    addresses(config)?;
    tls(config)?;
    config.log.filter().map_err(|what| Wrong::new("log.level", what))?;
    rows("https.public", &config.https.public, Place::check)?;
    rows("endpoints", &config.endpoints, EndpointConfig::check)?;
    rows("attestation", &config.attestation, super::AttestationConfig::check)?;
    rows("object_groups", &config.object_groups, ObjectGroupConfig::check)?;
    rows("extensions", &config.extensions, Extension::check)?;
    rows("validations", &config.validations, Validation::check)?;
    if let Err(name) = config.objects.withheld() {
        let known = CryptographicAlgorithm::ROWS.iter().map(|row| row.1);
        let place = config.objects.withheld.iter().position(|one| *one == name).unwrap_or_default();
        let what = format!("KMIP has no Cryptographic Algorithm of this name{}", near::hint(&name, known));
        return Err(Wrong::new(format!("objects.withheld[{place}]"), what));
    }
    certify(config)?;
    credentials(config)?;
    in_flight(config)?;
    hsm(config)
}

/// Checks each row of a table; what is wrong names its key.
fn rows<T, K: Display>(
    table: &str,
    all: &[T],
    check: impl Fn(&T) -> Result<(), (K, String)>,
) -> Result<(), Wrong> {
    all.iter().enumerate().try_for_each(|(row, one)| {
        check(one).map_err(|(key, what)| Wrong::new(format!("{table}[{row}].{key}"), what))
    })
}

fn addresses(config: &Config) -> Result<(), Wrong> {
    if config.listen.is_empty() {
        return Err(Wrong::new("listen", "it is empty: name an address such as \"0.0.0.0:5696\""));
    }
    let mut taken = HashSet::new();
    for (key, all) in [("listen", &config.listen), ("https.listen", &config.https.listen)] {
        for (place, address) in all.iter().enumerate() {
            if address.port() != 0 && !taken.insert(address) {
                return Err(Wrong::new(
                    format!("{key}[{place}]"),
                    "this address stands here twice: each can be listened on once",
                ));
            }
        }
    }
    Ok(())
}

fn tls(config: &Config) -> Result<(), Wrong> {
    let tls = &config.tls;
    if !matches!(tls.minimum.as_str(), "1.2" | "1.3") {
        return Err(Wrong::new("tls.minimum", "it can be \"1.2\" or \"1.3\""));
    }
    if tls.suite_b.is_some() && tls.minimum != "1.2" {
        let what = "tls.suite_b is defined for TLS 1.2: leave out tls.minimum or tls.suite_b";
        return Err(Wrong::new("tls.minimum", what));
    }
    match (&tls.second_certificate, &tls.second_key) {
        (Some(_), None) => Err(Wrong::new(
            "tls.second_certificate",
            "its private key is missing: say tls.second_key as well",
        )),
        (None, Some(_)) => Err(Wrong::new(
            "tls.second_key",
            "its certificate is missing: say tls.second_certificate as well",
        )),
        _ => Ok(()),
    }
}

fn certify(config: &Config) -> Result<(), Wrong> {
    let certify = &config.certify;
    match (&certify.certificate, &certify.key, &certify.object) {
        (Some(_), Some(_), Some(_)) => Err(Wrong::new(
            "certify.object",
            "certify.key says where the private key is already: leave one of them out",
        )),
        (None, Some(_), _) => {
            Err(Wrong::new("certify.key", "its certificate is missing: say certify.certificate as well"))
        }
        (None, _, Some(_)) => {
            Err(Wrong::new("certify.object", "its certificate is missing: say certify.certificate as well"))
        }
        (Some(_), None, None) => Err(Wrong::new(
            "certify.certificate",
            "its private key is missing: say certify.key or certify.object as well",
        )),
        _ => Ok(()),
    }
}

/// Shares that could never be used, and messages that could never come in.
fn in_flight(config: &Config) -> Result<(), Wrong> {
    let limits = &config.limits;
    if limits.bytes_in_flight_per_client > limits.bytes_in_flight {
        let what = format!(
            "one client cannot have more in flight than all together: at most limits.bytes_in_flight, {}",
            limits.bytes_in_flight
        );
        return Err(Wrong::new("limits.bytes_in_flight_per_client", what));
    }
    // Longer messages are refused by the codec, whatever stands here.
    let message = limits.message_bytes.min(MESSAGE_BYTES_MAX);
    if limits.bytes_in_flight_per_client < message * PARTS {
        let what = format!(
            "a message takes a quarter of it at most, and there may be messages of {message} bytes (limits.message_bytes): it \
             must be at least {}",
            message * PARTS
        );
        return Err(Wrong::new("limits.bytes_in_flight_per_client", what));
    }
    Ok(())
}

fn credentials(config: &Config) -> Result<(), Wrong> {
    for (row, credential) in config.credentials.iter().enumerate() {
        if credential.username.is_some() == credential.device.is_some() {
            let what = "a credential is known in one way: say username or device";
            return Err(Wrong::new(format!("credentials[{row}]"), what));
        }
        if !password::is_hash(&credential.password) {
            let what = "this is no hash of a password: make one with `keystead client password`";
            return Err(Wrong::new(format!("credentials[{row}].password"), what));
        }
    }
    Ok(())
}

fn hsm(config: &Config) -> Result<(), Wrong> {
    let hsm = &config.hsm;
    let tokens = [
        ("hsm.token", hsm.token.is_some()),
        ("hsm.serial", hsm.serial.is_some()),
        ("hsm.slot", hsm.slot.is_some()),
    ];
    let named: Vec<&str> = tokens.iter().filter(|(_, is_named)| *is_named).map(|(key, _)| *key).collect();
    if hsm.danger_software_keys.is_some() {
        let beside = named.first().copied().or(hsm.module.is_some().then_some("hsm.module"));
        return match beside {
            Some(key) => Err(Wrong::new(
                key,
                "hsm.danger_software_keys keeps the master keys in files: leave one of them out",
            )),
            None => Ok(()),
        };
    }
    if hsm.module.is_none() {
        return Err(Wrong::new("hsm.module", "hsm.module is missing: name the PKCS#11 module of your HSM"));
    }
    if named.len() != 1 {
        let key = named.last().copied().unwrap_or("hsm.token");
        return Err(Wrong::new(key, "name the token in one way: hsm.token, hsm.serial or hsm.slot"));
    }
    if hsm.pin_file.is_some() == hsm.pin_descriptor.is_some() {
        let what = "say where the PIN is, in one way: hsm.pin_file or hsm.pin_descriptor";
        return Err(Wrong::new("hsm.pin_file", what));
    }
    match hsm.pin_descriptor {
        Some(number) if number < 0 => Err(Wrong::new(
            "hsm.pin_descriptor",
            "it must be at least 0: the number of an open file descriptor",
        )),
        _ => Ok(()),
    }
}
