//! The rows of the table of settings.
//!
//! A row is `name: type = CONSTANT { variable, default, kind }`, in the table of the file that has
//! it. Its documentation comment is the description in the documents, as Markdown. The macro hands
//! all rows to the macro that it is given, once here for the constants, and once in
//! `settings.rs` for the fields and their reading.

use std::time::Duration;

use crate::config::choices::{
    AccessTokens, Batching, Behavior, DiskCheck, HostKind, HostLaunchType, InstanceAuthType, OnRefusal, RoleUse,
    VerifyAccess,
};
use crate::config::value_kind::Setting;
use crate::config::value_kind::ValueKind::{Number, OneOf, Secret, Size, Switch, Text, Time};

const SECOND: Duration = Duration::from_secs(1);
const TENTH: Duration = Duration::from_millis(100);
const TEN_MINUTES: Duration = Duration::from_mins(10);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
const MONTH: Duration = Duration::from_hours(24 * 30);
const FOLDER: crate::config::value_kind::ValueKind = Text("the path of a folder");
const PRINCIPALS: crate::config::value_kind::ValueKind =
    Text("users and `@groups`, by name or number, separated by commas; may be empty");

/// All rows, for the macro `$use`.
macro_rules! setting_rows {
    ($use:ident) => { $use! {
engine: EngineSettings {
    /// Address of the Docker Engine. `tcp://` without TLS sends logins over the network in clear
    /// text. [Engines](engines.md) describes how it and the context select the engine.
    host: String = ENGINE_HOST { variable: "DOCKER_HOST", default: Some("unix:///var/run/docker.sock"), kind: Text("`unix:///path` or `tcp://host:port`") }
    /// Docker context that selects the engine; `default` selects none. `DOCKER_HOST` takes
    /// precedence over `DOCKER_CONTEXT`. If neither host nor context is set, Docker's current
    /// context is used.
    context: Option<String> = ENGINE_CONTEXT { variable: "DOCKER_CONTEXT", default: None, kind: Text("the name of a Docker context") }
    /// Folder in which Docker's CLI stores its contexts; if unset, `.docker` in `HOME`. No logins
    /// are read from it.
    config_folder: Option<PathBuf> = ENGINE_CONFIG_FOLDER { variable: "DOCKER_CONFIG", default: None, kind: FOLDER }
    /// Use TLS to an engine on `tcp://`, and verify the engine's certificate. A context has its
    /// own TLS settings.
    tls_verify: bool = ENGINE_TLS_VERIFY { variable: "DOCKER_TLS_VERIFY", default: None, kind: Switch }
    /// In Docker's CLI: TLS without verifying the server. Refused here unless `engine.tls_verify`
    /// is set too.
    tls: bool = ENGINE_TLS { variable: "DOCKER_TLS", default: None, kind: Switch }
    /// Folder with `ca.pem` and, for an engine that requires client certificates, `cert.pem` and
    /// `key.pem`; if unset, the folder of `engine.config_folder`.
    cert_path: Option<PathBuf> = ENGINE_CERT_PATH { variable: "DOCKER_CERT_PATH", default: None, kind: FOLDER }
    /// Maximum wait for the engine's answer to a request that transfers no image.
    timeout: Duration = ENGINE_TIMEOUT { variable: "TASKPULL_ENGINE_TIMEOUT", default: Some("10s"), kind: Time(TENTH, TEN_MINUTES) }
    /// How long a pull waits for an engine that went away to come back. If the engine cannot be
    /// reached at the start, taskpull does not wait.
    restart_timeout: Duration = RESTART_TIMEOUT { variable: "TASKPULL_ENGINE_RESTART_TIMEOUT", default: Some("2m"), kind: Time(Duration::ZERO, HOUR) }
}
host: HostSettings {
    /// Where the host's AWS credentials come from. `external` and `fargate` never use the instance
    /// metadata service, `ec2` never the container credentials endpoint.
    kind: HostKind = HOST_KIND { variable: "TASKPULL_HOST_KIND", default: Some("auto"), kind: OneOf(HostKind::WORDS) }
}
aws: AwsSettings {
    /// Certificates that AWS endpoints are verified with, in place of the system's.
    ca_bundle: Option<PathBuf> = CA_BUNDLE { variable: "AWS_CA_BUNDLE", default: None, kind: Text("a file of PEM certificates") }
}
identity: IdentitySettings {
    /// `assume`: secrets are read as the task's execution role, as in ECS. `ignore`: as the host.
    execution_role: RoleUse = EXECUTION_ROLE { variable: "TASKPULL_EXECUTION_ROLE", default: Some("assume"), kind: OneOf(RoleUse::WORDS) }
}
secrets: SecretsSettings {
    /// Maximum time to fetch one secret or ECR token, including assumed roles, retries and
    /// decryption by KMS.
    timeout: Duration = SECRETS_TIMEOUT { variable: "TASKPULL_SECRETS_TIMEOUT", default: Some("10s"), kind: Time(TENTH, TEN_MINUTES) }
    /// How long a secret is cached. In the last quarter of this time, using it starts a refresh in
    /// the background. If a registry refuses the credential, the secret is read again at once.
    max_age: Duration = SECRETS_MAX_AGE { variable: "TASKPULL_SECRETS_MAX_AGE", default: Some("5m"), kind: Time(SECOND, DAY) }
    /// How long a cached secret is used after `secrets.max_age` while AWS is unavailable. It is
    /// reported as stale. Never used after a denial or a deletion.
    max_stale: Duration = SECRETS_MAX_STALE { variable: "TASKPULL_SECRETS_MAX_STALE", default: Some("1h"), kind: Time(Duration::ZERO, DAY) }
    /// Maximum number of secrets in the cache, and of ECR tokens in the token cache. The entry read longest
    /// ago is evicted first. Both caches are in memory only.
    cache_size: NonZeroUsize = SECRETS_CACHE_SIZE { variable: "TASKPULL_SECRETS_CACHE_SIZE", default: Some("1000"), kind: Number(1, 100_000) }
    /// `try`: secrets of one identity and Region that are needed at the same time are read by one
    /// `BatchGetSecretValue`, which needs its own permission besides `GetSecretValue`. Without that
    /// permission they are read one by one.
    batch: Batching = SECRETS_BATCH { variable: "TASKPULL_SECRETS_BATCH", default: Some("never"), kind: OneOf(Batching::WORDS) }
    /// Staging label of the secret version to read. `AWSPENDING` tests a rotation before it becomes
    /// current.
    stage: String = SECRETS_STAGE { variable: "TASKPULL_SECRET_STAGE", default: Some("AWSCURRENT"), kind: Text("a staging label") }
    /// Whether a direct pull accepts a pull-through-cache secret (`username`, `accessToken`). With
    /// `accept`, the token is the password.
    access_token: AccessTokens = SECRETS_ACCESS_TOKEN { variable: "TASKPULL_ACCESS_TOKEN", default: Some("refuse"), kind: OneOf(AccessTokens::WORDS) }
}
instance: InstanceLoginSettings {
    /// Format of the host logins in `ECS_ENGINE_AUTH_DATA`, as for the ECS agent.
    auth_type: Option<InstanceAuthType> = INSTANCE_AUTH_TYPE { variable: "ECS_ENGINE_AUTH_TYPE", default: None, kind: OneOf(InstanceAuthType::WORDS), hide_value: true }
    /// Host logins, for containers that name no credentials. Never shown.
    auth_data: Option<Secret> = INSTANCE_AUTH_DATA { variable: "ECS_ENGINE_AUTH_DATA", default: None, kind: Secret("JSON: see [instance credentials](instance-credentials.md)") }
    /// A Docker `config.json` whose `auths`, `credHelpers` and `credsStore` are the host logins.
    /// `~/.docker` is never read unless this setting names it.
    docker_config: Option<PathBuf> = INSTANCE_DOCKER_CONFIG { variable: "TASKPULL_DOCKER_CONFIG", default: None, kind: Text("the path of a file") }
    /// Maximum run time of one Docker credential helper.
    helper_timeout: Duration = INSTANCE_HELPER_TIMEOUT { variable: "TASKPULL_HELPER_TIMEOUT", default: Some("10s"), kind: Time(TENTH, TEN_MINUTES) }
}
pull: PullSettings {
    /// When a cached image may be used: if the registry is unavailable (`default`), never
    /// (`always`), if it came from a registry (`once`), or always (`prefer-cached`).
    behavior: Behavior = BEHAVIOR { variable: "ECS_IMAGE_PULL_BEHAVIOR", default: Some("default"), kind: OneOf(Behavior::WORDS) }
    /// Whether the registry must accept the task's own credential before a cached image is used.
    /// `auto`: under `once` and `prefer-cached`, for an image with a credential.
    verify_access: VerifyAccess = VERIFY_ACCESS { variable: "TASKPULL_VERIFY_ACCESS", default: Some("auto"), kind: OneOf(VerifyAccess::WORDS) }
    /// What happens under `default` when the registry refuses the pull. `use-cached`: the cached
    /// image is used, as the ECS agent does.
    on_refusal: OnRefusal = ON_REFUSAL { variable: "TASKPULL_ON_REFUSAL", default: Some("fail"), kind: OneOf(OnRefusal::WORDS) }
    /// Platform of every image, in place of the `runtimePlatform` of each task.
    platform: Option<String> = PLATFORM { variable: "TASKPULL_PLATFORM", default: None, kind: Text("`os[/architecture[/variant]]`") }
    /// Maximum number of concurrent pulls, from all registries together. The engine has its own
    /// limit for layers (`max-concurrent-downloads`, 3).
    concurrency: NonZeroUsize = CONCURRENCY { variable: "TASKPULL_CONCURRENCY", default: Some("32"), kind: Number(1, 1_000) }
    /// Maximum number of concurrent pulls from one registry, so that a slow registry does not
    /// delay the others.
    concurrency_per_registry: NonZeroUsize = PER_REGISTRY { variable: "TASKPULL_CONCURRENCY_PER_REGISTRY", default: Some("8"), kind: Number(1, 1_000) }
    /// Attempts at one pull while its registry is unavailable or throttles.
    /// [Pulls](pulls.md#when-a-pull-fails) describes what is retried, and after which waits.
    attempts: NonZeroU32 = ATTEMPTS { variable: "TASKPULL_ATTEMPTS", default: Some("16"), kind: Number(1, 1_000) }
    /// Maximum wait for the first message of a pull, which the engine sends after the registry has
    /// sent the manifest.
    begin_timeout: Duration = BEGIN_TIMEOUT { variable: "TASKPULL_BEGIN_TIMEOUT", default: Some("1m"), kind: Time(SECOND, HOUR) }
    /// Maximum time without progress of a pull. Time in which it waits for layers of another pull
    /// does not count.
    idle_timeout: Duration = IDLE_TIMEOUT { variable: "TASKPULL_IDLE_TIMEOUT", default: Some("1m"), kind: Time(SECOND, HOUR) }
    /// Maximum time for one pull with all its attempts.
    total_timeout: Duration = TOTAL_TIMEOUT { variable: "TASKPULL_TOTAL_TIMEOUT", default: Some("2h"), kind: Time(SECOND, DAY) }
}
disk: DiskSettings {
    /// What happens when an image needs more space than is free where the engine stores images:
    /// `warn` pulls it and reports a warning, `refuse` fails before the pull, `off` does not check.
    check: DiskCheck = DISK_CHECK { variable: "TASKPULL_DISK_CHECK", default: Some("warn"), kind: OneOf(DiskCheck::WORDS) }
    /// Free space above which images are not checked and no registry is asked for their size. `0`
    /// disables the check.
    skip_check_above: u64 = DISK_SKIP_CHECK_ABOVE { variable: "TASKPULL_DISK_SKIP_CHECK_ABOVE", default: Some("20GiB"), kind: Size }
}
agent: AgentSettings {
    /// Socket on which `taskpull serve` listens, and where `pull --agent`, `status` and `cancel`
    /// connect. A socket passed by systemd takes precedence.
    socket: PathBuf = AGENT_SOCKET { variable: "TASKPULL_SOCKET", default: Some("/run/taskpull/taskpull.sock"), kind: Text("the path of a Unix socket") }
    /// Group whose members may open the socket, besides the agent's own user; `access.*` decides
    /// what they may do. If the group does not exist, only the agent's user may open it.
    socket_group: String = AGENT_SOCKET_GROUP { variable: "TASKPULL_SOCKET_GROUP", default: Some("taskpull"), kind: Text("a group, by name or number") }
    /// Folder in which the agent stores accepted requests. It never contains a secret.
    state_folder: PathBuf = AGENT_STATE_FOLDER { variable: "TASKPULL_STATE_FOLDER", default: Some("/var/lib/taskpull"), kind: FOLDER }
    /// Maximum number of open requests; further ones are rejected.
    open_requests: NonZeroUsize = AGENT_OPEN { variable: "TASKPULL_OPEN_REQUESTS", default: Some("1000"), kind: Number(1, 100_000) }
    /// Number of ended requests that the agent remembers.
    history: NonZeroUsize = AGENT_HISTORY { variable: "TASKPULL_HISTORY", default: Some("1000"), kind: Number(1, 100_000) }
    /// How long the agent retries a request whose failures are all temporary, such as an
    /// unavailable engine or AWS service.
    give_up_after: Duration = AGENT_GIVE_UP_AFTER { variable: "TASKPULL_GIVE_UP_AFTER", default: Some("1h"), kind: Time(Duration::ZERO, Duration::from_hours(24 * 7)) }
    /// How long running pulls may continue after SIGTERM. The rest is pulled after the next start.
    drain_timeout: Duration = AGENT_DRAIN_TIMEOUT { variable: "TASKPULL_DRAIN_TIMEOUT", default: Some("30s"), kind: Time(Duration::ZERO, HOUR) }
    /// Maximum time for a client of the socket to send a request, and to read a part of the
    /// response.
    request_timeout: Duration = AGENT_REQUEST_TIMEOUT { variable: "TASKPULL_REQUEST_TIMEOUT", default: Some("10s"), kind: Time(SECOND, TEN_MINUTES) }
}
access: AccessSettings {
    /// Users and groups that may submit requests, and read and cancel their own.
    submit: Vec<Principal> = ACCESS_SUBMIT { variable: "TASKPULL_ACCESS_SUBMIT", default: Some("root,@taskpull"), kind: PRINCIPALS }
    /// Users and groups that may read all requests, the readiness and the metrics.
    read: Vec<Principal> = ACCESS_READ { variable: "TASKPULL_ACCESS_READ", default: Some("root,@taskpull"), kind: PRINCIPALS }
    /// Users and groups that may obtain registry logins through the socket. By default, none.
    credentials: Vec<Principal> = ACCESS_CREDENTIALS { variable: "TASKPULL_ACCESS_CREDENTIALS", default: None, kind: PRINCIPALS }
}
folder: FolderSettings {
    /// Folder of task definitions (`*.json`) whose images the agent pulls: at its start, when a
    /// file changes, and again after `folder.interval`. It need not exist.
    path: PathBuf = FOLDER_PATH { variable: "TASKPULL_FOLDER", default: Some("/etc/taskpull/task-definitions"), kind: FOLDER }
    /// How long after a file's last pull its images are pulled again, plus or minus 10 percent. `0`
    /// means never.
    interval: Option<Duration> = FOLDER_INTERVAL { variable: "TASKPULL_FOLDER_INTERVAL", default: Some("1h"), kind: Time(Duration::ZERO, MONTH) }
}
ecs: EcsSettings {
    /// ECS cluster whose services' and tasks' images the agent prefetches
    /// ([the agent](agent.md#an-ecs-cluster-kept-warm)). Read at the start only.
    cluster: Option<String> = ECS_CLUSTER { variable: "TASKPULL_ECS_CLUSTER", default: None, kind: Text("a cluster's name or ARN") }
    /// How often the cluster is listed, plus or minus 10 percent. The images of a new task
    /// definition are pulled at once.
    interval: Duration = ECS_INTERVAL { variable: "TASKPULL_ECS_INTERVAL", default: Some("5m"), kind: Time(SECOND, DAY) }
    /// How long after a task definition's last pull its images are pulled again, because tags move.
    /// `0` means never.
    pull_interval: Option<Duration> = ECS_PULL_INTERVAL { variable: "TASKPULL_ECS_PULL_INTERVAL", default: Some("1h"), kind: Time(Duration::ZERO, MONTH) }
    /// Launch type of the tasks that run on this host; images of other tasks are not pulled.
    /// `auto`: `external` if `host.kind` is `external`, else `ec2`.
    launch_type: HostLaunchType = ECS_LAUNCH_TYPE { variable: "TASKPULL_ECS_LAUNCH_TYPE", default: Some("auto"), kind: OneOf(HostLaunchType::WORDS) }
    /// This host in the cluster. Its attributes decide which placement constraints it meets; if
    /// unset, it may meet any.
    container_instance: Option<String> = ECS_CONTAINER_INSTANCE { variable: "TASKPULL_ECS_CONTAINER_INSTANCE", default: None, kind: Text("the ARN or id of a container instance") }
}
audit: AuditSettings {
    /// Where `taskpull serve` writes its [audit trail](operations.md#the-audit-trail). `auto`:
    /// journald if systemd connects stderr to it (`JOURNAL_STREAM`), else nowhere. Read at the
    /// start only.
    to: AuditTarget = AUDIT_TO { variable: "TASKPULL_AUDIT", default: Some("auto"), kind: Text("`auto`, `off`, `journald`, or the absolute path of a file") }
}
metrics: MetricsSettings {
    /// Address on which `taskpull serve` serves [metrics](operations.md#metrics) over HTTP, at
    /// `/metrics`; if unset, it listens on no TCP port. Read at the start only.
    listen: Option<SocketAddr> = METRICS_LISTEN { variable: "TASKPULL_METRICS_LISTEN", default: None, kind: Text("a loopback address with a port, such as `127.0.0.1:9464` or `[::1]:9464`") }
}
traces: TracesSettings {
    /// Collector to which `pull` and `serve` send [traces](operations.md#traces); `/v1/traces` is
    /// appended. If unset, no traces are made. Read at the start only, as are the other settings of
    /// this table.
    endpoint: Option<String> = TRACES_ENDPOINT { variable: "OTEL_EXPORTER_OTLP_ENDPOINT", default: None, kind: Text("an `http://` or `https://` URL, such as `http://127.0.0.1:4318`") }
    /// The same as a complete URL, to which nothing is appended. It takes precedence.
    url: Option<String> = TRACES_URL { variable: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", default: None, kind: Text("an `http://` or `https://` URL") }
    /// Headers of the requests to the collector, such as its token. Never shown.
    headers: Option<Secret> = TRACES_HEADERS { variable: "OTEL_EXPORTER_OTLP_HEADERS", default: None, kind: Secret("percent-encoded `name=value` pairs, separated by commas") }
    /// Service name of the traces; if unset, `service.name` of `traces.resource_attributes`, else
    /// `taskpull`.
    service_name: Option<String> = TRACES_SERVICE_NAME { variable: "OTEL_SERVICE_NAME", default: None, kind: Text("a name") }
    /// Further attributes of the sender, such as
    /// `host.name=web-1,deployment.environment.name=production`.
    resource_attributes: Option<String> = TRACES_RESOURCE_ATTRIBUTES { variable: "OTEL_RESOURCE_ATTRIBUTES", default: None, kind: Text("`name=value` pairs, separated by commas") }
    /// Disables traces, whatever the other settings say.
    disabled: String = TRACES_DISABLED { variable: "OTEL_SDK_DISABLED", default: Some("false"), kind: Text("`true`; anything else means `false`") }
}
log: LogSettings {
    /// Events that are logged to stderr. Only taskpull's own events are ever logged.
    filter: String = LOG_FILTER { variable: "RUST_LOG", default: Some("warn"), kind: Text("`error`, `warn`, `info`, `debug`, `trace`, or `taskpull::pull=debug,…`") }
}
    } };
}
pub(in crate::config) use setting_rows;

/// Declares the constant of each row, and the list of them all.
macro_rules! declare_constants {
    ($($table:ident: $Table:ident {
        $($(#[doc = $description:literal])+ $name:ident: $type:ty = $CONSTANT:ident {
            variable: $variable:literal, default: $default:expr, kind: $kind:expr $(, hide_value: $hide:literal)?
        })+
    })+) => {
        $($(
            #[doc = concat!("The setting `", stringify!($table), ".", stringify!($name), "`.")]
            pub const $CONSTANT: Setting = Setting {
                key: concat!(stringify!($table), ".", stringify!($name)),
                variable: $variable,
                default: $default,
                kind: $kind,
                description: concat!($($description),+).trim_ascii_start(),
                hide_value: false $(|| $hide)?,
            };
        )+)+

        /// Every setting, in the order of the documents.
        pub const SETTINGS: &[&Setting] = &[$($(&$CONSTANT),+),+];
    };
}

setting_rows!(declare_constants);

#[cfg(test)]
mod tests {
    use super::SETTINGS;

    #[test]
    fn keys_and_environment_variables_are_unique() {
        let keys: std::collections::HashSet<_> = SETTINGS.iter().map(|setting| setting.key).collect();
        let variables: std::collections::HashSet<_> = SETTINGS.iter().map(|setting| setting.variable).collect();
        assert_eq!((keys.len(), variables.len()), (SETTINGS.len(), SETTINGS.len()));
    }
}
