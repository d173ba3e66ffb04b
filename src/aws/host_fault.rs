//! Why a host has no usable AWS credentials: the source that answered, how it answered, and what
//! fixes it on this kind of host. A source that this kind of host does not have is not named.

use crate::aws::explanation::Explanation;
use crate::config::HostKind;
use crate::error::{Class, Link};

/// The beginning of every reason for which no source has credentials.
const NOT_FOUND: &str = "no AWS credentials were found on this host";

/// Why this host has no usable AWS credentials. The text is what the last source said.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum HostFault {
    /// No source is configured.
    #[error("asked: {asked}")]
    NoSource {
        /// The kind of host, which decides about the sources.
        kind: HostKind,
        /// The sources that were asked.
        asked: String,
    },
    /// The metadata service of the instance has none.
    #[error("the instance metadata service: {message}")]
    Metadata {
        /// The kind of host: `ec2`, or `auto` if it may not be an instance at all.
        kind: HostKind,
        /// How the service answered.
        answer: MetadataAnswer,
        /// The message of the SDK.
        message: String,
    },
    /// The credentials endpoint of the task has none.
    #[error("the container credentials endpoint at {host}: {message}")]
    TaskEndpoint {
        /// The host of the endpoint.
        host: String,
        /// The HTTP status of the answer, if there was one.
        status: Option<u16>,
        /// The message of the SDK.
        message: String,
    },
    /// The selected profile, or one that it is based on, cannot be used.
    #[error("{fault}")]
    Profile {
        /// The name of the profile.
        profile: String,
        /// The files that were read.
        files: String,
        /// What is wrong with it.
        fault: ProfileFault,
    },
    /// A shared configuration file is malformed.
    #[error("{text}")]
    MalformedFile {
        /// The files that were read.
        files: String,
        /// The position, and what is wrong there.
        text: String,
    },
    /// The token of a web identity could not be exchanged.
    #[error("{message}")]
    WebIdentity {
        /// The message of the SDK.
        message: String,
    },
    /// A source returned a key that cannot be sent.
    #[error("{name} has {flaw}")]
    UnusableKey {
        /// The source that returned it.
        source_name: String,
        /// The part of the key.
        name: &'static str,
        /// What is wrong with it.
        flaw: &'static str,
    },
}

/// How the instance metadata service answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MetadataAnswer {
    /// `AWS_EC2_METADATA_DISABLED` is set, so it was not asked.
    NotAsked,
    /// It did not answer.
    Silent,
    /// HTTP 403: it is switched off.
    Forbidden,
    /// HTTP 404: the instance has no role.
    NoRole,
    /// Another answer, which the message states.
    Other,
}

/// What is wrong with a profile.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum ProfileFault {
    /// It is not in the files; these are.
    #[error("the profiles there: {}", .0.join(", "))]
    Missing(Vec<String>),
    /// One of its values cannot be used.
    #[error("{0}")]
    Value(String),
    /// It signs in through IAM Identity Center or `aws login`.
    #[error("it is used by the AWS command line, which caches a session")]
    SignIn,
    /// Its program failed, or printed no credentials.
    #[error("{message}")]
    Process {
        /// The program, without its arguments.
        program: String,
        /// How the program ended, such as `exit status: 3`, without its output.
        message: String,
    },
    /// Another problem, which the SDK states.
    #[error("{message}")]
    Other {
        /// The message of the SDK.
        message: String,
        /// Whether the files themselves are wrong, so that nothing but a change of them helps.
        is_final: bool,
    },
}

