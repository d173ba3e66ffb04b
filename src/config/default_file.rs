//! The configuration file that packages install: every setting, commented out.

use super::table::{SETTINGS, Setting};
use super::value_kind::ValueKind;

/// Maximum width of a comment, including its `# `.
const WIDTH: usize = 98;

const HEAD: &str = "\
The configuration of taskpull. Every setting is listed with its default, commented out. A setting \
comes from the command line, the environment, this file, or its default, in that order; an unknown \
setting is an error. `taskpull serve` reads this file again on `systemctl reload`.";

const LISTS: &str = r#"
# Roles that read the secrets of other accounts, one table for each account.
#[[identity.account]]
#id = "444455556666"
#role_arn = "arn:aws:iam::444455556666:role/taskpull"
#external_id = "the value that the role's trust policy requires"
#via = "host"                      # or "execution-role"

# Upstream registries whose images are pulled through an ECR pull-through cache rule.
#[[rewrite]]
#from = "docker.io"
#to = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/docker-hub"

# Logins for registries that Docker or a kubelet pulls from.
#[[registry]]
#host = "registry.example:5000"
#secret = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:registry-Ab12Cd"
#role = "arn:aws:iam::111122223333:role/reader"
"#;

/// The text of the file.
#[must_use]
pub fn default_file() -> String {
    let mut text = comment(HEAD);
    let mut current = "";
    for setting in SETTINGS {
        let (table, name) = setting.key.split_once('.').unwrap_or(("", setting.key));
        if table != current {
            text += &format!("\n[{table}]\n");
            current = table;
        }
        text += &row(setting, name);
    }
    text + LISTS
}

fn row(setting: &Setting, name: &str) -> String {
    let Setting { key, variable, default, kind, description, .. } = setting;
    let description = comment(&expand_links(description));
    if setting.is_secret() {
        let place = format!(
            "{key} is a secret and must not be in this file: set {variable}, or for a systemd service \
             LoadCredential={key}:FILE."
        );
        return format!("\n{description}{}", comment(&place));
    }
    let accepted = expand_links(&kind.describe());
    let unset = if default.is_none() { " Unset by default." } else { "" };
    let accepts = comment(&format!("Accepts {accepted}; in the environment {variable}.{unset}"));
    let value = match (kind, default) {
        (ValueKind::Switch, None) => "true".to_owned(),
        (ValueKind::Number(..), Some(number)) => (*number).to_owned(),
        (_, default) => format!("{:?}", default.unwrap_or_default()),
    };
    format!("\n{description}{accepts}#{name} = {value}\n")
}

fn comment(text: &str) -> String {
    textwrap::wrap(text, WIDTH - 2).iter().map(|line| format!("# {line}\n")).collect()
}

/// Replaces each Markdown link by its name and its document.
fn expand_links(markdown: &str) -> String {
    let mut text = String::new();
    let mut rest = markdown;
    while let Some(Link { before, name, target, after }) = Link::first(rest) {
        text += &format!("{before}{name} (docs/{target})");
        rest = after;
    }
    text + rest
}

/// A Markdown link, and the text around it.
struct Link<'a> {
    before: &'a str,
    name: &'a str,
    target: &'a str,
    after: &'a str,
}

impl<'a> Link<'a> {
    fn first(text: &'a str) -> Option<Self> {
        let (text, target) = text.split_once("](")?;
        let (before, name) = text.rsplit_once('[')?;
        let (target, after) = target.split_once(')')?;
        Some(Self { before, name, target, after })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::default_file;
    use crate::config::table::SETTINGS;
    use crate::config::{Settings, Sources};

    fn read(text: &str) -> String {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let sources = Sources::from_process(Some(file.path())).unwrap();
        format!("{:?}", Settings::read(&sources).unwrap())
    }

    /// The default file with the settings of these keys uncommented.
    fn uncommented(is_uncommented: impl Fn(&str) -> bool) -> String {
        let mut table = String::new();
        let mut text = String::new();
        for line in default_file().lines() {
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                table = name.to_owned();
            }
            let row = line.strip_prefix('#').filter(|row| {
                let key = row.split_once(" = ").map(|(name, _)| format!("{table}.{name}"));
                key.is_some_and(|key| is_uncommented(&key))
            });
            text += row.unwrap_or(line);
            text.push('\n');
        }
        text
    }

    /// `engine.host` has a meaning also if its value is the default: no Docker context is used.
    fn has_default(key: &str) -> bool {
        key != "engine.host" && SETTINGS.iter().any(|setting| setting.key == key && setting.default.is_some())
    }

    #[test]
    fn default_file_changes_no_setting() {
        assert_eq!(read(&default_file()), read(""));
    }

    #[test]
    fn every_default_in_the_file_is_the_setting_default() {
        let text = uncommented(has_default);
        assert!(text.contains("\nconcurrency = 32\n"), "{text}");
        assert_eq!(read(&text), read(""));
    }

    #[test]
    fn default_file_lists_every_setting_and_no_markdown_link() {
        let text = default_file();
        for setting in SETTINGS.iter().filter(|setting| !setting.is_secret()) {
            let name = setting.key.rsplit('.').next().unwrap();
            assert!(text.contains(&format!("\n#{name} = ")), "{name}");
        }
        assert!(!text.contains("]("), "{text}");
    }

    proptest! {
        // Each case reads the whole file twice.
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn uncommenting_any_subset_of_defaults_changes_no_setting(chosen in proptest::bits::u64::ANY) {
            let is_chosen = |key: &str| {
                let at = SETTINGS.iter().position(|setting| setting.key == key);
                has_default(key) && at.is_some_and(|at| chosen >> (at % 64) & 1 == 1)
            };
            prop_assert_eq!(read(&uncommented(is_chosen)), read(""));
        }
    }
}
