//! The rows of the agent.

use std::time::Duration;

use super::{SECOND, Setting, ValueKind};

const WHO: ValueKind = ValueKind::Text("users and `@groups` with commas between, by name or number; empty for nobody");

/// `agent.socket`
pub const AGENT_SOCKET: Setting = Setting {
    key: "agent.socket",
    variable: "TASKPULL_SOCKET",
    default: Some("/run/taskpull/taskpull.sock"),
    kind: ValueKind::Text("the path of a Unix socket"),
    purpose: "Where `taskpull serve` listens, and where `pull --agent`, `status` and `cancel` find it. A socket that systemd hands over wins.",
};
/// `agent.socket_group`
pub const AGENT_SOCKET_GROUP: Setting = Setting {
    key: "agent.socket_group",
    variable: "TASKPULL_SOCKET_GROUP",
    default: Some("taskpull"),
    kind: ValueKind::Text("a group, by name or number"),
    purpose: "Whose members may open the socket, beside the agent's own user; what they may do there is `access.*`. Where there is no such group, only that user may.",
};
/// `access.submit`
pub const ACCESS_SUBMIT: Setting = Setting {
    key: "access.submit",
    variable: "TASKPULL_ACCESS_SUBMIT",
    default: Some("root,@taskpull"),
    kind: WHO,
    purpose: "Who may have images pulled through the socket, and look at and cancel what they sent.",
};
/// `access.read`
pub const ACCESS_READ: Setting = Setting {
    key: "access.read",
    variable: "TASKPULL_ACCESS_READ",
    default: Some("root,@taskpull"),
    kind: WHO,
    purpose: "Who may look at everybody's requests, at readiness and metrics.",
};
/// `access.credentials`
pub const ACCESS_CREDENTIALS: Setting = Setting {
    key: "access.credentials",
    variable: "TASKPULL_ACCESS_CREDENTIALS",
    default: None,
    kind: WHO,
    purpose: "Who may be given a registry's login itself through the socket. Nobody, unless this names them.",
};
/// `agent.state_folder`
pub const AGENT_STATE_FOLDER: Setting = Setting {
    key: "agent.state_folder",
    variable: "TASKPULL_STATE_FOLDER",
    default: Some("/var/lib/taskpull"),
    kind: ValueKind::Text("the path of a folder"),
    purpose: "Where the agent keeps the requests it has accepted. No secret is ever in it.",
};
/// `agent.open_requests`
pub const AGENT_OPEN: Setting = Setting {
    key: "agent.open_requests",
    variable: "TASKPULL_OPEN_REQUESTS",
    default: Some("1000"),
    kind: ValueKind::Number(1, 100_000),
    purpose: "Requests that may be open at the same time; with so many, no more are accepted.",
};
/// `agent.history`
pub const AGENT_HISTORY: Setting = Setting {
    key: "agent.history",
    variable: "TASKPULL_HISTORY",
    default: Some("1000"),
    kind: ValueKind::Number(1, 100_000),
    purpose: "Requests that are remembered after their end.",
};
/// `agent.give_up_after`
pub const AGENT_GIVE_UP_AFTER: Setting = Setting {
    key: "agent.give_up_after",
    variable: "TASKPULL_GIVE_UP_AFTER",
    default: Some("1h"),
    kind: ValueKind::Time(Duration::ZERO, Duration::from_hours(24 * 7)),
    purpose: "How long the agent tries a request again whose failures may all pass: an engine or an AWS service that does not answer.",
};
/// `agent.drain_timeout`
pub const AGENT_DRAIN_TIMEOUT: Setting = Setting {
    key: "agent.drain_timeout",
    variable: "TASKPULL_DRAIN_TIMEOUT",
    default: Some("30s"),
    kind: ValueKind::Time(Duration::ZERO, Duration::from_hours(1)),
    purpose: "How long pulls that are under way may go on after SIGTERM. What is not done then is done after the next start.",
};
/// `agent.request_timeout`
pub const AGENT_REQUEST_TIMEOUT: Setting = Setting {
    key: "agent.request_timeout",
    variable: "TASKPULL_REQUEST_TIMEOUT",
    default: Some("10s"),
    kind: ValueKind::Time(SECOND, Duration::from_mins(10)),
    purpose: "How long a client of the socket may take to send a request, and to take a part of the answer.",
};
/// `folder.path`
pub const FOLDER_PATH: Setting = Setting {
    key: "folder.path",
    variable: "TASKPULL_FOLDER",
    default: Some("/etc/taskpull/task-definitions"),
    kind: ValueKind::Text("the path of a folder"),
    purpose: "The agent pulls what every `*.json` in it wants: at its start, when a file changes, and again after `folder.interval`. It need not exist.",
};
/// `folder.interval`
pub const FOLDER_INTERVAL: Setting = Setting {
    key: "folder.interval",
    variable: "TASKPULL_FOLDER_INTERVAL",
    default: Some("1h"),
    kind: ValueKind::Time(Duration::ZERO, Duration::from_hours(24 * 30)),
    purpose: "How long after a file's last pull its images are pulled again, give or take a tenth. `0` is never.",
};
/// `ecs.cluster`
pub const ECS_CLUSTER: Setting = Setting {
    key: "ecs.cluster",
    variable: "TASKPULL_ECS_CLUSTER",
    default: None,
    kind: ValueKind::Text("a cluster's name or ARN"),
    purpose: "The agent keeps the images of this cluster's services and tasks on the host ([the agent](agent.md#an-ecs-cluster-kept-warm)). Read at the start only.",
};
/// `ecs.interval`
pub const ECS_INTERVAL: Setting = Setting {
    key: "ecs.interval",
    variable: "TASKPULL_ECS_INTERVAL",
    default: Some("5m"),
    kind: ValueKind::Time(Duration::from_secs(1), Duration::from_hours(24)),
    purpose: "How often the cluster is looked at, give or take a tenth; a definition that is new there is pulled at once.",
};
/// `ecs.pull_interval`
pub const ECS_PULL_INTERVAL: Setting = Setting {
    key: "ecs.pull_interval",
    variable: "TASKPULL_ECS_PULL_INTERVAL",
    default: Some("1h"),
    kind: ValueKind::Time(Duration::ZERO, Duration::from_hours(24 * 30)),
    purpose: "How long after a definition's last pull its images are pulled again, because tags move. `0` is never.",
};
/// `ecs.launch_type`
pub const ECS_LAUNCH_TYPE: Setting = Setting {
    key: "ecs.launch_type",
    variable: "TASKPULL_ECS_LAUNCH_TYPE",
    default: Some("auto"),
    kind: ValueKind::OneOf(&["auto", "ec2", "external"]),
    purpose: "How tasks come to this host: what is launched otherwise is not pulled. `auto`: `external` where `host.kind` is, else `ec2`.",
};
/// `ecs.container_instance`
pub const ECS_CONTAINER_INSTANCE: Setting = Setting {
    key: "ecs.container_instance",
    variable: "TASKPULL_ECS_CONTAINER_INSTANCE",
    default: None,
    kind: ValueKind::Text("the ARN or id of a container instance"),
    purpose: "This host in the cluster; its attributes decide which placement constraints it meets. Unset, it may meet any.",
};
/// `audit.to`
pub const AUDIT_TO: Setting = Setting {
    key: "audit.to",
    variable: "TASKPULL_AUDIT",
    default: Some("auto"),
    kind: ValueKind::Text("`auto`, `off`, `journald`, or the path of a file from the root"),
    purpose: "Where `taskpull serve` writes its [audit trail](operations.md#the-audit-trail). `auto`: to journald where systemd has connected stderr with it (`JOURNAL_STREAM`), else nowhere. Read at the start only.",
};
/// `metrics.listen`
pub const METRICS_LISTEN: Setting = Setting {
    key: "metrics.listen",
    variable: "TASKPULL_METRICS_LISTEN",
    default: None,
    kind: ValueKind::Text("a loopback address with a port, such as `127.0.0.1:9464` or `[::1]:9464`"),
    purpose: "Where `taskpull serve` has its [metrics](operations.md#metrics) over HTTP, at `/metrics`; unset, it listens on no TCP port. Read at the start only.",
};
