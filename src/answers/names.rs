//! Removes the names of the image from words.

use crate::task::ImageReference;

/// The words in front of a name, with which registries say what it is a name of.
const NOUNS: &[&str] =
    &["artifact", "image", "manifest", "name", "namespace", "project", "repo", "repository", "tag", "user", "username"];

/// Removes the words that name the image, its repository or its registry, because a repository can
/// be called `unauthorized-page`. The colon after a name stays, because the cause follows it.
pub(crate) fn remove_names(text: &str, image: &ImageReference) -> String {
    let (mut kept, mut before) = (Vec::new(), "");
    for word in text.split_whitespace() {
        match is_name(word, before, image) {
            true if word.ends_with(':') => kept.push(":"),
            true => {}
            false => kept.push(word),
        }
        before = word;
    }
    kept.join(" ")
}

fn is_name(word: &str, before: &str, image: &ImageReference) -> bool {
    let name = word.trim_matches(|c: char| !c.is_alphanumeric());
    let path = format!("/{}", image.repository());
    if name.contains(image.registry()) || name.contains(&path) {
        return true;
    }
    let without_version = name.split([':', '@']).next().unwrap_or_default();
    // An engine omits the registry only in names of its default registry.
    if image.registry() == ImageReference::DOCKER_HUB
        && without_version == image.repository().trim_start_matches("library/")
    {
        return true;
    }
    // A registry names its own images without itself. A single word can be a word of the message
    // too: only quotes or the noun in front of it show that it is a name.
    let is_quoted = word.starts_with(['\'', '"', '`']);
    let is_named = is_quoted || NOUNS.contains(&before.trim_end_matches(':').to_lowercase().as_str());
    let is = |name: &str, of: &str| name.eq_ignore_ascii_case(of);
    let is_repository = is(without_version, image.repository());
    let is_part = || image.repository().split('/').any(|part| is(name, part));
    (is_repository && (is_named || without_version.contains('/')))
        || (is_named && (is(name, image.version().as_str()) || is_part()))
}

#[cfg(test)]
mod tests {
    use super::remove_names;
    use crate::task::ImageReference;

    #[test]
    fn a_registry_names_its_images_without_itself() {
        let image = ImageReference::parse("registry.example/sso/denied:jwt").unwrap();
        for (text, words) in [
            ("artifact sso/denied:jwt not found", "artifact not found"),
            (
                "unauthorized to access repository: sso/denied, action: pull",
                "unauthorized to access repository: action: pull",
            ),
            ("project sso not found", "project not found"),
            ("manifest tagged by \"jwt\" is not found", "manifest tagged by is not found"),
            ("name 'sso/denied' is unknown", "name is unknown"),
            ("requested access is denied", "requested access is denied"),
            ("the jwt is expired", "the jwt is expired"),
        ] {
            assert_eq!(remove_names(text, &image), words, "{text}");
        }
    }
}
