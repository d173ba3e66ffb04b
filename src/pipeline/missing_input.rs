//! What people give in place of the path of a file.

use crate::error::{InputKind, InputText};
use crate::task::{ImageReference, SecretArn, describe_command, image_command, shell_word};

/// The ends of names that are files and no images.
const FILE_EXTENSIONS: [&str; 12] =
    [".json", ".yaml", ".yml", ".jsonc", ".json5", ".tf", ".tfstate", ".txt", ".tpl", ".tmpl", ".j2", ".template"];

/// Whether an argument is a text of JSON and not a path. Such a text may contain passwords.
pub(super) fn is_text(argument: &str) -> bool {
    argument.contains(['{', '"', '\n'])
}

/// What to do about an argument that is the path of no file.
pub(super) fn hint(argument: &str) -> Option<String> {
    let word = |text: &str| shell_word(text).map(std::borrow::Cow::into_owned);
    if argument.is_empty() {
        return Some("the argument is empty: a variable of the shell may not be set".to_owned());
    }
    if InputText::new(InputKind::Path, argument).holds_login() {
        return Some(
            "taskpull reads files and stdin, and contacts no address for a definition; change the password or token if others can see this command".to_owned(),
        );
    }
    if let Some(path) = argument.strip_prefix("file://").or_else(|| argument.strip_prefix('@')) {
        return Some(format!("taskpull takes the path alone: `taskpull pull {}`", word(path)?));
    }
    if argument.starts_with("s3://") {
        return Some(format!("taskpull reads files and stdin: `aws s3 cp {} - | taskpull pull -`", word(argument)?));
    }
    if let Some((scheme, rest)) = argument.split_once("://") {
        return if rest.contains('@') || !scheme.starts_with("http") {
            Some("taskpull reads files and stdin, and contacts no address for a definition".to_owned())
        } else {
            Some(format!("taskpull reads files and stdin: `curl -fsSL {} | taskpull pull -`", word(argument)?))
        };
    }
    if argument.starts_with("arn:") {
        return Some(hint_for_arn(argument));
    }
    if argument.contains(['*', '?']) {
        return Some("no file has such a name, so the shell left the pattern as it is".to_owned());
    }
    if argument.starts_with('~') {
        return Some("the shell replaces `~` only at the beginning of a word without quotes".to_owned());
    }
    let is_file = FILE_EXTENSIONS.iter().any(|extension| argument.to_ascii_lowercase().ends_with(extension));
    if is_file || ImageReference::parse(argument).is_err() || word(argument)? != argument {
        return None;
    }
    let image =
        format!("taskpull pulls what a task definition names; for this image alone: {}", image_command(&[argument]));
    Some(match argument.split_once(':') {
        Some((family, revision)) if is_family(family) && revision.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("{image}; for a registered definition: {}", describe_command(argument, None))
        }
        None if is_family(argument) => {
            format!("{image}; for a registered definition: {}", describe_command(argument, None))
        }
        _ => image,
    })
}

fn hint_for_arn(argument: &str) -> String {
    let mut parts = argument.splitn(6, ':').skip(2);
    let (service, region, _, resource) = (parts.next(), parts.next(), parts.next(), parts.next().unwrap_or_default());
    let is_plain = shell_word(argument).is_some_and(|word| word == argument);
    if service == Some("ecs") && resource.starts_with("task-definition/") && is_plain {
        format!("taskpull reads files and stdin: {}", describe_command(argument, region))
    } else if SecretArn::parse(argument).is_ok() {
        "a secret is named in a definition, as `credentialsParameter`; `taskpull secret check` checks one".to_owned()
    } else {
        "taskpull reads a task definition from a file or stdin".to_owned()
    }
}

fn is_family(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::{hint, is_text};

    #[test]
    fn an_argument_that_is_no_path_is_explained() {
        let table = [
            ("", "the argument is empty"),
            ("nginx:1", r#"for this image alone: `echo '[{"image": "nginx:1"}]' | taskpull pull -`"#),
            ("web:7", "for a registered definition: `aws ecs describe-task-definition --task-definition web:7 "),
            ("web", "--task-definition web "),
            (
                "registry.example:5000/team/app:1.0",
                r#"`echo '[{"image": "registry.example:5000/team/app:1.0"}]' | taskpull pull -`"#,
            ),
            ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/app", "for this image alone"),
            ("file://task.json", "`taskpull pull task.json`"),
            ("file:///etc/tasks/my web.json", "`taskpull pull '/etc/tasks/my web.json'`"),
            ("@task.json", "`taskpull pull task.json`"),
            ("s3://bucket/task.json", "`aws s3 cp s3://bucket/task.json - | taskpull pull -`"),
            ("https://files.example/task.json", "`curl -fsSL https://files.example/task.json | taskpull pull -`"),
            ("https://files.example/a?b=1&c=2", "`curl -fsSL 'https://files.example/a?b=1&c=2' | taskpull pull -`"),
            ("https://me:hunter2@files.example/task.json", "contacts no address"),
            ("docker://nginx", "contacts no address"),
            ("tasks/*.json", "the shell left the pattern as it is"),
            ("~/task.json", "the shell replaces `~` only"),
            (
                "arn:aws:ecs:eu-west-1:111122223333:task-definition/web:3",
                "--region eu-west-1 --task-definition arn:aws:ecs:eu-west-1:111122223333:task-definition/web:3 ",
            ),
            ("arn:aws:secretsmanager:eu-west-1:111122223333:secret:registry-AbCdEf", "`taskpull secret check`"),
            ("arn:aws:ecs:eu-west-1:111122223333:cluster/main", "from a file or stdin"),
        ];
        for (argument, expected) in table {
            let hint = hint(argument).unwrap_or_default();
            assert!(hint.contains(expected), "{argument}: {hint}");
            assert!(!hint.contains("hunter2"));
        }
        for path in ["task.json", "tasks/web.json", "compose.yml", "/etc/tasks/web", "./web", "My Task"] {
            assert_eq!(hint(path), None, "{path}");
        }
    }

    #[test]
    fn a_definition_as_an_argument_is_no_path() {
        assert!(is_text(r#"[{"image": "a"}]"#) && is_text("{}") && is_text("a\nb"));
        assert!(!is_text("task.json") && !is_text("-"));
    }
}
