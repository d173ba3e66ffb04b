//! Where settings come from: command line, environment, file, default.

use std::collections::HashMap;
use std::env::VarError;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::accounts::AccountEntry;
use super::config_error::ConfigError;
use super::credentials;
use super::file::{self, FileSettings};
use super::principal::Principal;
use super::proxy;
use super::registries::RegistryEntry;
use super::rewrites::RewriteEntry;
use super::table::{SETTINGS, Setting, ValueKind};
use crate::secret::Secret;

/// Read when `--config` and [`FILE_VARIABLE`] are absent; it need not exist.
const DEFAULT_FILE: &str = "/etc/taskpull/taskpull.toml";

/// Names the file.
const FILE_VARIABLE: &str = "TASKPULL_CONFIG";

/// Where a value comes from; the later ones win.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// The file.
    File,
    /// The environment.
    Variable,
    /// The command line.
    Flag,
}

/// The texts that settings are read from.
#[derive(Debug, Default)]
pub struct Sources {
    flags: HashMap<&'static str, (&'static str, String)>,
    variables: HashMap<&'static str, String>,
    secrets: HashMap<&'static str, Secret>,
    file: Option<PathBuf>,
    in_file: FileSettings,
    home: Option<PathBuf>,
    journal_stream: Option<String>,
}

