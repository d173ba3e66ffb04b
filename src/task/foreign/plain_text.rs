//! Inputs that are neither JSON nor YAML: programs, pages, archives, messages.

use super::command::{is_image, jq};
use super::ecs_arn::command_for_arn;
use super::foreign_document::ForeignDocument;
use super::signature_hints::terraform_language;

/// The first bytes of files that are no text, with what they are and the command that unpacks them.
const MAGIC: [(&[u8], &str, &str); 9] = [
    (b"\x1f\x8b", "a gzip file", "`gunzip -c < FILE | taskpull pull -`"),
    (b"PK\x03\x04", "a zip archive", "`unzip -p FILE taskdef.json | taskpull pull -`"),
    (b"\xfd7zXZ\0", "an xz file", "`xz -dc < FILE | taskpull pull -`"),
    (b"\x28\xb5\x2f\xfd", "a zstd file", "`zstd -dc < FILE | taskpull pull -`"),
    (b"BZh", "a bzip2 file", "`bunzip2 -c < FILE | taskpull pull -`"),
    (b"\x7fELF", "a program", "give the JSON of a task definition"),
    (b"%PDF", "a PDF document", "give the JSON of a task definition"),
    (b"\x89PNG", "a picture", "give the JSON of a task definition"),
    (b"\0\0\xfe\xff", "a text in UTF-32", "`iconv -f UTF-32 -t UTF-8 FILE | taskpull pull -`"),
];

/// The byte order mark of little-endian UTF-32, which begins like that of UTF-16.
const UTF_32: &[u8] = b"\xff\xfe\0\0";

/// The words that begin a block of Terraform's language.
const TERRAFORM_BLOCKS: [&str; 8] =
    ["resource", "data", "module", "variable", "locals", "provider", "terraform", "output"];

/// Recognizes a file by its first bytes.
pub(super) fn recognize_bytes(bytes: &[u8]) -> Option<ForeignDocument> {
    if bytes.starts_with(UTF_32) {
        return recognize_bytes(b"\0\0\xfe\xff");
    }
    if bytes.get(257..262) == Some(b"ustar") {
        return Some(ForeignDocument::new("a tar archive", "`tar -xOf FILE taskdef.json | taskpull pull -`"));
    }
    let (_, name, hint) = MAGIC.iter().find(|(magic, ..)| bytes.starts_with(magic))?;
    Some(ForeignDocument::new(*name, *hint))
}

/// Recognizes a text that is not JSON, such as a YAML file or a web page.
pub(super) fn recognize(text: &str) -> Option<ForeignDocument> {
    let trimmed = text.trim();
    let found = |name: &str, hint: &str| Some(ForeignDocument::new(name, hint));
    if trimmed.is_empty() {
        return found(
            "an empty text",
            "the program that should write it wrote nothing: look at its exit code and its messages",
        );
    }
    if matches!(trimmed, "None" | "null") {
        return found(
            "the empty result of a query",
            "`--query taskDefinition` finds the definition in the output of `aws ecs describe-task-definition`",
        );
    }
    if is_page(trimmed) {
        return found("a web page or XML", "an address of a login page or of a viewer gives one: get the file itself");
    }
    if trimmed.contains("when calling the ") && trimmed.contains("An error occurred (")
        || trimmed.starts_with("Unable to locate credentials")
        || trimmed.contains("aws: error:")
        || trimmed.starts_with("usage: aws")
    {
        return found(
            "an error message of the AWS CLI",
            "the request that should write the definition failed: run it again and read its message",
        );
    }
    if text.lines().any(|line| line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ")) {
        return found(
            "a file with conflicts of a merge",
            "resolve the conflicts: `git diff --name-only --diff-filter=U` names such files",
        );
    }
    if trimmed.starts_with("version https://git-lfs.github.com/") {
        return found("a pointer of Git LFS", "get the file: `git lfs pull`");
    }
    if is_terraform(text) {
        return Some(ForeignDocument::new("a configuration of Terraform", terraform_language()));
    }
    if is_dockerfile(text) {
        return found(
            "a Dockerfile",
            "it says how an image is built: give a task definition that names the built image, `[{\"image\": \"registry.example/team/app:1.0\"}]`",
        );
    }
    if is_text_output(trimmed) {
        let hint = command_for_arn(text).map_or_else(
            || "run the same command with `--output json`".to_owned(),
            |command| format!("ask for JSON: {command}"),
        );
        return Some(ForeignDocument::new("the output of the AWS CLI as text or as a table", hint));
    }
    if trimmed.lines().all(|line| line.trim().is_empty() || is_image(line.trim())) {
        let command = jq("[inputs | select(. != \"\") | {image: .}]").replacen("jq ", "jq -nR ", 1);
        return Some(ForeignDocument::new("a list of images", command));
    }
    if let Some(command) = command_for_arn(text).filter(|_| trimmed.lines().count() == 1) {
        return Some(ForeignDocument::new("the ARN of a task definition, a service or a task", command));
    }
    is_base64(trimmed).then(|| ForeignDocument::new("a text in Base64", "`base64 -d FILE | taskpull pull -`"))
}

fn is_page(text: &str) -> bool {
    let tag = text.strip_prefix('<').unwrap_or_default();
    tag.starts_with(|first: char| first.is_ascii_alphabetic() || first == '!' || first == '?') && text.ends_with('>')
}

fn is_terraform(text: &str) -> bool {
    text.lines().any(|line| {
        TERRAFORM_BLOCKS.iter().any(|block| {
            line.strip_prefix(block).is_some_and(|rest| {
                rest.starts_with(' ') && rest.trim_end().ends_with('{') && rest.trim_start().starts_with(['"', '{'])
            })
        })
    })
}

fn is_dockerfile(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let is_from =
        |line: &str| line.len() > 5 && line[..].get(..5).is_some_and(|word| word.eq_ignore_ascii_case("from "));
    lines.find(|line| !line.to_ascii_lowercase().starts_with("arg ")).is_some_and(is_from)
}

/// Whether a text is what `--output text` or `--output table` prints.
fn is_text_output(text: &str) -> bool {
    let is_table = text.starts_with("-----") && text.contains('|') && !text.starts_with("-----BEGIN");
    let is_word = |word: &str| word.len() > 5 && word.bytes().all(|byte| byte.is_ascii_uppercase());
    is_table || text.split_once('\t').is_some_and(|(first, _)| is_word(first))
}

/// Whether a text is JSON in Base64: an object or an array begins with one of these letters.
fn is_base64(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=\r\n".contains(&byte);
    let begins = ["ey", "ew", "W3", "Ww", "Wy"].iter().any(|start| text.starts_with(start));
    text.len() >= 24 && begins && text.bytes().all(is_letter)
}
