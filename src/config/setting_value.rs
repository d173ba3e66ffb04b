//! Reading of a setting's value from the sources, for each type that a setting has.

use std::time::Duration;

use super::audit_target::AuditTarget;
use super::config_error::ConfigError;
use super::parse_value::ParseValue;
use super::sources::{Origin, Sources};
use super::table::Setting;
use super::value_kind::ValueKind;
use crate::secret::Secret;

/// The type of a setting's field.
///
/// # Errors
/// [`ConfigError::InvalidValue`] where the setting does not accept the text that a source has.
pub(super) trait SettingValue: Sized {
    fn read(setting: &'static Setting, sources: &Sources) -> Result<Self, ConfigError>;
}

impl<T: ParseValue> SettingValue for T {
    fn read(setting: &'static Setting, sources: &Sources) -> Result<Self, ConfigError> {
        sources.parse(setting, |text| T::parse_value(text, &setting.kind))
    }
}

/// A setting that may be unset.
impl<T: ParseValue> SettingValue for Option<T> {
    fn read(setting: &'static Setting, sources: &Sources) -> Result<Self, ConfigError> {
        sources.find(setting).is_some().then(|| T::read(setting, sources)).transpose()
    }
}

impl SettingValue for Duration {
    fn read(setting: &'static Setting, sources: &Sources) -> Result<Self, ConfigError> {
        sources.parse(setting, |text| {
            let ValueKind::Time(min, max) = setting.kind else { return None };
            humantime::parse_duration(text).ok().filter(|time| (min..=max).contains(time))
        })
    }
}

/// An interval after which something is repeated; `0` means never.
impl SettingValue for Option<Duration> {
    fn read(setting: &'static Setting, sources: &Sources) -> Result<Self, ConfigError> {
        Ok(Some(Duration::read(setting, sources)?).filter(|interval| !interval.is_zero()))
    }
}

/// A switch of Docker's: in the environment, any value means true.
impl SettingValue for bool {
    fn read(setting: &'static Setting, sources: &Sources) -> Result<Self, ConfigError> {
        match sources.origin(setting) {
            Some(Origin::File) => sources.parse(setting, |text| text.parse().ok()),
            origin => Ok(origin.is_some()),
        }
    }
}

impl SettingValue for Option<Secret> {
    fn read(setting: &'static Setting, sources: &Sources) -> Result<Self, ConfigError> {
        Ok(sources.secret(setting))
    }
}

impl SettingValue for AuditTarget {
    fn read(setting: &'static Setting, sources: &Sources) -> Result<Self, ConfigError> {
        sources.parse(setting, |text| Self::parse(text, sources.journal_stream()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::SettingValue as _;
    use crate::config::table::{FOLDER_INTERVAL, SECRETS_MAX_AGE, SETTINGS, ValueKind};
    use crate::config::{ConfigError, Settings, Sources};

    #[test]
    fn interval_of_zero_means_never() {
        let read = |text: &str| {
            let sources = Sources::default().with_flag(&FOLDER_INTERVAL, "--interval", Some(text.to_owned()));
            Option::<Duration>::read(&FOLDER_INTERVAL, &sources).unwrap()
        };
        assert_eq!((read("0s"), read("90s")), (None, Some(Duration::from_secs(90))));
    }

    proptest! {
        #[test]
        fn duration_in_range_survives_formatting_and_parsing(seconds in 1..=86_400_u64) {
            let time = Duration::from_secs(seconds);
            let text = humantime::format_duration(time).to_string();
            let sources = Sources::default().with_flag(&SECRETS_MAX_AGE, "--max-age", Some(text));
            prop_assert_eq!(Duration::read(&SECRETS_MAX_AGE, &sources).unwrap(), time);
        }

        #[test]
        fn any_text_for_any_setting_is_read_or_refused_by_name(at in 0..SETTINGS.len(), text: String) {
            let setting = SETTINGS[at];
            let sources = Sources::default().with_flag(setting, "--flag", Some(text));
            match Settings::read(&sources) {
                Ok(_) => {}
                Err(ConfigError::InvalidValue { key, .. }) => prop_assert_eq!(key, setting.key),
                Err(error) => prop_assert!(false, "{}", error),
            }
        }

        #[test]
        fn word_outside_a_closed_set_is_refused(at in 0..SETTINGS.len(), word in "[a-z-]{1,12}") {
            let setting = SETTINGS[at];
            if let ValueKind::OneOf(words) = setting.kind {
                let sources = Sources::default().with_flag(setting, "--flag", Some(word.clone()));
                prop_assert_eq!(Settings::read(&sources).is_ok(), words.contains(&&*word));
            }
        }
    }

    #[test]
    fn every_word_of_a_closed_set_is_accepted() {
        for setting in SETTINGS {
            let ValueKind::OneOf(words) = setting.kind else { continue };
            for word in words {
                let sources = Sources::default().with_flag(setting, "--flag", Some((*word).to_owned()));
                assert!(Settings::read(&sources).is_ok(), "{} {word}", setting.key);
            }
        }
    }
}
