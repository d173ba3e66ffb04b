//! Images that lack a part, or have one in the wrong place, and that the grammar would read as something else.

use super::image_error::ImageReferenceError;
use super::slip::{Field, is_registry_host};
use crate::error::InputText;

/// The digest algorithms of the grammar.
const ALGORITHMS: [&str; 3] = ["sha256:", "sha384:", "sha512:"];

/// Refuses a scheme, a host without a repository, a digest or an id without an image, and a digest in place of a tag.
pub(super) fn check_parts(input: &InputText<'_>, text: &str) -> Result<(), ImageReferenceError> {
    if let Some((scheme, rest)) = text.split_once("://") {
        let scheme = input.part(&format!("{scheme}://"));
        return Err(ImageReferenceError::Scheme { scheme, rest: input.part(rest) });
    }
    if ALGORITHMS.iter().any(|algorithm| text.strip_prefix(algorithm).is_some_and(is_hexadecimal)) {
        return Err(ImageReferenceError::DigestAlone);
    }
    let is_short_id = text.len() == 12 && text.bytes().any(|b| b.is_ascii_digit());
    if is_hexadecimal(text) && (is_short_id || text.len() == 64) {
        return Err(ImageReferenceError::ImageId);
    }
    check_host(input, text)?;
    check_digest_place(text)
}

/// Refuses a host that no slash follows: Docker would take it for a repository of Docker Hub.
fn check_host(input: &InputText<'_>, text: &str) -> Result<(), ImageReferenceError> {
    if text.contains('/') {
        return Ok(());
    }
    let end = text.find([':', '@']).unwrap_or(text.len());
    let (host, rest) = (&text[..end], &text[end..]);
    let port = rest.strip_prefix(':').unwrap_or_default();
    let is_port = (2..=5).contains(&port.len()) && port.bytes().all(|b| b.is_ascii_digit());
    let has_domain = host.matches('.').count() > 1 && host.ends_with(|c: char| c.is_ascii_alphabetic());
    if !(is_registry_host(host) || (is_port && (has_domain || host == "localhost"))) {
        return Ok(());
    }
    let is_name =
        !port.is_empty() && port.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b));
    let image = if is_name && !is_port {
        format!("{host}/{port}")
    } else {
        format!("{host}{}/REPOSITORY", if is_port { rest } else { "" })
    };
    let image = if input.holds_login() { input.whole() } else { Field::Image.text(&image).whole() };
    Err(ImageReferenceError::NoRepository { host: input.part(host), image })
}

/// Refuses `name:sha256:…` and `name@…` without the algorithm.
fn check_digest_place(text: &str) -> Result<(), ImageReferenceError> {
    let as_tag = ALGORITHMS.iter().find_map(|algorithm| {
        let at = text.find(&format!(":{algorithm}"))?;
        is_hexadecimal(&text[at + 1 + algorithm.len()..]).then(|| format!("{}@{}", &text[..at], &text[at + 1..]))
    });
    let bare = || {
        let (name, digest) = text.split_once('@').filter(|(_, digest)| digest.len() == 64 && is_hexadecimal(digest))?;
        Some(format!("{name}@sha256:{digest}"))
    };
    match as_tag.or_else(bare) {
        Some(image) => Err(ImageReferenceError::MisplacedDigest(Field::Image.text(&image).whole())),
        None => Ok(()),
    }
}

fn is_hexadecimal(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use crate::task::{ImageReference, ImageReferenceError as Error};

    #[test]
    fn a_host_without_a_repository_is_refused() {
        let ecr = "111122223333.dkr.ecr.us-east-1.amazonaws.com";
        for (text, image) in [
            (ecr.to_owned(), format!("{ecr}/REPOSITORY")),
            (format!("{ecr}:app"), format!("{ecr}/app")),
            (format!("{ecr}:443"), format!("{ecr}:443/REPOSITORY")),
            (format!("{ecr}@sha256:{}", "0".repeat(64)), format!("{ecr}/REPOSITORY")),
            (
                "ACCOUNT.dkr.ecr.cn-north-1.amazonaws.com.cn".replace("ACCOUNT", "111122223333"),
                "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/REPOSITORY".to_owned(),
            ),
            ("public.ecr.aws".to_owned(), "public.ecr.aws/REPOSITORY".to_owned()),
            ("public.ecr.aws:nginx".to_owned(), "public.ecr.aws/nginx".to_owned()),
            ("ghcr.io:app".to_owned(), "ghcr.io/app".to_owned()),
            ("GHCR.io".to_owned(), "GHCR.io/REPOSITORY".to_owned()),
            ("quay.io".to_owned(), "quay.io/REPOSITORY".to_owned()),
            ("docker.io".to_owned(), "docker.io/REPOSITORY".to_owned()),
            ("team.azurecr.io:latest".to_owned(), "team.azurecr.io/latest".to_owned()),
            ("europe-docker.pkg.dev".to_owned(), "europe-docker.pkg.dev/REPOSITORY".to_owned()),
            ("registry.gitlab.com".to_owned(), "registry.gitlab.com/REPOSITORY".to_owned()),
            ("registry.team.example:5000".to_owned(), "registry.team.example:5000/REPOSITORY".to_owned()),
            ("localhost:5000".to_owned(), "localhost:5000/REPOSITORY".to_owned()),
        ] {
            match ImageReference::parse(&text) {
                Err(Error::NoRepository { image: meant, .. }) => assert_eq!(meant.as_str(), image, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_digest_or_an_id_alone_is_refused() {
        let hex = "0123456789abcdef".repeat(4);
        for text in
            ["sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".to_owned(), format!("sha256:{hex}"), format!("sha512:{hex}")]
        {
            assert_eq!(ImageReference::parse(&text), Err(Error::DigestAlone), "{text}");
        }
        for text in [&*hex, "3f57d9401f8d", "000000000000"] {
            assert_eq!(ImageReference::parse(text), Err(Error::ImageId), "{text}");
        }
    }

    #[test]
    fn a_misplaced_digest_is_put_into_its_place() {
        let hex = "0123456789abcdef".repeat(4);
        for (text, image) in [
            (format!("registry.example/app:sha256:{hex}"), format!("registry.example/app@sha256:{hex}")),
            (format!("registry.example:5000/app:sha256:{hex}"), format!("registry.example:5000/app@sha256:{hex}")),
            ("nginx:sha256:12ab".to_owned(), "nginx@sha256:12ab".to_owned()),
            (format!("nginx:1.25:sha256:{hex}"), format!("nginx:1.25@sha256:{hex}")),
            (format!("nginx@{hex}"), format!("nginx@sha256:{hex}")),
            (format!("nginx:1.25@{hex}"), format!("nginx:1.25@sha256:{hex}")),
        ] {
            match ImageReference::parse(&text) {
                Err(Error::MisplacedDigest(meant)) => assert_eq!(meant.as_str(), image),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn an_image_that_only_resembles_these_is_accepted() {
        for text in [
            "my.app:1",
            "my.app:8080",
            "deadbeefcafe",
            "a1b2c3",
            "hello-world",
            "sha256",
            "team/sha256:1",
            "library/111122223333.dkr.ecr.us-east-1.amazonaws.com",
            "registry.example/quay.io",
            "node:20",
        ] {
            assert!(ImageReference::parse(text).is_ok(), "{text}");
        }
    }
}
