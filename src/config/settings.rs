//! The table, and the typed settings read by it.

use std::fmt::Write as _;
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use super::sources::{ConfigError, Sources};

/// One row: everything there is to know about a setting.
#[derive(Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name in the file, `table.key`.
    pub key: &'static str,
    /// Its environment variable.
    pub variable: &'static str,
    /// Its value where nobody says anything; none means that it is not set then.
    pub default: Option<&'static str>,
    /// What values it takes.
    pub takes: Takes,
    /// What it does.
    pub purpose: &'static str,
}

/// What values a setting takes.
#[derive(Debug, PartialEq, Eq)]
pub enum Takes {
    /// A text that is read elsewhere; this is what it looks like.
    Text(&'static str),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A whole number from the first to the second.
    Number(u32, u32),
    /// A time (`1s`, `2m30s`) from the first to the second.
    Time(Duration, Duration),
}

const SECOND: Duration = Duration::from_secs(1);

/// `engine.host`
pub const ENGINE_HOST: Setting = Setting {
    key: "engine.host",
    variable: "DOCKER_HOST",
    default: Some("unix:///var/run/docker.sock"),
    takes: Takes::Text("`unix:///path` or `tcp://host:port`"),
    purpose: "Where the Docker Engine is. `tcp://` is without TLS: logins go over the network in clear.",
};
/// `engine.tls_verify`
pub const ENGINE_TLS: Setting = Setting {
    key: "engine.tls_verify",
    variable: "DOCKER_TLS_VERIFY",
    default: None,
    takes: Takes::Text("nothing yet"),
    purpose: "TLS to the engine is not served yet: with a `tcp://` address, setting it is an error.",
};
/// `engine.timeout`
pub const ENGINE_TIMEOUT: Setting = Setting {
    key: "engine.timeout",
    variable: "TASKPULL_ENGINE_TIMEOUT",
    default: Some("10s"),
    takes: Takes::Time(Duration::from_millis(100), Duration::from_mins(10)),
    purpose: "The longest wait for the engine's answer to a small question.",
};
/// `identity.execution_role`
pub const EXECUTION_ROLE: Setting = Setting {
    key: "identity.execution_role",
    variable: "TASKPULL_EXECUTION_ROLE",
    default: Some("assume"),
    takes: Takes::OneOf(&["assume", "ignore"]),
    purpose: "`assume`: secrets are read as the task's execution role, as ECS does. `ignore`: as the host.",
};
/// `secrets.timeout`
pub const SECRETS_TIMEOUT: Setting = Setting {
    key: "secrets.timeout",
    variable: "TASKPULL_SECRETS_TIMEOUT",
    default: Some("10s"),
    takes: Takes::Time(Duration::from_millis(100), Duration::from_mins(10)),
    purpose: "The longest wait for one secret, roles and retries included.",
};
/// `secrets.stage`
pub const SECRETS_STAGE: Setting = Setting {
    key: "secrets.stage",
    variable: "TASKPULL_SECRET_STAGE",
    default: Some("AWSCURRENT"),
    takes: Takes::Text("a staging label"),
    purpose: "Which version of a secret is read. `AWSPENDING` rehearses a rotation before it is current.",
};
/// `secrets.access_token`
pub const ACCESS_TOKEN: Setting = Setting {
    key: "secrets.access_token",
    variable: "TASKPULL_ACCESS_TOKEN",
    default: Some("refuse"),
    takes: Takes::OneOf(&["refuse", "accept"]),
    purpose: "Whether a pull-through-cache secret (`username`, `accessToken`) serves a direct pull: with `accept`, the token is the password.",
};
/// `pull.concurrency`
pub const CONCURRENCY: Setting = Setting {
    key: "pull.concurrency",
    variable: "TASKPULL_CONCURRENCY",
    default: Some("8"),
    takes: Takes::Number(1, 1_000),
    purpose: "Pulls the engine is asked for at the same time. The engine has a limit of its own for layers (`max-concurrent-downloads`, 3).",
};
/// `pull.attempts`
pub const ATTEMPTS: Setting = Setting {
    key: "pull.attempts",
    variable: "TASKPULL_ATTEMPTS",
    default: Some("5"),
    takes: Takes::Number(1, 100),
    purpose: "Attempts at one pull when the registry does not answer or throttles. A refusal is never tried again.",
};
/// `pull.idle_timeout`
pub const IDLE_TIMEOUT: Setting = Setting {
    key: "pull.idle_timeout",
    variable: "TASKPULL_IDLE_TIMEOUT",
    default: Some("1m"),
    takes: Takes::Time(SECOND, Duration::from_hours(1)),
    purpose: "The longest time in which nothing may move in a pull. Its wait for other pulls' layers does not count.",
};
/// `pull.total_timeout`
pub const TOTAL_TIMEOUT: Setting = Setting {
    key: "pull.total_timeout",
    variable: "TASKPULL_TOTAL_TIMEOUT",
    default: Some("2h"),
    takes: Takes::Time(SECOND, Duration::from_hours(24)),
    purpose: "The longest time for one pull with all its attempts.",
};
/// `log.filter`
pub const LOG_FILTER: Setting = Setting {
    key: "log.filter",
    variable: "RUST_LOG",
    default: Some("warn"),
    takes: Takes::Text("`error`, `warn`, `info`, `debug`, `trace`, or `taskpull::pull=debug,…`"),
    purpose: "What is logged to stderr. Only taskpull's own events ever are.",
};

/// Every setting there is.
pub const SETTINGS: &[&Setting] = &[
    &ENGINE_HOST,
    &ENGINE_TLS,
    &ENGINE_TIMEOUT,
    &EXECUTION_ROLE,
    &SECRETS_TIMEOUT,
    &SECRETS_STAGE,
    &ACCESS_TOKEN,
    &CONCURRENCY,
    &ATTEMPTS,
    &IDLE_TIMEOUT,
    &TOTAL_TIMEOUT,
    &LOG_FILTER,
];

/// The settings of one run, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `engine.host`
    pub engine_host: String,
    /// `engine.timeout`
    pub engine_timeout: Duration,
    /// `identity.execution_role`: whether it is assumed.
    pub assume_execution_role: bool,
    /// `secrets.timeout`
    pub secrets_timeout: Duration,
    /// `secrets.stage`
    pub secrets_stage: String,
    /// `secrets.access_token`: whether it is accepted.
    pub accept_access_token: bool,
    /// `pull.concurrency`
    pub concurrency: NonZeroUsize,
    /// `pull.attempts`
    pub attempts: NonZeroU32,
    /// `pull.idle_timeout`
    pub idle_timeout: Duration,
    /// `pull.total_timeout`
    pub total_timeout: Duration,
    /// `log.filter`
    pub log_filter: String,
}

