//! What the engine says about the storage in which it keeps images.

use crate::answers::rules::message_rule::MessageRule;
use crate::error::{Class, Link};

const fn storage(phrases: &'static [&'static str], explanation: &'static str, hint: &'static str) -> MessageRule {
    MessageRule::new(phrases, Link::Engine, Class::Unsupported, explanation, hint)
}

/// The first match wins. A second attempt fails in the same way, so none of them is repeated.
pub(crate) const STORAGE_RULES: &[MessageRule] = &[
    storage(
        &[
            "subordinate ids",
            "/etc/subuid",
            "insufficient uids or gids",
            "insufficient 'lchown'",
            "cannot be mapped to a host id",
        ],
        "the engine's image storage cannot set the owner of a file of the image: the user or group id is outside the range of the engine's user namespace",
        "raise the range of the engine's user in /etc/subuid and /etc/subgid above the id in the message, then restart the engine; or change the owner of the file in the image",
    ),
    storage(
        &[
            "input/output error",
            "structure needs cleaning",
            "stale nfs file handle",
            "stale file handle",
            "bad message",
        ],
        "the disk or the file system of the engine's image storage reports an error",
        "see `journalctl -k -p err` on the engine's host; then check or replace the disk below the Docker Root Dir of `docker info`",
    ),
    storage(
        &["read-only file system"],
        "the engine's image storage is on a read-only file system",
        "`findmnt -T /var/lib/docker` shows its mount (the path is the Docker Root Dir of `docker info`); a file system that the kernel made read-only after an error needs a check (fsck) before it is mounted again",
    ),
    storage(
        &["getimageblob*no such file or directory"],
        "the folder in which the engine keeps downloads was removed while the engine ran",
        "`systemctl restart docker` creates it again; nothing else may clean up the Docker Root Dir",
    ),
    storage(
        &["max depth exceeded"],
        "the image has more layers than the engine's image storage can stack, about 125",
        "build the image with fewer layers: join RUN instructions, or copy the result into a last build stage",
    ),
    storage(
        &[
            "layer does not exist",
            "unable to find layer",
            "layer not known",
            "layerdb",
            "unable to prepare extraction snapshot",
            "parent snapshot",
            "error creating overlay mount",
            "failed to mount",
            "missing parent",
            "blob not found in the content store",
            "invalid checksum digest length",
        ],
        "the engine's image storage is damaged: parts of other images are missing",
        "`docker system prune --all` removes every image that no container uses, and with them what is damaged; if the error stays, stop the engine and empty its Docker Root Dir (`docker info` names it)",
    ),
    storage(
        &["operation not permitted"],
        "the engine may not create a file of the image in its image storage",
        "a rootless or nested engine has too few rights, or a security module or an immutable folder forbids it: check `docker info --format '{{.SecurityOptions}}'` and `journalctl -k` on the engine's host",
    ),
    storage(
        &["operation not supported", "invalid cross-device link", "function not implemented", "no such device"],
        "the file system of the engine's image storage lacks a feature that the image requires",
        "put the Docker Root Dir of `docker info` on ext4, or on xfs with ftype=1, or choose another storage driver",
    ),
    storage(
        &["lchown ", "file name too long", "too many links", "value too large for defined data type"],
        "the engine's image storage cannot hold a file of the image",
        "compare the file and the reason in the message with the file system below the Docker Root Dir of `docker info`",
    ),
];

/// General phrases, which also occur in words about the image or a connection and are therefore
/// tried last.
pub(crate) const GENERAL_STORAGE_RULES: &[MessageRule] = &[storage(
    &[
        "failed to register layer",
        "failed to extract layer",
        "adding layer with blob",
        "storing blob to file",
        "applylayer",
        "getimageblob",
        "/var/lib/docker/",
        "/var/lib/containerd/",
        "/var/lib/containers/",
    ],
    "the engine could not store a layer in its image storage",
    "check the folder (Docker Root Dir in `docker info`): its owner, its mode and its security labels; `journalctl -u docker` has the details",
)];
