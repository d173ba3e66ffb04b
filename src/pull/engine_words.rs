//! What the engine's words mean: one table from its texts to the chain.
//!
//! The engine reports wrong credentials as HTTP 500, a denied repository as 404 and most
//! faults within a stream of HTTP 200, so the text decides, and the status only where the
//! text is unknown. Names are taken out of the text before it is read: a repository may be
//! called `unauthorized-page`.

use super::engine_error::{EngineError, Unreachable};
use crate::error::{Class, Explain as _, Link};
use crate::task::ImageReference;

/// One row of the table.
struct Rule {
    any_of: &'static [&'static str],
    meaning: Meaning,
}

/// What a failure means, ready to be told.
#[derive(Clone, Copy)]
pub(super) struct Meaning {
    pub link: Link,
    pub class: Class,
    pub sentence: &'static str,
    pub hint: Option<&'static str>,
}

const fn rule(
    any_of: &'static [&'static str],
    link: Link,
    class: Class,
    sentence: &'static str,
    hint: &'static str,
) -> Rule {
    Rule { any_of, meaning: Meaning { link, class, sentence, hint: Some(hint) } }
}

/// Lower-case phrases, first match wins: the narrow ones stand before the wide ones.
const RULES: &[Rule] = &[
    rule(
        &["no space left on device"],
        Link::Disk,
        Class::DiskFull,
        "no space is left where the engine keeps its images",
        "`docker info` names the folder (Docker Root Dir), `df -h` its space, `docker system df` what could go",
    ),
    rule(
        &["toomanyrequests", "too many requests", "rate exceeded", "http 429"],
        Link::Registry,
        Class::Throttled,
        "the registry limits the rate of pulls",
        "wait, or pull with an account that has a higher limit",
    ),
    rule(
        &["no basic auth credentials"],
        Link::Registry,
        Class::Refused,
        "the registry wants credentials and got none",
        "for an image in ECR an authorization token is needed; else see that the login is one of this registry's",
    ),
    rule(
        &["authorization token has expired"],
        Link::Registry,
        Class::Refused,
        "the registry's authorization token has expired",
        "tokens last 12 hours: get a new one",
    ),
    rule(
        &["is not authorized to perform"],
        Link::Repository,
        Class::Refused,
        "a policy does not allow this pull",
        "allow the action named below on the repository, in the caller's policy or, across accounts, in both",
    ),
    rule(
        &["pull access denied", "requested access to the resource is denied", "insufficient_scope", "access forbidden"],
        Link::Repository,
        Class::Refused,
        "the repository does not exist, or these credentials may not read it; the registry does not say which",
        "see the repository's name for a slip, then the account's permission on it",
    ),
    rule(
        &["unauthorized", "authentication required", "incorrect username or password"],
        Link::Registry,
        Class::Refused,
        "the registry does not accept these credentials",
        "compare the login's user name and password with the registry: was the password changed, the token revoked?",
    ),
    rule(
        &["no matching manifest for", "no match for platform"],
        Link::Platform,
        Class::Unsupported,
        "the image has no build for this platform",
        "build it for this architecture too, or run the task on a host of another one",
    ),
    rule(
        &["unsupported media type", "unsupported manifest media type", "invalid content type"],
        Link::Manifest,
        Class::Unsupported,
        "what the registry has under this name is no container image",
        "a Helm chart or another artifact cannot be run: name the image itself",
    ),
    rule(
        // The last is the containerd-backed store's, without the names in it.
        &["manifest unknown", "manifest for", "manifest invalid", "failed to resolve reference not found"],
        Link::Manifest,
        Class::Absent,
        "there is no such tag or digest, or no such repository",
        "see name and tag for a slip; a lifecycle policy may have expired the image",
    ),
    rule(
        &["name unknown", "repository name not known to registry", "repository does not exist"],
        Link::Repository,
        Class::Absent,
        "the registry has no such repository",
        "see the repository's name for a slip; registries do not create one on a pull",
    ),
    rule(
        &["layer verification failed", "unexpected eof"],
        Link::Layers,
        Class::Unavailable,
        "a layer arrived damaged",
        "network, proxy or disk: try again; if it stays, push the image again",
    ),
    rule(
        &["unknown blob", "blob unknown"],
        Link::Layers,
        Class::Absent,
        "the registry no longer has one of the image's layers",
        "push the image again",
    ),
    rule(
        &["http response to https client"],
        Link::Registry,
        Class::Unsupported,
        "the registry speaks plain HTTP, and the engine expects TLS",
        "give the registry TLS, or list it under `insecure-registries` in the daemon's configuration",
    ),
    rule(
        &["x509:", "tls: "],
        Link::Registry,
        Class::Unsupported,
        "the engine does not trust the registry's certificate",
        "put the registry's CA into /etc/docker/certs.d/HOST/ca.crt of the daemon's host",
    ),
    rule(
        &["proxyconnect"],
        Link::Registry,
        Class::Unavailable,
        "the engine's proxy does not answer",
        "the proxy is set in the daemon, not here: `docker info` shows it",
    ),
    rule(
        &["no such host", "server misbehaving", "name resolution"],
        Link::Registry,
        Class::Unavailable,
        "the registry's name cannot be resolved",
        "see the host's name for a slip, then the daemon's name resolution",
    ),
    rule(
        &["http 403", "403 forbidden", "accessdenied"],
        Link::Registry,
        Class::Refused,
        "the registry or its layer store refused access",
        "a token of another Region, a bucket policy or an endpoint policy: the words below say who refused",
    ),
    rule(
        &[
            "connection refused",
            "connection reset",
            "i/o timeout",
            "timeout exceeded",
            "deadline exceeded",
            "handshake timeout",
            "no route to host",
            "network is unreachable",
            "unexpected http status: 5",
            "unexpected http response code: 5",
            "http 500",
            "http 502",
            "http 503",
            "http 504",
            "service unavailable",
            "bad gateway",
            "broken pipe",
            ": eof",
        ],
        Link::Registry,
        Class::Unavailable,
        "the registry does not answer properly",
        "it may pass; if it stays, see the route, the firewall or the VPC endpoint from the daemon's host",
    ),
    rule(
        &["denied: "],
        Link::Repository,
        Class::Refused,
        "the repository does not exist, or these credentials may not read it; the registry does not say which",
        "see the repository's name for a slip, then the account's permission on it",
    ),
    rule(
        &["invalid reference format"],
        Link::Definition,
        Class::Invalid,
        "the engine does not take this as an image's name",
        "an image is `[registry[:port]/]repository[:tag][@digest]`",
    ),
];

