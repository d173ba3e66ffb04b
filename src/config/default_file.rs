//! The configuration file that packages install: every setting, commented out.

use std::fmt::Write as _;

use super::setting::{Setting, ValueKind};
use super::table::SETTINGS;

/// The columns of a comment, its `# ` included.
const WIDTH: usize = 98;

const HEAD: &str = "\
The configuration of taskpull. Every setting stands here with its default, commented out. A \
setting comes from the command line, the environment, this file, or its default, in that order; \
one that does not exist is an error. `taskpull serve` reads it again on `systemctl reload`.";

const LISTS: &str = r#"
# The roles that read the secrets of other accounts, one table for each account.
#[[identity.account]]
#id = "444455556666"
#role_arn = "arn:aws:iam::444455556666:role/taskpull"
#external_id = "what the role's trust policy asks for"
#via = "host"                      # or "execution-role"

# Upstream registries whose images are pulled through a rule of ECR's pull-through cache.
#[[rewrite]]
#from = "docker.io"
#to = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/docker-hub"

# The logins that Docker and a kubelet are given for registries that they pull from themselves.
#[[registry]]
#host = "registry.example:5000"
#secret = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:registry-Ab12Cd"
#role = "arn:aws:iam::111122223333:role/reader"
"#;

/// The file, as a text.
#[must_use]
pub fn default_file() -> String {
    let mut text = String::new();
    comment(&mut text, HEAD);
    let mut table = "";
    for setting in SETTINGS {
        let (of, name) = setting.key.split_once('.').unwrap_or(("", setting.key));
        if of != table {
            // Writing to a String cannot fail.
            let _ = write!(text, "\n[{of}]\n");
            table = of;
        }
        row(&mut text, setting, name);
    }
    text + LISTS
}

fn row(text: &mut String, setting: &Setting, name: &str) {
    let Setting { key, variable, default, kind, purpose } = setting;
    text.push('\n');
    comment(text, &plain(purpose));
    if setting.is_secret() {
        return comment(
            text,
            &format!("{key} is a secret and has no place here: {variable}, or LoadCredential={key}:FILE of systemd."),
        );
    }
    let takes_only = match kind {
        ValueKind::Switch => "`true` or `false`".to_owned(),
        kind => plain(&kind.describe()),
    };
    let unset = if default.is_none() { " Not set unless you set it." } else { "" };
    comment(text, &format!("Takes {takes_only}; in the environment {variable}.{unset}"));
    let value = match (kind, default) {
        (ValueKind::Switch, None) => "true".to_owned(),
        (ValueKind::Number(..), Some(number)) => (*number).to_owned(),
        (_, default) => format!("{:?}", default.unwrap_or_default()),
    };
    let _ = writeln!(text, "#{name} = {value}");
}

fn comment(text: &mut String, words: &str) {
    for line in textwrap::wrap(words, WIDTH - 2) {
        let _ = writeln!(text, "# {line}");
    }
}

/// Without Markdown's links: the documents are named in their place.
fn plain(markdown: &str) -> String {
    let mut text = String::new();
    let mut rest = markdown;
    while let Some((before, name, target, after)) = link(rest) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{before}{name} (docs/{target})");
        rest = after;
    }
    text + rest
}

/// What is before the first link, its name, where it leads, and what is behind it.
fn link(text: &str) -> Option<(&str, &str, &str, &str)> {
    let (name, target) = text.split_once("](")?;
    let (before, name) = name.rsplit_once('[')?;
    let (target, after) = target.split_once(')')?;
    Some((before, name, target, after))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::default_file;
    use crate::config::table::SETTINGS;
    use crate::config::{Settings, Sources};

    fn read(text: &str) -> String {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let sources = Sources::from_process(Some(file.path())).unwrap();
        format!("{:?}", Settings::read(&sources).unwrap())
    }

    #[test]
    fn the_default_file_changes_nothing() {
        assert_eq!(read(&default_file()), read(""));
    }

    #[test]
    fn every_default_that_it_shows_is_the_default() {
        let has_default = |key: &str| SETTINGS.iter().any(|setting| setting.key == key && setting.default.is_some());
        let mut table = "";
        let uncommented = |line: &'static str| {
            table = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')).unwrap_or(table);
            match line.strip_prefix('#').and_then(|line| line.split_once(" = ")) {
                // The engine's place counts as said by whoever says the default, too.
                Some((name, value)) if name != "host" && has_default(&format!("{table}.{name}")) => {
                    format!("{name} = {value}\n")
                }
                _ => format!("{line}\n"),
            }
        };
        let text: String = default_file().leak().lines().map(uncommented).collect();
        assert!(text.contains("\nconcurrency = 32\n"), "{text}");
        assert_eq!(read(&text), read(""));
    }

    #[test]
    fn every_setting_is_in_it_and_no_link() {
        let text = default_file();
        for setting in SETTINGS.iter().filter(|setting| !setting.is_secret()) {
            let name = setting.key.rsplit('.').next().unwrap();
            assert!(text.contains(&format!("\n#{name} = ")), "{name}");
        }
        assert!(!text.contains("]("), "{text}");
    }
}
