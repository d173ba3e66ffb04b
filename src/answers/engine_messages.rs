//! What the engine says of itself and its host.

use crate::answers::{MessageRule, rule};
use crate::error::{Class, Link};

/// Read before the relayed words: an engine that cannot open a socket names the registry too.
pub(crate) const RULES: &[MessageRule] = &[
    rule(
        &["no space left on device", "disk quota exceeded"],
        (Link::Disk, Class::DiskFull),
        "no space is left where the engine keeps its images",
        "`docker info` names the folder (Docker Root Dir), `df -h` its space, `docker system df` what could go",
    ),
    rule(
        &[
            "too many open files",
            " locked for ",
            " locked: unavailable",
            "^: context deadline exceeded",
            "rpc error: code = deadlineexceeded",
            "rpc error: code = 4 ",
        ],
        (Link::Engine, Class::EngineBusy),
        "the engine has too much to do for this pull",
        "lower pull.concurrency, or raise the engine's limits (LimitNOFILE in its systemd unit); a containerd that stays busy wants a restart",
    ),
    rule(
        &["cannot connect to the docker daemon", "containerd.sock"],
        (Link::Engine, Class::EngineGone),
        "the engine, or the containerd behind it, does not answer",
        "`systemctl status docker containerd` and `journalctl -u containerd` say why",
    ),
    rule(
        &["context canceled", "registration cancelled", "cancelled during retry delay"],
        (Link::Engine, Class::Cancelled),
        "the engine gave the pull up",
        "it does so when it shuts down: `journalctl -u docker` says why; then run this again",
    ),
    rule(
        &["authorization denied by plugin"],
        (Link::Engine, Class::Refused),
        "an authorization plugin of the engine forbids this pull",
        "the plugin that its words name decides who may pull what on this host",
    ),
    rule(
        &["supported api version is"],
        (Link::Engine, Class::Unsupported),
        "the engine speaks another version of the API",
        "`docker version` shows both; Docker Engine 20.10 (API 1.41) or newer is needed",
    ),
];
