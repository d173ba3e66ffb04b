//! What registries and their token services say about throttling, access, credentials and images.

use crate::answers::rules::message_rule::MessageRule;
use crate::error::{Class, Link};

const REFUSED_REPOSITORY: &str =
    "the repository does not exist, or these credentials may not read it; the registry does not distinguish the two";
const CHECK_NAME_AND_PERMISSION: &str =
    "check the spelling of the repository, then the account's permission to read it";
const TRY_LATER: &str =
    "try again later; if the error remains, check the state of the registry, and a gateway in front of it";

/// The explanation of every answer that only says that the login is wrong.
pub(super) const REFUSED_LOGIN: &str = "the registry does not accept these credentials";

/// The hint for such an answer.
pub(super) const CHECK_LOGIN: &str = "check the user name and the password with the registry: the password may have changed, or the token may be revoked";

/// The statuses of a server that cannot answer now; 520 to 530 are those of Cloudflare.
pub(crate) const SERVER_STATUSES: &[&str] = &[
    "408", "425", "500", "501", "502", "503", "504", "505", "507", "508", "509", "520", "521", "522", "523", "524",
    "525", "526", "527", "529", "530",
];

/// The first match wins, so specific phrases come before general ones.
pub(crate) const REGISTRY_RULES: &[MessageRule] = &[
    MessageRule::new(
        &[
            "rate exceeded",
            "quota exceeded for quota metric",
            "too many requests",
            "throttlingexception",
            "throttleexception",
            "throttled",
            "rate limit",
            "retry-after",
            "slow down",
        ],
        Link::Registry,
        Class::Throttled,
        "the registry limits the rate of requests",
        "wait, or lower pull.concurrency_per_registry; an account with a login may have a higher limit",
    ),
    MessageRule::new(
        &[
            "oci index found, but accept header",
            "oci manifest found, but accept header",
            "manifest list found, but accept header",
        ],
        Link::Manifest,
        Class::Unsupported,
        "the engine is too old for the format of this image",
        "upgrade the engine (`docker version` shows its version), or push the image in Docker's format",
    ),
    MessageRule::new(
        &["client sent an http request to an https server"],
        Link::Registry,
        Class::Unsupported,
        "the engine speaks plain HTTP to {server}, which requires TLS",
        "remove `{server}` from `insecure-registries` in the daemon's configuration, or check the port",
    ),
    MessageRule::new(
        &[
            "unauthorized to access repository",
            "does not have permission for manifest",
            "access to the requested resource is not authorized",
            "action: pull",
        ],
        Link::Repository,
        Class::Refused,
        "the registry accepts the login, which may not read {repository}; or there is no such repository",
        "give the account permission to pull from {repository} on {host}; then check the spelling of the repository",
    )
    .about_login(),
    MessageRule::new(
        &[
            "requested access to the resource is denied",
            "insufficient_scope",
            "insufficient scope",
            "no pull access",
            "not have permission",
            "permission denied",
            "permission_denied",
            "read_package",
            "installation not allowed",
            "artifactregistry.repositories",
            "storage.objects.get",
            "not authorized to access",
            "not allowed to pull",
            "caller does not have permission",
        ],
        Link::Repository,
        Class::Refused,
        REFUSED_REPOSITORY,
        CHECK_NAME_AND_PERMISSION,
    )
    .about_login(),
    MessageRule::new(
        &["project*not found", "repository*not found", "repository*does not exist", "repositorynotfoundexception"],
        Link::Repository,
        Class::Absent,
        "the registry has no such repository",
        "check the spelling of the repository; a pull does not create one",
    ),
    MessageRule::new(
        &[
            "manifest unknown",
            "requested image not found",
            "named manifest is not known",
            ": image not found",
            "manifest*not found",
            "artifact*not found",
            "tag*not found",
        ],
        Link::Manifest,
        Class::Absent,
        "there is no such tag or digest in the repository, or no such repository",
        "check the spelling of name and tag; a lifecycle policy may have removed the image",
    ),
    MessageRule::new(
        &["unknown blob", "blob unknown to registry"],
        Link::Layers,
        Class::Absent,
        "the registry no longer has one of the image's layers",
        "push the image again",
    ),
    MessageRule::new(
        &[
            "internal server error",
            "service unavailable",
            "temporarily unavailable",
            "bad gateway",
            "gateway timeout",
            "gateway time-out",
            "upstream connect error",
            "connection refused",
            "i/o timeout",
            "deadline exceeded",
            "under maintenance",
            // What registries say of their own database, cache, upstream or storage, under the code UNKNOWN.
            ": unknown error $",
            ": internal error $",
            "too many clients",
            "connection slots are reserved",
            "connection pool timeout",
            "database is locked",
            "the database system is",
            "no healthy upstream",
            "upstream request timeout",
            "handshake timeout",
            "connection reset by peer",
            "broken pipe",
            "http: server closed",
            ": eof $",
            ": unexpected eof $",
        ],
        Link::Registry,
        Class::Unavailable,
        "the registry reports that it cannot answer now",
        TRY_LATER,
    ),
];