impl Sources {
    /// Reads the environment and the file: `path`, else `TASKPULL_CONFIG`, else
    /// `/etc/taskpull/taskpull.toml` where that exists.
    ///
    /// # Errors
    /// [`ConfigError`], when the file cannot be read or has an unknown key, or a variable that
    /// others read (a proxy's) is malformed.
    pub fn from_process(path: Option<&Path>) -> Result<Self, ConfigError> {
        proxy::check(variable)?;
        let mut variables = HashMap::new();
        let mut secrets = HashMap::new();
        let handed_over = variable(credentials::FOLDER_VARIABLE)?.map(PathBuf::from);
        for setting in SETTINGS {
            match (variable(setting.variable)?, &handed_over) {
                (Some(value), _) if setting.is_secret() => {
                    secrets.insert(setting.variable, Secret::new(value));
                }
                (Some(value), _) => {
                    variables.insert(setting.variable, value);
                }
                (None, Some(folder)) if setting.is_secret() => {
                    secrets.extend(credentials::read(folder, setting)?.map(|secret| (setting.variable, secret)));
                }
                (None, _) => {}
            }
        }
        let named = match path {
            Some(path) => Some(path.to_owned()),
            None => variable(FILE_VARIABLE)?.map(PathBuf::from),
        };
        let file = match named {
            Some(path) => Some(path),
            None => Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.exists()),
        };
        let in_file = file.as_deref().map(file::read).transpose()?.unwrap_or_default();
        let home = variable("HOME")?.map(PathBuf::from);
        let journal_stream = variable("JOURNAL_STREAM")?;
        Ok(Self { flags: HashMap::new(), variables, secrets, file, in_file, home, journal_stream })
    }

    /// A value from the command line, which wins over all others.
    #[must_use]
    pub fn with_flag(mut self, setting: &'static Setting, flag: &'static str, value: Option<String>) -> Self {
        if let Some(value) = value {
            self.flags.insert(setting.key, (flag, value));
        }
        self
    }

    /// The value of a setting and where it was found.
    fn find(&self, setting: &Setting) -> Option<(&str, String)> {
        if let Some((flag, value)) = self.flags.get(setting.key) {
            Some((value, (*flag).to_owned()))
        } else if let Some(value) = self.variables.get(setting.variable) {
            Some((value, setting.variable.to_owned()))
        } else if let (Some(value), Some(file)) = (self.in_file.values.get(setting.key), &self.file) {
            Some((value, file.display().to_string()))
        } else {
            setting.default.map(|default| (default, "its default".to_owned()))
        }
    }

    fn read<'a, T>(
        &'a self,
        setting: &Setting,
        wanted: String,
        parse: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<T, ConfigError> {
        let (value, origin) = self.find(setting).unwrap_or_default();
        let key = setting.key;
        let shown = if setting.may_be_shown() { value } else { "…" };
        parse(value.trim()).ok_or_else(|| ConfigError::Value { key, value: shown.to_owned(), origin, wanted })
    }

    pub(super) fn secret(&self, setting: &Setting) -> Option<Secret> {
        self.secrets.get(setting.variable).cloned()
    }

    pub(super) fn text(&self, setting: &Setting) -> Result<&str, ConfigError> {
        self.read(setting, setting.kind.describe(), |text| match setting.kind {
            ValueKind::OneOf(words) if !words.contains(&text) => None,
            _ => Some(text),
        })
    }

    /// The value of a setting that may be left unset.
    pub(super) fn optional_text(&self, setting: &Setting) -> Result<Option<&str>, ConfigError> {
        self.find(setting).is_some().then(|| self.text(setting)).transpose()
    }

    /// The value of a setting that may be left unset, as it is read elsewhere.
    pub(super) fn parsed<T>(
        &self,
        setting: &Setting,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        self.find(setting).is_some().then(|| self.read(setting, setting.kind.describe(), parse)).transpose()
    }

    pub(super) fn number(&self, setting: &Setting) -> Result<NonZeroU32, ConfigError> {
        self.read(setting, setting.kind.describe(), |text| match setting.kind {
            ValueKind::Number(least, most) => {
                text.parse().ok().filter(|number: &NonZeroU32| (least..=most).contains(&number.get()))
            }
            _ => None,
        })
    }

    pub(super) fn who(&self, setting: &Setting) -> Result<Vec<Principal>, ConfigError> {
        self.read(setting, setting.kind.describe(), Principal::parse_list)
    }

    /// In bytes.
    pub(super) fn size(&self, setting: &Setting) -> Result<u64, ConfigError> {
        self.read(setting, setting.kind.describe(), parse_size)
    }

    pub(super) fn time(&self, setting: &Setting) -> Result<Duration, ConfigError> {
        self.read(setting, setting.kind.describe(), |text| match setting.kind {
            ValueKind::Time(least, most) => {
                humantime::parse_duration(text).ok().filter(|time| (least..=most).contains(time))
            }
            _ => None,
        })
    }

    pub(super) fn accounts(&self) -> &[AccountEntry] {
        &self.in_file.accounts
    }

    pub(super) fn registries(&self) -> &[RegistryEntry] {
        &self.in_file.registries
    }

    pub(super) fn rewrites(&self) -> &[RewriteEntry] {
        &self.in_file.rewrites
    }

    /// Whether a switch of Docker's is on.
    pub(super) fn switch(&self, setting: &Setting) -> Result<bool, ConfigError> {
        match self.origin(setting) {
            Some(Origin::File) => self.read(setting, "`true` or `false`".to_owned(), |text| text.parse().ok()),
            origin => Ok(origin.is_some()),
        }
    }

    /// Where the value of a setting comes from, if anybody set it.
    pub(super) fn origin(&self, setting: &Setting) -> Option<Origin> {
        if self.flags.contains_key(setting.key) {
            Some(Origin::Flag)
        } else if self.variables.contains_key(setting.variable) {
            Some(Origin::Variable)
        } else {
            self.in_file.values.contains_key(setting.key).then_some(Origin::File)
        }
    }

    /// The same in words.
    pub(super) fn said_by(&self, setting: &Setting) -> String {
        self.find(setting).map(|(_, origin)| origin).unwrap_or_default()
    }

    /// What systemd has connected with its journal.
    pub(super) fn journal_stream(&self) -> Option<&str> {
        self.journal_stream.as_deref()
    }

    /// The home folder that the environment names. A service need not have one.
    pub(super) fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }
}

/// A whole number of bytes, or of 1024 or 1000 of them as often as the unit says.
fn parse_size(text: &str) -> Option<u64> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let number: u64 = text[..text.len() - unit.len()].parse().ok()?;
    let (base, power) = match unit.trim_start() {
        "" | "B" => (1, 0),
        "KiB" => (1_024, 1),
        "MiB" => (1_024, 2),
        "GiB" => (1_024, 3),
        "TiB" => (1_024, 4),
        "kB" => (1_000, 1),
        "MB" => (1_000, 2),
        "GB" => (1_000, 3),
        "TB" => (1_000, 4),
        _ => return None,
    };
    number.checked_mul(u64::pow(base, power))
}