/// What `cause` means for the pull of `image`, with credentials or without.
pub(super) fn meaning(cause: &EngineError, image: &ImageReference, anonymous: bool) -> Meaning {
    let EngineError::Said { status, text } = cause else {
        return unreachable(cause);
    };
    let text = without_names(text, image).to_lowercase();
    let rule = RULES.iter().find(|rule| rule.any_of.iter().any(|phrase| text.contains(phrase)));
    let mut meaning = rule.map_or_else(|| by_status(*status), |rule| rule.meaning);
    let asks_for_credentials =
        meaning.class == Class::Refused && matches!(meaning.link, Link::Registry | Link::Repository);
    if anonymous && asks_for_credentials {
        meaning.sentence = match meaning.link {
            Link::Repository => "the repository does not exist, or wants credentials; the container names none",
            _ => "the registry wants credentials, and the container names none",
        };
        meaning.hint =
            Some("put them in a secret and name it in the container's repositoryCredentials.credentialsParameter");
    }
    meaning
}

/// The text without the words that name the image, its repository or its registry.
fn without_names(text: &str, image: &ImageReference) -> String {
    let path = format!("/{}", image.repository());
    let familiar = image.repository().trim_start_matches("library/");
    let is_name = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        word.contains(image.registry()) || word.contains(&path) || word.split([':', '@']).next() == Some(familiar)
    };
    text.split_whitespace().filter(|word| !is_name(word)).collect::<Vec<_>>().join(" ")
}

fn by_status(status: u16) -> Meaning {
    let (class, sentence) = match status {
        401 | 403 => (Class::Refused, "the engine or the registry refused"),
        404 => (Class::Absent, "the engine did not find it"),
        429 => (Class::Throttled, "too many requests"),
        _ => (Class::Unknown, "the engine failed in a way taskpull does not know"),
    };
    Meaning { link: Link::Engine, class, sentence, hint: None }
}

/// The engine did not speak at all.
fn unreachable(cause: &EngineError) -> Meaning {
    let (sentence, hint) = match cause {
        EngineError::Unreachable { why: Unreachable::TooManyFiles, .. } => (
            "no connection to the engine could be opened",
            "raise the limit of open files (`ulimit -n`), or lower pull.concurrency",
        ),
        EngineError::Garbled { .. } => ("the engine's answer cannot be read", "`journalctl -u docker` may say why"),
        _ => ("the engine went away", "`journalctl -u docker` may say why"),
    };
    Meaning { link: Link::Engine, class: cause.class(), sentence, hint: Some(hint) }
}

#[cfg(test)]
mod tests {
    use super::{EngineError, Meaning};
    use crate::error::{Class, Link};
    use crate::task::ImageReference;

    fn meaning(status: u16, text: &str, anonymous: bool) -> Meaning {
        let image = ImageReference::parse("r/unauthorized-page:1").unwrap();
        super::meaning(&EngineError::Said { status, text: text.to_owned() }, &image, anonymous)
    }

