//! The shell commands in hints. The name of the input is `FILE` in them until it is filled in.

use std::borrow::Cow;

use crate::task::ImageReference;

/// A filter of jq that turns keys such as `Image` and `container_definitions` into those of ECS.
pub(super) const CAMEL_CASE: &str = r#"walk(if type == "object" then with_entries(.key |= (gsub("[_-](?<c>.)"; .c | ascii_upcase) | (.[:1] | ascii_downcase) + .[1:])) else . end)"#;

/// A filter of jq that turns every object with an image into a container.
pub(super) const IMAGES: &str = "[.. | objects | select(.image | strings) | {name, image, repositoryCredentials}]";

/// A command that passes the input through jq.
pub(super) fn jq(filter: &str) -> String {
    format!("`jq '{filter}' FILE | taskpull pull -`")
}

/// The command that pulls a registered task definition: its ARN, or `family` or `family:revision`. The
/// Region is that of the AWS CLI if there is none.
#[must_use]
pub fn describe_command(task_definition: &str, region: Option<&str>) -> String {
    let region = region.map(|region| format!(" --region {region}")).unwrap_or_default();
    format!(
        "`aws ecs describe-task-definition{region} --task-definition {task_definition} --query taskDefinition --output json | taskpull pull -`"
    )
}

/// The command that pulls these images without a task definition.
#[must_use]
pub fn image_command(images: &[&str]) -> String {
    let containers: Vec<_> = images.iter().map(|image| format!("{{\"image\": \"{image}\"}}")).collect();
    format!("`echo '[{}]' | taskpull pull -`", containers.join(", "))
}

/// Whether a text is the name of an image, and hardly anything else.
pub(super) fn is_image(text: &str) -> bool {
    text.contains([':', '/']) && ImageReference::parse(text).is_ok()
}

/// A text as one word of a shell; `None` if a terminal does not show it as it is.
#[must_use]
pub fn shell_word(text: &str) -> Option<Cow<'_, str>> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./:@%+=,".contains(letter);
    if text.is_empty() || text.starts_with('-') || text.contains(|letter: char| letter.is_control() || letter == '`') {
        return None;
    }
    Some(if text.chars().all(is_plain) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")))
    })
}

/// The hint with the name of the input in place of `FILE`. Stdin keeps the placeholder.
pub(in crate::task) fn fill_in(hint: &str, source: &str) -> String {
    match shell_word(source) {
        Some(word) => hint.replace(" FILE", &format!(" {word}")).replace("=FILE", &format!("={word}")),
        None => hint.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{fill_in, shell_word};

    #[test]
    fn a_file_name_is_one_word_of_the_shell() {
        assert_eq!(shell_word("tasks/web.json").as_deref(), Some("tasks/web.json"));
        assert_eq!(shell_word("my task.json").as_deref(), Some("'my task.json'"));
        assert_eq!(shell_word("it's $HOME.json").as_deref(), Some(r"'it'\''s $HOME.json'"));
        for hidden in ["", "-", "-n", "a\nb", "a`b`"] {
            assert_eq!(shell_word(hidden), None, "{hidden:?}");
        }
    }

    #[test]
    fn the_input_replaces_the_placeholder() {
        assert_eq!(fill_in("`jq . FILE | taskpull pull -`", "a b.json"), "`jq . 'a b.json' | taskpull pull -`");
        assert_eq!(fill_in("`jq . FILE`", "-"), "`jq . FILE`");
    }
}
