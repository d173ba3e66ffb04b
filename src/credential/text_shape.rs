//! Recognises texts that are something else than they should be, whether they should be a password or a
//! whole secret.

/// What a whole text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextShape {
    Pem,
    /// A command, or a line with the prompt of a shell.
    Command,
    Arn,
    Url,
    FileName,
    /// A variable or another placeholder.
    Placeholder,
}

const COMMANDS: &[&str] = &[
    "$ ", "# ", "% ", "> ", "ps c:\\", ">>> ", "docker ", "podman ", "aws ", "kubectl ", "echo ", "cat ", "printf ",
    "gh ", "curl ", "sudo ",
];

const EXTENSIONS: &[&str] = &[".txt", ".json", ".pem", ".env", ".key", ".yaml", ".yml", ".cfg", ".dockercfg"];

/// What surrounds a placeholder.
const BRACKETS: &[(&str, &str)] = &[
    ("${", "}"),
    ("$(", ")"),
    ("{{", "}}"),
    ("#{", "}"),
    ("<", ">"),
    ("%", "%"),
    ("[", "]"),
    ("__", "__"),
    ("`", "`"),
];

/// The beginnings of placeholders that are words.
const PHRASES: &[&str] =
    &["your_", "your-", "your ", "my_token", "replace_", "replace-", "insert_", "enter_", "paste_"];

const PLACEHOLDER_WORDS: &[&str] = &["replaceme", "todo", "tbd", "undefined", "null", "none", "..."];

/// A user name of NVIDIA's registry that looks like a variable.
const NVIDIA_USER: &str = "$oauthtoken";

impl TextShape {
    /// The shape of a text without white space around it; `None` if it has none of them.
    pub(super) fn of(text: &str) -> Option<Self> {
        let lower: String = text.chars().take(80).collect::<String>().to_ascii_lowercase();
        let starts = |words: &[&str]| words.iter().any(|word| lower.starts_with(word));
        let is_word = !text.contains(char::is_whitespace);
        let rules = [
            (lower.contains("-----begin "), Self::Pem),
            (starts(COMMANDS) || has_prompt(&lower), Self::Command),
            (starts(&["arn:aws"]), Self::Arn),
            (starts(&["file:", "fileb:"]) || (is_word && is_path(text)), Self::FileName),
            (is_word && is_url(&lower), Self::Url),
            (text != NVIDIA_USER && is_placeholder(text), Self::Placeholder),
        ];
        rules.into_iter().find(|(applies, _)| *applies).map(|(_, shape)| shape)
    }
}

/// `user@host:~$ `, as the prompt of a shell.
fn has_prompt(text: &str) -> bool {
    ["$ ", "# ", "> "]
        .iter()
        .any(|end| text.split_once(end).is_some_and(|(prompt, _)| prompt.contains('@') && prompt.contains([':', ' '])))
}

fn is_path(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    !text.contains(['{', '=', '"']) && !text.contains("://") && EXTENSIONS.iter().any(|end| lower.ends_with(end))
}

fn is_url(lower: &str) -> bool {
    let scheme = lower.split_once("://").map_or("", |(scheme, _)| scheme);
    !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphabetic() || b == b'+')
}

/// Whether the whole text is a placeholder: `<token>`, `${TOKEN}`, `$TOKEN`, `{{ token }}`, `YOUR_TOKEN`.
fn is_placeholder(text: &str) -> bool {
    let is_inner = |inner: &str| !inner.trim().is_empty() && !inner.contains(['"', '\n', '<', '>']);
    let is_enclosed = BRACKETS
        .iter()
        .any(|(open, close)| text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)).is_some_and(is_inner));
    let is_variable =
        |name: &str| name.len() > 1 && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    let lower = text.to_ascii_lowercase();
    let has_digit = lower.bytes().any(|b| b.is_ascii_digit());
    is_enclosed
        || text.strip_prefix('$').is_some_and(is_variable)
        || (!has_digit && PHRASES.iter().any(|start| lower.starts_with(start)))
        || PLACEHOLDER_WORDS.contains(&&*lower)
}

#[cfg(test)]
mod tests {
    use super::TextShape;

    #[test]
    fn shape_of_a_whole_text_is_recognised() {
        use TextShape::{Arn, Command, FileName, Pem, Placeholder, Url};
        let table = [
            ("-----BEGIN CERTIFICATE-----\nMII", Pem),
            ("docker login -u me", Command),
            ("me@host:~$ cat token.txt", Command),
            ("PS C:\\> type token.txt", Command),
            ("arn:aws-cn:secretsmanager:cn-north-1:111122223333:secret:x", Arn),
            ("https://registry.example/token.txt", Url),
            ("file://token.txt", FileName),
            ("C:\\token.txt", FileName),
            ("~/.docker/config.json", FileName),
            ("<your token>", Placeholder),
            ("${TOKEN}", Placeholder),
            ("$TOKEN", Placeholder),
            ("{{ token }}", Placeholder),
            ("[token]", Placeholder),
            ("__TOKEN__", Placeholder),
            ("`cat token`", Placeholder),
            ("YOUR_TOKEN", Placeholder),
            ("null", Placeholder),
        ];
        for (text, shape) in table {
            assert_eq!(TextShape::of(text), Some(shape), "{text}");
        }
        for text in ["$oauthtoken", "$ecret", "p<a>s", "alice", "a@b:c", "{\"a\": \"b.json\"}", "me:token", "50%", ""] {
            assert_eq!(TextShape::of(text), None, "{text}");
        }
    }
}