impl HostFault {
    /// The link, class, reason and hint.
    pub(super) fn explain(&self) -> Explanation {
        let (class, reason, hint) = match self {
            Self::NoSource { kind, .. } => (Class::Absent, no_source(*kind), find_identity(*kind).to_owned()),
            Self::Metadata { kind, answer, .. } => explain_metadata(*kind, *answer),
            Self::TaskEndpoint { host, status, message } => explain_task_endpoint(host, *status, message),
            Self::Profile { profile, files, fault } => fault.explain(profile, files),
            Self::MalformedFile { files, .. } => (
                Class::Invalid,
                format!("{files} cannot be read as AWS configuration"),
                "correct what the message names: `aws configure list` must work as this user".to_owned(),
            ),
            Self::WebIdentity { .. } => (
                Class::Unavailable,
                "the web identity of this host gave no AWS credentials".to_owned(),
                "check the file in AWS_WEB_IDENTITY_TOKEN_FILE, the role in AWS_ROLE_ARN, and that the role's trust policy names the identity provider".to_owned(),
            ),
            Self::UnusableKey { source_name, name, flaw } => (
                Class::Invalid,
                format!("{name} from {source_name} has {flaw}"),
                format!("write {name} without it, in the place that {source_name} reads"),
            ),
        };
        Explanation { link: Link::HostIdentity, class, reason, hint: Some(hint) }
    }
}

fn no_source(kind: HostKind) -> String {
    match kind {
        HostKind::Fargate => format!(
            "{NOT_FOUND}: the task has no task role (neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set)"
        ),
        _ => NOT_FOUND.to_owned(),
    }
}

/// Where credentials can come from on this kind of host.
fn find_identity(kind: HostKind) -> &'static str {
    match kind {
        HostKind::Ec2 => {
            "attach an instance role to this instance, or set up a profile: `aws sts get-caller-identity` must work as this user"
        }
        HostKind::Fargate => {
            "set taskRoleArn in the task definition of the task in which taskpull runs, and start the task again"
        }
        HostKind::External => {
            "set up a profile for this user with `aws configure` (or AWS_SHARED_CREDENTIALS_FILE, or a credential_process): `aws sts get-caller-identity` must work"
        }
        HostKind::Auto => {
            "on EC2 attach an instance role (in a container the metadata hop limit must be 2), in a task configure a task role (taskRoleArn), elsewhere set up a profile with `aws configure`: `aws sts get-caller-identity` must work as this user"
        }
    }
}

fn explain_metadata(kind: HostKind, answer: MetadataAnswer) -> (Class, String, String) {
    // A host of unknown kind may not be an instance at all.
    let elsewhere = match kind {
        HostKind::Auto => {
            "; outside of EC2 set host.kind, and set up a profile with `aws configure` or a task role (taskRoleArn)"
        }
        _ => "",
    };
    let options =
        |option| format!("`aws ec2 modify-instance-metadata-options --instance-id INSTANCE_ID {option}`{elsewhere}");
    match answer {
        MetadataAnswer::NotAsked => {
            let hint = format!(
                "AWS_EC2_METADATA_DISABLED switches the metadata service off: on EC2 unset it and attach an instance role{}",
                if elsewhere.is_empty() { "; or set up a profile with `aws configure`" } else { elsewhere }
            );
            (Class::Absent, NOT_FOUND.to_owned(), hint)
        }
        MetadataAnswer::Silent => (
            Class::Absent,
            format!("{NOT_FOUND}: the instance metadata service does not answer"),
            format!(
                "in a container on EC2 the metadata hop limit must be 2: {}",
                options("--http-put-response-hop-limit 2")
            ),
        ),
        MetadataAnswer::Forbidden => (
            Class::Absent,
            format!("{NOT_FOUND}: the instance metadata service is switched off (HTTP 403)"),
            format!("switch it on: {}", options("--http-endpoint enabled")),
        ),
        MetadataAnswer::NoRole => (
            Class::Absent,
            format!(
                "{NOT_FOUND}: no instance profile is attached to this instance (the metadata service answers HTTP 404)"
            ),
            format!(
                "attach an instance role: `aws ec2 associate-iam-instance-profile --instance-id INSTANCE_ID --iam-instance-profile Name=INSTANCE_PROFILE`{elsewhere}"
            ),
        ),
        MetadataAnswer::Other => (
            Class::Unavailable,
            "the instance metadata service gave no usable credentials".to_owned(),
            "check the instance role and its trust policy, which must name ec2.amazonaws.com".to_owned(),
        ),
    }
}

