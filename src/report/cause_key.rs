//! What makes two failures the same cause: what they say, without the names of what failed.

use super::container_report::ContainerReport;
use super::login_key::LoginKey;
use crate::error::{Class, Failure, Link};

/// The cause of a failure. Equal for two failures that one fix removes.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct CauseKey<'a> {
    link: Link,
    class: Class,
    /// The registry that answered, because another one has its own reasons.
    registry: Option<&'a str>,
    /// The login that was refused, because another one is corrected elsewhere.
    login: Option<LoginKey<'a>>,
    /// Message, causes and hint, without names.
    texts: Vec<String>,
}

impl<'a> CauseKey<'a> {
    /// The cause why a container has no image.
    pub(super) fn from_container(container: &'a ContainerReport, failure: &Failure) -> Self {
        let is_answer =
            matches!(failure.link, Link::Registry | Link::Repository | Link::Manifest | Link::Platform | Link::Layers);
        let login = container.credential.as_ref().filter(|_| is_answer && failure.class == Class::Refused);
        let images = [Some(&container.image), container.via.as_ref(), Some(&failure.resource)];
        let images = images.into_iter().flatten().flat_map(|image| names_of(image.as_str()));
        let names: Vec<String> = images.chain([format!("container {}", container.name)]).collect();
        Self {
            registry: container.registry.as_deref().filter(|_| is_answer),
            login: login.map(LoginKey::from),
            ..Self::new(failure, names)
        }
    }

    /// The cause why an input is invalid.
    pub(super) fn from_input(failure: &Failure) -> Self {
        Self::new(failure, vec![failure.resource.to_string()])
    }

    fn new(failure: &Failure, mut names: Vec<String>) -> Self {
        // The longest first: an image's whole reference contains its repository.
        names.sort_unstable_by_key(|name| std::cmp::Reverse(name.len()));
        let Failure { link, class, message, caused_by, hint, .. } = failure;
        let texts = [message].into_iter().chain(caused_by).chain(hint);
        let texts = texts.map(|text| without_names(text.as_str(), &names)).collect();
        Self { link: *link, class: *class, registry: None, login: None, texts }
    }
}

/// The names under which messages mention an image: reference, name, repository, tag or digest.
fn names_of(reference: &str) -> Vec<String> {
    let (name, version) = match reference.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => match reference.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (reference, None),
        },
    };
    let repository = name.split_once('/').map(|(_, repository)| repository);
    let official = repository.and_then(|repository| repository.strip_prefix("library/"));
    let names = [Some(reference), Some(name), repository, official].into_iter().flatten();
    let mut names: Vec<_> = names.filter(|name| !name.is_empty()).map(str::to_owned).collect();
    // A tag alone could be any word: `v2` is also a part of every registry's addresses.
    if let Some(version) = version.filter(|version| !version.is_empty()) {
        let paths = [repository, official].into_iter().flatten();
        names.extend(paths.map(|path| format!("{path}:{version}")));
        names.extend([format!("manifests/{version}"), format!("\"{version}\""), format!("tag {version}")]);
    }
    names
}

/// The text without the names, and without what differs between two equal answers: addresses, ids of
/// requests, ports and times.
fn without_names(text: &str, names: &[String]) -> String {
    let mut text = text.to_owned();
    for name in names {
        text = replace_word(&text, name, "<name>");
    }
    let mut general = String::with_capacity(text.len());
    let mut rest = &*text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !is_part_of_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        general += if is_incidental(word) { "<id>" } else { word };
        let separator = after.chars().next().map_or(0, char::len_utf8);
        general += &after[..separator];
        rest = &after[separator..];
    }
    general
}

/// Replaces a name where it is not part of a longer one.
fn replace_word(text: &str, name: &str, replacement: &str) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut start = 0;
    for (index, _) in text.match_indices(name) {
        let end = index + name.len();
        let is_part = |character: Option<char>| character.is_some_and(is_part_of_word);
        if index < start || is_part(text[..index].chars().next_back()) || is_part(text[end..].chars().next()) {
            continue;
        }
        replaced += &text[start..index];
        replaced += replacement;
        start = end;
    }
    replaced + &text[start..]
}

fn is_part_of_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '-' | '_' | '.')
}

/// Whether a word is an address, a port, an id or a time.
fn is_incidental(word: &str) -> bool {
    let word = word.trim_matches(['-', '.']);
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let is_address = word.split('.').count() == 4 && word.split('.').all(|part| part.parse::<u8>().is_ok());
    let is_id = word.len() >= 12 && word.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    is_address || (digits > 0 && is_id) || (digits == word.len() && digits >= 4)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{names_of, without_names};

    fn general(text: &str, image: &str) -> String {
        let mut names = names_of(image);
        names.sort_unstable_by_key(|name| std::cmp::Reverse(name.len()));
        without_names(text, &names)
    }

    #[test]
    fn equal_answers_about_two_images_are_equal() {
        for (form, images) in [
            ("image {image}: the registry does not accept these credentials", ["a.example/x:1.0", "a.example/y:1.0"]),
            (
                "manifest for {image} not found: manifest unknown",
                ["a.example:5000/team/x:1", "a.example:5000/team/y:2"],
            ),
            ("Get https://a.example/v2/{repository}/manifests/{tag}: EOF", ["a.example/x:v1", "a.example/team/y:v2"]),
            (
                "pull access denied for {repository}, repository does not exist",
                ["docker.io/o/x:v1", "docker.io/o/y:v2"],
            ),
        ] {
            let [first, second] = images.map(|image| {
                let (name, tag) = image.rsplit_once(':').unwrap();
                let repository = name.split_once('/').unwrap().1;
                let text = form.replace("{image}", image).replace("{repository}", repository).replace("{tag}", tag);
                general(&text, image)
            });
            assert_eq!(first, second);
        }
        assert_eq!(
            general("pull access denied for nginx, repository does not exist", "docker.io/library/nginx:latest"),
            general("pull access denied for redis, repository does not exist", "docker.io/library/redis:7"),
        );
    }

    #[test]
    fn addresses_and_ids_of_requests_are_no_difference() {
        let general = |text| general(text, "a.example/x:1");
        assert_eq!(
            general("read tcp 10.0.0.2:51234->52.1.2.3:443: i/o timeout"),
            general("read tcp 10.0.0.2:49000->52.1.2.4:443: i/o timeout")
        );
        assert_eq!(
            general("denied (request 0f0e0d0c-1111-2222-3333-444455556666)"),
            general("denied (request 0f0e0d0c-9999-2222-3333-444455556666)")
        );
    }

    #[test]
    fn different_answers_stay_different() {
        let general = |text, image| general(text, image);
        assert_ne!(general("HTTP 401", "a.example/x:4"), general("HTTP 403", "a.example/x:1"));
        assert_ne!(general("no such key", "a.example/x:1"), general("expired", "a.example/x:1"));
        assert_eq!(general("applied", "a.example/app:1"), "applied");
        assert_eq!(general("team/app-2 and team/app", "a.example/team/app:1"), "team/app-2 and <name>");
    }

    proptest! {
        #[test]
        fn any_text_and_any_image_can_be_compared(text in "\\PC{0,60}", image in "\\PC{0,20}") {
            general(&text, &image);
        }
    }
}
