//! The table, and the typed settings read by it.

use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::time::Duration;

use super::sources::{ConfigError, Sources};

/// One row: everything there is to know about a setting.
#[derive(Debug)]
pub struct Setting {
    /// Its name in the file, `table.key`.
    pub key: &'static str,
    /// Its environment variable.
    pub variable: &'static str,
    /// Its value where nobody says anything.
    pub default: &'static str,
    /// What it does, with unit and limits.
    pub purpose: &'static str,
}

const ENGINE_HOST: Setting = Setting {
    key: "engine.host",
    variable: "DOCKER_HOST",
    default: "unix:///var/run/docker.sock",
    purpose: "Where the Docker Engine is: `unix:///path` or `tcp://host:port` (plain).",
};
const EXECUTION_ROLE: Setting = Setting {
    key: "identity.execution_role",
    variable: "TASKPULL_EXECUTION_ROLE",
    default: "assume",
    purpose: "`assume`: secrets are read as the task's execution role, as ECS does. `ignore`: as the host.",
};
const SECRETS_TIMEOUT: Setting = Setting {
    key: "secrets.timeout",
    variable: "TASKPULL_SECRETS_TIMEOUT",
    default: "10s",
    purpose: "The longest wait for one secret, roles and retries included; from 100ms to 10m.",
};
const CONCURRENCY: Setting = Setting {
    key: "pull.concurrency",
    variable: "TASKPULL_CONCURRENCY",
    default: "8",
    purpose: "Pulls the engine is asked for at the same time, from 1 to 1000. The engine has a limit of its own for layers (`max-concurrent-downloads`, 3).",
};
const ATTEMPTS: Setting = Setting {
    key: "pull.attempts",
    variable: "TASKPULL_ATTEMPTS",
    default: "5",
    purpose: "Attempts at one pull when the registry does not answer or throttles, from 1 to 100. A refusal is never tried again.",
};
const IDLE_TIMEOUT: Setting = Setting {
    key: "pull.idle_timeout",
    variable: "TASKPULL_IDLE_TIMEOUT",
    default: "1m",
    purpose: "The longest time in which the engine may say nothing about a pull; from 1s to 1h.",
};
const TOTAL_TIMEOUT: Setting = Setting {
    key: "pull.total_timeout",
    variable: "TASKPULL_TOTAL_TIMEOUT",
    default: "2h",
    purpose: "The longest time for one pull with all its attempts; from 1s to 24h.",
};

/// Every setting there is.
pub const SETTINGS: &[&Setting] =
    &[&ENGINE_HOST, &EXECUTION_ROLE, &SECRETS_TIMEOUT, &CONCURRENCY, &ATTEMPTS, &IDLE_TIMEOUT, &TOTAL_TIMEOUT];

/// The settings of one run, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `engine.host`
    pub engine_host: String,
    /// `identity.execution_role`: whether it is assumed.
    pub assume_execution_role: bool,
    /// `secrets.timeout`
    pub secrets_timeout: Duration,
    /// `pull.concurrency`
    pub concurrency: NonZeroUsize,
    /// `pull.attempts`
    pub attempts: u32,
    /// `pull.idle_timeout`
    pub idle_timeout: Duration,
    /// `pull.total_timeout`
    pub total_timeout: Duration,
}

impl Settings {
    /// Reads every setting.
    ///
    /// # Errors
    /// [`ConfigError`], naming the setting, its value, and where that was found.
    pub fn read(sources: &Sources) -> Result<Self, ConfigError> {
        const SECOND: Duration = Duration::from_secs(1);
        Ok(Self {
            engine_host: sources.read(&ENGINE_HOST, "an address", |text| Some(text.to_owned()))?,
            assume_execution_role: sources.read(&EXECUTION_ROLE, "`assume` or `ignore`", |text| match text {
                "assume" => Some(true),
                "ignore" => Some(false),
                _ => None,
            })?,
            secrets_timeout: sources.duration(&SECRETS_TIMEOUT, Duration::from_millis(100), 600 * SECOND)?,
            concurrency: sources.read(&CONCURRENCY, "a number from 1 to 1000", |text| {
                text.parse().ok().filter(|number: &NonZeroUsize| number.get() <= 1_000)
            })?,
            attempts: sources.read(&ATTEMPTS, "a number from 1 to 100", |text| {
                text.parse().ok().filter(|number| (1..=100).contains(number))
            })?,
            idle_timeout: sources.duration(&IDLE_TIMEOUT, SECOND, 3_600 * SECOND)?,
            total_timeout: sources.duration(&TOTAL_TIMEOUT, SECOND, 24 * 3_600 * SECOND)?,
        })
    }
}

/// The table as Markdown, for `docs/configuration.md`.
#[must_use]
pub fn reference() -> String {
    let mut text = String::from("| in the file | environment variable | default | what it does |\n|---|---|---|---|\n");
    for Setting { key, variable, default, purpose } in SETTINGS {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| `{key}` | `{variable}` | `{default}` | {purpose} |");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{SETTINGS, Settings, Sources};

    #[test]
    fn the_defaults_are_valid() {
        let settings = Settings::read(&Sources::default()).unwrap();
        assert_eq!(settings.engine_host, "unix:///var/run/docker.sock");
        assert!(settings.assume_execution_role);
    }

    #[test]
    fn no_key_and_no_variable_stands_there_twice() {
        let keys: std::collections::HashSet<_> = SETTINGS.iter().map(|s| s.key).collect();
        let variables: std::collections::HashSet<_> = SETTINGS.iter().map(|s| s.variable).collect();
        assert_eq!((keys.len(), variables.len()), (SETTINGS.len(), SETTINGS.len()));
    }
}