/// What a registry's error code means where no rule knows its words.
pub(crate) const CODE_RULES: &[MessageRule] = &[
    MessageRule::new(
        &["toomanyrequests", "throttlingexception", "throttleexception", "too many requests to registry"],
        Link::Registry,
        Class::Throttled,
        "the registry limits the rate of requests",
        "wait, or lower pull.concurrency_per_registry; an account with a login may have a higher limit",
    ),
    MessageRule::new(
        &["unauthorized"],
        Link::Registry,
        Class::Refused,
        REFUSED_LOGIN,
        "check the user name and the password with the registry: the password may have changed, or the token may be revoked; if `curl -si https://{host}/v2/` answers 200, the registry asks for no login there, and engines send none: configure it to answer 401",
    )
    .about_login(),
    MessageRule::new(&["denied"], Link::Repository, Class::Refused, REFUSED_REPOSITORY, CHECK_NAME_AND_PERMISSION)
        .about_login(),
    MessageRule::new(
        &["name unknown", "name invalid"],
        Link::Repository,
        Class::Absent,
        "the registry has no such repository",
        "check the spelling of the repository; a pull does not create one",
    ),
    MessageRule::new(
        &["manifest unknown", "tag invalid", "not found"],
        Link::Manifest,
        Class::Absent,
        "there is no such tag or digest in the repository, or no such repository",
        "check the spelling of name and tag; a lifecycle policy may have removed the image",
    ),
    MessageRule::new(
        &["manifest blob unknown", "blob unknown", "unknown blob"],
        Link::Layers,
        Class::Absent,
        "the registry no longer has one of the image's layers",
        "push the image again",
    ),
    MessageRule::new(
        &["manifest invalid", "manifest unverified", "unsupported"],
        Link::Manifest,
        Class::Unsupported,
        "the registry does not give out this image: it holds the manifest for invalid or unsupported",
        "build and push the image again; `docker manifest inspect {image}` shows what the registry has",
    ),
    MessageRule::new(
        &["unavailable"],
        Link::Registry,
        Class::Unavailable,
        "the registry reports that it cannot answer now",
        TRY_LATER,
    ),
];

/// The code `denied` of a token service: it refuses the login before the registry is asked.
pub(crate) const DENIED_BY_TOKEN_SERVICE: MessageRule = MessageRule::new(
    &[],
    Link::Registry,
    Class::Refused,
    "the registry's token service refuses these credentials, or gives them no access to this repository",
    "check that the token is valid, has the scope for pulling and belongs to an account with access to {repository}; the password may have changed, or the token may have expired",
)
.about_login();

/// What an HTTP status of a registry means where it comes without words.
pub(crate) const STATUS_RULES: &[MessageRule] = &[
    MessageRule::new(
        &["401"],
        Link::Registry,
        Class::Refused,
        REFUSED_LOGIN,
        CHECK_LOGIN,
    )
    .about_login(),
    MessageRule::new(
        &["403"],
        Link::Registry,
        Class::Refused,
        "the registry denied access with HTTP 403 and without a message",
        "check the login and its permission on {repository}; a proxy, a gateway or a firewall in front of {server} answers so too: `curl -si https://{host}/v2/` on the engine's host shows who refused",
    )
    .about_login(),
    MessageRule::new(
        &["412", "451"],
        Link::Repository,
        Class::Refused,
        "a policy of the registry forbids pulling this image (HTTP {status})",
        "ask the owner of {repository} on {host} for the policy: a vulnerability, a missing signature or a legal hold",
    )
    .and_final(),
    MessageRule::new(
        &["404", "410"],
        Link::Registry,
        Class::Absent,
        "the server at the registry's address answers `not found`, but not as a registry does",
        "check the spelling of host and port: the address may belong to a web server or a proxy",
    ),
    MessageRule::new(
        &["429"],
        Link::Registry,
        Class::Throttled,
        "the registry limits the rate of requests",
        "wait, or lower pull.concurrency_per_registry; an account with a login may have a higher limit",
    ),
    MessageRule::new(
        SERVER_STATUSES,
        Link::Registry,
        Class::Unavailable,
        "the registry answers with an error of its own, HTTP {status}",
        TRY_LATER,
    ),
];
