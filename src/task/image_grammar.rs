//! The grammar of image references, part by part. An error holds a part as an excerpt of the whole text.

use super::image_error::ImageReferenceError;
use crate::error::InputText;

/// Docker Hub's canonical host.
pub(super) const DOCKER_HUB: &str = "docker.io";

/// Splits a name into registry and rest as Docker does: the first part is a registry if it has a
/// dot, a colon or upper-case letters, or is `localhost`.
pub(super) fn split_registry<'a>(
    input: &InputText<'_>,
    name: &'a str,
) -> Result<(String, &'a str), ImageReferenceError> {
    let Some((first, rest)) = name.split_once('/') else {
        return Ok((DOCKER_HUB.to_owned(), name));
    };
    let is_registry =
        first.contains(['.', ':']) || first == "localhost" || first.bytes().any(|b| b.is_ascii_uppercase());
    if !is_registry {
        return Ok((DOCKER_HUB.to_owned(), name));
    }
    if !is_host_and_port(first) {
        return Err(ImageReferenceError::Registry(input.part(first)));
    }
    // Engines treat these two names as one registry, in this spelling only.
    let registry = if first == "index.docker.io" { DOCKER_HUB } else { first };
    Ok((registry.to_owned(), rest))
}

fn is_host_and_port(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let Some((address, port)) = rest.split_once(']') else { return false };
            if address.parse::<std::net::Ipv6Addr>().is_err() {
                return false;
            }
            (None, port)
        }
        None => match text.find(':') {
            Some(colon) => (Some(&text[..colon]), &text[colon..]),
            None => (Some(text), ""),
        },
    };
    let is_port = port.is_empty()
        || port.strip_prefix(':').is_some_and(|digits| {
            digits.bytes().all(|b| b.is_ascii_digit()) && digits.parse::<u16>().is_ok_and(|port| port > 0)
        });
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    is_port && host.is_none_or(|host| host.split('.').all(is_label))
}

/// Checks the path of a repository.
pub(super) fn check_repository(input: &InputText<'_>, path: &str) -> Result<(), ImageReferenceError> {
    if path.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(ImageReferenceError::UpperCase(input.part(path)));
    }
    if path.split('/').all(is_path_component) { Ok(()) } else { Err(ImageReferenceError::Repository(input.part(path))) }
}

/// Whether a path component is letters and digits, joined by `.`, `_`, `__` or any number of `-`.
fn is_path_component(component: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = component.as_bytes();
    let ends_are_words = bytes.first().is_some_and(|b| is_word(*b)) && bytes.last().is_some_and(|b| is_word(*b));
    ends_are_words
        && component
            .split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            .all(|separator| matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|b| b == b'-'))
}

/// Checks a tag: 1 to 128 letters, digits, `_`, `.` and `-`, not beginning with `.` or `-`.
pub(super) fn parse_tag(input: &InputText<'_>, tag: &str) -> Result<String, ImageReferenceError> {
    let is_valid = (1..=128).contains(&tag.len())
        && !tag.starts_with(['.', '-'])
        && tag.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
    if is_valid { Ok(tag.to_owned()) } else { Err(ImageReferenceError::Tag(input.part(tag))) }
}

/// Checks a digest: `sha256`, `sha384` or `sha512`, and the hexadecimal digits of that length.
pub(super) fn parse_digest(input: &InputText<'_>, digest: &str) -> Result<String, ImageReferenceError> {
    let lengths = [("sha256", 64), ("sha384", 96), ("sha512", 128)];
    let is_valid = digest.split_once(':').is_some_and(|(algorithm, hex)| {
        lengths.contains(&(algorithm, hex.len()))
            && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    });
    if is_valid { Ok(digest.to_owned()) } else { Err(ImageReferenceError::Digest(input.part(digest))) }
}
