//! The log: how much of it there is.

use crate::near;
use serde::Deserialize;
use tracing_subscriber::filter::Targets;

/// The levels, each with all before it.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// The crates that log: how they may be called beside the parts.
const CRATES: [&str; 9] = [
    "keystead",
    "keystead_base",
    "keystead_client",
    "keystead_crypto",
    "keystead_engine",
    "keystead_hsm",
    "keystead_records",
    "keystead_store",
    "keystead_vault",
];

/// The parts of the first of them that are crates of their own or stand in one, with what their modules are called by there.
const CRATES_OF_PARTS: &[(&str, &str)] = &[
    ("arguments", "keystead_client::arguments"),
    ("audit", "keystead_records::audit"),
    ("client", "keystead_client"),
    ("clock", "keystead_vault::clock"),
    ("crypto", "keystead_crypto"),
    ("engine", "keystead_engine"),
    ("keygen", "keystead_crypto::keygen"),
    ("keyspace", "keystead_records::keyspace"),
    ("near", "keystead_base::near"),
    ("output", "keystead_client::output"),
    ("regular", "keystead_base::regular"),
    ("store", "keystead_store"),
    ("terminal", "keystead_client::terminal"),
    ("text", "keystead_base::text"),
    ("vault", "keystead_vault"),
];

/// The parts of the first of them.
const PARTS: &[&str] = &[
    "admin",
    "admission",
    "arguments",
    "audit",
    "authenticate",
    "authority",
    "bench",
    "check",
    "client",
    "clock",
    "config",
    "crypto",
    "dev",
    "endpoints",
    "engine",
    "executor",
    "exit",
    "explain",
    "http",
    "jobs",
    "keygen",
    "keyspace",
    "listen",
    "logged",
    "near",
    "output",
    "pki",
    "regular",
    "server",
    "session",
    "softhsm",
    "start",
    "store",
    "suite_b",
    "swap",
    "terminal",
    "text",
    "vault",
];

/// What is near a module that does not exist; none where it does. What is below a part is not looked at.
fn unknown(target: &str) -> Option<String> {
    let mut names = target.split("::");
    let (first, second) = (names.next().unwrap_or_default(), names.next());
    if first.is_empty() {
        return None;
    }
    if !CRATES.contains(&first) {
        return Some(near::hint(first, CRATES));
    }
    let part = second.filter(|part| first == "keystead" && !PARTS.contains(part))?;
    Some(near::hint(part, PARTS.iter().copied()))
}

/// A part of a filter, with the crate of its own that the part of `keystead` is.
fn in_crates(part: &str) -> String {
    let target = part.strip_prefix("keystead::").and_then(|rest| {
        let end = rest.find([':', '=']).unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        CRATES_OF_PARTS.iter().find(|(part, _)| *part == name).map(|(_, target)| format!("{target}{rest}"))
    });
    target.unwrap_or_else(|| part.to_owned())
}

/// `[log]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// `off`, `error`, `warn`, `info`, `debug` or `trace`, or a filter such as `info,keystead::vault=debug`.
    pub level: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { level: "info".to_owned() }
    }
}

impl LogConfig {
    /// What is logged, or what is wrong with it. A filter takes a word that is no level for the name of a module, and
    /// one that does not exist switches the log off: so every part must name a level.
    pub fn filter(&self) -> Result<Targets, String> {
        let levels = LEVELS.map(|level| format!("{level:?}")).join(", ");
        let wrong = |what: &str| {
            format!(
                "log.level is {:?}, {what}: it can be {levels}, or a filter of parts MODULE=LEVEL and LEVEL, with commas \
                 and without spaces between them, such as \"info,keystead::vault=debug\"",
                self.level
            )
        };
        for part in self.level.split(',') {
            let (target, level) = part.rsplit_once('=').unwrap_or(("", part));
            if part.starts_with('=') {
                return Err(wrong(&format!("and {part:?} names no module before \"=\"")));
            }
            if !LEVELS.iter().any(|known| known.eq_ignore_ascii_case(level)) {
                return Err(wrong(&format!("and {level:?} is no level")));
            }
            if let Some(hint) = unknown(target) {
                return Err(wrong(&format!("and nothing that logs is called {target:?}{hint}")));
            }
        }
        let directives: Vec<String> = self.level.split(',').map(in_crates).collect();
        directives.join(",").parse().map_err(|_| wrong("which is no filter"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(level: &str) -> Result<String, String> {
        LogConfig { level: level.to_owned() }.filter().map(|filter| filter.to_string())
    }

    #[test]
    fn levels_and_filters_are_taken() {
        for level in LEVELS {
            assert_eq!(filter(level).as_deref(), Ok(level));
            assert_eq!(filter(&level.to_uppercase()).as_deref(), Ok(level));
        }
        for level in [
            "keystead::store::guard=debug,info",
            "keystead_hsm=trace",
            "keystead=debug",
            "info,keystead::vault=trace",
        ] {
            assert!(filter(level).is_ok(), "{level}");
        }
    }

    /// A misspelt module takes no effect, and one that does not exist switches everything else off.
    #[test]
    fn modules_that_do_not_exist_are_refused() {
        for (level, near) in [
            ("keystaed=debug", "\"keystead\""),
            ("info,keystead::valt=debug", "\"vault\""),
            ("keystead_hms=debug", "\"keystead_hsm\""),
            ("rustls=debug", ""),
            ("[request]=debug", ""),
            ("Keystead=debug", "\"keystead\""),
        ] {
            let error = filter(level).unwrap_err();
            assert!(
                error.contains("nothing that logs is called") && error.contains(near),
                "{level}: {error}"
            );
        }
    }

    #[test]
    fn the_parts_are_those_of_the_crate() {
        let parts = include_str!("../lib.rs").lines().filter_map(|line| {
            line.strip_prefix("pub mod ").or(line.strip_prefix("mod "))?.strip_suffix(';')
        });
        let mut parts: Vec<&str> = parts.chain(CRATES_OF_PARTS.iter().map(|(part, _)| *part)).collect();
        parts.sort_unstable();
        assert_eq!(parts, PARTS);
    }

    /// What is logged there comes under the name of that crate.
    #[test]
    fn a_part_with_a_crate_of_its_own_is_found_under_the_name_that_parts_have() {
        for (level, directive) in [
            ("keystead::store::guard=debug", "keystead_store::guard=debug"),
            ("keystead::vault=trace", "keystead_vault=trace"),
            ("keystead::audit=trace", "keystead_records::audit=trace"),
            ("keystead::listen=debug", "keystead::listen=debug"),
            ("keystead_store=debug", "keystead_store=debug"),
        ] {
            assert_eq!(in_crates(level), directive);
            assert!(filter(level).is_ok(), "{level}");
        }
    }

    /// `level = "loud"` was once taken for the name of a module, and nothing was logged.
    #[test]
    fn what_would_switch_the_log_off_by_mistake_is_refused() {
        for level in
            ["loud", "", "info,", "info ", "keystead", "keystead=loud", "a=b=c", "a=b=info", "=info", "3"]
        {
            let error = filter(level).unwrap_err();
            assert!(error.contains("log.level") && error.contains("\"debug\""), "{level:?}: {error}");
        }
    }
}
