//! The log: how much of it there is.

use serde::Deserialize;
use tracing_subscriber::EnvFilter;

/// The levels, each with all before it.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

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
    pub fn filter(&self) -> Result<EnvFilter, String> {
        let levels = LEVELS.map(|level| format!("{level:?}")).join(", ");
        let wrong = |what: &str| {
            format!(
                "log.level is {:?}, {what}: it can be {levels}, or a filter of parts MODULE=LEVEL and LEVEL, with commas \
                 and without spaces between them, such as \"info,keystead::vault=debug\"",
                self.level
            )
        };
        for part in self.level.split(',') {
            let level = part.rsplit_once('=').map_or(part, |(_, level)| level);
            if !LEVELS.iter().any(|known| known.eq_ignore_ascii_case(level)) {
                return Err(wrong(&format!("and {level:?} is no level")));
            }
        }
        EnvFilter::try_new(&self.level).map_err(|_| wrong("which is no filter"))
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
        for level in ["keystead=debug", "info,keystead::vault=trace", "warn,[request{id=7}]=debug"] {
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
