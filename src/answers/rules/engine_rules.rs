//! What the engine says about itself and its host.

use crate::answers::rules::message_rule::MessageRule;
use crate::error::{Class, Link};

/// The first match wins.
pub(crate) const ENGINE_RULES: &[MessageRule] = &[
    MessageRule::new(
        &["no space left on device", "disk quota exceeded"],
        Link::Disk,
        Class::DiskFull,
        "no space is left in the engine's image storage",
        "check the folder (Docker Root Dir in `docker info`) with `df -h`; `docker system df` shows what can be removed",
    ),
    MessageRule::new(
        &[
            "failed to send write:",
            "error reading from server:",
            "error reading server preface",
            "connection error: desc",
            "transport is closing",
            "client connection is closing",
            "rpc error: code = unavailable",
            "cannot connect to the docker daemon",
            "containerd.sock",
        ],
        Link::Engine,
        Class::EngineGone,
        "the engine, or the containerd behind it, does not answer",
        "check `systemctl status docker containerd` and `journalctl -u containerd`",
    ),
    MessageRule::new(
        &[
            "too many open files",
            " locked for ",
            " locked: unavailable",
            "^: context deadline exceeded",
            "rpc error: code = deadlineexceeded",
            "rpc error: code = 4 ",
            "cannot allocate memory",
            "device or resource busy",
        ],
        Link::Engine,
        Class::EngineBusy,
        "the engine is overloaded",
        "lower pull.concurrency, or raise the engine's limits (LimitNOFILE in its systemd unit); restart a containerd that stays overloaded",
    ),
    MessageRule::new(
        &["context canceled", "registration cancelled", "cancelled during retry delay"],
        Link::Engine,
        Class::Cancelled,
        "the engine cancelled the pull",
        "an engine that shuts down does this: check `journalctl -u docker`, then run the command again",
    ),
    MessageRule::new(
        &["authorization denied by plugin"],
        Link::Engine,
        Class::Refused,
        "an authorization plugin of the engine denies this pull",
        "the plugin in the message controls who may pull which images on this host",
    ),
    MessageRule::new(
        &["supported api version is"],
        Link::Engine,
        Class::Unsupported,
        "the engine does not support this API version",
        "Docker Engine 20.10 (API 1.41) or newer is required: check `docker version`",
    ),
    MessageRule::new(
        &["cannot overwrite digest"],
        Link::Engine,
        Class::Unsupported,
        "the engine already has another image under this digest, most likely for another platform",
        "remove it with `docker image rm {image}`, then pull again",
    ),
    MessageRule::new(
        &["invalid reference format", "invalid tag format", "must be lowercase", "is a reserved name"],
        Link::Definition,
        Class::Invalid,
        "the engine does not accept this image name",
        "use the form `[registry[:port]/]repository[:tag][@digest]`, in lower case except for the tag",
    ),
    MessageRule::new(
        &["no basic auth credentials", "basic auth because missing username"],
        Link::Registry,
        Class::Refused,
        "the registry requires credentials and received none",
        "an image in ECR requires an authorization token; for another registry, check that the login belongs to {host}",
    )
    .about_login(),
];
