//! The table: one row for each setting, from which it is read and documented.

mod agent;
mod instance;
mod reference;
mod traces;

use std::time::Duration;

pub use super::setting::{Setting, ValueKind};
pub use agent::{
    ACCESS_CREDENTIALS, ACCESS_READ, ACCESS_SUBMIT, AGENT_DRAIN_TIMEOUT, AGENT_GIVE_UP_AFTER, AGENT_HISTORY,
    AGENT_OPEN, AGENT_REQUEST_TIMEOUT, AGENT_SOCKET, AGENT_SOCKET_GROUP, AGENT_STATE_FOLDER, AUDIT_TO, ECS_CLUSTER,
    ECS_CONTAINER_INSTANCE, ECS_INTERVAL, ECS_LAUNCH_TYPE, ECS_PULL_INTERVAL, FOLDER_INTERVAL, FOLDER_PATH,
    METRICS_LISTEN,
};
pub use instance::{INSTANCE_AUTH_DATA, INSTANCE_AUTH_TYPE, INSTANCE_DOCKER_CONFIG, INSTANCE_HELPER_TIMEOUT};
pub use reference::reference;
pub use traces::{
    TRACES_DISABLED, TRACES_ENDPOINT, TRACES_HEADERS, TRACES_RESOURCE_ATTRIBUTES, TRACES_SERVICE_NAME, TRACES_URL,
};

const SECOND: Duration = Duration::from_secs(1);

