//! The rows of the host's own logins.

use std::time::Duration;

use super::{Setting, ValueKind};

/// `instance.auth_type`
pub const INSTANCE_AUTH_TYPE: Setting = Setting {
    key: "instance.auth_type",
    variable: "ECS_ENGINE_AUTH_TYPE",
    default: None,
    kind: ValueKind::OneOf(&["dockercfg", "docker"]),
    purpose: "The form of the host's own logins in `ECS_ENGINE_AUTH_DATA`, as the ECS agent takes it.",
};
/// `instance.auth_data`
pub const INSTANCE_AUTH_DATA: Setting = Setting {
    key: "instance.auth_data",
    variable: "ECS_ENGINE_AUTH_DATA",
    default: None,
    kind: ValueKind::Secret("JSON: see [instance credentials](instance-credentials.md)"),
    purpose: "The host's own logins, for containers that name no credentials. Never shown.",
};
/// `instance.docker_config`
pub const INSTANCE_DOCKER_CONFIG: Setting = Setting {
    key: "instance.docker_config",
    variable: "TASKPULL_DOCKER_CONFIG",
    default: None,
    kind: ValueKind::Text("the path of a file"),
    purpose: "A Docker `config.json` whose `auths`, `credHelpers` and `credsStore` serve as the host's own logins. Nobody's logins in `~/.docker` are read unasked.",
};
/// `instance.helper_timeout`
pub const INSTANCE_HELPER_TIMEOUT: Setting = Setting {
    key: "instance.helper_timeout",
    variable: "TASKPULL_HELPER_TIMEOUT",
    default: Some("10s"),
    kind: ValueKind::Time(Duration::from_millis(100), Duration::from_mins(10)),
    purpose: "The longest wait for one Docker credential helper.",
};
