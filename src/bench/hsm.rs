//! What the HSM can do by itself: how often a second it opens what is sealed.

use super::figures::{Beside, Latency};
use crate::client::Error;
use crate::config::Config;
use crate::start;
use std::path::Path;
use std::time::Duration;

/// So many threads at once are tried.
const THREADS: [usize; 4] = [1, 2, 4, 8];

/// Beyond the time that is measured, how long the token may take for its key.
const SPARE: Duration = Duration::from_secs(30);

/// Measures the token of a server's configuration, with a key that is gone with the session.
pub fn measure(config: &Config, time: Duration) -> Result<Vec<Beside>, Error> {
    let failed = |error: &dyn std::error::Error| {
        Error::setup(error.to_string(), "give with --hsm the configuration of the server")
    };
    if config.hsm.danger_software_keys.is_some() {
        return Err(Error::setup(
            "this configuration has its master keys in files: there is no HSM",
            "measure without --hsm",
        ));
    }
    let most = THREADS.into_iter().max().unwrap_or(1);
    let token = start::token(config, most, time + SPARE).map_err(|error| failed(&error))?;
    let one = |threads| {
        let per_second = token.openings_per_second(threads, time).map_err(|error| failed(&error))?;
        let latency_microseconds =
            Latency { p50: threads as f64 * 1e6 / per_second.max(1e-9), ..Latency::default() };
        Ok(Beside {
            what: "AES-256-GCM decryption of 32 bytes in the HSM".to_owned(),
            at_once: threads,
            per_second,
            latency_microseconds,
        })
    };
    THREADS.into_iter().map(one).collect()
}

/// Reads the configuration, and tells SoftHSM which of its own to read. To be called before there is another thread.
pub fn prepare(file: &Path, use_softhsm: fn(&Path)) -> Result<Config, Error> {
    let config = Config::read(file).map_err(|error| {
        Error::usage(error.to_string(), "give with --hsm the configuration of the server")
    })?;
    if let Some(softhsm) = &config.hsm.softhsm_config {
        use_softhsm(softhsm);
    }
    Ok(config)
}