/// `engine.host`
pub const ENGINE_HOST: Setting = Setting {
    key: "engine.host",
    variable: "DOCKER_HOST",
    default: Some("unix:///var/run/docker.sock"),
    kind: ValueKind::Text("`unix:///path` or `tcp://host:port`"),
    purpose: "Where the Docker Engine is. `tcp://` without TLS sends logins over the network in clear. [Engines](engines.md) has the order in which it and a context are looked for.",
};
/// `engine.context`
pub const ENGINE_CONTEXT: Setting = Setting {
    key: "engine.context",
    variable: "DOCKER_CONTEXT",
    default: None,
    kind: ValueKind::Text("the name of a Docker context"),
    purpose: "The engine is the one this context leads to; `default` is none. `DOCKER_HOST` wins over `DOCKER_CONTEXT`. Where neither host nor context is said, Docker's current context serves.",
};
/// `engine.config_folder`
pub const ENGINE_CONFIG_FOLDER: Setting = Setting {
    key: "engine.config_folder",
    variable: "DOCKER_CONFIG",
    default: None,
    kind: ValueKind::Text("the path of a folder"),
    purpose: "Where Docker's CLI keeps its contexts; unset, `.docker` in `HOME`. No logins are taken from it.",
};
/// `engine.tls_verify`
pub const ENGINE_TLS_VERIFY: Setting = Setting {
    key: "engine.tls_verify",
    variable: "DOCKER_TLS_VERIFY",
    default: None,
    kind: ValueKind::Switch,
    purpose: "TLS to an engine on `tcp://`, which must prove who it is. A context says for itself whether it has TLS.",
};
/// `engine.tls`
pub const ENGINE_TLS: Setting = Setting {
    key: "engine.tls",
    variable: "DOCKER_TLS",
    default: None,
    kind: ValueKind::Switch,
    purpose: "With Docker's CLI it means TLS that does not look whom it talks to; here it is refused without `engine.tls_verify`.",
};
/// `engine.cert_path`
pub const ENGINE_CERT_PATH: Setting = Setting {
    key: "engine.cert_path",
    variable: "DOCKER_CERT_PATH",
    default: None,
    kind: ValueKind::Text("the path of a folder"),
    purpose: "The folder of `ca.pem` and, for an engine that asks who comes, `cert.pem` and `key.pem`; unset, the one of `engine.config_folder`.",
};
/// `engine.timeout`
pub const ENGINE_TIMEOUT: Setting = Setting {
    key: "engine.timeout",
    variable: "TASKPULL_ENGINE_TIMEOUT",
    default: Some("10s"),
    kind: ValueKind::Time(Duration::from_millis(100), Duration::from_mins(10)),
    purpose: "The longest wait for the engine's answer to a small question.",
};
/// `engine.restart_timeout`
pub const RESTART_TIMEOUT: Setting = Setting {
    key: "engine.restart_timeout",
    variable: "TASKPULL_ENGINE_RESTART_TIMEOUT",
    default: Some("2m"),
    kind: ValueKind::Time(Duration::ZERO, Duration::from_hours(1)),
    purpose: "How long a pull waits for an engine that has gone to come back. An engine that is not there at the start is not waited for.",
};
/// `host.kind`
pub const HOST_KIND: Setting = Setting {
    key: "host.kind",
    variable: "TASKPULL_HOST_KIND",
    default: Some("auto"),
    kind: ValueKind::OneOf(&["auto", "ec2", "fargate", "external"]),
    purpose: "Where the host's own identity is looked for. `external` and `fargate` never ask the metadata service, `ec2` never a container's credentials endpoint.",
};
/// `aws.ca_bundle`
pub const CA_BUNDLE: Setting = Setting {
    key: "aws.ca_bundle",
    variable: "AWS_CA_BUNDLE",
    default: None,
    kind: ValueKind::Text("a file of PEM certificates"),
    purpose: "The certificates that AWS's endpoints are trusted by, in place of the system's.",
};
/// `identity.execution_role`
pub const EXECUTION_ROLE: Setting = Setting {
    key: "identity.execution_role",
    variable: "TASKPULL_EXECUTION_ROLE",
    default: Some("assume"),
    kind: ValueKind::OneOf(&["assume", "ignore"]),
    purpose: "`assume`: secrets are read as the task's execution role, as ECS does. `ignore`: as the host.",
};
/// `secrets.timeout`
pub const SECRETS_TIMEOUT: Setting = Setting {
    key: "secrets.timeout",
    variable: "TASKPULL_SECRETS_TIMEOUT",
    default: Some("10s"),
    kind: ValueKind::Time(Duration::from_millis(100), Duration::from_mins(10)),
    purpose: "The longest wait for one secret or ECR token, roles, retries and a decryption by KMS included.",
};
/// `secrets.max_age`
pub const SECRETS_MAX_AGE: Setting = Setting {
    key: "secrets.max_age",
    variable: "TASKPULL_SECRETS_MAX_AGE",
    default: Some("5m"),
    kind: ValueKind::Time(SECOND, Duration::from_hours(24)),
    purpose: "How long a secret that was read is used without waiting for AWS; if it is in use, it is read again ahead of that. A registry's refusal ends it at once.",
};
/// `secrets.max_stale`
pub const SECRETS_MAX_STALE: Setting = Setting {
    key: "secrets.max_stale",
    variable: "TASKPULL_SECRETS_MAX_STALE",
    default: Some("1h"),
    kind: ValueKind::Time(Duration::ZERO, Duration::from_hours(24)),
    purpose: "How much longer it is used while AWS does not answer, and is said to be stale. Never after a denial or a deletion.",
};
/// `secrets.cache_size`
pub const SECRETS_CACHE_SIZE: Setting = Setting {
    key: "secrets.cache_size",
    variable: "TASKPULL_SECRETS_CACHE_SIZE",
    default: Some("1000"),
    kind: ValueKind::Number(1, 100_000),
    purpose: "Secrets kept at most, in memory, and as many ECR tokens; the one read longest ago goes first.",
};
/// `secrets.batch`
pub const SECRETS_BATCH: Setting = Setting {
    key: "secrets.batch",
    variable: "TASKPULL_SECRETS_BATCH",
    default: Some("never"),
    kind: ValueKind::OneOf(&["never", "try"]),
    purpose: "`try`: secrets of one identity and Region that are wanted together are read by one BatchGetSecretValue, a permission beside GetSecretValue; where it is absent, singly.",
};
/// `secrets.stage`
pub const SECRETS_STAGE: Setting = Setting {
    key: "secrets.stage",
    variable: "TASKPULL_SECRET_STAGE",
    default: Some("AWSCURRENT"),
    kind: ValueKind::Text("a staging label"),
    purpose: "Which version of a secret is read. `AWSPENDING` rehearses a rotation before it is current.",
};
/// `secrets.access_token`
pub const SECRETS_ACCESS_TOKEN: Setting = Setting {
    key: "secrets.access_token",
    variable: "TASKPULL_ACCESS_TOKEN",
    default: Some("refuse"),
    kind: ValueKind::OneOf(&["refuse", "accept"]),
    purpose: "Whether a pull-through-cache secret (`username`, `accessToken`) serves a direct pull: with `accept`, the token is the password.",
};
/// `pull.behavior`
pub const BEHAVIOR: Setting = Setting {
    key: "pull.behavior",
    variable: "ECS_IMAGE_PULL_BEHAVIOR",
    default: Some("default"),
    kind: ValueKind::OneOf(&["default", "always", "once", "prefer-cached"]),
    purpose: "When an image that is on the engine serves: if the registry is unavailable (`default`), never (`always`), if it came from the registry (`once`), or whenever it is there (`prefer-cached`).",
};
/// `pull.verify_access`
pub const VERIFY_ACCESS: Setting = Setting {
    key: "pull.verify_access",
    variable: "TASKPULL_VERIFY_ACCESS",
    default: Some("auto"),
    kind: ValueKind::OneOf(&["auto", "always", "never"]),
    purpose: "Whether the registry must accept a task's own credential before an image that is on the engine serves. `auto`: under `once` and `prefer-cached`, where the image has a credential.",
};
/// `pull.on_refusal`
pub const ON_REFUSAL: Setting = Setting {
    key: "pull.on_refusal",
    variable: "TASKPULL_ON_REFUSAL",
    default: Some("fail"),
    kind: ValueKind::OneOf(&["fail", "use-cached"]),
    purpose: "What a registry's refusal comes to under `default`. `use-cached`: the image on the engine serves all the same, as it does for the ECS agent.",
};
/// `pull.platform`
pub const PLATFORM: Setting = Setting {
    key: "pull.platform",
    variable: "TASKPULL_PLATFORM",
    default: None,
    kind: ValueKind::Text("`os[/architecture[/variant]]`"),
    purpose: "The platform of every image, in place of the tasks' own `runtimePlatform`.",
};
/// `pull.concurrency`
pub const CONCURRENCY: Setting = Setting {
    key: "pull.concurrency",
    variable: "TASKPULL_CONCURRENCY",
    default: Some("32"),
    kind: ValueKind::Number(1, 1_000),
    purpose: "Pulls the engine is asked for at the same time, of all registries together. The engine has a limit of its own for layers (`max-concurrent-downloads`, 3).",
};
/// `pull.concurrency_per_registry`
pub const PER_REGISTRY: Setting = Setting {
    key: "pull.concurrency_per_registry",
    variable: "TASKPULL_CONCURRENCY_PER_REGISTRY",
    default: Some("8"),
    kind: ValueKind::Number(1, 1_000),
    purpose: "Pulls from one registry at the same time, so that a slow one does not hold back the others.",
};
/// `pull.attempts`
pub const ATTEMPTS: Setting = Setting {
    key: "pull.attempts",
    variable: "TASKPULL_ATTEMPTS",
    default: Some("16"),
    kind: ValueKind::Number(1, 1_000),
    purpose: "Attempts at one pull while its registry does not answer or throttles. [Pulls](pulls.md#when-it-does-not-come) has what is tried again, and after which waits.",
};
/// `pull.begin_timeout`
pub const BEGIN_TIMEOUT: Setting = Setting {
    key: "pull.begin_timeout",
    variable: "TASKPULL_BEGIN_TIMEOUT",
    default: Some("1m"),
    kind: ValueKind::Time(SECOND, Duration::from_hours(1)),
    purpose: "The longest wait for the engine's first word about a pull, which comes once the registry has given the manifest.",
};
/// `pull.idle_timeout`
pub const IDLE_TIMEOUT: Setting = Setting {
    key: "pull.idle_timeout",
    variable: "TASKPULL_IDLE_TIMEOUT",
    default: Some("1m"),
    kind: ValueKind::Time(SECOND, Duration::from_hours(1)),
    purpose: "The longest time in which nothing may move in a pull. Its wait for other pulls' layers does not count.",
};
/// `pull.total_timeout`
pub const TOTAL_TIMEOUT: Setting = Setting {
    key: "pull.total_timeout",
    variable: "TASKPULL_TOTAL_TIMEOUT",
    default: Some("2h"),
    kind: ValueKind::Time(SECOND, Duration::from_hours(24)),
    purpose: "The longest time for one pull with all its attempts.",
};
/// `disk.check`
pub const DISK_CHECK: Setting = Setting {
    key: "disk.check",
    variable: "TASKPULL_DISK_CHECK",
    default: Some("warn"),
    kind: ValueKind::OneOf(&["warn", "refuse", "off"]),
    purpose: "What comes of an image that needs more than is free where the engine keeps its images: a warning while it is pulled, a failure in place of the pull, or nothing.",
};
/// `disk.skip_check_above`
pub const DISK_SKIP_CHECK_ABOVE: Setting = Setting {
    key: "disk.skip_check_above",
    variable: "TASKPULL_DISK_SKIP_CHECK_ABOVE",
    default: Some("20GiB"),
    kind: ValueKind::Size,
    purpose: "With this much free, no image is weighed and no registry asked for one. `0`: never.",
};
/// `log.filter`
pub const LOG_FILTER: Setting = Setting {
    key: "log.filter",
    variable: "RUST_LOG",
    default: Some("warn"),
    kind: ValueKind::Text("`error`, `warn`, `info`, `debug`, `trace`, or `taskpull::pull=debug,…`"),
    purpose: "What is logged to stderr. Only taskpull's own events ever are.",
};

