//! General phrases, which also occur within more specific messages and are therefore tried last.

use crate::answers::message_rule::MessageRule;
use crate::answers::registry_messages::{CHECK_NAME_AND_PERMISSION, REFUSED_REPOSITORY};
use crate::error::{Class, Link};

/// The first match wins, so specific phrases come before general ones.
pub(crate) const GENERIC_MESSAGES: &[MessageRule] = &[
    MessageRule::new(
        &[": denied:", ": denied "],
        Link::Repository,
        Class::Refused,
        REFUSED_REPOSITORY,
        CHECK_NAME_AND_PERMISSION,
    ),
    MessageRule::new(
        &["invalid reference format", "invalid tag format", "must be lowercase", "is a reserved name"],
        Link::Definition,
        Class::Invalid,
        "the engine does not accept this image name",
        "use the form `[registry[:port]/]repository[:tag][@digest]`, in lower case except for the tag",
    ),
    // containerd's message for a 404 of a registry, which does not name what is missing.
    MessageRule::new(
        &[": not found $"],
        Link::Manifest,
        Class::Absent,
        "the tag, the digest or the repository does not exist",
        "check the spelling of name and tag; a lifecycle policy may have removed the image",
    ),
    MessageRule::new(
        &[
            "error from registry",
            "error parsing http",
            "invalid status code from registry",
            "statuscode: ",
            "unexpected status from",
        ],
        Link::Registry,
        Class::Unknown,
        "the registry reported an error that taskpull does not know",
        "query the registry with curl from the daemon's host",
    ),
    // Both come after the registry's answers, whose messages quote invalid JSON.
    MessageRule::new(
        &["unexpected end of json input"],
        Link::Manifest,
        Class::Unavailable,
        "the manifest was damaged in transit",
        "try again; if the error remains, check whether a proxy or a mirror changes the manifest",
    ),
    MessageRule::new(
        &["invalid character"],
        Link::Manifest,
        Class::Unsupported,
        "the image is invalid: its manifest or configuration is not JSON",
        "build and push the image again; `docker manifest inspect` shows what the registry has",
    ),
];
