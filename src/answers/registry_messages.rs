//! Messages of registries that the engine relays: throttling and refusals.

use crate::answers::message_rule::MessageRule;
use crate::error::{Class, Link};

pub(crate) const REFUSED_REPOSITORY: &str =
    "the repository does not exist, or these credentials may not read it; the registry does not distinguish the two";
pub(crate) const CHECK_NAME_AND_PERMISSION: &str =
    "check the spelling of the repository, then the account's permission to read it";

/// The first match wins, so specific phrases come before general ones.
pub(crate) const REGISTRY_MESSAGES: &[MessageRule] = &[
    MessageRule::new(
        &[
            "toomanyrequests",
            "too many requests",
            "rate exceeded",
            "http 429",
            "statuscode: 429",
            "throttlingexception",
            "throttleexception",
            "pull rate limit",
            "retry-after:",
        ],
        Link::Registry,
        Class::Throttled,
        "the registry limits the rate of pulls",
        "wait, or pull with an account that has a higher limit",
    ),
    MessageRule::new(
        &["no basic auth credentials", "basic auth because missing username"],
        Link::Registry,
        Class::Refused,
        "the registry requires credentials and received none",
        "an image in ECR requires an authorization token; for another registry, check that the login belongs to it",
    ),
    MessageRule::new(
        &["authorization token has expired"],
        Link::Registry,
        Class::Refused,
        "the registry's authorization token has expired",
        "ECR's tokens last 12 hours, and taskpull replaces its own when they are refused: check the host's clock",
    ),
    MessageRule::new(
        &["authorization token is invalid"],
        Link::Registry,
        Class::Refused,
        "the registry does not accept this authorization token",
        "an ECR token is valid in one Region, and for either ECR or ECR Public: request it in the image's Region",
    ),
    MessageRule::new(
        &["is not authorized to perform"],
        Link::Repository,
        Class::Refused,
        "a policy does not allow this pull",
        "allow the action in the message on the repository: in the caller's policy or, across accounts, also in the repository's",
    ),
    MessageRule::new(
        &[
            "pull access denied",
            "requested access to the resource is denied",
            "access to the requested resource is not authorized",
            "insufficient_scope",
            "access forbidden",
            "does not exist or no pull access",
        ],
        Link::Repository,
        Class::Refused,
        REFUSED_REPOSITORY,
        CHECK_NAME_AND_PERMISSION,
    ),
    MessageRule::new(
        &["unauthorized", "authentication required", "incorrect username or password"],
        Link::Registry,
        Class::Refused,
        "the registry does not accept these credentials",
        "check the user name and the password with the registry: the password may have changed, or the token may be revoked",
    ),
];