fn explain_task_endpoint(host: &str, status: Option<u16>, message: &str) -> (Class, String, String) {
    let role = "set taskRoleArn in the task definition of the task in which taskpull runs, and start the task again";
    match status {
        Some(404 | 400) => (
            Class::Absent,
            format!("{NOT_FOUND}: the container credentials endpoint at {host} has none for this task (HTTP {})", status.unwrap_or_default()),
            role.to_owned(),
        ),
        Some(401 | 403) => (
            Class::Refused,
            format!("the container credentials endpoint at {host} does not accept the authorization token"),
            "AWS_CONTAINER_AUTHORIZATION_TOKEN, or the file in AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE, must hold the token that the agent behind the endpoint expects".to_owned(),
        ),
        Some(status) => (
            Class::Unavailable,
            format!("the container credentials endpoint at {host} answers HTTP {status}"),
            "this may be temporary: try again; if it persists, see the log of the agent behind the endpoint".to_owned(),
        ),
        None if message.contains("auth token") => (
            Class::Invalid,
            "the authorization token for the container credentials endpoint cannot be sent".to_owned(),
            "write the token without a line end into AWS_CONTAINER_AUTHORIZATION_TOKEN, or into the file that AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names".to_owned(),
        ),
        None if message.contains("No such file") || message.contains("ermission denied") => (
            Class::Invalid,
            "the authorization token for the container credentials endpoint cannot be read".to_owned(),
            "`cat \"$AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE\" >/dev/null` must work as this user".to_owned(),
        ),
        None if message.contains("allowed IP address") => (
            Class::Invalid,
            format!("the container credentials endpoint at {host} may not be asked without TLS"),
            "AWS_CONTAINER_CREDENTIALS_FULL_URI must begin with `https://`, or name this host (127.0.0.1), 169.254.170.2 or 169.254.170.23".to_owned(),
        ),
        None => (
            Class::Unavailable,
            format!("the container credentials endpoint at {host} gives no credentials"),
            format!("check AWS_CONTAINER_CREDENTIALS_RELATIVE_URI (or AWS_CONTAINER_CREDENTIALS_FULL_URI), which must be that of a running task; in a task without a role, {role}"),
        ),
    }
}

impl ProfileFault {
    fn explain(&self, profile: &str, files: &str) -> (Class, String, String) {
        match self {
            Self::Missing(_) => (
                Class::Invalid,
                format!("there is no profile `{profile}` in {files}"),
                format!(
                    "set AWS_PROFILE to a profile that `aws configure list-profiles` shows, unset it, or create this one: `aws configure --profile {profile}` (its heading is `[profile {profile}]` in the config file, and `[{profile}]` in the credentials file)"
                ),
            ),
            Self::Value(_) => (
                Class::Invalid,
                format!("the profile `{profile}` in {files} cannot be used"),
                format!("correct it: `aws configure list --profile {profile}` shows where each value is from"),
            ),
            Self::SignIn => (
                Class::Unsupported,
                format!(
                    "the profile `{profile}` signs in through IAM Identity Center or `aws login`, which taskpull does not do"
                ),
                format!(
                    "sign in with the AWS command line and set AWS_PROFILE to another profile that contains `credential_process = aws configure export-credentials --profile {profile} --format process`"
                ),
            ),
            Self::Process { program, message } => {
                let (class, what) = match message {
                    message if message.contains("status: 127") => (Class::Absent, "was not found"),
                    message if message.contains("status: 126") => (Class::Invalid, "may not be executed"),
                    message if message.contains("exited") => (Class::Unavailable, "failed"),
                    _ => (Class::Unavailable, "printed no usable credentials"),
                };
                (
                    class,
                    format!("the credential_process {program} of the profile `{profile}` {what}"),
                    format!(
                        "`aws sts get-caller-identity --profile {profile}` must work as this user; taskpull does not show what the program printed, which may be secret: see it with `aws configure get credential_process --profile {profile}` and run that command"
                    ),
                )
            }
            Self::Other { is_final, .. } => (
                if *is_final { Class::Invalid } else { Class::Unavailable },
                format!("the profile `{profile}` in {files} gives no AWS credentials"),
                format!(
                    "correct what the message names: `aws sts get-caller-identity --profile {profile}` must work as this user"
                ),
            ),
        }
    }
}