    #[test]
    fn the_engines_words_find_their_place_on_the_chain() {
        let table = [
            (
                500,
                "Get \"http://127.0.0.1:5000/v2/a/manifests/1\": no basic auth credentials",
                Link::Registry,
                Class::Refused,
            ),
            (
                500,
                "Head \"https://r/v2/a/manifests/1\": unauthorized: authentication required",
                Link::Registry,
                Class::Refused,
            ),
            (
                500,
                "Get \"https://registry-1.docker.io/v2/\": unauthorized: incorrect username or password",
                Link::Registry,
                Class::Refused,
            ),
            (
                404,
                "pull access denied for a/b, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
                Link::Repository,
                Class::Refused,
            ),
            (
                200,
                "denied: User: arn:aws:sts::1:assumed-role/a is not authorized to perform: ecr:BatchGetImage",
                Link::Repository,
                Class::Refused,
            ),
            (
                500,
                "denied: Your authorization token has expired. Reauthenticate and try again.",
                Link::Registry,
                Class::Refused,
            ),
            (500, "toomanyrequests: Rate exceeded", Link::Registry, Class::Throttled),
            (500, "error parsing HTTP 429 response body: invalid character", Link::Registry, Class::Throttled),
            (404, "manifest for r/a:1 not found: manifest unknown: manifest unknown", Link::Manifest, Class::Absent),
            (404, "name unknown: repository name not known to registry", Link::Repository, Class::Absent),
            (
                404,
                "no matching manifest for linux/arm64/v8 in the manifest list entries",
                Link::Platform,
                Class::Unsupported,
            ),
            (
                200,
                "unsupported media type application/vnd.cncf.helm.config.v1+json",
                Link::Manifest,
                Class::Unsupported,
            ),
            (200, "filesystem layer verification failed for digest sha256:1", Link::Layers, Class::Unavailable),
            (200, "unknown blob", Link::Layers, Class::Absent),
            (
                200,
                "error parsing HTTP 403 response body: invalid character '<': \"<Error><Code>AccessDenied</Code>\"",
                Link::Registry,
                Class::Refused,
            ),
            (200, "write /var/lib/docker/tmp/GetImageBlob1: no space left on device", Link::Disk, Class::DiskFull),
            (
                500,
                "Get \"https://r/v2/\": proxyconnect tcp: dial tcp 10.0.0.1:3128: connect: connection refused",
                Link::Registry,
                Class::Unavailable,
            ),
            (500, "Get \"https://r/v2/\": dial tcp: lookup r: no such host", Link::Registry, Class::Unavailable),
            (500, "Get \"https://r/v2/\": dial tcp 10.0.0.1:443: i/o timeout", Link::Registry, Class::Unavailable),
            (
                500,
                "Get \"https://r/v2/\": http: server gave HTTP response to HTTPS client",
                Link::Registry,
                Class::Unsupported,
            ),
            (
                500,
                "Get \"https://r/v2/\": x509: certificate signed by unknown authority",
                Link::Registry,
                Class::Unsupported,
            ),
            (500, "received unexpected HTTP status: 503 Service Unavailable", Link::Registry, Class::Unavailable),
            (400, "invalid reference format", Link::Definition, Class::Invalid),
            (500, "Head \"https://ghcr.io/v2/a/manifests/1\": denied: denied", Link::Repository, Class::Refused),
            (
                200,
                "failed to register layer: ApplyLayer exit status 1: lchown /a: operation not permitted",
                Link::Engine,
                Class::Unknown,
            ),
            (500, "the moon is in the wrong phase", Link::Engine, Class::Unknown),
        ];
        for (status, text, link, class) in table {
            let found = meaning(status, text, false);
            assert_eq!((found.link, found.class), (link, class), "{text}");
        }
    }

    #[test]
    fn without_credentials_a_refusal_says_that_there_were_none() {
        assert!(meaning(500, "no basic auth credentials", true).sentence.contains("names none"));
        assert!(!meaning(500, "no basic auth credentials", false).sentence.contains("names none"));
    }

    #[test]
    fn the_names_in_the_text_are_not_read_as_its_words() {
        let said = "manifest for docker.io/r/unauthorized-page:1 not found: manifest unknown: manifest unknown";
        assert_eq!(meaning(404, said, true).link, Link::Manifest);
        let said = "Get \"https://docker.io/v2/r/unauthorized-page/manifests/1\": dial tcp 10.0.0.1:443: i/o timeout";
        assert_eq!(meaning(500, said, true).class, Class::Unavailable);
        assert_eq!(meaning(500, "unauthorized: authentication required", false).class, Class::Refused);
    }
}