/// An environment variable that is set to something.
fn variable(name: &'static str) -> Result<Option<String>, ConfigError> {
    #[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
    match std::env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        // Passing it over would mean another engine, another file.
        Err(VarError::NotUnicode(_)) => Err(ConfigError::NotUnicode { variable: name }),
    }
}

#[cfg(test)]
mod tests {
    use super::{ConfigError, Sources, parse_size};
    use crate::config::Settings;
    use crate::config::table::CONCURRENCY;
    use std::io::Write as _;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    #[test]
    fn the_command_line_wins_over_the_file() {
        let file = file("[pull]\nconcurrency = 7\nidle_timeout = \"5s\"\n");
        let sources = Sources::from_process(Some(file.path())).unwrap();
        assert_eq!(Settings::read(&sources).unwrap().concurrency.get(), 7);
        let sources = sources.with_flag(&CONCURRENCY, "--concurrency", Some("2".to_owned()));
        let settings = Settings::read(&sources).unwrap();
        assert_eq!(settings.concurrency.get(), 2);
        assert_eq!(settings.idle_timeout.as_secs(), 5);
    }

    #[test]
    fn a_wrong_value_is_named_with_its_place() {
        let file = file("[pull]\nconcurrency = 0\n");
        let sources = Sources::from_process(Some(file.path())).unwrap();
        let said = Settings::read(&sources).unwrap_err().to_string();
        assert!(said.starts_with("pull.concurrency is `0` (from /"), "{said}");
        assert!(said.ends_with("but must be a number from 1 to 1000"), "{said}");
    }

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in [
            ("0", 0),
            ("7", 7),
            ("7 B", 7),
            ("20GiB", 20 << 30),
            ("512 MiB", 512 << 20),
            ("3kB", 3_000),
            ("1TB", 1_000_000_000_000),
        ] {
            assert_eq!(parse_size(text), Some(bytes), "{text}");
        }
        for text in ["", "GiB", "-1", "1.5GiB", "1G", "1gib", "99999999999TiB", "99999999999999999999"] {
            assert_eq!(parse_size(text), None, "{text}");
        }
    }

    #[test]
    fn a_value_of_the_wrong_type_is_named_as_one() {
        let file = file("[pull]\nconcurrency = [1]\n");
        let said = Sources::from_process(Some(file.path())).unwrap_err().to_string();
        assert!(said.starts_with("pull.concurrency is `array`"), "{said}");
    }

    #[test]
    fn a_secret_has_no_place_in_the_file_and_is_not_repeated() {
        for line in ["auth_data = \"hunter2\"", "auth_type = \"hunter2\""] {
            let file = file(&format!("[instance]\n{line}\n"));
            let read = Sources::from_process(Some(file.path())).and_then(|sources| Settings::read(&sources));
            let error = read.unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_slip_in_a_key_is_an_error() {
        for text in ["[pull]\nconcurency = 1\n", "concurrency = 1\n", "[pool]\nconcurrency = 1\n"] {
            let file = file(text);
            assert!(matches!(Sources::from_process(Some(file.path())), Err(ConfigError::UnknownKey { .. })), "{text}");
        }
    }

    #[test]
    fn a_slip_in_the_map_of_accounts_is_an_error_with_its_place() {
        let good = "[[identity.account]]\nid = \"444455556666\"\nrole_arn = \"r\"\n";
        for (text, said) in [
            ("[[identity.account]]\nid = \"1\"\nrole_arm = \"r\"\n", "number 2: unknown field `role_arm`"),
            ("[[identity.account]]\nid = \"1\"\n", "number 2: missing field `role_arn`"),
            ("[[identity.account]]\nid = 1\nrole_arn = \"r\"\n", "number 2: invalid type"),
            ("[[identity.account]]\nid = \"1\"\nrole_arn = \"r\"\nvia = \"me\"\n", "number 2: unknown variant `me`"),
        ] {
            let file = file(&format!("{good}{text}"));
            let error = Sources::from_process(Some(file.path())).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
        let file = file(good);
        assert_eq!(Settings::read(&Sources::from_process(Some(file.path())).unwrap()).unwrap().accounts.len(), 1);
    }

    #[test]
    fn a_file_that_was_named_must_be_there() {
        let missing = std::path::Path::new("/nonexistent/taskpull.toml");
        assert!(matches!(Sources::from_process(Some(missing)), Err(ConfigError::Unreadable { .. })));
    }
}
