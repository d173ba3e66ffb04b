//! Removes the names of the image from words.

use crate::task::ImageReference;

/// Removes the words that name the image, its repository or its registry, because a repository can
/// be called `unauthorized-page`. The colon after a name stays, because the cause follows it.
pub(crate) fn remove_names(text: &str, image: &ImageReference) -> String {
    let path = format!("/{}", image.repository());
    // An engine omits the registry only in names of its default registry.
    let familiar_name = image.repository().trim_start_matches("library/");
    let is_familiar =
        |word: &str| image.registry() == "docker.io" && word.split([':', '@']).next() == Some(familiar_name);
    let is_name = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        word.contains(image.registry()) || word.contains(&path) || is_familiar(word)
    };
    let words = text.split_whitespace().filter_map(|word| match is_name(word) {
        true if word.ends_with(':') => Some(":"),
        true => None,
        false => Some(word),
    });
    words.collect::<Vec<_>>().join(" ")
}
