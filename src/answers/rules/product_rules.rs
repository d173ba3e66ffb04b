//! What single products say: quotas, policies, blocked addresses and refused logins of Docker Hub,
//! Harbor, Quay, Artifactory, GitHub, GitLab, Azure, Google, Nexus and others.

use crate::answers::rules::message_rule::MessageRule;
use crate::answers::rules::registry_rules::{CHECK_LOGIN, REFUSED_LOGIN};
use crate::error::{Class, Link};

/// Answers that stay the same however often they are asked for. The first match wins.
pub(crate) const FINAL_RULES: &[MessageRule] = &[
    MessageRule::new(
        &["pull rate limit", "increase-rate-limit", "download-rate-limit", "data limit exceeded", "pull limit"],
        Link::Registry,
        Class::Throttled,
        "the registry's pull rate limit is used up {for_whom}; Docker Hub counts pulls in windows of six hours",
        "wait for the end of the window, or pull with an account that has a higher limit: name its login in repositoryCredentials.credentialsParameter; a pull-through cache rule of ECR (`[[rewrite]]`) also avoids the limit",
    )
    .and_final(),
    MessageRule::new(
        &["too many failed login attempts", "locked out", "account is locked", "account has been locked", "user is locked"],
        Link::Registry,
        Class::Refused,
        "the registry has locked out this user name or this address after too many failed logins",
        "correct the login first, in the secret and in every other program that uses it; the lock ends by itself, on Docker Hub after some 15 minutes without an attempt",
    )
    .and_final(),
    MessageRule::new(
        &[
            "is not allowed access",
            "aka.ms/acr/firewall",
            "geo-ip blocked",
            "ip address is blocked",
            "ip address has been blocked",
            "ip is blocked",
            "blocked your ip",
            "not allowed from your ip",
            "ip is not allowed",
            "ip address is not allowed",
            "ip allow list",
            "export control",
            "public network access",
        ],
        Link::Registry,
        Class::Refused,
        "the registry does not serve the address from which the engine asks",
        "allow the address in the message in the registry's network rules, or reach the registry through a private endpoint; the login is not the cause",
    )
    .and_final(),
    MessageRule::new(
        &[
            "due to configured policy",
            "projectpolicyviolation",
            "policy violation",
            "download blocking policy",
            "is not signed",
            "signature verification failed",
            "not signed by",
            "quarantine",
            "violates policy",
            "security policy",
            "has been blocked by",
            "blocked by policy",
            "curation",
            "forbidden by administrative rules",
        ],
        Link::Repository,
        Class::Refused,
        "a policy of the registry forbids pulling this image",
        "repair or sign the image, or have the owner of {repository} on {host} exempt it: the message names the policy; another attempt or login does not help",
    )
    .and_final(),
    MessageRule::new(
        &["tag has expired", "tag_expired", "deleted or has expired", "tag expired"],
        Link::Manifest,
        Class::Absent,
        "the tag has expired or was deleted",
        "push the tag again without an expiration, or restore it in the tag history of {repository} on {host}",
    )
    .and_final(),
    MessageRule::new(
        &[
            "api has not been used in project",
            "key vault access denied",
            "keyvault",
            "namespace is disabled",
            "account is disabled",
            "account has been disabled",
            "account is suspended",
            "account has been suspended",
            "has been suspended",
            "subscription is",
            "payment required",
            "billing account",
            "deprecated and shutting down",
            "container registry is shut down",
            "email must be verified",
            "registry is disabled",
        ],
        Link::Registry,
        Class::Refused,
        "the registry, or the account that owns it, is not in a state to serve pulls",
        "the owner of the registry must act on the message: enable the API, restore access to its key, the account or the payment",
    )
    .and_final(),
];

/// Refused logins, each with its own repair. The first match wins.
pub(crate) const LOGIN_RULES: &[MessageRule] = &[
    MessageRule::new(
        &["saml", " sso", "single sign-on"],
        Link::Registry,
        Class::Refused,
        "the registry refuses these credentials: the organization requires that the token is authorized for single sign-on",
        "authorize the token for the organization (GitHub: Settings, Developer settings, Personal access tokens, Configure SSO), then store it in the secret if it changed",
    )
    .about_login(),
    MessageRule::new(
        &["http basic: access denied", "2fa enabled", "two-factor", "two factor", "use a token instead of a password",
            "must log in with a personal access token",
            "personal access token instead"],
        Link::Registry,
        Class::Refused,
        "the registry does not accept these credentials: the token is wrong, expired or without the scope, or a password is used where only a token is accepted",
        "create a token with the scope for pulling (GitLab: read_registry) and store it in the secret",
    )
    .about_login(),
    MessageRule::new(
        &["could not find robot", "robot account"],
        Link::Registry,
        Class::Refused,
        "the registry does not accept these credentials: it knows no such robot account with this token",
        "compare the robot's full name (Quay: `namespace+robot`, Harbor: `robot$project+name`) and its token with the secret",
    )
    .about_login(),
    MessageRule::new(
        &["token expired", "token has expired", "token is expired", "expired token", "credentials have expired", "token was revoked", "token has been revoked", "jwt"],
        Link::Registry,
        Class::Refused,
        "the registry does not accept these credentials: the token has expired or was revoked",
        "create a new token on {host} and store it in the secret",
    )
    .about_login(),
    MessageRule::new(
        &["access forbidden", "token does not match expected scopes", "improperly scoped", "scopes", "read:packages"],
        Link::Registry,
        Class::Refused,
        "the registry refuses these credentials: the token is wrong, or lacks the scope or the membership for this repository",
        "check that the token is valid, has the scope for pulling (GitLab: read_registry, GitHub: read:packages), and that its account is a member with access to {repository}",
    )
    .about_login(),
    MessageRule::new(
        &[
            "incorrect username or password",
            "bad credentials",
            "specified credentials are invalid",
            "invalid username",
            "invalid credentials",
            "wrong username",
            "login attempt failed",
            "cannot be authenticated",
            "could not be authenticated",
            "unauthenticated",
            "authentication failed",
            "invalid token",
            "unauthorized $",
        ],
        Link::Registry,
        Class::Refused,
        REFUSED_LOGIN,
        CHECK_LOGIN,
    )
    .about_login(),
    // The words of a registry that saw no login too: an engine sends one only if `/v2/` asks for it.
    MessageRule::new(
        &["authentication required"],
        Link::Registry,
        Class::Refused,
        REFUSED_LOGIN,
        "check the user name and the password with the registry: the password may have changed, or the token may be revoked; if `curl -si https://{host}/v2/` answers 200, the registry asks for no login there, and engines send none: configure it to answer 401",
    )
    .about_login(),
];
