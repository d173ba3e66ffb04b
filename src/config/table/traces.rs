//! The rows of the traces, under the variables that OpenTelemetry gives them.

use super::{Setting, ValueKind};

/// `traces.endpoint`
pub const TRACES_ENDPOINT: Setting = Setting {
    key: "traces.endpoint",
    variable: "OTEL_EXPORTER_OTLP_ENDPOINT",
    default: None,
    kind: ValueKind::Text("an `http://` or `https://` URL, such as `http://127.0.0.1:4318`"),
    purpose: "Where `pull` and `serve` send [traces](operations.md#traces), with `/v1/traces` behind it; unset, there are none. Read at the start only, as are the others of this table.",
};
/// `traces.url`
pub const TRACES_URL: Setting = Setting {
    key: "traces.url",
    variable: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    default: None,
    kind: ValueKind::Text("an `http://` or `https://` URL"),
    purpose: "The same as a whole, with nothing put behind it; it wins.",
};
/// `traces.headers`
pub const TRACES_HEADERS: Setting = Setting {
    key: "traces.headers",
    variable: "OTEL_EXPORTER_OTLP_HEADERS",
    default: None,
    kind: ValueKind::Secret("`name=value` with commas between, percent-encoded"),
    purpose: "Headers that traces are sent with, such as a collector's token. Never shown.",
};
/// `traces.service_name`
pub const TRACES_SERVICE_NAME: Setting = Setting {
    key: "traces.service_name",
    variable: "OTEL_SERVICE_NAME",
    default: None,
    kind: ValueKind::Text("a name"),
    purpose: "Whose traces they are; unset, the `service.name` of `traces.resource_attributes`, else `taskpull`.",
};
/// `traces.resource_attributes`
pub const TRACES_RESOURCE_ATTRIBUTES: Setting = Setting {
    key: "traces.resource_attributes",
    variable: "OTEL_RESOURCE_ATTRIBUTES",
    default: None,
    kind: ValueKind::Text("`name=value` with commas between"),
    purpose: "What else is said of who sends them, such as `host.name=web-1,deployment.environment.name=production`.",
};
/// `traces.disabled`
pub const TRACES_DISABLED: Setting = Setting {
    key: "traces.disabled",
    variable: "OTEL_SDK_DISABLED",
    default: Some("false"),
    kind: ValueKind::Text("`true`; anything else is `false`"),
    purpose: "There are no traces, whatever else is said of them.",
};