impl Settings {
    /// Reads every setting.
    ///
    /// # Errors
    /// [`ConfigError`], naming the setting, its value, and where that was found.
    pub fn read(sources: &Sources) -> Result<Self, ConfigError> {
        let engine_host = sources.text(&ENGINE_HOST)?.to_owned();
        if !engine_host.starts_with("unix://") {
            sources.must_be_unset(&ENGINE_TLS)?;
        }
        Ok(Self {
            engine_host,
            engine_timeout: sources.time(&ENGINE_TIMEOUT)?,
            assume_execution_role: sources.text(&EXECUTION_ROLE)? == "assume",
            secrets_timeout: sources.time(&SECRETS_TIMEOUT)?,
            secrets_stage: sources.text(&SECRETS_STAGE)?.to_owned(),
            accept_access_token: sources.text(&ACCESS_TOKEN)? == "accept",
            concurrency: NonZeroUsize::try_from(sources.number(&CONCURRENCY)?).unwrap_or(NonZeroUsize::MAX),
            attempts: sources.number(&ATTEMPTS)?,
            idle_timeout: sources.time(&IDLE_TIMEOUT)?,
            total_timeout: sources.time(&TOTAL_TIMEOUT)?,
            log_filter: sources.text(&LOG_FILTER)?.to_owned(),
        })
    }
}

impl Takes {
    /// What it must be, as a sentence says it.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Text(looks) => (*looks).to_owned(),
            Self::OneOf(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or "),
            Self::Number(least, most) => format!("a number from {least} to {most}"),
            Self::Time(least, most) => {
                let [least, most] = [*least, *most].map(humantime::format_duration);
                format!("a time from {least} to {most}")
            }
        }
    }
}

/// The table as Markdown, for `docs/configuration.md`.
#[must_use]
pub fn reference() -> String {
    let mut text = String::from(
        "| in the file | environment variable | default | takes | what it does |\n|---|---|---|---|---|\n",
    );
    for Setting { key, variable, default, takes, purpose } in SETTINGS {
        let default = default.map(|default| format!("`{default}`")).unwrap_or_default();
        let takes = takes.sentence();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| `{key}` | `{variable}` | {default} | {takes} | {purpose} |");
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