/// Every setting there is.
pub const SETTINGS: &[&Setting] = &[
    &ENGINE_HOST,
    &ENGINE_CONTEXT,
    &ENGINE_CONFIG_FOLDER,
    &ENGINE_TLS_VERIFY,
    &ENGINE_TLS,
    &ENGINE_CERT_PATH,
    &ENGINE_TIMEOUT,
    &RESTART_TIMEOUT,
    &HOST_KIND,
    &CA_BUNDLE,
    &EXECUTION_ROLE,
    &SECRETS_TIMEOUT,
    &SECRETS_MAX_AGE,
    &SECRETS_MAX_STALE,
    &SECRETS_CACHE_SIZE,
    &SECRETS_BATCH,
    &SECRETS_STAGE,
    &SECRETS_ACCESS_TOKEN,
    &INSTANCE_AUTH_TYPE,
    &INSTANCE_AUTH_DATA,
    &INSTANCE_DOCKER_CONFIG,
    &INSTANCE_HELPER_TIMEOUT,
    &BEHAVIOR,
    &VERIFY_ACCESS,
    &ON_REFUSAL,
    &PLATFORM,
    &CONCURRENCY,
    &PER_REGISTRY,
    &ATTEMPTS,
    &BEGIN_TIMEOUT,
    &IDLE_TIMEOUT,
    &TOTAL_TIMEOUT,
    &DISK_CHECK,
    &DISK_SKIP_CHECK_ABOVE,
    &AGENT_SOCKET,
    &AGENT_SOCKET_GROUP,
    &AGENT_STATE_FOLDER,
    &AGENT_OPEN,
    &AGENT_HISTORY,
    &AGENT_GIVE_UP_AFTER,
    &AGENT_DRAIN_TIMEOUT,
    &AGENT_REQUEST_TIMEOUT,
    &ACCESS_SUBMIT,
    &ACCESS_READ,
    &ACCESS_CREDENTIALS,
    &FOLDER_PATH,
    &FOLDER_INTERVAL,
    &ECS_CLUSTER,
    &ECS_INTERVAL,
    &ECS_PULL_INTERVAL,
    &ECS_LAUNCH_TYPE,
    &ECS_CONTAINER_INSTANCE,
    &AUDIT_TO,
    &METRICS_LISTEN,
    &TRACES_ENDPOINT,
    &TRACES_URL,
    &TRACES_HEADERS,
    &TRACES_SERVICE_NAME,
    &TRACES_RESOURCE_ATTRIBUTES,
    &TRACES_DISABLED,
    &LOG_FILTER,
];

#[cfg(test)]
mod tests {
    use super::SETTINGS;

    #[test]
    fn no_key_and_no_variable_stands_there_twice() {
        let keys: std::collections::HashSet<_> = SETTINGS.iter().map(|s| s.key).collect();
        let variables: std::collections::HashSet<_> = SETTINGS.iter().map(|s| s.variable).collect();
        assert_eq!((keys.len(), variables.len()), (SETTINGS.len(), SETTINGS.len()));
    }
}
